/** The status of a policy as data: what was seen, what is going on, and why nothing happened. */
import { formatInstant, parseInstant, type Instant } from '../../shared/lib/time.ts'
import { printable } from '../../shared/lib/text.ts'
import type { HealingPolicyStatus, ObjectReference } from '../../shared/api/v1alpha1/types.ts'
import { ks501 } from '../../shared/rules/across/ks501-conflict.ts'
import { ACCEPTED, CONFLICT } from '../../shared/rules/across/standing.ts'
import { needsVerb, type Grant } from '../../shared/rules/exemptions.ts'
import type { Violation } from '../../shared/rules/violation.ts'
import { askBudget } from './budget.ts'
import type { Detection, Finding } from './detect.ts'
import type { Decision, Evaluation, RefusedFinding } from './evaluate.ts'
import { reasonOfEscalation, whyEscalated } from './incidents.ts'
import type { Ledger } from './ledger.ts'
import { describeFrom } from './owners.ts'
import { otherNamespaces } from './places.ts'
import type { CompiledPolicy } from './policy.ts'
import { DISABLING_REASONS, type Refusal } from './refusal.ts'
import type { ObjectRef, Snapshot } from './snapshot.ts'

type Condition = NonNullable<HealingPolicyStatus['conditions']>[number]
/** Reasons whose time of the next try does not move with each look. */
const FIXED_TIMES: ReadonlySet<Refusal['reason']> = new Set<Refusal['reason']>(['OutsideSchedule', 'CooldownActive', 'RateLimited', 'BudgetExhausted', 'BreakerOpen', 'ApprovalExpired', 'ClaimedElsewhere'])

type LastDecision = NonNullable<HealingPolicyStatus['lastDecision']>

/** Bounds of the schema. */
const MAX_FINDINGS = 256
const MAX_INCIDENTS = 64
const MAX_RESTARTS = 128
const MAX_OCCURRENCES = 64

export interface StatusInput {
  readonly policy: CompiledPolicy
  readonly evaluation: Evaluation
  /** After reservations. */
  readonly ledger: Ledger
  readonly violations: readonly Violation[]
  /** What the policy is exempted from, and who allowed it. Absent: nothing. */
  readonly exempted?: Exempted
  readonly now: Instant
  readonly previous: HealingPolicyStatus | undefined
}

export interface Exempted {
  readonly violations: readonly Violation[]
  readonly grant: Grant | undefined
}

const NO_EXEMPTION: Exempted = { violations: [], grant: undefined }

export function policyStatus(input: StatusInput): HealingPolicyStatus {
  const { policy, evaluation, ledger, exempted = NO_EXEMPTION, now, previous } = input
  const { detection } = evaluation
  const every = detection.findings === detection.single ? detection.single : [...detection.findings, ...detection.single]
  const open = ledger.incidents.filter((i) => i.state !== 'Ended').sort((a, b) => a.ordinal - b.ordinal)
  const budget = askBudget(ledger.entries, policy.limits.maxActionsPerHour, now)
  const lastAction = evaluation.decision.kind === 'Act' ? evaluation.decision.actions.at(-1)?.name : previous?.lastAction
  return {
    observedGeneration: policy.generation,
    conditions: conditions(input, open),
    ...(exempted.violations.length === 0 ? {} : { exemptions: exemptionsTold(exempted) }),
    matched: evaluation.matched,
    healthy: evaluation.healthy,
    triggers: detection.reports.map(({ name, state, objects, since, firesAt, message, value }) => ({
      name,
      state,
      objects,
      ...(since === undefined ? {} : { since: formatInstant(since) }),
      ...(firesAt === undefined ? {} : { firesAt: formatInstant(firesAt) }),
      ...(value === undefined ? {} : { value }),
      ...(message === '' ? {} : { message }),
    })),
    // Of the others what only we know since when begins anew at each look: it fires later, never sooner.
    findings: fairly(every).map(({ trigger, object, since, restarts, state, value, evidence, confirmedAt }) => ({
      trigger: trigger.name,
      object: reference(object.ref),
      since: formatInstant(since),
      restarts,
      state,
      ...(value === undefined ? {} : { value }),
      ...(confirmedAt === undefined ? {} : { confirmedAt: formatInstant(confirmedAt) }),
      message: printable(evidence, 400),
    })),
    ...(every.length > MAX_FINDINGS ? { findingsLeftOut: every.length - MAX_FINDINGS } : {}),
    ...(detection.restarts.length === 0 ? {} : { restarts: detection.restarts.slice(0, MAX_RESTARTS).map(written) }),
    ...(detection.occurrences.length === 0 ? {} : { occurrences: newest(detection.occurrences).map(writtenOccurrences) }),
    incidents: open.slice(0, MAX_INCIDENTS).map(({ id, trigger, subject, state, rung, openedAt, recurrence, escalatedFor, lastAction: last }) => ({
      id,
      trigger,
      subject,
      state: state === 'Escalated' ? ('Escalated' as const) : ('Open' as const),
      rung,
      openedAt,
      ...(recurrence === undefined ? {} : { recurrence }),
      ...(escalatedFor === undefined ? {} : { escalatedFor }),
      ...(last === undefined ? {} : { lastAction: last }),
    })),
    budget: {
      used: budget.used,
      limit: policy.limits.maxActionsPerHour,
      ...(budget.nextFreeSlot === undefined ? {} : { nextFreeSlot: formatInstant(budget.nextFreeSlot) }),
    },
    breaker: {
      state: ledger.breaker.state,
      failures: ledger.breaker.failures,
      ...(ledger.breaker.openUntil === undefined ? {} : { openUntil: ledger.breaker.openUntil }),
    },
    lastDecision: lastDecision(input),
    ...(lastAction === undefined ? {} : { lastAction }),
    outcomes: ledger.outcomes,
    ...(ledger.timeToHeal === undefined ? {} : { timeToHeal: ledger.timeToHeal }),
  }
}

