/** Custom resources with a scale on a real API server: whose rights it takes, what is written as whom, and what is refused. The test plays their operator. */
import { expect } from 'chai'
import { AGGREGATE_LABEL, CONTROLLER_ACCOUNT, HEALER_ACCOUNT, OPERATOR_NAMESPACE, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import type { KubeObject, Resource } from '../../shared/kube/api.ts'
import { PODS, SCALED_OBJECTS } from '../../shared/kube/resources.ts'
import { seconds } from '../../shared/lib/time.ts'
import { definition } from '../../shared/testing/builders/definitions.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import type { Finding } from '../../cli/check/finding.ts'
import { kubeskippy, may } from '../cli/access.ts'
import { useFixture } from '../healing/fixture.ts'

const GROUP = 'e2e.example.com'
const CACHES: Resource = { group: GROUP, version: 'v1', kind: 'CacheCluster', plural: 'cacheclusters', namespaced: true }
const WIDGETS: Resource = { ...CACHES, kind: 'Widget', plural: 'widgets' }
const SINCE = '2026-01-01T00:00:00Z'

interface Cache extends KubeObject {
  readonly spec: { readonly size: number; readonly zone: string }
}

/** As whoever installs the definitions writes it; nothing else lets the controller at them. */
const role = (...rules: readonly object[]): object => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'caches-for-kubeskippy', labels: { [AGGREGATE_LABEL]: 'true' } },
  rules,
})
const READING = { apiGroups: [GROUP], resources: ['cacheclusters', 'widgets'], verbs: ['get', 'list', 'watch'] }
const SCALING = { apiGroups: [GROUP], resources: ['cacheclusters/scale', 'widgets/scale'], verbs: ['get', 'impersonate-on:serviceaccount:patch'] }

const up = { name: 'more', type: 'scale', scaleAction: { direction: 'up', maxReplicas: 5 } }
const cacheClusters = [{ apiVersion: `${GROUP}/v1`, kind: 'CacheCluster' }]

const policy = (namespace: string, resources: readonly object[], safetyRules: object = {}): object => ({
  apiVersion: 'kubeskippy.io/v1alpha1',
  kind: 'HealingPolicy',
  metadata: { name: 'heal', namespace },
  spec: {
    mode: 'automatic',
    selector: { labelSelector: { matchLabels: { app: 'sessions' } }, resources },
    triggers: [{ name: 'degraded', type: 'condition', cooldownPeriod: '0s', conditionTrigger: { type: 'Ready', status: 'False', duration: '1s' } }],
    actions: [up],
    safetyRules: { stabilizationWindow: '3s', healthCheckTimeout: '3m', maxUnhealthy: '100%', ...safetyRules },
  },
})

