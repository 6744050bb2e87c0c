import { expect } from 'chai'
import { IGNORE_ANNOTATION, KILL_SWITCH, OPERATOR_NAMESPACE } from '../shared/api/v1alpha1/names.ts'
import type { ActionTemplate } from '../shared/api/v1alpha1/types.ts'
import { CONFIG_MAPS, POD_DISRUPTION_BUDGETS, PODS } from '../shared/kube/resources.ts'
import { minutes, seconds } from '../shared/lib/time.ts'
import { buildActionTemplate, buildPolicy } from '../shared/testing/builders/objects.ts'
import type { Call } from '../shared/testing/fake-cluster/calls.ts'
import { OrderedSet, toText } from './testing/ordered-set.ts'
import { NAMESPACE, Town } from './testing/town.ts'

const { restartAction: _, ...bare } = buildActionTemplate()
const restart = buildActionTemplate({ target: 'Workload' })
const patch: ActionTemplate = { ...bare, type: 'patch', target: 'Workload', patchAction: { type: 'strategic', patch: 'spec: {template: {metadata: {annotations: {note: x}}, spec: {containers: [{name: app, resources: {limits: {memory: 2Gi}}}]}}}' } }
const secret: ActionTemplate = { ...bare, type: 'patch', target: 'Workload', patchAction: { type: 'strategic', patch: 'spec: {template: {spec: {containers: [{name: app, env: [{name: LOG_LEVEL, value: debug}]}]}}}' } }
const safetyRules = { ...buildPolicy().spec.safetyRules, healthCheckTimeout: '30s', stabilizationWindow: '20s', maxUnhealthy: '100%' }
const isWrite = ({ impersonate, dryRun }: Call): boolean => impersonate !== undefined && !dryRun

