/** What is told of Services, which only a policy that looks may select: their endpoints, and what a mesh counts for them. */
import { expect } from 'chai'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { tellPod } from '../cluster/tell.ts'
import { acts } from '../scenarios/figures.ts'
import { rolledOut, workload } from '../scenarios/workloads.ts'
import { Fixture } from '../healing/fixture.ts'
import { SCRAPE, SCRAPE_PORT } from '../monitoring/discovery.ts'
import { startPrometheus, type Prometheus } from '../monitoring/prometheus.ts'

const service = (namespace: string, name: string, app: string): object => ({
  apiVersion: 'v1', kind: 'Service', metadata: { name, namespace, labels: { app: 'web' } },
  spec: { selector: { app }, ports: [{ port: 80, targetPort: 8080 }] },
})

/** Looks at what is labelled app=web of a kind. */
const looking = (namespace: string, name: string, [apiVersion, kind]: readonly [string, string], metric: object): object => ({
  apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingPolicy', metadata: { name, namespace },
  spec: {
    mode: 'monitor',
    selector: { labelSelector: { matchLabels: { app: 'web' } }, resources: [{ apiVersion, kind }] },
    triggers: [{ name: 'measured', type: 'metric', metricTrigger: metric }],
    actions: [{ name: 'tell', type: 'restart', restartAction: {} }],
  },
})

const SERVICE = ['v1', 'Service'] as const
const DEPLOYMENT = ['apps/v1', 'Deployment'] as const

/** Counts requests to a Service as Istio does on the side that receives them: one of four fails. */
const counting = (namespace: string): string => {
  const labels = `reporter="destination",destination_service_name="web",destination_service_namespace="${namespace}"`
  const line = (code: number, times: number): string => `echo 'istio_requests_total{${labels},response_code="${code}"} '$((i*${times}))`
  return ['mkdir /data/www; touch /data/www/metrics; httpd -p 8080 -h /data/www; i=0', 'while :; do i=$((i+1))', `{ ${line(200, 3)}; ${line(503, 1)}; } > /data/www/next; mv /data/www/next /data/www/metrics; sleep 1; done`].join('\n')
}

describe('what is told of Services', function () {
  this.timeout(600_000)
  let fixture: Fixture
  let prometheus: Prometheus

  before(async function () {
    this.timeout(900_000)
    fixture = await Fixture.start({ controller: false })
    prometheus = await startPrometheus(fixture.cluster, { scrapeInterval: '1s' })
    await fixture.installation.startController({ flags: { 'sync-interval': '1s', 'prometheus-source': `name=main,url=${prometheus.url}` } })
  })
  after(async () => {
    await prometheus?.stop()
    await fixture?.stop()
  })

  const until = (ns: string, name: string, state: string) =>
    eventually(async () => {
      const found = (await fixture.policy(ns, name)).status?.triggers?.[0]
      if (found?.state !== state) throw new Error(`${name}: ${JSON.stringify(found)}`)
      return found
    }, seconds(120))

  it('availability_percent: of a Service by its endpoints, and of a Deployment by its own status, at the limit and below it', async () => {
    const ns = await fixture.namespace('available', { healer: false })
    const container = { readinessProbe: { exec: { command: ['sh', '-c', 'test ! -e /data/away'] }, periodSeconds: 1, timeoutSeconds: 20 } }
    const below = (threshold: number): object => ({ query: 'availability_percent', operator: '<', threshold, duration: '2s' })
    await fixture.apply(
      workload(ns, 'web', { script: 'sleep 1000000', replicas: 2, container }),
      service(ns, 'web', 'web'),
      looking(ns, 'service-50', SERVICE, below(50)), looking(ns, 'service-51', SERVICE, below(51)),
      looking(ns, 'deployment-50', DEPLOYMENT, below(50)), looking(ns, 'deployment-51', DEPLOYMENT, below(51)),
    )
    const [away = '', other = ''] = await rolledOut(fixture, ns, 'web')
    const all = ['service-50', 'service-51', 'deployment-50', 'deployment-51']
    for (const name of all) await until(ns, name, 'Quiet')
    await tellPod(fixture.cluster, ns, away, 'away')
    for (const kind of ['service', 'deployment']) {
      expect(await until(ns, `${kind}-51`, 'Firing'), kind).to.include({ value: 50, message: 'availability_percent is 50 (< 51)', objects: 1 })
      expect((await fixture.policy(ns, `${kind}-50`)).status?.triggers?.[0], `${kind} at the limit`).to.include({ state: 'Quiet' })
    }
    await tellPod(fixture.cluster, ns, other, 'away')
    for (const kind of ['service', 'deployment']) expect(await until(ns, `${kind}-50`, 'Firing'), kind).to.include({ value: 0 })
    for (const pod of [away, other]) await fixture.kubectl(['exec', '-n', ns, pod, '--', 'rm', '/data/away'])
    for (const name of all) await until(ns, name, 'Quiet')
    expect(acts(fixture, ns)).to.deep.equal([])
  })

  it('availability_percent: of a Service that leads nowhere is no data, and says so', async () => {
    const ns = await fixture.namespace('nowhere', { healer: false })
    await fixture.apply(service(ns, 'web', 'nobody'), looking(ns, 'heal', SERVICE, { query: 'availability_percent', operator: '<', threshold: 50, duration: '2s' }))
    // The first look may come before the Services were listed, which is no data too.
    await eventually(async () => {
      expect(await until(ns, 'heal', 'NoData')).to.include({ message: `Service web in namespace ${ns} has no endpoints` })
    }, seconds(60))
  })

  it('error_rate_percent: of a Service, from the series of istio', async () => {
    const ns = await fixture.namespace('meshed', { healer: false })
    await fixture.apply(
      workload(ns, 'web', { script: counting(ns), annotations: { [SCRAPE]: 'true', [SCRAPE_PORT]: '8080' } }),
      service(ns, 'web', 'web'), service(ns, 'other', 'web'),
      looking(ns, 'heal', SERVICE, { query: 'error_rate_percent', threshold: 20, duration: '2s', window: '10s' }),
    )
    const seen = await until(ns, 'heal', 'Firing')
    expect(seen.value).to.be.within(24, 26)
    // The other Service of the same pods has no traffic.
    expect(seen.objects).to.equal(1)
  })
})
