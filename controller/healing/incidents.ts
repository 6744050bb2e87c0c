/**
 * Incidents: one trouble of one workload, from its first act until it has been healthy again for a while. Which rung of
 * the ladder is next, when it is over, and how long it cools down. Every function returns the next ledger.
 */
import { shortHash } from '../../shared/lib/hash.ts'
import { after, earliest, formatInstant, millis, minutes, parseInstant, type Instant, type Millis } from '../../shared/lib/time.ts'
import type { HealingLedgerSpec, ObjectReference } from '../../shared/api/v1alpha1/types.ts'
import { describeFrom, sameSubject, type SubjectName } from './owners.ts'
import { isOpen } from './budget.ts'
import { BELIEVED, recurrence, remedied } from './recurrence.ts'
import type { Refusal } from './refusal.ts'

export type Ledger = HealingLedgerSpec
export type Incident = Ledger['incidents'][number]
type Entry = Ledger['entries'][number]
/** Rejected, Expired: what waited for approval did not get it. */
export type Outcome = NonNullable<Entry['outcome']> | 'Rejected' | 'Expired'

/** Acts of one rung in a row of which nobody can tell whether they helped. */
const UNKNOWN_IN_A_ROW = 2

/** Bound of the schema: open ones and those that cool down. */
export const MAX_INCIDENTS = 64

/** What an act asks for. */
export interface Request {
  /** Name of the HealingAction: a successor after a crash takes over the reservation of that name. */
  readonly action: string
  readonly target: string
  readonly dryRun: boolean
  /** A person has to approve it first. */
  readonly approval?: boolean
  readonly incident: Pick<Incident, 'id' | 'trigger' | 'subject' | 'ordinal' | 'rung' | 'recurrence' | 'since'>
  /** If it helps it is another remedy of its cause (`recurrence.ts`). */
  readonly remedy?: true
  /** By what other names its cause is known to the ledger. */
  readonly formerly?: readonly string[]
}

/** By the ordinal that it begins with, so that the next incident of the same workload is another one. */
export const incidentId = ({ policy }: Pick<Ledger, 'policy'>, trigger: string, subject: SubjectName, ordinal: number): string =>
  `inc-${shortHash([policy.namespace, policy.name, trigger, subject.apiVersion, subject.kind, subject.name, String(ordinal)])}`

const isSame = (incident: Incident, trigger: string, subject: SubjectName): boolean =>
  incident.trigger === trigger && sameSubject(incident.subject, subject)

/** The incident of this trigger and workload: the one that is not ended, else the one that ended last. */
export function findIncident(ledger: Ledger, trigger: string, subject: ObjectReference): Incident | undefined {
  const mine = ledger.incidents.filter((i) => isSame(i, trigger, subject)).sort((a, b) => a.ordinal - b.ordinal)
  return mine.findLast((i) => i.state !== 'Ended') ?? mine.at(-1)
}

/** Whether the incident of the request is over, elsewhere by now, or may not begin yet. The ledger may be newer than the request. */
export function refuseIncident(ledger: Ledger, { incident, dryRun }: Request, now: Instant): Refusal | undefined {
  const known = ledger.incidents.find((i) => i.id === incident.id)
  if (known === undefined) return refuseNew(ledger, incident, now)
  if (known.state === 'Escalated') return { reason: 'Escalated', message: `${whyEscalated(ledger, known)}: a person has to look` }
  if (known.state === 'Ended') return { reason: 'IncidentInProgress', message: `incident ${known.id} is over` }
  if ((known.dryRun === true) !== dryRun) return { reason: 'IncidentInProgress', message: `incident ${known.id} is of another mode` }
  if (known.ordinal !== incident.ordinal) return { reason: 'IncidentInProgress', message: `incident ${known.id} has another number by now` }
  if (known.rung !== incident.rung) return { reason: 'IncidentInProgress', message: `incident ${known.id} is on another rung by now` }
  if (dryRun) return { reason: 'DryRunDone', message: `${known.lastAction ?? 'a dry run'} shows what would be done` }
  if (known.askAgainAt === undefined || isPast(known.askAgainAt, now)) return undefined
  const again = parseInstant(known.askAgainAt)
  return {
    reason: 'ApprovalExpired',
    message: `nobody decided on ${known.lastAction ?? 'the last request'} in time; approval is asked for again from ${known.askAgainAt}`,
    ...(again === undefined ? {} : { recheckAt: again }),
  }
}

