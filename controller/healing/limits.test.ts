import { expect } from 'chai'
import { formatInstant, hours, minutes } from '../../shared/lib/time.ts'
import type { Ledger, Request } from './incidents.ts'
import { emptyLedger } from './ledger.ts'
import { LIMIT_GUARDS, refuseBy, WEATHER_GUARDS, type AdmissionLimits } from './limits.ts'
import type { Refusal, RefusalReason } from './refusal.ts'
import { at, cart } from './testing/builders.ts'
import { requestFor } from './testing/ledger-model.ts'

const EMPTY = emptyLedger({ namespace: 'shop', name: 'cart' })
const entry = (action: string, overrides: Partial<Ledger['entries'][number]> = {}): Ledger['entries'][number] => ({
  action, incident: 'inc', target: `uid-${action}`, reservedAt: formatInstant(at(-60_000)), state: 'Settled', outcome: 'Effective', ...overrides,
})
const holding = (...entries: Ledger['entries']): Ledger => ({ ...EMPTY, entries })
const REQUEST = requestFor(EMPTY, 'cart', 'uid-cart-0')
const cancelled = (after: number, target: string = REQUEST.target): Ledger['entries'][number] =>
  entry(`cancelled${after}`, { target, outcome: 'Cancelled', reservedAt: formatInstant(at(after)), settledAt: formatInstant(at(after)) })
const ASKED: Request = { ...REQUEST, approval: true }
const waiting: Ledger = {
  ...holding(entry('a', { state: 'Waiting' })),
  incidents: [{ id: 'inc', trigger: 'crashing', subject: cart.ref, ordinal: 0, openedAt: formatInstant(at(0)), state: 'Open', rung: 0 }],
}
const full: Refusal = { reason: 'BudgetExhausted', message: '1 of 1 actions of the whole cluster in this hour are used up' }
const stormy: Refusal = { reason: 'StormGate', message: 'too many objects of all policies' }
const claimed: Refusal = { reason: 'ClaimedElsewhere', message: 'stock-restart of policy shop/stock acts on Deployment/cart' }
const open: Ledger['breaker'] = { state: 'Open', failures: 3, recent: [], openings: 1, openUntil: formatInstant(at(minutes(5))) }

interface Case {
  readonly title: string
  readonly ledger?: Ledger
  readonly request?: Request
  readonly limits?: Partial<AdmissionLimits>
  readonly reason: RefusalReason | undefined
}

