/**
 * Workloads that replace their pods in an order of their own. A StatefulSet (OrderedReady) waits for a broken pod for ever,
 * whatever its template says by now: a new template alone mends nothing, and an old one neither.
 */
import { expect } from 'chai'
import { HEALER_ACCOUNT, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import type { KubeObject } from '../../shared/lib/object.ts'
import { EVENTS, PODS, STATEFUL_SETS } from '../../shared/kube/resources.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { tellPod } from '../cluster/tell.ts'
import { inNamespace, policy, useFixture } from '../healing/fixture.ts'

interface Set extends KubeObject {
  readonly spec: { readonly template: object }
  readonly status: { readonly updateRevision: string; readonly currentRevision: string; readonly updatedReplicas?: number }
}
type Pod = KubeObject & { readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] } }

/** Not Ready, and then crashing without a moment of being Ready, once told so; in the emptyDir of this pod only. */
const workload = (kind: 'StatefulSet' | 'DaemonSet', { replicas = 2, podManagementPolicy = 'OrderedReady', updateStrategy }: { replicas?: number; podManagementPolicy?: string; updateStrategy?: object } = {}): object => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: 'web', labels: { app: 'web' } },
  spec: {
    ...(updateStrategy === undefined ? {} : { updateStrategy }),
    ...(kind === 'StatefulSet' ? { replicas, serviceName: 'web', podManagementPolicy } : {}),
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'app',
            image: 'kubeskippy.local/busybox:1',
            imagePullPolicy: 'Never',
            command: ['sh', '-c', 'while [ ! -e /data/broken ]; do sleep 0.1; done; exit 7'],
            readinessProbe: { exec: { command: ['sh', '-c', 'test ! -e /data/broken && test ! -e /data/unready'] }, periodSeconds: 1, timeoutSeconds: 20, failureThreshold: 1 },
            volumeMounts: [{ name: 'data', mountPath: '/data' }],
          },
        ],
        volumes: [{ name: 'data', emptyDir: {} }],
      },
    },
  },
})

