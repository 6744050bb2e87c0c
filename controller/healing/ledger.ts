/**
 * The durable memory as data: reserve, settle, abandon, and the upkeep of incidents. Each function takes a ledger and
 * returns the next one; the adapter swaps it in by compare-and-swap and calls again on the fresh one when it lost.
 */
import { after, formatInstant, latest, parseInstant, type Instant, type Millis } from '../../shared/lib/time.ts'
import type { HealingLedgerSpec, ObjectReference } from '../../shared/api/v1alpha1/types.ts'
import { admitProbe, askBreaker, closedBreaker, settleBreaker, type BreakerOptions, type Verdict } from './breaker.ts'
import { askBudget, trimmed, type Entry } from './budget.ts'
import { sameSubject } from './owners.ts'
import type { Refusal } from './refusal.ts'

export type Ledger = HealingLedgerSpec
export type Incident = Ledger['incidents'][number]

/** Bounds of the schema. */
const MAX_INCIDENTS = 64
const MAX_ENTRIES = 256

export const emptyLedger = (policy: { readonly namespace: string; readonly name: string }): Ledger => ({
  policy: { namespace: policy.namespace, name: policy.name },
  nextOrdinal: 0,
  entries: [],
  breaker: closedBreaker,
  incidents: [],
  outcomes: { effective: 0, ineffective: 0, inconclusive: 0, failed: 0 },
})

/** What an act asks for. */
export interface Request {
  /** Name of the HealingAction: a successor after a crash takes over the reservation of that name. */
  readonly action: string
  readonly target: string
  readonly dryRun: boolean
  readonly incident: Pick<Incident, 'id' | 'trigger' | 'subject' | 'ordinal' | 'rung'>
}

export interface AdmissionLimits {
  readonly maxActionsPerHour: number
  readonly maxConcurrent: number
}

export type Admission = { readonly ledger: Ledger } | { readonly refusal: Refusal }

/** Cooldown, incident, concurrency, breaker and hourly limit in one step, and the reservation when all of them admit. */
export function reserve(ledger: Ledger, request: Request, limits: AdmissionLimits, now: Instant): Admission {
  const refuse = (reason: Refusal['reason'], message: string, recheckAt?: Instant): Admission => ({
    refusal: { reason, message, ...(recheckAt === undefined ? {} : { recheckAt }) },
  })
  const { incident } = request
  if (ledger.entries.some((e) => e.action === request.action)) {
    const held = ledger.entries.find((e) => e.action === request.action && e.state === 'Reserved')
    return held === undefined ? refuse('AlreadyTried', `${request.action} has been tried`) : { ledger }
  }
  const known = ledger.incidents.find((i) => i.id === incident.id)
  if (known === undefined) {
    const former = findIncident(ledger, incident.trigger, incident.subject)
    const until = parseInstant(former?.cooldownUntil)
    if (former !== undefined && former.state !== 'Ended') return refuse('IncidentInProgress', `incident ${former.id} is still open`)
    if (until !== undefined && now < until) {
      return refuse('CooldownActive', `the last incident of ${incident.subject.kind}/${incident.subject.name} ended a short while ago; acting again from ${formatInstant(until)}`, until)
    }
    if (incident.ordinal < ledger.nextOrdinal) return refuse('IncidentInProgress', 'another incident took this number')
    if (ledger.incidents.filter((i) => i.state !== 'Ended').length >= MAX_INCIDENTS) return refuse('LedgerFull', `${MAX_INCIDENTS} incidents are open`)
  } else if (known.state !== 'Open') {
    return refuse(known.state === 'Escalated' ? 'Escalated' : 'IncidentInProgress', `incident ${known.id} is ${known.state}`)
  }
  const opened = openIncident(ledger, request, now)
  if (request.dryRun) return { ledger: opened }

  const inFlight = ledger.entries.filter((e) => e.state === 'Reserved')
  if (inFlight.length >= limits.maxConcurrent) {
    return refuse('ConcurrencyLimit', `${inFlight.length} of ${limits.maxConcurrent} allowed actions are in flight`)
  }
  const breaker = askBreaker(ledger.breaker, now)
  if (breaker.kind === 'Refused') {
    return refuse(
      'BreakerOpen',
      breaker.until === undefined
        ? 'the circuit breaker is half-open and its probe is under way'
        : `the circuit breaker is open until ${formatInstant(breaker.until)}: acting did not help`,
      breaker.until,
    )
  }
  const budget = askBudget(ledger.entries, limits.maxActionsPerHour, now)
  if (!budget.admitted) {
    return refuse('RateLimited', `${budget.used} of ${limits.maxActionsPerHour} actions of this hour are used up`, budget.nextFreeSlot)
  }
  if (ledger.entries.length >= MAX_ENTRIES) return refuse('LedgerFull', `${MAX_ENTRIES} actions are on record`)
  const probe = breaker.kind === 'Probe'
  const entry: Entry = {
    action: request.action,
    incident: incident.id,
    target: request.target,
    reservedAt: formatInstant(now),
    state: 'Reserved',
    ...(probe ? { probe } : {}),
  }
  return {
    ledger: {
      ...opened,
      entries: [...trimmed(opened.entries, now), entry],
      breaker: probe ? admitProbe(opened.breaker, request.action) : opened.breaker,
    },
  }
}

