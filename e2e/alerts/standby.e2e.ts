/** Two controllers behind one address, and a real Alertmanager: what the one that waits for the lease is told is not lost. */
import { expect } from 'chai'
import { hours, seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { deployment, inNamespace, useFixture } from '../healing/fixture.ts'
import type { Program } from '../installation/program.ts'
import { startAlertmanager, type Alertmanager } from '../monitoring/alertmanager.ts'
import { sparePort } from '../monitoring/ports.ts'
import { startBalancer, type Balancer } from './balancer.ts'
import { alertEndpoint, firing, TOKEN, type AlertEndpoint } from './endpoint.ts'

const ELECTED = { 'leader-elect': 'true' }

describe('alerts and two controllers', function () {
  this.timeout(900_000)
  const fixture = useFixture({ controller: false, node: false })
  let endpoints: readonly [AlertEndpoint, AlertEndpoint]
  let balancer: Balancer
  let alertmanager: Alertmanager
  let pod: string

  const policy = {
    apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingPolicy', metadata: { name: 'heal', namespace: 'shop' },
    spec: {
      mode: 'monitor',
      selector: { labelSelector: { matchLabels: { app: 'cart' } } },
      triggers: [{ name: 'stuck', type: 'alert', alertTrigger: { alertname: 'QueueStuck' } }],
      actions: [{ name: 'restart', type: 'restart', restartAction: {} }],
    },
  }
  const leads = async ({ metricsUrl }: Program): Promise<boolean> => /^kubeskippy_leader 1$/m.test(await (await fetch(metricsUrl)).text())
  const labels = (): Record<string, string> => ({ alertname: 'QueueStuck', namespace: 'shop', pod })
  const seen = (state: string): Promise<unknown> => eventually(async () => expect((await fixture.policy('shop')).status?.triggers?.[0]?.state).to.equal(state), seconds(180))

  before(async () => {
    const { cluster, installation } = fixture
    const first = await sparePort(cluster)
    await fixture.namespace('shop')
    await fixture.apply(inNamespace('shop', deployment('cart', 'always')), policy)
    pod = await eventually(async () => {
      const [found] = await fixture.pods('shop')
      if (found === undefined) throw new Error('no pod')
      return found.metadata.name
    }, seconds(120))
    const leader = await alertEndpoint(cluster, first)
    await installation.startController({ flags: { ...ELECTED, ...leader.flags } })
    await eventually(async () => expect(await leads(installation.controller)).to.equal(true), seconds(120))
    const standby = await alertEndpoint(cluster, await sparePort(cluster))
    await installation.secondController.start({ ...ELECTED, ...standby.flags })
    await installation.secondController.ready()
    endpoints = [leader, standby]
    balancer = fixture.own(await startBalancer([standby.port, leader.port]))
    alertmanager = fixture.own(await startAlertmanager(cluster, { webhooks: [{ url: `https://127.0.0.1:${balancer.port}/alerts`, bearerToken: TOKEN, caPem: cluster.ca.certPem }] }))
  })

  it('the one that waits refuses what it is told, in words, and nobody acts on it', async () => {
    const [leader, standby] = endpoints
    const { code, body } = await standby.tell(firing({ ...labels(), alertname: 'QueueStuck' }))
    expect([code, body]).to.deep.equal([503, 'this controller does not lead: try another one\n'])
    expect((await leader.tell()).code).to.equal(200)
    await seen('Quiet')
  })

  it('Alertmanager comes again, by another connection, until it finds the one that leads', async () => {
    // Without an end of its own it would end after five minutes, whatever the next test waits for.
    await alertmanager.post([{ labels: labels(), endsAt: new Date(Date.now() + hours(1)).toISOString() }])
    await seen('Firing')
    expect(balancer.chosen[0]).to.equal(endpoints[1].port)
    expect(balancer.chosen).to.include(endpoints[0].port)
  })

  it('what fired goes on by the next leader, which hears of its end, and of what is new', async () => {
    const { controller, secondController } = fixture.installation
    await controller.kill('SIGKILL')
    await eventually(async () => expect(await leads(secondController)).to.equal(true), seconds(120))
    // Long enough for a decision of its own.
    await new Promise((resolve) => setTimeout(resolve, seconds(5)))
    await seen('Firing')
    await alertmanager.post([{ labels: labels(), endsAt: new Date(Date.now() - 1000).toISOString() }])
    await seen('Quiet')
    await alertmanager.post([{ labels: { ...labels(), again: 'yes' } }])
    await seen('Firing')
  })
})
