/** Each action on real pods: what the API server's audit log says was written, by whom, and what came of it. */
import { expect } from 'chai'
import { HEALER_ACCOUNT, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import type { KubeObject } from '../../shared/lib/object.ts'
import { DEPLOYMENTS, PODS, ROLLOUTS } from '../../shared/kube/resources.ts'
import { definition } from '../../shared/testing/builders/definitions.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { kubeskippy } from '../cli/access.ts'
import { tellPod } from '../cluster/tell.ts'
import { breakPods, deployment, inNamespace, policy, useFixture, withReadiness } from '../healing/fixture.ts'

interface Deployment extends KubeObject {
  readonly spec: { readonly replicas: number; readonly template: { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }; readonly spec: { readonly terminationGracePeriodSeconds: number; readonly containers: readonly { readonly resources?: unknown }[] } } }
}

describe('actions on real pods', function () {
  this.timeout(600_000)
  const fixture = useFixture()
  // What crashes for ever takes its time from the tests that follow.
  afterEach(() => fixture.kubectl(['delete', 'deployments,replicasets', '-l', 'app=web', '--all-namespaces', '--wait=false']))

  /** `patch deployments/scale` of each real write, after checking that each was made as the healer, and says for which action. */
  const written = (ns: string, actions: readonly HealingAction[]): string[] => {
    const real = fixture.writes(ns).filter(({ dryRun, group, impersonated }) => !dryRun && (impersonated !== undefined || !['kubeskippy.io', 'events.k8s.io'].includes(group)))
    const names = actions.map(({ metadata }) => `healingaction ${ns}/${metadata.name}`)
    for (const { impersonated, userAgent } of real) {
      expect(impersonated).to.equal(serviceAccountUser(ns, HEALER_ACCOUNT))
      expect(names.some((name) => userAgent.includes(name)), userAgent).to.equal(true)
    }
    return real.map(({ verb, resource }) => `${verb} ${resource}`)
  }
  const live = (ns: string): Promise<Deployment> => fixture.api.get<Deployment>(DEPLOYMENTS, { namespace: ns, name: 'web' })
  const acting = (ns: string, ...actions: object[]): object => policy(ns, { app: 'web', actions, safetyRules: { maxUnhealthy: '100%', healthCheckTimeout: '3m' } })

  it('restart of a workload heals a bad state in memory: one patch of the template, all pods new, Effective', async () => {
    const ns = await fixture.namespace('rolling')
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod', { replicas: 2 })))
    // Both, before anything is done about the first one.
    const old = await breakPods(fixture, ns, 'web')
    await fixture.apply(acting(ns, { name: 'roll', type: 'restart', target: 'Workload', restartAction: {} }))
    const actions = await fixture.ended(ns, 1, seconds(240))
    expect(actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    expect(actions[0]?.spec.targetResource).to.include({ kind: 'Deployment', name: 'web' })
    expect(written(ns, actions)).to.deep.equal(['patch deployments'])
    expect((await live(ns)).spec.template.metadata.annotations).to.deep.equal({ 'kubeskippy.io/restarted-by': actions[0]?.metadata.name })
    expect(actions[0]?.status?.result?.changes?.map(({ field }) => field)).to.deep.equal(['spec.template.metadata.annotations[kubeskippy.io/restarted-by]'])
    // The kubelet takes its time to end the old ones.
    await eventually(async () => expect((await fixture.pods(ns)).map(({ metadata }) => metadata.uid).filter((uid) => old.includes(uid))).to.deep.equal([]), seconds(60))
  })

  it('restart of a paused Deployment would be taken and do nothing: it is refused, and the pod is evicted instead', async () => {
    const ns = await fixture.namespace('paused')
    await fixture.apply(
      inNamespace(ns, deployment('web', 'inThisPod')),
      acting(ns, { name: 'roll', type: 'restart', target: 'Workload', priority: 1, restartAction: {} }, { name: 'away', type: 'evict', priority: 2, evictAction: {} }),
    )
    await fixture.kubectl(['rollout', 'status', '-n', ns, 'deployment/web', '--timeout=150s'])
    await fixture.kubectl(['rollout', 'pause', '-n', ns, 'deployment/web'])
    await tellPod(fixture.cluster, ns, 'deployment/web', 'broken')
    const actions = (await fixture.ended(ns, 2, seconds(240))).toSorted((a, b) => a.spec.incident.rung - b.spec.incident.rung)
    expect(actions.map(({ spec, status }) => `${spec.action.name} ${status?.phase}`)).to.deep.equal(['roll Failed', 'away Succeeded'])
    expect(actions[0]?.status?.result?.message).to.include('paused')
    expect(written(ns, actions)).to.deep.equal(['create pods/eviction'])
    expect((await live(ns)).spec.template.metadata.annotations).to.equal(undefined)
  })

  it('graceful restart evicts every pod once, and none before the replacement of the last one is Ready', async () => {
    const ns = await fixture.namespace('graceful')
    // Which one goes first goes by who is Ready: the broken one is not for a moment.
    const web = withReadiness(deployment('web', 'inThisPod', { replicas: 3 }), 'test ! -e /data/broken')
    await fixture.apply(inNamespace(ns, web), acting(ns, { name: 'each', type: 'restart', target: 'Workload', restartAction: { strategy: 'graceful' } }))
    const old = await fixture.kubectl(['rollout', 'status', '-n', ns, 'deployment/web', '--timeout=150s']).then(() => fixture.pods(ns))
    await tellPod(fixture.cluster, ns, old[0]?.metadata.name ?? '', 'broken')
    const actions = await fixture.ended(ns, 1, seconds(300))
    expect(actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    expect(written(ns, actions)).to.deep.equal(['create pods/eviction', 'create pods/eviction', 'create pods/eviction'])
    const evicted = fixture.evictions(ns).map(({ name }) => name)
    expect(evicted.toSorted()).to.deep.equal(old.map(({ metadata }) => metadata.name).toSorted())
    // The broken one first: it has nothing to lose.
    expect(evicted[0]).to.equal(old[0]?.metadata.name)
    expect((await live(ns)).spec.template.metadata.annotations).to.equal(undefined)
  })

  it('recreate waits for a person in automatic mode, and then evicts all pods at once', async () => {
    const ns = await fixture.namespace('recreate')
    await fixture.kubectl(['create', 'clusterrolebinding', 'alice', '--clusterrole=cluster-admin', '--user=alice'])
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod', { replicas: 3 })), acting(ns, { name: 'all', type: 'restart', target: 'Workload', restartAction: { strategy: 'recreate', gracePeriodSeconds: 1 } }))
    const old = await fixture.kubectl(['rollout', 'status', '-n', ns, 'deployment/web', '--timeout=150s']).then(() => fixture.pods(ns))
    await tellPod(fixture.cluster, ns, old[0]?.metadata.name ?? '', 'broken')
    const waiting = await eventually(async () => {
      const [action] = await fixture.actions(ns)
      expect(action?.status?.result).to.include({ reason: 'PendingApproval' })
      return action?.metadata.name ?? ''
    }, seconds(180))
    expect(fixture.evictions(ns), 'before the approval').to.deep.equal([])
    const approval = { decision: 'Approved', decidedBy: 'alice', reason: 'seen' }
    const answered = await fixture.cluster.kubectl(['patch', 'healingaction', waiting, '-n', ns, '--type=merge', '-p', JSON.stringify({ spec: { approval } })], { as: 'alice' })
    expect(answered.code, answered.stderr).to.equal(0)
    const actions = await fixture.ended(ns, 1, seconds(300))
    expect(actions.map(({ status }) => status?.outcome), JSON.stringify(actions[0]?.status?.result)).to.deep.equal(['Effective'])
    expect(written(ns, actions)).to.deep.equal(['create pods/eviction', 'create pods/eviction', 'create pods/eviction'])
    expect(fixture.evictions(ns).map(({ name }) => name).toSorted()).to.deep.equal(old.map(({ metadata }) => metadata.name).toSorted())
    expect((await live(ns)).spec.template.metadata.annotations).to.equal(undefined)
  })

  it('delete of a pod is one delete with preconditions, and its controller makes another', async () => {
    const ns = await fixture.namespace('deleting')
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), acting(ns, { name: 'away', type: 'delete', deleteAction: { gracePeriodSeconds: 1 } }))
    const [old] = await breakPods(fixture, ns, 'web')
    const actions = await fixture.ended(ns, 1, seconds(240))
    expect(actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    expect(actions[0]?.spec.targetResource.uid).to.equal(old)
    expect(written(ns, actions)).to.deep.equal(['delete pods'])
  })

  it('scale up that does not help is taken back: two writes of scale, Reverted, as many replicas as before', async () => {
    const ns = await fixture.namespace('scaling')
    await fixture.apply(
      inNamespace(ns, deployment('web', 'always')),
      policy(ns, { app: 'web', actions: [{ name: 'more', type: 'scale', scaleAction: { direction: 'up', maxReplicas: 3 } }], safetyRules: { healthCheckTimeout: '10s' } }),
    )
    const actions = await fixture.ended(ns, 1, seconds(240))
    expect(actions[0]?.status).to.include({ phase: 'Failed', outcome: 'Reverted' })
    expect(actions[0]?.status?.intent).to.deep.equal([{ path: '/spec/replicas', before: '1', after: '2' }])
    expect(written(ns, actions)).to.deep.equal(['patch deployments/scale', 'patch deployments/scale'])
    expect((await live(ns)).spec.replicas).to.equal(1)
  })

  it('scale down is one write of scale, and takes the broken pod away', async () => {
    const ns = await fixture.namespace('less')
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod', { replicas: 3 })), acting(ns, { name: 'less', type: 'scale', scaleAction: { direction: 'down', replicas: 1, minReplicas: 2, maxReplicas: 3 } }))
    const old = await fixture.kubectl(['rollout', 'status', '-n', ns, 'deployment/web', '--timeout=150s']).then(() => fixture.pods(ns))
    const broken = old[0]?.metadata.name ?? ''
    await tellPod(fixture.cluster, ns, broken, 'broken')
    const actions = await fixture.ended(ns, 1, seconds(300))
    expect(actions.map(({ status }) => status?.outcome), JSON.stringify(actions[0]?.status?.result)).to.deep.equal(['Effective'])
    expect(actions[0]?.status?.intent).to.deep.equal([{ path: '/spec/replicas', before: '3', after: '2' }])
    expect(written(ns, actions)).to.deep.equal(['patch deployments/scale'])
    expect((await live(ns)).spec.replicas).to.equal(2)
    // Its ReplicaSet gives up first what is not Ready.
    await eventually(async () => expect((await fixture.pods(ns)).map(({ metadata }) => metadata.name)).not.to.include(broken), seconds(60))
  })

  it('scale to a number that does not help is taken back to the number of before', async () => {
    const ns = await fixture.namespace('absolute')
    await fixture.apply(
      inNamespace(ns, deployment('web', 'always')),
      policy(ns, { app: 'web', actions: [{ name: 'three', type: 'scale', scaleAction: { direction: 'absolute', replicas: 3, maxReplicas: 3 } }], safetyRules: { healthCheckTimeout: '10s' } }),
    )
    const actions = await fixture.ended(ns, 1, seconds(240))
    expect(actions[0]?.status, JSON.stringify(actions[0]?.status?.result)).to.include({ phase: 'Failed', outcome: 'Reverted' })
    expect(actions[0]?.status?.intent).to.deep.equal([{ path: '/spec/replicas', before: '1', after: '3' }])
    expect(written(ns, actions)).to.deep.equal(['patch deployments/scale', 'patch deployments/scale'])
    expect((await live(ns)).spec.replicas).to.equal(1)
  })

  it('a json patch is written as it is given, and rolls out', async () => {
    const ns = await fixture.namespace('json')
    const patch = '[{op: replace, path: /spec/template/spec/terminationGracePeriodSeconds, value: 2}]'
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), acting(ns, { name: 'slower', type: 'patch', target: 'Workload', patchAction: { type: 'json', patch } }))
    await breakPods(fixture, ns, 'web')
    const actions = await fixture.ended(ns, 1, seconds(300))
    expect(actions.map(({ status }) => status?.outcome), JSON.stringify(actions[0]?.status?.result)).to.deep.equal(['Effective'])
    expect(written(ns, actions)).to.deep.equal(['patch deployments'])
    expect((await live(ns)).spec.template.spec.terminationGracePeriodSeconds).to.equal(2)
  })

  it('a patch that does not help is taken back: the template is as it was, by two patches of the healer', async () => {
    const ns = await fixture.namespace('undone')
    const patch = 'spec: {template: {spec: {containers: [{name: app, resources: {limits: {memory: 64Mi}}}]}}}'
    await fixture.apply(
      inNamespace(ns, deployment('web', 'always')),
      policy(ns, { app: 'web', actions: [{ name: 'more-memory', type: 'patch', target: 'Workload', patchAction: { patch } }], safetyRules: { healthCheckTimeout: '10s' } }),
    )
    const { spec: before } = await live(ns)
    const actions = await fixture.ended(ns, 1, seconds(240))
    expect(actions[0]?.status, JSON.stringify(actions[0]?.status?.result)).to.include({ phase: 'Failed', outcome: 'Reverted' })
    expect(actions[0]?.status?.result?.changes?.map(({ field, newValue }) => `${field} ${newValue}`)).to.include('spec.template.spec.containers[app].resources.limits.memory 64Mi')
    expect(written(ns, actions)).to.deep.equal(['patch deployments', 'patch deployments'])
    expect((await live(ns)).spec).to.deep.equal(before)
  })

  it('patch of resources rolls out, and shows what the API server says has changed', async () => {
    const ns = await fixture.namespace('patching')
    const patch = 'spec: {template: {spec: {containers: [{name: app, resources: {limits: {memory: 64Mi}}, env: [{name: DB_TIMEOUT, value: 4711s}]}]}}}'
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), acting(ns, { name: 'more-memory', type: 'patch', target: 'Workload', patchAction: { patch } }))
    await breakPods(fixture, ns, 'web')
    const actions = await fixture.ended(ns, 1, seconds(240))
    expect(actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    expect(written(ns, actions)).to.deep.equal(['patch deployments'])
    const { changes = [] } = actions[0]?.status?.result ?? {}
    expect(changes.map(({ field, newValue }) => `${field} ${newValue}`)).to.include('spec.template.spec.containers[app].resources.limits.memory 64Mi')
    // The policy says it, for whoever may read policies; nothing of ours repeats it.
    expect(JSON.stringify(actions.map(({ status }) => status))).to.not.include('4711s')
    expect((await live(ns)).spec.template.spec.containers[0]?.resources).to.deep.equal({ limits: { memory: '64Mi' } })
    // The old one may be on its way.
    await eventually(async () => {
      const pods = await fixture.list<KubeObject & { spec: { containers: { resources?: { limits?: object } }[] } }>(ns, PODS)
      expect(pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ spec }) => spec.containers[0]?.resources?.limits)).to.deep.equal([{ memory: '64Mi' }])
    }, seconds(60))
  })

  it('scale of an Argo Rollout goes through its scale subresource, with a right that the namespace has given beside', async () => {
    const ns = await fixture.namespace('rollouts')
    await fixture.apply(definition(ROLLOUTS, { spec: ['spec', 'replicas'], status: ['status', 'replicas'] }))
    await fixture.kubectl(['wait', '--for=condition=Established', 'crd/rollouts.argoproj.io', '--timeout=120s'])
    // For a moment after that its API is not there yet.
    await eventually(() => fixture.apply({ apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { name: 'web', namespace: ns }, spec: { replicas: 1 } }), seconds(60))
    const { metadata } = await fixture.api.get(ROLLOUTS, { namespace: ns, name: 'web' })
    const { spec } = deployment('web', 'always') as { spec: { selector: object; template: object } }
    const owner = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'web', uid: metadata.uid, controller: true }
    await fixture.apply({ apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'web-1', namespace: ns, labels: { app: 'web' }, ownerReferences: [owner] }, spec: { replicas: 1, selector: spec.selector, template: spec.template } })
    await fixture.apply(policy(ns, { app: 'web', actions: [{ name: 'more', type: 'scale', scaleAction: { direction: 'up', maxReplicas: 3 } }], safetyRules: { healthCheckTimeout: '10s' } }))
    await fixture.decided(ns, 'HealerForbidden', seconds(120))
    expect((await kubeskippy(fixture.cluster, 'enable', '-n', ns, '--scale', 'rollouts.argoproj.io')).code).to.equal(0)
    const actions = await fixture.ended(ns, 1, seconds(240))
    expect(actions[0]?.spec.targetResource).to.include({ kind: 'Rollout', name: 'web' })
    // Nobody plays its controller here: no pod comes, and it is taken back.
    expect(actions[0]?.status).to.include({ phase: 'Failed', outcome: 'Reverted' })
    expect(written(ns, actions)).to.deep.equal(['patch rollouts/scale', 'patch rollouts/scale'])
    expect((await fixture.api.get<Deployment>(ROLLOUTS, { namespace: ns, name: 'web' })).spec.replicas).to.equal(1)
  })

  it('a dry run of a workload act shows the diff and writes nothing', async () => {
    const ns = await fixture.namespace('dry')
    await fixture.apply(inNamespace(ns, deployment('web', 'always')), policy(ns, { app: 'web', mode: 'dryrun', actions: [{ name: 'roll', type: 'restart', target: 'Workload', restartAction: {} }] }))
    const actions = await fixture.ended(ns, 1, seconds(120))
    expect(actions[0]?.status).to.include({ phase: 'Succeeded' })
    expect(actions[0]?.status?.result?.changes).to.have.length(1)
    expect(written(ns, actions)).to.deep.equal([])
  })
})
