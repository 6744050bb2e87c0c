import { expect } from 'chai'
import * as fc from 'fast-check'
import { CONTROLLER_LEASE, MEMBERS_ANNOTATION, OPERATOR_NAMESPACE, shardLease } from '../../shared/api/v1alpha1/names.ts'
import { LeaseElection } from '../../shared/kube/lease-election.ts'
import { NotLeading } from '../../shared/kube/errors.ts'
import { LEASES, NAMESPACES } from '../../shared/kube/resources.ts'
import { millis, minutes, seconds, type Millis } from '../../shared/lib/time.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { METRICS } from '../../shared/runtime/metric-table.ts'
import { noMetrics } from '../../shared/runtime/metrics.ts'
import { untilAborted } from '../../shared/runtime/timers.ts'
import { FakeClock, seededRandom } from '../../shared/testing/fake-clock.ts'
import { FakeCluster } from '../../shared/testing/fake-cluster/fake-cluster.ts'
import { ofOneLease } from './leadership.ts'
import { ShardElections } from './shard-elections.ts'
import type { Leadership } from '../ports/leadership.ts'

/** Replicas of a controller that do nothing but hold shards, on one fake API server. */
class Replicas {
  readonly clock = new FakeClock()
  readonly cluster = new FakeCluster({ clock: this.clock, timers: this.clock, latency: () => millis(3) })
  readonly #random: () => number
  readonly #all = new Map<string, Leadership>()
  /** Who works for which shard: from the begin of a term to the end of its work. */
  readonly working = new Map<string, Set<number>>()
  readonly #cut = new Set<string>()
  readonly #dead = new Set<string>()

