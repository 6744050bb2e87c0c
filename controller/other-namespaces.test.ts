/** A policy of one namespace that heals in another: with its consent, as long as it lasts, and nowhere else. */
import { expect } from 'chai'
import { OPERATOR_NAMESPACE } from '../shared/api/v1alpha1/names.ts'
import type { HealingLedger, HealingPolicySpec } from '../shared/api/v1alpha1/types.ts'
import { ApiError } from '../shared/kube/errors.ts'
import type { Resource } from '../shared/kube/api.ts'
import { DEPLOYMENTS, HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES, NAMESPACES, PODS, REPLICA_SETS, SERVICE_ACCOUNTS, SUBJECT_ACCESS_REVIEWS } from '../shared/kube/resources.ts'
import { after, formatInstant, minutes, seconds } from '../shared/lib/time.ts'
import { buildActionTemplate, buildPolicy } from '../shared/testing/builders/objects.ts'
import type { Call } from '../shared/testing/fake-cluster/calls.ts'
import { NAMESPACE, Town, type TownOptions } from './testing/town.ts'

const OPS = 'ops'
const COMMAND = `kubeskippy enable -n ${NAMESPACE} --consent-to ${OPS} --print`
const selecting = (...namespaces: string[]): HealingPolicySpec['selector'] => ({ namespaces, labelSelector: { matchLabels: { app: 'cart' } } })
const unanswered = (): never => {
  throw new ApiError({ kind: 'Server', code: 500, request: 'POST subjectaccessreviews' })
}

