/**
 * The durable memory as data: reserve, confirm, settle, abandon. Each function takes a ledger and returns the next one;
 * the adapter swaps it in by compare-and-swap and calls again on the fresh one when it lost.
 */
import { formatInstant, hours, latest, parseInstant, type Instant, type Millis } from '../../shared/lib/time.ts'
import { admitProbe, askBreaker, closedBreaker, settleBreaker, type BreakerOptions, type Verdict } from './breaker.ts'
import { isOpen, refuseBudgets, trimmed, WINDOW, type Entry } from './budget.ts'
import { afterNothing, afterOutcome, openIncident, refuseIncident, refuseStep, type Ledger, type Outcome, type Request, type Settlement } from './incidents.ts'
import { BELIEVED, isLoop } from './recurrence.ts'
import { LIMIT_GUARDS, refuseBy, refuseHour, refuseLate, WEATHER_GUARDS, type AdmissionLimits } from './limits.ts'
import type { Refusal } from './refusal.ts'
import { refuseStorm } from './storm.ts'

export type { AdmissionLimits } from './limits.ts'
export type { Incident, Ledger, Outcome, Request, Settlement, Upkeep } from './incidents.ts'

/** A ledger outlives its policy by this: deleting and recreating a policy resets nothing for a day. */
export const LEDGER_AFTERLIFE = hours(24)

/** Bound of the schema. */
const MAX_ENTRIES = 256
/** The object stays under 64 kB with its metadata, and with what settling the acts in flight will add. */
const MAX_BYTES = 52_000

export const emptyLedger = (policy: { readonly namespace: string; readonly name: string }): Ledger => ({
  policy: { namespace: policy.namespace, name: policy.name },
  nextOrdinal: 0,
  entries: [],
  breaker: closedBreaker,
  incidents: [],
  outcomes: { effective: 0, ineffective: 0, inconclusive: 0, failed: 0 },
})

/** `loop`: it would be one remedy too many of its cause, and escalates (`escalateLoop`). */
export type Admission = { readonly ledger: Ledger } | { readonly refusal: Refusal; readonly loop?: true }

const refuse = (reason: Refusal['reason'], message: string, recheckAt?: Instant): Admission => ({
  refusal: { reason, message, ...(recheckAt === undefined ? {} : { recheckAt }) },
})

/** Cooldown, incident, concurrency, breaker and hourly limit in one step, and the reservation when all of them admit. */
export function reserve(ledger: Ledger, request: Request, limits: AdmissionLimits, now: Instant): Admission {
  const held = ledger.entries.find((e) => e.action === request.action)
  // What may have been written already is not begun again under the same name: its action is there, or nobody knows what came of it.
  if (held !== undefined) return isOpen(held) && held.tried !== true ? { ledger } : refuse('AlreadyTried', `${request.action} has been tried`)
  const refusal = refuseIncident(ledger, request, now)
  if (refusal !== undefined) return { refusal }
  const stormy = refuseBy(WEATHER_GUARDS, { ledger, request, limits, now })
  if (stormy !== undefined) return { refusal: stormy }
  const { trigger, subject } = request.incident
  if (!request.dryRun && request.remedy === true && isLoop(ledger, trigger, subject, now, request.formerly)) {
    return { refusal: { reason: 'Escalated', message: `${subject.kind}/${subject.name} was healed ${BELIEVED} times within 24 hours and is broken again: a person has to look` }, loop: true }
  }
  const opened = openIncident(ledger, request, now)
  return bounded(request.dryRun ? { ledger: opened } : reserveSlot(opened, request, limits, now))
}

