/**
 * Three replicas that share six shards on a real API server, and a hundred pods that fail at once: one replica is
 * killed in the middle of it, another one stands still past its leases. Judged by the API server's own history.
 */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { systemClock, systemTimers } from '../../shared/adapters/system-clock.ts'
import { HEALING_POLICIES, PODS } from '../../shared/kube/resources.ts'
import { connect, type KubeConnection } from '../../shared/kube/transport.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { minutes, seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { judge, tell, type Verdict } from '../../shared/testing/oracle/checker.ts'
import { historyOfAudit } from '../../shared/testing/oracle/from-audit.ts'
import { INVARIANTS } from '../../shared/testing/oracle/invariants/index.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { policyOf, type ActionUnderTest } from '../faults/actions.ts'
import { PlayedKubelet } from '../faults/kubelet.ts'
import { Place } from '../faults/place.ts'
import { install, type Installation } from '../installation/installation.ts'
import { Program, type Flags } from '../installation/program.ts'
import { evictionsOf, type Evictions } from './evictions.ts'
import { holdersOf, ledBy } from './owners.ts'

const SHARDS = 6
const NAMESPACES = 20
const PODS_EACH = 5
/** That much fails at once is what this is about. */
const FLAGS: Flags = { 'leader-elect': 'true', shards: String(SHARDS), 'storm-cluster-percent': '100', 'storm-minimum': '100000', 'cluster-actions-per-hour': '200' }
const UNDER: ActionUnderTest = { name: 'evict', workload: 'Deployment', replicas: PODS_EACH, action: { name: 'heal', type: 'restart', restartAction: {} } }

