/** Custom resources that are scaled, in the whole controller: what is written, who has a say, and what is said of what cannot be known. */
import { expect } from 'chai'
import { HEALER_ACCOUNT, serviceAccountUser } from '../shared/api/v1alpha1/names.ts'
import type { ActionTemplate, HealingPolicySpec } from '../shared/api/v1alpha1/types.ts'
import type { KubeManifest, Resource } from '../shared/kube/api.ts'
import { DEPLOYMENTS, HORIZONTAL_POD_AUTOSCALERS, PODS, SCALED_OBJECTS } from '../shared/kube/resources.ts'
import { formatInstant, minutes, seconds, type Millis } from '../shared/lib/time.ts'
import { buildTrigger } from '../shared/testing/builders/objects.ts'
import type { Call } from '../shared/testing/fake-cluster/calls.ts'
import type { ScalePaths } from '../shared/testing/fake-cluster/definitions.ts'
import { NAMESPACE, Town, type TownOptions } from './testing/town.ts'

const CACHES: Resource = { group: 'example.com', version: 'v1', kind: 'CacheCluster', plural: 'cacheclusters', namespaced: true }
const PATHS: ScalePaths = { spec: ['spec', 'size'], status: ['status', 'nodes'], selector: ['status', 'pods'] }
const KEY = { namespace: NAMESPACE, name: 'sessions' }
const more: ActionTemplate = { name: 'more', type: 'scale', priority: 1, scaleAction: { direction: 'up', minReplicas: 1, maxReplicas: 5 } }

const spec: Partial<HealingPolicySpec> = {
  selector: { labelSelector: { matchLabels: { app: 'sessions' } }, resources: [{ apiVersion: 'example.com/v1', kind: 'CacheCluster' }] },
  triggers: [buildTrigger({ name: 'degraded', cooldownPeriod: '0s', conditionTrigger: { type: 'Ready', status: 'False', duration: '10s' } })],
  actions: [more],
}

const path = ({ resource, subresource }: Call): string => `${resource.plural}${subresource === undefined ? '' : `/${subresource}`}`
/** As the aggregated role of whoever installed the definition grants it. */
const GRANTED = new Set(['list cacheclusters', 'watch cacheclusters', 'get cacheclusters', 'get cacheclusters/scale', 'impersonate-on:serviceaccount:patch cacheclusters/scale'])
const grants = (call: Call, but: readonly string[] = []): boolean => {
  const asked = `${call.impersonate === undefined ? '' : 'impersonate-on:serviceaccount:'}${call.verb} ${path(call)}`
  return call.resource.group === CACHES.group && GRANTED.has(asked) && !but.includes(asked)
}

