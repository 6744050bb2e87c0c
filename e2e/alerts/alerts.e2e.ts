/** What Prometheus measures and Alertmanager tells, from the rule to the eviction, on real pods. */
import { expect } from 'chai'
import { request } from 'node:https'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { issueLeaf } from '../../certs/issue.ts'
import { systemClock } from '../../shared/adapters/system-clock.ts'
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { hours, seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { BUSYBOX_IMAGE } from '../cluster/spec.ts'
import { Fixture } from '../healing/fixture.ts'
import { startAlertmanager, type Alertmanager } from '../monitoring/alertmanager.ts'
import { SCRAPE, SCRAPE_PORT } from '../monitoring/discovery.ts'
import { sparePort } from '../monitoring/ports.ts'
import { startPrometheus, type Prometheus } from '../monitoring/prometheus.ts'

const TOKEN = 'what-only-alertmanager-knows'

/** Says of itself that it is stuck once told so, and from then on in this pod. It stays Ready: nothing but the alert knows. */
const queue = (namespace: string, name: string, kind: 'Deployment' | 'StatefulSet' = 'Deployment'): object => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name, namespace },
  spec: {
    replicas: 1,
    ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name }, annotations: { [SCRAPE]: 'true', [SCRAPE_PORT]: '8080' } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{
          name: 'main', image: BUSYBOX_IMAGE, imagePullPolicy: 'Never',
          command: ['sh', '-c', 'mkdir /www; echo "queue_stuck 0" > /www/metrics; httpd -f -p 8080 -h /www'],
        }],
      },
    },
  },
})

const policy = (namespace: string, app: string, mode: string): object => ({
  apiVersion: 'kubeskippy.io/v1alpha1',
  kind: 'HealingPolicy',
  metadata: { name: 'heal', namespace },
  spec: {
    mode,
    selector: { labelSelector: { matchLabels: { app } } },
    triggers: [{ name: 'stuck', type: 'alert', cooldownPeriod: '0s', alertTrigger: { alertname: 'QueueStuck', matchers: [{ name: 'severity', operator: '=~', value: 'crit.*' }] } }],
    actions: [{ name: 'restart', type: 'restart', restartAction: {} }],
    safetyRules: { stabilizationWindow: '8s', healthCheckTimeout: '40s' },
  },
})

