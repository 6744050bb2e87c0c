import { expect } from 'chai'
import { HEALER_ACCOUNT, OPERATOR_NAMESPACE, shardLease } from '../shared/api/v1alpha1/names.ts'
import { DEPLOYMENTS, HEALING_LEDGERS, HEALING_POLICIES, LEASES, NAMESPACES, PODS, REPLICA_SETS, SERVICE_ACCOUNTS } from '../shared/kube/resources.ts'
import { formatInstant, minutes, seconds, type Millis } from '../shared/lib/time.ts'
import { buildPolicy, buildTrigger } from '../shared/testing/builders/objects.ts'
import { isWrite, type Call } from '../shared/testing/fake-cluster/calls.ts'
import { DEFAULT_INSTALLATION } from './healing/installation.ts'
import { shardOf } from './healing/shards.ts'
import { NAMESPACE, Town } from './testing/town.ts'

const SHARDS = 6
const ALL = Array.from({ length: 18 }, (_, i) => `team-${i}`)
const isLease = ({ resource }: Call): boolean => resource.plural === LEASES.plural
const isQuestion = ({ resource }: Call): boolean => resource.plural === 'subjectaccessreviews'

/** A town of many namespaces, each with a workload of one pod, and a policy of its own. */
class Country {
  readonly town: Town
  #pods = 0
  /** Of the journal, when something was broken last. */
  #begun = 0

  constructor(seed: number, options: ConstructorParameters<typeof Town>[0] = {}) {
    this.town = new Town({ seed, elected: true, shards: SHARDS, latency: () => 2, ...options })
    const { cluster } = this.town
    cluster.drop(HEALING_POLICIES, { namespace: NAMESPACE, name: 'cart' })
    for (const namespace of ALL) {
      cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
      cluster.seed(SERVICE_ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: HEALER_ACCOUNT, namespace } })
      cluster.seed(DEPLOYMENTS, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'cart', namespace, uid: `d-${namespace}`, labels: { app: 'cart' } } })
      cluster.seed(REPLICA_SETS, { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'cart-1', namespace, uid: `r-${namespace}`, ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart', uid: `d-${namespace}`, controller: true }] } })
      const { apiVersion, kind, spec } = buildPolicy({
        spec: { selector: { labelSelector: { matchLabels: { app: 'cart' } } }, triggers: [buildTrigger({ cooldownPeriod: '0s', conditionTrigger: { type: 'CrashLoopBackOff', status: 'True', duration: '5s' } })] },
      })
      cluster.seed(HEALING_POLICIES, { apiVersion, kind, metadata: { name: 'cart', namespace, generation: 1 }, spec })
      this.#pod(namespace, 'healthy')
    }
  }

  #pod(namespace: string, state: 'healthy' | 'broken'): void {
    const at = formatInstant(this.town.clock.now()).replace(/\.\d+Z/, 'Z')
    const container = state === 'healthy'
      ? { name: 'app', ready: true, restartCount: 0, state: { running: { startedAt: at } } }
      : { name: 'app', ready: false, restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 1, reason: 'Error', finishedAt: at } } }
    this.town.cluster.seed(PODS, {
      apiVersion: 'v1', kind: 'Pod',
      metadata: { namespace, name: `cart-1-${this.#pods++}`, labels: { app: 'cart' }, ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'cart-1', uid: `r-${namespace}`, controller: true }] },
      spec: { restartPolicy: 'Always' },
      status: { phase: 'Running', containerStatuses: [container], conditions: [{ type: 'Ready', status: state === 'healthy' ? 'True' : 'False', lastTransitionTime: at }] },
    })
  }

  /** In each of these namespaces, now. */
  breakIn(namespaces: readonly string[]): void {
    const { cluster } = this.town
    this.#begun = cluster.journal.writes.length
    for (const namespace of namespaces) {
      for (const { metadata } of cluster.all(PODS)) if (metadata.namespace === namespace) cluster.drop(PODS, metadata)
      this.#pod(namespace, 'broken')
    }
  }

  async live(span: Millis): Promise<void> {
    for (let passed = 0; passed < span; passed += 500) {
      await this.town.live(seconds(0.5))
      const there = new Set(this.town.cluster.all(PODS).filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.namespace))
      for (const namespace of ALL) if (!there.has(namespace)) this.#pod(namespace, 'healthy')
    }
  }

  /** Which controllers wrote since what is of a namespace, its target or its own records. */
  writersOf(namespace: string): readonly string[] {
    const writes = this.town.cluster.journal.writes.slice(this.#begun).filter(({ call }) => call.namespace === namespace && call.user !== 'admin' && !isQuestion(call))
    return [...new Set(writes.map(({ call }) => call.user))]
  }

  /** What a controller sent to be written, but for leases. */
  sent(name: string): number {
    return this.town.cluster.journal.writes.filter(({ call }) => call.user === name && !isLease(call) && !isQuestion(call)).length
  }

  /** By name of the lease. */
  get holders(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.town.cluster.all(LEASES).map(({ metadata, spec }) => [metadata.name, String((spec as { holderIdentity?: string }).holderIdentity)]))
  }

  /** Namespaces whose shard the controller holds. */
  ownedBy(name: string): readonly string[] {
    const { holders } = this
    return ALL.filter((namespace) => holders[shardLease(shardOf(namespace, SHARDS))] === name)
  }

  get evicted(): readonly string[] {
    return this.town.cluster.journal.effects.filter(({ call }) => call.subresource === 'eviction').map(({ call }) => call.namespace ?? '').toSorted()
  }

  healedOnce(namespaces: readonly string[]): void {
    expect(this.evicted).to.deep.equal(namespaces.toSorted())
    const ledgers = this.town.cluster.all(HEALING_LEDGERS).map(({ spec }) => spec as { policy?: unknown; entries?: readonly { state: string; outcome?: string }[] })
    expect(ledgers.flatMap(({ entries = [] }) => entries.map(({ state, outcome }) => `${state} ${outcome}`))).to.deep.equal(namespaces.map(() => 'Settled Effective'))
  }
}