describe('three controllers that share the work', function () {
  this.timeout(1_080_000)
  let cluster: Cluster
  let installation: Installation
  let api: KubeConnection
  let kubelet: PlayedKubelet
  let replicas: readonly Program[]
  let places: readonly Place[] = []

  const led = (): Promise<readonly (readonly number[])[]> => Promise.all(replicas.map(ledBy))
  /** Both of the shards of one that is at work: a busy one may be late to tell. */
  const pairOf = (replica: Program): Promise<readonly number[]> =>
    eventually(async () => {
      const found = await ledBy(replica)
      expect(found).to.have.length(2)
      return found
    }, seconds(60))
  const holders = (): Promise<readonly (string | undefined)[]> => holdersOf(api, SHARDS)
  const evicted = (): Evictions => evictionsOf(readFileSync(cluster.auditLog, 'utf8'))
  /** By name. */
  const since = (before: Evictions): readonly string[] => [...evicted().at.keys()].filter((name) => !before.at.has(name))
  /** Every pod of these names was evicted once and is gone, and nothing else since. */
  const healedOnce = async (those: readonly Place[], broken: readonly string[], before: Evictions): Promise<void> => {
    await eventually(() => expect(since(before).length).to.be.at.least(broken.length), minutes(6), seconds(1)).catch(async (error: Error) => {
      throw new Error(`${error.message}; ${(await Promise.all(those.map(untouched(before)))).join('')}`, { cause: error })
    })
    const ended = (await Promise.all(those.map((place) => place.ended(minutes(6))))).flatMap(({ actions }) => actions)
    expect(since(before).toSorted()).to.deep.equal([...broken].toSorted())
    expect([...evicted().twice]).to.deep.equal([])
    const there = new Set(await pods(those))
    expect(broken.filter((name) => there.has(name))).to.deep.equal([])
    expect(ended.filter(({ status }) => status?.outcome !== 'Effective').map(({ metadata, status }) => `${metadata.namespace}/${metadata.name}: ${status?.phase} ${status?.outcome} ${status?.result?.message}`)).to.deep.equal([])
  }
  /** What a place says of itself, whose pods were not all evicted; else nothing. */
  const untouched = (before: Evictions) => async (place: Place): Promise<string> => {
    const done = since(before).filter((name) => name.startsWith(`${place.namespace}/`))
    if (done.length >= PODS_EACH) return ''
    const [policy, actions, { spec }] = await Promise.all([place.policy(), place.actions(), place.ledger()])
    return `\n${place.namespace}: ${JSON.stringify({ done, status: policy.status, actions: actions.map((action) => [action.metadata.name, action.metadata.creationTimestamp, action.status]), spec })}`
  }
  const pods = async (of: readonly Place[]): Promise<readonly string[]> =>
    (await Promise.all(of.map(async ({ namespace }) => (await api.list(PODS, { namespace })).items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => `${namespace}/${metadata.name}`)))).flat()

  before('start a cluster and three controllers, and many workloads', async function () {
    this.timeout(900_000)
    cluster = await startCluster({ node: false })
    installation = await install(cluster, { controller: false, webhook: false })
    api = connect({ kubeconfig: cluster.kubeconfig, userAgent: 'e2e', timers: systemTimers, log: silentLogger })
    kubelet = new PlayedKubelet(api)
    kubelet.start()
    const [health, metrics] = cluster.sparePorts.slice(7, 9)
    const third = new Program(cluster, {
      name: 'kubeskippy-controller-3', entry: ['cli/main.ts', 'controller'], readyUrl: `http://127.0.0.1:${health}/readyz`, metricsUrl: `http://127.0.0.1:${metrics}/metrics`,
      flags: { 'health-probe-bind-address': `127.0.0.1:${health}`, 'metrics-bind-address': `127.0.0.1:${metrics}` },
    })
    replicas = [installation.controller, installation.secondController, third]
    await Promise.all(replicas.map(async (replica) => {
      await replica.start({ kubeconfig: installation.controllerKubeconfig(), ...FLAGS })
      await replica.ready()
    }))
    places = await settled(NAMESPACES, 'team')
  })
  const settled = async (count: number, prefix: string): Promise<readonly Place[]> => {
    const made = Array.from({ length: count }, (_, i) => new Place(api, kubelet, UNDER, `${prefix}-${i}`))
    await Promise.all(made.map(async (place) => {
      await place.settle()
      const { spec } = policyOf(UNDER, place.namespace) as { spec: { safetyRules: object } }
      const wide = { spec: { ...spec, safetyRules: { ...spec.safetyRules, healthCheckTimeout: '4m', maxActionsPerHour: PODS_EACH, maxConcurrent: PODS_EACH } } }
      await api.patch(HEALING_POLICIES, { namespace: place.namespace, name: 'heal' }, { type: 'merge', body: wide })
      await place.calm()
    }))
    return made
  }
  after(async () => {
    try {
      for (const replica of replicas ?? []) {
        await replica.kill('SIGCONT')
        await replica.stop()
      }
      await kubelet?.stop()
      await api?.close()
    } finally {
      await cluster?.stop()
    }
  })

  it('have two shards each, and none has two owners', async () => {
    await eventually(async () => {
      const all = await led()
      expect(all.map(({ length }) => length)).to.deep.equal([2, 2, 2])
      expect(all.flat().toSorted((a, b) => a - b)).to.deep.equal([0, 1, 2, 3, 4, 5])
    }, seconds(120))
  })

  it('heal each of many pods once while one of them is killed, whose shards are taken over within 20 s', async () => {
    const before = evicted()
    const broken = await pods(places)
    expect(broken).to.have.length(NAMESPACES * PODS_EACH)
    await Promise.all(places.map((place) => place.break()))
    await eventually(() => expect(since(before)).to.not.be.empty, seconds(120))
    const of = await holders()
    const [victim = installation.controller] = replicas
    const lost = await pairOf(victim)
    const dead = of[lost[0] ?? -1]
    expect(of.filter((holder) => holder === dead)).to.have.length(2)
    await victim.kill('SIGKILL')
    const from = performance.now()
    await eventually(async () => expect(await holders()).not.to.include(dead), seconds(60))
    const taken = performance.now() - from
    console.log(`      shards ${lost.join(' and ')} were taken over after ${(taken / 1000).toFixed(1)} s, ${since(before).length} of ${broken.length} pods evicted by then`)
    expect(taken).to.be.below(seconds(20))
    await healedOnce(places, broken, before)
  })

  it('heal once too what one of them was at when it stood still past its leases, and have it take part again', async () => {
    const [back = installation.controller, paused = installation.secondController] = replicas
    await back.start({ kubeconfig: installation.controllerKubeconfig(), ...FLAGS })
    await back.ready()
    await eventually(async () => expect((await led()).map(({ length }) => length)).to.deep.equal([2, 2, 2]), seconds(150))
    const fresh = await settled(NAMESPACES / 2, 'more')
    const before = evicted()
    const broken = await pods(fresh)
    await Promise.all(fresh.map((place) => place.break()))
    await eventually(() => expect(since(before)).to.not.be.empty, seconds(120))
    const dead = (await holders())[(await pairOf(paused))[0] ?? -1]
    await paused.kill('SIGSTOP')
    await eventually(async () => expect(await holders()).not.to.include(dead), seconds(60))
    await healedOnce(fresh, broken, before)
    await paused.kill('SIGCONT')
    await eventually(async () => expect((await led()).map(({ length }) => length)).to.deep.equal([2, 2, 2]), seconds(150))
    expect(since(before)).to.have.length(broken.length)
    expect([...evicted().twice]).to.deep.equal([])
  })

  describe('in the history of the API server', () => {
    let verdict: Verdict
    before(() => {
      verdict = judge(historyOfAudit(readFileSync(cluster.auditLog, 'utf8'), { until: systemClock.now(), limits: { ceiling: 60, namespace: 60, cluster: 200 } }), INVARIANTS)
    })
    for (const { invariant, title } of INVARIANTS) {
      it(`${invariant} holds: ${title}`, () => expect(tell(verdict.broken.filter((finding) => finding.invariant === invariant))).to.equal(''))
    }
  })
})
