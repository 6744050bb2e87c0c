import { expect } from 'chai'
import type { ActionTemplate } from '../shared/api/v1alpha1/types.ts'
import { DEPLOYMENTS, POD_DISRUPTION_BUDGETS, PODS, STATEFUL_SETS } from '../shared/kube/resources.ts'
import { minutes, seconds } from '../shared/lib/time.ts'
import { buildActionTemplate, buildPolicy } from '../shared/testing/builders/objects.ts'
import type { Call } from '../shared/testing/fake-cluster/calls.ts'
import { NAMESPACE, Town } from './testing/town.ts'
import { OrderedSet } from './testing/ordered-set.ts'

const { restartAction: _, ...bare } = buildActionTemplate()
const patch = (text: string, type: 'strategic' | 'json', rest: Partial<ActionTemplate> = {}): ActionTemplate => ({ ...bare, type: 'patch', target: 'Workload', patchAction: { type, patch: text }, ...rest })
const memory = patch('spec: {template: {spec: {containers: [{name: app, resources: {limits: {memory: 2Gi}}}]}}}', 'strategic')
const note = (test: string): ActionTemplate => patch(`[{op: test, path: /metadata/annotations/note, value: ${test}}, {op: replace, path: /metadata/annotations/note, value: mended}]`, 'json')
const KEY = { namespace: NAMESPACE, name: 'cart' }

describe('the whole controller, where what it acts on is not what it was', () => {
  let town: Town
  afterEach(async () => {
    await town.stop()
  })

  const setUp = async (action: ActionTemplate, mode: 'automatic' | 'manual' = 'automatic'): Promise<void> => {
    town = new Town({ spec: { mode, actions: [action], safetyRules: { ...buildPolicy().spec.safetyRules, healthCheckTimeout: '30s', stabilizationWindow: '20s' } } })
    shape({ containers: [{ name: 'app', resources: { limits: { memory: '1Gi' } } }] }, { note: 'old' })
    await town.start()
  }
  const shape = (spec: object, annotations: Readonly<Record<string, string>> = {}): void => {
    town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, metadata: { ...o.metadata, annotations }, spec: { replicas: 1, template: { metadata: { labels: { app: 'cart' } }, spec } } }))
    town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, status: { observedGeneration: o.metadata.generation, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 } }))
  }
  const isPatch = ({ impersonate, verb }: Call): boolean => impersonate !== undefined && verb === 'patch'
  const written = (): number => town.cluster.journal.effects.filter(({ call }) => isPatch(call)).length
  const tries = (): number => town.cluster.journal.writes.filter(({ call }) => isPatch(call)).length
  const told = (): string => {
    const { phase, result } = town.actions[0]?.status ?? {}
    return `${phase} ${result?.reason}: ${result?.message}`
  }

  it('a patch whose test fails is judged anew once, and then it is over', async () => {
    await setUp(note('another'))
    await town.live(minutes(2))
    expect(told()).to.equal('Failed PatchFailed: the patch does not fit Deployment/cart as it is now: one of its tests fails, or one of its paths is not there')
    expect(tries()).to.equal(2)
    expect(town.ledger?.breaker.failures).to.equal(0)
  })

  it('a patch whose path is not there is the same', async () => {
    await setUp(patch('[{op: replace, path: /metadata/annotations/none, value: mended}]', 'json'))
    await town.live(minutes(2))
    expect(told()).to.match(/^Failed PatchFailed: /)
    expect(tries()).to.equal(2)
  })

  it('a patch that fits at the second look is made', async () => {
    await setUp(note('new'))
    // What the first try finds is changed before the next one.
    for (let i = 0; i < 100 && tries() < 1; i++) await town.clock.advance(seconds(0.05))
    town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, metadata: { ...o.metadata, annotations: { note: 'new' } } }))
    await town.live(seconds(10))
    expect(town.cluster.must(DEPLOYMENTS, KEY).metadata.annotations).to.deep.equal({ note: 'mended' })
  })

  it('a container that was renamed while a person thought about it is not made anew by the patch', async () => {
    await setUp(memory, 'manual')
    await town.live(seconds(10))
    shape({ containers: [{ name: 'main', resources: { limits: { memory: '1Gi' } } }] })
    town.decide('Approved')
    await town.live(seconds(20))
    expect(told()).to.equal('Cancelled TargetChanged: Deployment/cart is not what was asked about any more: container app is gone; container main is new')
    expect(written()).to.equal(0)
  })

  it('a workload that is deleted and made again while a person thinks about it is another one', async () => {
    await setUp(memory, 'manual')
    await town.live(seconds(10))
    town.cluster.drop(DEPLOYMENTS, KEY)
    town.cluster.seed(DEPLOYMENTS, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { ...KEY, uid: 'uid-again', labels: { app: 'cart' } } })
    town.decide('Approved')
    await town.live(seconds(20))
    expect(told()).to.equal('Cancelled TargetGone: Deployment/cart is another object now (uid uid-again)')
    expect(written()).to.equal(0)
  })

  it('a workload that is gone is said to be', async () => {
    await setUp(memory, 'manual')
    await town.live(seconds(10))
    town.cluster.drop(DEPLOYMENTS, KEY)
    town.decide('Approved')
    await town.live(seconds(20))
    expect(told()).to.equal('Cancelled TargetGone: Deployment/cart is gone')
  })

  it('a pod of the same name that came while a disruption budget forbade the eviction of its predecessor is left alone', async () => {
    town = new Town({ spec: { selector: { labelSelector: { matchLabels: { app: 'db' } } }, actions: [buildActionTemplate()], safetyRules: { ...buildPolicy().spec.safetyRules, maxUnhealthy: '100%' } } })
    const set = new OrderedSet(town)
    set.break(0)
    town.cluster.seed(POD_DISRUPTION_BUDGETS, { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'both', namespace: NAMESPACE, generation: 1 }, spec: { minAvailable: 2, selector: { matchLabels: { app: 'db' } } } })
    await town.start()
    await set.until(() => town.actions[0]?.status?.result?.reason === 'DisruptionBudget')
    town.cluster.drop(PODS, { namespace: NAMESPACE, name: 'db-0' })
    // The API server would answer 429 still, and not say that it is another pod.
    await set.live(minutes(1))
    expect(told()).to.match(/^Cancelled TargetGone: Pod\/db-0 is another object now \(uid /)
    expect(town.evictions).to.deep.equal([])
    expect(town.cluster.all(STATEFUL_SETS)).to.have.length(1)
  })
})
