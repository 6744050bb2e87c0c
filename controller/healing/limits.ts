/**
 * What the ledger has to say against one more act. Ordered, after the guards of the policy and of the object: the first
 * refusal wins and is the one that people see.
 */
import { after, formatInstant, latest, millis, minutes, parseInstant, type Instant } from '../../shared/lib/time.ts'
import { askBreaker } from './breaker.ts'
import { askBudget, isOpen, refuseBudgets, type Budget } from './budget.ts'
import type { Ledger, Request } from './incidents.ts'
import { sameSubject } from './owners.ts'
import type { Refusal } from './refusal.ts'
import { refuseStorm } from './storm.ts'

export interface AdmissionLimits {
  readonly maxActionsPerHour: number
  readonly maxConcurrent: number
  /** Beside the hourly limit. */
  readonly budgets?: readonly Budget[]
  /** Why what policies share does not let it through, as last seen: a storm, another policy's claim, a budget without room. */
  readonly shared?: Refusal | undefined
  /** When the storm gate opens again, in words. */
  readonly calm?: string
}

export interface Question {
  readonly ledger: Ledger
  readonly request: Request
  readonly limits: AdmissionLimits
  readonly now: Instant
}

type LimitGuard = (question: Question) => Refusal | undefined

const inFlight = ({ entries }: Ledger): Ledger['entries'] => entries.filter(({ state }) => state === 'Reserved')

/** They hold for a dry run too: an outage would be a flood of records. */
export const WEATHER_GUARDS: readonly LimitGuard[] = [
  // Much that the policy selects fails at once: the cause is likely elsewhere.
  ({ ledger, limits: { calm } }) => {
    const refusal = refuseStorm(ledger.storm, inFlight(ledger).length > 0, 'of the policy')
    return refusal === undefined || calm === undefined ? refusal : { ...refusal, message: `${refusal.message} (${calm})` }
  },
  // The same of all policies.
  ({ limits: { shared } }) => (shared?.reason === 'StormGate' ? shared : undefined),
]

export const LIMIT_GUARDS: readonly LimitGuard[] = [
  // What is decided and then cancelled again and again is not tried at the speed at which it can be decided.
  ({ ledger, request, now }) => {
    const again = afterCancellations(ledger, request)
    if (again === undefined || now >= again) return undefined
    return { reason: 'CooldownActive', message: `the last acts on this object were cancelled before anything was written; the next one from ${formatInstant(again)}`, recheckAt: again }
  },
  // Another trigger saw the same object: one write is enough for both.
  ({ ledger, request }) => {
    const same = ledger.entries.find((e) => isOpen(e) && e.target === request.target)
    return same === undefined ? undefined : { reason: 'IncidentInProgress', message: `${same.action} acts on the same object` }
  },
  // One of its pods is not acted on while the workload is, nor the other way round.
  ({ ledger, request }) => {
    if (request.approval === true) return undefined
    const { subject } = request.incident
    const mine = new Set(ledger.incidents.filter((i) => sameSubject(i.subject, subject)).map((i) => i.id))
    const other = inFlight(ledger).find((e) => mine.has(e.incident) && e.target !== request.target && [e.target, request.target].includes(subject.uid ?? ''))
    return other === undefined ? undefined : { reason: 'ConcurrencyLimit', message: `${other.action} acts on the same workload` }
  },
  // Nor by two policies: the other one may be mending it. Its ledger is not ours, so the namespace's holds the claim.
  ({ limits: { shared } }) => (shared?.reason === 'ClaimedElsewhere' ? shared : undefined),
  // A person is not asked for more of one workload than could be done at once.
  ({ ledger, request, limits: { maxConcurrent } }) => {
    if (request.approval !== true) return undefined
    const { subject } = request.incident
    const asked = ledger.entries.filter((e) => e.state === 'Waiting' && ledger.incidents.some((i) => i.id === e.incident && sameSubject(i.subject, subject)))
    return asked.length < maxConcurrent ? undefined : { reason: 'ConcurrencyLimit', message: `${asked.length} of ${maxConcurrent} allowed actions wait for approval` }
  },
  // What is being verified is in flight too: nobody knows yet whether it helps.
  ({ ledger, limits: { maxConcurrent } }) => {
    const busy = inFlight(ledger).length
    return busy < maxConcurrent ? undefined : { reason: 'ConcurrencyLimit', message: `${busy} of ${maxConcurrent} allowed actions are in flight` }
  },
  // The hour of the policy.
  ({ ledger, limits, now }) => refuseHour(ledger.entries, limits, now),
  // Its other budgets.
  ({ ledger, limits: { budgets = [] }, now }) => refuseBudgets(ledger.entries, budgets, now),
  // Those that it shares: of its namespace, then of the cluster.
  ({ limits: { shared } }) => shared,
  // Acting did not help. After the budgets, since one that is half-open lets only one through, which must have a slot.
  ({ ledger: { breaker }, now }) => refuseBreaker(breaker, now),
]

export function refuseHour(entries: Ledger['entries'], { maxActionsPerHour }: Pick<AdmissionLimits, 'maxActionsPerHour'>, now: Instant): Refusal | undefined {
  const { admitted, used, nextFreeSlot } = askBudget(entries, maxActionsPerHour, now)
  if (admitted) return undefined
  return { reason: 'RateLimited', message: `${used} of ${maxActionsPerHour} actions of this hour are used up`, ...(nextFreeSlot === undefined ? {} : { recheckAt: nextFreeSlot }) }
}

/** The first one may be repeated at once; then the pause doubles. */
const FIRST_PAUSE = minutes(1)
const LONGEST_PAUSE = minutes(30)

/** When an object may be acted on again whose acts were cancelled, as far back as the ledger goes. */
function afterCancellations({ entries }: Ledger, { target }: Request): Instant | undefined {
  const times = entries.flatMap((e) => (e.target === target && e.outcome === 'Cancelled' ? (parseInstant(e.settledAt) ?? []) : []))
  const [first, ...others] = times
  if (first === undefined || others.length === 0) return undefined
  return after(others.reduce(latest, first), millis(Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (others.length - 1))))
}

function refuseBreaker(breaker: Ledger['breaker'], now: Instant): Refusal | undefined {
  const answer = askBreaker(breaker, now)
  if (answer.kind !== 'Refused') return undefined
  const { until } = answer
  return { reason: 'BreakerOpen', message: whyOpen(breaker.state, until), ...(until === undefined ? {} : { recheckAt: until }) }
}

/** Before each write of what was reserved while the breaker was closed: it may have opened since. Its probe is another one. */
export const refuseLate = ({ breaker }: Ledger, action: string): Refusal | undefined =>
  breaker.state === 'Closed' || breaker.probe === action ? undefined : { reason: 'BreakerOpen', message: whyOpen(breaker.state, parseInstant(breaker.openUntil)) }

export function refuseBy(guards: readonly LimitGuard[], question: Question): Refusal | undefined {
  for (const guard of guards) {
    const refusal = guard(question)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function whyOpen(state: Ledger['breaker']['state'], until: Instant | undefined): string {
  if (until !== undefined) return `the circuit breaker is open until ${formatInstant(until)}: acting did not help`
  return state === 'Open' ? 'the circuit breaker is open, and until when cannot be read' : 'the circuit breaker is half-open and its probe is under way'
}
