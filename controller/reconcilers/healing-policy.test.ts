import { expect } from 'chai'
import { HEALER_ACCOUNT, IGNORE_ANNOTATION, OPERATOR_NAMESPACE, PAUSE_ANNOTATION } from '../../shared/api/v1alpha1/names.ts'
import type { HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import { DEPLOYMENTS, HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES, PODS, SERVICE_ACCOUNTS } from '../../shared/kube/resources.ts'
import { minutes, seconds } from '../../shared/lib/time.ts'
import { DEFAULT_INSTALLATION } from '../healing/installation.ts'
import { buildActionTemplate, buildPolicy, buildTrigger } from '../../shared/testing/builders/objects.ts'
import { compileResource } from '../../shared/schema/validate.ts'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { API_VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { processorTime } from '../../shared/testing/processor-time.ts'
import { QUIET_REASONS, type RefusalReason } from '../healing/refusal.ts'
import { NAMESPACE, Town, type TownOptions } from '../testing/town.ts'

const KEY = { namespace: NAMESPACE, name: 'cart' }
const rules = buildPolicy().spec.safetyRules

describe('a policy', () => {
  let town: Town
  afterEach(async () => {
    await town.stop()
  })

  const decision = () => town.policy.status?.lastDecision?.reason
  const ledgerKey = () => ({ namespace: OPERATOR_NAMESPACE, name: town.cluster.all(HEALING_LEDGERS)[0]?.metadata.name ?? '' })
  /** Every call but watches while this much time passes and nothing else happens. */
  const calls = async (span = minutes(15)): Promise<string[]> => {
    const before = town.cluster.journal.entries.length
    await town.clock.advance(span)
    return town.cluster.journal.entries.slice(before).flatMap(({ call: { verb, resource, subresource = '' } }) => (verb === 'watch' ? [] : [`${verb} ${resource.plural}/${subresource}`]))
  }

  describe('writes and asks nothing while it waits', () => {
    const trigger = buildTrigger({ cooldownPeriod: '2h', conditionTrigger: { type: 'CrashLoopBackOff', status: 'True', duration: '5s' } })
    const states: Record<string, { readonly options: TownOptions; readonly reason: string; readonly before?: () => void; readonly lived?: number; readonly meanwhile?: () => void }> = {
      'escalated': { options: { replacement: 'broken' }, reason: 'Escalated', lived: 10 },
      'in cooldown': { options: { spec: { triggers: [trigger] } }, reason: 'CooldownActive', lived: 5, meanwhile: () => town.pod('broken') },
      'rate limited': {
        options: { replacement: 'broken', spec: { actions: [1, 2, 3].map((i) => buildActionTemplate({ name: `a${i}`, priority: i })), safetyRules: { ...rules, maxActionsPerHour: 1 } } },
        reason: 'RateLimited',
      },
      'of an open breaker': {
        options: {
          replacement: 'broken',
          spec: { actions: [1, 2, 3].map((i) => buildActionTemplate({ name: `a${i}`, priority: i })), safetyRules: { ...rules, circuitBreaker: { failureThreshold: 1, openDuration: '4h' } } },
        },
        reason: 'BreakerOpen',
      },
      'after its dry run': { options: { spec: { mode: 'dryrun' } }, reason: 'DryRunDone' },
      'for a person to unprotect': { options: { spec: { safetyRules: { ...rules, protectedResources: [{ apiVersion: 'v1', kind: 'Pod', names: ['cart-1-0'] }] } } }, reason: 'Protected' },
      'for its healer': { options: { healer: false }, reason: 'HealerMissing' },
      'suspended': { options: { spec: { suspend: true } }, reason: 'Suspended' },
      'watching only': { options: { spec: { mode: 'monitor' } }, reason: 'Monitoring' },
      'opted out of': {
        options: {},
        before: () => void town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, metadata: { ...o.metadata, annotations: { [IGNORE_ANNOTATION]: 'true' } } })),
        reason: 'OptedOut',
      },
      'paused': {
        options: {},
        before: () => void town.cluster.change(HEALING_POLICIES, KEY, (o) => ({ ...o, metadata: { ...o.metadata, annotations: { [PAUSE_ANNOTATION]: 'release' } } })),
        reason: 'Paused',
      },
      'for its ledger to be mended': {
        options: {},
        lived: 5,
        reason: 'Healthy',
        meanwhile: () => void town.cluster.change(HEALING_LEDGERS, ledgerKey(), (o) => ({ ...o, spec: { ...(o['spec'] as object), breaker: 'closed' } })),
      },
      'not compiled': {
        options: {},
        lived: 5,
        reason: 'Healthy',
        meanwhile: () => void town.cluster.change(HEALING_POLICIES, KEY, (o) => ({ ...o, metadata: { ...o.metadata, generation: 2 }, spec: { ...(o['spec'] as object), actions: [{ type: 7 }] } })),
      },
    }
    /** The word that the status has is that of metric, log and event. */
    const saidEverywhere = (reason: RefusalReason): void => {
      expect([...town.counts.keys()], 'metric').to.include(`kubeskippy_refusals_total ${JSON.stringify({ reason })}`)
      expect(town.logged.filter((line) => line.startsWith('decision ') && line.includes(`"reason":"${reason}"`)), 'log').to.have.length.greaterThan(0)
      const retryAt = town.policy.status?.lastDecision?.retryAt
      const note = town.events.find((event) => event.reason === reason)?.note
      // What is the normal course of an incident has no event of its own; an escalation has.
      if (!QUIET_REASONS.has(reason)) expect(note, 'event').to.include(retryAt ?? '')
    }
    for (const [title, { options, reason, before, lived = 3, meanwhile }] of Object.entries(states)) {
      it(title, async () => {
        town = new Town(options)
        before?.()
        await town.start()
        await town.live(minutes(lived))
        meanwhile?.()
        await town.live(seconds(30))
        expect(decision()).to.equal(reason)
        if (town.policy.status?.lastDecision?.kind === 'Blocked') saidEverywhere(reason as RefusalReason)
        const said = town.events.length
        expect(await calls()).to.deep.equal([])
        expect(town.events).to.have.length(said)
        const each = town.events.map((e) => `${e.reason} ${e.note}`)
        expect(new Set(each).size).to.equal(each.length)
      })
    }

    it('for the rights of its healer: a review now and then, and nothing else', async () => {
      town = new Town({ healerMay: false })
      await town.start()
      await town.live(minutes(1))
      expect(decision()).to.equal('HealerForbidden')
      const made = await calls()
      expect(new Set(made)).to.deep.equal(new Set(['get serviceaccounts/', 'create subjectaccessreviews/']))
      expect(made.length).to.be.at.most(2 * 4 * 16)
      expect(town.events).to.have.length(1)
    })
  })

  describe('whose status is malformed', () => {
    const nonsense: Record<string, object> = {
      'no object': 'healthy' as never,
      'findings of the wrong type': { findings: 'none' },
      'a condition without its type': { conditions: [{ status: 'True' }] },
      'a time that is none': { lastDecision: { time: 'yesterday' } },
    }
    for (const [title, status] of Object.entries(nonsense)) {
      it(`does not act, leaves it as it is, says so, and acts when it is taken away (${title})`, async () => {
        town = new Town()
        town.cluster.change(HEALING_POLICIES, KEY, (policy) => ({ ...policy, status }))
        await town.start()
        await town.live(minutes(1))
        expect(town.actions).to.deep.equal([])
        expect(town.policy.status).to.deep.equal(status)
        expect(new Set(town.events.map(({ reason }) => reason))).to.deep.equal(new Set(['StatusUnreadable']))
        expect(town.events[0]?.note).to.match(/^status.*: nothing is done until somebody takes the status away; kubeskippy explain /)
        town.cluster.change(HEALING_POLICIES, KEY, (found) => {
          const { status: _, ...policy } = found
          return policy
        })
        await town.live(minutes(5))
        expect(town.actions.map((action) => action.status?.outcome)).to.deep.equal(['Effective'])
      })
    }
  })

  describe('whose ledger is malformed', () => {
    const nonsense: Record<string, (spec: Record<string, unknown>) => unknown> = {
      'no spec': () => undefined,
      'no policy': (spec) => ({ ...spec, policy: undefined }),
      'entries of the wrong type': (spec) => ({ ...spec, entries: 'none' }),
      'of another policy': (spec) => ({ ...spec, policy: { namespace: NAMESPACE, name: 'basket' } }),
    }
    for (const [title, edit] of Object.entries(nonsense)) {
      it(`does not act, says so, and goes on when it is mended (${title})`, async () => {
        town = new Town({ spec: { mode: 'monitor' } })
        await town.start()
        await town.live(seconds(2))
        await town.stop()
        town = new Town()
        const good = { policy: KEY, nextOrdinal: 3, entries: [], breaker: { state: 'Closed', failures: 0, recent: [], openings: 0 }, incidents: [], outcomes: { effective: 0, ineffective: 0, inconclusive: 0, failed: 0 } }
        const [name] = await ledgerNames()
        town.cluster.seed(HEALING_LEDGERS, { apiVersion: API_VERSION, kind: 'HealingLedger', metadata: { name: name ?? '', namespace: OPERATOR_NAMESPACE }, spec: edit(good) })
        await town.start()
        await town.live(minutes(1))
        expect(town.actions).to.deep.equal([])
        expect(town.policy.status?.conditions?.find(({ type }) => type === 'Ready')?.reason).to.equal('LedgerUnreadable')
        expect(town.events.map(({ reason }) => reason)).to.deep.equal(['LedgerUnreadable'])
        town.cluster.change(HEALING_LEDGERS, ledgerKey(), (o) => ({ ...o, spec: good }))
        await town.live(minutes(5))
        expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
        expect(town.actions[0]?.spec.incident.ordinal).to.equal(3)
      })
    }

    const other = { policy: { namespace: NAMESPACE, name: 'basket' }, nextOrdinal: 3, entries: [], breaker: { state: 'Closed', failures: 0, recent: [], openings: 0 }, incidents: [], outcomes: { effective: 0, ineffective: 0, inconclusive: 0, failed: 0 } }
    for (const [title, spec] of [['is empty', {}], ['is about another policy', other], ['is about a budget', { budget: { scope: 'Cluster', acts: [] } }]] as const) {
      it(`begins anew when a person deletes one that ${title}`, async () => {
        town = new Town()
        const [name] = await ledgerNames()
        town.cluster.seed(HEALING_LEDGERS, { apiVersion: API_VERSION, kind: 'HealingLedger', metadata: { name: name ?? '', namespace: OPERATOR_NAMESPACE }, spec })
        await town.start()
        await town.live(seconds(10))
        expect(town.actions).to.deep.equal([])
        town.cluster.drop(HEALING_LEDGERS, ledgerKey())
        await town.live(minutes(5))
        expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
      })
    }

    it('has its action wait, and settles it when it is mended', async () => {
      town = new Town()
      await town.start()
      await town.live(seconds(20))
      const good = town.cluster.must(HEALING_LEDGERS, ledgerKey())['spec']
      town.cluster.change(HEALING_LEDGERS, ledgerKey(), (o) => ({ ...o, spec: { ...(good as object), incidents: {} } }))
      await town.live(minutes(4))
      expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
      town.cluster.change(HEALING_LEDGERS, ledgerKey(), (o) => ({ ...o, spec: good }))
      await town.live(minutes(1))
      expect(town.ledger?.entries.map(({ state, outcome }) => [state, outcome])).to.deep.equal([['Settled', 'Effective']])
    })

    /** Where the ledger of the town's policy is kept. */
    async function ledgerNames(): Promise<string[]> {
      const other = new Town()
      await other.start()
      await other.live(seconds(10))
      await other.stop()
      return other.cluster.all(HEALING_LEDGERS).map(({ metadata }) => metadata.name)
    }
  })

  it('that only watches tells by one event that it begins to see something', async () => {
    town = new Town({ spec: { mode: 'monitor' } })
    await town.start()
    await town.live(minutes(10))
    expect(town.events.map(({ reason, note }) => [reason, note])).to.deep.equal([['Monitoring', town.policy.status?.lastDecision?.message]])
    expect(town.actions).to.deep.equal([])
  })

  it('that is edited while it is judged gets no status that is not about it', async () => {
    town = new Town({ spec: { mode: 'monitor' } })
    let edits = 0
    town.cluster.faults.add((call) => {
      if (call.resource.plural === 'healingpolicies' && call.subresource === 'status' && edits++ < 3) {
        town.cluster.change(HEALING_POLICIES, KEY, (o) => ({ ...o, metadata: { ...o.metadata, generation: 1 + edits } }))
      }
      return undefined
    })
    await town.start()
    await town.live(seconds(10))
    expect(town.policy.status?.observedGeneration).to.equal(4)
  })

  it('goes on within a minute when the API server is back after an hour', async () => {
    town = new Town()
    await town.start()
    await town.live(seconds(7))
    const back = town.cluster.faults.add(({ user }) => (user === 'controller-1' ? { when: 'before', answer: 'reset' } : undefined))
    town.cluster.watches.drop()
    await town.clock.advance(minutes(60))
    back()
    await town.live(minutes(1))
    expect(town.actions.map(({ status }) => status?.phase)).to.not.include.members(['Pending'])
    expect(town.evictions).to.have.length(1)
  })

  it('with three hundred broken pods acts on one after the other, in a status that the schema takes', async function () {
    this.timeout(60_000)
    town = new Town({ installation: { storm: { ...DEFAULT_INSTALLATION.storm, clusterPercent: 100 } } })
    for (let i = 0; i < 300; i++) town.pod('broken')
    const spent = await processorTime(async () => {
      await town.start()
      await town.live(minutes(3))
    })
    expect(spent).to.be.below(8000)
    expect(town.evictions).to.have.length(1)
    expect(town.ledger?.entries.filter(({ state }) => state === 'Reserved').length).to.be.at.most(1)
    const { resourceVersion: _, ...metadata } = town.policy.metadata
    expect(compileResource(healingPolicy, API_VERSION)({ ...town.policy, metadata })).to.deep.equal([])
    expect(town.policy.status?.findings?.length).to.be.at.most(256)
    expect(JSON.stringify(town.policy).length).to.be.below(200_000)
  })

  it('is not stopped by pods that look like nothing known', async () => {
    town = new Town()
    const strange: readonly unknown[] = [undefined, 'Running', [], { conditions: { type: 'Ready' } }, { conditions: [1, null, { type: 7, status: true, lastTransitionTime: {} }] }, { containerStatuses: [{ state: [], restartCount: '9', lastState: 'x' }], conditions: [{ type: 'Ready', status: 'x'.repeat(100_000), reason: '\u001B[31m'.repeat(1000) }] }]
    for (const [i, status] of strange.entries()) {
      town.cluster.seed(PODS, { apiVersion: 'v1', kind: 'Pod', metadata: { name: `odd-${i}`, namespace: NAMESPACE, labels: { app: 'cart', odd: '' } }, status })
    }
    await town.start()
    await town.live(seconds(10))
    for (const i of strange.keys()) town.cluster.drop(PODS, { namespace: NAMESPACE, name: `odd-${i}` })
    await town.live(minutes(4))
    expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    expect(JSON.stringify(town.policy.status)).not.to.include('\u001B')
  })

  it('tells of a missing healer once, and acts when it is there', async () => {
    town = new Town({ healer: false })
    await town.start()
    await town.live(minutes(10))
    expect(town.events.map(({ reason }) => reason)).to.deep.equal(['HealerMissing'])
    town.cluster.seed(SERVICE_ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: HEALER_ACCOUNT, namespace: NAMESPACE } })
    await town.live(minutes(4))
    expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
  })

  it('goes by its own clock never: a jump either way neither acts nor judges early', async () => {
    for (const jump of [minutes(90), minutes(-90)]) {
      town = new Town({ spec: { safetyRules: { ...rules, maxActionsPerHour: 1 } } satisfies Partial<HealingPolicySpec> })
      await town.start()
      await town.live(seconds(20))
      town.ahead = jump
      await town.live(seconds(20))
      expect(town.actions[0]?.status?.phase).to.equal('Verifying')
      await town.live(minutes(4))
      expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
      town.pod('broken')
      await town.live(minutes(1))
      expect(town.actions).to.have.length(1)
      expect(decision()).to.equal('ClockSkew')
      town.ahead = seconds(0)
      await town.live(minutes(2))
      expect(decision()).to.equal('RateLimited')
      if (jump > 0) await town.stop()
    }
  })

  it('has nothing of a message of the API server in status, events and logs', async () => {
    town = new Town()
    town.cluster.faults.add((call) => (call.resource.plural === HEALING_ACTIONS.plural ? { when: 'before', answer: { code: 422, reason: 'Invalid', message: 'PASSWORD=hunter2' } } : undefined), 6)
    await town.start()
    await town.live(minutes(5))
    expect(JSON.stringify([town.actions, town.policy, town.ledger, town.events])).not.to.include('hunter2')
  })
})
