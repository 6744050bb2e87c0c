/** What Prometheus measures and Alertmanager tells, from the rule to the eviction, on real pods. */
import { expect } from 'chai'
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { BUSYBOX_IMAGE } from '../cluster/spec.ts'
import { useFixture } from '../healing/fixture.ts'
import { startAlertmanager } from '../monitoring/alertmanager.ts'
import { SCRAPE, SCRAPE_PORT } from '../monitoring/discovery.ts'
import { sparePort } from '../monitoring/ports.ts'
import { startPrometheus } from '../monitoring/prometheus.ts'
import { alertEndpoint, firing, TOKEN, type AlertEndpoint } from './endpoint.ts'

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
    triggers: [{ name: 'stuck', type: 'alert', cooldownPeriod: '0s', alertTrigger: { alertname: 'QueueStuck', for: '0s', matchers: [{ name: 'severity', operator: '=~', value: 'crit.*' }] } }],
    actions: [{ name: 'restart', type: 'restart', restartAction: {} }],
    safetyRules: { stabilizationWindow: '8s', healthCheckTimeout: '3m' },
  },
})

describe('alerts of Prometheus and Alertmanager', function () {
  this.timeout(600_000)
  const fixture = useFixture({ controller: false })
  let endpoint: AlertEndpoint

  before(async () => {
    const { cluster, installation } = fixture
    endpoint = await alertEndpoint(cluster, await sparePort(cluster))
    await installation.startController({ flags: endpoint.flags })
    const alertmanager = fixture.own(await startAlertmanager(cluster, { webhooks: [{ url: endpoint.url, bearerToken: TOKEN, caPem: cluster.ca.certPem }] }))
    fixture.own(await startPrometheus(cluster, {
      scrapeInterval: '1s',
      alertmanager: { url: alertmanager.url },
      rules: [{ alert: 'QueueStuck', expr: 'queue_stuck == 1', labels: { severity: 'critical' } }],
    }))
  })

  const stick = async (ns: string, app: string, kind = 'deployment'): Promise<string> => {
    await fixture.kubectl(['rollout', 'status', '-n', ns, `${kind}/${app}`, '--timeout=150s'])
    const pod = (await fixture.pods(ns)).find(({ metadata }) => metadata.name.startsWith(`${app}-`))
    if (pod === undefined) throw new Error('no pod')
    // Its own first word comes a moment after its start.
    await fixture.kubectl(['exec', '-n', ns, pod.metadata.name, '--', 'sh', '-c', 'while [ ! -s /www/metrics ]; do sleep 0.1; done; echo "queue_stuck 1" > /www/metrics'])
    return pod.metadata.uid
  }
  const seen = (ns: string, state: string): Promise<HealingPolicy> =>
    eventually(async () => {
      const found = await fixture.policy(ns)
      if (found.status?.triggers?.[0]?.state !== state) throw new Error(JSON.stringify(found.status?.triggers))
      return found
    }, seconds(120))

  it('the pod that the alert names is replaced, the alert ends, and nothing else is touched', async () => {
    const ns = await fixture.namespace('queue')
    await fixture.apply(queue(ns, 'cart'), queue(ns, 'bystander'), policy(ns, 'cart', 'automatic'))
    await stick(ns, 'bystander')
    const uid = await stick(ns, 'cart')
    const [action] = await fixture.ended(ns, 1, seconds(240))
    expect(action?.spec.targetResource.uid).to.equal(uid)
    expect(action?.spec.trigger).to.include({ name: 'stuck', evidence: 'alert QueueStuck is firing' })
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(fixture.evictions(ns)).to.have.length(1)
    await seen(ns, 'Quiet')
    await eventually(async () => expect((await fixture.policy(ns)).status?.incidents).to.deep.equal([]), seconds(90))
    expect(await fixture.actions(ns)).to.have.length(1)
  })

  it('a pod that comes back under its name is not blamed for the alert about the one before it, and the act has helped', async () => {
    const ns = await fixture.namespace('named')
    await fixture.apply(queue(ns, 'cart', 'StatefulSet'), policy(ns, 'cart', 'automatic'))
    const uid = await stick(ns, 'cart', 'statefulset')
    const [action] = await fixture.ended(ns, 1, seconds(240))
    expect(action?.spec.targetResource).to.include({ name: 'cart-0', uid })
    expect(action?.status, JSON.stringify(action?.status?.result)).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    await seen(ns, 'Quiet')
    expect(fixture.evictions(ns)).to.have.length(1)
  })

  it('what fires outlives a killed controller, and its end is heard by the next', async () => {
    const ns = await fixture.namespace('outlived')
    await fixture.apply(queue(ns, 'cart'), policy(ns, 'cart', 'monitor'))
    await stick(ns, 'cart')
    await seen(ns, 'Firing')
    await eventually(async () => expect((await fixture.policy(ns)).status?.findings?.[0]).to.have.property('confirmedAt'), seconds(60))
    await fixture.installation.killController('SIGKILL')
    await fixture.installation.startController({ flags: endpoint.flags })
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
    await fixture.kubectl(['rollout', 'status', '-n', ns, 'deployment/cart', '--timeout=150s'])
    const [pod] = await fixture.pods(ns)
    const labels = { alertname: 'QueueStuck', severity: 'critical', namespace: ns, pod: pod?.metadata.name ?? '' }
    const body = JSON.stringify({ version: '4', status: 'firing', alerts: [firing(labels)] })
    expect((await endpoint.post(body, 'another')).code).to.equal(401)
    await new Promise((resolve) => setTimeout(resolve, 4000))
    expect(await fixture.actions(ns)).to.deep.equal([])
  })
})