/** Rule by rule, as the rules found them. */
function exemptionsTold({ violations, grant }: Exempted): NonNullable<HealingPolicyStatus['exemptions']> {
  return [...Map.groupBy(violations, ({ rule }) => rule)].map(([rule, found]) => ({
    rule,
    message: printable(found.map(({ path, what }) => `${path}: ${what}`).join('; '), 1000),
    ...(grant === undefined || !needsVerb(rule) ? {} : { allowedBy: printable(grant.by, 256), allowedAt: grant.at }),
  }))
}

/** The oldest of each trigger. What finds no place is not remembered, so no trigger that sees much of everything takes the place of another one. */
function fairly(all: readonly Finding[]): readonly Finding[] {
  if (all.length <= MAX_FINDINGS) return all
  const seen = new Map<string, number>()
  const ranked = all.map((finding) => {
    const rank = seen.get(finding.trigger.name) ?? 0
    seen.set(finding.trigger.name, rank + 1)
    return { finding, rank }
  })
  return ranked.toSorted((a, b) => a.rank - b.rank).slice(0, MAX_FINDINGS).map(({ finding }) => finding)
}

const written = ({ pod, container, base, marks }: Detection['restarts'][number]): NonNullable<HealingPolicyStatus['restarts']>[number] => ({
  pod: { name: pod.name, uid: pod.uid },
  container,
  base,
  marks: marks.map(({ at, total }) => ({ at: formatInstant(at), total })),
})

/** What the status of a policy remembers for the detectors. Findings and events are of one generation: in another one the trigger's name may have another meaning. */
export function remembered(status: HealingPolicyStatus | undefined, generation?: number): Pick<Snapshot, 'findings' | 'restarts' | 'occurrences'> {
  const same = generation === undefined || status?.observedGeneration === generation
  return {
    findings: same ? (status?.findings ?? []) : [],
    restarts: (status?.restarts ?? []).flatMap(readMarks),
    occurrences: same ? (status?.occurrences ?? []).flatMap(readOccurrences) : [],
  }
}

/** Malformed by a person's hand it is no memory: restarts are then counted anew. */
function readMarks({ pod, container, base, marks }: NonNullable<HealingPolicyStatus['restarts']>[number]): Snapshot['restarts'] {
  const read = marks.map(({ at, total }) => ({ at: parseInstant(at), total }))
  const sound = read.flatMap(({ at, total }) => (at === undefined ? [] : [{ at, total }]))
  const ordered = sound.every(({ at, total }, i) => at >= (sound[i - 1]?.at ?? at) && total >= (sound[i - 1]?.total ?? base))
  return sound.length === marks.length && ordered ? [{ pod, container, base, marks: sound }] : []
}

type WrittenOccurrences = NonNullable<HealingPolicyStatus['occurrences']>[number]

/** Of what finds no place the Event objects themselves tell what they tell: no more than the truth. In the order of the triggers, so that it is written only when it changes. */
function newest(all: Detection['occurrences']): Detection['occurrences'] {
  const last = ({ seen }: Detection['occurrences'][number]): Instant | 0 => seen.at(-1)?.to ?? 0
  const oldest = all.length <= MAX_OCCURRENCES ? 0 : (all.map(last).sort((a, b) => b - a)[MAX_OCCURRENCES - 1] ?? 0)
  return all.filter((entry) => last(entry) >= oldest).slice(0, MAX_OCCURRENCES)
}

