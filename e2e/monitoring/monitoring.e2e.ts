/** The monitoring programs themselves, each against the cluster and each other. */
import { expect } from 'chai'
import { existsSync } from 'node:fs'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { openCluster, startCluster, type Cluster } from '../cluster/cluster.ts'
import { isAlive } from '../cluster/process-id.ts'
import { recorded } from '../cluster/processes.ts'
import { BUSYBOX_IMAGE } from '../cluster/spec.ts'
import { apply, kubectl } from './account.ts'
import { startAlertmanager, type Alertmanager } from './alertmanager.ts'
import { SCRAPE, SCRAPE_PORT } from './discovery.ts'
import { startMetricsServer, type MetricsServer } from './metrics-server.ts'
import { startPrometheus, type Prometheus } from './prometheus.ts'
import { startReceiver, type Receiver } from './receiver.ts'

/** Serves one gauge and spins on the processor. */
const OBSERVED = {
  apiVersion: 'v1', kind: 'Pod',
  metadata: { name: 'observed', namespace: 'default', labels: { app: 'observed' }, annotations: { [SCRAPE]: 'true', [SCRAPE_PORT]: '8080' } },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{
      name: 'main', image: BUSYBOX_IMAGE, imagePullPolicy: 'Never', resources: { limits: { cpu: '100m', memory: '64Mi' } },
      command: ['sh', '-c', 'mkdir /www; echo "queue_length 41" > /www/metrics; httpd -p 8080 -h /www; while :; do :; done'],
    }],
  },
}

