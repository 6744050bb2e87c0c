import { expect } from 'chai'
import type { KubeObject } from '../../shared/kube/api.ts'
import { CONFIG_MAPS } from '../../shared/kube/resources.ts'
import { millis, minutes, seconds } from '../../shared/lib/time.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { FakeClock } from '../../shared/testing/fake-clock.ts'
import { FakeCluster } from '../../shared/testing/fake-cluster/fake-cluster.ts'
import { DemandedWatches, type WatchRequest } from './demanded-watches.ts'

const request = (namespace: string): WatchRequest<string> => ({ resource: CONFIG_MAPS, namespace, project: ({ metadata }: KubeObject) => metadata.name, forbidden: 'grant it' })
const wanted = (...namespaces: string[]): ReadonlyMap<string, WatchRequest<string>> => new Map(namespaces.map((namespace) => [namespace, request(namespace)]))

function setup() {
  const clock = new FakeClock()
  let refused = false
  const cluster = new FakeCluster({ clock, timers: clock, deny: ({ user }) => (user === 'watcher' && refused ? 'no' : undefined) })
  cluster.seed(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'shop', name: 'a' } })
  const told: string[] = []
  const watches = new DemandedWatches<string>({ api: cluster.client('watcher'), timers: clock, random: () => 0, log: silentLogger, capacity: 10 })
  watches.onChange((key) => told.push(key))
  const refuse = (yes: boolean): void => {
    refused = yes
    cluster.watches.end()
  }
  return { clock, cluster, watches, told, refuse }
}

describe('watches on demand', () => {
  it('show what is demanded, and nothing before it was listed', async () => {
    const { clock, watches, told } = setup()
    watches.demand(wanted('shop'))
    expect([watches.seen('shop'), watches.blind('shop')]).to.deep.equal([[], 'not listed yet'])
    await clock.advance(millis(10))
    expect([watches.seen('shop'), watches.blind('shop')]).to.deep.equal([['a'], undefined])
    expect(told).to.include('shop')
    await watches.stop()
  })
  it('end when nobody demands them, and begin anew', async () => {
    const { clock, cluster, watches } = setup()
    watches.demand(wanted('shop', 'till'))
    await clock.advance(millis(10))
    expect(cluster.watches.open).to.equal(2)
    watches.demand(wanted('till'))
    await clock.advance(millis(10))
    expect(cluster.watches.open).to.equal(1)
    expect([watches.seen('shop'), watches.blind('shop')]).to.deep.equal([[], 'not listed yet'])
    watches.demand(wanted('shop'))
    await clock.advance(millis(10))
    expect(watches.seen('shop')).to.deep.equal(['a'])
    await watches.stop()
    expect(cluster.watches.open).to.equal(0)
  })
  it('that are refused say what to do, and see again when they are allowed', async () => {
    const { clock, watches, refuse } = setup()
    refuse(true)
    watches.demand(wanted('shop'))
    await clock.advance(millis(10))
    expect(watches.blind('shop')).to.equal('grant it')
    refuse(false)
    await clock.advance(minutes(1))
    expect([watches.seen('shop'), watches.blind('shop')]).to.deep.equal([['a'], undefined])
    await watches.stop()
  })
  it('that are refused later on no longer show what once was', async () => {
    const { clock, watches, refuse } = setup()
    watches.demand(wanted('shop'))
    await clock.advance(seconds(10))
    refuse(true)
    await clock.advance(seconds(10))
    expect([watches.seen('shop'), watches.blind('shop')]).to.deep.equal([[], 'grant it'])
    await watches.stop()
  })
  it('of a server that is not heard for three minutes show nothing', async () => {
    const { clock, cluster, watches } = setup()
    watches.demand(wanted('shop'))
    await clock.advance(seconds(1))
    cluster.faults.add(({ user }) => (user === 'watcher' ? { when: 'before', answer: 'reset' } : undefined))
    cluster.watches.drop()
    await clock.advance(seconds(178))
    expect(watches.blind('shop')).to.equal(undefined)
    await clock.advance(seconds(10))
    expect([watches.seen('shop'), watches.blind('shop')]).to.deep.equal([[], 'the API server was not heard for minutes'])
    await watches.stop()
  })
  it('are waited for until they are listed or refused, and no longer than told', async () => {
    const { clock, cluster, watches, refuse } = setup()
    const done: string[] = []
    void watches.settled(seconds(5)).then(() => done.push('none'))
    await clock.advance(millis(0))
    watches.demand(wanted('shop'))
    void watches.settled(seconds(5)).then(() => done.push('listed'))
    await clock.advance(millis(10))
    refuse(true)
    watches.demand(wanted('shop', 'till'))
    void watches.settled(seconds(5)).then(() => done.push('refused'))
    await clock.advance(millis(10))
    expect(done).to.deep.equal(['none', 'listed', 'refused'])
    cluster.faults.add(({ user }) => (user === 'watcher' ? { when: 'before', answer: 'hang' } : undefined))
    watches.demand(wanted('other'))
    void watches.settled(seconds(5)).then(() => done.push('late'))
    await clock.advance(seconds(4.9))
    expect(done).to.have.length(3)
    await clock.advance(seconds(0.2))
    expect(done.at(-1)).to.equal('late')
    const stopping = watches.stop()
    await clock.advance(minutes(1))
    await stopping
  })
})
