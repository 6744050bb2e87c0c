import { expect } from 'chai'
import { DEPLOYMENTS, HEALING_LEDGERS, HEALING_POLICIES, POD_DISRUPTION_BUDGETS, PODS } from '../shared/kube/resources.ts'
import { IGNORE_ANNOTATION } from '../shared/api/v1alpha1/names.ts'
import type { ActionTemplate } from '../shared/api/v1alpha1/types.ts'
import { minutes, seconds } from '../shared/lib/time.ts'
import { buildActionTemplate, buildPolicy } from '../shared/testing/builders/objects.ts'
import type { Call } from '../shared/testing/fake-cluster/calls.ts'
import { NAMESPACE, Town } from './testing/town.ts'

const KEY = { namespace: NAMESPACE, name: 'cart' }
const safetyRules = { ...buildPolicy().spec.safetyRules, healthCheckTimeout: '1m', stabilizationWindow: '30s' }

describe('the whole controller, where all pods of a workload are renewed', () => {
  let town: Town
  afterEach(async () => {
    await town.stop()
  })

  const restart = (strategy: 'graceful' | 'recreate', rest: Partial<ActionTemplate> = {}): ActionTemplate => buildActionTemplate({ target: 'Workload', restartAction: { strategy }, ...rest })
  let replicas = 3
  const setUp = async (action: ActionTemplate, wanted = 3): Promise<void> => {
    replicas = wanted
    town = new Town({ spec: { actions: [action], safetyRules } })
    town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, spec: { replicas, template: {} } }))
    town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, status: { observedGeneration: o.metadata.generation, replicas, updatedReplicas: replicas } }))
    for (let i = 1; i < replicas; i++) town.pod('healthy')
    // Made in another second than the act begins in.
    await town.clock.advance(seconds(2))
  }
  const living = () => town.cluster.all(PODS).filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  let fewest = 3
  /** As the ReplicaSet does it: a pod that is gone is made anew. */
  const live = async (span: number, state: 'healthy' | 'broken' = 'healthy'): Promise<void> => {
    for (let passed = 0; passed < span; passed += 500) {
      await town.clock.advance(seconds(0.5))
      fewest = Math.min(fewest, living().length)
      while (living().length < replicas) town.pod(state)
    }
  }
  const isEviction = ({ subresource, dryRun }: Call): boolean => subresource === 'eviction' && !dryRun

  it('graceful: each pod once, one after another, and then it is verified', async () => {
    await setUp(restart('graceful'))
    const before = living().map(({ metadata }) => metadata.uid)
    fewest = 3
    await town.start()
    await live(minutes(3))
    expect(town.actions.map(({ status }) => `${status?.phase} ${status?.outcome}`)).to.deep.equal(['Succeeded Effective'])
    expect(town.evictions.toSorted()).to.deep.equal(before.toSorted())
    expect(fewest).to.equal(2)
    expect(town.actions[0]?.status?.result?.changes).to.have.length(6)
  })

  it('graceful: the only pod is gone for a while, and there is nothing by which the workload is selected then', async () => {
    await setUp(restart('graceful'), 1)
    await town.start()
    for (let i = 0; i < 100 && town.evictions.length < 1; i++) await town.clock.advance(seconds(0.5))
    await town.clock.advance(seconds(10))
    expect(town.actions[0]?.status?.result).to.include({ reason: 'InProgress', message: 'Deployment/cart has no pod yet' })
    await live(minutes(2))
    expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    expect(town.evictions).to.have.length(1)
  })

  it('graceful: every step is patient anew, and a budget that forbids a later one is told', async () => {
    await setUp(restart('graceful'))
    await town.start()
    for (let i = 0; i < 100 && town.evictions.length < 1; i++) await live(500)
    for (let i = 0; i < 100 && town.actions[0]?.status?.steps?.done !== 1; i++) await live(500)
    const told = (): string[] => town.events.filter(({ reason }) => reason === 'DisruptionBudget').map(({ note }) => note)
    const forbidding = async (span: number): Promise<number> => {
      const before = town.attempts
      town.cluster.seed(POD_DISRUPTION_BUDGETS, { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'all', namespace: NAMESPACE, generation: 1 }, spec: { minAvailable: 3, selector: { matchLabels: { app: 'cart' } } } })
      await live(span)
      town.cluster.drop(POD_DISRUPTION_BUDGETS, { namespace: NAMESPACE, name: 'all' })
      return town.attempts - before
    }
    // 2 s, 4 s, 8 s, and half of each more or less: between two and four tries, for the second pod as for the third.
    expect(await forbidding(seconds(9))).to.be.within(2, 4)
    expect(told()).to.have.length(1)
    for (let i = 0; i < 100 && town.evictions.length < 2; i++) await live(500)
    expect(await forbidding(seconds(11))).to.be.within(2, 5)
    expect(told()).to.have.length(2)
    await live(minutes(3))
    expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    expect(town.actions[0]?.status?.steps?.done).to.equal(3)
    // What the steps before have changed is not lost while one waits.
    expect(town.actions[0]?.status?.result?.changes).to.have.length(6)
  })

  it('graceful: a budget lets no pod go until the workload has recovered by itself, and then all of them stay', async () => {
    await setUp(restart('graceful'))
    town.budget('strict')
    town.cluster.change(POD_DISRUPTION_BUDGETS, { namespace: NAMESPACE, name: 'strict' }, (o) => ({ ...o, spec: { ...(o['spec'] as object), minAvailable: 3 } }))
    await town.start()
    await live(minutes(1))
    expect(town.actions[0]?.status?.result).to.include({ reason: 'DisruptionBudget' })
    for (const pod of living()) {
      const [, healthy] = living()
      town.cluster.change(PODS, pod.metadata, (o) => ({ ...o, status: healthy?.['status'] }))
    }
    await live(minutes(2))
    town.cluster.drop(POD_DISRUPTION_BUDGETS, { namespace: NAMESPACE, name: 'strict' })
    await live(minutes(5))
    expect(town.evictions).to.deep.equal([])
    expect(town.actions.map(({ status }) => `${status?.phase} ${status?.result?.reason}`)).to.deep.equal(['Cancelled TargetRecovered'])
  })

  it('graceful: goes on where its predecessor was killed, and evicts no pod twice', async () => {
    await setUp(restart('graceful'))
    const before = living().map(({ metadata }) => metadata.uid)
    await town.start()
    for (let i = 0; i < 100 && town.evictions.length < 2; i++) await live(500)
    town.crash('controller-1')
    await town.start('controller-2')
    await live(minutes(4))
    expect(town.evictions.toSorted()).to.deep.equal(before.toSorted())
    expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
  })

  it('graceful: a storm that begins on its way stops it, and what was done is not taken for nothing', async () => {
    await setUp(restart('graceful'))
    await town.start()
    for (let i = 0; i < 100 && town.evictions.length < 1; i++) await live(500)
    const ledger = town.cluster.all(HEALING_LEDGERS).find(({ metadata }) => metadata.name.startsWith('policy-'))
    town.cluster.change(HEALING_LEDGERS, { namespace: ledger?.metadata.namespace ?? '', name: ledger?.metadata.name ?? '' }, (o) => ({ ...o, spec: { ...(o['spec'] as object), storm: { since: '2030-01-01T00:00:00.000Z' } } }))
    await live(seconds(20))
    expect(town.actions.map(({ status }) => `${status?.phase} ${status?.outcome} ${status?.result?.reason}`)).to.deep.equal(['Failed Inconclusive StormGate'])
    expect(town.evictions).to.have.length(1)
    expect(town.ledger?.incidents.map(({ state }) => state)).to.deep.equal(['Open'])
  })

  it('graceful: a lost answer of an eviction is found out by the pods', async () => {
    await setUp(restart('graceful'))
    town.cluster.faults.add((call) => (isEviction(call) ? { when: 'after', answer: 'reset' } : undefined), 1)
    await town.start()
    await live(minutes(4))
    expect(town.evictions).to.have.length(3)
    expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
  })

  it('graceful: the other pods stay when the first replacement never becomes Ready', async () => {
    await setUp(restart('graceful'))
    await town.start()
    await live(minutes(3), 'broken')
    expect(town.evictions).to.have.length(1)
    expect(town.actions[0]?.status).to.include({ phase: 'Failed', outcome: 'Ineffective' })
    expect(town.actions[0]?.status?.result?.reason).to.equal('Stuck')
  })

  it('graceful: stops half-way when the workload opts out, and says so', async () => {
    await setUp(restart('graceful'))
    await town.start()
    for (let i = 0; i < 100 && town.evictions.length < 1; i++) await live(500)
    town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, metadata: { ...o.metadata, annotations: { [IGNORE_ANNOTATION]: 'true' } } }))
    await live(minutes(2))
    expect(town.evictions.length).to.be.lessThan(3)
    expect(town.actions[0]?.status).to.include({ phase: 'Failed', outcome: 'Inconclusive' })
    expect(town.actions[0]?.status?.result?.message).to.match(/^stopped on its way: /)
  })

  const optOut = () => {
    const last = living().at(-1)
    town.cluster.change(PODS, { namespace: NAMESPACE, name: last?.metadata.name ?? '' }, (o) => ({ ...o, metadata: { ...o.metadata, annotations: { [IGNORE_ANNOTATION]: 'true' } } }))
    return last?.metadata.uid
  }

  it('graceful: a pod that opted out keeps all of them', async () => {
    await setUp(restart('graceful'))
    optOut()
    await town.start()
    await live(minutes(2))
    expect(town.evictions).to.deep.equal([])
    expect(town.actions).to.deep.equal([])
    expect(town.policy.status?.lastDecision?.reason).to.equal('OptedOut')
  })

  it('graceful: a pod that opts out on its way stays', async () => {
    await setUp(restart('graceful'))
    await town.start()
    for (let i = 0; i < 100 && town.evictions.length < 1; i++) await live(500)
    const spared = optOut()
    await live(minutes(2))
    expect(town.evictions).to.not.include(spared)
    expect(town.actions[0]?.status).to.include({ phase: 'Failed', outcome: 'Inconclusive' })
  })

  it('recreate: pods that went before a budget forbade the next one stay in the record', async () => {
    await setUp(restart('recreate'))
    town.cluster.seed(POD_DISRUPTION_BUDGETS, { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'one', namespace: NAMESPACE, generation: 1 }, spec: { minAvailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow', selector: { matchLabels: { app: 'cart' } } } })
    await town.start()
    await live(seconds(10))
    town.decide('Approved')
    for (let i = 0; i < 100 && town.actions[0]?.status?.result?.reason !== 'DisruptionBudget'; i++) await town.clock.advance(seconds(0.05))
    expect(town.evictions).to.have.length(2)
    expect(town.actions[0]?.status?.result?.message).to.match(/^disruption budget one allows no eviction of Pod\/cart-1-/)
    expect(town.actions[0]?.status?.result?.changes?.map(({ field }) => field)).to.deep.equal(['cart-1-0: metadata.deletionTimestamp', 'cart-1-0: metadata.uid', 'cart-1-1: metadata.deletionTimestamp', 'cart-1-1: metadata.uid'])
  })

  /** Somebody opts the workload out while the answer to an eviction, or to its dry run, is on its way. */
  const optsOutAt = (which: (call: Call) => boolean): void => {
    let opted = false
    town.cluster.faults.add((call) => {
      if (!opted && call.subresource === 'eviction' && which(call)) {
        opted = true
        town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, metadata: { ...o.metadata, annotations: { [IGNORE_ANNOTATION]: 'true' } } }))
      }
      return undefined
    })
  }
  for (const strategy of ['graceful', 'recreate'] as const) it(`${strategy}: no pod goes once the workload itself has opted out after the dry run`, async () => {
    await setUp(restart(strategy))
    optsOutAt(({ dryRun }) => dryRun)
    await town.start()
    await live(seconds(10))
    if (strategy === 'recreate') town.decide('Approved')
    await live(minutes(1))
    expect(town.actions[0]?.status?.result?.reason).to.equal('OptedOut')
    expect(town.evictions).to.deep.equal([])
  })

  it('recreate: the pod that went before the workload opted out stays in the record, and no other goes', async () => {
    await setUp(restart('recreate'))
    optsOutAt(({ dryRun }) => !dryRun)
    await town.start()
    await live(seconds(10))
    town.decide('Approved')
    await live(minutes(1))
    expect(town.evictions).to.have.length(1)
    expect(town.actions[0]?.status?.result?.reason).to.equal('OptedOut')
    expect(town.actions[0]?.status?.result?.changes?.map(({ field }) => field)).to.deep.equal(['cart-1-0: metadata.deletionTimestamp', 'cart-1-0: metadata.uid'])
  })

  it('recreate: nobody does it alone', async () => {
    await setUp(restart('recreate'))
    await town.start()
    await live(minutes(1))
    expect(town.evictions).to.deep.equal([])
    expect(town.actions.map(({ spec, status }) => `${spec.approvalRequired} ${status?.phase}`)).to.deep.equal(['true Pending'])
    expect(town.cluster.all(HEALING_POLICIES)).to.have.length(1)
  })
})
