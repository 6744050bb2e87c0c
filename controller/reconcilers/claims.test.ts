import { expect } from 'chai'
import type { HealingAction, HealingPolicy, HealingPolicySpec, StoredLedgerSpec } from '../../shared/api/v1alpha1/types.ts'
import { DEPLOYMENTS, HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES } from '../../shared/kube/resources.ts'
import { minutes, seconds, type Millis } from '../../shared/lib/time.ts'
import { buildActionTemplate, buildTrigger } from '../../shared/testing/builders/objects.ts'
import type { StoredObject } from '../../shared/testing/fake-cluster/objects.ts'
import { isEnded } from '../healing/outcome.ts'
import { NAMESPACE, Town, type TownOptions } from '../testing/town.ts'

const KEY = { namespace: NAMESPACE, name: 'cart' }
const rolling = buildActionTemplate({ target: 'Workload' })

/** Policies `cart` and `second` on the same pods of one Deployment. Two acts at once would be one too many. */
describe('two policies that see the same workload', () => {
  let town: Town
  afterEach(async () => {
    await town.stop()
  })

  /** `cart` acts after two minutes of crashes, and looks for as long whether that helped; `second` is quicker, and comes later. */
  const lasting = (duration: string) => [buildTrigger({ cooldownPeriod: '0s', conditionTrigger: { type: 'CrashLoopBackOff', status: 'True', duration } })]
  const settle = (options: TownOptions = {}, second: Partial<HealingPolicySpec> = {}): Town => {
    const made = new Town({ replacement: 'broken', ...options, spec: { triggers: lasting('2m'), ...options.spec } })
    const { apiVersion, kind, spec } = made.policy
    made.cluster.seed(HEALING_POLICIES, { apiVersion, kind, metadata: { name: 'second', namespace: NAMESPACE, generation: 1 }, spec: { ...spec, suspend: true, triggers: lasting('5s'), ...second } })
    made.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, spec: { replicas: 1, template: {} } }))
    return made
  }
  const suspend = (name: string, is: boolean): void => {
    town.cluster.change(HEALING_POLICIES, { namespace: NAMESPACE, name }, (o) => ({ ...o, metadata: { ...o.metadata, generation: (o.metadata.generation ?? 1) + 1 }, spec: { ...(o['spec'] as object), suspend: is } }))
  }
  const policyOf = (name: string) => town.cluster.must(HEALING_POLICIES, { namespace: NAMESPACE, name }) as unknown as HealingPolicy
  const actionsOf = (name: string) => (town.cluster.all(HEALING_ACTIONS) as unknown as readonly HealingAction[]).filter(({ spec }) => spec.policyRef.name === name)
  const inFlight = () => (town.cluster.all(HEALING_ACTIONS) as unknown as readonly HealingAction[]).filter((action) => action.status?.startTime !== undefined && !isEnded(action))
  const ledger = () => (town.cluster.all(HEALING_LEDGERS) as unknown as { spec: StoredLedgerSpec }[]).find(({ spec }) => spec.budget?.scope === 'Namespace')?.spec.budget
  const decision = (name: string) => policyOf(name).status?.lastDecision
  /** At every half second of it no more than one of them acts. The Deployment's controller makes what it is told, and no pod of it is ever well. */
  const live = async (span: Millis): Promise<void> => {
    for (let passed = 0; passed < span; passed += 500) {
      await town.live(seconds(0.5))
      const { metadata, status } = town.cluster.must(DEPLOYMENTS, KEY) as StoredObject & { status?: { observedGeneration?: number } }
      if (status?.observedGeneration !== metadata.generation) town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, status: { observedGeneration: metadata.generation, replicas: 1, updatedReplicas: 1, readyReplicas: 0, availableReplicas: 0 } }))
      expect(new Set(inFlight().map(({ spec }) => spec.policyRef.name)).size, 'policies with an act in flight').to.be.at.most(1)
    }
  }
  const acting = () => inFlight().map(({ spec }) => spec.policyRef.name)

  it('act one after the other: the second says whose act it waits for, and when it is over at the latest', async () => {
    town = settle()
    await town.start()
    await live(minutes(2.2))
    expect(acting()).to.deep.equal(['cart'])
    suspend('second', false)
    await live(minutes(1))
    const waiting = decision('second')
    expect(waiting).to.include({ kind: 'Blocked', reason: 'ClaimedElsewhere' })
    expect(waiting?.message).to.equal(`Pod/cart-1-1: ${inFlight()[0]?.metadata.name} of policy ${NAMESPACE}/cart acts on Deployment/cart`)
    expect(ledger()?.claims).to.have.length(1)
    expect(waiting?.retryAt).to.equal(ledger()?.claims?.[0]?.until)
    expect([actionsOf('second').length, town.evictions.length]).to.deep.equal([0, 1])
    // It did not help, so the other one may try; then it is given back too.
    await live(minutes(3))
    expect([actionsOf('second').length, town.evictions.length]).to.deep.equal([1, 2])
    expect(ledger()?.acts).to.have.length(2)
    expect(ledger()).not.to.have.property('claims')
  })

  for (const [title, one, two] of [
    ['a pod while the workload is acted on', rolling, buildActionTemplate()],
    ['the workload while one of its pods is acted on', buildActionTemplate(), rolling],
    ['the workload while it is acted on', rolling, rolling],
  ] as const) {
    it(`do not act on ${title}`, async () => {
      town = settle({ spec: { actions: [one] } }, { actions: [two] })
      await town.start()
      await live(minutes(2.2))
      suspend('second', false)
      await live(minutes(1))
      expect(acting()).to.deep.equal(['cart'])
      expect(decision('second')).to.include({ kind: 'Blocked', reason: 'ClaimedElsewhere' })
      expect(actionsOf('second')).to.deep.equal([])
    })
  }

  for (const [mode, reason] of [['dryrun', 'DryRunDone'], ['monitor', 'Monitoring']] as const) {
    it(`do not hold each other back where nothing is written: ${mode}`, async () => {
      town = settle({}, { mode })
      suspend('second', false)
      await town.start()
      await live(minutes(1))
      expect(decision('second')?.reason).to.equal(reason)
      expect(ledger()).to.equal(undefined)
      await live(minutes(2))
      expect(ledger()?.claims?.map(({ policy }) => policy.name)).to.deep.equal(['cart'])
      expect(decision('second')?.reason).to.equal(reason)
    })
  }

  it('claim nothing by asking, and ask nobody about what the other one acts on', async () => {
    town = settle({}, { mode: 'manual', suspend: false })
    await town.start()
    await live(minutes(1.5))
    expect(decision('second')?.reason).to.equal('PendingApproval')
    expect(ledger()).to.equal(undefined)
    await live(minutes(1.5))
    // The pod of the first question is gone, and the next one is not asked yet.
    expect(acting()).to.deep.equal(['cart'])
    expect(actionsOf('second').map(({ status }) => status?.result?.reason)).to.deep.equal(['TargetGone'])
    expect(decision('second')?.reason).to.equal('ClaimedElsewhere')
    await live(minutes(3))
    expect(decision('second')?.reason).to.equal('PendingApproval')
  })

  it('that were approved while the other one acts wait for their turn', async () => {
    town = settle({}, { mode: 'manual', suspend: false, actions: [rolling] })
    await town.start()
    await live(minutes(2.2))
    expect(acting()).to.deep.equal(['cart'])
    const [asked] = actionsOf('second')
    town.cluster.change(HEALING_ACTIONS, { namespace: NAMESPACE, name: asked?.metadata.name ?? '' }, (o) => ({ ...o, spec: { ...(o['spec'] as object), approval: { decision: 'Approved', decidedBy: 'alice' } } }))
    await live(minutes(1))
    expect(actionsOf('second')[0]?.status?.result).to.include({ reason: 'ClaimedElsewhere' })
    expect(actionsOf('second')[0]?.status).not.to.have.property('startTime')
    await live(minutes(6))
    expect(actionsOf('second')[0]?.status).to.have.property('startTime')
  })

  it('are let through at the end of a claim that nobody gave back, and not before', async () => {
    town = settle()
    await town.start('controller-1')
    await live(minutes(2.2))
    town.crash('controller-1')
    for (const { metadata } of actionsOf('cart')) town.cluster.drop(HEALING_ACTIONS, { namespace: NAMESPACE, name: metadata.name })
    town.cluster.drop(HEALING_POLICIES, KEY)
    suspend('second', false)
    await town.start('controller-2')
    const until = Date.parse(ledger()?.claims?.[0]?.until ?? '')
    await live((until - town.clock.now() - 2000) as Millis)
    expect(decision('second')?.reason).to.equal('ClaimedElsewhere')
    expect(town.evictions).to.have.length(1)
    await live(seconds(30))
    expect(town.evictions).to.have.length(2)
  })

  it('never act at once when a controller dies at any of its writes, and what it claimed is taken over or given back', async () => {
    for (let nth = 1; nth <= 24; nth++) {
      town = settle({ seed: nth, spec: { triggers: lasting('5s') } }, { suspend: false })
      town.crashAtWrite('controller-1', nth)
      await town.start('controller-1')
      await live(minutes(1))
      await town.start('controller-2')
      await live(minutes(16))
      expect(town.evictions, `write ${nth}`).to.have.length(2)
      expect(ledger(), `write ${nth}`).not.to.have.property('claims')
      expect(ledger()?.acts, `write ${nth}`).to.have.length(2)
      await town.stop()
    }
  }).timeout(120_000)
})
