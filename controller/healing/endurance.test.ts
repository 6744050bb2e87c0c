/** Limits that hold for years: over restarts, jumps of clocks, writes that land late, and beside a second leader. */
import { expect } from 'chai'
import { hours, minutes } from '../../shared/lib/time.ts'
import { seededRandom } from '../../shared/testing/fake-clock.ts'
import { confirm, emptyLedger, release, reserve, settle, type Admission, type Ledger } from './ledger.ts'
import type { Refusal } from './refusal.ts'
import { emptyBudget, hasSlot, landed, releaseSlot, takeSlot, type SharedBudget } from './shared-budget.ts'
import { live, type Log } from './testing/endurance.ts'
import { BREAKER, requestFor } from './testing/ledger-model.ts'

const LIMIT = 5
const POLICY = { namespace: 'shop', name: 'cart' }
const LIMITS = { maxActionsPerHour: LIMIT, maxConcurrent: LIMIT }

/** For want of room, and for nothing else: what is in flight takes it too. A copy may be too old to know of a reservation. */
const EXPECTED: readonly Refusal['reason'][] = ['BudgetExhausted', 'RateLimited', 'ConcurrencyLimit', 'NotReserved']

function admitted<Held>(answer: { readonly ledger: Held } | { readonly refusal: Refusal }): Held | undefined {
  if ('ledger' in answer) return answer.ledger
  if (!EXPECTED.includes(answer.refusal.reason)) throw new Error(answer.refusal.message)
  return undefined
}

const ofCluster: Log<SharedBudget> = {
  empty: emptyBudget({ scope: 'Cluster' }),
  ask: (budget, action, now) => admitted(takeSlot(budget, { action, policy: POLICY }, LIMIT, now)),
  confirm: (budget, action, now) => admitted(takeSlot(budget, { action, policy: POLICY }, LIMIT, now)),
  ended: (budget, action, by) => (hasSlot(budget, action) ? landed(budget, action, by) : undefined),
  dropped: (budget, action) => (hasSlot(budget, action) ? releaseSlot(budget, action) : undefined),
}

const reserved = (ledger: Ledger, action: string, now: Parameters<typeof reserve>[3]): Admission =>
  reserve(ledger, { ...requestFor(ledger, `web-${action.length}`, `uid-${action}`), action }, LIMITS, now)
const known = (ledger: Ledger, action: string, next: Ledger): Ledger | undefined => (ledger.entries.some((e) => e.action === action) ? next : undefined)
const ofPolicy: Log<Ledger> = {
  empty: emptyLedger(POLICY),
  ask: (ledger, action, now) => admitted(reserved(ledger, action, now)),
  confirm: (ledger, action, now) => admitted(confirm(ledger, action, now)),
  ended: (ledger, action, landedBy, now) => known(ledger, action, settle(ledger, { action, outcome: 'Effective', rung: 0, ladder: 1, landedBy }, BREAKER, now)),
  dropped: (ledger, action, now) => known(ledger, action, release(ledger, action, BREAKER, now)),
}

const STEPS = 10_000_000
const RESTARTS = 50

function endures<State>(log: Log<State>): void {
  const lived = live(log, { limit: LIMIT, steps: STEPS, random: seededRandom(7) })
  const told = JSON.stringify(lived)
  expect(lived.closest, `so many and one more landed within less than an hour: ${told}`).to.be.at.least(hours(1))
  expect(lived.latest, `refused though there was room: ${told}`).to.equal(0)
  // It was a life in which something happened.
  expect(lived.closest, told).to.be.below(hours(1) + minutes(1))
  expect(lived.restarts, told).to.be.at.least(RESTARTS)
  for (const count of [lived.jumps, lived.conflicts, lived.refused, lived.landed]) expect(count, told).to.be.above(lived.restarts)
}

describe('for years, at most so many acts land in any hour, and none is refused while there is room', function () {
  this.timeout(300_000)
  it('of the whole cluster, over ten million steps', () => endures(ofCluster))
  it('of a policy, over ten million steps', () => endures(ofPolicy))
})