/** Whether the incident has gone on or ended since approval was asked for. */
export function refuseStep(ledger: Ledger, { incident }: { readonly incident: Pick<Incident, 'id' | 'rung'> }): Refusal | undefined {
  const known = ledger.incidents.find((i) => i.id === incident.id)
  if (known === undefined || known.state === 'Ended') return { reason: 'TargetRecovered', message: `incident ${incident.id} is over` }
  if (known.state === 'Escalated') return { reason: 'Escalated', message: `${whyEscalated(ledger, known)}: a person has to look` }
  return known.rung === incident.rung ? undefined : { reason: 'IncidentInProgress', message: `incident ${known.id} is on another rung by now` }
}

function refuseNew(ledger: Ledger, { trigger, subject, ordinal }: Request['incident'], now: Instant): Refusal | undefined {
  const former = findIncident(ledger, trigger, subject)
  if (former !== undefined && former.state !== 'Ended') return { reason: 'IncidentInProgress', message: `incident ${former.id} is still open` }
  const cooling = former === undefined ? undefined : refuseCooldown(former, now)
  if (cooling !== undefined) return cooling
  if (ordinal < ledger.nextOrdinal) return { reason: 'IncidentInProgress', message: 'another incident took this number' }
  if (ledger.incidents.filter((i) => !isSame(i, trigger, subject)).length >= MAX_INCIDENTS) {
    return { reason: 'LedgerFull', message: `${MAX_INCIDENTS} incidents are open or cooling down` }
  }
  return undefined
}

export function refuseCooldown({ subject, cooldownUntil }: Incident, now: Instant): Refusal | undefined {
  if (cooldownUntil === undefined || isPast(cooldownUntil, now)) return undefined
  const until = parseInstant(cooldownUntil)
  return {
    reason: 'CooldownActive',
    message: `the last incident of ${subject.kind}/${subject.name} ended a short while ago; acting again from ${cooldownUntil}`,
    ...(until === undefined ? {} : { recheckAt: until }),
  }
}

/** A time that cannot be read is never past (I19). */
function isPast(text: string, now: Instant): boolean {
  const at = parseInstant(text)
  return at !== undefined && now >= at
}

/** The incident with the act as its last one. Its predecessor's cooldown is over, so that one is forgotten. */
export function openIncident(ledger: Ledger, { incident, action, dryRun }: Request, now: Instant): Ledger {
  const known = ledger.incidents.find((i) => i.id === incident.id)
  const { quietSince: _, askAgainAt: __, ...base } = known ?? { ...incident, openedAt: formatInstant(now), state: 'Open' as const }
  const next: Incident = { ...base, lastAction: action, ...(dryRun ? { dryRun } : {}) }
  const others = ledger.incidents.filter((i) => i.id !== incident.id && !(i.state === 'Ended' && isSame(i, incident.trigger, incident.subject)))
  return { ...ledger, nextOrdinal: Math.max(ledger.nextOrdinal, incident.ordinal + 1), incidents: [...others, next] }
}

/** A fourth remedy within a day: the incident is escalated without it, or begins so. */
export function escalateLoop(ledger: Ledger, trigger: string, subject: ObjectReference, now: Instant, formerly: readonly string[] = []): Ledger {
  const found = findIncident(ledger, trigger, subject)
  const loop = { state: 'Escalated', escalatedFor: 'Recurring' } as const
  if (found !== undefined && found.state !== 'Ended') return replaced(ledger, { ...found, ...loop })
  // Refused all the same, and escalated when there is room.
  if (ledger.incidents.filter((i) => !isSame(i, trigger, subject)).length >= MAX_INCIDENTS) return ledger
  const ordinal = ledger.nextOrdinal
  const incident: Incident = {
    id: incidentId(ledger, trigger, subject, ordinal),
    trigger,
    subject,
    ordinal,
    openedAt: formatInstant(now),
    rung: 0,
    recurrence: recurrence(ledger, trigger, subject, now, formerly),
    ...loop,
  }
  const others = ledger.incidents.filter((i) => !(i.state === 'Ended' && isSame(i, trigger, subject)))
  return { ...ledger, nextOrdinal: ordinal + 1, incidents: [...others, incident] }
}

export interface Settlement {
  readonly action: string
  readonly outcome: Outcome
  readonly rung: number
  /** Rungs of the ladder now; 0 when the policy is gone. */
  readonly ladder: number
  /** Of its trigger: how long nobody is asked again when nobody decided. */
  readonly cooldown?: Millis | undefined
  /** When its write was known to have landed; absent: not before it is settled. */
  readonly landedBy?: Instant | undefined
  /** Since when the workload has been healthy; counts towards the end of the incident. */
  readonly healthySince?: Instant | undefined
}

