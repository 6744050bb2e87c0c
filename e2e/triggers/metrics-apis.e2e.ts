/** Metric triggers on real pods, with a real metrics-server and an adapter of the metrics APIs. */
import { expect } from 'chai'
import { systemClock } from '../../shared/adapters/system-clock.ts'
import { formatInstant, seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { startMetricsServer, type MetricsServer } from '../monitoring/metrics-server.ts'
import { Fixture, inNamespace } from '../healing/fixture.ts'
import { startAdapter, type Adapter } from './adapter.ts'
import { app, execIn, podName, policy, ready, spin, SPINNING, untilBlind, untilState } from './measured.ts'

describe('metric triggers on the metrics APIs', function () {
  this.timeout(600_000)
  let fixture: Fixture
  let metricsServer: MetricsServer | undefined

  before(async function () {
    this.timeout(900_000)
    fixture = await Fixture.start({ controller: false })
    await fixture.installation.startController({ flags: { 'sync-interval': '1s' } })
  })
  after(async () => {
    await metricsServer?.stop()
    await fixture?.stop()
  })

  describe('an adapter of the metrics APIs', () => {
    let adapter: Adapter | undefined
    let length = 5
    after(async () => {
      await adapter?.stop()
    })
    const value = (more: object): object => ({ timestamp: formatInstant(systemClock.now()), value: `${length}k`, ...more })

    it('is no data before it may be read, and says what gives the right', async () => {
      const ns = await fixture.namespace('adapted')
      await fixture.apply(
        inNamespace(ns, app('web', { script: 'sleep 1000000' })),
        policy(ns, { name: 'external', mode: 'monitor', single: 'web', metric: { query: 'queue_length{queue=orders}', source: 'external.metrics.k8s.io', threshold: 10_000, duration: '2s' } }),
        policy(ns, { metric: { query: 'queue_length', source: 'custom.metrics.k8s.io', threshold: 10_000, duration: '2s' } }),
      )
      await ready(fixture, ns)
      const grant = 'name the metric in rbac.metricsApis of the chart, or apply config/rbac/optional/metrics-apis.yaml'
      await untilBlind(fixture, ns, `the controller may not read external.metrics.k8s.io: ${grant}`, 'external')
      await untilBlind(fixture, ns, `the controller may not read custom.metrics.k8s.io: ${grant}`)
    })

    it('is no data before it is there', async () => {
      const ns = 'adapted'
      await fixture.kubectl(['apply', '-f', 'config/rbac/optional/metrics-apis.yaml'])
      await untilBlind(fixture, ns, 'external.metrics.k8s.io has no metric queue_length, or no adapter serves it', 'external')
      await untilBlind(fixture, ns, 'custom.metrics.k8s.io has no metric queue_length of pods, or no adapter serves it')
    })

    it('tells of pods by the custom metrics API, and of the one named object by the external one', async () => {
      const pod = await podName(fixture, 'adapted')
      adapter = await startAdapter(fixture.cluster, (path) => {
        if (path === '/apis/custom.metrics.k8s.io/v1beta2/namespaces/adapted/pods/*/queue_length') return [value({ describedObject: { kind: 'Pod', namespace: 'adapted', name: pod, apiVersion: '/v1' }, metric: { name: 'queue_length' } })]
        if (path === '/apis/external.metrics.k8s.io/v1beta1/namespaces/adapted/queue_length') return [value({ metricName: 'queue_length', metricLabels: { queue: 'orders' } })]
        return undefined
      })
      await untilState(fixture, 'adapted', 'Quiet')
      await untilState(fixture, 'adapted', 'Quiet', 'external')
      expect(adapter.asked).to.include('/apis/external.metrics.k8s.io/v1beta1/namespaces/adapted/queue_length?labelSelector=queue%3Dorders')
      length = 50
      expect(await untilState(fixture, 'adapted', 'Firing', 'external')).to.include({ value: 50_000 })
      const acted = await eventually(async () => {
        const [action] = await fixture.actions('adapted')
        if (action === undefined) throw new Error('no action')
        return action
      }, seconds(120))
      expect(acted.spec).to.deep.nested.include({ 'targetResource.name': pod, 'trigger.evidence': 'queue_length is 50000 (> 10000)' })
    })
  })

  describe('usage', () => {
    const CPU = { query: 'cpu_usage_percent', threshold: 60, duration: '2s' }
    let ns: string
    before(async () => {
      ns = await fixture.namespace('usage')
      await fixture.apply(
        inNamespace(ns, app('web', { script: SPINNING, resources: { limits: { cpu: '100m', memory: '64Mi' } } })),
        policy(ns, { name: 'memory', mode: 'monitor', metric: { query: 'memory_usage_percent', threshold: 60, duration: '2s' } }),
      )
      await ready(fixture, ns)
    })

    it('without a metrics-server is no data, and says so', async () => {
      await untilBlind(fixture, ns, 'metrics-server is not installed: the API metrics.k8s.io is not served', 'memory')
    })

    it('of memory is a share of the limit', async function () {
      this.timeout(900_000)
      metricsServer = await startMetricsServer(fixture.cluster)
      await untilState(fixture, ns, 'Quiet', 'memory')
      await execIn(fixture, ns, await podName(fixture, ns), 'dd if=/dev/zero of=/data/ballast bs=1M count=48')
      // What was measured while it was being written is less.
      await eventually(async () => expect((await untilState(fixture, ns, 'Firing', 'memory')).value).to.be.within(70, 100), seconds(120))
    })

    it('of CPU leads to the eviction of the pod that spins', async () => {
      const pod = await podName(fixture, ns)
      await spin(fixture, ns, pod)
      await fixture.apply(policy(ns, { metric: CPU }))
      const [action] = await fixture.ended(ns, 1, seconds(400))
      expect(action?.spec.targetResource.name).to.equal(pod)
      expect(action?.spec.trigger.evidence).to.match(/^cpu_usage_percent of container app is \d+(\.\d+)? \(> 60\)$/)
      expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    })

    it('of a metrics-server that is down is no data', async () => {
      await metricsServer?.stop()
      await untilBlind(fixture, ns, /^the resource metrics API does not answer \(\w+\): whatever serves it is down or not ready$/, 'memory')
    })
  })
})
