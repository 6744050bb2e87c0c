import { expect } from 'chai'
import { minutes, seconds } from '../lib/time.ts'
import { silentLogger } from '../runtime/logger.ts'
import { METRICS } from '../runtime/metric-table.ts'
import { noMetrics } from '../runtime/metrics.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import type { Call } from '../testing/fake-cluster/calls.ts'
import { FakeCluster } from '../testing/fake-cluster/fake-cluster.ts'
import { NotLeading } from './errors.ts'
import { fenced } from './fence.ts'
import { LeaseElection } from './lease-election.ts'
import { CONFIG_MAPS, LEASES } from './resources.ts'

const LEASE = { namespace: 'kubeskippy-system', name: 'kubeskippy-controller' }

describe('leader election', () => {
  let clock: FakeClock
  let cluster: FakeCluster
  let told: string[]
  let all: LeaseElection[]

  beforeEach(() => {
    clock = new FakeClock()
    cluster = new FakeCluster({ clock, timers: clock })
    cluster.seed(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'there', namespace: LEASE.namespace } })
    told = []
    all = []
  })
  afterEach(async () => {
    cluster.faults.clear()
    const aborted = new AbortController()
    aborted.abort()
    for (const each of all) await each.stop(aborted.signal)
    await clock.advance(minutes(1))
  })

  const spec = () => cluster.peek(LEASES, LEASE)?.spec as Record<string, unknown> | undefined
  const candidate = (name: string, workEndsAfter = seconds(0)): LeaseElection => {
    const election = new LeaseElection({
      api: cluster.client(name), lease: LEASE, identity: name, clock, timers: clock, random: () => 0, log: silentLogger, transitions: noMetrics.counter(METRICS.leaderTransitions),
    })
    all.push(election)
    election.start(async (term) => {
      told.push(`${name} leads`)
      await new Promise<void>((resolve) => term.addEventListener('abort', () => resolve(), { once: true }))
      await new Promise<void>((resolve) => void clock.after(workEndsAfter, resolve))
      told.push(`${name} ended`)
    })
    return election
  }
  const stopped = async (election: LeaseElection): Promise<void> => {
    const stopping = election.stop(new AbortController().signal)
    await clock.advance(seconds(1))
    await stopping
  }
  const cut = (name: string): (() => void) => cluster.faults.add(({ user }: Call) => (user === name ? { when: 'before', answer: 'hang' } : undefined))

  it('gives the lease to one, who renews it, with the times of client-go in it', async () => {
    const a = candidate('a')
    await clock.advance(seconds(1))
    const b = candidate('b')
    await clock.advance(minutes(2))
    expect([a.leading, b.leading]).to.deep.equal([true, false])
    expect(told).to.deep.equal(['a leads'])
    expect(spec()).to.include({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0, acquireTime: '2030-01-01T00:00:00.000000Z' })
    expect(spec()?.['renewTime']).to.match(/^2030-01-01T00:02:0[01]\.\d{6}Z$/)
  })

  it('is taken over after the lease has run out, not before, and counts the transition', async () => {
    candidate('a')
    await clock.advance(seconds(1))
    const b = candidate('b')
    await clock.advance(seconds(9))
    cut('a')
    // The last renewal was at 10 s and b saw it at the same time.
    await clock.advance(seconds(14.9))
    expect(b.leading).to.equal(false)
    await clock.advance(seconds(2.2))
    expect(b.leading).to.equal(true)
    expect(spec()).to.include({ holderIdentity: 'b', leaseTransitions: 1 })
  })

  it('ends a term that could not be renewed, five seconds before anybody else may begin one', async () => {
    const a = candidate('a')
    await clock.advance(seconds(10))
    cut('a')
    await clock.advance(seconds(9.9))
    expect(a.leading).to.equal(true)
    await clock.advance(seconds(0.1))
    expect(a.leading).to.equal(false)
    expect(() => a.check()).to.throw(NotLeading)
    await clock.advance(seconds(6))
    expect(told).to.deep.equal(['a leads', 'a ended'])
  })

  it('stands in line again after the loss, and leads when the lease is free', async () => {
    const a = candidate('a')
    await clock.advance(seconds(10))
    const mend = cut('a')
    await clock.advance(seconds(20))
    const b = candidate('b')
    await clock.advance(seconds(20))
    expect(b.leading).to.equal(true)
    mend()
    await clock.advance(seconds(60))
    expect(a.leading).to.equal(false)
    await stopped(b)
    await b.release()
    expect(spec()).to.include({ holderIdentity: '', leaseDurationSeconds: 1 })
    await clock.advance(seconds(3))
    expect(a.leading).to.equal(true)
    expect(told).to.deep.equal(['a leads', 'a ended', 'b leads', 'b ended', 'a leads'])
    expect(spec()).to.include({ holderIdentity: 'a', leaseTransitions: 2 })
  })

  it('does not stand in line while the work of the lost term has not ended', async () => {
    const a = candidate('a', seconds(40))
    await clock.advance(seconds(1))
    const mend = cut('a')
    await clock.advance(seconds(20))
    mend()
    await clock.advance(seconds(20))
    expect(a.leading).to.equal(false)
    expect(a.endingFor).to.be.greaterThan(seconds(20))
    await clock.advance(seconds(40))
    expect(a.leading).to.equal(true)
    expect(a.endingFor).to.equal(0)
  })

  it('keeps a lease through answers that were lost', async () => {
    const a = candidate('a')
    await clock.advance(seconds(1))
    let n = 0
    cluster.faults.add(({ verb }) => (verb === 'update' && n++ % 3 === 0 ? { when: 'after', answer: 'reset' } : undefined))
    await clock.advance(minutes(2))
    expect(a.leading).to.equal(true)
    expect(told).to.deep.equal(['a leads'])
    expect(spec()?.['leaseTransitions']).to.equal(0)
  })

  it('is not fooled by the times in the lease: another clock wrote them', async () => {
    const past = { holderIdentity: 'x', leaseDurationSeconds: 15, renewTime: '2020-01-01T00:00:00.000000Z', acquireTime: '2020-01-01T00:00:00.000000Z', leaseTransitions: 3 }
    cluster.seed(LEASES, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...LEASE }, spec: past })
    const a = candidate('a')
    await clock.advance(seconds(14.9))
    expect(a.leading).to.equal(false)
    await clock.advance(seconds(2.2))
    expect(a.leading).to.equal(true)
    expect(spec()).to.include({ leaseTransitions: 4 })
  })

  it('takes one second in somebody else\'s lease for fifteen, and a year for five minutes', async () => {
    for (const [leaseDurationSeconds, until] of [[1, seconds(15)], [31_536_000, minutes(5)]] as const) {
      if (cluster.peek(LEASES, LEASE) !== undefined) cluster.drop(LEASES, LEASE)
      cluster.seed(LEASES, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...LEASE }, spec: { holderIdentity: 'x', leaseDurationSeconds } })
      const name = `a-${leaseDurationSeconds}`
      const a = candidate(name)
      await clock.advance(seconds(until / 1000 - 1))
      expect(a.leading, name).to.equal(false)
      await clock.advance(seconds(4))
      expect(a.leading, name).to.equal(true)
      await stopped(a)
    }
  })

  it('keeps what others wrote into the lease', async () => {
    cluster.seed(LEASES, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...LEASE, labels: { team: 'a' } }, spec: { strategy: 'OldestEmulationVersion' } })
    candidate('a')
    await clock.advance(seconds(5))
    expect(spec()).to.include({ strategy: 'OldestEmulationVersion', holderIdentity: 'a' })
    expect(cluster.peek(LEASES, LEASE)?.metadata.labels).to.deep.equal({ team: 'a' })
  })

  it('makes a lease again that somebody deleted, without ceasing to lead', async () => {
    const a = candidate('a')
    await clock.advance(seconds(5))
    cluster.drop(LEASES, LEASE)
    await clock.advance(seconds(3))
    expect(a.leading).to.equal(true)
    expect(spec()).to.include({ holderIdentity: 'a' })
    expect(told).to.deep.equal(['a leads'])
  })

  it('ceases to write at once when it sees another holder', async () => {
    const a = candidate('a')
    await clock.advance(seconds(5))
    cluster.change(LEASES, LEASE, (lease) => ({ ...lease, spec: { ...(lease.spec as object), holderIdentity: 'somebody' } }))
    await clock.advance(seconds(2.1))
    expect(a.leading).to.equal(false)
    expect(told).to.deep.equal(['a leads', 'a ended'])
  })

  describe('a process that stood still', () => {
    // The timers of the process do not run meanwhile, so nothing but the clocks can tell.
    for (const [title, sleepFor] of [
      ['with the monotonic clock going on', () => clock.advance(seconds(10))],
      ['with only the wall clock going on', () => Promise.resolve(clock.jump(seconds(10)))],
    ] as const) {
      it(`writes nothing when it wakes, ${title}`, async () => {
        const a = candidate('a')
        await clock.advance(seconds(4))
        const api = fenced(cluster.client('writer'), a)
        const writes = (): number => cluster.journal.writes.filter(({ call }) => call.user === 'writer').length
        await api.patch(CONFIG_MAPS, { namespace: LEASE.namespace, name: 'there' }, { type: 'merge', body: { data: { a: 'b' } } })
        expect(writes()).to.equal(1)
        cut('a')
        await sleepFor()
        const attempts = [
          () => api.patch(CONFIG_MAPS, { namespace: LEASE.namespace, name: 'there' }, { type: 'merge', body: {} }),
          () => api.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'new', namespace: LEASE.namespace } }),
          () => api.delete(CONFIG_MAPS, { namespace: LEASE.namespace, name: 'there' }),
          () => api.replace(CONFIG_MAPS, cluster.must(CONFIG_MAPS, { namespace: LEASE.namespace, name: 'there' })),
          () => api.post(CONFIG_MAPS, { namespace: LEASE.namespace, name: 'there' }, 'eviction', {}),
        ]
        for (const attempt of attempts) {
          const outcome = await attempt().then(() => 'written', (error: unknown) => error)
          expect(outcome).to.be.instanceOf(NotLeading)
        }
        expect(writes()).to.equal(1)
      })
    }

    it('goes on when nobody had the lease in between, and not before it has renewed it', async () => {
      const a = candidate('a')
      await clock.advance(seconds(5))
      clock.jump(minutes(10))
      expect(a.leading).to.equal(false)
      await clock.advance(seconds(2))
      expect(a.leading).to.equal(true)
      expect(told).to.deep.equal(['a leads'])
    })

    it('is not stopped by a wall clock that is set back', async () => {
      const a = candidate('a')
      await clock.advance(seconds(5))
      clock.jump(seconds(-3600))
      expect(a.leading).to.equal(true)
    })
  })

  it('begins again after a pause when the work fails at once', async () => {
    let begun = 0
    const election = new LeaseElection({ api: cluster.client('a'), lease: LEASE, identity: 'a', clock, timers: clock, random: () => 0, log: silentLogger, transitions: noMetrics.counter(METRICS.leaderTransitions) })
    all.push(election)
    election.start(() => {
      begun++
      return Promise.reject(new Error('not today'))
    })
    await clock.advance(seconds(9))
    expect(begun).to.be.within(3, 5)
    expect(election.leading).to.equal(true)
  })

  it('gives a write no more time than is left of the lease', async () => {
    const a = candidate('a')
    await clock.advance(seconds(4))
    cut('a')
    cut('writer')
    await clock.advance(seconds(9))
    const from = clock.monotonic()
    const late = fenced(cluster.client('writer'), a).delete(CONFIG_MAPS, { namespace: LEASE.namespace, name: 'there' })
    const ended = late.then(() => 0, () => clock.monotonic() - from)
    await clock.advance(seconds(12))
    expect(await ended).to.be.within(seconds(5), seconds(6))
  })
})
