/** PromQL triggers on real pods, with a real Prometheus. */
import { expect } from 'chai'
import { formatInstant, instant, seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { SCRAPE, SCRAPE_PORT } from '../monitoring/discovery.ts'
import { startPrometheus, type Prometheus } from '../monitoring/prometheus.ts'
import { Fixture, inNamespace } from '../healing/fixture.ts'
import { app, execIn, podName, policy, ready, spin, SPINNING, untilBlind, untilState } from './measured.ts'

/** Counts requests as the proxy of a mesh does: one of four fails, and the slow half takes between 0.1 s and 1 s. */
function meshed(name: string, counters: (of: { readonly times: number; readonly where: string }) => string): object {
  const lines = [
    counters({ times: 3, where: 'good' }),
    counters({ times: 1, where: 'bad' }),
    ...[['100', 2], ['1000', 4], ['+Inf', 4]].map(([le, times]) => counters({ times: Number(times), where: `le="${le}"` })),
  ]
  const script = ['mkdir /www; touch /www/metrics; httpd -p 8080 -h /www; i=0', 'while :; do i=$((i+1))', `{ ${lines.join('; ')}; } > /www/next; mv /www/next /www/metrics; sleep 1; done`].join('\n')
  return app(name, { script, annotations: { [SCRAPE]: 'true', [SCRAPE_PORT]: '8080' } })
}

const line = (series: string, labels: string, times: number): string => `echo '${series}{${labels}} '$((i*${times}))`

const istio = (namespace: string): object =>
  meshed('web', ({ times, where }) => {
    const common = `reporter="destination",destination_workload="web",destination_workload_namespace="${namespace}"`
    if (where.startsWith('le')) return line('istio_request_duration_milliseconds_bucket', `${common},${where}`, times)
    return line('istio_requests_total', `${common},response_code="${where === 'good' ? 200 : 503}"`, times)
  })

const linkerd = (): object =>
  meshed('web', ({ times, where }) => {
    const common = 'direction="inbound",deployment="web"'
    if (where.startsWith('le')) return line('response_latency_ms_bucket', `${common},${where}`, times)
    return line('response_total', `${common},classification="${where === 'good' ? 'success' : 'failure'}"`, times)
  })

/** Tells the age of a lock, which `breakLock` makes old. */
const locking = (name: string): object =>
  app(name, {
    script: 'mkdir /www; echo "lock_age_seconds 1" > /www/metrics; exec httpd -f -p 8080 -h /www',
    annotations: { [SCRAPE]: 'true', [SCRAPE_PORT]: '8080' },
  })

const LOCK = { query: 'lock_age_seconds', threshold: 90, duration: '4s' }

describe('metric triggers on a real Prometheus', function () {
  this.timeout(600_000)
  let fixture: Fixture
  let prometheus: Prometheus

  before(async function () {
    this.timeout(900_000)
    fixture = await Fixture.start({ controller: false })
    prometheus = await startPrometheus(fixture.cluster, { scrapeInterval: '1s', cadvisor: true })
    await startController()
  })
  after(async () => {
    await prometheus?.stop()
    await fixture?.stop()
  })

  const startController = (): Promise<void> =>
    fixture.installation.startController({ flags: { 'sync-interval': '1s', 'prometheus-source': `name=main,url=${prometheus.url},timeout=5s` } })
  /** The name of the pod. */
  const breakLock = async (namespace: string): Promise<string> => {
    const pod = await podName(fixture, namespace)
    await execIn(fixture, namespace, pod, 'echo "lock_age_seconds 950" > /www/metrics')
    return pod
  }

  it("PromQL: a pod's own gauge leads to its eviction, and the same gauge says that it helped", async () => {
    const ns = await fixture.namespace('gauge')
    await fixture.apply(inNamespace(ns, locking('web')), policy(ns, { metric: LOCK }))
    await ready(fixture, ns)
    const quiet = await untilState(fixture, ns, 'Quiet')
    expect(quiet.objects).to.equal(0)
    const pod = await breakLock(ns)
    const [action] = await fixture.ended(ns, 1, seconds(300))
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(action?.spec).to.deep.include({ trigger: { name: 'measured', since: action?.spec.trigger.since, evidence: 'lock_age_seconds is 950 (> 90)' } })
    expect(action?.spec.targetResource.name).to.equal(pod)
    expect(fixture.evictions(ns)).to.have.length(1)
  })

  it('PromQL: series of another namespace lead nowhere, and the reason is in the status', async () => {
    const [ns, other] = [await fixture.namespace('innocent'), await fixture.namespace('guilty', { healer: false })]
    await fixture.apply(inNamespace(other, locking('web')), inNamespace(ns, app('web', { script: 'sleep 1000000' })))
    await ready(fixture, other)
    await breakLock(other)
    await fixture.apply(policy(ns, { metric: { ...LOCK, query: `lock_age_seconds{namespace="${other}"}` } }))
    await untilBlind(fixture, ns, `lock_age_seconds{namespace="${other}"} has no series of namespace ${ns}`)
    expect(await fixture.actions(ns)).to.have.length(0)
  })

  it('PromQL: a process of another namespace that says it were a pod of this one leads nowhere, even where the query believes it', async () => {
    const [ns, other] = [await fixture.namespace('slandered'), await fixture.namespace('liar', { healer: false })]
    await fixture.apply(inNamespace(ns, app('web', { script: 'sleep 1000000' })))
    await ready(fixture, ns)
    const pod = await podName(fixture, ns)
    const lies = `mkdir /www; echo 'lie_age_seconds{namespace="${ns}",pod="${pod}"} 950' > /www/metrics; exec httpd -f -p 8080 -h /www`
    await fixture.apply(inNamespace(other, app('web', { script: lies, annotations: { [SCRAPE]: 'true', [SCRAPE_PORT]: '8080' } })))
    await ready(fixture, other)
    const query = 'label_replace(label_replace(lie_age_seconds, "namespace", "$1", "exported_namespace", "(.+)"), "pod", "$1", "exported_pod", "(.+)")'
    await eventually(async () => expect((await prometheus.query(query)).map(({ metric }) => [metric['namespace'], metric['pod']])).to.deep.equal([[ns, pod]]), seconds(120))
    await fixture.apply(policy(ns, { metric: { ...LOCK, query } }))
    await untilBlind(fixture, ns, /series without label namespace .* or let the source trust exported labels \(trustExportedLabels\)$/)
    expect(await fixture.actions(ns)).to.have.length(0)
    expect(fixture.evictions(ns)).to.have.length(0)
  })

  it('PromQL: a duration goes on over a crash of the controller, even when its status is lost', async () => {
    const ns = await fixture.namespace('restarted')
    await fixture.apply(inNamespace(ns, locking('web')), policy(ns, { metric: { ...LOCK, duration: '30s' } }))
    await ready(fixture, ns)
    await untilState(fixture, ns, 'Quiet')
    await breakLock(ns)
    const { since } = await untilState(fixture, ns, 'Pending')
    // Far more than what the two counts may be apart, so that one that begins anew is seen.
    await new Promise((resolve) => setTimeout(resolve, 12_000))
    await fixture.installation.killController()
    await fixture.kubectl(['patch', 'healingpolicy', 'heal', '-n', ns, '--subresource=status', '--type=merge', '-p', '{"status":{"findings":null,"triggers":null}}'])
    await startController()
    const rebuilt = await eventually(async () => {
      const [action] = await fixture.actions(ns)
      if (action === undefined) throw new Error(`no action: ${JSON.stringify((await fixture.policy(ns)).status?.triggers)}`)
      return action
    }, seconds(150))
    // A second is the pace of scrapes and of reads, where nobody is late.
    expect(Math.abs(Date.parse(rebuilt.spec.trigger.since) - Date.parse(since ?? ''))).to.be.at.most(8_000)
    const decided = Date.parse(rebuilt.metadata.creationTimestamp ?? '')
    // Times of objects are whole seconds.
    expect(decided - Date.parse(rebuilt.spec.trigger.since), formatInstant(instant(decided))).to.be.at.least(27_000)
    await fixture.ended(ns, 1, seconds(300))
  })

  it('a Prometheus that is down, or silent, is no data with its reason, and nothing is done', async () => {
    const ns = await fixture.namespace('dead')
    await fixture.apply(inNamespace(ns, locking('web')))
    await ready(fixture, ns)
    await breakLock(ns)
    await eventually(async () => expect((await prometheus.query(`lock_age_seconds{namespace="${ns}"} > 90`)).length).to.equal(1), seconds(120))
    await prometheus.signal('SIGSTOP')
    const address = `the Prometheus source main (${prometheus.url})`
    await fixture.apply(policy(ns, { metric: LOCK }))
    await untilBlind(fixture, ns, `${address} did not answer within 5s`)
    // Before it goes on: it would answer once more.
    await prometheus.signal('SIGKILL')
    await untilBlind(fixture, ns, `${address} cannot be reached (ECONNREFUSED)`)
    expect(await fixture.actions(ns)).to.have.length(0)
    expect(fixture.evictions(ns)).to.have.length(0)
    await prometheus.start()
    // It comes back with its past, and the trouble goes on.
    await fixture.ended(ns, 1, seconds(300))
  })

  const meshes: readonly [string, (namespace: string) => object][] = [['istio', istio], ['linkerd', linkerd]]
  for (const [mesh, made] of meshes) {
    it(`error_rate_percent and latency_p99_seconds: of a Deployment and of a pod, from the series of ${mesh}`, async () => {
      const ns = await fixture.namespace(mesh, { healer: false })
      const metrics: readonly [string, object][] = [
        ['rate', { query: 'error_rate_percent', threshold: 20, duration: '2s', window: '10s' }],
        ['slow', { query: 'latency_p99_seconds', threshold: 0.5, duration: '2s', window: '10s' }],
      ]
      await fixture.apply(
        inNamespace(ns, made(ns)),
        ...metrics.flatMap(([name, metric]) => [
          policy(ns, { name: `${name}-deployment`, mode: 'monitor', kind: 'Deployment', metric }),
          policy(ns, { name: `${name}-pod`, mode: 'monitor', metric }),
        ]),
      )
      for (const level of ['deployment', 'pod']) {
        expect((await untilState(fixture, ns, 'Firing', `rate-${level}`)).value, level).to.be.within(24, 26)
        expect((await untilState(fixture, ns, 'Firing', `slow-${level}`)).value, level).to.be.within(0.97, 0.99)
      }
    })
  }

  it('cpu_throttled_percent: of a pod that spins at its limit', async () => {
    const ns = await fixture.namespace('throttled', { healer: false })
    await fixture.apply(
      inNamespace(ns, app('web', { script: SPINNING, resources: { limits: { cpu: '100m', memory: '64Mi' } } })),
      policy(ns, { mode: 'monitor', metric: { query: 'cpu_throttled_percent', threshold: 50, duration: '2s', window: '1m' } }),
    )
    await ready(fixture, ns)
    await spin(fixture, ns, await podName(fixture, ns))
    expect((await untilState(fixture, ns, 'Firing')).value).to.be.within(50, 100)
  })
})
