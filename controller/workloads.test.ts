import { expect } from 'chai'
import { HEALER_ACCOUNT, serviceAccountUser } from '../shared/api/v1alpha1/names.ts'
import type { ActionTemplate } from '../shared/api/v1alpha1/types.ts'
import { DEPLOYMENTS, HEALING_ACTIONS, HORIZONTAL_POD_AUTOSCALERS, PODS } from '../shared/kube/resources.ts'
import { minutes, seconds, type Millis } from '../shared/lib/time.ts'
import { isObject } from '../shared/lib/json.ts'
import { buildActionTemplate } from '../shared/testing/builders/objects.ts'
import type { Call } from '../shared/testing/fake-cluster/calls.ts'
import { NAMESPACE, Town, type TownOptions } from './testing/town.ts'

const { restartAction: _, ...bare } = buildActionTemplate()
const rolling = buildActionTemplate({ target: 'Workload' })
const up: ActionTemplate = { ...bare, type: 'scale', scaleAction: { direction: 'up', minReplicas: 1, maxReplicas: 3 } }
const KEY = { namespace: NAMESPACE, name: 'cart' }

describe('the whole controller on workloads', () => {
  let town: Town
  afterEach(async () => {
    await town.stop()
  })

  const setUp = (actions: readonly ActionTemplate[], options: TownOptions = {}): Town => {
    const made = new Town({ ...options, spec: { ...options.spec, actions: [...actions] } })
    made.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, spec: { replicas: 1, template: {} } }))
    return made
  }
  const isWrite = ({ impersonate }: Call): boolean => impersonate !== undefined
  const written = (): string[] => town.cluster.journal.effects.filter(({ call }) => isWrite(call)).map(({ call }) => `${call.verb} ${call.resource.plural}${call.subresource === undefined ? '' : `/${call.subresource}`}`)

  /** The part of the Deployment's controller: a new template or number makes new pods, the old ones go. */
  const live = async (span: Millis, pod: 'healthy' | 'broken' = 'healthy'): Promise<void> => {
    for (let passed = 0; passed < span; passed += 500) {
      await town.clock.advance(seconds(0.5))
      const object = town.cluster.must(DEPLOYMENTS, KEY)
      const generation = object.metadata.generation ?? 0
      const { status = {}, spec } = object as { status?: { observedGeneration?: number; template?: unknown }; spec?: { replicas: number; template: unknown } }
      if (!isObject(spec) || status.observedGeneration === generation) continue
      if (JSON.stringify(spec.template) !== JSON.stringify(status.template ?? {})) {
        for (const { metadata } of town.cluster.all(PODS)) await town.cluster.client('admin').delete(PODS, { namespace: NAMESPACE, name: metadata.name })
      }
      for (let there = town.cluster.all(PODS).filter(({ metadata }) => metadata.deletionTimestamp === undefined).length; there < spec.replicas; there++) town.pod(pod)
      const counts = { replicas: spec.replicas, readyReplicas: spec.replicas, availableReplicas: spec.replicas, updatedReplicas: spec.replicas }
      town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, status: { observedGeneration: generation, template: spec.template, ...counts } }))
    }
  }

  it('restarts the whole with one patch of the template, made as the healer, dry-run first', async () => {
    town = setUp([rolling])
    await town.start()
    await live(minutes(4))
    const [action] = town.actions
    expect(action?.spec.targetResource).to.include({ kind: 'Deployment', name: 'cart', uid: 'uid-cart' })
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(written()).to.deep.equal(['patch deployments'])
    const calls = town.cluster.journal.writes.filter(({ call }) => isWrite(call)).map(({ call }) => call)
    expect(calls.map(({ dryRun }) => dryRun)).to.deep.equal([true, false])
    for (const { impersonate, userAgent } of calls) {
      expect(impersonate).to.equal(serviceAccountUser(NAMESPACE, HEALER_ACCOUNT))
      expect(userAgent).to.include(`${NAMESPACE}/${action?.metadata.name}`)
    }
  })

  it('is one act on the workload, however many of its pods are broken', async () => {
    town = setUp([rolling], { spec: { safetyRules: { maxActionsPerHour: 5, maxConcurrent: 5, maxUnhealthy: '100%', requireHealthCheck: true, healthCheckTimeout: '5m', approvalTimeout: '1h', stabilizationWindow: '1m', circuitBreaker: { failureThreshold: 3, openDuration: '10m' } } } })
    for (let i = 0; i < 3; i++) town.pod('broken')
    await town.start()
    await live(minutes(4))
    expect(town.actions).to.have.length(1)
    expect(written()).to.deep.equal(['patch deployments'])
  })

  it('writes the stamp once although its answer was lost', async () => {
    town = setUp([rolling])
    town.cluster.faults.add((call) => (isWrite(call) && !call.dryRun ? { when: 'after', answer: 'reset' } : undefined), 1)
    await town.start()
    await live(minutes(5))
    expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    expect(written()).to.deep.equal(['patch deployments'])
  })

  it('goes to the next rung when the rollout never becomes ready', async () => {
    town = setUp([{ ...rolling, name: 'first', priority: 1 }, { ...up, name: 'second', priority: 2 }])
    await town.start()
    await live(minutes(9), 'broken')
    expect(town.actions.map(({ spec, status }) => `${spec.action.name} ${status?.phase} ${status?.outcome}`)[0]).to.equal('first Failed Ineffective')
    expect(town.actions[1]?.spec.action.name).to.equal('second')
  })

  it('refuses to restart a paused Deployment, and the next rung follows', async () => {
    town = setUp([{ ...rolling, name: 'first', priority: 1 }, { ...buildActionTemplate(), name: 'second', priority: 2, target: 'Pod' }])
    town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, spec: { ...(o['spec'] as object), paused: true } }))
    await town.start()
    await town.live(minutes(4))
    expect(town.actions[0]?.status?.result).to.include({ success: false, reason: 'WorkloadPaused' })
    expect(written()).to.deep.equal(['create pods/eviction'])
  })

  it('does not scale what an autoscaler scales, and names it; a KEDA object by its own name', async () => {
    const scale: ActionTemplate = { name: 'more', type: 'scale', priority: 1, scaleAction: { direction: 'up', minReplicas: 1, maxReplicas: 5 } }
    town = setUp([scale])
    const hpa = (owner?: object) => ({
      apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'cart', namespace: NAMESPACE, ...(owner === undefined ? {} : { ownerReferences: [owner] }) },
      spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' }, maxReplicas: 9 },
    })
    town.cluster.seed(HORIZONTAL_POD_AUTOSCALERS, hpa() as never)
    await town.start()
    await live(minutes(1))
    expect(town.policy.status?.lastDecision).to.include({ kind: 'Blocked', reason: 'OwnedElsewhere' })
    expect(town.policy.status?.lastDecision?.message).to.contain('HorizontalPodAutoscaler/cart scales Deployment/cart')
    town.cluster.drop(HORIZONTAL_POD_AUTOSCALERS, KEY)
    town.cluster.seed(HORIZONTAL_POD_AUTOSCALERS, hpa({ apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', name: 'orders', uid: 'u', controller: true }) as never)
    town.pod('broken')
    await live(minutes(1))
    expect(town.policy.status?.lastDecision?.message).to.contain('ScaledObject/orders scales Deployment/cart')
    expect([town.actions, written()]).to.deep.equal([[], []])
    town.cluster.drop(HORIZONTAL_POD_AUTOSCALERS, KEY)
    town.pod('broken')
    await live(minutes(1))
    // More than once when it was taken back.
    expect(written()[0]).to.equal('patch deployments/scale')
  })

  it('patches fields, notes them before the write, and finds out a lost answer by them', async () => {
    const patch: ActionTemplate = { ...bare, type: 'patch', target: 'Workload', patchAction: { type: 'merge', patch: 'metadata: {annotations: {slow: "yes"}}\nspec: {template: {metadata: {annotations: {kubectl.kubernetes.io/restartedAt: "yes"}}}}' } }
    town = setUp([patch])
    town.cluster.faults.add((call) => (isWrite(call) && !call.dryRun ? { when: 'after', answer: 'reset' } : undefined), 1)
    await town.start()
    await live(minutes(5))
    const [action] = town.actions
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(written()).to.deep.equal(['patch deployments'])
    expect(action?.status?.intent).to.deep.equal([
      { path: '/metadata/annotations/slow', after: '"yes"' },
      { path: '/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt', after: '"yes"' },
    ])
  })

  it('refuses what a webhook makes of a patch', async () => {
    const patch: ActionTemplate = { ...bare, type: 'patch', target: 'Workload', patchAction: { type: 'merge', patch: 'metadata: {annotations: {a: b}}' } }
    town = setUp([patch], { admit: (object) => ({ ...object, spec: { ...(object['spec'] as object), template: { spec: { hostNetwork: true } } } }) })
    await town.start()
    await live(minutes(1))
    expect(town.actions[0]?.status?.result).to.deep.include({ success: false, reason: 'Unsupported' })
    expect(town.actions[0]?.status?.result?.message).to.include('spec.template.spec.hostNetwork is not patched')
    expect(written()).to.deep.equal([])
  })

  it('asks for the rights of the planned action only', async () => {
    town = setUp([rolling], { healerMay: false })
    await town.start()
    await live(minutes(1))
    expect(town.actions).to.deep.equal([])
    expect(town.policy.status?.lastDecision).to.include({ reason: 'HealerForbidden' })
    const asked = town.cluster.journal.writes.filter(({ call }) => call.resource.plural === 'subjectaccessreviews').map(({ body }) => (body as { spec: { resourceAttributes: { verb: string; resource: string } } }).spec.resourceAttributes)
    expect(new Set(asked.map(({ verb, resource }) => `${verb} ${resource}`))).to.deep.equal(new Set(['patch deployments']))
  })

  it('does not take the number of somebody else for its own remedy', async () => {
    town = setUp([up])
    await town.start()
    for (let i = 0; i < 100 && written().length === 0; i++) await live(seconds(0.5))
    expect(written()).to.deep.equal(['patch deployments/scale'])
    for (const { metadata } of town.cluster.all(PODS)) town.cluster.drop(PODS, { namespace: NAMESPACE, name: metadata.name })
    town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, spec: { ...(o['spec'] as object), replicas: 3 }, status: { ...(o['status'] as object), replicas: 3, readyReplicas: 3, availableReplicas: 3, updatedReplicas: 3 } }))
    for (let there = 0; there < 3; there++) town.pod('healthy')
    await live(minutes(5))
    expect(town.actions[0]?.status).to.include({ phase: 'Failed', outcome: 'Inconclusive' })
    expect(town.actions[0]?.status?.result).to.include({ reason: 'TargetChanged', message: 'it was scaled to 2, and somebody else has set 3 replicas since' })
  })

  it('leaves what a custom resource controls to its operator, and names both', async () => {
    const graceful: ActionTemplate = { ...rolling, restartAction: { strategy: 'graceful', maxConcurrent: 1 } }
    town = setUp([graceful])
    const owner = { apiVersion: 'shop.example.com/v1', kind: 'Shop', name: 'cart', uid: 'uid-shop', controller: true }
    town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, metadata: { ...o.metadata, ownerReferences: [owner] } }))
    await town.start()
    await live(minutes(3))
    expect(town.policy.status?.lastDecision).to.include({ kind: 'Blocked', reason: 'OwnedElsewhere' })
    expect(town.policy.status?.lastDecision?.message).to.contain('Shop/cart controls Deployment/cart')
    expect([town.actions, written()]).to.deep.equal([[], []])
  })

  describe('when a rollout begins between the decision and the act', () => {
    const rolledOut = (): void => {
      const { generation } = town.cluster.must(DEPLOYMENTS, KEY).metadata
      town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, status: { observedGeneration: generation, template: (o['spec'] as { template: unknown }).template, replicas: 1, readyReplicas: 1, availableReplicas: 1, updatedReplicas: 1 } }))
    }
    const rollsOutOnceDecided = (): void => {
      let begun = false
      rolledOut()
      town.cluster.faults.add(({ verb, resource }) => {
        if (!begun && verb === 'create' && resource === HEALING_ACTIONS) {
          begun = true
          town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, status: { ...(o['status'] as object), updatedReplicas: 0 } }))
        }
        return undefined
      })
    }

    it('waits for its end, and then acts', async () => {
      town = setUp([rolling])
      rollsOutOnceDecided()
      await town.start()
      await town.live(minutes(2))
      expect(town.actions.map(({ status }) => status?.result?.reason)).to.deep.equal(['RolloutInProgress'])
      // Told once, however often it is looked at again.
      expect(town.events.filter(({ reason }) => reason === 'RolloutInProgress')).to.have.length(1)
      expect(written()).to.deep.equal([])
      rolledOut()
      await live(minutes(4))
      expect(town.actions.map(({ status }) => `${status?.phase} ${status?.outcome}`)).to.deep.equal(['Succeeded Effective'])
      expect(written()).to.deep.equal(['patch deployments'])
    })

    it('is cancelled at its timeout without going on to the next rung', async () => {
      town = setUp([{ ...rolling, name: 'first', priority: 1 }, { ...buildActionTemplate(), name: 'second', priority: 2, target: 'Pod' }])
      rollsOutOnceDecided()
      await town.start()
      await town.live(minutes(12))
      expect(town.actions[0]?.status).to.include({ phase: 'Cancelled' })
      expect(town.actions[0]?.status?.result).to.include({ reason: 'RolloutInProgress' })
      expect(town.actions.map(({ spec }) => spec.action.name)).to.deep.equal(['first'])
      expect(town.policy.status?.lastDecision).to.include({ reason: 'RolloutInProgress' })
      expect(written()).to.deep.equal([])
    })
  })
})