/** Between two requests for approval of the same step. */
const SHORTEST_PAUSE = minutes(1)

/** What the outcome of an act means for its incident. The entry has been settled already. */
export function afterOutcome(ledger: Ledger, entry: Entry, { outcome, rung, ladder, healthySince, cooldown = minutes(5) }: Omit<Settlement, 'action'>, now: Instant): Ledger {
  const incident = ledger.incidents.find((i) => i.id === entry.incident)
  if (incident?.state !== 'Open') return ledger
  // Something is known again.
  const { inconclusive: _, ...rest } = incident
  const known: Incident = { ...rest, acted: true }
  switch (outcome) {
    case 'Effective': {
      const next = { ...known, ...(healthySince === undefined ? {} : { quietSince: formatInstant(healthySince) }) }
      const healed = replaced(ledger, next)
      return entry.remedy === true ? remedied(healed, incident.trigger, incident.subject, entry.reservedAt, now) : healed
    }
    case 'Ineffective':
    case 'Failed': {
      // Two acts of one rung may both fail: the next rung follows once. Without a policy there is no ladder to be at the end of.
      const next = Math.max(incident.rung, rung + 1)
      return replaced(ledger, ladder > 0 && next >= ladder ? escalated(known, ladder) : { ...known, rung: next })
    }
    // Does not advance the ladder: nothing was learnt.
    case 'Inconclusive': {
      // Nor for ever: what nobody can judge is not repeated at the hourly limit. Without a policy there is nobody who could have judged.
      const inconclusive = (incident.inconclusive ?? 0) + Number(ladder > 0)
      const next = inconclusive === 0 ? known : { ...known, inconclusive }
      return inconclusive < UNKNOWN_IN_A_ROW ? renumbered(ledger, next) : replaced(ledger, { ...next, state: 'Escalated', escalatedFor: 'Inconclusive' })
    }
    case 'Cancelled':
      return afterNothing(ledger, entry, now)
    // It is in a person's hands: neither this nor the next rung is asked for until it has been healthy again.
    case 'Rejected':
      return replaced(ledger, { ...incident, state: 'Escalated', escalatedFor: 'Rejected' })
    // Asking again is the reminder; asking at once would be noise.
    case 'Expired':
      return renumbered(ledger, { ...incident, askAgainAt: formatInstant(after(now, millis(Math.max(cooldown, SHORTEST_PAUSE)))) })
    default:
      return outcome satisfies never
  }
}

/**
 * The act was not done. Where nothing was done before either, the incident is over, and there is nothing to cool down
 * from; else it goes on, on the rung where it is: or a target that comes and goes would start the ladder anew for ever.
 */
export function afterNothing(ledger: Ledger, entry: Entry, now: Instant): Ledger {
  const incident = ledger.incidents.find((i) => i.id === entry.incident)
  if (incident?.state !== 'Open') return ledger
  // The log forgets what is older than an hour; the incident does not.
  const goesOn = incident.acted === true || ledger.entries.some((e) => e.incident === incident.id && isOpen(e))
  return goesOn ? renumbered(ledger, incident) : replaced(ledger, ended(incident, now, undefined))
}

/** The same incident under the next number, so that the same rung on the same object gets an action of a new name. */
function renumbered(ledger: Ledger, incident: Incident): Ledger {
  const ordinal = ledger.nextOrdinal
  return { ...replaced(ledger, { ...incident, ordinal }), nextOrdinal: ordinal + 1 }
}

const replaced = (ledger: Ledger, incident: Incident): Ledger => ({
  ...ledger,
  incidents: ledger.incidents.map((i) => (i.id === incident.id ? incident : i)),
})

const escalated = (incident: Incident, ladder: number): Incident => ({ ...incident, rung: ladder - 1, state: 'Escalated', escalatedFor: 'LadderExhausted' })

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
  /** Cooldown of a trigger, or of all together; undefined when the policy no longer has it. */
  readonly cooldown: (trigger: string) => Millis | undefined
  /** Whether it leads to no act any more, since `triggerMatch` was changed. */
  readonly former: (trigger: string) => boolean
  /** Rungs that the trigger leads to now. */
  readonly ladder: (trigger: string) => number
  /** Whether the trigger is pending or firing on the workload, or cannot be judged for want of data. */
  readonly troubled: (incident: Incident) => boolean
}