const writtenOccurrences = ({ trigger, object, event, count, seen }: Detection['occurrences'][number]): WrittenOccurrences => ({
  trigger,
  object,
  event,
  count,
  seen: seen.map(({ from, to, count: n }) => ({ ...(from === to ? {} : { from: formatInstant(from) }), to: formatInstant(to), count: n })),
})

/** Malformed by a person's hand it is no memory: the Event object is then counted as at first sight. */
function readOccurrences({ trigger, object, event, count, seen }: WrittenOccurrences): Snapshot['occurrences'] {
  const spans = seen.flatMap(({ from, to, count: n }) => {
    const end = parseInstant(to)
    const begin = from === undefined ? end : parseInstant(from)
    return begin === undefined || end === undefined || begin > end || n < 1 ? [] : [{ from: begin, to: end, count: n }]
  })
  const ordered = spans.every(({ to }, i) => to >= (spans[i - 1]?.to ?? to))
  return spans.length === seen.length && ordered ? [{ trigger, object, event, count, seen: spans }] : []
}

/** Of a policy that cannot be judged at all (own state unreadable, a spec that does not compile). */
export function brokenStatus(
  policy: { readonly generation: number },
  reason: 'LedgerUnreadable' | 'NotCompiled',
  message: string,
  now: Instant,
  previous: HealingPolicyStatus | undefined,
  violations: readonly Violation[] = [],
): HealingPolicyStatus {
  const { generation: observedGeneration } = policy
  const notReady: Unstamped = { type: 'Ready', status: 'False', reason, message: printable(message, 400), observedGeneration }
  // Where no rule is broken either, whether it is accepted stays as it was known: it is not the policy that is wrong.
  const told: readonly Unstamped[] = violations.length === 0 ? [notReady] : [{ ...verdictOn(violations), observedGeneration }, notReady]
  const others = (previous?.conditions ?? []).filter(({ type }) => !told.some((each) => each.type === type))
  return { ...previous, observedGeneration, conditions: [...told.map((each) => stamped(each, now, previous)), ...others] }
}

type Unstamped = Omit<Condition, 'lastTransitionTime'>

/** The condition Accepted: every violation by its rule and field. */
const verdictOn = (violations: readonly Violation[], exempted = NO_EXEMPTION): Omit<Unstamped, 'observedGeneration'> =>
  violations.length === 0
    ? { type: ACCEPTED, status: 'True', reason: ACCEPTED, message: ['every rule holds', ...(exempted.violations.length === 0 ? [] : [`exempted from ${[...new Set(exempted.violations.map(({ rule }) => rule))].join(', ')}`])].join(', ') }
    : {
        type: ACCEPTED,
        status: 'False',
        // With anything else it would not go on when the other policy is gone, and is in nobody's way.
        reason: violations.every(({ rule }) => rule === ks501.id) ? CONFLICT : 'NotAccepted',
        message: printable(violations.map((v) => `[${v.rule}] ${v.path}: ${v.what}`).join('; '), 1000),
      }

const reference = ({ apiVersion, kind, namespace, name, uid }: ObjectRef): ObjectReference => ({ apiVersion, kind, namespace, name, uid })

/** The reason of the condition, of the oldest incident. */
const ESCALATED = { LadderExhausted: 'NoActionHelped', Recurring: 'Recurring', Inconclusive: 'Inconclusive', Rejected: 'Rejected' } as const

function conditions({ policy, evaluation, violations, exempted = NO_EXEMPTION, ledger, now, previous }: StatusInput, open: Ledger['incidents']): Condition[] {
  const escalated = open.filter((i) => i.state === 'Escalated')
  const healing = ledger.entries.filter((e) => e.state === 'Reserved')
  const accepted = violations.length === 0
  const make = (type: string, yes: boolean, reason: string, message: string): Condition =>
    stamped({ type, status: yes ? 'True' : 'False', reason, message: printable(message, 1000), observedGeneration: policy.generation }, now, previous)
  return [
    stamped({ ...verdictOn(violations, exempted), observedGeneration: policy.generation }, now, previous),
    ready(policy, accepted, evaluation, make),
    ...consented(policy, evaluation, make),
    make('Healing', healing.length > 0, healing.length > 0 ? 'InProgress' : 'Idle', healing.map((e) => e.action).join(', ')),
    make(
      'Escalated',
      escalated.length > 0,
      escalated[0] === undefined ? 'None' : ESCALATED[reasonOfEscalation(escalated[0])],
      escalated.map((i) => `${whyEscalated(ledger, i)} (${i.trigger}, since ${i.openedAt})`).join('; '),
    ),
  ]
}

