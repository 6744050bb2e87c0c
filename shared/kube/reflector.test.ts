import { expect } from 'chai'
import { millis, minutes, seconds } from '../lib/time.ts'
import { silentLogger, type Logger } from '../runtime/logger.ts'
import { THROTTLED } from '../testing/fake-cluster/faults.ts'
import { FakeCluster } from '../testing/fake-cluster/fake-cluster.ts'
import { FakeClock, settle } from '../testing/fake-clock.ts'
import type { KubeApi, KubeObject } from './api.ts'
import { Reflector, type ReflectorOptions } from './reflector.ts'
import { CONFIG_MAPS } from './resources.ts'

interface Seen {
  readonly name: string
  readonly uid: string
  readonly version: string
}

const project = ({ metadata }: KubeObject): Seen => ({ name: metadata.name, uid: metadata.uid, version: metadata.resourceVersion })
const manifest = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'shop', name } })

function setup(options: Partial<ReflectorOptions<Seen, never>> = {}) {
  const clock = new FakeClock()
  const cluster = new FakeCluster({ clock, timers: clock })
  const told: string[] = []
  const reflector = new Reflector<Seen>({
    api: cluster.client('reflector'),
    resource: CONFIG_MAPS,
    project,
    timers: clock,
    random: () => 0,
    log: silentLogger,
    ...options,
  })
  reflector.subscribe(({ type, object }) => told.push(`${type} ${object.name}`))
  const names = (): string[] => [...reflector.store.values()].map(({ name }) => name).sort()
  const lists = (): number => cluster.journal.entries.filter(({ call }) => call.verb === 'list' && call.user === 'reflector').length
  return { clock, cluster, reflector, told, names, lists }
}

