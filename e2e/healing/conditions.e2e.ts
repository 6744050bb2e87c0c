/** Conditions that only a real cluster makes: what keeps a container from starting, and what workloads say of themselves. */
import { expect } from 'chai'
import { DEPLOYMENTS } from '../../shared/kube/resources.ts'
import type { KubeObject } from '../../shared/lib/object.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { deployment, inNamespace, policy, useFixture } from './fixture.ts'

/** A Deployment whose only container is as told. */
function broken(name: string, container: object): object {
  const made = deployment(name, 'inThisPod') as { spec: { template: { spec: { containers: object[] } } } }
  const { spec } = made.spec.template
  return { ...made, spec: { ...made.spec, template: { ...made.spec.template, spec: { ...spec, containers: spec.containers.map((c) => ({ ...c, ...container })) } } } }
}

const on = (type: string, duration = '4s'): object[] => [{ name: 'held', type: 'condition', cooldownPeriod: '0s', conditionTrigger: { type, duration } }]

const withTriggers = (object: object, triggers: readonly object[]): object => ({ ...object, spec: { ...(object as { spec: object }).spec, triggers } })

describe('conditions of real pods and workloads', function () {
  this.timeout(400_000)
  const fixture = useFixture()

  const cases: readonly [string, string, object][] = [
    ['image', 'ImagePullBackOff', { image: '127.0.0.1:1/nobody/nothing:1', imagePullPolicy: 'Always' }],
    ['configuration', 'CreateContainerConfigError', { env: [{ name: 'MODE', valueFrom: { configMapKeyRef: { name: 'not-there', key: 'mode' } } }] }],
    ['name', 'InvalidImageName', { image: 'UPPER/Case:::1', imagePullPolicy: 'IfNotPresent' }],
    ['command', 'RunContainerError', { command: ['/no/such/program'] }],
  ]
  for (const [ns, type, container] of cases) {
    it(`${type}: a new pod does not help, which is said and escalated, after one eviction`, async () => {
      await fixture.namespace(ns)
      await fixture.apply(inNamespace(ns, broken('web', container)), withTriggers(policy(ns, { app: 'web' }), on(type)))
      const [action] = await fixture.ended(ns, 1, seconds(180))
      expect(action?.status).to.include({ phase: 'Failed', outcome: 'Ineffective' })
      expect(action?.spec.trigger.evidence).to.include(`(${type})`)
      const { status } = await fixture.decided(ns, 'Escalated')
      expect(status?.conditions?.find((c) => c.type === 'Escalated')).to.include({ status: 'True' })
      expect(fixture.evictions(ns)).to.have.length(1)
    })
  }

  it('Available of a Deployment is about the Deployment, since when the API server says', async () => {
    const ns = await fixture.namespace('available')
    const selecting = policy(ns, { app: 'web', mode: 'monitor' }) as { spec: object }
    const selector = { labelSelector: { matchLabels: { app: 'web' } }, resources: [{ apiVersion: 'apps/v1', kind: 'Deployment' }] }
    const triggers = [{ name: 'unavailable', type: 'condition', conditionTrigger: { type: 'Available', status: 'False', duration: '2s' } }]
    // It never runs: one that runs for a moment is Ready for that moment, and then it is False since later.
    await fixture.apply(inNamespace(ns, broken('web', { command: ['/no/such/program'] })), { ...selecting, spec: { ...selecting.spec, selector, triggers } })
    const { status } = await fixture.decided(ns, 'Monitoring')
    const [web] = await fixture.list<KubeObject & { status: { conditions: { type: string; lastTransitionTime: string }[] } }>(ns, DEPLOYMENTS)
    const since = web?.status.conditions.find((c) => c.type === 'Available')?.lastTransitionTime
    expect(status?.findings).to.have.length(1)
    expect(status?.findings?.[0]?.object).to.include({ kind: 'Deployment', name: 'web', uid: web?.metadata.uid })
    expect(Date.parse(status?.findings?.[0]?.since ?? '')).to.equal(Date.parse(since ?? ''))
    expect([status?.matched, status?.healthy]).to.deep.equal([1, 0])
  })

  it('an init container counts, and the state holds through ErrImagePull and ImagePullBackOff', async () => {
    const ns = await fixture.namespace('flapping')
    const made = deployment('web', 'inThisPod') as { spec: { template: { spec: object } } }
    const initContainers = [{ name: 'fetch', image: '127.0.0.1:1/nobody/nothing:2', imagePullPolicy: 'Always' }]
    const web = { ...made, spec: { ...made.spec, template: { ...made.spec.template, spec: { ...made.spec.template.spec, initContainers } } } }
    await fixture.apply(inNamespace(ns, web), withTriggers(policy(ns, { app: 'web', mode: 'monitor' }), on('ImagePullBackOff', '2s')))
    await fixture.decided(ns, 'Monitoring', seconds(120))
    const reasons = new Set<string>()
    const since = (await fixture.policy(ns)).status?.findings?.[0]?.since
    expect(since).to.be.a('string')
    await eventually(async () => {
      const [pod] = await fixture.pods(ns)
      const { initContainerStatuses } = (pod as unknown as { status: { initContainerStatuses: { state: { waiting?: { reason: string } } }[] } }).status
      reasons.add(initContainerStatuses[0]?.state.waiting?.reason ?? '')
      const [finding] = (await fixture.policy(ns)).status?.findings ?? []
      expect(finding).to.include({ state: 'Firing', since, message: 'container fetch cannot get its image (ImagePullBackOff)' })
      expect([...reasons]).to.include.members(['ErrImagePull', 'ImagePullBackOff'])
    }, seconds(180))
  })
})