function reserveSlot(ledger: Ledger, request: Request, limits: AdmissionLimits, now: Instant): Admission {
  const refusal = refuseBy(LIMIT_GUARDS, { ledger, request, limits, now })
  if (refusal !== undefined) return { refusal }
  const { budgets = [] } = limits
  const probe = askBreaker(ledger.breaker, now).kind === 'Probe'
  const longest = budgets.reduce<Millis>((span, { per }) => (per > span ? per : span), WINDOW)
  const base = { action: request.action, incident: request.incident.id, target: request.target, reservedAt: formatInstant(now), ...(request.remedy === true ? { remedy: true } : {}) }
  // Asked for only when it could be done now; the slot is taken when it is.
  if (request.approval === true) return { ledger: { ...ledger, entries: [...trimmed(ledger.entries, now, longest), { ...base, state: 'Waiting' }] } }
  const entry: Entry = { ...base, state: 'Reserved', ...(probe ? { probe } : {}) }
  return {
    ledger: { ...ledger, entries: [...trimmed(ledger.entries, now, longest), entry], breaker: probe ? admitProbe(ledger.breaker, request.action) : ledger.breaker },
  }
}

/** As if it had never been asked for: nothing was made of it, since a budget that policies share had no room. */
export function release(ledger: Ledger, action: string, options: BreakerOptions, now: Instant): Ledger {
  const held = ledger.entries.find((e) => e.action === action)
  if (held === undefined || held.state !== 'Reserved' || held.tried === true) return ledger
  const abandoned = abandon(ledger, action, options, now)
  return { ...abandoned, entries: abandoned.entries.filter((e) => e.action !== action) }
}

function bounded(admission: Admission): Admission {
  if ('refusal' in admission) return admission
  const { ledger } = admission
  const full = ledger.entries.length > MAX_ENTRIES || JSON.stringify(ledger).length > MAX_BYTES
  return full ? refuse('LedgerFull', `${ledger.entries.length} actions and ${ledger.incidents.length} incidents are all that the ledger holds`) : admission
}

/** The live check just before each try of the write: the reservation stands, and its hour begins now. `limits`: of the policy as it is now; absent: some of it is done. */
export function confirm(ledger: Ledger, action: string, now: Instant, limits?: Pick<AdmissionLimits, 'maxActionsPerHour' | 'budgets'>): Admission {
  const held = ledger.entries.find((e) => e.action === action && e.state === 'Reserved')
  if (held === undefined) return refuse('NotReserved', `the ledger holds no reservation for ${action}`)
  // A storm that began since the decision. One that eases let it through.
  const stormy = refuseStorm(ledger.storm, false, 'of the policy')
  if (stormy !== undefined) return { refusal: stormy }
  // Nor is it written when others have shown meanwhile that acting does not help, however long it has been tried (I9).
  const late = refuseLate(ledger, action)
  if (late !== undefined) return { refusal: late }
  // Lowered while it was tried: what others have used of the hour leaves it no room (I2).
  const others = ledger.entries.filter((e) => e !== held)
  const full = limits === undefined ? undefined : (refuseHour(others, limits, now) ?? refuseBudgets(others, limits.budgets ?? [], now))
  if (full !== undefined) return { refusal: full }
  const at = parseInstant(held.reservedAt)
  return { ledger: replaceEntry(ledger, { ...held, tried: true, reservedAt: formatInstant(at === undefined ? now : latest(at, now)) }) }
}

/** A request that was approved takes its slot, by the limits of now: as `reserve`, and confirmed in the same step. */
export function confirmApproved(ledger: Ledger, request: Request, limits: AdmissionLimits, now: Instant): Admission {
  const held = ledger.entries.find((e) => e.action === request.action)
  if (held?.state !== 'Waiting') return confirm(ledger, request.action, now, limits)
  const refusal = refuseStep(ledger, request)
  if (refusal !== undefined) return { refusal }
  const without: Ledger = { ...ledger, entries: ledger.entries.filter((e) => e !== held) }
  const stormy = refuseBy(WEATHER_GUARDS, { ledger: without, request, limits, now })
  if (stormy !== undefined) return { refusal: stormy }
  const admission = bounded(reserveSlot(without, { ...request, approval: false, ...(held.remedy === true ? { remedy: true } : {}) }, limits, now))
  return 'refusal' in admission ? admission : confirm(admission.ledger, request.action, now)
}