describe('the whole controller, where a StatefulSet gets a new template', () => {
  let town: Town
  let set: OrderedSet
  afterEach(async () => {
    await town.stop()
  })

  const setUp = async (action: ActionTemplate, { replicas = 2, broken = [0] as readonly number[] } = {}): Promise<void> => {
    town = new Town({ spec: { selector: { labelSelector: { matchLabels: { app: 'db' } } }, actions: [action], safetyRules } })
    set = new OrderedSet(town, replicas)
    for (const ordinal of broken) set.break(ordinal)
    // Made in another second than the act begins in.
    await town.clock.advance(seconds(2))
  }
  /** `patch statefulsets`, `evict db-0` of each write that changed something. */
  const written = (): string[] =>
    town.cluster.journal.effects.filter(({ call }) => isWrite(call)).map(({ call }) => (call.subresource === 'eviction' ? `evict ${call.name}` : `${call.verb} ${call.resource.plural}`))
  const ended = (): string => town.actions.map(({ status }) => `${status?.phase} ${status?.outcome}`).join(', ')
  const message = (): string => town.actions[0]?.status?.result?.message ?? ''
  const template = (): string => toText(set.template)

  it('evicts the pod that keeps it from rolling out, once it is seen, and the others are its controller\'s', async () => {
    await setUp(restart, { replicas: 3, broken: [1] })
    await town.start()
    await set.live(minutes(3))
    expect(ended()).to.equal('Succeeded Effective')
    expect(written()).to.deep.equal(['patch statefulsets', 'evict db-1'])
    expect(set.outdated).to.deep.equal([])
    expect(town.actions[0]?.status?.steps?.done).to.equal(2)
    expect(town.actions[0]?.status?.result?.changes?.map(({ field }) => field)).to.deep.equal(['spec.template.metadata.annotations[kubeskippy.io/restarted-by]', 'db-1: metadata.deletionTimestamp', 'db-1: metadata.uid'])
  })

  it('evicts nothing before the new template is seen: the pod would be made as it was', async () => {
    await setUp(restart)
    await town.start()
    set.awake = false
    await set.until(() => written().length === 1)
    await set.live(seconds(20))
    expect(written()).to.deep.equal(['patch statefulsets'])
    set.awake = true
    await set.live(minutes(2))
    expect(ended()).to.equal('Succeeded Effective')
    expect(written()).to.deep.equal(['patch statefulsets', 'evict db-0'])
  })

  it('evicts several broken pods one after another, each replacement Ready before the next', async () => {
    await setUp(restart, { replicas: 3, broken: [0, 2] })
    await town.start()
    await set.live(minutes(3))
    expect(written()).to.deep.equal(['patch statefulsets', 'evict db-0', 'evict db-2'])
    expect(ended()).to.equal('Succeeded Effective')
  })

  for (const [title, action] of [['a restart', restart], ['a patch', patch], ['a patch whose values are not kept', secret]] as const) {
    for (const steps of [0, 1] as const) {
      it(`${title} goes on where its predecessor was killed, with ${steps} of its steps written down, and writes nothing twice`, async () => {
        await setUp(action)
        // What it has written is there; what it would write down of it is not.
        let landed = 0
        town.cluster.faults.add((call) => {
          if (isWrite(call) && call.user === 'controller-1') landed += 1
          return call.user === 'controller-1' && landed > steps && !isWrite(call) && ['patch', 'update', 'create'].includes(call.verb) && call.impersonate === undefined ? { when: 'before', answer: 'reset' } : undefined
        })
        await town.start()
        await set.until(() => written().length > steps)
        town.crash('controller-1')
        await town.start('controller-2')
        await set.live(minutes(3))
        expect(written()).to.deep.equal(['patch statefulsets', 'evict db-0'])
        expect(ended()).to.equal('Succeeded Effective')
        expect(set.outdated).to.deep.equal([])
      })
    }
  }

  it('waits for a person who was told of the evictions, and is not held up by what it changes itself', async () => {
    await setUp({ ...restart, requiresApproval: true })
    await town.start()
    await set.until(() => town.actions[0]?.status?.result?.reason === 'PendingApproval')
    expect(town.actions[0]?.spec.changes?.map(({ field }) => field)).to.deep.equal(['spec.template.metadata.annotations[kubeskippy.io/restarted-by]', 'pods that are not Ready'])
    town.decide('Approved')
    await set.live(minutes(3))
    expect(written()).to.deep.equal(['patch statefulsets', 'evict db-0'])
    expect(ended()).to.equal('Succeeded Effective')
  })

  it('finds out by reading that the template was written, when the answer was lost', async () => {
    await setUp(restart)
    town.cluster.faults.add((call) => (isWrite(call) ? { when: 'after', answer: 'reset' } : undefined), 1)
    await town.start()
    await set.live(minutes(3))
    expect(written()).to.deep.equal(['patch statefulsets', 'evict db-0'])
    expect(ended()).to.equal('Succeeded Effective')
  })

  it('takes a patch back that did not help, and makes the pods anew that got it, not those that did not', async () => {
    await setUp(patch, { replicas: 3, broken: [1] })
    const before = template()
    const untouched = set.pods.filter(({ metadata }) => metadata.name !== 'db-1').map(({ metadata }) => metadata.uid)
    set.works = ({ spec }) => spec.containers[0]?.resources.limits['memory'] === '1Gi'
    await town.start()
    await set.live(minutes(4))
    expect(ended()).to.equal('Failed Reverted')
    expect(template()).to.equal(before)
    expect(written()).to.deep.equal(['patch statefulsets', 'evict db-1', 'patch statefulsets', 'evict db-1'])
    expect(town.actions[0]?.status?.undo?.evicts?.map(({ name }) => name)).to.deep.equal(['db-1'])
    expect(set.outdated).to.deep.equal([])
    expect(set.pods.map(({ metadata }) => metadata.uid)).to.include.members(untouched)
  })

  it('the same of one that got all pods and was judged afterwards', async () => {
    await setUp(patch, { replicas: 1 })
    set.works = ({ spec }) => spec.containers[0]?.resources.limits['memory'] === '1Gi'
    await town.start()
    await set.live(minutes(4))
    expect(ended()).to.equal('Failed Reverted')
    expect(written()).to.deep.equal(['patch statefulsets', 'evict db-0', 'patch statefulsets', 'evict db-0'])
    expect(set.outdated).to.deep.equal([])
  })

  it('goes on with the pods of an undo where its predecessor was killed', async () => {
    await setUp(patch, { replicas: 1 })
    set.works = ({ spec }) => spec.containers[0]?.resources.limits['memory'] === '1Gi'
    await town.start()
    await set.until(() => written().length === 3)
    town.crash('controller-1')
    await town.start('controller-2')
    await set.live(minutes(2))
    expect(ended()).to.equal('Failed Reverted')
    expect(written()).to.deep.equal(['patch statefulsets', 'evict db-0', 'patch statefulsets', 'evict db-0'])
    expect(set.outdated).to.deep.equal([])
  })

  it('says so when a pod keeps what was taken back, and who forbids that it goes', async () => {
    await setUp(patch, { replicas: 1 })
    set.works = ({ spec }) => spec.containers[0]?.resources.limits['memory'] === '1Gi'
    await town.start()
    await set.until(() => written().length === 2)
    town.cluster.seed(POD_DISRUPTION_BUDGETS, { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'keep', namespace: NAMESPACE, generation: 1 }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'db' } } } })
    await set.live(minutes(4))
    expect(ended()).to.equal('Failed Ineffective')
    expect(message()).to.match(/; the template was taken back, but not all pods have it: Pod\/db-0 could not be evicted in time, where disruption budget keep has a say$/)
    expect(written()).to.deep.equal(['patch statefulsets', 'evict db-0', 'patch statefulsets'])
  })

  it('says so at once when two disruption budgets select it, and tries nothing', async () => {
    await setUp(patch, { replicas: 1 })
    set.works = ({ spec }) => spec.containers[0]?.resources.limits['memory'] === '1Gi'
    await town.start()
    await set.until(() => written().length === 2)
    for (const name of ['one', 'two']) town.cluster.seed(POD_DISRUPTION_BUDGETS, { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name, namespace: NAMESPACE, generation: 1 }, spec: { minAvailable: 0, selector: { matchLabels: { app: 'db' } } } })
    const before = town.attempts
    await set.live(minutes(4))
    expect(message()).to.match(/; the template was taken back, but not all pods have it: one and two both select Pod\/db-0, which the eviction API does not support$/)
    expect(town.attempts).to.equal(before)
  })

  it('stops on its way when somebody else changes what it wrote', async () => {
    await setUp(patch)
    await town.start()
    set.awake = false
    await set.until(() => written().length === 1)
    set.edit((o) => ({ ...o, spec: { ...(o['spec'] as object), template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'app', resources: { limits: { memory: '3Gi' } } }] } } } }))
    await set.live(seconds(3))
    expect(town.actions[0]?.status).to.include({ phase: 'Failed', outcome: 'Inconclusive' })
    expect(message()).to.equal('stopped on its way: somebody else has changed StatefulSet/db')
    expect(written()).to.deep.equal(['patch statefulsets'])
  })

  it('evicts nothing of a pod that has opted out meanwhile', async () => {
    await setUp(restart)
    await town.start()
    set.awake = false
    await set.until(() => written().length === 1)
    town.cluster.change(PODS, { namespace: NAMESPACE, name: 'db-0' }, (o) => ({ ...o, metadata: { ...o.metadata, annotations: { [IGNORE_ANNOTATION]: 'true' } } }))
    set.awake = true
    await set.live(seconds(30))
    expect(ended()).to.equal('Failed Inconclusive')
    expect(message()).to.match(/^stopped on its way: .*opted out/)
    expect(written()).to.deep.equal(['patch statefulsets'])
  })

  it('evicts nothing once the kill switch is on', async () => {
    await setUp(restart)
    await town.start()
    set.awake = false
    await set.until(() => written().length === 1)
    town.cluster.seed(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: KILL_SWITCH, namespace: OPERATOR_NAMESPACE } })
    set.awake = true
    await set.live(seconds(30))
    expect(ended()).to.equal('Failed Inconclusive')
    expect(written()).to.deep.equal(['patch statefulsets'])
  })

  it('is not begun when two disruption budgets select the pod that would have to go', async () => {
    await setUp(restart)
    for (const name of ['one', 'two']) town.cluster.seed(POD_DISRUPTION_BUDGETS, { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name, namespace: NAMESPACE, generation: 1 }, spec: { minAvailable: 0, selector: { matchLabels: { app: 'db' } } } })
    await town.start()
    await set.live(seconds(30))
    expect(town.actions[0]?.status?.result).to.include({ reason: 'SeveralDisruptionBudgets', message: 'one and two both select Pod/db-0, which the eviction API does not support' })
    expect(written()).to.deep.equal([])
  })
})