  constructor(seed = 1) {
    this.#random = seededRandom(seed)
    this.cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: OPERATOR_NAMESPACE } })
    this.cluster.faults.add(({ user }) => (this.#cut.has(user) || this.#dead.has(user) ? { when: 'before', answer: 'hang' } : undefined))
  }

  start(name: string, shards: number): Leadership {
    const parts = {
      api: this.cluster.client(name), namespace: OPERATOR_NAMESPACE, identity: name, clock: this.clock, timers: this.clock, random: this.#random, log: silentLogger,
      transitions: noMetrics.counter(METRICS.leaderTransitions),
    }
    const replica = shards === 1 ? ofOneLease(new LeaseElection({ ...parts, lease: { namespace: OPERATOR_NAMESPACE, name: CONTROLLER_LEASE } })) : new ShardElections({ ...parts, shards })
    const working = new Set<number>()
    this.working.set(name, working)
    this.#all.set(name, replica)
    replica.start(async (shard, term) => {
      working.add(shard)
      await untilAborted(term)
      working.delete(shard)
    })
    return replica
  }

  /** What each replica that is alive may write for. */
  get owned(): Readonly<Record<string, readonly number[]>> {
    const alive = [...this.#all].filter(([name]) => !this.#dead.has(name))
    return Object.fromEntries(alive.map(([name, { shards }]) => [name, shards.flatMap(({ leading }, shard) => (leading ? [shard] : []))]))
  }

  get counts(): readonly number[] {
    return Object.values(this.owned).map(({ length }) => length).toSorted((a, b) => a - b)
  }

  /** None of its calls arrives any more, and nobody asks whether it writes. */
  kill(name: string): void {
    this.#dead.add(name)
  }

  cut(name: string): void {
    this.#cut.add(name)
  }

  mend(name: string): void {
    this.#cut.delete(name)
  }

  /** Time passes; at each moment every shard has one owner at most, those that were killed included for as long as they could write. */
  async live(span: Millis): Promise<void> {
    for (let passed = 0; passed < span; passed += 500) {
      await this.clock.advance(millis(500))
      const owners = [...this.#all].flatMap(([, { shards }]) => shards.flatMap(({ leading }, shard) => (leading ? [`${shard} of ${shards.length}`] : [])))
      expect(owners, 'one owner each').to.deep.equal([...new Set(owners)])
      expect(new Set(owners.map((owner) => owner.split(' of ')[1])).size, 'of one number').to.be.at.most(1)
    }
  }

  async leave(name: string): Promise<void> {
    const replica = this.#all.get(name)
    const left = replica?.stop(new AbortController().signal).then(() => replica.release())
    await this.clock.advance(seconds(2))
    await left
    this.#all.delete(name)
  }

  async end(): Promise<void> {
    this.cluster.faults.clear()
    const aborted = new AbortController()
    aborted.abort()
    for (const replica of this.#all.values()) {
      await replica.stop(aborted.signal)
      void replica.release()
    }
    await this.clock.advance(minutes(1))
  }
}

describe('elections of shards', () => {
  let replicas: Replicas
  beforeEach(() => {
    replicas = new Replicas()
  })
  afterEach(() => replicas.end())

  it('spread the shards over replicas that begin together', async () => {
    for (const name of ['a', 'b', 'c']) replicas.start(name, 8)
    await replicas.live(seconds(8))
    expect(replicas.counts).to.deep.equal([2, 3, 3])
    const before = replicas.owned
    await replicas.live(minutes(2))
    expect(replicas.owned, 'and nothing moves').to.deep.equal(before)
  })

  it('give some to one that comes later, and all back when it has gone', async () => {
    replicas.start('a', 4)
    await replicas.live(seconds(10))
    expect(replicas.counts).to.deep.equal([4])
    replicas.start('b', 4)
    await replicas.live(seconds(30))
    expect(replicas.counts).to.deep.equal([2, 2])
    await replicas.leave('b')
    await replicas.live(seconds(4))
    expect(replicas.owned).to.deep.equal({ a: [0, 1, 2, 3] })
  })

  it('leave more replicas than shards without any, ready for what comes', async () => {
    for (const name of ['a', 'b', 'c']) replicas.start(name, 2)
    await replicas.live(seconds(10))
    expect(replicas.counts).to.deep.equal([0, 1, 1])
  })

  it('let the shards of one that was killed be taken within 20 s, whenever it dies, and evenly', async function () {
    this.timeout(30_000)
    for (let seed = 1; seed <= 6; seed++) {
      const those = new Replicas(seed)
      for (const name of ['a', 'b', 'c']) those.start(name, 6)
      await those.live(millis(20_000 + seed * 250))
      expect(those.counts, `${seed}`).to.deep.equal([2, 2, 2])
      those.kill('a')
      await those.live(seconds(20))
      expect(Object.values(those.owned).flat().toSorted((a, b) => a - b), `${seed}`).to.deep.equal([0, 1, 2, 3, 4, 5])
      await those.live(seconds(20))
      expect(those.counts, `${seed}`).to.deep.equal([3, 3])
      await those.end()
    }
  })

  it('let one that stood still write nothing when it wakes, and have its share again', async () => {
    for (const name of ['a', 'b', 'c']) replicas.start(name, 6)
    await replicas.live(seconds(10))
    const [shard] = replicas.owned['a'] ?? []
    const slept = replicas.start('d', 6)
    await replicas.live(seconds(30))
    expect(replicas.counts).to.deep.equal([1, 1, 2, 2])
    replicas.cut('d')
    await replicas.live(seconds(20))
    expect(replicas.owned['d']).to.deep.equal([])
    for (const each of slept.shards) expect(() => each.check()).to.throw(NotLeading)
    expect(shard).to.be.a('number')
    replicas.mend('d')
    await replicas.live(seconds(40))
    expect(replicas.counts).to.deep.equal([1, 1, 2, 2])
  })

  for (const [from, to] of [[1, 4], [4, 1], [4, 8]] as const) {
    it(`never have owners of ${from} and of ${to} shards at once: who has another number waits until the others are gone`, async () => {
      replicas.start('old-1', from)
      replicas.start('old-2', from)
      await replicas.live(seconds(12))
      replicas.start('new-1', to)
      replicas.start('new-2', to)
      await replicas.live(seconds(40))
      expect(replicas.owned['new-1']).to.deep.equal([])
      expect(replicas.owned['new-2']).to.deep.equal([])
      await replicas.leave('old-1')
      await replicas.live(seconds(30))
      // What one holder alone has released is anybody's.
      if (from > 1) expect(replicas.owned['old-2']?.length).to.equal(from)
      await replicas.leave('old-2')
      await replicas.live(seconds(30))
      expect(Object.values(replicas.owned).flat()).to.have.length(to)
    })
  }

  it('lose all shards at once with the lease that they hold together, whoever took it', async () => {
    const replica = replicas.start('a', 3)
    await replicas.live(seconds(10))
    expect(replicas.counts).to.deep.equal([3])
    replicas.cluster.change(LEASES, { namespace: OPERATOR_NAMESPACE, name: CONTROLLER_LEASE }, (lease) => ({ ...lease, spec: { ...(lease.spec as object), holderIdentity: 'somebody' } }))
    await replicas.clock.advance(seconds(4))
    expect(replica.shards.map(({ leading }) => leading)).to.deep.equal([false, false, false])
    expect([...(replicas.working.get('a') ?? [])]).to.deep.equal([])
  })

  it('go on when somebody writes nonsense into the members', async () => {
    for (const name of ['a', 'b']) replicas.start(name, 4)
    await replicas.live(seconds(10))
    for (const text of ['{', '[]', '{"a":1,"b":{}}', '']) {
      replicas.cluster.change(LEASES, { namespace: OPERATOR_NAMESPACE, name: CONTROLLER_LEASE }, (lease) => ({ ...lease, metadata: { ...lease.metadata, annotations: { [MEMBERS_ANNOTATION]: text } } }))
      await replicas.live(seconds(15))
      expect(replicas.counts).to.deep.equal([2, 2])
    }
  })

  it('tell the others what the holder of a shard says, for as long as nobody says anything else', async () => {
    const [a, b] = [replicas.start('a', 2), replicas.start('b', 2)]
    a.tell(0, () => 'a says')
    a.tell(1, () => 'a says')
    await replicas.live(seconds(10))
    const [shard = -1] = replicas.owned['a'] ?? []
    expect(b.told(shard)).to.equal('a says')
    b.tell(1 - shard, () => 'b says')
    await replicas.live(seconds(5))
    expect(a.told(1 - shard)).to.equal('b says')
    replicas.kill('a')
    await replicas.live(seconds(30))
    expect(b.told(shard)).to.equal('a says')
  })

  it('name each shard by its lease', async () => {
    replicas.start('a', 2)
    await replicas.live(seconds(10))
    const holder = (name: string): unknown => (replicas.cluster.must(LEASES, { namespace: OPERATOR_NAMESPACE, name }).spec as Record<string, unknown>)['holderIdentity']
    expect([CONTROLLER_LEASE, shardLease(0), shardLease(1)].map(holder)).to.deep.equal(['2-shards', 'a', 'a'])
  })

  it('have one owner for a shard at most, and all of them again soon, whoever comes, goes, dies or stands still', async function () {
    this.timeout(60_000)
    const names = ['a', 'b', 'c', 'd'] as const
    const step = fc.record({ what: fc.constantFrom('start', 'kill', 'cut', 'mend', 'leave'), who: fc.constantFrom(...names), wait: fc.integer({ min: 1, max: 18 }) })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 2, max: 6 }), fc.array(step, { maxLength: 6 }), async (seed, shards, steps) => {
        const those = new Replicas(seed)
        const alive = new Set<string>()
        let n = 0
        const begin = (): void => {
          const name = `r${n++}`
          those.start(name, shards)
          alive.add(name)
        }
        begin()
        for (const { what, who, wait } of steps) {
          const one = [...alive][names.indexOf(who) % Math.max(1, alive.size)]
          if (what === 'start' && alive.size < 4) begin()
          if (one !== undefined && what === 'cut') those.cut(one)
          if (one !== undefined && what === 'mend') those.mend(one)
          if (one !== undefined && alive.size > 1 && what === 'kill') {
            those.kill(one)
            alive.delete(one)
          }
          if (one !== undefined && alive.size > 1 && what === 'leave') {
            those.mend(one)
            await those.leave(one)
            alive.delete(one)
          }
          await those.live(seconds(wait))
        }
        for (const name of alive) those.mend(name)
        await those.live(seconds(60))
        const { counts } = those
        expect(counts.reduce((a, b) => a + b, 0)).to.equal(shards)
        expect((counts.at(-1) ?? 0) - (counts[0] ?? 0)).to.be.at.most(1)
        await those.end()
      }),
      { numRuns: 60, seed: 20 },
    )
  })
})