function openIncident(ledger: Ledger, { incident, action, dryRun }: Request, now: Instant): Ledger {
  const known = ledger.incidents.find((i) => i.id === incident.id)
  const { quietSince: _, ...base } = known ?? { ...incident, openedAt: formatInstant(now), state: 'Open' as const }
  const next: Incident = { ...base, rung: incident.rung, lastAction: action, ...(dryRun ? { dryRun } : {}) }
  // The predecessor of the same trigger and workload has done its duty once its cooldown is over.
  const others = ledger.incidents.filter((i) => i.id !== incident.id && !(i.state === 'Ended' && isSame(i, incident.trigger, incident.subject)))
  return { ...ledger, nextOrdinal: Math.max(ledger.nextOrdinal, incident.ordinal + 1), incidents: [...others, next].slice(-2 * MAX_INCIDENTS) }
}

const isSame = (incident: Incident, trigger: string, subject: ObjectReference): boolean =>
  incident.trigger === trigger && sameSubject(incident.subject, subject)

/** The incident of this trigger and workload: the one that is not ended, else the one that ended last. */
export function findIncident(ledger: Ledger, trigger: string, subject: ObjectReference): Incident | undefined {
  const mine = ledger.incidents.filter((i) => isSame(i, trigger, subject)).sort((a, b) => a.ordinal - b.ordinal)
  return mine.findLast((i) => i.state !== 'Ended') ?? mine.at(-1)
}

/** The live check just before the write: the reservation stands, and its hour begins now. */
export function confirm(ledger: Ledger, action: string, now: Instant): Admission {
  const held = ledger.entries.find((e) => e.action === action && e.state === 'Reserved')
  if (held === undefined) return { refusal: { reason: 'NotReserved', message: `the ledger holds no reservation for ${action}` } }
  const at = parseInstant(held.reservedAt)
  return { ledger: replaceEntry(ledger, { ...held, reservedAt: formatInstant(at === undefined ? now : latest(at, now)) }) }
}

const replaceEntry = (ledger: Ledger, entry: Entry): Ledger => ({
  ...ledger,
  entries: ledger.entries.map((e) => (e.action === entry.action ? entry : e)),
})

export type Outcome = NonNullable<Entry['outcome']>

const VERDICT: Readonly<Record<Outcome, Verdict>> = {
  Effective: 'Effective',
  Ineffective: 'Ineffective',
  Inconclusive: 'Inconclusive',
  Failed: 'NotDone',
  Cancelled: 'NotDone',
}

export interface Settlement {
  readonly action: string
  readonly outcome: Outcome
  readonly rung: number
  /** Rungs of the ladder now; 0 when the policy is gone. */
  readonly ladder: number
  /** Since when the workload has been healthy; counts towards the end of the incident. */
  readonly healthySince?: Instant | undefined
}

/** Idempotent: a second settlement of one action changes nothing. */
export function settle(ledger: Ledger, settlement: Settlement, options: BreakerOptions, now: Instant): Ledger {
  const entry = ledger.entries.find((e) => e.action === settlement.action)
  if (entry === undefined || entry.state !== 'Reserved') return ledger
  const { outcome } = settlement
  return {
    ...replaceEntry(ledger, { ...entry, state: 'Settled', outcome, settledAt: formatInstant(now) }),
    breaker: settleBreaker(ledger.breaker, entry.action, VERDICT[outcome], now, options),
    incidents: ledger.incidents.map((i) => (i.id === entry.incident && i.state === 'Open' ? afterOutcome(i, settlement, now) : i)),
    outcomes: counted(ledger.outcomes, outcome),
  }
}