describe('custom resources with a scale', function () {
  this.timeout(1_200_000)
  const fixture = useFixture({ node: false })

  const define = async (resource: Resource, ...scale: readonly Parameters<typeof definition>[1][]): Promise<void> => {
    await fixture.apply(definition(resource, ...scale))
    await fixture.kubectl(['wait', '--for=condition=Established', `crd/${resource.plural}.${resource.group}`, '--timeout=150s'])
    // For a moment after that its API is not there yet.
    await eventually(() => fixture.api.list(resource), seconds(90))
  }
  const tell = (resource: Resource, key: { readonly namespace: string; readonly name: string }, status: object): Promise<unknown> => fixture.api.patch(resource, key, { type: 'merge', body: { status } }, { subresource: 'status' })
  const ready = (status: 'True' | 'False'): object[] => [{ type: 'Ready', status, lastTransitionTime: status === 'False' ? SINCE : new Date().toISOString(), reason: 'Told' }]
  const cache = async (namespace: string): Promise<{ readonly namespace: string; readonly name: string }> => {
    const key = { namespace, name: 'sessions' }
    await fixture.apply({ apiVersion: `${GROUP}/v1`, kind: 'CacheCluster', metadata: { ...key, labels: { app: 'sessions' } }, spec: { size: 3, zone: 'a' } })
    await tell(CACHES, key, { nodes: 3, conditions: ready('False') })
    return key
  }
  const live = (namespace: string): Promise<Cache> => fixture.api.get<Cache>(CACHES, { namespace, name: 'sessions' })
  const decided = (namespace: string, reason: string): Promise<string> => fixture.decided(namespace, reason, seconds(180)).then(({ status }) => status?.lastDecision?.message ?? '')
  /** Rights and definitions come by and by, and the words with them. */
  const says = (namespace: string, reason: string, message: string): Promise<unknown> => eventually(async () => expect(await decided(namespace, reason)).to.equal(message), seconds(90))
  const check = async (): Promise<readonly string[]> => {
    const { stdout } = await kubeskippy(fixture.cluster, 'check', '-o', 'json')
    return (JSON.parse(stdout) as { findings: readonly Finding[] }).findings.filter(({ check: name }) => name === 'scales').map(({ result, what, fix = '' }) => `${result}: ${what} (${fix})`)
  }

  /** Each real write, after checking that it was made as the healer and says for which action. */
  const written = (ns: string, actions: readonly HealingAction[]): string[] => {
    const real = fixture.writes(ns).filter(({ dryRun, group, impersonated }) => !dryRun && (impersonated !== undefined || !['kubeskippy.io', 'events.k8s.io'].includes(group)))
    for (const { impersonated, userAgent, user } of real) {
      expect([user, impersonated]).to.deep.equal([serviceAccountUser(OPERATOR_NAMESPACE, CONTROLLER_ACCOUNT), serviceAccountUser(ns, HEALER_ACCOUNT)])
      expect(actions.some(({ metadata }) => userAgent.includes(`healingaction ${ns}/${metadata.name}`)), userAgent).to.equal(true)
    }
    return real.map(({ verb, resource }) => `${verb} ${resource}`)
  }

  it('each missing thing is said by the policy and by kubeskippy check: the definition, the rights of the controller, the right of the healer; then it is scaled and healed', async () => {
    const ns = await fixture.namespace('caches')
    await fixture.apply(policy(ns, cacheClusters))
    await eventually(async () => expect((await fixture.policy(ns)).status?.triggers?.[0]?.message).to.equal(`the API server knows no kind ${GROUP}/v1 CacheCluster: its definition is not installed`), seconds(120))
    expect(await check()).to.deep.equal([`warn: caches/heal: the API server knows no kind ${GROUP}/v1 CacheCluster: its definition is not installed (install its definition, or select a kind that has a scale)`])

    // Nowhere where one would guess the numbers.
    await define(CACHES, { spec: ['spec', 'size'], status: ['status', 'nodes'] })
    const key = await cache(ns)
    await fixture.apply(role(READING))
    await says(ns, 'ControllerForbidden',
      `CacheCluster/sessions: the controller may not get cacheclusters.${GROUP}/scale, impersonate-on:serviceaccount:patch cacheclusters.${GROUP}/scale; grant it in a ClusterRole with the label ${AGGREGATE_LABEL}: "true"`,
    )
    expect(await check()).to.deep.equal([
      `fail: caches/heal scales ${GROUP}/v1 CacheCluster, but ${CONTROLLER_ACCOUNT} may not get cacheclusters.${GROUP}/scale; impersonate-on:serviceaccount:patch cacheclusters.${GROUP}/scale (grant it in a ClusterRole with the label ${AGGREGATE_LABEL}: "true")`,
      `warn: caches/heal scales ${GROUP}/v1 CacheCluster, but ${HEALER_ACCOUNT} of caches may not patch cacheclusters.${GROUP}/scale (kubeskippy enable -n caches --scale cacheclusters.${GROUP})`,
    ])

    await fixture.apply(role(READING, SCALING))
    expect(await decided(ns, 'HealerForbidden')).to.include(`kubeskippy enable -n caches --scale cacheclusters.${GROUP}`)
    expect(await fixture.actions(ns)).to.deep.equal([])

    const { code, stdout, stderr } = await kubeskippy(fixture.cluster, 'enable', '-n', ns, '--scale', `cacheclusters.${GROUP}`)
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    expect(stdout).to.include('role/kubeskippy-healer-scale in caches: created').and.to.include('rolebinding/kubeskippy-healer-scale in caches: created')
    await eventually(async () => expect((await live(ns)).spec).to.deep.equal({ size: 4, zone: 'a' }), seconds(120))
    await tell(CACHES, key, { nodes: 4, conditions: ready('True') })
    const actions = await fixture.ended(ns, 1, seconds(180))
    expect(actions[0]?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(actions[0]?.status?.result?.message).to.include('whether its 4 replicas are Ready nobody tells')
    expect(actions[0]?.spec.targetResource).to.include({ apiVersion: `${GROUP}/v1`, kind: 'CacheCluster', name: 'sessions', uid: (await live(ns)).metadata.uid })
    expect(written(ns, actions)).to.deep.equal(['patch cacheclusters/scale'])
    expect(await check()).to.deep.equal(['ok: 1 kind of custom resources can be scaled ()'])
  })

  it('the controller may do nothing else to them, as itself or as the healer', async () => {
    const itself = serviceAccountUser(OPERATOR_NAMESPACE, CONTROLLER_ACCOUNT)
    const asked = ['patch cacheclusters', 'patch cacheclusters/scale', 'update cacheclusters/scale', 'delete cacheclusters', 'impersonate-on:serviceaccount:patch cacheclusters', 'impersonate-on:serviceaccount:update cacheclusters/scale'].map((right) => right.split(' '))
    for (const [verb = '', resource = ''] of asked) expect(await may(fixture.cluster, itself, { namespace: 'caches', verb, group: GROUP, resource }), `${verb} ${resource}`).to.equal(false)
    const healer = serviceAccountUser('caches', HEALER_ACCOUNT)
    for (const [verb = '', resource = ''] of [['patch', 'cacheclusters'], ['get', 'cacheclusters'], ['patch', 'widgets/scale']]) expect(await may(fixture.cluster, healer, { namespace: 'caches', verb, group: GROUP, resource }), `${verb} ${resource}`).to.equal(false)
  })

  /** With all rights. */
  const granted = async (name: string): Promise<string> => {
    const ns = await fixture.namespace(name)
    const { code } = await kubeskippy(fixture.cluster, 'enable', '-n', ns, '--scale', `cacheclusters.${GROUP}`)
    expect(code).to.equal(0)
    return ns
  }

  it('when its status never follows it is scaled back by a second write: Reverted, as many as before', async () => {
    const ns = await granted('idle')
    await cache(ns)
    await fixture.apply(policy(ns, cacheClusters, { healthCheckTimeout: '6s' }))
    const actions = await fixture.ended(ns, 1, seconds(180))
    expect(actions[0]?.status).to.include({ phase: 'Failed', outcome: 'Reverted' })
    expect(actions[0]?.status?.intent).to.deep.equal([{ path: '/spec/replicas', before: '3', after: '4' }])
    expect(written(ns, actions)).to.deep.equal(['patch cacheclusters/scale', 'patch cacheclusters/scale'])
    expect((await live(ns)).spec).to.deep.equal({ size: 3, zone: 'a' })
  })

  for (const [name, by, manifest] of [
    ['autoscaled', 'HorizontalPodAutoscaler/sessions', { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'sessions' }, spec: { maxReplicas: 9, scaleTargetRef: { apiVersion: `${GROUP}/v1`, kind: 'CacheCluster', name: 'sessions' } } }],
    ['kedascaled', 'ScaledObject/orders', { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', metadata: { name: 'orders' }, spec: { scaleTargetRef: { apiVersion: `${GROUP}/v1`, kind: 'CacheCluster', name: 'sessions' } } }],
  ] as const) {
    it(`what ${by} scales is left to it, and it is named`, async () => {
      const ns = await granted(name)
      if (manifest.kind === 'ScaledObject') await define(SCALED_OBJECTS)
      await fixture.apply({ ...manifest, metadata: { ...manifest.metadata, namespace: ns } })
      await cache(ns)
      await fixture.apply(policy(ns, cacheClusters))
      await says(ns, 'OwnedElsewhere', `${by} scales CacheCluster/sessions`)
      expect([await fixture.actions(ns), fixture.writes(ns).filter(({ impersonated }) => impersonated !== undefined)]).to.deep.equal([[], []])
    })
  }

  it('a kind without a scale is refused at the door, and as the owner of pods by the controller', async () => {
    const ns = await granted('widgets')
    await define(WIDGETS)
    // Once the door knows of the definition.
    await eventually(async () => {
      const { code, stderr } = await fixture.cluster.kubectl(['apply', '--dry-run=server', '-f', '-'], { input: JSON.stringify(policy(ns, [{ apiVersion: `${GROUP}/v1`, kind: 'Widget' }])) })
      expect(code).to.not.equal(0)
      expect(stderr).to.include('[KS301]').and.to.include(`${GROUP}/v1 Widget has no scale subresource`)
    }, seconds(60))

    await fixture.apply({ apiVersion: `${GROUP}/v1`, kind: 'Widget', metadata: { name: 'sessions', namespace: ns } })
    const { metadata } = await fixture.api.get(WIDGETS, { namespace: ns, name: 'sessions' })
    const owner = { apiVersion: `${GROUP}/v1`, kind: 'Widget', name: 'sessions', uid: metadata.uid, controller: true }
    await fixture.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'sessions-0', namespace: ns, labels: { app: 'sessions' }, ownerReferences: [owner] }, spec: { schedulerName: 'nobody', automountServiceAccountToken: false, containers: [{ name: 'main', image: 'none.invalid/none' }] } })
    await tell(PODS, { namespace: ns, name: 'sessions-0' }, { phase: 'Running', conditions: ready('False') })
    await fixture.apply(policy(ns, [{ apiVersion: 'v1', kind: 'Pod' }]))
    await says(ns, 'Unsupported', `Pod/sessions-0: ${GROUP}/v1 Widget has no scale subresource: its definition tells of none`)
    expect([await fixture.actions(ns), fixture.writes(ns).filter(({ impersonated }) => impersonated !== undefined)]).to.deep.equal([[], []])
  })

  it('disable takes the right away with the rest', async () => {
    const healer = serviceAccountUser('caches', HEALER_ACCOUNT)
    const right = { namespace: 'caches', verb: 'patch', group: GROUP, resource: 'cacheclusters/scale' }
    expect(await may(fixture.cluster, healer, right)).to.equal(true)
    const { stdout } = await kubeskippy(fixture.cluster, 'disable', '-n', 'caches')
    expect(stdout).to.include('rolebinding/kubeskippy-healer-scale in caches: removed')
    await eventually(async () => expect(await may(fixture.cluster, healer, right)).to.equal(false), seconds(60))
  })
})
