/**
 * Nights that people know, from the status of objects alone, on real pods. Each asserts by the audit log what was
 * written, and what was not. Two more are told in `e2e/healing/loop.e2e.ts`: the stale lock that a new pod heals, and
 * the disruption budget that forbids.
 */
import { expect } from 'chai'
import { HEALER_ACCOUNT, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import { PODS } from '../../shared/kube/resources.ts'
import type { KubeObject } from '../../shared/lib/object.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { tellPod } from '../cluster/tell.ts'
import { policy, useFixture } from '../healing/fixture.ts'
import { openDatabase } from './database.ts'
import { rolledOut, workload } from './workloads.ts'

interface Restarting extends KubeObject {
  readonly status: { readonly containerStatuses?: readonly { readonly restartCount: number }[] }
}

const MINUTES = 60

const triggeredBy = (type: string, duration: string): object[] => [{ name: 'seen', type: 'condition', cooldownPeriod: '0s', conditionTrigger: { type, duration } }]

const withSpec = (object: object, spec: object): object => ({ ...object, spec: { ...(object as { readonly spec: object }).spec, ...spec } })

describe('nights seen in the status of objects', function () {
  this.timeout(5 * MINUTES * 1000)
  const fixture = useFixture()

  it('a leak: a container that the kernel kills again and again is healed by one new pod', async () => {
    const ns = await fixture.namespace('leak')
    // What makes it grow is as old as the pod: a restart of the container meets it again.
    const script = 'while [ ! -e /data/leak ]; do sleep 0.2; done; sleep 1; exec tail /dev/zero'
    await fixture.apply(workload(ns, 'cache', { script, limits: { cpu: '500m', memory: '24Mi' } }), withSpec(policy(ns, { app: 'cache' }), { triggers: triggeredBy('OOMKilled', '3s') }))
    const [pod = ''] = await rolledOut(fixture, ns, 'cache')
    await tellPod(fixture.cluster, ns, pod, 'leak')
    const [action] = await fixture.ended(ns, 1, seconds(120))
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(action?.spec.trigger.evidence).to.include('OOMKilled')
    expect(action?.spec.targetResource.name).to.equal(pod)
    expect(fixture.evictions(ns).map(({ name, impersonated }) => ({ name, impersonated }))).to.deep.equal([{ name: pod, impersonated: serviceAccountUser(ns, HEALER_ACCOUNT) }])
    expect(await rolledOut(fixture, ns, 'cache')).to.have.length(1).and.not.to.include(pod)
  })

  it('a bad image: one try, then a person is asked, and the pod that still serves is never touched', async () => {
    const ns = await fixture.namespace('bad-image')
    const healing = withSpec(policy(ns, { app: 'web' }), { triggers: triggeredBy('ImagePullBackOff', '3s') })
    await fixture.apply(workload(ns, 'web', { script: 'sleep 3600' }), healing)
    const [serving = ''] = await rolledOut(fixture, ns, 'web')
    await fixture.kubectl(['patch', 'deployment', 'web', '-n', ns, '-p', JSON.stringify({ spec: { template: { spec: { containers: [{ name: 'app', image: '127.0.0.1:1/web:no-such-tag', imagePullPolicy: 'Always' }] } } } })])
    const [action] = await fixture.ended(ns, 1, seconds(150))
    expect(action?.status).to.include({ phase: 'Failed', outcome: 'Ineffective' })
    const { status } = await fixture.decided(ns, 'Escalated', seconds(60))
    expect(status?.conditions?.find((c) => c.type === 'Escalated')).to.include({ status: 'True' })
    const evicted = fixture.evictions(ns).map(({ name }) => name)
    expect(evicted).to.have.length(1).and.not.to.include(serving)
    // Neither the workload nor anything else of it was written to.
    expect(new Set(fixture.writes(ns).filter(({ dryRun }) => !dryRun).map(({ group, resource }) => `${group}/${resource}`))).to.deep.equal(
      new Set(['/pods/eviction', 'kubeskippy.io/healingactions', 'kubeskippy.io/healingactions/status', 'kubeskippy.io/healingpolicies/status', 'events.k8s.io/events']))
    const names = (await fixture.pods(ns)).map(({ metadata }) => metadata.name)
    expect(names, 'the old pod').to.include(serving)
  })

  it('an approval by a second person: the author of the policy may not, nothing is written before, one eviction after', async () => {
    const ns = await fixture.namespace('approved')
    const role = (name: string, rules: readonly object[]): object => ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name, namespace: ns }, rules })
    const bound = (name: string, user: string): object => ({
      apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name, namespace: ns },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name }, subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
    })
    const of = (resource: string, verbs: readonly string[]): object => ({ apiGroups: ['kubeskippy.io'], resources: [resource], verbs })
    await fixture.apply(
      role('author', [of('healingpolicies', ['get', 'create', 'update', 'patch']), of('healingactions', ['get', 'list', 'patch']),
        // Who may not evict himself may not let a policy do it.
        { apiGroups: [''], resources: ['pods/eviction'], verbs: ['create'] }]), bound('author', 'olga'),
      role('approver', [of('healingactions', ['get', 'list', 'watch', 'patch', 'approve'])]), bound('approver', 'alice'),
      workload(ns, 'web', { script: 'while [ ! -e /data/broken ]; do sleep 0.2; done; exit 7' }))
    const written = await fixture.cluster.kubectl(['apply', '-f', '-'], { as: 'olga', input: JSON.stringify(policy(ns, { app: 'web', mode: 'manual' })) })
    expect(written.code, written.stderr).to.equal(0)
    const [pod = ''] = await rolledOut(fixture, ns, 'web')
    await tellPod(fixture.cluster, ns, pod, 'broken')
    const waiting = await eventually(async () => {
      const [action] = await fixture.actions(ns)
      expect(action?.status?.result).to.include({ reason: 'PendingApproval' })
      return action?.metadata.name ?? ''
    }, seconds(90))
    const approve = async (user: string) => fixture.cluster.kubectl(
      ['patch', 'healingaction', waiting, '-n', ns, '--type=merge', '-p', JSON.stringify({ spec: { approval: { decision: 'Approved', decidedBy: user, reason: 'seen' } } })], { as: user })
    const refused = await approve('olga')
    expect(refused.stderr).to.include('[KS702] deciding needs the verb approve')
    expect(fixture.evictions(ns), 'before the approval').to.deep.equal([])
    const approved = await approve('alice')
    expect(approved.code, approved.stderr).to.equal(0)
    const [action] = await fixture.ended(ns, 1, seconds(120))
    expect(action?.metadata.name).to.equal(waiting)
    expect(action?.spec.approval).to.include({ decision: 'Approved', decidedBy: 'alice' })
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(fixture.evictions(ns).map(({ name }) => name)).to.deep.equal([pod])
  })

  it('an outage of what all of them need trips the storm gate: nothing is written, and they come back by themselves', async () => {
    const ns = await fixture.namespace('outage')
    const database = await openDatabase(fixture.cluster)
    try {
      const script = `while ${database.needed}; do sleep 1; done; exit 7`
      // The last one to come back is alone for as long as the kubelet waits: the gate stays closed for longer than that.
      const stormy = withSpec(policy(ns, { app: 'web', safetyRules: { stabilizationWindow: '30s', healthCheckTimeout: '60s' } }), { triggers: triggeredBy('CrashLoopBackOff', '2s') })
      await fixture.apply(workload(ns, 'web', { script, replicas: 4 }))
      const pods = await rolledOut(fixture, ns, 'web')
      database.close()
      // Until all four are down: of the first one alone, one of four, nobody could tell that it is an outage.
      await eventually(async () => {
        const restarted = (await fixture.list<Restarting>(ns, PODS)).filter(({ status }) => (status.containerStatuses?.[0]?.restartCount ?? 0) > 1)
        expect(restarted).to.have.length(4)
      }, seconds(120))
      await fixture.apply(stormy)
      const { status } = await fixture.decided(ns, 'StormGate', seconds(120))
      expect(status?.lastDecision?.message).to.match(/\d of 4/)
      await database.reopen()
      await eventually(async () => expect((await fixture.policy(ns)).status?.triggers?.[0]).to.include({ state: 'Quiet' }), seconds(120))
      expect((await rolledOut(fixture, ns, 'web')).toSorted(), 'the same pods').to.deep.equal(pods.toSorted())
      expect(await fixture.actions(ns)).to.deep.equal([])
      expect(new Set(fixture.writes(ns).map(({ group }) => group)), 'status and events alone').to.deep.equal(new Set(['kubeskippy.io', 'events.k8s.io']))
    } finally {
      database.close()
    }
  })

  it('of an outage that reaches one pod after the other no more than the first is acted on', async () => {
    const ns = await fixture.namespace('creeping')
    const database = await openDatabase(fixture.cluster)
    try {
      // Each notices some time after the one before it: by then the first may have been evicted, since it was alone. None is up for a stabilization window.
      const script = `n=$((RANDOM % 8)); while ${database.needed}; do sleep 1; done; sleep $n; exit 7`
      await fixture.apply(workload(ns, 'web', { script, replicas: 4 }), withSpec(policy(ns, { app: 'web', safetyRules: { stabilizationWindow: '30s', healthCheckTimeout: '60s' } }), { triggers: triggeredBy('CrashLoopBackOff', '2s') }))
      const pods = await rolledOut(fixture, ns, 'web')
      await fixture.decided(ns, 'Healthy', seconds(60))
      database.close()
      await fixture.decided(ns, 'StormGate', seconds(180))
      await eventually(async () => {
        const down = (await fixture.list<Restarting>(ns, PODS)).filter(({ status }) => (status.containerStatuses?.[0]?.restartCount ?? 0) > 1)
        expect(down).to.have.length(4)
      }, seconds(180))
      // Of four one may be unhealthy: a second that fires closes the gate, and what is broken stays until it is open again.
      await new Promise((resolve) => setTimeout(resolve, 10_000))
      expect(fixture.evictions(ns).length).to.be.at.most(1)
      await database.reopen()
      await eventually(async () => expect((await fixture.policy(ns)).status?.triggers?.[0]).to.include({ state: 'Quiet' }), seconds(180))
      const evicted = fixture.evictions(ns).map(({ name }) => name)
      expect(evicted.length, 'when it was over as well').to.be.at.most(1)
      expect((await rolledOut(fixture, ns, 'web')).filter((name) => pods.includes(name))).to.have.members(pods.filter((name) => !evicted.includes(name)))
      // One that was decided on as the next pod went down ends without a write.
      await eventually(async () => {
        const actions = await fixture.actions(ns)
        const [acted, left] = [true, false].map((wrote) => actions.filter(({ status }) => (status?.actedAt !== undefined) === wrote))
        expect(acted?.map(({ spec }) => spec.targetResource.name)).to.deep.equal(evicted)
        for (const { status } of left ?? []) expect(status).to.include({ phase: 'Cancelled' })
      }, seconds(60))
    } finally {
      database.close()
    }
  })
})
