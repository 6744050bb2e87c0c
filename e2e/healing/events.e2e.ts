/** Event triggers on what a real kubelet tells. */
import { expect } from 'chai'
import type { HealingPolicyStatus } from '../../shared/api/v1alpha1/types.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { breakPods, deployment, inNamespace, policy, useFixture } from './fixture.ts'

const onEvents = (body: object): object[] => [{ name: 'told', type: 'event', cooldownPeriod: '0s', eventTrigger: body }]

const withTriggers = (object: object, triggers: readonly object[], safetyRules: object = {}): object => {
  const { spec } = object as { spec: { safetyRules: object } }
  return { ...object, spec: { ...spec, triggers, safetyRules: { ...spec.safetyRules, ...safetyRules } } }
}

/** A container with this in addition. */
function withContainer(object: object, more: object): object {
  const made = object as { spec: { template: { spec: { containers: object[] } } } }
  const { spec } = made.spec.template
  return { ...made, spec: { ...made.spec, template: { ...made.spec.template, spec: { ...spec, containers: spec.containers.map((c) => ({ ...c, ...more })) } } } }
}

describe("event triggers on a real kubelet's events", function () {
  this.timeout(500_000)
  const fixture = useFixture()

  it('BackOff: heals what a new pod heals, once its events have come often enough', async () => {
    const ns = await fixture.namespace('backoff')
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), withTriggers(policy(ns, { app: 'web' }), onEvents({ reason: 'BackOff', count: 2, window: '1m' }), { stabilizationWindow: '60s' }))
    const [uid] = await breakPods(fixture, ns, 'web')
    const [action] = await fixture.ended(ns, 1, seconds(300))
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(action?.spec.targetResource.uid).to.equal(uid)
    expect(action?.spec.trigger.evidence).to.equal('2 events or more BackOff within 1m')
    expect(fixture.evictions(ns)).to.have.length(1)
  })

  it('Unhealthy: a readiness probe whose message matches fires, and neither another message nor another reason does', async () => {
    const ns = await fixture.namespace('unhealthy')
    // Of the events of one object the kubelet tells 25, and then one in five minutes: not too many before the next test.
    const failing = withContainer(deployment('web', 'inThisPod'), { readinessProbe: { exec: { command: ['sh', '-c', 'echo out of order; exit 1'] }, periodSeconds: 5, timeoutSeconds: 5 } })
    const triggers = [
      { name: 'matching', type: 'event', eventTrigger: { reason: 'Unhealthy', type: 'Warning', count: 3, window: '10m', messagePattern: '(?i)OUT of order' } },
      { name: 'other-message', type: 'event', eventTrigger: { reason: 'Unhealthy', window: '1m', messagePattern: 'statuscode: 5' } },
      { name: 'other-type', type: 'event', eventTrigger: { reason: 'Unhealthy', type: 'Normal', window: '1m' } },
      { name: 'other-reason', type: 'event', eventTrigger: { reason: 'BackOff', window: '1m' } },
    ]
    await fixture.apply(inNamespace(ns, failing), withTriggers(policy(ns, { app: 'web', mode: 'monitor' }), triggers, { stabilizationWindow: '10m' }))
    const { status } = await fixture.decided(ns, 'Monitoring', seconds(120))
    expect(status?.triggers?.map(({ name, state }) => [name, state])).to.deep.equal([['matching', 'Firing'], ['other-message', 'Quiet'], ['other-type', 'Quiet'], ['other-reason', 'Quiet']])
  })

  it('keeps its count over a restart of the controller', async () => {
    const counted = (status: HealingPolicyStatus | undefined): number => (status?.occurrences ?? []).flatMap(({ seen }) => seen).reduce((sum, { count }) => sum + count, 0)
    await fixture.installation.stopController()
    const before = (await fixture.policy('unhealthy')).status
    await fixture.installation.startController()
    await eventually(async () => {
      const { status } = await fixture.policy('unhealthy')
      const [known] = before?.occurrences ?? []
      const [now] = status?.occurrences ?? []
      // The probe goes on failing: what is counted grows from where it was, by what the Event object's own count has grown.
      expect(now?.event).to.equal(known?.event)
      expect(now?.count).to.be.greaterThan(known?.count ?? Number.MAX_SAFE_INTEGER)
      expect(counted(status) - counted(before)).to.equal((now?.count ?? 0) - (known?.count ?? 0))
      expect(status?.findings?.[0]).to.include({ since: before?.findings?.[0]?.since, state: 'Firing' })
    }, seconds(180))
  })

  it('FailedCreate: what a ReplicaSet is told is about its Deployment', async () => {
    const ns = await fixture.namespace('quota')
    await fixture.kubectl(['create', 'quota', 'none', '-n', ns, '--hard=pods=0'])
    const made = withTriggers(policy(ns, { app: 'web', mode: 'monitor' }), onEvents({ reason: 'FailedCreate', count: 2, window: '2m' }), { stabilizationWindow: '2m' }) as { spec: object }
    const selector = { labelSelector: { matchLabels: { app: 'web' } }, resources: [{ apiVersion: 'apps/v1', kind: 'Deployment' }] }
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), { ...made, spec: { ...made.spec, selector } })
    const { status } = await fixture.decided(ns, 'Monitoring', seconds(120))
    expect(status?.findings?.[0]?.object).to.include({ kind: 'Deployment', name: 'web' })
  })
})