function afterOutcome(incident: Incident, { outcome, rung, ladder, healthySince }: Settlement, now: Instant): Incident {
  switch (outcome) {
    case 'Effective':
      return healthySince === undefined ? incident : { ...incident, quietSince: formatInstant(healthySince) }
    // Does not advance the ladder: nothing was learnt.
    case 'Inconclusive':
      return incident
    case 'Ineffective':
    case 'Failed': {
      // Two acts of one rung may both fail: the next rung follows once.
      const next = Math.max(incident.rung, rung + 1)
      return next >= ladder ? { ...incident, rung: Math.min(next, Math.max(0, ladder - 1)), state: 'Escalated' } : { ...incident, rung: next }
    }
    case 'Cancelled':
      // Nothing was done, so there is nothing to cool down from; a new decision gets a name of its own.
      return ended(incident, now, undefined)
    default:
      return outcome satisfies never
  }
}

function counted(outcomes: Ledger['outcomes'], outcome: Outcome): Ledger['outcomes'] {
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
      return outcomes
    default:
      return outcome satisfies never
  }
}

/** A reservation whose action was never made: it still counts for its hour, and its incident is over. */
export function abandon(ledger: Ledger, action: string, options: BreakerOptions, now: Instant): Ledger {
  const entry = ledger.entries.find((e) => e.action === action)
  if (entry === undefined || entry.state !== 'Reserved') return ledger
  return {
    ...replaceEntry(ledger, { ...entry, state: 'Abandoned', settledAt: formatInstant(now) }),
    breaker: settleBreaker(ledger.breaker, action, 'NotDone', now, options),
    incidents: ledger.incidents.map((i) => (i.id === entry.incident && i.state === 'Open' ? ended(i, now, undefined) : i)),
  }
}

const ended = (incident: Incident, now: Instant, cooldownUntil: Instant | undefined): Incident => ({
  ...incident,
  state: 'Ended',
  endedAt: formatInstant(now),
  ...(cooldownUntil === undefined ? {} : { cooldownUntil: formatInstant(cooldownUntil) }),
})

export interface Upkeep {
  readonly now: Instant
  readonly stabilizationWindow: Millis
  readonly dryRun: boolean
  /** Cooldown of a trigger; undefined when the policy no longer has it. */
  readonly cooldown: (trigger: string) => Millis | undefined
  /** Whether the trigger is pending or firing on the workload, or cannot be judged for want of data. */
  readonly troubled: (incident: Incident) => boolean
}

/**
 * Incidents that have been quiet for the stabilization window end, and their cooldown begins; quiet ones begin to count;
 * those of another mode are over, since a dry run has healed nothing. The same ledger when nothing changed.
 */
export function maintain(ledger: Ledger, upkeep: Upkeep): Ledger {
  const { now, stabilizationWindow } = upkeep
  const busy = new Set(ledger.entries.filter((e) => e.state === 'Reserved').map((e) => e.incident))
  let changed = false
  const incidents: Incident[] = []
  for (const incident of ledger.incidents) {
    const next = busy.has(incident.id) ? incident : step(incident)
    changed ||= next !== incident
    if (next !== undefined) incidents.push(next)
  }
  return changed ? { ...ledger, incidents } : ledger

  function step(incident: Incident): Incident | undefined {
    if (incident.state === 'Ended') {
      const until = parseInstant(incident.cooldownUntil) ?? now
      return now >= until ? undefined : incident
    }
    const cooldown = upkeep.cooldown(incident.trigger)
    if (cooldown === undefined || (incident.dryRun === true) !== upkeep.dryRun) return ended(incident, now, undefined)
    const quiet = parseInstant(incident.quietSince)
    if (upkeep.troubled(incident)) {
      if (quiet === undefined) return incident
      const { quietSince: _, ...rest } = incident
      return rest
    }
    if (quiet === undefined) return { ...incident, quietSince: formatInstant(now) }
    return now >= after(quiet, stabilizationWindow) ? ended(incident, now, after(now, cooldown)) : incident
  }
}

/** When {@link maintain} has something to do without any new event. */
export function nextUpkeep(ledger: Ledger, stabilizationWindow: Millis): Instant | undefined {
  const times = ledger.incidents.flatMap((incident) => {
    if (incident.state === 'Ended') return parseInstant(incident.cooldownUntil) ?? []
    const quiet = parseInstant(incident.quietSince)
    return quiet === undefined ? [] : after(quiet, stabilizationWindow)
  })
  return times.length === 0 ? undefined : times.reduce((a, b) => (a <= b ? a : b))
}

/** The event of this escalation was sent. */
export const announced = (ledger: Ledger, incident: string): Ledger => ({
  ...ledger,
  incidents: ledger.incidents.map((i) => (i.id === incident ? { ...i, announced: true } : i)),
})
