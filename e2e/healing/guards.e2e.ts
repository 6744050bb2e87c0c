/** Guards on a real API server: each refuses by its own word, nothing is written, and what opens them lets the act through. */
import { expect } from 'chai'
import type { KubeObject } from '../../shared/kube/api.ts'
import { PODS } from '../../shared/kube/resources.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { deployment, inNamespace, policy, useFixture, withReadiness } from './fixture.ts'

describe('guards on real pods', function () {
  this.timeout(400_000)
  const fixture = useFixture({ flags: { 'cluster-actions-per-hour': '1' } })

  const nothingDone = async (ns: string): Promise<void> => {
    expect(await fixture.actions(ns)).to.deep.equal([])
    expect(fixture.writes(ns).filter(({ group }) => group !== 'kubeskippy.io' && group !== 'events.k8s.io')).to.deep.equal([])
  }

  describe('with one action an hour for the whole cluster', () => {
    after('as many as the others need, whatever became of the test', async () => {
      await fixture.installation.stopController()
      await fixture.installation.startController({ flags: { 'cluster-actions-per-hour': '100' } })
    })

    it('two policies of two namespaces share the budget of the cluster', async () => {
      const namespaces = [await fixture.namespace('first'), await fixture.namespace('second')]
      for (const ns of namespaces) await fixture.apply(inNamespace(ns, deployment('web', 'always')), policy(ns, { app: 'web' }))
      await eventually(async () => {
        const reasons = await Promise.all(namespaces.map(async (ns) => (await fixture.policy(ns)).status?.lastDecision?.reason))
        expect(reasons.filter((reason) => reason === 'BudgetExhausted')).to.have.lengthOf(1)
        expect(reasons.filter((reason) => reason !== 'BudgetExhausted' && reason !== 'NoData' && reason !== 'Pending')).to.have.lengthOf(1)
      }, seconds(120))
      await eventually(() => expect(namespaces.flatMap((ns) => fixture.evictions(ns))).to.have.lengthOf(1), seconds(120))
      // The one that waits is judged again and again: between two looks it may be where the other one is.
      await eventually(async () => {
        const waiting = (await Promise.all(namespaces.map(async (ns) => fixture.policy(ns)))).find(({ status }) => status?.lastDecision?.reason === 'BudgetExhausted')
        expect(waiting?.status?.lastDecision?.message).to.contain('1 of 1 actions of the whole cluster in this hour are used up')
        expect(waiting?.status?.lastDecision?.retryAt).to.be.a('string')
      }, seconds(60))
      const shared = (await fixture.ledgers()).find(({ metadata }) => metadata.name === 'shared-cluster')
      expect(shared?.spec.budget?.acts).to.have.lengthOf(1)
    })
  })

  describe('with as many as the policies allow', () => {
    it('a pause of the policy is shown with its reason, and its end lets the act through', async () => {
      const ns = await fixture.namespace('paused')
      const paused = policy(ns, { app: 'web' }) as { metadata: object }
      await fixture.apply(inNamespace(ns, deployment('web', 'always')), { ...paused, metadata: { ...paused.metadata, annotations: { 'kubeskippy.io/pause': 'release of web 2' } } })
      const { status } = await fixture.decided(ns, 'Paused')
      expect(status?.conditions?.find(({ type }) => type === 'Ready')).to.include({ status: 'False', reason: 'Paused' })
      expect(status?.lastDecision?.message).to.contain('release of web 2')
      expect(status?.triggers?.[0]).to.include({ state: 'Firing' })
      await nothingDone(ns)
      await fixture.kubectl(['annotate', 'hp', 'heal', '-n', ns, 'kubeskippy.io/pause-'])
      await eventually(async () => expect(await fixture.actions(ns)).to.have.length(1), seconds(90))
    })

    it('a pause of the namespace pauses its policies', async () => {
      const ns = await fixture.namespace('paused-whole')
      await fixture.kubectl(['annotate', 'namespace', ns, 'kubeskippy.io/pause=moving house'])
      await fixture.apply(inNamespace(ns, deployment('web', 'always')), policy(ns, { app: 'web' }))
      expect((await fixture.decided(ns, 'Paused')).status?.lastDecision?.message).to.contain(`Namespace/${ns}`).and.to.contain('moving house')
      await nothingDone(ns)
    })

    it('outside its schedule a policy does nothing, and says until when', async () => {
      const ns = await fixture.namespace('scheduled')
      const now = new Date()
      const during = { schedule: `${now.getUTCMinutes()} ${now.getUTCHours()} * * *`, duration: '1h', timeZone: 'UTC' }
      await fixture.apply(inNamespace(ns, deployment('web', 'always')), policy(ns, { app: 'web', safetyRules: { schedules: [{ allow: false, during }] } }))
      const { status } = await fixture.decided(ns, 'OutsideSchedule')
      expect(Date.parse(status?.lastDecision?.retryAt ?? '') - now.getTime()).to.be.within(55 * 60_000, 61 * 60_000)
      await nothingDone(ns)
      await fixture.apply(policy(ns, { app: 'web', safetyRules: { schedules: [{ allow: true, during }] } }))
      await eventually(async () => expect(await fixture.actions(ns)).to.have.length(1), seconds(90))
    })

    it('when all pods of a policy fail at once it is a storm, and nothing is evicted', async () => {
      const ns = await fixture.namespace('storm')
      // One that fails before the others, or is up for a moment when they are not, leaves room for an act: these are never Ready, and all known to crash before anybody looks.
      await fixture.apply(inNamespace(ns, withReadiness(deployment('web', 'always', { replicas: 3 }), 'exit 1')))
      await eventually(async () => {
        const pods = await fixture.list<KubeObject & { readonly status?: { readonly containerStatuses?: readonly { readonly restartCount: number }[] } }>(ns, PODS)
        expect(pods.filter(({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) > 1)).to.have.length(3)
      }, seconds(120))
      await fixture.apply(policy(ns, { app: 'web', safetyRules: { healthCheckTimeout: '5s' } }))
      const { status } = await fixture.decided(ns, 'StormGate')
      expect(status?.conditions?.find(({ type }) => type === 'Ready')).to.include({ status: 'False', reason: 'StormGate' })
      expect(fixture.evictions(ns).length).to.be.at.most(1)
      const before = fixture.evictions(ns).length
      await new Promise((resolve) => setTimeout(resolve, 8000))
      expect(fixture.evictions(ns)).to.have.lengthOf(before)
    })

    it('what an autoscaler scales is not scaled, and the autoscaler is named', async () => {
      const ns = await fixture.namespace('scaled')
      const hpa = {
        apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'web', namespace: ns },
        spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, minReplicas: 1, maxReplicas: 3, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }] },
      }
      const actions = [{ name: 'more', type: 'scale', scaleAction: { direction: 'up', maxReplicas: 3 } }]
      // Before the others: of an autoscaler that is there the door tells.
      await fixture.apply(policy(ns, { app: 'web', actions }))
      await fixture.apply(hpa, inNamespace(ns, deployment('web', 'always')))
      const { status } = await fixture.decided(ns, 'OwnedElsewhere')
      expect(status?.lastDecision?.message).to.contain('HorizontalPodAutoscaler/web scales Deployment/web')
      await nothingDone(ns)
    })

    it('the door refuses what the guards could not read', async () => {
      const ns = await fixture.namespace('refused')
      const refusal = async (safetyRules: object): Promise<string> => {
        const { code, stderr } = await fixture.cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(policy(ns, { app: 'web', safetyRules })) })
        expect(code).to.equal(1)
        return stderr
      }
      expect(await refusal({ maxUnhealthy: 'few' })).to.contain('spec.safetyRules.maxUnhealthy: [KS403]')
      expect(await refusal({ schedules: [{ allow: true, during: { schedule: '0 9 * * mon-fri', duration: '8h', timeZone: 'Europe/Gotham' } }] })).to.contain('spec.safetyRules.schedules[0].during.timeZone: [KS406]')
      expect(await refusal({ budgets: [{ actions: 3, during: { schedule: '61 9 * * *', duration: '8h' } }] })).to.contain('spec.safetyRules.budgets[0].during.schedule: [KS406]')
    })
  })
})
