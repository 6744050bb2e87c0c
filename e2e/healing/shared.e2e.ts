/** What policies share, on a real API server: a controller that is killed lets no more through than one that lives. */
import { expect } from 'chai'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { tellPod } from '../cluster/tell.ts'
import { startProxy, type FaultProxy, type ProxiedRequest } from '../installation/proxy.ts'
import { deployment, Fixture, inNamespace, policy } from './fixture.ts'

const ONE_AN_HOUR = { 'namespace-actions-per-hour': '1' }

describe('what policies share, when the controller is killed', function () {
  this.timeout(600_000)
  let fixture: Fixture
  let proxy: FaultProxy

  before(async function () {
    this.timeout(900_000)
    fixture = await Fixture.start({ controller: false })
    proxy = await startProxy(fixture.cluster)
  })
  after(async () => {
    await proxy?.stop()
    await fixture?.stop()
  })
  afterEach(async () => {
    proxy.setHooks({})
    await fixture.installation.stopController()
  })

  const isCreation = ({ method, url }: ProxiedRequest): boolean => method === 'POST' && /\/healingactions(\?|$)/.test(url)
  const isEviction = ({ method, url, body }: ProxiedRequest): boolean => method === 'POST' && /\/pods\/[^/]+\/eviction/.test(url) && !url.includes('dryRun=All') && !body.includes('"dryRun"')
  const isRecord = ({ method, url, body }: ProxiedRequest): boolean => method === 'PATCH' && /\/healingactions\/[^/]+\/status/.test(url) && body.includes('"Verifying"')
  /** In this namespace: policies of other tests go on. */
  const holdIf = (ns: string, chosen: (request: ProxiedRequest) => boolean) => (request: ProxiedRequest) => (request.url.includes(`/namespaces/${ns}/`) && chosen(request) ? 'hold' : 'forward')

  /** Waits until the proxy holds a request, and kills the controller with -9. */
  const dieThere = async (): Promise<void> => {
    await eventually(() => expect(proxy.held).to.have.length.greaterThan(0), seconds(120))
    await fixture.installation.killController('SIGKILL')
    proxy.setHooks({})
  }
  const budgetOf = async (ns: string) => (await fixture.ledgers()).find(({ spec }) => spec.budget?.namespace === ns)?.spec.budget
  const reasons = async (ns: string): Promise<readonly (string | undefined)[]> =>
    Promise.all(['web', 'bank'].map(async (name) => (await fixture.policy(ns, name)).status?.lastDecision?.reason))

  /** Two Deployments with a policy each, both healthy. */
  const settle = async (name: string): Promise<string> => {
    const ns = await fixture.namespace(name)
    for (const app of ['web', 'bank']) await fixture.apply(inNamespace(ns, deployment(app, 'inThisPod')), policy(ns, { app, name: app }))
    return ns
  }

  const breakApp = async (ns: string, app: string): Promise<void> => {
    await fixture.kubectl(['rollout', 'status', '-n', ns, `deployment/${app}`, '--timeout=120s'])
    await tellPod(fixture.cluster, ns, `deployment/${app}`, 'broken')
  }

  for (const [name, at, chosen] of [
    ['budgetcreate', 'after its reservations, before the decision is written down', isCreation],
    ['budgetevict', 'after the decision, before the eviction is sent', isEviction],
  ] as const) {
    it(`lets one act of two policies through where the namespace allows one, killed ${at}`, async () => {
      const ns = await settle(name)
      await fixture.installation.startController({ server: proxy.url, flags: ONE_AN_HOUR })
      proxy.setHooks({ onRequest: holdIf(ns, chosen) })
      for (const app of ['web', 'bank']) await breakApp(ns, app)
      await dieThere()
      expect(fixture.evictions(ns)).to.have.length(0)
      expect((await budgetOf(ns))?.acts).to.have.length(1)

      await fixture.installation.startController({ flags: ONE_AN_HOUR })
      await eventually(async () => expect(await reasons(ns)).to.have.members(['BudgetExhausted', 'Healthy']), seconds(180))
      expect((await fixture.ended(ns)).map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
      expect(fixture.evictions(ns)).to.have.length(1)
      await eventually(async () => {
        const budget = await budgetOf(ns)
        expect(budget?.acts).to.have.length(1)
        expect(budget).not.to.have.property('claims')
      }, seconds(60))
    })
  }

  it('gives the slot back of an act that was reserved and never made, and not before it is sure', async () => {
    const ns = await settle('budgetfreed')
    await fixture.installation.startController({ server: proxy.url, flags: ONE_AN_HOUR })
    proxy.setHooks({ onRequest: holdIf(ns, isCreation) })
    await breakApp(ns, 'web')
    await dieThere()
    const [reserved] = (await fixture.ledgers()).find(({ spec }) => spec.policy?.namespace === ns && spec.policy.name === 'web')?.spec.entries ?? []
    // Somebody mends it while nobody is there to act.
    await fixture.kubectl(['delete', 'pod', '-n', ns, '-l', 'app=web', '--wait=true'])
    await fixture.kubectl(['rollout', 'status', '-n', ns, 'deployment/web', '--timeout=120s'])
    await fixture.installation.startController({ flags: ONE_AN_HOUR })
    await breakApp(ns, 'bank')
    const actions = await fixture.ended(ns, 1, seconds(240))
    // A minute after it was reserved, or later where all of this took longer. Times of creation are whole seconds, and two processes tell the time to a second.
    expect(Date.parse(actions[0]?.metadata.creationTimestamp ?? '') + 3000).to.be.at.least(Date.parse(reserved?.reservedAt ?? '') + 60_000)
    expect(actions.map(({ spec, status }) => [spec.policyRef.name, status?.outcome])).to.deep.equal([['bank', 'Effective']])
    expect(fixture.evictions(ns)).to.have.length(1)
    expect((await budgetOf(ns))?.acts?.map(({ policy: { name } }) => name)).to.deep.equal(['bank'])
  })

  it('keeps the claim of an act over kill -9: another policy waits until it has ended, and then acts', async () => {
    const ns = await fixture.namespace('claim')
    const after = (duration: string) => [{ name: 'crash', type: 'condition', cooldownPeriod: '0s', conditionTrigger: { type: 'CrashLoopBackOff', duration } }]
    const of = (name: string, duration: string): object => {
      const { spec, ...rest } = policy(ns, { app: 'web', name }) as { spec: object }
      return { ...rest, spec: { ...spec, triggers: after(duration), safetyRules: { healthCheckTimeout: '3m' } } }
    }
    await fixture.installation.startController({ server: proxy.url })
    await fixture.apply(inNamespace(ns, deployment('web', 'always')), of('slow', '20s'))
    proxy.setHooks({ onRequest: holdIf(ns, isRecord) })
    await dieThere()
    expect(fixture.evictions(ns)).to.have.length(1)
    expect((await budgetOf(ns))?.claims?.map(({ policy: { name }, subject }) => [name, subject.kind, subject.name])).to.deep.equal([['slow', 'Deployment', 'web']])

    await fixture.apply(of('quick', '1s'))
    await fixture.installation.startController()
    const { status } = await eventually(async () => {
      const quick = await fixture.policy(ns, 'quick')
      expect(quick.status?.lastDecision?.reason).to.equal('ClaimedElsewhere')
      return quick
    }, seconds(120))
    const [slow] = await fixture.actions(ns)
    expect(status?.lastDecision?.message).to.contain(`${slow?.metadata.name} of policy ${ns}/slow acts on Deployment/web`)
    expect(status?.lastDecision).to.have.property('retryAt')
    expect(fixture.evictions(ns)).to.have.length(1)

    const quick = await eventually(async () => {
      const found = (await fixture.actions(ns)).find(({ spec }) => spec.policyRef.name === 'quick')
      expect(found?.status).to.have.property('startTime')
      return found
    }, seconds(180))
    const ended = (await fixture.actions(ns)).find(({ metadata }) => metadata.name === slow?.metadata.name)
    expect(ended?.status).to.include({ phase: 'Failed', outcome: 'Ineffective' })
    expect(Date.parse(quick?.status?.startTime ?? '')).to.be.at.least(Date.parse(ended?.status?.completionTime ?? ''))
  })
})
