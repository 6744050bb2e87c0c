import { expect } from 'chai'
import type { HealingLedgerSpec } from '../../shared/api/v1alpha1/types.ts'
import { HEALING_LEDGERS, POD_DISRUPTION_BUDGETS, PODS } from '../../shared/kube/resources.ts'
import { after, formatInstant, hours, minutes, seconds, type Millis } from '../../shared/lib/time.ts'
import { buildActionTemplate } from '../../shared/testing/builders/objects.ts'
import type { Call } from '../../shared/testing/fake-cluster/calls.ts'
import { SERVER_ERROR, THROTTLED, type Fault } from '../../shared/testing/fake-cluster/faults.ts'
import { NAMESPACE, Town } from '../testing/town.ts'

const isEviction = (call: Call): boolean => call.subresource === 'eviction'
const isReal = (call: Call): boolean => isEviction(call) && !call.dryRun
const POD = { namespace: NAMESPACE, name: 'cart-1-0' }

describe('an action', () => {
  let town: Town
  afterEach(async () => {
    await town.stop()
  })

  const phase = (i = 0) => town.actions[i]?.status?.phase
  const reason = (i = 0) => town.actions[i]?.status?.result?.reason
  const entries = () => town.ledger?.entries.map(({ state, outcome }) => [state, outcome])

  /** A town whose action is stuck before its write until it is released. */
  const stuck = async (fault: Fault): Promise<() => void> => {
    town = new Town()
    const release = town.cluster.faults.add((call) => (isEviction(call) ? fault : undefined))
    await town.start()
    await town.live(seconds(8))
    expect(phase()).to.equal('InProgress')
    return release
  }

  describe('whose ledger changes between its dry run and its write', () => {
    const changes: Readonly<Record<string, { readonly change: (ledger: HealingLedgerSpec) => Partial<HealingLedgerSpec>; readonly why: string }>> = {
      'as the breaker opens': { change: ({ breaker }) => ({ breaker: { ...breaker, state: 'Open', openings: 1, openUntil: formatInstant(after(town.clock.now(), hours(1))) } }), why: 'BreakerOpen' },
      'as another controller ends it': { change: ({ entries: all }) => ({ entries: all.map((entry) => ({ ...entry, state: 'Settled', outcome: 'Failed', settledAt: formatInstant(town.clock.now()) })) }), why: 'NotReserved' },
      'as a storm begins': { change: () => ({ storm: { since: formatInstant(town.clock.now()) } }), why: 'StormGate' },
    }
    for (const [what, { change, why }] of Object.entries(changes)) {
      it(`is not written ${what}`, async () => {
        town = new Town()
        let changed = 0
        town.cluster.faults.add((call) => {
          if (!isEviction(call) || !call.dryRun || (changed += 1) > 1) return undefined
          const [ledger] = town.cluster.all(HEALING_LEDGERS).filter(({ spec }) => (spec as HealingLedgerSpec).entries !== undefined)
          town.cluster.change(HEALING_LEDGERS, ledger?.metadata ?? { name: '' }, (object) => ({ ...object, spec: { ...(object['spec'] as object), ...change(object['spec'] as HealingLedgerSpec) } }))
          return undefined
        })
        await town.start()
        await town.live(seconds(20))
        expect([changed, phase(), reason()]).to.deep.equal([1, 'Cancelled', why])
        expect(town.cluster.journal.writes.filter(({ call }) => isReal(call))).to.deep.equal([])
      })
    }
  })

  describe('that a disruption budget refuses', () => {
    it('is tried ever more seldom until its time is up, then fails, and the next rung follows', async () => {
      town = new Town({ spec: { actions: [buildActionTemplate({ priority: 1 }), buildActionTemplate({ name: 'again', priority: 2 })] } })
      town.budget('one')
      await town.start()
      await town.live(minutes(11))
      expect(phase()).to.equal('Failed')
      expect(reason()).to.equal('DisruptionBudget')
      expect(town.actions[0]?.status?.result?.message).to.include('one')
      expect(town.attempts).to.be.within(15, 40)
      expect(town.actions).to.have.length(2)
      expect(town.ledger?.breaker.failures).to.equal(0)
      await town.live(minutes(11))
      expect(town.policy.status?.lastDecision?.reason).to.equal('Escalated')
      expect(town.events.filter((event) => event.reason === 'Escalated').map(({ note }) => note).join()).to.include(': disruption budget one allows no eviction of Pod/cart-1-0 now (')
      expect(entries()).to.deep.equal([['Settled', 'Failed'], ['Settled', 'Failed']])
      expect(town.evictions).to.deep.equal([])
    })

    it('is cancelled when its author lowers the limit of the hour meanwhile, and others have used it', async () => {
      town = new Town({ spec: { safetyRules: { maxActionsPerHour: 5, maxConcurrent: 2, maxUnhealthy: '100%', requireHealthCheck: true, healthCheckTimeout: '1m', approvalTimeout: '1h', stabilizationWindow: '10s', circuitBreaker: { failureThreshold: 3, openDuration: '10m' } } } })
      town.pod('broken')
      const release = town.cluster.faults.add((call) => (isReal(call) && call.name !== POD.name ? { when: 'before', answer: THROTTLED } : undefined))
      await town.start()
      await town.live(seconds(30))
      expect(town.evictions).to.have.length(1)
      expect(town.actions.map(({ status }) => status?.result?.reason)).to.include('Throttled')
      town.editPolicy((spec) => ({ ...spec, safetyRules: { ...(spec['safetyRules'] as object), maxActionsPerHour: 1 } }))
      release()
      await town.live(minutes(4))
      expect(town.evictions).to.have.length(1)
      expect(town.actions.map(({ status }) => status?.result?.reason)).to.include('RateLimited')
    })

    it('is carried out when the budget lets it', async () => {
      town = new Town()
      town.budget('one')
      await town.start()
      await town.live(minutes(1))
      expect(phase()).to.equal('InProgress')
      town.cluster.drop(POD_DISRUPTION_BUDGETS, { namespace: NAMESPACE, name: 'one' })
      await town.live(minutes(4))
      expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    })

    it('that was not processed yet is waited for as long as the API server asks', async () => {
      const pending: Fault = { when: 'before', answer: { code: 429, reason: 'TooManyRequests', message: '', retryAfter: 10, details: { causes: [{ reason: 'DisruptionBudget', message: 'The disruption budget one is still being processed by the server.' }] } } }
      const release = await stuck(pending)
      const { nextAttempt, result } = town.actions[0]?.status ?? {}
      expect(result?.reason).to.equal('Throttled')
      const asked = town.cluster.journal.writes.find(({ call }) => isEviction(call))
      expect(Date.parse(nextAttempt ?? '') - (asked?.at ?? 0)).to.be.at.least(10_000)
      release()
      await town.live(minutes(4))
      expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    })

    /** The breaker of the policy, as other acts of it have left it meanwhile. */
    const openBreaker = (): void => {
      const { metadata } = town.cluster.all(HEALING_LEDGERS).find(({ metadata: { name } }) => name.startsWith('policy-')) ?? expect.fail('no ledger')
      town.cluster.change(HEALING_LEDGERS, { namespace: metadata.namespace ?? '', name: metadata.name }, (ledger) => ({
        ...ledger,
        spec: { ...(ledger['spec'] as object), breaker: { state: 'Open', failures: 3, recent: [], openings: 1, openUntil: formatInstant(after(town.clock.now(), hours(1))) } },
      }))
    }

    it('is not carried out when the breaker has opened meanwhile, though the budget lets it', async () => {
      town = new Town()
      town.budget('one')
      await town.start()
      await town.live(minutes(1))
      openBreaker()
      town.cluster.drop(POD_DISRUPTION_BUDGETS, { namespace: NAMESPACE, name: 'one' })
      await town.live(minutes(4))
      expect(town.evictions).to.deep.equal([])
      expect([phase(), reason()]).to.deep.equal(['Cancelled', 'BreakerOpen'])
      expect(town.actions[0]?.status?.result?.message).to.match(/^the circuit breaker is open until /)
      expect(entries()).to.deep.equal([['Settled', 'Cancelled']])
      expect(town.actions).to.have.length(1)
    })

    for (const [title, when, outcome, evictions] of [['has landed', 'after', 'Effective', 1], ['was lost', 'before', 'Inconclusive', 0]] as const) {
      it(`is judged by what has become of a write without an answer that ${title}, when the breaker has opened meanwhile`, async () => {
        town = new Town()
        town.cluster.faults.add((call) => {
          if (!isReal(call)) return undefined
          openBreaker()
          return { when, answer: 'reset' }
        }, 1)
        await town.start()
        await town.live(minutes(4))
        expect(town.evictions).to.have.length(evictions)
        expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal([outcome])
        expect(entries()).to.deep.equal([['Settled', outcome]])
      })
    }

    it('asks nobody while it waits', async () => {
      town = new Town()
      town.budget('one')
      await town.start()
      await town.live(minutes(4))
      const before = town.cluster.journal.entries.length
      const wait = Date.parse(town.actions[0]?.status?.nextAttempt ?? '') - town.clock.now()
      expect(wait).to.be.greaterThan(1000)
      await town.clock.advance((wait - 500) as Millis)
      expect(town.cluster.journal.entries.slice(before).filter(({ call }) => call.verb !== 'watch')).to.deep.equal([])
    })

    it('of its own accord went: nothing is put down to the action', async () => {
      town = new Town()
      town.budget('one')
      await town.start()
      await town.live(minutes(1))
      town.cluster.drop(PODS, POD)
      town.cluster.drop(POD_DISRUPTION_BUDGETS, { namespace: NAMESPACE, name: 'one' })
      await town.live(minutes(2))
      expect([phase(), reason()]).to.deep.equal(['Cancelled', 'TargetGone'])
      expect(town.ledger?.outcomes.effective).to.equal(0)
    })

    it('in a dry run has its answer', async () => {
      town = new Town({ spec: { mode: 'dryrun' } })
      town.budget('one')
      await town.start()
      await town.live(minutes(1))
      expect([phase(), reason()]).to.deep.equal(['Failed', 'DisruptionBudget'])
      expect(town.ledger?.entries).to.deep.equal([])
    })

    it('twice over fails at once', async () => {
      town = new Town()
      town.budget('one')
      town.budget('two')
      await town.start()
      await town.live(minutes(1))
      expect([phase(), reason()]).to.deep.equal(['Failed', 'SeveralDisruptionBudgets'])
      expect(town.attempts).to.equal(0)
    })
  })

  describe('whose write fails', () => {
    for (const [title, answer] of [['a server error', SERVER_ERROR], ['throttling', THROTTLED], ['a broken connection', 'reset']] as const) {
      it(`with ${title} for ever is not tried hot, and ends in time`, async () => {
        await stuck({ when: 'before', answer })
        await town.live(minutes(11))
        expect(phase()).to.equal('Failed')
        expect(town.attempts).to.be.within(10, 60)
        expect(entries()).to.deep.equal([['Settled', 'Failed']])
      })
    }

    it('with 403 names the healer, with 422 the code, and repeats neither', async () => {
      for (const [code, why] of [[403, 'HealerForbidden'], [422, 'WriteRefused']] as const) {
        town = new Town()
        const message = 'SECRET=hunter2'
        town.cluster.faults.add((call) => (isReal(call) ? { when: 'before', answer: { code, reason: 'x', message, causes: [{ message, reason: 'FieldValueInvalid', field: 'spec' }] } } : undefined))
        await town.start()
        await town.live(minutes(2))
        expect([phase(), reason()]).to.deep.equal(['Failed', why])
        expect(town.attempts).to.equal(2)
        const said = JSON.stringify([town.actions, town.policy, town.ledger, town.events, town.logged])
        expect(said).not.to.include('hunter2')
        if (code === 403) await town.stop()
      }
    })

    it('with 401 waits for another token', async () => {
      const release = await stuck({ when: 'before', answer: { code: 401, reason: 'Unauthorized', message: 'Unauthorized' } })
      release()
      await town.live(minutes(4))
      expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    })

    it('ambiguously after minutes of refusals is verified from then on', async () => {
      town = new Town()
      const release = town.cluster.faults.add((call) => (isEviction(call) ? { when: 'before', answer: THROTTLED } : undefined))
      await town.start()
      await town.live(minutes(7))
      release()
      town.cluster.faults.add((call) => (isReal(call) ? { when: 'after', answer: 'reset' } : undefined), 1)
      await town.live(minutes(3))
      expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    })
  })
})
