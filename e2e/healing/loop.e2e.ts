/** The closed loop on real pods: what was decided, written and verified, read from the cluster and its audit log. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { HEALER_ACCOUNT, KILL_SWITCH, OPERATOR_NAMESPACE, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import type { KubeObject } from '../../shared/lib/object.ts'
import { EVENTS } from '../../shared/kube/resources.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { breakPods, deployment, inNamespace, policy, useFixture, withReadiness } from './fixture.ts'

describe('the closed loop on real pods', function () {
  this.timeout(500_000)
  const fixture = useFixture()
  // What crashes for ever takes its time from the tests that follow.
  afterEach(() => fixture.kubectl(['delete', 'deployments', '-l', 'app=web', '--all-namespaces', '--wait=false']))

  it('heals what a new pod heals: one eviction as the healer, Effective, the same Deployment Ready', async () => {
    const ns = await fixture.namespace('effective')
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), policy(ns, { app: 'web' }))
    const [uid] = await breakPods(fixture, ns, 'web')
    const [action] = await fixture.ended(ns)
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(action?.spec.targetResource.uid).to.equal(uid)
    expect(fixture.evictions(ns)).to.have.length(1)
    expect(fixture.evictions(ns)[0]).to.include({ impersonated: serviceAccountUser(ns, HEALER_ACCOUNT) })
    await fixture.kubectl(['rollout', 'status', '-n', ns, 'deployment/web', '--timeout=60s'])
    // That the pods are healthy may be decided a moment before the end of the action is seen.
    await fixture.decided(ns, 'Healthy')
    await eventually(async () => expect((await fixture.policy(ns)).status).to.deep.include({ incidents: [], outcomes: { effective: 1, ineffective: 0, inconclusive: 0, failed: 0 } }), seconds(60))
  })

  it('names the act in the audit log by the User-Agent', async () => {
    const [action] = await fixture.actions('effective')
    expect(fixture.evictions('effective')[0]?.userAgent).to.include(`healingaction effective/${action?.metadata.name}`)
  })

  it('stops when nothing helps: Ineffective, breaker open, escalated once, no loop', async () => {
    const ns = await fixture.namespace('ineffective')
    await fixture.apply(inNamespace(ns, deployment('web', 'always')), policy(ns, { app: 'web', safetyRules: { circuitBreaker: { failureThreshold: 1 } } }))
    const [action] = await fixture.ended(ns)
    expect(action?.status).to.include({ phase: 'Failed', outcome: 'Ineffective' })
    const { status } = await fixture.decided(ns, 'Escalated')
    expect(status?.breaker?.state).to.equal('Open')
    expect(status?.conditions?.find((c) => c.type === 'Escalated')).to.include({ status: 'True' })
    await eventually(async () => expect(await escalations(ns)).to.equal(1), seconds(60))
    // Long enough for another round of everything.
    await new Promise((resolve) => setTimeout(resolve, 8000))
    expect(await fixture.actions(ns)).to.have.length(1)
    expect(fixture.evictions(ns)).to.have.length(1)
    expect(await escalations(ns)).to.equal(1)
  })

  const escalations = async (ns: string): Promise<number> => {
    const events = await fixture.list<KubeObject & { reason: string; series?: { count: number } }>(ns, EVENTS)
    return events.filter((e) => e.reason === 'Escalated').reduce((sum, e) => sum + (e.series?.count ?? 1), 0)
  }

  it('counts a replacement pod that fails again to the same incident, and goes to the next rung', async () => {
    const ns = await fixture.namespace('ladder')
    const actions = [
      { name: 'first', type: 'restart', priority: 1, restartAction: {} },
      { name: 'second', type: 'restart', priority: 2, restartAction: { gracePeriodSeconds: 1 } },
    ]
    await fixture.apply(inNamespace(ns, deployment('web', 'always')), policy(ns, { app: 'web', actions }))
    await fixture.ended(ns, 2, seconds(180))
    const { status } = await fixture.decided(ns, 'Escalated')
    const made = (await fixture.actions(ns)).toSorted((a, b) => a.spec.incident.rung - b.spec.incident.rung)
    expect(made.map((a) => a.spec.action.name)).to.deep.equal(['first', 'second'])
    expect(new Set(made.map((a) => a.spec.incident.id)).size).to.equal(1)
    expect(new Set(made.map((a) => a.spec.targetResource.uid)).size).to.equal(2)
    expect(status?.incidents).to.have.length(1)
  })

  it('never touches a protected pod, and says why', async () => {
    const ns = await fixture.namespace('bystander')
    const protectedResources = [{ apiVersion: 'v1', kind: 'Pod', labelSelector: { matchLabels: { critical: 'true' } } }]
    await fixture.apply(inNamespace(ns, deployment('web', 'always', { labels: { critical: 'true' } })), policy(ns, { app: 'web', safetyRules: { protectedResources } }))
    const { status } = await fixture.decided(ns, 'Protected')
    expect(status?.lastDecision?.message).to.include('safetyRules.protectedResources')
    expect(await fixture.actions(ns)).to.deep.equal([])
    expect(fixture.writes(ns).filter((w) => w.resource.startsWith('pods'))).to.deep.equal([])
  })

  it('leaves alone what its owner has opted out', async () => {
    const ns = await fixture.namespace('optedout')
    await fixture.apply(inNamespace(ns, deployment('web', 'always', { annotations: { 'kubeskippy.io/ignore': 'true' } })), policy(ns, { app: 'web' }))
    const { status } = await fixture.decided(ns, 'OptedOut')
    expect(status?.lastDecision?.message).to.include('Deployment/web')
    expect(await fixture.actions(ns)).to.deep.equal([])
  })

  it('writes nothing but its own objects in a dry run, and shows what it would have written', async () => {
    const ns = await fixture.namespace('observed')
    await fixture.apply(inNamespace(ns, deployment('web', 'always')), policy(ns, { app: 'web', mode: 'dryrun' }))
    const [action] = await fixture.ended(ns)
    expect(action?.spec.dryRun).to.equal(true)
    expect(action?.status).to.include({ phase: 'Succeeded' }).and.not.have.property('outcome')
    expect(action?.status?.result?.changes).to.have.length.greaterThan(0)
    await fixture.decided(ns, 'DryRunDone')
    expect(await fixture.actions(ns)).to.have.length(1)
    // Events are sent beside everything else.
    await eventually(() => expect(new Set(fixture.writes(ns).filter((w) => !w.dryRun).map((w) => w.group))).to.deep.equal(new Set(['kubeskippy.io', 'events.k8s.io'])), seconds(30))
    expect(fixture.writes(ns).filter((w) => w.dryRun).map((w) => w.resource)).to.deep.equal(['pods/eviction'])
  })

  it('only watches in monitor mode', async () => {
    const ns = await fixture.namespace('monitored')
    await fixture.apply(inNamespace(ns, deployment('web', 'always')), policy(ns, { app: 'web', mode: 'monitor' }))
    const { status } = await fixture.decided(ns, 'Monitoring')
    expect(status?.triggers?.[0]).to.include({ state: 'Firing', objects: 1 })
    expect(await fixture.actions(ns)).to.deep.equal([])
  })

  it('refuses without a healer account, with the manifest to apply, and acts once it is there', async () => {
    const ns = await fixture.namespace('noconsent', { healer: false })
    await fixture.apply(inNamespace(ns, deployment('web', 'always')), policy(ns, { app: 'web' }))
    const { status } = await fixture.decided(ns, 'HealerMissing')
    expect(status?.lastDecision?.message).to.include(`kubeskippy enable -n ${ns} --print`)
    expect(await fixture.actions(ns)).to.deep.equal([])
    await fixture.kubectl(['create', 'serviceaccount', HEALER_ACCOUNT, '-n', ns])
    await fixture.decided(ns, 'HealerForbidden')
    expect(await fixture.actions(ns)).to.deep.equal([])
    await fixture.installation.enable(ns)
    await eventually(async () => expect(await fixture.actions(ns)).to.have.length(1), seconds(90))
  })

  it('stops new acts while the kill switch exists or the policy is suspended', async () => {
    const ns = await fixture.namespace('killed')
    await fixture.kubectl(['create', 'configmap', KILL_SWITCH, '-n', OPERATOR_NAMESPACE])
    try {
      await fixture.apply(inNamespace(ns, deployment('web', 'always')), policy(ns, { app: 'web', suspend: true }))
      await fixture.decided(ns, 'KillSwitch')
    } finally {
      await fixture.kubectl(['delete', 'configmap', KILL_SWITCH, '-n', OPERATOR_NAMESPACE])
    }
    await fixture.decided(ns, 'Suspended')
    expect(await fixture.actions(ns)).to.deep.equal([])
  })

  it('respects a disruption budget: nothing is evicted, and the budget is named', async () => {
    const ns = await fixture.namespace('budget')
    const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'all-of-them', namespace: ns }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } } }
    await fixture.apply(inNamespace(ns, withReadiness(deployment('web', 'always'), 'exit 1')), budget, policy(ns, { app: 'web' }))
    await eventually(async () => {
      const [action] = await fixture.actions(ns)
      expect(action?.status?.result).to.include({ success: false, reason: 'DisruptionBudget' })
      expect(action?.status?.result?.message).to.include('all-of-them')
      expect(action?.status?.phase).to.equal('InProgress')
    }, seconds(90))
    expect(fixture.evictions(ns)).to.deep.equal([])
  })

  it('gives up on a disruption budget when its time is up: the next rung, then a person, who is told which budget', async () => {
    const ns = await fixture.namespace('patience')
    const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'all-of-them', namespace: ns }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } } }
    const actions = ['away', 'again'].map((name, i) => ({ name, type: 'evict', priority: i + 1, evictAction: { timeout: '15s' } }))
    await fixture.apply(inNamespace(ns, withReadiness(deployment('web', 'always'), 'exit 1')), budget, policy(ns, { app: 'web', actions }))
    const ended = (await fixture.ended(ns, 2, seconds(180))).toSorted((a, b) => a.spec.incident.rung - b.spec.incident.rung)
    for (const [i, name] of ['away', 'again'].entries()) {
      expect(ended[i]?.spec.action.name).to.equal(name)
      expect(ended[i]?.status).to.include({ phase: 'Failed' }).and.not.have.property('outcome')
      expect(ended[i]?.status?.result).to.include({ success: false, reason: 'DisruptionBudget' })
      expect(ended[i]?.status?.attempts).to.be.greaterThan(1)
    }
    const { status } = await fixture.decided(ns, 'Escalated')
    // What the budget forbade is no failure of healing.
    expect(status?.breaker?.state).to.equal('Closed')
    await eventually(async () => expect((await fixture.list<KubeObject & { reason: string; note: string }>(ns, EVENTS)).filter((e) => e.reason === 'Escalated').map(({ note }) => note).join()).to.include('disruption budget all-of-them'), seconds(60))
    const asked = evictionsAsked(ns)
    expect(asked.length).to.be.greaterThan(2)
    expect(new Set(asked), 'refused each time').to.deep.equal(new Set([429]))
    expect(fixture.evictions(ns)).to.deep.equal([])
    expect(await fixture.actions(ns)).to.have.length(2)
  })

  /** What the API server answered to evictions and to their dry runs, whoever asked. */
  const evictionsAsked = (ns: string): readonly number[] =>
    readFileSync(fixture.cluster.auditLog, 'utf8').split('\n').flatMap((line) => {
      if (!line.includes('"subresource":"eviction"') || !line.includes('"stage":"ResponseComplete"')) return []
      const event = JSON.parse(line) as { readonly objectRef?: { readonly namespace?: string }; readonly responseStatus?: { readonly code?: number } }
      return event.objectRef?.namespace === ns ? [event.responseStatus?.code ?? 0] : []
    })

  it('refuses a bare pod, which nothing would replace', async () => {
    const ns = await fixture.namespace('bare')
    const { spec } = deployment('web', 'always') as { spec: { template: { spec: object } } }
    await fixture.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: ns, labels: { app: 'web' } }, spec: spec.template.spec }, policy(ns, { app: 'web' }))
    await fixture.decided(ns, 'NoController')
    expect(await fixture.actions(ns)).to.deep.equal([])
  })
})