/**
 * Incidents that have been quiet for the stabilization window end, and their cooldown begins; quiet ones begin to count;
 * those of a dry run are over with it. The same ledger when nothing changed.
 */
export function maintain(ledger: Ledger, upkeep: Upkeep): Ledger {
  const busy = inFlight(ledger)
  const incidents = ledger.incidents.flatMap((incident) => (busy.has(incident.id) ? incident : (step(incident, upkeep) ?? [])))
  const changed = incidents.length !== ledger.incidents.length || incidents.some((incident, i) => incident !== ledger.incidents[i])
  return changed ? { ...ledger, incidents } : ledger
}

/** Incidents with an act under way: its verification decides about them. */
const inFlight = ({ entries }: Ledger): ReadonlySet<string> => new Set(entries.filter((e) => e.state === 'Reserved').map((e) => e.incident))

function step(incident: Incident, { now, stabilizationWindow, dryRun, cooldown, former: isFormer, ladder, troubled }: Upkeep): Incident | undefined {
  if (incident.state === 'Ended') return incident.cooldownUntil === undefined || isPast(incident.cooldownUntil, now) ? undefined : incident
  const pause = cooldown(incident.trigger)
  // A dry run has healed nothing. A real incident outlives a look in dry run: or switching there and back would forget an escalation.
  const former = pause !== undefined && isFormer(incident.trigger)
  if (pause === undefined || (incident.dryRun === true && (!dryRun || former))) return ended(incident, now, undefined)
  // No rung of it can follow any more.
  if (former && incident.state === 'Open') return ended(incident, now, after(now, pause))
  const quiet = parseInstant(incident.quietSince)
  if (troubled(incident)) {
    const { quietSince, ...rest } = incident
    const rungs = ladder(incident.trigger)
    // The ladder was shortened below the rung that is next.
    if (incident.state === 'Open' && rungs > 0 && incident.rung >= rungs) return escalated(rest, rungs)
    return quietSince === undefined ? incident : rest
  }
  if (quiet === undefined) return { ...incident, quietSince: formatInstant(now) }
  return now >= after(quiet, stabilizationWindow) ? ended(incident, now, after(now, pause)) : incident
}

/** When {@link maintain} has something to do without any new event. */
export function nextUpkeep(ledger: Ledger, stabilizationWindow: Millis): Instant | undefined {
  const busy = inFlight(ledger)
  return ledger.incidents
    .filter((incident) => !busy.has(incident.id))
    .flatMap(({ state, cooldownUntil, quietSince }) => {
      if (state === 'Ended') return parseInstant(cooldownUntil) ?? []
      const quiet = parseInstant(quietSince)
      return quiet === undefined ? [] : after(quiet, stabilizationWindow)
    })
    .reduce<Instant | undefined>((a, b) => (a === undefined ? b : earliest(a, b)), undefined)
}

/** Ledgers from before it was written know only one reason. */
export const reasonOfEscalation = ({ escalatedFor }: Incident): NonNullable<Incident['escalatedFor']> => escalatedFor ?? 'LadderExhausted'

/** For people: whether nothing helped, or nothing could be done. */
export function whyEscalated({ policy, entries }: Pick<Ledger, 'policy' | 'entries'>, { id, subject, lastAction, escalatedFor }: Incident): string {
  const whose = describeFrom(policy.namespace, subject)
  if (escalatedFor === 'Rejected') return `${lastAction ?? 'the action'} on ${whose} was rejected`
  if (escalatedFor === 'Recurring') return `${whose} was healed ${BELIEVED} times within 24 hours and is broken again`
  if (escalatedFor === 'Inconclusive') return `${UNKNOWN_IN_A_ROW} times in a row nobody could tell whether acting on ${whose} helped${lastAction === undefined ? '' : `, the last was ${lastAction}`}`
  const outcomes = entries.flatMap((e) => (e.incident === id && e.outcome !== undefined && e.outcome !== 'Cancelled' ? e.outcome : []))
  const none = outcomes.length > 0 && outcomes.every((outcome) => outcome === 'Failed')
  return `${none ? 'no action could be carried out on' : 'no action helped'} ${whose}${lastAction === undefined ? '' : `, the last was ${lastAction}`}`
}

/** The event of this escalation was sent. */
export const announced = (ledger: Ledger, incident: string): Ledger => ({
  ...ledger,
  incidents: ledger.incidents.map((i) => (i.id === incident ? { ...i, announced: true } : i)),
})
