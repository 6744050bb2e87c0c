/**
 * A pod that spins on its CPU and is Running and Ready all along. A real metrics-server tells, which measures far less
 * often than it is asked. Asserts by the audit log what was written, and what was not.
 */
import { expect } from 'chai'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { tellPod } from '../cluster/tell.ts'
import { useFixture } from '../healing/fixture.ts'
import { startMetricsServer } from '../monitoring/metrics-server.ts'
import { acts, measured } from './figures.ts'
import { rolledOut, workload } from './workloads.ts'

const MINUTES = 60

/** Spins for a while after each longer rest, and without rest once it is told so. As old as the pod. Some 15 s lie between two readings: one at least is all of a spin, and a missed one covers most of it. */
const SPINNING = 'spin() { timeout "$1" sh -c "while :; do :; done"; }; while :; do if [ -e /data/forever ]; then spin 5; else sleep 40; spin 32; fi; done'

describe('a pod that spins on its CPU', function () {
  this.timeout(20 * MINUTES * 1000)
  const fixture = useFixture({ controller: false })

  before(async () => {
    await startMetricsServer(fixture.cluster)
    await fixture.installation.startController({ flags: { 'sync-interval': '1s' } })
  })

  it('is left alone while it comes and goes, and is healed once when it stays', async () => {
    const ns = await fixture.namespace('spin')
    const hot = { query: 'cpu_usage_percent', threshold: 60, duration: '90s' }
    const safetyRules = { stabilizationWindow: '90s', healthCheckTimeout: '5m' }
    await fixture.apply(workload(ns, 'worker', { script: SPINNING, limits: { cpu: '50m', memory: '64Mi' } }), measured(ns, 'worker', hot, { safetyRules }))
    const [pod = ''] = await rolledOut(fixture, ns, 'worker')
    for (const state of ['Quiet', 'Pending', 'Quiet']) {
      await eventually(async () => expect((await fixture.policy(ns)).status?.triggers?.[0]).to.include({ state }), seconds(180))
    }
    expect(await fixture.actions(ns), 'while it came and went').to.deep.equal([])
    await tellPod(fixture.cluster, ns, pod, 'forever')
    await eventually(async () => {
      const { status } = await fixture.policy(ns)
      expect(acts(fixture, ns), `${JSON.stringify(status?.triggers)} ${JSON.stringify(status?.lastDecision)}`).to.have.length(1)
    }, seconds(300))
    const [action] = await fixture.actions(ns)
    expect(action?.spec.trigger.evidence).to.include('cpu_usage_percent')
    expect(action?.spec.targetResource.name).to.equal(pod)
    // The new pod comes and goes as the first one did, and that is no reason.
    const [ended] = await fixture.ended(ns, 1, seconds(420))
    expect(ended?.status, JSON.stringify(ended?.status?.result)).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(await fixture.actions(ns)).to.have.length(1)
    await rolledOut(fixture, ns, 'worker')
    expect(acts(fixture, ns).map(({ resource, name }) => ({ resource, name }))).to.deep.equal([{ resource: 'pods/eviction', name: pod }])
  })
})