const replaceEntry = (ledger: Ledger, entry: Entry): Ledger => ({
  ...ledger,
  entries: ledger.entries.map((e) => (e.action === entry.action ? entry : e)),
})

const VERDICT: Readonly<Record<Outcome, Verdict>> = {
  Effective: 'Effective',
  Ineffective: 'Ineffective',
  Inconclusive: 'Inconclusive',
  Failed: 'NotDone',
  Cancelled: 'NotDone',
  Rejected: 'NotDone',
  Expired: 'NotDone',
}

/** From when on it counts: what was written has landed by then, and not before its reservation. Unreadable stays so (I19). */
function counted(reservedAt: string, landedBy: Instant): string {
  const at = parseInstant(reservedAt)
  return at === undefined ? reservedAt : formatInstant(latest(at, landedBy))
}

/** Idempotent: a second settlement of one action changes nothing. */
export function settle(ledger: Ledger, settlement: Settlement, options: BreakerOptions, now: Instant): Ledger {
  const held = ledger.entries.find((e) => e.action === settlement.action)
  if (held === undefined || !isOpen(held)) return ledger
  const { outcome } = settlement
  // It took nothing, so nothing of it counts.
  if (held.state === 'Waiting') return afterOutcome({ ...ledger, entries: ledger.entries.filter((e) => e !== held) }, held, settlement, now)
  // What was not waiting any more was cancelled like any other.
  const reservedAt = held.tried === true ? counted(held.reservedAt, settlement.landedBy ?? now) : held.reservedAt
  const entry: Entry = { ...held, reservedAt, state: 'Settled', outcome: outcome === 'Rejected' || outcome === 'Expired' ? 'Cancelled' : outcome, settledAt: formatInstant(now) }
  const settled: Ledger = {
    ...replaceEntry(ledger, entry),
    breaker: settleBreaker(ledger.breaker, entry.action, VERDICT[outcome], now, options),
    outcomes: tallied(ledger.outcomes, outcome),
  }
  return afterOutcome(settled, entry, settlement, now)
}

function tallied(outcomes: Ledger['outcomes'], outcome: Outcome): Ledger['outcomes'] {
  switch (outcome) {
    case 'Effective':
      return { ...outcomes, effective: outcomes.effective + 1 }
    case 'Ineffective':
      return { ...outcomes, ineffective: outcomes.ineffective + 1 }
    case 'Inconclusive':
      return { ...outcomes, inconclusive: outcomes.inconclusive + 1 }
    case 'Failed':
      return { ...outcomes, failed: outcomes.failed + 1 }
    case 'Cancelled':
    case 'Rejected':
    case 'Expired':
      return outcomes
    default:
      return outcome satisfies never
  }
}

/**
 * A reservation whose action is not there: never made, or deleted by a person. It still counts for its hour; and when a
 * write may have been sent, nothing is known of what came of it.
 */
export function abandon(ledger: Ledger, action: string, options: BreakerOptions, now: Instant): Ledger {
  const held = ledger.entries.find((e) => e.action === action)
  if (held === undefined || !isOpen(held)) return ledger
  if (held.state === 'Waiting') return settle(ledger, { action, outcome: 'Cancelled', rung: 0, ladder: 0 }, options, now)
  if (held.tried === true) {
    // The rung does not change for an outcome that says nothing.
    return settle(ledger, { action, outcome: 'Inconclusive', rung: 0, ladder: 0 }, options, now)
  }
  const entry: Entry = { ...held, state: 'Abandoned', settledAt: formatInstant(now) }
  const without: Ledger = { ...replaceEntry(ledger, entry), breaker: settleBreaker(ledger.breaker, action, 'NotDone', now, options) }
  return afterNothing(without, entry, now)
}
