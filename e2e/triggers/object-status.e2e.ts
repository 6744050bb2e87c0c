/** Metric triggers that the status of real objects answers: nobody is asked. */
import { expect } from 'chai'
import { seconds } from '../../shared/lib/time.ts'
import { breakPods, deployment, Fixture, inNamespace } from '../healing/fixture.ts'
import { app, execIn, podName, policy, ready, untilState } from './measured.ts'

describe('metric triggers on the status of objects', function () {
  this.timeout(600_000)
  let fixture: Fixture

  before(async function () {
    this.timeout(900_000)
    fixture = await Fixture.start({ controller: false })
    await fixture.installation.startController({ flags: { 'sync-interval': '1s' } })
  })
  after(() => fixture?.stop())

  it('restart_count: restarts within the window lead to a new pod', async () => {
    const ns = await fixture.namespace('restarting')
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), policy(ns, { metric: { query: 'restart_count', operator: '>=', threshold: 2, duration: '0s', window: '5m' } }))
    const [broken] = await breakPods(fixture, ns, 'web')
    const [action] = await fixture.ended(ns, 1, seconds(300))
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(action?.spec.targetResource.uid).to.equal(broken)
    expect(action?.spec.trigger.evidence).to.match(/^restart_count is [2-9] \(>= 2\)$/)
  })

  it('ready_percent: of a pod, and of the Deployment that it belongs to', async () => {
    const ns = await fixture.namespace('unready')
    const probe = { exec: { command: ['sh', '-c', 'test ! -e /data/unready'] }, periodSeconds: 1, timeoutSeconds: 20, failureThreshold: 1 }
    await fixture.apply(
      inNamespace(ns, app('web', { script: 'sleep 1000000', replicas: 2, readinessProbe: probe })),
      policy(ns, { name: 'watch', mode: 'monitor', kind: 'Deployment', metric: { query: 'ready_percent', operator: '<', threshold: 60, duration: '2s' } }),
    )
    await ready(fixture, ns)
    await untilState(fixture, ns, 'Quiet', 'watch')
    const pod = await podName(fixture, ns)
    await execIn(fixture, ns, pod, 'touch /data/unready')
    const { value, message } = await untilState(fixture, ns, 'Firing', 'watch')
    expect([value, message]).to.deep.equal([50, 'ready_percent is 50 (< 60)'])
    await fixture.apply(policy(ns, { metric: { query: 'ready_percent', operator: '<', threshold: 100, duration: '4s' } }))
    const [action] = await fixture.ended(ns, 1, seconds(300))
    expect(action?.spec.targetResource.name).to.equal(pod)
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    await untilState(fixture, ns, 'Quiet', 'watch')
  })
})
