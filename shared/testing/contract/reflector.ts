import { expect } from 'chai'
import type { KubeApi, KubeObject } from '../../kube/api.ts'
import { Reflector } from '../../kube/reflector.ts'
import { CONFIG_MAPS } from '../../kube/resources.ts'
import { silentLogger } from '../../runtime/logger.ts'
import type { Timers } from '../../runtime/timers.ts'
import { millis } from '../../lib/time.ts'
import { configMap, type ConfigMap, type GetHarness } from './harness.ts'

const labels = { case: 'reflector' }

export interface Seen {
  readonly type: string
  readonly name: string
  readonly uid: string
}

/** Those of a failed case would run for ever. */
const running = new Set<{ stop(): Promise<void> }>()

export async function stopReflectors(): Promise<void> {
  await Promise.all([...running].map((reflector) => reflector.stop()))
  running.clear()
}

/** A reflector of the case's config maps, and everything that it told. */
export function reflect(api: KubeApi, timers: Timers, namespace: string, pageSize = 2) {
  const told: Seen[] = []
  const reflector = new Reflector({
    api,
    resource: CONFIG_MAPS,
    namespace,
    labelSelector: 'case=reflector',
    project: (raw: KubeObject) => ({ name: raw.metadata.name, uid: raw.metadata.uid, data: (raw as ConfigMap).data }),
    timers,
    random: () => 0.5,
    log: silentLogger,
    pageSize,
  })
  reflector.subscribe(({ type, object }) => told.push({ type, name: object.name, uid: object.uid }))
  reflector.start()
  running.add(reflector)
  const names = (): string[] => [...reflector.store.values()].map(({ name }) => name).sort()
  return { reflector, told, names }
}

/** Ten times as fast: it takes more than a minute until silence is one. */
const hurried = (timers: Timers): Timers => ({ monotonic: () => millis(timers.monotonic() * 10), after: (delay, run) => timers.after(millis(delay / 10), run) })

export function reflectorCases(harness: GetHarness): void {
  const make = (namespace: string, name: string) => harness().admin.create<ConfigMap>(CONFIG_MAPS, configMap({ namespace, name }, {}, labels))
  const remove = (namespace: string, name: string) => harness().admin.delete(CONFIG_MAPS, { namespace, name })

  describe('a reflector', () => {
    it('lists in pages, then follows every change', async () => {
      const { api, timers, namespace, eventually } = harness()
      const ns = await namespace()
      for (const name of ['a', 'b', 'c', 'd', 'e']) await make(ns, name)
      const { reflector, names, told } = reflect(api, timers, ns)
      await reflector.whenSynced()
      expect(names()).to.deep.equal(['a', 'b', 'c', 'd', 'e'])
      const made = await make(ns, 'f')
      await remove(ns, 'a')
      await eventually(() => expect(names()).to.deep.equal(['b', 'c', 'd', 'e', 'f']))
      expect(reflector.atLeast(made.metadata.resourceVersion)).to.equal(true)
      expect(told.slice(5).map(({ type, name }) => [type, name])).to.deep.equal([['added', 'f'], ['deleted', 'a']])
    })

    it('loses nothing when the watch is cut, and does not list again', async () => {
      const { api, timers, namespace, eventually, cut } = harness()
      const ns = await namespace()
      await make(ns, 'a')
      let lists = 0
      const counting: KubeApi = Object.assign(Object.create(api) as KubeApi, {
        list: (...args: Parameters<KubeApi['list']>) => {
          lists++
          return api.list(...args)
        },
        watch: (...args: Parameters<KubeApi['watch']>) => api.watch(...args),
      })
      const { reflector, told } = reflect(counting, timers, ns)
      await reflector.whenSynced()
      const restore = await cut()
      await make(ns, 'b')
      await remove(ns, 'a')
      await make(ns, 'c')
      await restore()
      await eventually(() => expect(told).to.have.length(4))
      expect(told.map(({ type, name }) => [type, name])).to.deep.equal([['added', 'a'], ['added', 'b'], ['deleted', 'a'], ['added', 'c']])
      expect(lists).to.equal(1)
    })

    it('loses nothing when a line of its watch is cut in the middle', async () => {
      const { api, timers, namespace, eventually, truncate } = harness()
      const ns = await namespace()
      await make(ns, 'a')
      const { reflector, told } = reflect(api, timers, ns)
      await reflector.whenSynced()
      await truncate()
      await make(ns, 'b')
      await make(ns, 'c')
      await eventually(() => expect(told.map(({ type, name }) => [type, name])).to.deep.equal([['added', 'a'], ['added', 'b'], ['added', 'c']]))
    })

    it('finds out by itself that its watch has fallen silent', async () => {
      const { api, timers, namespace, eventually, silence } = harness()
      const ns = await namespace()
      await make(ns, 'a')
      const { reflector, names } = reflect(api, hurried(timers), ns)
      await reflector.whenSynced()
      // The watch itself may still be on its way.
      await make(ns, 'b')
      await eventually(() => expect(names()).to.deep.equal(['a', 'b']))
      await silence()
      await make(ns, 'c')
      await remove(ns, 'a')
      await eventually(() => expect(names()).to.deep.equal(['b', 'c']))
    })

    it('tells an object that was deleted and made again under its name as two objects', async () => {
      const { api, timers, namespace, eventually, cut } = harness()
      const ns = await namespace()
      const first = await make(ns, 'a')
      const { reflector, told } = reflect(api, timers, ns)
      await reflector.whenSynced()
      await remove(ns, 'a')
      const second = await make(ns, 'a')
      await eventually(() => expect(told).to.have.length(3))
      const restore = await cut()
      await remove(ns, 'a')
      const third = await make(ns, 'a')
      await restore()
      await eventually(() => expect(told).to.have.length(5))
      const [one, two, three] = [first, second, third].map(({ metadata }) => metadata.uid)
      expect(told.map(({ type, uid }) => [type, uid])).to.deep.equal([
        ['added', one],
        ['deleted', one],
        ['added', two],
        ['deleted', two],
        ['added', three],
      ])
    })

    it('rejects whoever waits for it when it is stopped', async () => {
      const { api, timers, namespace, cut } = harness()
      const ns = await namespace()
      const restore = await cut()
      const { reflector } = reflect(api, timers, ns)
      const waiting = reflector.whenSynced().then(
        () => 'synced',
        () => 'stopped',
      )
      await reflector.stop()
      expect(await waiting).to.equal('stopped')
      await restore()
    })
  })
}