describe('the reflector', () => {
  it('has waited for nobody before it begins', async () => {
    const { cluster, reflector, clock } = setup()
    await clock.advance(minutes(10))
    expect(reflector.age).to.equal(0)
    cluster.faults.add(() => ({ when: 'before', answer: 'reset' }))
    reflector.start()
    await clock.advance(minutes(1))
    expect(reflector.age).to.equal(minutes(1))
    await reflector.stop()
  })

  it('is synced after the first complete list, and follows from there', async () => {
    const { cluster, reflector, told, clock } = setup()
    cluster.seed(CONFIG_MAPS, manifest('a'))
    expect(reflector.synced).to.equal(false)
    reflector.start()
    await reflector.whenSynced()
    const made = cluster.seed(CONFIG_MAPS, manifest('b'))
    expect(reflector.atLeast(made.metadata.resourceVersion)).to.equal(false)
    await clock.advance(millis(0))
    expect(reflector.atLeast(made.metadata.resourceVersion)).to.equal(true)
    expect(told).to.deep.equal(['added a', 'added b'])
    await reflector.stop()
  })

  it('takes in no more than its capacity, in lists and watches, and goes on with what it has', async () => {
    const { cluster, reflector, names, clock } = setup({ capacity: 2 })
    for (const name of ['a', 'b', 'c']) cluster.seed(CONFIG_MAPS, manifest(name))
    reflector.start()
    await reflector.whenSynced()
    expect(names()).to.deep.equal(['a', 'b'])
    cluster.seed(CONFIG_MAPS, manifest('d'))
    cluster.change(CONFIG_MAPS, { namespace: 'shop', name: 'a' }, (o) => ({ ...o, data: { x: '1' } }))
    await clock.advance(millis(0))
    expect(names()).to.deep.equal(['a', 'b'])
    expect(reflector.store.get({ namespace: 'shop', name: 'a' })?.version).to.equal(cluster.resourceVersion)
    cluster.drop(CONFIG_MAPS, { namespace: 'shop', name: 'b' })
    cluster.seed(CONFIG_MAPS, manifest('e'))
    await clock.advance(millis(0))
    expect(names()).to.deep.equal(['a', 'e'])
    await reflector.stop()
  })

  it('on a quiet cluster lists once and never again, for hours', async () => {
    const { clock, reflector, lists } = setup()
    reflector.start()
    for (let i = 0; i < 60; i++) {
      await clock.advance(minutes(2))
      expect(reflector.age).to.be.at.most(60_000)
    }
    expect(lists()).to.equal(1)
    await reflector.stop()
  })

  it('lists again without a version when a watch is silent for 90 seconds', async () => {
    const { clock, cluster, reflector, names, lists } = setup()
    reflector.start()
    await reflector.whenSynced()
    await settle()
    cluster.watches.hang()
    cluster.seed(CONFIG_MAPS, manifest('a'))
    await clock.advance(seconds(89))
    expect(names()).to.deep.equal([])
    expect(reflector.age).to.equal(89_000)
    await clock.advance(seconds(2))
    expect(names()).to.deep.equal(['a'])
    expect(lists()).to.equal(2)
    await reflector.stop()
  })

  it('never takes a silence below 75 seconds for deafness, whatever it is told: bookmarks come every 60', async () => {
    const { clock, reflector, lists } = setup({ silence: seconds(1) })
    reflector.start()
    await clock.advance(minutes(4))
    expect(lists()).to.equal(1)
    await reflector.stop()
  })

  it('recovers from an etcd that was restored: its watch is deaf, its list goes back', async () => {
    const { clock, cluster, reflector, names } = setup()
    cluster.seed(CONFIG_MAPS, manifest('a'))
    const backup = cluster.snapshot()
    reflector.start()
    await reflector.whenSynced()
    for (const name of ['b', 'c', 'd']) cluster.seed(CONFIG_MAPS, manifest(name))
    await clock.advance(millis(0))
    cluster.restore(backup)
    await clock.advance(seconds(10))
    // Watching from a version of the future: nothing comes.
    expect(names()).to.deep.equal(['a', 'b', 'c', 'd'])
    await clock.advance(seconds(90))
    expect(names()).to.deep.equal(['a'])
    await reflector.stop()
  })

  it('lists again after an ERROR of 410 amid the watch, and tells what went missing', async () => {
    const { clock, cluster, reflector, told, lists } = setup()
    cluster.seed(CONFIG_MAPS, manifest('a'))
    reflector.start()
    await reflector.whenSynced()
    await settle()
    cluster.watches.expire()
    cluster.drop(CONFIG_MAPS, { namespace: 'shop', name: 'a' })
    cluster.seed(CONFIG_MAPS, manifest('a'))
    await clock.advance(seconds(5))
    expect(told).to.deep.equal(['added a', 'deleted a', 'added a'])
    expect(lists()).to.equal(2)
    await reflector.stop()
  })

  it('gets an event whose line was truncated once more', async () => {
    const { clock, cluster, reflector, told, lists } = setup()
    reflector.start()
    await reflector.whenSynced()
    await settle()
    cluster.watches.truncate()
    cluster.seed(CONFIG_MAPS, manifest('a'))
    await clock.advance(seconds(5))
    expect(told).to.deep.equal(['added a'])
    expect(lists()).to.equal(1)
    await reflector.stop()
  })

  it('starts a list over when a page is 410, and shows nothing of the half', async () => {
    const { clock, cluster, reflector, told, names } = setup({ pageSize: 2 })
    for (const name of ['a', 'b', 'c']) cluster.seed(CONFIG_MAPS, manifest(name))
    let pages = 0
    cluster.faults.add(({ verb }) => {
      if (verb !== 'list') return undefined
      pages++
      return pages === 2 ? { when: 'before', answer: { code: 410, reason: 'Expired', message: '' } } : undefined
    })
    reflector.start()
    await settle()
    expect([told, reflector.synced]).to.deep.equal([[], false])
    await clock.advance(seconds(1))
    expect(names()).to.deep.equal(['a', 'b', 'c'])
    await reflector.stop()
  })

  it('waits as long as a Retry-After says', async () => {
    const { clock, cluster, reflector } = setup()
    cluster.faults.add(() => ({ when: 'before', answer: { ...THROTTLED, retryAfter: 60 } }), 1)
    reflector.start()
    await clock.advance(seconds(59))
    expect(reflector.synced).to.equal(false)
    await clock.advance(seconds(1))
    expect(reflector.synced).to.equal(true)
    await reflector.stop()
  })

  it('never gives up: after an hour of refusals it is there within its longest wait', async () => {
    const { clock, cluster, reflector } = setup()
    const restore = cluster.faults.add(() => ({ when: 'before', answer: 'reset' }))
    reflector.start()
    await clock.advance(minutes(60))
    expect(cluster.journal.entries.length).to.equal(0)
    restore()
    await clock.advance(seconds(30))
    expect(reflector.synced).to.equal(true)
    await reflector.stop()
  })

  it('does not hammer a server that ends every watch at once', async () => {
    const { clock, cluster, reflector } = setup({ random: () => 0.5 })
    reflector.start()
    await reflector.whenSynced()
    let opened = 0
    cluster.faults.add(({ verb }) => {
      if (verb === 'watch') opened++
      void Promise.resolve().then(() => settle().then(() => cluster.watches.end()))
      return undefined
    })
    cluster.watches.end()
    await clock.advance(minutes(2))
    expect(opened).to.be.within(2, 12)
    await reflector.stop()
  })

  it('survives handlers and projections that throw, and says so in the log', async () => {
    const errors: string[] = []
    const log: Logger = { ...silentLogger, error: (message) => errors.push(message), child: () => log }
    const { clock, cluster, reflector, told } = setup({
      log,
      project: (raw) => {
        if (raw.metadata.name === 'bad') throw new Error('bad')
        return project(raw)
      },
    })
    reflector.subscribe(() => {
      throw new Error('handler')
    })
    for (const name of ['a', 'bad', 'b']) cluster.seed(CONFIG_MAPS, manifest(name))
    reflector.start()
    await clock.advance(seconds(1))
    expect(told).to.deep.equal(['added a', 'added b'])
    expect(new Set(errors)).to.deep.equal(new Set(['projection failed', 'reflector handler failed']))
    await reflector.stop()
  })

  it('leaves out what does not project, and tells its leaving as deleted', async () => {
    const { clock, cluster, reflector, told } = setup({ project: (raw) => (raw.metadata.labels?.['hide'] === 'yes' ? undefined : project(raw)) })
    cluster.seed(CONFIG_MAPS, manifest('a'))
    reflector.start()
    await reflector.whenSynced()
    const label = (hide: string) =>
      cluster.change(CONFIG_MAPS, { namespace: 'shop', name: 'a' }, (object) => ({ ...object, metadata: { ...object.metadata, labels: { hide } } }))
    for (const hide of ['yes', 'no']) {
      label(hide)
      await clock.advance(millis(0))
    }
    expect(told).to.deep.equal(['added a', 'deleted a', 'added a'])
    await reflector.stop()
  })

  it('refuses a version that goes back within a watch, and lists again', async () => {
    const { clock, cluster } = setup()
    cluster.seed(CONFIG_MAPS, manifest('a'))
    let watches = 0
    const api: Pick<KubeApi, 'list' | 'watch'> = {
      list: (...args) => cluster.list(...args),
      async *watch(resource, options) {
        watches++
        if (watches === 1) yield { type: 'BOOKMARK', resourceVersion: '1' }
        yield* cluster.watch(resource, options)
      },
    }
    const reflector = new Reflector<Seen>({ api, resource: CONFIG_MAPS, project, timers: clock, random: () => 0, log: silentLogger })
    reflector.start()
    await clock.advance(seconds(2))
    expect(cluster.journal.entries.filter(({ call }) => call.verb === 'list')).to.have.length(2)
    expect(reflector.atLeast(cluster.resourceVersion)).to.equal(true)
    await reflector.stop()
  })

  it('calls no handler after stop has resolved, and leaves no timer behind', async () => {
    const { clock, cluster, reflector, told } = setup()
    reflector.start()
    await reflector.whenSynced()
    await settle()
    await reflector.stop()
    cluster.seed(CONFIG_MAPS, manifest('a'))
    await clock.advance(minutes(10))
    expect([told, clock.pending, cluster.watches.open]).to.deep.equal([[], 0, 0])
  })

  it('replays what is there to a late subscriber', async () => {
    const { cluster, reflector } = setup()
    cluster.seed(CONFIG_MAPS, manifest('a'))
    reflector.start()
    await reflector.whenSynced()
    const late: string[] = []
    reflector.subscribe(({ type, object }) => late.push(`${type} ${object.name}`))
    expect(late).to.deep.equal(['added a'])
    await reflector.stop()
  })
})