describe('a policy that reaches into another namespace', () => {
  let town: Town
  let consents: (namespace: string) => boolean
  const setUp = ({ spec = {}, ...more }: TownOptions = {}): void => {
    town = new Town({ home: OPS, consents: (namespace) => consents(namespace), spec: { selector: selecting(NAMESPACE), ...spec }, ...more })
  }
  beforeEach(() => {
    consents = (namespace) => namespace === NAMESPACE
  })
  afterEach(async () => {
    await town.stop()
  })

  const condition = (type: string) => town.policy.status?.conditions?.find((c) => c.type === type)
  const decision = () => town.policy.status?.lastDecision
  const effects = () => town.cluster.journal.effects.filter(({ call }) => call.user !== 'admin')
  const ended = (): string[] => town.actions.map(({ status }) => `${status?.phase} ${status?.outcome ?? status?.result?.reason}`)
  /** From the first call of this kind on nothing is consented to. */
  const closedFrom = (when: (call: Call) => boolean): void => {
    let closed = false
    town.cluster.faults.add((call) => {
      closed ||= when(call)
      return undefined
    })
    consents = () => !closed
  }
  const isDecision = ({ verb, resource }: Call): boolean => verb === 'create' && resource === HEALING_ACTIONS
  const isDryEviction = ({ subresource, dryRun }: Call): boolean => subresource === 'eviction' && dryRun

  it('heals there as the healer of that namespace, and keeps its record at home', async () => {
    setUp()
    await town.start()
    await town.live(minutes(4))
    expect(ended()).to.deep.equal(['Succeeded Effective'])
    const [action] = town.actions
    expect(action?.metadata.namespace).to.equal(OPS)
    expect(action?.spec.targetResource).to.include({ namespace: NAMESPACE, kind: 'Pod' })
    const evictions = effects().filter(({ call }) => call.subresource === 'eviction')
    expect(evictions.map(({ call }) => call.impersonate)).to.deep.equal([`system:serviceaccount:${NAMESPACE}:kubeskippy-healer`])
    expect(evictions[0]?.call.userAgent).to.contain(`(healingaction ${OPS}/${action?.metadata.name}; correlation-id `)
    expect(condition('Consented')).to.include({ status: 'True' })
    expect(condition('Ready')).to.include({ status: 'True' })
  })

  it('writes nothing but that one eviction outside its own namespace and the ledgers (I3)', async () => {
    setUp()
    await town.start()
    await town.live(minutes(4))
    const places = (namespace: string): string[] => [...new Set(effects().filter(({ call }) => call.namespace === namespace).map(({ call }) => `${call.resource.kind}${call.subresource === undefined ? '' : `/${call.subresource}`}`))].sort()
    expect(new Set(effects().map(({ call }) => call.namespace))).to.deep.equal(new Set([OPERATOR_NAMESPACE, OPS, NAMESPACE]))
    expect(places(NAMESPACE)).to.deep.equal(['Pod/eviction'])
    expect(places(OPS)).to.deep.equal(['HealingAction', 'HealingAction/status', 'HealingPolicy/status'])
  })

  it('tells that namespace with an event on what was acted on', async () => {
    setUp()
    await town.start()
    await town.live(minutes(1))
    expect(town.told).to.include(`Acted of Pod in ${NAMESPACE}`).and.to.include(`Acted of HealingAction in ${OPS}`)
    expect(town.events.find(({ reason, note }) => reason === 'Acted' && note.includes(`HealingAction ${OPS}/`))).not.to.equal(undefined)
  })

  it('counts in the budgets of both namespaces and of the cluster', async () => {
    setUp()
    await town.start()
    await town.live(minutes(1))
    const budgets = (town.cluster.all(HEALING_LEDGERS) as unknown as HealingLedger[]).flatMap(({ spec: { budget } }) => (budget === undefined ? [] : [`${budget.namespace ?? 'all'}: ${budget.acts.length}`]))
    expect(budgets.sort()).to.deep.equal([`all: 1`, `${OPS}: 1`, `${NAMESPACE}: 1`])
  })

  it('is not even looked at without consent: the status names the namespace and the command, and nothing in it', async () => {
    consents = () => false
    setUp()
    await town.start()
    await town.live(minutes(5))
    expect(town.actions).to.deep.equal([])
    expect(condition('Consented')).to.include({ status: 'False', reason: 'NoConsent' })
    expect(condition('Consented')?.message).to.contain(NAMESPACE).and.to.contain(COMMAND)
    expect(condition('Ready')).to.include({ status: 'False', reason: 'NoConsent' })
    expect(town.policy.status).to.deep.include({ matched: 0, findings: [] })
    expect(JSON.stringify(town.policy.status)).not.to.contain('cart-1-')
    expect(town.events.filter(({ reason }) => reason === 'NoConsent')).to.have.length(1)
    expect(town.attempts).to.equal(0)
  })

  it('acts in its own namespace all the same, and says who has not consented', async () => {
    consents = () => false
    town = new Town({ consents: (namespace) => consents(namespace), spec: { selector: selecting(NAMESPACE, 'bank') } })
    await town.start()
    await town.live(minutes(4))
    expect(ended()).to.deep.equal(['Succeeded Effective'])
    expect(condition('Ready')).to.include({ status: 'True' })
    expect(condition('Consented')).to.include({ status: 'False', reason: 'NoConsent' })
    expect(condition('Consented')?.message).to.contain(`kubeskippy enable -n bank --consent-to ${NAMESPACE} --print`)
  })

  it('begins when consent comes, without anybody telling', async () => {
    consents = () => false
    setUp()
    await town.start()
    await town.live(minutes(2))
    consents = () => true
    await town.live(minutes(4))
    expect(ended()).to.deep.equal(['Succeeded Effective'])
    expect(condition('Consented')).to.include({ status: 'True' })
  })

  it('stops when consent goes between the decision and the act', async () => {
    setUp()
    closedFrom(isDecision)
    await town.start()
    await town.live(minutes(2))
    expect(ended()).to.deep.equal(['Cancelled NoConsent'])
    expect(town.actions[0]?.status?.result?.message).to.contain(COMMAND)
    expect(town.told).to.include(`NoConsent of HealingAction in ${OPS}`).and.to.include(`NoConsent of HealingPolicy in ${OPS}`)
    expect(town.attempts).to.equal(0)
  })

  it('stops when consent goes between the dry run and the write', async () => {
    setUp()
    closedFrom(isDryEviction)
    await town.start()
    await town.live(minutes(2))
    expect(ended()).to.deep.equal(['Cancelled NoConsent'])
    expect(town.evictions).to.deep.equal([])
    expect(town.attempts).to.equal(1)
  })

  it('stops when consent goes while a person makes up his mind', async () => {
    setUp({ spec: { mode: 'manual' } })
    await town.start()
    await town.live(seconds(30))
    consents = () => false
    town.decide('Approved')
    await town.live(minutes(1))
    expect(ended()).to.deep.equal(['Cancelled NoConsent'])
    expect(town.attempts).to.equal(0)
  })

  it('does not take back what it did there when consent has gone', async () => {
    const { restartAction: _, ...bare } = buildActionTemplate()
    const safetyRules = { ...buildPolicy().spec.safetyRules, healthCheckTimeout: '30s', stabilizationWindow: '30s' }
    setUp({ spec: { actions: [{ ...bare, type: 'scale', scaleAction: { direction: 'up', minReplicas: 1, maxReplicas: 3 } }], safetyRules } })
    const key = { namespace: NAMESPACE, name: 'cart' }
    town.cluster.change(DEPLOYMENTS, key, (o) => ({ ...o, spec: { replicas: 1, template: {} }, status: { observedGeneration: o.metadata.generation, replicas: 1, updatedReplicas: 1 } }))
    const replicas = (): number => (town.cluster.must(DEPLOYMENTS, key) as unknown as { spec: { replicas: number } }).spec.replicas
    await town.start()
    for (let i = 0; i < 100 && replicas() === 1; i++) await town.clock.advance(seconds(0.5))
    expect(replicas()).to.equal(2)
    consents = () => false
    await town.live(minutes(3))
    expect(town.actions[0]?.status?.outcome).to.equal('Ineffective')
    expect(town.actions[0]?.status?.result?.message).to.contain('not undone').and.to.contain('does not consent')
    expect(replicas()).to.equal(2)
  })

  describe('when the review has no answer', () => {
    it('does nothing, says so, and goes on when it has one', async () => {
      consents = unanswered
      setUp()
      await town.start()
      await town.live(minutes(2))
      expect(town.actions).to.deep.equal([])
      expect(condition('Consented')).to.include({ status: 'False', reason: 'ConsentUnknown' })
      consents = () => true
      await town.live(minutes(4))
      expect(ended()).to.deep.equal(['Succeeded Effective'])
    })

    it('does nothing when it takes too long', async () => {
      let slow = true
      setUp({ latency: ({ resource }) => (slow && resource === SUBJECT_ACCESS_REVIEWS ? 5000 : 0) })
      await town.start()
      await town.live(minutes(1))
      expect(town.actions).to.deep.equal([])
      expect(condition('Consented')).to.include({ status: 'False', reason: 'ConsentUnknown' })
      slow = false
      await town.live(minutes(4))
      expect(ended()).to.deep.equal(['Succeeded Effective'])
    })

    it('does not act on what was decided before, and does it when there is an answer', async () => {
      setUp()
      let silent = false
      town.cluster.faults.add((call) => {
        silent ||= isDecision(call)
        return undefined
      })
      consents = () => (silent ? unanswered() : true)
      await town.start()
      await town.live(minutes(1))
      expect([town.actions.length, town.attempts]).to.deep.equal([1, 0])
      consents = () => true
      await town.live(minutes(4))
      expect(ended()).to.deep.equal(['Succeeded Effective'])
    })

    it('writes nothing after the dry run, and does it when there is an answer', async () => {
      setUp()
      let silent = false
      town.cluster.faults.add((call) => {
        silent ||= isDryEviction(call)
        return undefined
      })
      consents = () => (silent ? unanswered() : true)
      await town.start()
      await town.live(seconds(30))
      expect(town.evictions).to.deep.equal([])
      expect(town.actions[0]?.status?.result?.reason).to.equal('ConsentUnknown')
      consents = () => true
      await town.live(minutes(4))
      expect(ended()).to.deep.equal(['Succeeded Effective'])
      expect(town.evictions).to.have.length(1)
    })
  })

  describe('beside its own', () => {
    const BANK = 'bank'
    const copied: readonly Resource[] = [DEPLOYMENTS, REPLICA_SETS, PODS, SERVICE_ACCOUNTS]
    /** A second namespace with the same objects under the same names. */
    const settle = (): void => {
      const { cluster } = town
      cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: BANK } })
      for (const resource of copied) {
        for (const { metadata, ...rest } of cluster.all(resource)) {
          if (metadata.namespace !== NAMESPACE) continue
          const { resourceVersion: _, uid, ...kept } = metadata
          const ownerReferences = metadata.ownerReferences?.map((owner) => ({ ...owner, uid: `bank-${owner.uid}` }))
          cluster.seed(resource, { ...rest, metadata: { ...kept, namespace: BANK, uid: `bank-${uid}`, ...(ownerReferences === undefined ? {} : { ownerReferences }) } })
        }
      }
    }
    const begin = async (safetyRules: Partial<HealingPolicySpec['safetyRules']> = {}, given: typeof consents = (namespace) => namespace === BANK): Promise<void> => {
      consents = given
      const spec = { selector: selecting(NAMESPACE, BANK), safetyRules: { ...buildPolicy().spec.safetyRules, healthCheckTimeout: '1m', stabilizationWindow: '30s', ...safetyRules } }
      town = new Town({ consents: (namespace) => consents(namespace), spec })
      settle()
      await town.start()
    }
    const acts = () => effects().filter(({ call }) => call.subresource === 'eviction').map(({ call }) => `${call.namespace} as ${call.impersonate}`)

    it('workloads of one name are two incidents, each healed as the healer of its own namespace', async () => {
      await begin({ maxUnhealthy: '100%', maxConcurrent: 2 })
      await town.live(minutes(1))
      expect(acts().sort()).to.deep.equal([BANK, NAMESPACE].map((namespace) => `${namespace} as system:serviceaccount:${namespace}:kubeskippy-healer`))
      expect(new Set(town.actions.map(({ spec }) => spec.incident.id)).size).to.equal(2)
      expect(town.actions.map(({ metadata }) => metadata.namespace)).to.deep.equal([NAMESPACE, NAMESPACE])
    })

    it('all of them count for the storm gate', async () => {
      await begin({ maxUnhealthy: '1' })
      await town.live(minutes(1))
      expect(decision()).to.include({ reason: 'StormGate' })
      expect(acts()).to.deep.equal([])
    })

    it('what has not consented counts on neither side of it', async () => {
      await begin({ maxUnhealthy: '1' }, () => false)
      await town.live(minutes(1))
      expect(acts()).to.deep.equal([`${NAMESPACE} as system:serviceaccount:${NAMESPACE}:kubeskippy-healer`])
    })

    it('limits of the policy hold over all of them together', async () => {
      await begin({ maxUnhealthy: '100%', maxConcurrent: 1 })
      await town.live(seconds(15))
      expect(acts()).to.have.length(1)
    })
  })

  it('claims the workload where it is, and waits for a policy of that namespace that acts on it', async () => {
    setUp()
    const claim = { action: 'own-restart-a', policy: { namespace: NAMESPACE, name: 'own' }, subject: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: NAMESPACE, name: 'cart', uid: 'uid-cart' }, until: formatInstant(after(town.clock.now(), minutes(10))) }
    town.cluster.seed(HEALING_LEDGERS, { apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingLedger', metadata: { name: `shared-namespace-${NAMESPACE}`, namespace: OPERATOR_NAMESPACE }, spec: { budget: { scope: 'Namespace', namespace: NAMESPACE, acts: [], claims: [claim] } } })
    await town.start()
    await town.live(minutes(9))
    expect(town.attempts).to.equal(0)
    expect(decision()).to.include({ reason: 'ClaimedElsewhere' })
    expect(decision()?.message).to.contain('a policy of another namespace acts on Deployment/cart')
    // Nor anywhere else in what the people of the policy may read.
    expect(JSON.stringify([town.policy, town.events])).to.not.contain('own-restart').and.to.not.contain('/own')
    const claims = () => Object.fromEntries((town.cluster.all(HEALING_LEDGERS) as unknown as HealingLedger[]).flatMap(({ spec: { budget } }) => (budget?.namespace === undefined ? [] : [[budget.namespace, budget.claims?.filter(({ action }) => action !== claim.action).map(({ policy }) => policy.namespace)]])))
    await town.live(minutes(1.5))
    expect(town.evictions).to.have.length(1)
    expect(claims()).to.deep.equal({ [NAMESPACE]: [OPS], [OPS]: undefined })
    await town.live(minutes(4))
    expect(ended()).to.deep.equal(['Succeeded Effective'])
    expect(claims()[NAMESPACE] ?? []).to.deep.equal([])
  })

  it('does nothing there when the budget of that namespace is used up, though its own has room', async () => {
    setUp({ installation: { budgets: { namespace: 1, cluster: 9 } } })
    const acts = [{ action: 'earlier', policy: { namespace: NAMESPACE, name: 'other' }, reservedAt: formatInstant(town.clock.now()) }]
    town.cluster.seed(HEALING_LEDGERS, { apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingLedger', metadata: { name: `shared-namespace-${NAMESPACE}`, namespace: OPERATOR_NAMESPACE }, spec: { budget: { scope: 'Namespace', namespace: NAMESPACE, acts } } })
    await town.start()
    await town.live(minutes(1))
    expect(decision()).to.include({ reason: 'BudgetExhausted' })
    expect(decision()?.message).to.contain(`1 of 1 actions of namespace ${NAMESPACE}`)
    expect(town.attempts).to.equal(0)
  })

  it('an incident there stays open while nobody may look, and its end is seen when he may again', async () => {
    setUp({ replacement: 'broken', spec: { safetyRules: { ...buildPolicy().spec.safetyRules, healthCheckTimeout: '30s', stabilizationWindow: '30s' } } })
    await town.start()
    await town.live(minutes(2))
    expect(town.ledger?.incidents.map(({ state }) => state)).to.deep.equal(['Escalated'])
    consents = () => false
    await town.live(minutes(10))
    expect(town.ledger?.incidents.map(({ state }) => state)).to.deep.equal(['Escalated'])
    for (const { metadata } of town.cluster.all(PODS)) town.cluster.drop(PODS, { namespace: NAMESPACE, name: metadata.name })
    town.pod('healthy')
    consents = () => true
    await town.live(minutes(5))
    expect((town.ledger?.incidents ?? []).filter(({ state }) => state !== 'Ended')).to.deep.equal([])
  })

  it('is stopped by a healer that is missing there, whatever there is at home', async () => {
    setUp({ healer: false })
    town.cluster.seed(SERVICE_ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'kubeskippy-healer', namespace: OPS } })
    await town.start()
    await town.live(minutes(1))
    expect(decision()).to.include({ kind: 'Blocked', reason: 'HealerMissing' })
    expect(decision()?.message).to.contain(`kubeskippy enable -n ${NAMESPACE}`)
  })

  it('asks twice a minute and writes nothing while all is quiet (I17)', async () => {
    consents = () => false
    setUp()
    await town.start()
    await town.live(minutes(2))
    const before = town.cluster.journal.entries.length
    await town.clock.advance(minutes(10))
    const calls = town.cluster.journal.entries.slice(before).filter(({ call }) => call.user !== 'admin' && call.verb !== 'watch')
    expect([...new Set(calls.map(({ call }) => `${call.verb} ${call.resource.plural}`))]).to.deep.equal(['create subjectaccessreviews'])
    expect(calls.length).to.be.within(15, 25)
  })

  it('is left alone by a policy that does not name it, though it consents', async () => {
    consents = () => true
    setUp({ spec: { selector: selecting(OPS) } })
    await town.start()
    await town.live(minutes(3))
    expect(town.actions).to.deep.equal([])
    expect(town.policy.status).to.deep.include({ matched: 0 })
    expect(town.cluster.all(HEALING_POLICIES)).to.have.length(1)
  })
})
