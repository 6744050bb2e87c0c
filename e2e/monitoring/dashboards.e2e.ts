/** What the dashboards show, of controller and webhook at work: no panel is empty. */
import { expect } from 'chai'
import { DASHBOARDS, panelsOf, sent } from '../../hack/monitoring/dashboards.ts'
import { ALERTS } from '../../hack/monitoring/alerts.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { breakPods, deployment, inNamespace, policy, useFixture } from '../healing/fixture.ts'
import { startPrometheus, type Prometheus } from './prometheus.ts'

describe('the dashboards, over a real run', function () {
  this.timeout(180_000)
  const fixture = useFixture()
  let prometheus: Prometheus

  before('a run: what is healed, what is refused, and a policy that the door refuses', async function () {
    this.timeout(900_000)
    const { cluster, installation } = fixture
    // As scrapes of pods label them: what a program tells by one of these names would come out as exported_.
    const target = (job: string, url: string) => ({ job, address: new URL(url).host, labels: { namespace: 'kubeskippy-system', pod: `${job}-0`, container: job, service: 'kubeskippy-metrics', endpoint: 'metrics' } })
    prometheus = fixture.own(await startPrometheus(cluster, { scrapeInterval: '1s', targets: [target('controller', installation.controller.metricsUrl), target('webhook', installation.webhook.metricsUrl)] }))
    await eventually(async () => expect(await prometheus.query('kubeskippy_ready == 1')).to.have.length(2), seconds(60))
    const [healed, refused] = [await fixture.namespace('healed'), await fixture.namespace('refused')]
    const protectedResources = [{ apiVersion: 'v1', kind: 'Pod', labelSelector: { matchLabels: { critical: 'true' } } }]
    await fixture.apply(inNamespace(refused, deployment('web', 'always', { labels: { critical: 'true' } })), policy(refused, { app: 'web', safetyRules: { protectedResources } }))
    await fixture.decided(refused, 'Protected', seconds(120))
    await fixture.apply(inNamespace(healed, deployment('web', 'inThisPod')), policy(healed, { app: 'web', objectives: { timeToHeal: '5m' }, safetyRules: { healthCheckTimeout: '2m' } }))
    await breakPods(fixture, healed, 'web')
    expect((await fixture.ended(healed, 1, seconds(180)))[0]?.status?.outcome).to.equal('Effective')
    await eventually(async () => expect(await prometheus.query('kubeskippy_fault_to_verified_seconds_count > 0')).to.have.length(1), seconds(60))
  })

  /** A scrape that comes too late leaves a moment without figures. */
  const shown = (assertion: () => Promise<unknown>): Promise<unknown> => eventually(assertion, seconds(60))

  for (const dashboard of DASHBOARDS) {
    for (const { title, queries } of panelsOf(dashboard)) {
      it(`${dashboard.title}: ${title} shows something`, async () => {
        for (const { expr } of queries) {
          await shown(async () => {
            const found = await prometheus.query(sent(expr, '5m'))
            expect(found, expr).to.not.deep.equal([])
            expect(found.some(({ value }) => !Number.isNaN(value)), `${expr}: ${JSON.stringify(found)}`).to.equal(true)
          })
        }
      })
    }

    for (const { name, of, label } of dashboard.variables) {
      it(`${dashboard.title}: $${name} has values`, async () => {
        await shown(async () => {
          const values = new Set((await prometheus.query(sent(of, '5m'))).map(({ metric }) => metric[label]))
          expect([...values], of).to.include(name === 'namespace' ? 'healed' : 'heal')
        })
      })
    }
  }

  it('readiness and liveness name each check', async () => {
    const { controller, webhook } = fixture.installation
    const asked = async (url: string): Promise<string> => (await fetch(url)).text()
    await shown(async () => expect(await asked(`${controller.readyUrl}?verbose`)).to.contain('[+]working ok').and.contain('[+]watch pods ok').and.not.contain('[-]'))
    await shown(async () => expect(await asked(`${controller.readyUrl.replace('readyz', 'livez')}?verbose`)).to.contain('[+]watch healingpolicies ok'))
    for (const name of ['validating configuration', 'mutating configuration', 'policies', 'admission server', 'shutdown']) await shown(async () => expect(await asked(`${webhook.readyUrl}?verbose`)).to.contain(`[+]${name} ok`))
  })

  it('no label of ours is that of a scrape', async () => {
    const all = await eventually(async () => {
      const found = await prometheus.query('{__name__=~"kubeskippy_.+"}')
      expect(found.length).to.be.greaterThan(100)
      return found
    }, seconds(60))
    expect(all.flatMap(({ metric }) => Object.keys(metric)).filter((label) => label.startsWith('exported_'))).to.deep.equal([])
  })

  it('and no alert is true of it', async () => {
    for (const { name, expr } of ALERTS) await shown(async () => expect(await prometheus.query(expr), name).to.deep.equal([]))
  })

  it('what an act did is told: by its type, its trigger and its outcome, and what is left of the hour', async () => {
    await shown(async () => expect((await prometheus.query('kubeskippy_healing_actions_total{action="restart",trigger_type="condition",outcome="Effective"}')).map(({ value }) => value)).to.deep.equal([1]))
    await shown(async () => {
      const [healed, refused] = await Promise.all(['healed', 'refused'].map(async (namespace) => (await prometheus.query(`kubeskippy_budget_remaining{policy_namespace="${namespace}"}`))[0]?.value))
      expect(healed).to.equal(Number(refused) - 1)
    })
  })
})
