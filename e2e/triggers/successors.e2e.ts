/** Pods of a StatefulSet, which come back under their names: what is told of a name, and of whom it is true. */
import { expect } from 'chai'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { BUSYBOX_IMAGE } from '../cluster/spec.ts'
import { useFixture } from '../healing/fixture.ts'
import { SCRAPE, SCRAPE_PORT } from '../monitoring/discovery.ts'
import { startPrometheus, type Prometheus } from '../monitoring/prometheus.ts'

/** Tells the age of a lock, which lies in the pod's own file system. */
const locking = (namespace: string): object => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'db', namespace },
  spec: {
    serviceName: 'db',
    replicas: 1,
    selector: { matchLabels: { app: 'db' } },
    template: {
      metadata: { labels: { app: 'db' }, annotations: { [SCRAPE]: 'true', [SCRAPE_PORT]: '8080' } },
      spec: {
        // With 0 the API server forgets a pod before it is gone, and two of one name speak at the same time.
        terminationGracePeriodSeconds: 1,
        containers: [{ name: 'app', image: BUSYBOX_IMAGE, imagePullPolicy: 'Never', command: ['sh', '-c', 'mkdir /www; echo "lock_age_seconds 1" > /www/metrics; exec httpd -f -p 8080 -h /www'] }],
      },
    },
  },
})

/** What is told of the name goes on for `over` after the pod that it was about. */
const policy = (namespace: string, { over, duration }: { readonly over: string; readonly duration: string }): object => ({
  apiVersion: 'kubeskippy.io/v1alpha1',
  kind: 'HealingPolicy',
  metadata: { name: 'heal', namespace },
  spec: {
    mode: 'automatic',
    selector: { labelSelector: { matchLabels: { app: 'db' } } },
    triggers: [{ name: 'locked', type: 'metric', cooldownPeriod: '0s', metricTrigger: { query: `max by (namespace, pod) (max_over_time(lock_age_seconds[${over}]))`, threshold: 90, duration } }],
    actions: [{ name: 'restart', type: 'restart', restartAction: {} }],
    safetyRules: { stabilizationWindow: '20s', healthCheckTimeout: '5m' },
  },
})

describe('pods that come back under their names', function () {
  this.timeout(900_000)
  const fixture = useFixture({ controller: false })
  let prometheus: Prometheus

  before(async () => {
    prometheus = fixture.own(await startPrometheus(fixture.cluster, { scrapeInterval: '1s' }))
    await fixture.installation.startController({ flags: { 'sync-interval': '1s', 'prometheus-source': `name=main,url=${prometheus.url}` } })
  })

  const until = (ns: string, state: string): Promise<void> =>
    eventually(async () => {
      const found = (await fixture.policy(ns)).status?.triggers?.[0]
      expect(found, JSON.stringify(found)).to.include({ state })
    }, seconds(240))
  const uid = async (ns: string): Promise<string> => {
    await fixture.kubectl(['rollout', 'status', '-n', ns, 'statefulset/db', '--timeout=150s'])
    // The StatefulSet learns some moments later that its pod has gone.
    return eventually(async () => {
      const [pod] = await fixture.pods(ns)
      if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) throw new Error('no pod')
      return pod.metadata.uid
    }, seconds(60))
  }
  const lock = (ns: string): Promise<string> => fixture.kubectl(['exec', '-n', ns, 'db-0', '--', 'sh', '-c', 'echo "lock_age_seconds 950" > /www/metrics'])

  it('a healthy pod is not evicted for what the one before it did', async () => {
    const ns = await fixture.namespace('blamed')
    await fixture.apply(locking(ns), policy(ns, { over: '45s', duration: '20s' }))
    const first = await uid(ns)
    await until(ns, 'Quiet')
    await lock(ns)
    await until(ns, 'Pending')
    await fixture.kubectl(['delete', 'pod', 'db-0', '-n', ns])
    const second = await uid(ns)
    expect(second).not.to.equal(first)
    expect(await fixture.actions(ns), 'before it was deleted').to.deep.equal([])
    await until(ns, 'Pending')
    await until(ns, 'Quiet')
    expect(await uid(ns)).to.equal(second)
    expect(fixture.evictions(ns)).to.deep.equal([])
    expect(await fixture.actions(ns)).to.deep.equal([])
  })

  it('an eviction that helped is Effective, although the name is told the old value for a while', async () => {
    const ns = await fixture.namespace('helped')
    await fixture.apply(locking(ns), policy(ns, { over: '30s', duration: '4s' }))
    const first = await uid(ns)
    // A value that looks back over half a minute fires once all of it is the pod's own.
    await until(ns, 'Quiet')
    await lock(ns)
    const [action] = await fixture.ended(ns, 1, seconds(420))
    expect(action?.spec.targetResource.uid).to.equal(first)
    expect(action?.status, JSON.stringify(action?.status?.result)).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(await uid(ns)).not.to.equal(first)
    expect(fixture.evictions(ns)).to.have.length(1)
  })
})
