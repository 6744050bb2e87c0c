import { expect } from 'chai'
import { assert, asyncProperty, integer } from 'fast-check'
import { millis, minutes } from '../lib/time.ts'
import { silentLogger } from '../runtime/logger.ts'
import { FakeCluster } from '../testing/fake-cluster/fake-cluster.ts'
import { randomFaults } from '../testing/fake-cluster/faults.ts'
import { FakeClock, seededRandom } from '../testing/fake-clock.ts'
import type { KubeObject } from './api.ts'
import { Reflector } from './reflector.ts'
import type { ReflectorEvent } from './reflector-store.ts'
import { CONFIG_MAPS } from './resources.ts'

interface Seen {
  readonly name: string
  readonly uid: string
  readonly version: string
}

const project = ({ metadata }: KubeObject): Seen => ({ name: metadata.name, uid: metadata.uid, version: metadata.resourceVersion })
const manifest = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'shop', name } })

describe('the reflector under faults', () => {
  it('ends up equal to the server under any seeded mix of faults and changes, and its events add up to its store', async () => {
    await assert(
      asyncProperty(integer(), async (seed) => {
        const random = seededRandom(seed)
        const clock = new FakeClock()
        const cluster = new FakeCluster({ clock, timers: clock })
        const api = cluster.client('reflector')
        const reflector = new Reflector<Seen>({ api, resource: CONFIG_MAPS, project, timers: clock, random, log: silentLogger, pageSize: 3 })
        const mirror = new Map<string, Seen>()
        const apply = ({ type, key, object }: ReflectorEvent<Seen>): void => {
          // Another uid never replaces one without a deletion in between.
          if (type === 'added') expect(mirror.has(key)).to.equal(false)
          if (type === 'updated') expect(mirror.get(key)?.uid).to.equal(object.uid)
          if (type === 'deleted') expect(mirror.get(key)?.uid).to.equal(object.uid)
          if (type === 'deleted') mirror.delete(key)
          else mirror.set(key, object)
        }
        const failures: unknown[] = []
        reflector.subscribe((event) => {
          try {
            apply(event)
          } catch (error) {
            failures.push(error)
          }
        })
        reflector.start()
        const restore = cluster.faults.add(randomFaults(random, 0.3))
        const disturb = [
          () => cluster.watches.drop(),
          () => cluster.watches.end(),
          () => cluster.watches.expire(),
          () => cluster.watches.truncate(),
          () => cluster.watches.hang(),
          () => cluster.compact(),
        ]
        for (let step = 0; step < 60; step++) {
          const name = `c${Math.floor(random() * 5)}`
          const there = cluster.peek(CONFIG_MAPS, { namespace: 'shop', name }) !== undefined
          if (!there) cluster.seed(CONFIG_MAPS, manifest(name))
          else if (random() < 0.5) cluster.drop(CONFIG_MAPS, { namespace: 'shop', name })
          else cluster.change(CONFIG_MAPS, { namespace: 'shop', name }, (object) => ({ ...object, data: { step: String(step) } }))
          if (random() < 0.3) disturb[Math.floor(random() * disturb.length)]?.()
          if (random() < 0.5) await clock.advance(millis(Math.floor(random() * 20_000)))
        }
        restore()
        await clock.advance(minutes(5))
        const truth = cluster.all(CONFIG_MAPS).map(project)
        expect([...reflector.store.values()]).to.have.deep.members(truth)
        expect([...mirror.values()]).to.have.deep.members(truth)
        expect(failures).to.deep.equal([])
        await reflector.stop()
      }),
      { numRuns: 60 },
    )
  }).timeout(60_000)
})