describe('workloads that replace their pods in order', function () {
  this.timeout(900_000)
  const fixture = useFixture()
  // Their probes take time from the tests that follow.
  afterEach(() => fixture.kubectl(['delete', 'statefulsets,daemonsets', '-l', 'app=web', '--all-namespaces', '--wait=false']))

  const rolledOut = (ns: string, kind = 'statefulset'): Promise<string> => fixture.kubectl(['rollout', 'status', '-n', ns, `${kind}/web`, '--timeout=120s'])
  const touch = (ns: string, pod: string, file: string): Promise<void> => tellPod(fixture.cluster, ns, pod, file)
  const live = (ns: string): Promise<Set> => fixture.api.get<Set>(STATEFUL_SETS, { namespace: ns, name: 'web' })
  /** `web-0 REVISION Ready` of each pod. */
  const pods = async (ns: string): Promise<string[]> =>
    (await fixture.list<Pod>(ns, PODS))
      .map(({ metadata, status }) => `${metadata.name} ${metadata.labels?.['controller-revision-hash']} ${status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True' ? 'Ready' : 'not Ready'}`)
      .toSorted()
  const written = (ns: string, actions: readonly HealingAction[]): string[] => {
    const real = fixture.writes(ns).filter(({ dryRun, group, impersonated }) => !dryRun && (impersonated !== undefined || !['kubeskippy.io', 'events.k8s.io'].includes(group)))
    for (const { impersonated, userAgent } of real) {
      expect(impersonated).to.equal(serviceAccountUser(ns, HEALER_ACCOUNT))
      expect(actions.some(({ metadata }) => userAgent.includes(`healingaction ${ns}/${metadata.name}`)), userAgent).to.equal(true)
    }
    return real.map(({ verb, resource, name }) => `${verb} ${resource} ${name}`)
  }
  const roll = { name: 'roll', type: 'restart', target: 'Workload', restartAction: {} }
  const safetyRules = { maxUnhealthy: '100%', healthCheckTimeout: '3m' }
  /** One of two pods is broken, and whoever counts for the budget has seen it: below it the default policy lets no unready pod go either. */
  const breakUnderBudget = async (ns: string, pod: string): Promise<void> => {
    await fixture.apply({ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'both', namespace: ns }, spec: { minAvailable: 2, selector: { matchLabels: { app: 'web' } } } })
    await touch(ns, pod, 'broken')
    await eventually(async () => expect(await fixture.kubectl(['get', 'pdb', 'both', '-n', ns, '-o', 'jsonpath={.status.currentHealthy}'])).to.equal('1'), seconds(90))
  }

  it('a restart of a StatefulSet with a pod that crashes for ever evicts that pod once the new template is seen, and all pods are new', async () => {
    const ns = await fixture.namespace('ordered')
    await fixture.apply(inNamespace(ns, workload('StatefulSet')))
    await rolledOut(ns)
    const before = await live(ns)
    await fixture.apply(policy(ns, { app: 'web', actions: [roll], safetyRules }))
    await touch(ns, 'web-0', 'broken')
    const actions = await fixture.ended(ns, 1, seconds(300))
    const after = await live(ns)
    expect(actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    expect(written(ns, actions)).to.deep.equal(['patch statefulsets web', 'create pods/eviction web-0'])
    expect(after.status.updateRevision).to.not.equal(before.status.updateRevision)
    expect(await pods(ns)).to.deep.equal(['web-0', 'web-1'].map((name) => `${name} ${after.status.updateRevision} Ready`))
  })

  it('a disruption budget keeps the broken pod: the act waits and names both, and goes on when the budget is gone', async () => {
    const ns = await fixture.namespace('budget')
    await fixture.apply(inNamespace(ns, workload('StatefulSet')))
    await rolledOut(ns)
    await breakUnderBudget(ns, 'web-1')
    await fixture.apply(policy(ns, { app: 'web', actions: [roll], safetyRules }))
    const waiting = await eventually(async () => {
      const [action] = await fixture.actions(ns)
      expect(action?.status?.result?.reason).to.equal('DisruptionBudget')
      return action
    }, seconds(180))
    expect(waiting?.status).to.deep.include({ phase: 'InProgress' })
    expect(waiting?.status?.steps).to.include({ done: 1 })
    expect(waiting?.status?.result?.message).to.equal('disruption budget both allows no eviction of Pod/web-1 now')
    // What the first step has changed stays in the record.
    expect(waiting?.status?.result?.changes?.map(({ field }) => field)).to.deep.equal(['spec.template.metadata.annotations[kubeskippy.io/restarted-by]'])
    await fixture.kubectl(['delete', 'pdb', 'both', '-n', ns])
    const actions = await fixture.ended(ns, 1, seconds(300))
    expect(actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    expect(written(ns, actions)).to.deep.equal(['patch statefulsets web', 'create pods/eviction web-1'])
    // Events are sent beside everything else.
    await eventually(async () => expect((await fixture.list<KubeObject & { readonly reason?: string }>(ns, EVENTS)).filter(({ reason }) => reason === 'DisruptionBudget')).to.have.length(1), seconds(60))
  })

  it('goes on where the controller was killed between the template and the eviction, and writes nothing twice', async () => {
    const ns = await fixture.namespace('killed')
    await fixture.apply(inNamespace(ns, workload('StatefulSet')))
    await rolledOut(ns)
    await breakUnderBudget(ns, 'web-1')
    await fixture.apply(policy(ns, { app: 'web', actions: [roll], safetyRules }))
    await eventually(async () => expect((await fixture.actions(ns))[0]?.status?.result?.reason).to.equal('DisruptionBudget'), seconds(180))
    await fixture.installation.killController('SIGKILL')
    await fixture.kubectl(['delete', 'pdb', 'both', '-n', ns])
    await fixture.installation.startController()
    const actions = await fixture.ended(ns, 1, seconds(300))
    expect(actions.map(({ status }) => `${status?.outcome} ${status?.steps?.done}`)).to.deep.equal(['Effective 2'])
    expect(written(ns, actions)).to.deep.equal(['patch statefulsets web', 'create pods/eviction web-1'])
    const { status } = await live(ns)
    expect(await pods(ns)).to.deep.equal(['web-0', 'web-1'].map((name) => `${name} ${status.updateRevision} Ready`))
  })

  it('a patch of the template that does not help is taken back field by field, and the pod that got it is made anew from what was before', async () => {
    const ns = await fixture.namespace('undo')
    await fixture.apply(inNamespace(ns, workload('StatefulSet')))
    await rolledOut(ns)
    const before = await live(ns)
    // Whoever gets this is not Ready for as long as the test lasts.
    const patch = 'spec: {template: {metadata: {annotations: {note: tried}}, spec: {containers: [{name: app, resources: {limits: {memory: 64Mi}}, readinessProbe: {initialDelaySeconds: 500}}]}}}'
    const made = policy(ns, { app: 'web', actions: [{ name: 'slow', type: 'patch', target: 'Workload', patchAction: { patch } }], safetyRules: { ...safetyRules, healthCheckTimeout: '10s' } }) as { spec: object }
    await fixture.apply({ ...made, spec: { ...made.spec, triggers: [{ name: 'unready', type: 'condition', cooldownPeriod: '0s', conditionTrigger: { type: 'Ready', status: 'False', duration: '2s' } }] } })
    await touch(ns, 'web-1', 'unready')
    const actions = await fixture.ended(ns, 1, seconds(300))
    expect(actions.map(({ status }) => status?.outcome)).to.deep.equal(['Reverted'])
    expect(actions[0]?.status?.undo?.evicts?.map(({ name }) => name)).to.deep.equal(['web-1'])
    expect(written(ns, actions)).to.deep.equal(['patch statefulsets web', 'create pods/eviction web-1', 'patch statefulsets web', 'create pods/eviction web-1'])
    await rolledOut(ns)
    const after = await live(ns)
    expect(after.spec.template).to.deep.equal(before.spec.template)
    expect(after.status.updateRevision).to.equal(before.status.updateRevision)
    expect(await pods(ns)).to.deep.equal(['web-0', 'web-1'].map((name) => `${name} ${before.status.updateRevision} Ready`))
  })

  it('a StatefulSet that replaces its pods in parallel needs one write', async () => {
    const ns = await fixture.namespace('parallel')
    await fixture.apply(inNamespace(ns, workload('StatefulSet', { podManagementPolicy: 'Parallel' })))
    await rolledOut(ns)
    await fixture.apply(policy(ns, { app: 'web', actions: [roll], safetyRules }))
    await touch(ns, 'web-0', 'broken')
    const actions = await fixture.ended(ns, 1, seconds(300))
    expect(actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    expect(written(ns, actions)).to.deep.equal(['patch statefulsets web'])
    const { status } = await live(ns)
    expect(await pods(ns)).to.deep.equal(['web-0', 'web-1'].map((name) => `${name} ${status.updateRevision} Ready`))
  })

  it('a dry run says which pods would be evicted after the write, and writes nothing', async () => {
    const ns = await fixture.namespace('dry')
    await fixture.apply(inNamespace(ns, workload('StatefulSet')))
    await rolledOut(ns)
    await fixture.apply(policy(ns, { app: 'web', mode: 'dryrun', actions: [roll], safetyRules }))
    await touch(ns, 'web-1', 'broken')
    const actions = await fixture.ended(ns, 1, seconds(180))
    expect(actions[0]?.status?.result?.message).to.include('would have patched StatefulSet/web, and then evicted one after another, as long as they are not Ready: Pod/web-1')
    expect(written(ns, actions)).to.deep.equal([])
  })

  for (const [name, kind, updateStrategy, reason] of [
    ['on-delete', 'StatefulSet', { type: 'OnDelete' }, 'OnDelete'],
    ['on-delete-daemon', 'DaemonSet', { type: 'OnDelete' }, 'OnDelete'],
    ['partition', 'StatefulSet', { type: 'RollingUpdate', rollingUpdate: { partition: 1 } }, 'Partitioned'],
  ] as const) {
    it(`a restart of a ${kind} with ${JSON.stringify(updateStrategy)} would be taken and leave pods as they are: it is refused, and the next rung follows`, async () => {
      const ns = await fixture.namespace(name)
      await fixture.apply(inNamespace(ns, workload(kind, { updateStrategy })))
      // `rollout status` is not for OnDelete.
      await eventually(async () => expect((await pods(ns)).map((pod) => pod.split(' ').slice(2).join(' '))).to.deep.equal(kind === 'DaemonSet' ? ['Ready'] : ['Ready', 'Ready']), seconds(180))
      const [first] = await fixture.pods(ns)
      const uid = first?.metadata.uid
      // What the API server and the controller of the set make of a new template.
      await fixture.kubectl(['patch', '-n', ns, kind.toLowerCase(), 'web', '-p', '{"spec":{"template":{"metadata":{"annotations":{"by":"hand"}}}}}'])
      await fixture.apply(policy(ns, { app: 'web', actions: [{ ...roll, priority: 1 }, { name: 'away', type: 'evict', priority: 2, evictAction: {} }], safetyRules }))
      await touch(ns, first?.metadata.name ?? '', 'broken')
      const actions = (await fixture.ended(ns, 2, seconds(300))).toSorted((a, b) => a.spec.incident.rung - b.spec.incident.rung)
      expect(actions.map(({ spec, status }) => `${spec.action.name} ${status?.phase} ${status?.result?.reason}`)).to.deep.equal([`roll Failed ${reason}`, 'away Succeeded Effective'])
      expect(written(ns, actions)).to.deep.equal([`create pods/eviction ${first?.metadata.name}`])
      await eventually(async () => expect((await fixture.pods(ns)).map(({ metadata }) => metadata.uid)).to.not.include(uid), seconds(60))
    })
  }

  it('a restart of a DaemonSet with a pod that crashes for ever needs one write: its controller replaces the broken pod first', async () => {
    const ns = await fixture.namespace('daemon')
    await fixture.apply(inNamespace(ns, workload('DaemonSet')))
    await rolledOut(ns, 'daemonset')
    await fixture.apply(policy(ns, { app: 'web', actions: [roll], safetyRules }))
    const [old] = await fixture.pods(ns)
    await touch(ns, old?.metadata.name ?? '', 'broken')
    const actions = await fixture.ended(ns, 1, seconds(300))
    expect(actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    expect(written(ns, actions)).to.deep.equal(['patch daemonsets web'])
    await eventually(async () => expect((await fixture.pods(ns)).map(({ metadata }) => metadata.uid)).to.not.include(old?.metadata.uid), seconds(60))
  })
})
