/** Metric triggers on real pods, with a real Prometheus and a real metrics-server. */
import { expect } from 'chai'
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { systemClock } from '../../shared/adapters/system-clock.ts'
import { formatInstant, instant, seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { BUSYBOX_IMAGE } from '../cluster/spec.ts'
import { SCRAPE, SCRAPE_PORT } from '../monitoring/discovery.ts'
import { startMetricsServer, type MetricsServer } from '../monitoring/metrics-server.ts'
import { startPrometheus, type Prometheus } from '../monitoring/prometheus.ts'
import { breakPods, deployment, Fixture, inNamespace } from '../healing/fixture.ts'
import { startAdapter, type Adapter } from './adapter.ts'

interface AppOptions {
  readonly script: string
  readonly replicas?: number
  readonly resources?: object
  readonly readinessProbe?: object
  readonly annotations?: Readonly<Record<string, string>>
}

const app = (name: string, { script, replicas = 1, annotations = {}, ...container }: AppOptions): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, labels: { app: name } },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name }, annotations },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'app', image: BUSYBOX_IMAGE, imagePullPolicy: 'Never', command: ['sh', '-c', script], volumeMounts: [{ name: 'data', mountPath: '/data' }], ...container }],
        // In memory, so that what is written here is used there.
        volumes: [{ name: 'data', emptyDir: { medium: 'Memory' } }],
      },
    },
  },
})

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

interface PolicyOptions {
  readonly metric: object
  readonly mode?: string
  readonly kind?: string
  readonly name?: string
  /** The one Deployment, by its name. */
  readonly single?: string
}

const policy = (namespace: string, { metric, mode = 'automatic', kind, name = 'heal', single }: PolicyOptions): object => ({
  apiVersion: 'kubeskippy.io/v1alpha1',
  kind: 'HealingPolicy',
  metadata: { name, namespace },
  spec: {
    mode,
    selector: { labelSelector: { matchLabels: { app: 'web' } }, ...(kind === undefined ? {} : { resources: [{ apiVersion: 'apps/v1', kind }] }), ...(single === undefined ? {} : { resources: [{ apiVersion: 'apps/v1', kind: 'Deployment', names: [single] }] }) },
    triggers: [{ name: 'measured', type: 'metric', cooldownPeriod: '0s', metricTrigger: metric }],
    actions: [{ name: 'restart', type: 'restart', target: 'Pod', restartAction: {} }],
    safetyRules: { stabilizationWindow: '30s', healthCheckTimeout: '90s' },
  },
})

const LOCK = { query: 'lock_age_seconds', threshold: 90, duration: '4s' }