describe('monitoring beside a cluster', function () {
  this.timeout(480_000)
  let cluster: Cluster
  let metricsServer: MetricsServer

  before(async function () {
    this.timeout(900_000)
    cluster = await startCluster()
    await apply(cluster, OBSERVED)
    await kubectl(cluster, ['wait', '--for=condition=Ready', 'pod/observed', '--timeout=150s'])
    metricsServer = await startMetricsServer(cluster)
  })
  after(async () => {
    await cluster?.stop()
  })

  it('metrics-server: kubectl top tells what a pod uses', async () => {
    await eventually(async () => {
      const line = (await kubectl(cluster, ['top', 'pods', '--no-headers'])).split('\n').find((text) => text.startsWith('observed '))
      if (line === undefined) throw new Error('no figures yet')
      // The first one may be of its start too.
      const [, cpu = '', memory = ''] = line.trim().split(/\s+/)
      expect(Number(/^(\d+)m$/.exec(cpu)?.[1]), line).to.be.within(50, 150)
      expect(memory).to.match(/^\d+Mi$/)
    }, seconds(180))
  })

  describe('Prometheus', () => {
    let prometheus: Prometheus
    before(async () => { prometheus = await startPrometheus(cluster, { cadvisor: true, scrapeInterval: '1s' }) })
    after(async () => { await prometheus?.stop() })

    const one = (expression: string): Promise<{ readonly metric: Readonly<Record<string, string>>; readonly value: number }> =>
      eventually(async () => {
        const [sample, ...more] = await prometheus.query(expression)
        if (sample === undefined || more.length > 0) throw new Error(`${more.length + (sample === undefined ? 0 : 1)} samples of ${expression}`)
        return sample
      }, seconds(120))

    it('scrapes a pod that asks for it, with its namespace, name and labels', async () => {
      const { metric, value } = await one('queue_length')
      expect(value).to.equal(41)
      expect(metric).to.include({ namespace: 'default', pod: 'observed', app: 'observed', job: 'pods' })
    })

    it('scrapes what the kubelet knows of containers', async () => {
      const { metric } = await one('container_cpu_usage_seconds_total{pod="observed",container="main"}')
      expect(metric).to.include({ namespace: 'default', node: 'node-0' })
      await eventually(async () => {
        const [sample] = await prometheus.query('container_cpu_cfs_throttled_periods_total{pod="observed",container="main"}')
        expect(sample?.value, 'of a spin with a limit').to.be.greaterThan(0)
      }, seconds(120))
    })

    it('scrapes a target by address, with labels of the test, after a reload', async () => {
      const ip = await kubectl(cluster, ['get', 'pod', 'observed', '-o', 'jsonpath={.status.podIP}'])
      await prometheus.reload({ targets: [{ address: `${ip}:8080`, job: 'direct', labels: { shard: '7' } }] })
      const { metric } = await one('queue_length{job="direct"}')
      expect(metric).to.include({ shard: '7' })
    })

    it('says which rule it does not understand, rather than leave it out', async () => {
      const refused = await prometheus.reload({ rules: [{ alert: 'Broken', expr: 'sum(' }] }).catch((cause: unknown) => cause)
      expect(refused).to.be.instanceOf(Error).with.property('message').that.contains('parse error')
    })

    it('keeps its address and its data over a stop and a start', async () => {
      const before = await one('timestamp(queue_length{job="pods"})')
      await prometheus.stop()
      expect(await prometheus.query('vector(1)').catch(() => 'down')).to.equal('down')
      await prometheus.start()
      const [sample] = await prometheus.query(`count_over_time(queue_length{job="pods"}[5s] @ ${before.value})`)
      expect(sample?.value).to.be.at.least(1)
    })
  })

  describe('Alertmanager', () => {
    it('an alert of a rule reaches a webhook with its token over TLS, and its end does', async () => {
      let [receiver, alertmanager, prometheus]: [Receiver?, Alertmanager?, Prometheus?] = []
      try {
        receiver = await startReceiver(cluster)
        alertmanager = await startAlertmanager(cluster, { webhooks: [{ url: receiver.url, bearerToken: 'sesame', caPem: receiver.caPem }] })
        prometheus = await startPrometheus(cluster, {
          name: 'alerting', alertmanager, scrapeInterval: '1s',
          rules: [{ alert: 'QueueLong', expr: 'queue_length > 40', labels: { severity: 'page' }, annotations: { summary: 'a long queue' } }],
        })
        const { received } = receiver
        const told = (status: string) => eventually(async () => {
          const found = received.find(({ body }) => (body as { status: string }).status === status)
          if (found === undefined) throw new Error(`${received.length} messages, none ${status}`)
          return found
        }, seconds(120))
        const { headers, body } = await told('firing')
        expect(headers.authorization).to.equal('Bearer sesame')
        expect(body).to.include({ version: '4', receiver: 'webhooks' }).and.to.have.nested.property('alerts[0].labels').that.includes({ alertname: 'QueueLong', pod: 'observed', severity: 'page' })
        await kubectl(cluster, ['exec', 'observed', '--', 'sh', '-c', 'echo "queue_length 1" > /www/metrics'])
        await told('resolved')
      } finally {
        await prometheus?.stop()
        await alertmanager?.stop()
        await receiver?.stop()
      }
    })
  })

  describe('at the end', () => {
    it('no second metrics-server is started beside the first', async () => {
      const other = await startMetricsServer(cluster).catch((cause: unknown) => cause)
      expect(other).to.be.instanceOf(Error).with.property('message').that.contains('runs already')
    })

    it('a metrics-server that is gone leaves an API group that does not answer', async () => {
      await metricsServer.stop()
      await eventually(async () => {
        const { code, stderr } = await cluster.kubectl(['top', 'pods'])
        expect(code).to.equal(1)
        expect(stderr).to.match(/Metrics API not available|ServiceUnavailable|unable to handle the request/)
      }, seconds(60))
    })

    it('ends with the cluster', async () => {
      await startPrometheus(cluster, { name: 'left' })
      const guests = recorded(cluster.dir).filter(({ name }) => name === 'left')
      expect(guests).to.have.length(1)
      await eventually(async () => expect((await openCluster(cluster.name))?.name, 'a cluster with guests is still a cluster').to.equal(cluster.name), seconds(60))
      await cluster.stop()
      expect(guests.filter(({ id }) => isAlive(id))).to.deep.equal([])
      expect(existsSync(cluster.dir)).to.equal(false)
    })
  })
})