describe('several controllers that share the work', function () {
  this.timeout(60_000)
  let country: Country
  const names = ['controller-1', 'controller-2', 'controller-3'] as const
  afterEach(async () => {
    country.town.cluster.faults.clear()
    await country.town.stop()
  })
  const begin = async (seed = 1, options: ConstructorParameters<typeof Town>[0] = {}): Promise<void> => {
    country = new Country(seed, options)
    for (const name of names) await country.town.start(name)
    await country.live(seconds(25))
    for (const name of names) expect(country.ownedBy(name), name).not.to.deep.equal([])
  }

  it('heal each namespace by one of them, all of them at work, and by no other', async () => {
    await begin()
    country.breakIn(ALL)
    await country.live(minutes(3))
    country.healedOnce(ALL)
    for (const name of names) for (const namespace of country.ownedBy(name)) expect(country.writersOf(namespace), namespace).to.deep.equal([name])
  })

  for (const nth of [1, 4, 9, 16]) {
    it(`heal once what was broken while one of them was killed at its write ${nth}, and take its namespaces over`, async () => {
      await begin(nth)
      const orphans = country.ownedBy('controller-1')
      country.town.crashAtWrite('controller-1', nth)
      country.breakIn(ALL)
      await country.live(minutes(4))
      country.healedOnce(ALL)
      for (const namespace of orphans) expect(country.holders[shardLease(shardOf(namespace, SHARDS))], namespace).not.to.equal('controller-1')
    })
  }

  it('decide within 20 s what was broken in a namespace whose controller was killed', async () => {
    await begin()
    const orphans = country.ownedBy('controller-2')
    country.town.crash('controller-2')
    country.breakIn(ALL)
    await country.live(seconds(20))
    expect(country.ownedBy('controller-2')).to.deep.equal([])
    // It has to be so for five seconds first.
    await country.live(seconds(8))
    expect(country.evicted).to.include.members([...orphans])
    await country.live(minutes(3))
    country.healedOnce(ALL)
  })

  for (const nth of [1, 9]) {
    it(`write nothing any more in any namespace by one that was cut off at its write ${nth}, when it is back`, async () => {
      await begin(nth)
      let seen = 0
      let open = false
      country.town.cluster.faults.add((call) => {
        if (call.user !== 'controller-1') return undefined
        if (isWrite(call) && !isLease(call) && !isQuestion(call)) seen++
        return seen >= nth && !open ? { when: 'before', answer: 'hang' } : undefined
      })
      const orphans = country.ownedBy('controller-1')
      country.breakIn(ALL)
      await country.live(seconds(90))
      const before = country.sent('controller-1')
      open = true
      country.town.cluster.watches.drop(({ user }) => user === 'controller-1')
      await country.live(seconds(2))
      expect(country.sent('controller-1')).to.equal(before)
      await country.live(minutes(3))
      country.healedOnce(ALL)
      expect(orphans).not.to.deep.equal([])
      expect(country.ownedBy('controller-1'), 'it has its share again').not.to.deep.equal([])
    })
  }

  it('stop for one shard alone when its lease is somebody else\'s', async () => {
    await begin()
    const mine = country.ownedBy('controller-1')
    const [lost = ''] = mine
    const shard = shardOf(lost, SHARDS)
    const kept = mine.filter((namespace) => shardOf(namespace, SHARDS) !== shard)
    expect(kept).not.to.deep.equal([])
    const { cluster } = country.town
    cluster.change(LEASES, { namespace: OPERATOR_NAMESPACE, name: shardLease(shard) }, (lease) => ({ ...lease, spec: { ...(lease.spec as object), holderIdentity: 'somebody', leaseDurationSeconds: 120 } }))
    await country.live(seconds(3))
    country.breakIn([lost, ...kept])
    await country.live(minutes(1))
    expect(country.evicted).to.deep.equal(kept.toSorted())
    await country.live(minutes(4))
    country.healedOnce([lost, ...kept])
  })

  it('stop in all shards when too much of all that they select together is unhealthy, though no shard can see it alone', async () => {
    await begin(1, { installation: { storm: { ...DEFAULT_INSTALLATION.storm, clusterPercent: 40, minimum: 18 } } })
    // Of each shard about half: none of them has as many as the cluster must have to count.
    country.breakIn(ALL.filter((_, i) => i % 2 === 0))
    await country.live(minutes(2))
    const storm = country.town.cluster.all(HEALING_LEDGERS).map(({ spec }) => (spec as { budget?: { scope: string; storm?: unknown } }).budget).find((budget) => budget?.scope === 'Cluster')?.storm
    expect(storm).to.have.property('since')
    expect(country.evicted).to.deep.equal([])
  })

  it('make a deleted ledger again once, by the holder of its shard', async () => {
    await begin()
    country.breakIn(ALL)
    await country.live(minutes(3))
    const { cluster } = country.town
    const ledgers = cluster.all(HEALING_LEDGERS)
    const from = cluster.journal.writes.length
    for (const { metadata } of ledgers) cluster.drop(HEALING_LEDGERS, metadata)
    await country.live(seconds(10))
    expect(cluster.all(HEALING_LEDGERS).map(({ metadata }) => metadata.name).toSorted()).to.deep.equal(ledgers.map(({ metadata }) => metadata.name).toSorted())
    expect(cluster.journal.writes.slice(from).filter(({ call }) => call.verb === 'create' && call.resource.plural === HEALING_LEDGERS.plural)).to.have.length(ledgers.length)
  })
})