const CASES: readonly Case[] = [
  { title: 'a first act is admitted', reason: undefined },
  { title: 'in a storm of the policy nothing is', ledger: { ...EMPTY, storm: { since: formatInstant(at(0)) } }, reason: 'StormGate' },
  { title: 'while a storm eases the first act is', ledger: { ...EMPTY, storm: { since: formatInstant(at(0)), easingSince: formatInstant(at(0)) } }, reason: undefined },
  { title: 'while a storm eases a second one beside it is not', ledger: { ...holding(entry('a', { state: 'Reserved' })), storm: { since: formatInstant(at(0)), easingSince: formatInstant(at(0)) } }, limits: { maxConcurrent: 9 }, reason: 'StormGate' },
  { title: 'in a storm of the cluster nothing is', limits: { shared: stormy }, reason: 'StormGate' },
  { title: 'a second write to one object is not', ledger: holding(entry('a', { state: 'Reserved', target: REQUEST.target })), limits: { maxConcurrent: 9 }, reason: 'IncidentInProgress' },
  { title: 'one on a pod is not while its workload is acted on', ledger: { ...waiting, entries: [entry('a', { state: 'Reserved', target: cart.ref.uid })] }, limits: { maxConcurrent: 9 }, reason: 'ConcurrencyLimit' },
  { title: 'one on another pod is while a pod is acted on', ledger: { ...waiting, entries: [entry('a', { state: 'Reserved' })] }, limits: { maxConcurrent: 9 }, reason: undefined },
  { title: 'one on a workload that another policy acts on is not', limits: { shared: claimed }, reason: 'ClaimedElsewhere' },
  { title: 'nobody is asked about a workload that another policy acts on', request: ASKED, limits: { shared: claimed }, reason: 'ClaimedElsewhere' },
  { title: 'a second question about one workload is not', ledger: waiting, request: ASKED, reason: 'ConcurrencyLimit' },
  { title: 'a second question about one workload is where two may be in flight', ledger: waiting, request: ASKED, limits: { maxConcurrent: 2 }, reason: undefined },
  { title: 'one on an object whose act was cancelled once is', ledger: holding(cancelled(0)), limits: { maxConcurrent: 9 }, reason: undefined },
  { title: 'just before a minute after the second cancellation none is', ledger: holding(cancelled(-90_000), cancelled(-59_999)), reason: 'CooldownActive' },
  { title: 'a minute after the second cancellation one is', ledger: holding(cancelled(-90_000), cancelled(-60_000)), reason: undefined },
  { title: 'just before two minutes after the third cancellation none is', ledger: holding(cancelled(-240_000), cancelled(-180_000), cancelled(-119_999)), reason: 'CooldownActive' },
  { title: 'two minutes after the third cancellation one is', ledger: holding(cancelled(-240_000), cancelled(-180_000), cancelled(-120_000)), reason: undefined },
  { title: 'one on another object is', ledger: holding(cancelled(-1, 'uid-other'), cancelled(0, 'uid-other')), reason: undefined },
  { title: 'just below the concurrency one is', ledger: holding(entry('a', { state: 'Reserved' })), limits: { maxConcurrent: 2 }, reason: undefined },
  { title: 'at the concurrency none is', ledger: holding(entry('a', { state: 'Reserved' })), reason: 'ConcurrencyLimit' },
  { title: 'just below the hourly limit one is', ledger: holding(entry('a')), limits: { maxActionsPerHour: 2 }, reason: undefined },
  { title: 'at the hourly limit none is', ledger: holding(entry('a')), limits: { maxActionsPerHour: 1 }, reason: 'RateLimited' },
  { title: 'at a further budget none is', ledger: holding(entry('a')), limits: { budgets: [{ actions: 1, per: hours(2), during: undefined }] }, reason: 'BudgetExhausted' },
  { title: 'where a shared budget is used up none is', limits: { shared: full }, reason: 'BudgetExhausted' },
  { title: 'through an open breaker none is', ledger: { ...EMPTY, breaker: open }, reason: 'BreakerOpen' },
  { title: 'through a half-open breaker one is', ledger: { ...EMPTY, breaker: { ...open, openUntil: formatInstant(at(0)) } }, reason: undefined },
]

const refused = ({ ledger = EMPTY, request = REQUEST, limits = {} }: Case, guards = [...WEATHER_GUARDS, ...LIMIT_GUARDS]): RefusalReason | undefined =>
  refuseBy(guards, { ledger, request, limits: { maxActionsPerHour: 5, maxConcurrent: 1, ...limits }, now: at(0) })?.reason

describe('limits', () => {
  for (const example of CASES) it(example.title, () => expect(refused(example)).to.equal(example.reason))

  it('each of them is missed when it is taken out', () => {
    const all = [...WEATHER_GUARDS, ...LIMIT_GUARDS]
    // Of a storm of the cluster both the weather and the shared budget know; the first names it before concurrency.
    const busy = { title: '', ledger: holding(entry('a', { state: 'Reserved' })), limits: { shared: stormy }, reason: 'StormGate' } as const
    expect(refused(busy)).to.equal('StormGate')
    // So does whoever asks the shared budgets of another policy's claim: it is named before concurrency too.
    const held = { title: '', ledger: holding(entry('a', { state: 'Reserved' })), limits: { shared: claimed }, reason: 'ClaimedElsewhere' } as const
    expect(refused(held)).to.equal('ClaimedElsewhere')
    for (const guard of all) {
      const others = all.filter((other) => other !== guard)
      expect([...CASES, busy, held].filter((example) => refused(example, others) !== example.reason), `guard ${all.indexOf(guard)}`).to.have.length.greaterThan(0)
    }
  })

  it('refuse in their order: storm, the object, concurrency, budgets, breaker', () => {
    const ledger: Ledger = { ...holding(entry('a', { state: 'Reserved', target: REQUEST.target })), storm: { since: formatInstant(at(0)) }, breaker: open }
    const question = { ledger, request: REQUEST, limits: { maxActionsPerHour: 1, maxConcurrent: 1, budgets: [{ actions: 1, per: hours(2), during: undefined }], shared: full }, now: at(0) }
    const reasons = [...WEATHER_GUARDS, ...LIMIT_GUARDS].flatMap((guard) => guard(question)?.reason ?? [])
    expect(reasons).to.deep.equal(['StormGate', 'IncidentInProgress', 'ConcurrencyLimit', 'RateLimited', 'BudgetExhausted', 'BudgetExhausted', 'BreakerOpen'])
  })
})
