/** Promises that outlive processes and objects: limits, cooldowns, and exactly one write whenever the controller dies. */
import { expect } from 'chai'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { startProxy, type FaultProxy, type ProxiedRequest, type ProxyHooks } from '../installation/proxy.ts'
import { breakPods, deployment, inNamespace, policy, useFixture } from './fixture.ts'

describe('promises that outlive the process', function () {
  this.timeout(600_000)
  const fixture = useFixture()

  const restartController = async (): Promise<void> => {
    await fixture.installation.killController('SIGKILL')
    await fixture.installation.startController()
  }

  it('keeps the hourly limit over kill -9 and over delete and recreate of the policy', async () => {
    const ns = await fixture.namespace('limit')
    const limited = policy(ns, { app: 'web', safetyRules: { maxActionsPerHour: 1 } })
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), limited)
    await breakPods(fixture, ns, 'web')
    await fixture.ended(ns)
    await fixture.decided(ns, 'Healthy')
    await eventually(async () => expect((await fixture.policy(ns)).status?.incidents).to.deep.equal([]), seconds(60))

    await restartController()
    await breakPods(fixture, ns, 'web')
    const { status } = await fixture.decided(ns, 'RateLimited')
    expect(status?.budget).to.include({ used: 1, limit: 1 }).and.to.have.property('nextFreeSlot')
    // kubectl shows a date as an age, and one in the future as <invalid>.
    expect(await fixture.kubectl(['get', 'healingpolicy', '-n', ns, '-o', 'wide'])).to.include(status?.budget?.nextFreeSlot ?? 'a slot').and.not.include('<invalid>')

    await fixture.kubectl(['delete', 'healingpolicy', 'heal', '-n', ns])
    await fixture.apply(limited)
    await fixture.decided(ns, 'RateLimited')
    expect(fixture.evictions(ns)).to.have.length(1)
  })

  it('keeps the cooldown over kill -9 and over delete and recreate of the policy', async () => {
    const ns = await fixture.namespace('cooldown')
    const cooling = policy(ns, { app: 'web', cooldown: '10m' })
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), cooling)
    await breakPods(fixture, ns, 'web')
    await fixture.ended(ns)
    await eventually(async () => expect((await fixture.policy(ns)).status?.incidents).to.deep.equal([]), seconds(60))

    await restartController()
    await breakPods(fixture, ns, 'web')
    await fixture.decided(ns, 'CooldownActive')

    await fixture.kubectl(['delete', 'healingpolicy', 'heal', '-n', ns])
    await fixture.apply(cooling)
    const { status } = await fixture.decided(ns, 'CooldownActive')
    expect(status?.lastDecision).to.have.property('retryAt')
    expect(fixture.evictions(ns)).to.have.length(1)
  })

  it('writes once although two controllers run at the same time', async () => {
    const ns = await fixture.namespace('twoleaders')
    const { secondController } = fixture.installation
    await secondController.start()
    try {
      await secondController.ready()
      await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), policy(ns, { app: 'web' }))
      await breakPods(fixture, ns, 'web')
      // Without a leader both may decide; what a look finds outdated is cancelled, and says so.
      await eventually(async () => {
        const seen = (await fixture.actions(ns)).map(({ status }) => status?.outcome ?? status?.phase)
        expect(seen.filter((outcome) => outcome !== 'Cancelled'), JSON.stringify(seen)).to.deep.equal(['Effective'])
      }, seconds(120))
      expect(fixture.evictions(ns)).to.have.length(1)
      await eventually(async () => expect((await ledgerOf(ns))?.spec.outcomes?.effective).to.equal(1), seconds(60))
    } finally {
      await secondController.stop()
    }
  })

  const ledgerOf = async (ns: string) => (await fixture.ledgers()).find(({ spec }) => spec.policy?.namespace === ns)

  it('stops acting on a policy whose ledger is unreadable, rather than taking it for empty', async () => {
    const ns = await fixture.namespace('corrupt')
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), policy(ns, { app: 'web' }))
    await breakPods(fixture, ns, 'web')
    await fixture.ended(ns)
    await fixture.installation.stopController()
    const ledger = await ledgerOf(ns)
    await fixture.kubectl(['patch', 'healingledger', ledger?.metadata.name ?? '', '-n', 'kubeskippy-system', '--type=merge', '-p', '{"spec":{"policy":{"name":"another"}}}', '--as=system:serviceaccount:kubeskippy-system:kubeskippy-controller-manager', '--as-group=system:masters'])
    await fixture.installation.startController()
    await breakPods(fixture, ns, 'web')
    await eventually(async () => {
      const ready = (await fixture.policy(ns)).status?.conditions?.find((c) => c.type === 'Ready')
      expect(ready).to.include({ status: 'False', reason: 'LedgerUnreadable' })
    }, seconds(60))
    expect(fixture.evictions(ns)).to.have.length(1)
  })

  describe('killed at a write', () => {
    let proxy: FaultProxy
    before(async () => {
      proxy = await startProxy(fixture.cluster)
    })
    after(async () => {
      await proxy.stop()
    })

    const isEviction = ({ method, url, body }: ProxiedRequest): boolean =>
      method === 'POST' && /\/pods\/[^/]+\/eviction/.test(url) && !url.includes('dryRun=All') && !body.includes('"dryRun"')
    const isActionStatus = ({ method, url }: ProxiedRequest): boolean => method === 'PATCH' && /\/healingactions\/[^/]+\/status/.test(url)

    /** Waits until the proxy holds a request, kills the controller with -9, and starts it again without the proxy. */
    const dieThere = async (): Promise<void> => {
      await eventually(() => expect(proxy.held).to.have.length.greaterThan(0), seconds(120))
      await fixture.installation.killController('SIGKILL')
      proxy.setHooks({})
      await fixture.installation.startController()
    }

    /** In this namespace: policies of other tests go on. */
    const holdIf = (ns: string, chosen: (request: ProxiedRequest) => boolean) => (request: ProxiedRequest) => (request.url.includes(`/namespaces/${ns}/`) && chosen(request) ? 'hold' : 'forward')
    const isCreation = ({ method, url }: ProxiedRequest): boolean => method === 'POST' && /\/healingactions(\?|$)/.test(url)
    const isRecord = (request: ProxiedRequest): boolean => isActionStatus(request) && request.body.includes('"Verifying"')
    const cases: readonly { readonly ns: string; readonly at: string; readonly hooks: ProxyHooks }[] = [
      { ns: 'reserved', at: 'after the reservation, before the decision is written down', hooks: { onRequest: holdIf('reserved', isCreation) } },
      { ns: 'created', at: 'after the decision was written down, before its answer', hooks: { onResponse: holdIf('created', isCreation) } },
      { ns: 'beforeact', at: 'between the decision and the act: before the eviction is sent', hooks: { onRequest: holdIf('beforeact', isEviction) } },
      { ns: 'afteract', at: 'between the act and its record: after the eviction has landed, before its answer', hooks: { onResponse: holdIf('afteract', isEviction) } },
      { ns: 'recorded', at: 'before the record of the act is sent', hooks: { onRequest: holdIf('recorded', isRecord) } },
    ]
    for (const { ns: name, at, hooks } of cases) {
      it(`has exactly one effective write when it dies ${at}`, async () => {
        const ns = await fixture.namespace(name)
        await fixture.installation.stopController()
        proxy.setHooks({})
        await fixture.installation.startController({ server: proxy.url })
        await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), policy(ns, { app: 'web' }))
        proxy.setHooks(hooks)
        await breakPods(fixture, ns, 'web')
        await dieThere()
        const actions = await fixture.ended(ns, 1, seconds(120))
        expect(actions).to.have.length(1)
        expect(actions[0]?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
        expect(fixture.evictions(ns)).to.have.length(1)
        // The ledger follows the action.
        await eventually(async () => expect((await ledgerOf(ns))?.spec.entries?.map((e) => [e.state, e.outcome])).to.deep.equal([['Settled', 'Effective']]), seconds(60))
      })
    }
  })
})