describe('metric triggers on a real cluster', function () {
  this.timeout(300_000)
  let fixture: Fixture
  let prometheus: Prometheus
  let metricsServer: MetricsServer | undefined

  before(async function () {
    this.timeout(900_000)
    fixture = await Fixture.start({ controller: false })
    prometheus = await startPrometheus(fixture.cluster, { scrapeInterval: '1s', cadvisor: true })
    await startController()
  })
  after(async () => {
    await metricsServer?.stop()
    await prometheus?.stop()
    await fixture?.stop()
  })

  const startController = (): Promise<void> =>
    fixture.installation.startController({ flags: { 'sync-interval': '1s', 'prometheus-source': `name=main,url=${prometheus.url},timeout=1s` } })
  const trigger = (status: HealingPolicy['status']) => status?.triggers?.[0]
  /** Until the trigger of the policy is in this state. */
  const until = (namespace: string, state: string, name = 'heal'): Promise<NonNullable<ReturnType<typeof trigger>>> =>
    eventually(async () => {
      const found = trigger((await fixture.policy(namespace, name)).status)
      if (found?.state !== state) throw new Error(`trigger: ${JSON.stringify(found)}`)
      return found
    }, seconds(120))
  const ready = (namespace: string): Promise<string> => fixture.kubectl(['rollout', 'status', '-n', namespace, 'deployment/web', '--timeout=60s'])
  const podName = async (namespace: string): Promise<string> => {
    const [pod] = await fixture.pods(namespace)
    if (pod === undefined) throw new Error('no pod')
    return pod.metadata.name
  }
  const exec = (namespace: string, pod: string, script: string): Promise<string> => fixture.kubectl(['exec', '-n', namespace, pod, '--', 'sh', '-c', script])
  /** The name of the pod. */
  const breakLock = async (namespace: string): Promise<string> => {
    const pod = await podName(namespace)
    await exec(namespace, pod, 'echo "lock_age_seconds 950" > /www/metrics')
    return pod
  }

  it("PromQL: a pod's own gauge leads to its eviction, and the same gauge says that it helped", async () => {
    const ns = await fixture.namespace('gauge')
    await fixture.apply(inNamespace(ns, locking('web')), policy(ns, { metric: LOCK }))
    await ready(ns)
    const quiet = await until(ns, 'Quiet')
    expect(quiet.objects).to.equal(0)
    const pod = await breakLock(ns)
    const [action] = await fixture.ended(ns, 1, seconds(180))
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(action?.spec).to.deep.include({ trigger: { name: 'measured', since: action?.spec.trigger.since, evidence: 'lock_age_seconds is 950 (> 90)' } })
    expect(action?.spec.targetResource.name).to.equal(pod)
    expect(fixture.evictions(ns)).to.have.length(1)
  })

  it('PromQL: series of another namespace lead nowhere, and the reason is in the status', async () => {
    const [ns, other] = [await fixture.namespace('innocent'), await fixture.namespace('guilty', { healer: false })]
    await fixture.apply(inNamespace(other, locking('web')), inNamespace(ns, app('web', { script: 'sleep 1000000' })))
    await ready(other)
    await breakLock(other)
    await fixture.apply(policy(ns, { metric: { ...LOCK, query: `lock_age_seconds{namespace="${other}"}` } }))
    await eventually(async () => {
      const found = trigger((await fixture.policy(ns)).status)
      expect(found).to.include({ state: 'NoData', message: `lock_age_seconds{namespace="${other}"} has no series of namespace ${ns}` })
    }, seconds(60))
    expect(await fixture.actions(ns)).to.have.length(0)
  })

  it('PromQL: a duration goes on over a crash of the controller, even when its status is lost', async () => {
    const ns = await fixture.namespace('restarted')
    await fixture.apply(inNamespace(ns, locking('web')), policy(ns, { metric: { ...LOCK, duration: '30s' } }))
    await ready(ns)
    await until(ns, 'Quiet')
    await breakLock(ns)
    const { since } = await until(ns, 'Pending')
    await fixture.installation.killController()
    await fixture.kubectl(['patch', 'healingpolicy', 'heal', '-n', ns, '--subresource=status', '--type=merge', '-p', '{"status":{"findings":null,"triggers":null}}'])
    await startController()
    const rebuilt = await eventually(async () => {
      const [action] = await fixture.actions(ns)
      if (action === undefined) throw new Error(`no action: ${JSON.stringify((await fixture.policy(ns)).status?.triggers)}`)
      return action
    }, seconds(90))
    // A second is the pace of scrapes and of reads.
    expect(Math.abs(Date.parse(rebuilt.spec.trigger.since) - Date.parse(since ?? ''))).to.be.at.most(4_000)
    const decided = Date.parse(rebuilt.metadata.creationTimestamp ?? '')
    expect(decided - Date.parse(since ?? ''), formatInstant(instant(decided))).to.be.at.least(25_000)
    await fixture.ended(ns, 1, seconds(180))
  })

  it('a Prometheus that is down, or silent, is no data with its reason, and nothing is done', async () => {
    const ns = await fixture.namespace('dead')
    await fixture.apply(inNamespace(ns, locking('web')))
    await ready(ns)
    await breakLock(ns)
    await eventually(async () => expect((await prometheus.query(`lock_age_seconds{namespace="${ns}"} > 90`)).length).to.equal(1), seconds(30))
    await prometheus.signal('SIGSTOP')
    const address = `the Prometheus source main (${prometheus.url})`
    await fixture.apply(policy(ns, { metric: LOCK }))
    await eventually(async () => expect(trigger((await fixture.policy(ns)).status)).to.include({ state: 'NoData', message: `${address} did not answer within 1s` }), seconds(60))
    await prometheus.signal('SIGCONT')
    await prometheus.stop()
    await eventually(async () => expect(trigger((await fixture.policy(ns)).status)).to.include({ state: 'NoData', message: `${address} cannot be reached (ECONNREFUSED)` }), seconds(60))
    expect(await fixture.actions(ns)).to.have.length(0)
    expect(fixture.evictions(ns)).to.have.length(0)
    await prometheus.start()
    // It comes back with its past, and the trouble goes on.
    await fixture.ended(ns, 1, seconds(180))
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
        expect((await until(ns, 'Firing', `rate-${level}`)).value, level).to.be.within(24, 26)
        expect((await until(ns, 'Firing', `slow-${level}`)).value, level).to.be.within(0.97, 0.99)
      }
    })
  }

  describe('an adapter of the metrics APIs', () => {
    let adapter: Adapter | undefined
    let length = 5
    after(async () => {
      await adapter?.stop()
    })
    const value = (more: object): object => ({ timestamp: formatInstant(systemClock.now()), value: `${length}k`, ...more })

    it('is no data before it is there', async () => {
      const ns = await fixture.namespace('adapted')
      await fixture.apply(
        inNamespace(ns, app('web', { script: 'sleep 1000000' })),
        policy(ns, { name: 'external', mode: 'monitor', single: 'web', metric: { query: 'queue_length{queue=orders}', source: 'external.metrics.k8s.io', threshold: 10_000, duration: '2s' } }),
        policy(ns, { metric: { query: 'queue_length', source: 'custom.metrics.k8s.io', threshold: 10_000, duration: '2s' } }),
      )
      await ready(ns)
      expect((await until(ns, 'NoData', 'external')).message).to.equal('external.metrics.k8s.io has no metric queue_length, or no adapter serves it')
      expect((await until(ns, 'NoData')).message).to.equal('custom.metrics.k8s.io has no metric queue_length of pods, or no adapter serves it')
    })

    it('tells of pods by the custom metrics API, and of the one named object by the external one', async () => {
      const pod = await podName('adapted')
      adapter = await startAdapter(fixture.cluster, (path) => {
        if (path === '/apis/custom.metrics.k8s.io/v1beta2/namespaces/adapted/pods/*/queue_length') return [value({ describedObject: { kind: 'Pod', namespace: 'adapted', name: pod, apiVersion: '/v1' }, metric: { name: 'queue_length' } })]
        if (path === '/apis/external.metrics.k8s.io/v1beta1/namespaces/adapted/queue_length') return [value({ metricName: 'queue_length', metricLabels: { queue: 'orders' } })]
        return undefined
      })
      await until('adapted', 'Quiet')
      await until('adapted', 'Quiet', 'external')
      expect(adapter.asked).to.include('/apis/external.metrics.k8s.io/v1beta1/namespaces/adapted/queue_length?labelSelector=queue%3Dorders')
      length = 50
      expect(await until('adapted', 'Firing', 'external')).to.include({ value: 50_000 })
      const acted = await eventually(async () => {
        const [action] = await fixture.actions('adapted')
        if (action === undefined) throw new Error('no action')
        return action
      }, seconds(60))
      expect(acted.spec).to.deep.nested.include({ 'targetResource.name': pod, 'trigger.evidence': 'queue_length is 50000 (> 10000)' })
    })
  })

  it('restart_count: restarts within the window lead to a new pod', async () => {
    const ns = await fixture.namespace('restarting')
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), policy(ns, { metric: { query: 'restart_count', operator: '>=', threshold: 2, duration: '0s', window: '5m' } }))
    const [broken] = await breakPods(fixture, ns, 'web')
    const [action] = await fixture.ended(ns, 1, seconds(180))
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(action?.spec.targetResource.uid).to.equal(broken)
    expect(action?.spec.trigger.evidence).to.match(/^restart_count is [23] \(>= 2\)$/)
  })

  it('ready_percent: of a pod, and of the Deployment that it belongs to', async () => {
    const ns = await fixture.namespace('unready')
    const probe = { exec: { command: ['sh', '-c', 'test ! -e /data/unready'] }, periodSeconds: 1, failureThreshold: 1 }
    await fixture.apply(
      inNamespace(ns, app('web', { script: 'sleep 1000000', replicas: 2, readinessProbe: probe })),
      policy(ns, { name: 'watch', mode: 'monitor', kind: 'Deployment', metric: { query: 'ready_percent', operator: '<', threshold: 60, duration: '2s' } }),
    )
    await ready(ns)
    await until(ns, 'Quiet', 'watch')
    const pod = await podName(ns)
    await exec(ns, pod, 'touch /data/unready')
    const { value, message } = await until(ns, 'Firing', 'watch')
    expect([value, message]).to.deep.equal([50, 'ready_percent is 50 (< 60)'])
    await fixture.apply(policy(ns, { metric: { query: 'ready_percent', operator: '<', threshold: 100, duration: '4s' } }))
    const [action] = await fixture.ended(ns, 1, seconds(180))
    expect(action?.spec.targetResource.name).to.equal(pod)
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    await until(ns, 'Quiet', 'watch')
  })

  describe('usage', () => {
    const CPU = { query: 'cpu_usage_percent', threshold: 60, duration: '2s' }
    let ns: string
    before(async () => {
      ns = await fixture.namespace('usage')
      const script = 'while [ ! -e /data/spin ]; do sleep 0.2; done; while :; do :; done'
      await fixture.apply(
        inNamespace(ns, app('web', { script, resources: { limits: { cpu: '100m', memory: '64Mi' } } })),
        policy(ns, { name: 'memory', mode: 'monitor', metric: { query: 'memory_usage_percent', threshold: 60, duration: '2s' } }),
      )
      await ready(ns)
    })

    it('without a metrics-server is no data, and says so', async () => {
      const { message } = await until(ns, 'NoData', 'memory')
      expect(message).to.equal('metrics-server is not installed: the API metrics.k8s.io is not served')
    })

    it('of memory is a share of the limit', async function () {
      this.timeout(900_000)
      metricsServer = await startMetricsServer(fixture.cluster)
      await until(ns, 'Quiet', 'memory')
      await exec(ns, await podName(ns), 'dd if=/dev/zero of=/data/ballast bs=1M count=48')
      const { value } = await until(ns, 'Firing', 'memory')
      expect(value).to.be.within(70, 100)
    })

    it('of CPU, first throttled, leads to the eviction of the pod that spins', async () => {
      const throttled = { query: 'cpu_throttled_percent', threshold: 50, duration: '2s', window: '1m' }
      await fixture.apply(policy(ns, { name: 'throttled', mode: 'monitor', metric: throttled }))
      const pod = await podName(ns)
      await exec(ns, pod, 'touch /data/spin')
      // The kernel tells so before the eviction makes an end of it.
      expect((await until(ns, 'Firing', 'throttled')).value).to.be.within(50, 100)
      await fixture.apply(policy(ns, { metric: CPU }))
      const [action] = await fixture.ended(ns, 1, seconds(240))
      expect(action?.spec.targetResource.name).to.equal(pod)
      expect(action?.spec.trigger.evidence).to.match(/^cpu_usage_percent of container app is \d+(\.\d+)? \(> 60\)$/)
      expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    })

    it('of a metrics-server that is down is no data', async () => {
      await metricsServer?.stop()
      const { message } = await until(ns, 'NoData', 'memory')
      expect(message).to.match(/^the resource metrics API does not answer \(\w+\): whatever serves it is down or not ready$/)
    })
  })
})
