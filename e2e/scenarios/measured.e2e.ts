/**
 * Nights that only figures show: the pods are Running and Ready all along. A real Prometheus tells. Each asserts by the
 * audit log what was written, and what was not.
 */
import { expect } from 'chai'
import { HEALER_ACCOUNT, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { tellPod } from '../cluster/tell.ts'
import { useFixture } from '../healing/fixture.ts'
import { SCRAPE, SCRAPE_PORT } from '../monitoring/discovery.ts'
import { startPrometheus, type Prometheus } from '../monitoring/prometheus.ts'
import { acts, measured } from './figures.ts'
import { rolledOut, workload } from './workloads.ts'

const MINUTES = 60

/** Serves a figure that is as old as the pod, and can be told another. */
const served = (metric: string, healthy: number): string => `mkdir /data/www; echo "${metric} ${healthy}" > /data/www/metrics; exec httpd -f -p 8080 -h /data/www`
const SCRAPED = { [SCRAPE]: 'true', [SCRAPE_PORT]: '8080' }

describe('nights seen in figures alone', function () {
  this.timeout(12 * MINUTES * 1000)
  const fixture = useFixture({ controller: false })
  let prometheus: Prometheus

  before(async () => {
    prometheus = fixture.own(await startPrometheus(fixture.cluster, { scrapeInterval: '1s' }))
    await fixture.installation.startController({ flags: { 'prometheus-source': `name=default,url=${prometheus.url}`, 'sync-interval': '1s' } })
  })

  it('a slow degradation that only Prometheus sees: the one slow pod of two is replaced, while both are Ready', async () => {
    const ns = await fixture.namespace('slow')
    const slow = { query: 'max by (namespace, pod) (checkout_seconds)', threshold: 1, duration: '3s' }
    await fixture.apply(workload(ns, 'shop', { script: served('checkout_seconds', 0.1), replicas: 2, annotations: SCRAPED }), measured(ns, 'shop', slow))
    const [creeping = '', fine = ''] = await rolledOut(fixture, ns, 'shop')
    await eventually(async () => expect((await fixture.policy(ns)).status?.triggers?.[0]).to.include({ state: 'Quiet' }), seconds(150))
    // At the limit is not beyond it.
    for (const value of ['0.4', '0.8', '1']) await tellPod(fixture.cluster, ns, creeping, 'www/metrics', `checkout_seconds ${value}`)
    await eventually(async () => expect((await prometheus.query(`checkout_seconds{pod="${creeping}"}`))[0]?.value).to.equal(1), seconds(120))
    await new Promise((resolve) => setTimeout(resolve, 6000))
    expect(await fixture.actions(ns), 'at the limit').to.deep.equal([])
    await tellPod(fixture.cluster, ns, creeping, 'www/metrics', 'checkout_seconds 2.5')
    const [action] = await fixture.ended(ns, 1, seconds(240))
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(action?.spec.trigger.evidence).to.include('2.5')
    expect(acts(fixture, ns).map(({ resource, name, impersonated }) => ({ resource, name, impersonated }))).to.deep.equal([{ resource: 'pods/eviction', name: creeping, impersonated: serviceAccountUser(ns, HEALER_ACCOUNT) }])
    expect(await rolledOut(fixture, ns, 'shop')).to.have.length(2).and.to.include(fine).and.not.to.include(creeping)
  })

  it('an error rate that asks for more replicas: one write to the scale, and none when it is calm again', async () => {
    const ns = await fixture.namespace('errors')
    // The first pod fails requests, what comes beside it does not: half of the requests are well with two.
    const query = 'label_replace(avg by (namespace, app) (failed_percent), "deployment", "$1", "app", "(.+)")'
    const more = {
      selector: { labelSelector: { matchLabels: { app: 'api' } }, resources: [{ apiVersion: 'apps/v1', kind: 'Deployment' }] },
      actions: [{ name: 'more', type: 'scale', scaleAction: { direction: 'up', replicas: 1, maxReplicas: 3 } }],
    }
    await fixture.apply(workload(ns, 'api', { script: served('failed_percent', 0), annotations: SCRAPED }), measured(ns, 'api', { query, threshold: 5, duration: '3s' }, more))
    const [pod = ''] = await rolledOut(fixture, ns, 'api')
    await tellPod(fixture.cluster, ns, pod, 'www/metrics', 'failed_percent 8')
    const [action] = await fixture.ended(ns, 1, seconds(240))
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(action?.spec.targetResource).to.include({ kind: 'Deployment', name: 'api' })
    expect(acts(fixture, ns).map(({ verb, resource, name }) => ({ verb, resource, name }))).to.deep.equal([{ verb: 'patch', resource: 'deployments/scale', name: 'api' }])
    expect(await rolledOut(fixture, ns, 'api')).to.have.length(2)
    await fixture.decided(ns, 'Healthy', seconds(120))
    expect(acts(fixture, ns)).to.have.length(1)
  })
})
