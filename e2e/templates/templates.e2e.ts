/**
 * Each policy of `config/policies` in the trouble that its story tells, on real pods, with a real Prometheus and a real
 * metrics-server. All of them at once, each in a namespace of its own, with nothing changed but times (`hurried.ts`). What
 * was written, and what was not, is told by the audit log.
 */
import { expect } from 'chai'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import { HEALER_ACCOUNT, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import { EVENTS } from '../../shared/kube/resources.ts'
import type { KubeObject } from '../../shared/lib/object.ts'
import { millis, seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { policyTemplate } from '../../hack/delivery/templates.ts'
import { alertEndpoint, firing, type AlertEndpoint } from '../alerts/endpoint.ts'
import { tellPod } from '../cluster/tell.ts'
import { inNamespace, useFixture } from '../healing/fixture.ts'
import { SCRAPE, SCRAPE_PORT } from '../monitoring/discovery.ts'
import { startMetricsServer } from '../monitoring/metrics-server.ts'
import { sparePort } from '../monitoring/ports.ts'
import { startPrometheus } from '../monitoring/prometheus.ts'
import { openDatabase } from '../scenarios/database.ts'
import { acts } from '../scenarios/figures.ts'
import { rolledOut, workload, type WorkloadOptions } from '../scenarios/workloads.ts'
import { acting, hurried } from './hurried.ts'

const MINUTES = 60
/** A long time for two cores that do all of it at once. */
const LONG = seconds(400)
/** All stories look at the same time. */
const LOOK = millis(500)

/** By it a workload takes part. */
const HEAL = { 'kubeskippy.io/heal': 'true' }
const SCRAPED = { [SCRAPE]: 'true', [SCRAPE_PORT]: '8080' }
const READY = (command: string): object => ({ readinessProbe: { exec: { command: ['sh', '-c', command] }, periodSeconds: 1, timeoutSeconds: 20 } })

/** Serves what is written to /data/www/metrics, and until then this. */
const serving = (...lines: readonly string[]): string => `mkdir /data/www; printf '${lines.join('\\n')}\\n' > /data/www/metrics; exec httpd -f -p 8080 -h /data/www`
const REST = 'sleep 1000000'

describe('the templates of config/policies', function () {
  this.timeout(15 * MINUTES * 1000)
  const fixture = useFixture({ controller: false })
  let alerts: AlertEndpoint

  const apply = (ns: string, name: string, options: WorkloadOptions): Promise<void> => fixture.apply(workload(ns, name, { more: HEAL, ...options }))
  /** The template is applied when its workload is well. */
  const watch = async (ns: string, template: string, times: Readonly<Record<string, string>> = {}): Promise<void> => fixture.apply(inNamespace(ns, hurried(policyTemplate(template), times)))
  const trigger = async (ns: string, template: string, name: string, state: string) =>
    eventually(async () => {
      const found = (await fixture.policy(ns, template)).status?.triggers?.find((each) => each.name === name)
      if (found?.state !== state) throw new Error(`${template}, ${name}: ${JSON.stringify(found)}`)
      return found
    }, LONG, LOOK)
  const decided = async (ns: string, template: string, reason: string): Promise<string> =>
    eventually(async () => {
      const { lastDecision } = (await fixture.policy(ns, template)).status ?? {}
      if (lastDecision?.reason !== reason) throw new Error(`${template}: ${JSON.stringify(lastDecision)}`)
      return lastDecision.message ?? ''
    }, LONG, LOOK)
  /** Without the controller's own books. */
  const written = (ns: string) => acts(fixture, ns).map(({ verb, resource, name }) => `${verb} ${resource} ${name}`)
  const healed = async (ns: string, count = 1): Promise<readonly HealingAction[]> => {
    const actions = await fixture.ended(ns, count, LONG)
    for (const { status } of actions) expect(status, JSON.stringify(status?.result)).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(actions).to.have.length(count)
    return actions
  }
  /** Until so many acts were carried out. The audit log is read when it is over: it is long, and all stories share a process. */
  const acted = (ns: string, count: number) =>
    eventually(async () => {
      const actions = await fixture.actions(ns)
      if (actions.filter(({ status }) => status?.actedAt !== undefined).length !== count) throw new Error(`${ns}: ${JSON.stringify(actions.map(({ status }) => status))}`)
    }, LONG, LOOK)
  /** One eviction of this pod, as the namespace's healer, and nothing else. */
  const replaced = async (ns: string, app: string, pod: string, others: readonly string[] = []): Promise<void> => {
    await healed(ns)
    expect(written(ns)).to.deep.equal([`create pods/eviction ${pod}`])
    expect(acts(fixture, ns)[0]?.impersonated).to.equal(serviceAccountUser(ns, HEALER_ACCOUNT))
    expect(await rolledOut(fixture, ns, app)).to.have.length(others.length + 1).and.to.include.members([...others]).and.not.to.include(pod)
  }
  /** Told by an event, and nothing written. */
  const toldOnly = async (ns: string, template: string, about: string): Promise<void> => {
    await eventually(async () => {
      const events = await fixture.list<KubeObject & { readonly reason: string; readonly note: string }>(ns, EVENTS)
      expect(events.flatMap(({ reason, note }) => (reason === 'Monitoring' ? note : [])).join('\n'), template).to.include(about)
    }, LONG)
    expect(await fixture.actions(ns)).to.deep.equal([])
    expect(written(ns)).to.deep.equal([])
  }

  /** What the story of each template tells, in its namespace. */
  const stories: Readonly<Record<string, (ns: string) => Promise<void>>> = {
    'crash-loop': async (ns) => {
      // It takes a lock at its start, and leaves it behind when it crashes.
      await apply(ns, 'web', { script: 'mkdir /data/lock || exit 1; while [ ! -e /data/crash ]; do sleep 0.5; done; exit 9', replicas: 2 })
      const [pod = '', other = ''] = await rolledOut(fixture, ns, 'web')
      await watch(ns, 'crash-loop')
      await tellPod(fixture.cluster, ns, pod, 'crash')
      await replaced(ns, 'web', pod, [other])
    },

    'not-ready': async (ns) => {
      const database = await openDatabase(fixture.cluster)
      try {
        await apply(ns, 'web', { script: REST, replicas: 5, container: READY(`test ! -e /data/hung && ${database.needed}`) })
        const [pod = '', ...others] = await rolledOut(fixture, ns, 'web')
        // In the proportions of the template: all that is away counts before the first of it fires.
        await watch(ns, 'not-ready', { duration: '60s', stabilizationWindow: '60s', healthCheckTimeout: '40s' })
        await decided(ns, 'not-ready', 'Healthy')
        database.close()
        await tellPod(fixture.cluster, ns, pod, 'hung')
        await decided(ns, 'not-ready', 'StormGate')
        await eventually(async () => expect((await fixture.policy(ns, 'not-ready')).status?.triggers?.[0]).to.include({ objects: 5 }), LONG)
        expect(await fixture.actions(ns), 'during the outage').to.deep.equal([])
        await database.reopen()
        await replaced(ns, 'web', pod, others)
      } finally {
        database.close()
      }
    },

    'rollout-stuck': async (ns) => {
      await apply(ns, 'web', { script: REST })
      const pods = await rolledOut(fixture, ns, 'web')
      await watch(ns, 'rollout-stuck')
      const broken = { progressDeadlineSeconds: 5, template: { spec: { containers: [{ name: 'app', image: '127.0.0.1:1/web:no-such-tag', imagePullPolicy: 'Always' }] } } }
      await fixture.kubectl(['patch', 'deployment', 'web', '-n', ns, '-p', JSON.stringify({ spec: broken })])
      await trigger(ns, 'rollout-stuck', 'no-image', 'Firing')
      await trigger(ns, 'rollout-stuck', 'no-progress', 'Firing')
      await toldOnly(ns, 'rollout-stuck', 'web')
      expect((await fixture.pods(ns)).map(({ metadata }) => metadata.name), 'what serves').to.include.members([...pods])
      await fixture.kubectl(['rollout', 'undo', 'deployment/web', '-n', ns])
      await decided(ns, 'rollout-stuck', 'Healthy')
    },

    'memory-leak': async (ns) => {
      await apply(ns, 'cache', { script: REST, limits: { cpu: '200m', memory: '64Mi' }, volume: { emptyDir: { medium: 'Memory' } } })
      const [pod = ''] = await rolledOut(fixture, ns, 'cache')
      await watch(ns, 'memory-leak')
      await trigger(ns, 'memory-leak', 'nearly-full', 'Quiet')
      await fixture.kubectl(['exec', '-n', ns, pod, '--', 'dd', 'if=/dev/zero', 'of=/data/leak', 'bs=1M', 'count=60'])
      await replaced(ns, 'cache', pod)
    },

    'cpu-spin': async (ns) => {
      const options = { script: 'while [ ! -e /data/spin ]; do sleep 0.5; done; while :; do :; done', limits: { cpu: '100m', memory: '64Mi' }, container: READY('test ! -e /data/deaf') }
      await Promise.all(['busy', 'stuck'].map((name) => apply(ns, name, options)))
      const [[busy = ''], [stuck = '']] = await Promise.all([rolledOut(fixture, ns, 'busy'), rolledOut(fixture, ns, 'stuck')])
      await watch(ns, 'cpu-spin')
      await tellPod(fixture.cluster, ns, busy, 'spin')
      // It computes as much as it may and answers.
      await decided(ns, 'cpu-spin', 'Partial')
      await tellPod(fixture.cluster, ns, stuck, 'deaf')
      await tellPod(fixture.cluster, ns, stuck, 'spin')
      await replaced(ns, 'stuck', stuck)
      expect(await rolledOut(fixture, ns, 'busy')).to.deep.equal([busy])
    },

    'error-rate': async (ns) => {
      // A pod that has never failed tells of no failures at all, as clients of Prometheus do.
      const script = [
        'mkdir /data/www; touch /data/www/metrics; httpd -p 8080 -h /data/www; good=0; bad=0',
        'while :; do if [ -e /data/poisoned ]; then bad=$((bad+5)); fi; good=$((good+5))',
        `{ echo 'http_requests_total{code="200"} '$good; if [ $bad -gt 0 ]; then echo 'http_requests_total{code="503"} '$bad; fi; } > /data/www/next; mv /data/www/next /data/www/metrics; sleep 1; done`,
      ].join('\n')
      await apply(ns, 'api', { script, replicas: 3, annotations: SCRAPED })
      const [pod = '', ...others] = await rolledOut(fixture, ns, 'api')
      await watch(ns, 'error-rate')
      await trigger(ns, 'error-rate', 'failing', 'Quiet')
      await tellPod(fixture.cluster, ns, pod, 'poisoned')
      await replaced(ns, 'api', pod, others)
    },

    'connection-pool': async (ns) => {
      const pool = (active: number, pending: number): string[] => [`hikaricp_connections_max 10`, `hikaricp_connections_active ${active}`, `hikaricp_connections_pending ${pending}`]
      await apply(ns, 'api', { script: serving(...pool(3, 0)), replicas: 2, annotations: SCRAPED })
      const [pod = '', other = ''] = await rolledOut(fixture, ns, 'api')
      await watch(ns, 'connection-pool')
      await decided(ns, 'connection-pool', 'Healthy')
      await tellPod(fixture.cluster, ns, pod, 'www/metrics', pool(10, 0).join('\n'))
      // In use, and nobody waits.
      await decided(ns, 'connection-pool', 'Partial')
      expect(written(ns)).to.deep.equal([])
      await tellPod(fixture.cluster, ns, pod, 'www/metrics', pool(10, 4).join('\n'))
      await replaced(ns, 'api', pod, [other])
    },

    'queue-backlog': async (ns) => {
      // The exporter of the queue, and kube-state-metrics: both name the Deployment.
      const figures = (messages: number, replicas: number): string[] => [`queue_messages_ready ${messages}`, `kube_deployment_spec_replicas ${replicas}`]
      await apply(ns, 'figures', { script: serving(...figures(20, 2)), annotations: SCRAPED, more: { deployment: 'worker' } })
      await apply(ns, 'worker', { script: REST, replicas: 2 })
      const [figuresPod = ''] = await rolledOut(fixture, ns, 'figures')
      const workers = (count: number) => eventually(async () => expect(await rolledOut(fixture, ns, 'worker')).to.have.length(count), LONG)
      const say = (messages: number, replicas: number): Promise<void> => tellPod(fixture.cluster, ns, figuresPod, 'www/metrics', figures(messages, replicas).join('\n'))
      await watch(ns, 'queue-backlog')
      await decided(ns, 'queue-backlog', 'Healthy')
      await say(5000, 2)
      await acted(ns, 1)
      await say(200, 4)
      await workers(4)
      await healed(ns)
      await say(0, 4)
      await acted(ns, 2)
      await say(0, 2)
      await healed(ns, 2)
      await workers(2)
      await decided(ns, 'queue-backlog', 'Healthy')
      expect(written(ns)).to.deep.equal(['patch deployments/scale worker', 'patch deployments/scale worker'])
    },

    'expired-certificate': async (ns) => {
      await apply(ns, 'web', { script: REST })
      const [pod = ''] = await rolledOut(fixture, ns, 'web')
      await watch(ns, 'expired-certificate')
      await decided(ns, 'expired-certificate', 'Healthy')
      const labels = { namespace: ns, deployment: 'web' }
      await alerts.tell(firing({ alertname: 'SomethingElse', ...labels }))
      const expiring = firing({ alertname: 'ServedCertificateExpiresSoon', ...labels })
      await alerts.tell(expiring)
      await acted(ns, 1)
      expect(await rolledOut(fixture, ns, 'web')).to.have.length(1).and.not.to.include(pod)
      await alerts.tell({ ...expiring, status: 'resolved' })
      const [action] = await healed(ns)
      expect(action?.spec.trigger.evidence).to.include('ServedCertificateExpiresSoon')
      expect(written(ns)).to.deep.equal(['patch deployments web'])
    },

    'config-drift': async (ns) => {
      // It needs some 40 MB from its start on, and somebody has left it 20.
      const script = `exec awk 'BEGIN { s = sprintf("%40000000s", "x"); while (1) system("sleep 1000") }'`
      await fixture.apply(workload(ns, 'cart', { script, limits: { cpu: '500m', memory: '20Mi' }, container: { name: 'cart' } }))
      await watch(ns, 'config-drift')
      const waiting = await eventually(async () => {
        const [action] = await fixture.actions(ns)
        if (action?.status?.result?.reason !== 'PendingApproval') throw new Error(JSON.stringify((await fixture.policy(ns, 'config-drift')).status?.lastDecision))
        return action.metadata.name
      }, LONG)
      expect(written(ns), 'before somebody approves').to.deep.equal([])
      await fixture.kubectl(['patch', 'ha', waiting, '-n', ns, '--type=merge', '-p', JSON.stringify({ spec: { approval: { decision: 'Approved', reason: 'seen' } } })])
      await healed(ns)
      expect(written(ns)).to.deep.equal(['patch deployments cart'])
      expect(await fixture.kubectl(['get', 'deployment', 'cart', '-n', ns, '-o', 'jsonpath={.spec.template.spec.containers[0].resources.limits}'])).to.equal('{"cpu":"500m","memory":"256Mi"}')
    },

    'job-failed': async (ns) => {
      const job = (name: string, spec: object): object => ({
        apiVersion: 'batch/v1', kind: 'Job', metadata: { name, namespace: ns, labels: HEAL },
        spec: { backoffLimit: 0, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: 'kubeskippy.local/busybox:1', imagePullPolicy: 'Never', command: ['sh', '-c', 'exit 3'] }], ...spec } } },
      })
      await watch(ns, 'job-failed')
      await fixture.apply(job('fails', {}), job('podless', { serviceAccountName: 'not-there' }))
      await trigger(ns, 'job-failed', 'failed', 'Firing')
      await trigger(ns, 'job-failed', 'no-pods', 'Firing')
      await toldOnly(ns, 'job-failed', 'Job')
    },

    'volume-pending': async (ns) => {
      await watch(ns, 'volume-pending')
      const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data', namespace: ns, labels: HEAL }, spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'not-there', resources: { requests: { storage: '1Gi' } } } }
      await fixture.apply(claim)
      await trigger(ns, 'volume-pending', 'waiting', 'Firing')
      await toldOnly(ns, 'volume-pending', 'data')
      await fixture.kubectl(['delete', 'pvc', 'data', '-n', ns])
      expect(await decided(ns, 'volume-pending', 'NoData')).to.equal('nothing is selected')
    },
  }

  const running = new Map<string, Promise<void>>()

  before('start what they ask, and all of them', async () => {
    const { cluster, installation } = fixture
    // One after the other: each takes a port that nobody listens at yet.
    const prometheus = fixture.own(await startPrometheus(cluster, { scrapeInterval: '1s' }))
    await startMetricsServer(cluster)
    alerts = await alertEndpoint(cluster, await sparePort(cluster))
    // So many troubles at once would close the storm gate of the cluster, which is another story.
    const apart = { 'storm-minimum': '1000' }
    // A machine that does all of it at once misses a reading now and then, and two of them are a break.
    await installation.startController({ flags: { ...alerts.flags, ...apart, 'prometheus-source': `name=default,url=${prometheus.url}`, 'sync-interval': '3s' } })
    for (const [name, story] of Object.entries(stories)) {
      const told = fixture.namespace(name).then(story)
      // Whoever waits for it is told; until then it is nobody's.
      told.catch(() => {})
      running.set(name, told)
    }
  })

  for (const name of Object.keys(stories)) it(`${name} does what its story says`, () => running.get(name))

  it('are taken by the API server and the door as they are, all of them in one namespace, and still when all of them act', async () => {
    const ns = await fixture.namespace('together')
    for (const change of [(name: string) => policyTemplate(name), (name: string) => acting(policyTemplate(name))]) {
      for (const name of Object.keys(stories)) {
        const { code, stderr } = await fixture.cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(inNamespace(ns, change(name))) })
        // What the guide tells too: that nothing is selected yet (KS106), and that several of them replace the same pods (KS501).
        expect(stderr.split('\n').filter((line) => line !== '' && !/^Warning: KS(106|501) /.test(line)), name).to.deep.equal([])
        expect(code, name).to.equal(0)
      }
    }
  })
})
