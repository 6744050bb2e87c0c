/** An act waits for a second person, on real pods: what was written, by whom and in which order, is the audit log's to say. */
import { expect } from 'chai'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { exec, type Finished } from '../cluster/exec.ts'
import { acceptedWrites } from '../demo/audit.ts'
import { breakPods, deployment, inNamespace, policy, useFixture, type PolicyOptions } from '../healing/fixture.ts'
import { tokenKubeconfig } from '../installation/files.ts'

const WATCHER = 'watcher'
const APPROVER = 'on-call'

const people = (namespace: string): object[] =>
  [
    { name: WATCHER, verbs: [] },
    { name: APPROVER, verbs: ['approve'] },
  ].flatMap(({ name, verbs }) => [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name, namespace }, rules: [{ apiGroups: ['kubeskippy.io'], resources: ['healingactions'], verbs: ['get', 'list', 'watch', 'patch', ...verbs] }] },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name, namespace }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name }, subjects: [{ kind: 'ServiceAccount', name, namespace }] },
  ])

describe('approval by a second person', function () {
  this.timeout(600_000)
  const fixture = useFixture()
  // What crashes for ever takes its time from the tests that follow.
  afterEach(() => fixture.kubectl(['delete', 'deployments', '-l', 'app=web', '--all-namespaces', '--wait=false']))

  /** One action that waits, of a Deployment that crashes. */
  const waiting = async (ns: string, options: Partial<PolicyOptions> = {}): Promise<HealingAction> => {
    await fixture.namespace(ns)
    await fixture.apply(...people(ns), inNamespace(ns, deployment('web', 'inThisPod')), policy(ns, { app: 'web', mode: 'manual', ...options, safetyRules: { healthCheckTimeout: '3m', ...options.safetyRules } }))
    await breakPods(fixture, ns, 'web')
    return eventually(async () => {
      const [action] = await fixture.actions(ns)
      if (action?.status?.result?.reason !== 'PendingApproval') throw new Error(JSON.stringify(action?.status))
      return action
    }, seconds(120))
  }
  /** The command line with a person's own token. */
  const kubeskippy = async (ns: string, account: string, ...args: readonly string[]): Promise<Finished> => {
    const file = join(fixture.cluster.dir, `${ns}-${account}.kubeconfig`)
    const token = (await fixture.kubectl(['create', 'token', account, '-n', ns])).trim()
    writeFileSync(file, tokenKubeconfig({ server: fixture.cluster.server, caFile: fixture.cluster.caFile, user: account, token }), { mode: 0o600 })
    return exec(process.execPath, ['cli/main.ts', ...args, '-n', ns], { env: { ...process.env, KUBECONFIG: file }, timeout: 300_000 })
  }
  const order = (ns: string): string[] =>
    acceptedWrites(readFileSync(fixture.cluster.auditLog, 'utf8'), ns)
      .filter(({ resource, dryRun }) => !dryRun && (resource === 'pods/eviction' || resource === 'healingactions'))
      .map(({ verb, resource, user }) => `${verb} ${resource} by ${user.split(':').at(-1)}`)
  const ending = async (ns: string): Promise<unknown> => (await fixture.ended(ns, 1, seconds(180))).map(({ status }) => [status?.phase, status?.result?.reason])

  it('nothing is done before it, and the one act after it', async () => {
    const ns = 'second-person'
    const { metadata } = await waiting(ns)
    expect(await fixture.kubectl(['get', 'ha', '-n', ns])).to.match(/Pending\s+PendingApproval/)
    const refused = await kubeskippy(ns, WATCHER, 'approve', metadata.name)
    expect(refused.code).to.equal(1)
    expect(refused.stderr).to.include('[KS702] deciding needs the verb approve')
    await new Promise((resolve) => setTimeout(resolve, 5000))
    expect(fixture.evictions(ns)).to.deep.equal([])
    const approved = await kubeskippy(ns, APPROVER, 'approve', metadata.name, '--reason', 'seen', '-o', 'json')
    expect(approved.code, approved.stderr).to.equal(0)
    const { objects } = JSON.parse(approved.stdout) as { readonly objects: readonly unknown[] }
    const fields = [['decision', 'Approved'], ['reason', 'seen'], ['decidedBy', serviceAccountUser(ns, APPROVER)]].map(([field, newValue]) => ({ field: `spec.approval.${field}`, newValue }))
    expect(objects).to.deep.equal([{ change: 'updated', apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingAction', namespace: ns, name: metadata.name, uid: metadata.uid, fields }])
    const [action] = await fixture.ended(ns, 1, seconds(240))
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(action?.spec.approval).to.include({ decision: 'Approved', reason: 'seen', decidedBy: serviceAccountUser(ns, APPROVER) })
    expect(Date.parse(action?.spec.approval?.decidedAt ?? '')).to.be.greaterThan(Date.now() - 600_000)
    expect(order(ns)).to.deep.equal(['create healingactions by kubeskippy-controller-manager', `patch healingactions by ${APPROVER}`, 'create pods/eviction by kubeskippy-controller-manager'])
    expect(fixture.evictions(ns)).to.have.length(1)
  })

  it('a rejection ends it, and nobody is asked again', async () => {
    const ns = 'rejected'
    const { metadata } = await waiting(ns)
    await fixture.kubectl(['patch', 'ha', metadata.name, '-n', ns, '--type', 'merge', '-p', '{"spec":{"approval":{"decision":"Rejected","reason":"not now"}}}', '--as', serviceAccountUser(ns, APPROVER)])
    expect(await ending(ns)).to.deep.equal([['Cancelled', 'Rejected']])
    await fixture.decided(ns, 'Escalated')
    await new Promise((resolve) => setTimeout(resolve, 5000))
    expect(await fixture.actions(ns)).to.have.length(1)
    expect(fixture.evictions(ns)).to.deep.equal([])
  })

  it('a request that nobody looks at expires, and is not made again at once', async () => {
    const ns = 'expired'
    // The cooldown, a minute at least, is how long it is not made again: longer than all that follows.
    const { metadata } = await waiting(ns, { cooldown: '15m', safetyRules: { approvalTimeout: '15s' } })
    expect(await ending(ns)).to.deep.equal([['Cancelled', 'ApprovalExpired']])
    const late = await kubeskippy(ns, APPROVER, 'approve', metadata.name)
    expect([late.code, late.stderr]).to.satisfy(() => late.code === 1 && late.stderr.includes('ApprovalExpired'), late.stderr)
    const { status } = await fixture.decided(ns, 'ApprovalExpired')
    expect(Date.parse(status?.lastDecision?.retryAt ?? '')).to.be.greaterThan(Date.now())
    await new Promise((resolve) => setTimeout(resolve, 5000))
    expect(await fixture.actions(ns)).to.have.length(1)
    expect(fixture.evictions(ns)).to.deep.equal([])
  })

  it('is withdrawn when its pod goes, and another pod is not what was approved', async () => {
    const ns = 'withdrawn'
    const { metadata, spec } = await waiting(ns)
    await fixture.kubectl(['delete', 'pod', spec.targetResource.name, '-n', ns, '--wait=true'])
    await eventually(async () => expect((await fixture.actions(ns)).find((a) => a.metadata.name === metadata.name)?.status).to.include({ phase: 'Cancelled' }), seconds(60))
    const late = await fixture.cluster.kubectl(['patch', 'ha', metadata.name, '-n', ns, '--type', 'merge', '-p', '{"spec":{"approval":{"decision":"Approved"}}}', '--as', serviceAccountUser(ns, APPROVER)])
    expect(late.stderr).to.include('[KS702] this action waits for no decision any more')
    expect(fixture.evictions(ns)).to.deep.equal([])
  })

  it('is withdrawn with the difference when its workload is rolled out anew, and no approval of it counts', async () => {
    const ns = await fixture.namespace('shipped')
    const actions = [{ name: 'restart', type: 'restart', target: 'Workload', restartAction: {} }]
    await fixture.apply(inNamespace(ns, deployment('web', 'always')), policy(ns, { app: 'web', mode: 'manual', actions }))
    const { metadata, spec } = await eventually(async () => {
      const [action] = await fixture.actions(ns)
      if (action?.status?.result?.reason !== 'PendingApproval') throw new Error(JSON.stringify(action?.status))
      return action
    }, seconds(120))
    expect(spec.template?.images).to.deep.equal([{ container: 'app', image: 'kubeskippy.local/busybox:1' }])
    await fixture.kubectl(['set', 'image', '-n', ns, 'deployment/web', 'app=kubeskippy.local/busybox:2'])
    const ended = await eventually(async () => {
      const action = (await fixture.actions(ns)).find((a) => a.metadata.name === metadata.name)
      expect(action?.status).to.include({ phase: 'Cancelled' })
      return action
    }, seconds(90))
    expect(ended?.status?.result).to.include({ reason: 'TargetChanged' })
    expect(ended?.status?.result?.message).to.include('image of container app: was kubeskippy.local/busybox:1, now kubeskippy.local/busybox:2')
    const late = await fixture.cluster.kubectl(['patch', 'ha', metadata.name, '-n', ns, '--type', 'merge', '-p', '{"spec":{"approval":{"decision":"Approved"}}}'])
    expect(late.stderr).to.include('[KS702] this action waits for no decision any more')
    expect(fixture.writes(ns).filter(({ group }) => group === 'apps')).to.deep.equal([])
  })

  it('of a patch shows what is there now, and is cancelled with the difference when that is another value by then', async () => {
    const ns = await fixture.namespace('shown')
    const actions = [{ name: 'more', type: 'patch', target: 'Workload', patchAction: { type: 'merge', patch: 'spec: {replicas: 2}' } }]
    // However many of its pods crash by then.
    await fixture.apply(...people(ns), inNamespace(ns, deployment('web', 'always')), policy(ns, { app: 'web', mode: 'manual', actions, safetyRules: { maxUnhealthy: '100%' } }))
    const { metadata, status } = await eventually(async () => {
      const [action] = await fixture.actions(ns)
      if (action?.status?.result?.reason !== 'PendingApproval') throw new Error(JSON.stringify(action?.status))
      return action
    }, seconds(120))
    expect(status?.result?.changes).to.have.length(1)
    expect(status?.result?.changes?.[0]).to.include({ field: 'spec.replicas', oldValue: '1', newValue: '2' })
    // Somebody else is at work on it, and then somebody approves what he was shown.
    await fixture.kubectl(['scale', '-n', ns, 'deployment/web', '--replicas=4'])
    const decided = await kubeskippy(ns, APPROVER, 'approve', metadata.name)
    expect(decided.code, decided.stderr).to.equal(0)
    expect(decided.stdout + decided.stderr).to.include('spec.replicas: 1 -> 2')
    const ended = await eventually(async () => {
      const action = (await fixture.actions(ns)).find((a) => a.metadata.name === metadata.name)
      expect(action?.status).to.include({ phase: 'Cancelled' })
      return action
    }, seconds(120))
    expect(ended?.status?.result).to.include({ reason: 'TargetChanged' })
    expect(ended?.status?.result?.message).to.include('/spec/replicas: was 1, now 4')
    expect(fixture.writes(ns).filter(({ group, dryRun }) => group === 'apps' && !dryRun)).to.deep.equal([])
  })

  it('nobody is asked for a dry run', async () => {
    const ns = await fixture.namespace('dry')
    const actions = [{ name: 'restart', type: 'restart', requiresApproval: true, restartAction: {} }]
    await fixture.apply(inNamespace(ns, deployment('web', 'always')), policy(ns, { app: 'web', mode: 'dryrun', actions }))
    const [action] = await fixture.ended(ns)
    expect(action?.status?.result?.message).to.include('after approval')
    expect(fixture.evictions(ns)).to.deep.equal([])
  })

  it('works with the webhook down, and then too only for who may', async () => {
    const ns = 'door-down'
    const { metadata } = await waiting(ns)
    await fixture.installation.stopWebhook()
    try {
      expect((await kubeskippy(ns, WATCHER, 'approve', metadata.name)).stderr).to.include('[KS702]')
      const { code, stderr } = await kubeskippy(ns, APPROVER, 'approve', metadata.name)
      expect([code, stderr]).to.deep.equal([0, ''])
      expect((await fixture.ended(ns, 1, seconds(240)))[0]?.status).to.include({ outcome: 'Effective' })
      expect(fixture.evictions(ns)).to.have.length(1)
    } finally {
      await fixture.installation.startWebhook()
    }
  })
})
