/** Two controllers with a lease on a real API server: one acts; the other takes over; who comes back late writes nothing. */
import { expect } from 'chai'
import { CONTROLLER_LEASE, OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { LEASES } from '../../shared/kube/resources.ts'
import type { KubeObject } from '../../shared/kube/api.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import type { Program } from '../installation/program.ts'
import { startProxy, type FaultProxy, type ProxiedRequest } from '../installation/proxy.ts'
import { breakPods, deployment, inNamespace, policy, useFixture, withReadiness } from './fixture.ts'

const ELECTED = { 'leader-elect': 'true' }

describe('two controllers with a lease', function () {
  this.timeout(600_000)
  const fixture = useFixture({ controller: false })
  let proxy: FaultProxy

  before(async () => {
    proxy = fixture.own(await startProxy(fixture.cluster))
  })
  afterEach(async () => {
    proxy.setHooks({})
    await fixture.installation.killController('SIGCONT')
    await fixture.installation.stopController()
    await fixture.installation.secondController.stop()
  })

  interface Lease extends KubeObject {
    readonly spec: { readonly holderIdentity?: string; readonly leaseTransitions?: number }
  }
  const lease = (): Promise<Lease> => fixture.api.get<Lease>(LEASES, { namespace: OPERATOR_NAMESPACE, name: CONTROLLER_LEASE })
  const leads = async ({ metricsUrl }: Program): Promise<boolean> => /^kubeskippy_leader 1$/m.test(await (await fetch(metricsUrl)).text())

  /** The first one leads, by way of the proxy; the second one stands in line. */
  const startBoth = async (): Promise<void> => {
    const { controller, secondController } = fixture.installation
    await fixture.installation.startController({ server: proxy.url, flags: ELECTED })
    await eventually(async () => expect(await leads(controller)).to.equal(true), seconds(90))
    await secondController.start({ kubeconfig: fixture.installation.controllerKubeconfig(), ...ELECTED })
    await secondController.ready()
    expect(await leads(secondController)).to.equal(false)
  }
  const secondLeads = (): Promise<unknown> => eventually(async () => expect(await leads(fixture.installation.secondController)).to.equal(true), seconds(120))

  /** Every write that the API server was asked for since, by the first one: it comes through the proxy, and names it. */
  const writesThroughProxy = (requests: readonly ProxiedRequest[]): readonly string[] =>
    requests.filter(({ method, url }) => method !== 'GET' && !url.includes('/leases') && !url.includes('accessreviews')).map(({ method, url }) => `${method} ${url.split('?')[0]}`)

  it('heals by the other one within the duration of the lease after its holder was killed', async () => {
    await startBoth()
    const ns = await fixture.namespace('killed')
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), policy(ns, { app: 'web' }))
    await fixture.decided(ns, 'Healthy')
    const before = await lease()
    await fixture.installation.killController('SIGKILL')
    await breakPods(fixture, ns, 'web')
    const [action] = await fixture.ended(ns, 1, seconds(150))
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(fixture.evictions(ns)).to.have.length(1)
    const after = await lease()
    expect(after.spec.holderIdentity).not.to.equal(before.spec.holderIdentity)
    expect(after.spec.leaseTransitions).to.equal((before.spec.leaseTransitions ?? 0) + 1)
  })

  it('hands the lease over by a graceful stop', async () => {
    await startBoth()
    const before = await lease()
    await fixture.installation.stopController()
    // Not the one that is gone, not even for the rest of its time.
    expect((await lease()).spec.holderIdentity).not.to.equal(before.spec.holderIdentity)
    await secondLeads()
    expect((await lease()).spec.leaseTransitions).to.equal((before.spec.leaseTransitions ?? 0) + 1)
  })

  const isAnyEviction = ({ method, url }: ProxiedRequest): boolean => method === 'POST' && /\/pods\/[^/]+\/eviction/.test(url)
  const isDry = ({ url, body }: ProxiedRequest): boolean => body.includes('"dryRun"') || url.includes('dryRun=All')
  const isCreation = ({ method, url }: ProxiedRequest): boolean => method === 'POST' && /\/healingactions(\?|$)/.test(url)

  /** Stands still while it waits for the answer to `at`, longer than the lease lasts; the answer is there when it wakes. */
  const cases: readonly { readonly ns: string; readonly at: string; readonly on: (request: ProxiedRequest) => boolean }[] = [
    { ns: 'pauseddry', at: 'between the dry run and the eviction', on: (request) => isAnyEviction(request) && isDry(request) },
    { ns: 'pausedcreate', at: 'after its decision was written down', on: isCreation },
    { ns: 'pausedevict', at: 'after its eviction has landed', on: (request) => isAnyEviction(request) && !isDry(request) },
  ]
  for (const { ns: name, at, on } of cases) {
    it(`writes nothing when it wakes after it stood still ${at}, while the other one went on`, async () => {
      await startBoth()
      const ns = await fixture.namespace(name)
      await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), policy(ns, { app: 'web' }))
      await fixture.decided(ns, 'Healthy')
      const seen: ProxiedRequest[] = []
      let awake = false
      proxy.setHooks({
        onRequest: (request) => {
          if (awake) seen.push(request)
          return 'forward'
        },
        onResponse: (request) => (!awake && on(request) ? 'hold' : 'forward'),
      })
      await breakPods(fixture, ns, 'web')
      await eventually(() => expect(proxy.held).to.have.length.greaterThan(0), seconds(120))
      await fixture.installation.killController('SIGSTOP')
      await secondLeads()
      const actions = await fixture.ended(ns, 1, seconds(150))
      awake = true
      // Its answer is there when it wakes, before any of its timers can say that time has passed.
      proxy.release()
      await fixture.installation.killController('SIGCONT')
      await eventually(() => expect(seen.length, 'it is awake and asks').to.be.greaterThan(0), seconds(60))
      await new Promise((resolve) => void setTimeout(resolve, seconds(8)))
      expect(writesThroughProxy(seen)).to.deep.equal([])
      expect(await leads(fixture.installation.controller)).to.equal(false)
      expect(actions.map(({ status }) => [status?.phase, status?.outcome])).to.deep.equal([['Succeeded', 'Effective']])
      expect(fixture.evictions(ns)).to.have.length(1)
      expect(await fixture.actions(ns)).to.have.length(1)
    })
  }

  it('writes nothing when it wakes after it stood still before an eviction that it meant to try again, while the other one did it', async () => {
    await startBoth()
    const ns = await fixture.namespace('pausedretry')
    const forbids = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'all-of-them', namespace: ns }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } } }
    await fixture.apply(inNamespace(ns, withReadiness(deployment('web', 'inThisPod'), 'test ! -e /data/broken')), forbids, policy(ns, { app: 'web' }))
    await fixture.decided(ns, 'Healthy')
    await breakPods(fixture, ns, 'web')
    await eventually(async () => {
      const [action] = await fixture.actions(ns)
      expect(action?.status).to.include({ phase: 'InProgress' }).and.to.have.nested.property('result.reason', 'DisruptionBudget')
    }, seconds(120))
    await fixture.installation.killController('SIGSTOP')
    const seen: ProxiedRequest[] = []
    await secondLeads()
    await fixture.kubectl(['delete', 'poddisruptionbudget', 'all-of-them', '-n', ns])
    const actions = await fixture.ended(ns, 1, seconds(180))
    expect(actions.map(({ status }) => [status?.phase, status?.outcome])).to.deep.equal([['Succeeded', 'Effective']])
    proxy.setHooks({
      onRequest: (request) => {
        seen.push(request)
        return 'forward'
      },
    })
    const written = fixture.writes(ns)
    // The time of its next try has long come: every timer of it runs at once.
    await fixture.installation.killController('SIGCONT')
    await eventually(() => expect(seen.length, 'it is awake and asks').to.be.greaterThan(0), seconds(60))
    await new Promise((resolve) => void setTimeout(resolve, seconds(8)))
    expect(writesThroughProxy(seen)).to.deep.equal([])
    expect(fixture.evictions(ns)).to.have.length(1)
    const since = fixture.writes(ns).slice(written.length)
    expect(since.filter(({ group }) => group !== 'kubeskippy.io' && group !== 'events.k8s.io')).to.deep.equal([])
    expect(await leads(fixture.installation.controller)).to.equal(false)
  })
})