describe('custom resources with a scale in the whole controller', () => {
  let town: Town
  let answers: 'Ready' | 'Scaled' | 'Nothing'
  afterEach(async () => {
    await town.stop()
  })

  const now = (): string => formatInstant(town.clock.now())
  const ready = (status: 'True' | 'False'): object[] => [{ type: 'Ready', status, lastTransitionTime: now(), reason: 'Because' }]
  const cache = (content: { readonly spec?: object; readonly status?: object; readonly metadata?: object } = {}): KubeManifest & Readonly<Record<string, unknown>> => ({
    apiVersion: 'example.com/v1',
    kind: 'CacheCluster',
    metadata: { ...KEY, labels: { app: 'sessions' }, uid: 'uid-sessions', ...content.metadata },
    spec: { size: 3, zone: 'a', ...content.spec },
    status: { nodes: 3, conditions: ready('False'), ...content.status },
  })
  const setUp = (options: TownOptions = {}, object: Parameters<typeof cache>[0] = {}, paths: ScalePaths | undefined = PATHS): Town => {
    answers = 'Ready'
    town = new Town({ allow: (call) => grants(call), ...options, spec: { ...spec, ...options.spec } })
    town.cluster.definitions.define(CACHES, paths)
    town.cluster.seed(CACHES, cache(object))
    return town
  }
  const size = (): unknown => (town.cluster.must(CACHES, KEY) as unknown as { spec: { size?: number } }).spec.size

  /** The part of its operator: as many nodes as wanted, and with more of them it is Ready. */
  const live = async (span: Millis): Promise<void> => {
    for (let passed = 0; passed < span; passed += 500) {
      await town.clock.advance(seconds(0.5))
      const { spec: wanted, status } = town.cluster.must(CACHES, KEY) as unknown as { spec: { size: number }; status: { nodes: number } }
      if (answers === 'Nothing' || wanted.size === status.nodes) continue
      town.cluster.change(CACHES, KEY, (o) => ({ ...o, status: { ...(o['status'] as object), nodes: wanted.size, ...(answers === 'Ready' ? { conditions: ready('True') } : {}) } }))
    }
  }
  const calls = (): Call[] => town.cluster.journal.writes.map(({ call }) => call).filter(({ impersonate }) => impersonate !== undefined)
  const written = (): string[] => town.cluster.journal.effects.map(({ call }) => call).filter(({ impersonate }) => impersonate !== undefined).map((call) => `${call.verb} ${path(call)}`)
  const decision = (): string => `${town.policy.status?.lastDecision?.reason}: ${town.policy.status?.lastDecision?.message}`

  it('are scaled by one write of the scale as the healer, dry-run first, and healthy when their status follows and the trigger is quiet', async () => {
    setUp()
    await town.start()
    await live(minutes(4))
    const [action] = town.actions
    expect(action?.spec.targetResource).to.include({ apiVersion: 'example.com/v1', kind: 'CacheCluster', name: 'sessions', uid: 'uid-sessions' })
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(action?.status?.result?.message).to.include('whether its 4 replicas are Ready nobody tells: its scale names no pods')
    expect(action?.status?.result?.changes?.map(({ field, oldValue, newValue }) => [field, oldValue, newValue])).to.deep.equal([['spec.replicas', '3', '4']])
    expect(written()).to.deep.equal(['patch cacheclusters/scale'])
    expect(calls().map(({ dryRun, impersonate }) => [dryRun, impersonate])).to.deep.equal([true, false].map((dry) => [dry, serviceAccountUser(NAMESPACE, HEALER_ACCOUNT)]))
    expect((town.cluster.must(CACHES, KEY) as unknown as { spec: object }).spec).to.deep.equal({ size: 4, zone: 'a' })
  })

  it('whose status never follows are scaled back: Reverted, as many as before', async () => {
    setUp()
    answers = 'Nothing'
    await town.start()
    await live(minutes(7))
    expect(town.actions[0]?.status).to.include({ phase: 'Failed', outcome: 'Reverted' })
    expect(town.actions[0]?.status?.result?.message).to.include('condition Ready is False')
    expect(written()).to.deep.equal(['patch cacheclusters/scale', 'patch cacheclusters/scale'])
    expect(size()).to.equal(3)
  })

  it('with pods that their scale names are healthy when the new ones are Ready', async () => {
    setUp({}, { status: { pods: 'part=cache' } })
    const pod = (name: string, status: 'True' | 'False'): void =>
      void town.cluster.seed(PODS, { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: NAMESPACE, labels: { part: 'cache' } }, spec: {}, status: { phase: 'Running', conditions: [{ type: 'Ready', status, lastTransitionTime: now() }] } })
    pod('sessions-0', 'True')
    await town.start()
    while (size() === 3) await live(seconds(0.5))
    pod('sessions-1', 'False')
    await live(minutes(2))
    expect(town.actions[0]?.status?.phase, JSON.stringify(town.actions[0]?.status?.result)).to.equal('Verifying')
    town.cluster.change(PODS, { namespace: NAMESPACE, name: 'sessions-1' }, (o) => ({ ...o, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: now() }] } }))
    await live(minutes(2.5))
    expect(town.actions[0]?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(town.actions[0]?.status?.result?.message).to.include('sessions-1 healthy').and.not.include('nobody tells')
  })

  it('are scaled for the pods that they own', async () => {
    setUp({ spec: { selector: { labelSelector: { matchLabels: { part: 'cache' } }, resources: [{ apiVersion: 'v1', kind: 'Pod' }] }, triggers: [buildTrigger({ name: 'degraded', conditionTrigger: { type: 'Ready', status: 'False', duration: '10s' } })] } })
    const owner = { apiVersion: 'example.com/v1', kind: 'CacheCluster', name: 'sessions', uid: 'uid-sessions', controller: true }
    town.cluster.seed(PODS, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'sessions-0', namespace: NAMESPACE, labels: { part: 'cache' }, ownerReferences: [owner] }, spec: {}, status: { phase: 'Running', conditions: ready('False') } })
    await town.start()
    await live(minutes(1))
    expect(town.actions[0]?.spec.targetResource).to.include({ kind: 'CacheCluster', name: 'sessions' })
    expect(written()).to.deep.equal(['patch cacheclusters/scale'])
  })

  const autoscaler = (resource: Resource, target: object): KubeManifest & Readonly<Record<string, unknown>> => ({ apiVersion: `${resource.group}/${resource.version}`, kind: resource.kind, metadata: { name: 'auto', namespace: NAMESPACE }, spec: { scaleTargetRef: target } })
  const itself = { apiVersion: 'example.com/v1', kind: 'CacheCluster', name: 'sessions' }
  for (const resource of [HORIZONTAL_POD_AUTOSCALERS, SCALED_OBJECTS]) {
    it(`that a ${resource.kind} scales are left to it, and it is named; one of another group does not matter`, async () => {
      setUp()
      town.cluster.seed(resource, autoscaler(resource, itself))
      await town.start()
      await live(minutes(1))
      expect(decision()).to.equal(`OwnedElsewhere: ${resource.kind}/auto scales CacheCluster/sessions`)
      expect([town.actions, calls()]).to.deep.equal([[], []])
      town.cluster.change(resource, { namespace: NAMESPACE, name: 'auto' }, (o) => ({ ...o, spec: { scaleTargetRef: { ...itself, apiVersion: 'example.org/v1' } } }))
      town.cluster.change(CACHES, KEY, (o) => ({ ...o, metadata: { ...o.metadata, labels: { app: 'sessions', seen: 'again' } } }))
      await live(minutes(1))
      expect(written()).to.deep.equal(['patch cacheclusters/scale'])
    })
  }

  it('that another object controls are left to it: it is asked in their place, and has no scale', async () => {
    setUp({}, { metadata: { ownerReferences: [{ apiVersion: 'example.com/v1', kind: 'Platform', name: 'shop', uid: 'u', controller: true }] } })
    await town.start()
    await live(minutes(1))
    expect(decision()).to.equal('Unsupported: CacheCluster/sessions: the API server knows no kind example.com/v1 Platform: its definition is not installed')
    expect([town.actions, calls()]).to.deep.equal([[], []])
  })

  it('without a scale subresource are not scaled, and the policy says why', async () => {
    setUp({}, {}, undefined)
    town.cluster.definitions.define(CACHES)
    await town.start()
    await live(minutes(1))
    expect(decision()).to.equal('Unsupported: CacheCluster/sessions: example.com/v1 CacheCluster has no scale subresource: its definition tells of none')
    expect([town.actions, calls()]).to.deep.equal([[], []])
  })

  it('without a scale leave what they control to their operator, and both are named', async () => {
    setUp({ spec: { selector: { labelSelector: { matchLabels: { app: 'cart' } } }, triggers: [buildTrigger({ name: 'crash', conditionTrigger: { type: 'CrashLoopBackOff', status: 'True', duration: '5s' } })] } })
    town.cluster.definitions.define(CACHES)
    const owner = { apiVersion: 'example.com/v1', kind: 'CacheCluster', name: 'sessions', uid: 'uid-sessions', controller: true }
    town.cluster.change(DEPLOYMENTS, { namespace: NAMESPACE, name: 'cart' }, (o) => ({ ...o, metadata: { ...o.metadata, ownerReferences: [owner] } }))
    await town.start()
    await live(minutes(1))
    expect(decision()).to.equal('OwnedElsewhere: Pod/cart-1-0: CacheCluster/sessions controls Deployment/cart, and scale is not for it: change it there')
    expect([town.actions, calls()]).to.deep.equal([[], []])
  })

  for (const [title, object, message] of [
    ['that somebody has scaled to 0 are left there', { spec: { size: 0 } }, 'CacheCluster/sessions was scaled to 0 by somebody'],
    ['whose number is not set have none to change', { spec: { size: undefined } }, 'the API server cannot tell the scale of CacheCluster/sessions (500): is its number of replicas set?'],
  ] as const) {
    it(title, async () => {
      setUp({}, object)
      answers = 'Nothing'
      await town.start()
      await live(minutes(1))
      expect(town.actions[0]?.status?.result).to.include({ reason: 'Unsupported', message })
      expect(calls()).to.deep.equal([])
    })
  }

  for (const right of ['get cacheclusters', 'get cacheclusters/scale', 'impersonate-on:serviceaccount:patch cacheclusters/scale']) {
    it(`are not scaled while the controller may not ${right}: nothing is tried, and what to grant is said`, async () => {
      let lacking = [right]
      setUp({ allow: (call) => grants(call, lacking) })
      await town.start()
      await live(minutes(1))
      const [verb, what = ''] = right.split(' ')
      expect(decision()).to.equal(`ControllerForbidden: CacheCluster/sessions: the controller may not ${verb} ${what.replace('cacheclusters', 'cacheclusters.example.com')}; grant it in a ClusterRole with the label kubeskippy.io/aggregate-to-controller: "true"`)
      expect([town.actions, calls()]).to.deep.equal([[], []])
      lacking = []
      await live(minutes(1))
      expect(written()).to.deep.equal(['patch cacheclusters/scale'])
    })
  }

  it('are not scaled while the healer may not, and the command that lets it is said', async () => {
    setUp({ healerMay: false })
    await town.start()
    await live(minutes(1))
    expect(decision()).to.equal('HealerForbidden: CacheCluster/sessions: ServiceAccount shop/kubeskippy-healer may not patch cacheclusters.example.com/scale; apply the output of: kubeskippy enable -n shop --scale cacheclusters.example.com --print')
    expect([town.actions, calls()]).to.deep.equal([[], []])
  })

  it('are written once although the answer was lost', async () => {
    setUp()
    town.cluster.faults.add((call) => (call.impersonate !== undefined && !call.dryRun ? { when: 'after', answer: 'reset' } : undefined), 1)
    await town.start()
    await live(minutes(4))
    expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    expect(written()).to.deep.equal(['patch cacheclusters/scale'])
  })

  it('that may not be read any more after the act end without a verdict, and are not scaled back', async () => {
    let lacking: string[] = []
    setUp({ allow: (call) => grants(call, lacking) })
    answers = 'Scaled'
    await town.start()
    while (size() === 3) await live(seconds(0.5))
    lacking = ['get cacheclusters/scale']
    await live(minutes(12))
    expect(town.actions[0]?.status).to.include({ phase: 'Failed', outcome: 'Inconclusive' })
    expect(town.actions[0]?.status?.result?.message).to.include('the controller may not get cacheclusters.example.com/scale')
    expect(size()).to.equal(4)
  })

  it('wait for approval with what would be changed, and are changed so', async () => {
    setUp({ spec: { mode: 'manual' } })
    await town.start()
    await live(seconds(30))
    expect(town.actions[0]?.spec.changes).to.deep.equal([{ field: 'spec.replicas', oldValue: '3', newValue: '4' }])
    town.decide('Approved')
    await live(minutes(4))
    expect(town.actions[0]?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(written()).to.deep.equal(['patch cacheclusters/scale'])
  })

  it('that were scaled by somebody since they were approved are left alone', async () => {
    setUp({ spec: { mode: 'manual' } })
    await town.start()
    await live(seconds(30))
    town.cluster.change(CACHES, KEY, (o) => ({ ...o, spec: { size: 4 } }))
    town.decide('Approved')
    answers = 'Scaled'
    await live(minutes(1))
    expect(town.actions[0]?.status?.result?.message).to.include('spec.replicas: was 3, now 4')
    expect(calls()).to.deep.equal([])
  })
})