/** The condition: whether every other namespace that the policy selects lets it in. */
export const CONSENTED = 'Consented'

type Make = (type: string, yes: boolean, reason: string, message: string) => Condition

/** Only where the policy selects other namespaces. What it does in those that let it in goes on. */
function consented(policy: CompiledPolicy, { closed }: Evaluation, make: Make): Condition[] {
  const others = otherNamespaces(policy)
  const [first] = closed.values()
  if (others.length === 0) return []
  return [first === undefined ? make(CONSENTED, true, CONSENTED, others.join(', ')) : make(CONSENTED, false, first.reason, [...closed.values()].map(({ message }) => message).join('; '))]
}

function ready(policy: CompiledPolicy, accepted: boolean, { decision, paused, closed }: Evaluation, make: Make): Condition {
  if (policy.suspend) return make('Ready', false, 'Suspended', 'spec.suspend is true')
  if (paused !== undefined) return make('Ready', false, paused.reason, paused.message)
  if (!accepted) return make('Ready', false, 'NotAccepted', 'see condition Accepted')
  const [shut] = closed.values()
  if (shut !== undefined && closed.size === policy.namespaces.length) return make('Ready', false, shut.reason, shut.message)
  const disabled = decision.kind === 'Blocked' ? decision.refusals.find(({ refusal }) => DISABLING_REASONS.has(refusal.reason))?.refusal : undefined
  if (disabled !== undefined) return make('Ready', false, disabled.reason, disabled.message)
  return make('Ready', true, 'Watching', `mode ${policy.mode}`)
}

/** The transition time moves only when the status does. */
function stamped(condition: Omit<Condition, 'lastTransitionTime'>, now: Instant, previous: HealingPolicyStatus | undefined): Condition {
  const before = previous?.conditions?.find((c) => c.type === condition.type)
  const kept = before?.status === condition.status ? before?.lastTransitionTime : undefined
  return { ...condition, lastTransitionTime: kept ?? formatInstant(now) }
}

function lastDecision({ policy, evaluation: { decision }, ledger, now, previous: status }: StatusInput): LastDecision {
  const previous = status?.lastDecision
  const next = describeDecision(decision, policy.namespace)
  // While an act is verified nothing new is decided: the act stays visible.
  const underWay = next.reason === 'IncidentInProgress' || (decision.kind === 'NoOp' && ledger.entries.some((e) => e.state === 'Reserved'))
  if (previous?.kind === 'Act' && underWay) return previous
  const same = previous !== undefined && previous.kind === next.kind && previous.reason === next.reason && previous.message === next.message
  return { ...next, time: (same ? previous.time : undefined) ?? formatInstant(now) }
}

function describeDecision(decision: Decision, home: string): Omit<LastDecision, 'time'> & { readonly reason: string } {
  switch (decision.kind) {
    case 'NoOp':
      return { kind: 'NoOp', reason: decision.reason, message: printable(decision.message, 1000) }
    case 'Act':
      return {
        kind: 'Act',
        reason: 'Decided',
        message: printable(decision.actions.map((a) => `${a.spec.action.name} of ${describeFrom(home, a.spec.targetResource)}: ${a.spec.trigger.evidence}`).join('; '), 1000),
      }
    case 'Blocked': {
      const [{ refusal, target }, ...others] = decision.refusals
      // A time that moves with every look would be written with every look.
      const { reason, recheckAt } = refusal
      const fixed = FIXED_TIMES.has(reason)
      return {
        kind: 'Blocked',
        reason,
        message: printable(told(target, refusal, home) + othersTold(others), 1000),
        ...(fixed && recheckAt !== undefined ? { retryAt: formatInstant(recheckAt) } : {}),
      }
    }
    default:
      return decision satisfies never
  }
}

const told = (target: ObjectRef, { message }: Refusal, home: string): string => (message.includes(target.name) && target.namespace === home ? message : `${describeFrom(home, target)}: ${message}`)

/** The reasons of the others, so that the first does not hide them. */
function othersTold(others: readonly RefusedFinding[]): string {
  const reasons = [...new Set(others.map(({ refusal }) => refusal.reason))].sort()
  return others.length === 0 ? '' : ` (and ${others.length} more: ${reasons.join(', ')})`
}