describe('alerts of Prometheus and Alertmanager', function () {
  this.timeout(180_000)
  let fixture: Fixture
  let alertmanager: Alertmanager
  let prometheus: Prometheus
  let url: string
  let flags: Record<string, string>

  before(async function () {
    this.timeout(900_000)
    fixture = await Fixture.start({ controller: false })
    const { cluster, installation } = fixture
    const { cert, key } = await issueLeaf({ cert: cluster.ca.certPem, key: cluster.ca.keyPem }, { dns: [], ips: ['127.0.0.1'] }, systemClock.now(), hours(24))
    const files = { token: TOKEN, crt: cert, key }
    for (const [end, text] of Object.entries(files)) writeFileSync(join(cluster.dir, `alerts.${end}`), text, { mode: 0o600 })
    const port = await sparePort(cluster)
    url = `https://127.0.0.1:${port}/alerts`
    flags = {
      'alerts-bind-address': `127.0.0.1:${port}`,
      'alerts-token-file': join(cluster.dir, 'alerts.token'),
      'alerts-tls-cert-file': join(cluster.dir, 'alerts.crt'),
      'alerts-tls-key-file': join(cluster.dir, 'alerts.key'),
    }
    await installation.startController({ flags })
    alertmanager = await startAlertmanager(cluster, { webhooks: [{ url, bearerToken: TOKEN, caPem: cluster.ca.certPem }] })
    prometheus = await startPrometheus(cluster, {
      scrapeInterval: '1s',
      alertmanager: { url: alertmanager.url },
      rules: [{ alert: 'QueueStuck', expr: 'queue_stuck == 1', labels: { severity: 'critical' } }],
    })
  })
  after(async () => {
    await prometheus?.stop()
    await alertmanager?.stop()
    await fixture?.stop()
  })

  const stick = async (ns: string, app: string, kind = 'deployment'): Promise<string> => {
    await fixture.kubectl(['rollout', 'status', '-n', ns, `${kind}/${app}`, '--timeout=60s'])
    const pod = (await fixture.pods(ns)).find(({ metadata }) => metadata.name.startsWith(`${app}-`))
    if (pod === undefined) throw new Error('no pod')
    await fixture.kubectl(['exec', '-n', ns, pod.metadata.name, '--', 'sh', '-c', 'echo "queue_stuck 1" > /www/metrics'])
    return pod.metadata.uid
  }
  const seen = (ns: string, state: string): Promise<HealingPolicy> =>
    eventually(async () => {
      const found = await fixture.policy(ns)
      if (found.status?.triggers?.[0]?.state !== state) throw new Error(JSON.stringify(found.status?.triggers))
      return found
    }, seconds(60))

  it('the pod that the alert names is replaced, the alert ends, and nothing else is touched', async () => {
    const ns = await fixture.namespace('queue')
    await fixture.apply(queue(ns, 'cart'), queue(ns, 'bystander'), policy(ns, 'cart', 'automatic'))
    await stick(ns, 'bystander')
    const uid = await stick(ns, 'cart')
    const [action] = await fixture.ended(ns, 1, seconds(120))
    expect(action?.spec.targetResource.uid).to.equal(uid)
    expect(action?.spec.trigger).to.include({ name: 'stuck', evidence: 'alert QueueStuck is firing' })
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(fixture.evictions(ns)).to.have.length(1)
    await seen(ns, 'Quiet')
    await eventually(async () => expect((await fixture.policy(ns)).status?.incidents).to.deep.equal([]), seconds(30))
    expect(await fixture.actions(ns)).to.have.length(1)
  })

  it('a pod that comes back under its name is not blamed for the alert about the one before it, and the act has helped', async () => {
    const ns = await fixture.namespace('named')
    await fixture.apply(queue(ns, 'cart', 'StatefulSet'), policy(ns, 'cart', 'automatic'))
    const uid = await stick(ns, 'cart', 'statefulset')
    const [action] = await fixture.ended(ns, 1, seconds(120))
    expect(action?.spec.targetResource).to.include({ name: 'cart-0', uid })
    expect(action?.status, JSON.stringify(action?.status?.result)).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    await seen(ns, 'Quiet')
    expect(fixture.evictions(ns)).to.have.length(1)
  })

  it('what fires outlives a killed controller, and its end is heard by the next', async () => {
    const ns = await fixture.namespace('outlived')
    await fixture.apply(queue(ns, 'cart'), policy(ns, 'cart', 'monitor'))
    await stick(ns, 'cart')
    const { status } = await seen(ns, 'Firing')
    expect(status?.findings?.[0]).to.have.property('confirmedAt')
    await fixture.installation.killController('SIGKILL')
    await fixture.installation.startController({ flags })
    // Alertmanager repeats in five minutes: for longer than a decision takes there is only the status.
    await new Promise((resolve) => setTimeout(resolve, 20_000))
    expect((await fixture.policy(ns)).status?.triggers?.[0]).to.include({ state: 'Firing', objects: 1 })
    const [pod] = await fixture.pods(ns)
    await fixture.kubectl(['exec', '-n', ns, pod?.metadata.name ?? '', '--', 'sh', '-c', 'echo "queue_stuck 0" > /www/metrics'])
    await seen(ns, 'Quiet')
    expect(fixture.evictions(ns)).to.deep.equal([])
  })

  it('nobody else is heard', async () => {
    const ns = await fixture.namespace('forged')
    await fixture.apply(queue(ns, 'cart'), policy(ns, 'cart', 'automatic'))
    await fixture.kubectl(['rollout', 'status', '-n', ns, 'deployment/cart', '--timeout=60s'])
    const [pod] = await fixture.pods(ns)
    const labels = { alertname: 'QueueStuck', severity: 'critical', namespace: ns, pod: pod?.metadata.name }
    const body = JSON.stringify({ version: '4', status: 'firing', alerts: [{ status: 'firing', labels, startsAt: new Date().toISOString() }] })
    const post = (authorization: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const sent = request(url, { method: 'POST', ca: fixture.cluster.ca.certPem, agent: false, headers: { 'content-type': 'application/json', authorization } }, (answer) => {
          answer.resume()
          resolve(answer.statusCode)
        })
        sent.on('error', reject)
        sent.end(body)
      })
    expect(await post('Bearer another')).to.equal(401)
    await new Promise((resolve) => setTimeout(resolve, 4000))
    expect(await fixture.actions(ns)).to.deep.equal([])
  })
})
