/** One action from its evidence to its outcome, and what followed. Pure. */
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import { plural, quoted } from '../../shared/lib/text.ts'
import { formatInstant, parseInstant, type Instant } from '../../shared/lib/time.ts'
import { block, clock, flat, moment, pairs, section, table, type Pair } from '../layout.ts'
import { adviceFor } from './advice.ts'
import { actionRows, conditionRows, described, eventLines, stateOf } from './lines.ts'
import type { ActionStory } from './story.ts'

type Status = NonNullable<HealingAction['status']>

const TOLD_SPEC: ReadonlySet<string> = new Set(['policyRef', 'incident', 'targetResource', 'trigger', 'action', 'dryRun', 'timeout', 'approvalRequired', 'approvalDeadline', 'approval', 'changes', 'template', 'retryPolicy'])
const TOLD_STATUS: ReadonlySet<string> = new Set([
  'phase', 'outcome', 'approvedAt', 'startTime', 'actedAt', 'healthySince', 'completionTime', 'attempts', 'nextAttempt', 'result', 'replacements', 'conditions', 'evidence', 'failedAttempts', 'steps',
  // How a lost answer is found out; the changes tell the same.
  'intent',
])

export function actionText(story: ActionStory): string[] {
  const { action, problems, now, events } = story
  const { metadata, spec } = action
  const head = `HealingAction ${metadata.namespace}/${metadata.name}`
  // Of an object that breaks its schema no member can be relied on.
  if (problems.length > 0) return [head, ...section('Cannot be read: nothing is done about it', problems.map((problem) => `  ${problem}`)), ...eventLines(events, now)]
  const status = action.status ?? {}
  const others = [...untold(spec, TOLD_SPEC), ...untold(status, TOLD_STATUS)]
  return [
    head,
    '',
    ...pairs(headline(story, status)),
    ...section('Course', courseLines(action, now)),
    ...section(spec.dryRun ? 'Changes, which were not made' : 'Changes', changeLines(status)),
    ...(status.result?.changes === undefined ? section('Changes that are planned', plannedLines(spec)) : []),
    ...section('Conditions', table(conditionRows(status.conditions ?? []))),
    ...(status.evidence === undefined ? [] : section(`Evidence, taken at ${moment(status.evidence.capturedAt, now)}`, evidenceLines(status.evidence))),
    ...(others.length === 0 ? [] : section('Also recorded', block(Object.fromEntries(others)))),
    ...section(`Incident ${spec.incident.id}`, incidentLines(story)),
    ...eventLines(events, now),
  ]
}

function headline({ action, policy, now }: ActionStory, status: Status): Pair[] {
  const { spec } = action
  const { policyRef, incident, targetResource, trigger } = spec
  const { name, type } = spec.action
  const body = (spec.action as Readonly<Record<string, unknown>>)[`${type}Action`]
  const given = typeof body === 'object' && body !== null ? flat(body as Readonly<Record<string, unknown>>) : ''
  return [
    ['now', `${formatInstant(now).slice(0, 19).replace('T', ' ')} UTC, by the API server's clock`],
    ['state', `${stateOf(action)}${spec.dryRun ? ' (dry run: nothing was written)' : ''}`],
    ['result', status.result === undefined ? undefined : `${status.result.reason}: ${status.result.message}`],
    ['to change', status.result?.success === true ? undefined : adviceFor(status.result?.reason, policyRef, status.result?.message)],
    ['next try', ended(status) ? undefined : moment(status.nextAttempt, now)],
    ['approval', approvalOf(action, now)],
    ['decided by', `policy ${policyRef.namespace}/${policyRef.name}, generation ${policyRef.generation}${policyNow(policy, policyRef)}`],
    ['because', `trigger ${trigger.name}, since ${moment(trigger.since, now)}: ${trigger.evidence}`],
    ['incident', `${incident.id} of ${described(incident.subject, spec.policyRef.namespace)}, rung ${incident.rung + 1}, try ${incident.ordinal}${before(incident.recurrence)}`],
    ['target', `${described(targetResource, spec.policyRef.namespace)} (uid ${targetResource.uid ?? 'unknown'})`],
    ['action', `${name}: ${type}${given === '' ? '' : ` (${given})`}`],
    ['timeout', `${spec.timeout}${spec.retryPolicy === undefined ? '' : `, or ${spec.retryPolicy.maxAttempts} tries that failed`}`],
  ]
}

/** Remedies of the same trouble that helped and did not last. */
const before = (recurrence = 0): string => (recurrence === 0 ? '' : `; healed ${plural(recurrence, 'time')} in the 24 hours before`)

function approvalOf({ spec: { approvalRequired, approvalDeadline, approval } }: HealingAction, now: Instant): string | undefined {
  if (approval !== undefined) return `${approval.decision} by ${approval.decidedBy}${approval.decidedAt === undefined ? '' : ` at ${moment(approval.decidedAt, now)}`}${approval.reason === undefined ? '' : `: ${quoted(approval.reason, 400)}`}`
  return approvalRequired === true ? `asked for, until ${moment(approvalDeadline, now) ?? 'no time'}` : undefined
}

function policyNow(policy: ActionStory['policy'], { uid, generation }: HealingAction['spec']['policyRef']): string {
  if (policy === undefined) return ', gone by now'
  if (policy.metadata.uid !== uid) return '; another policy has its name now'
  return policy.metadata.generation === generation ? '' : `; now ${policy.metadata.generation}`
}

const ended = ({ completionTime }: Status): boolean => completionTime !== undefined

/** In the order of time; steps that were not taken are left out. */
function courseLines({ metadata, status = {}, spec }: HealingAction, now: Instant): string[] {
  const attempts = status.attempts ?? 0
  const steps: readonly (readonly [time: string | undefined, what: string])[] = [
    [metadata.creationTimestamp, 'decided and written down'],
    [spec.approval?.decidedAt, `${spec.approval?.decision.toLowerCase()} by ${spec.approval?.decidedBy}`],
    [status.startTime, `carrying out began${attempts > 1 ? `; ${attempts} attempts so far` : ''}${(status.failedAttempts ?? 0) > 0 ? `, ${status.failedAttempts} of them failed` : ''}${status.steps === undefined ? '' : `; ${plural(status.steps.done, 'step')} done`}`],
    [status.actedAt, `the write had landed${status.replacements === undefined || status.replacements.length === 0 ? '' : `; verification looks at ${status.replacements.join(', ')}`}`],
    [status.undo?.begunAt, `began to take it back${status.undo?.evicts === undefined ? '' : `, and to evict ${status.undo.evicts.map(({ name }) => name).join(', ')}, which would keep it`}`],
    [status.healthySince, 'healthy since then, without a break'],
    [status.completionTime, `ended: ${stateOf({ metadata, spec, status } as HealingAction)}`],
  ]
  const taken = steps.flatMap(([time, what]) => (time === undefined ? [] : [{ at: parseInstant(time), time, what }]))
  return table(taken.toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0)).map(({ at, time, what }) => [at === undefined ? `${time} (which is no time)` : clock(at, now), what]))
}

const changeLines = ({ result }: Status): string[] =>
  table((result?.changes ?? []).map(({ resource, field, oldValue, newValue }) => [described(resource), field, `${oldValue ?? '(absent)'} -> ${newValue ?? '(absent)'}`]))

function evidenceLines(evidence: NonNullable<Status['evidence']>): string[] {
  const { capturedAt: _, ...captured } = evidence
  return Object.keys(captured).length === 0 ? ['  none'] : block(captured)
}

const plannedLines = ({ changes = [], targetResource }: HealingAction['spec']): string[] =>
  table(changes.map(({ field, oldValue, newValue }) => [described(targetResource), field, `${oldValue ?? '(absent)'} -> ${newValue ?? '(absent)'}`]))

function incidentLines({ action, incident, policy, now }: ActionStory): string[] {
  const rows = table(actionRows(incident, now))
  const open = policy?.status?.incidents?.find(({ id }) => id === action.spec.incident.id)
  if (open?.state === 'Escalated') return [...rows, `  then: escalated, since ${ESCALATED[open.escalatedFor ?? 'LadderExhausted']}: a person has to look`]
  if (open !== undefined) return [...rows, `  now: open, on rung ${(open.rung ?? 0) + 1}`]
  return [...rows, ...(policy === undefined || !ended(action.status ?? {}) ? [] : ['  then: ended'])]
}

const ESCALATED = {
  LadderExhausted: 'no rung is left',
  Recurring: 'it was healed three times in 24 hours and came back',
  Inconclusive: 'nobody could tell, twice in a row, whether it helped',
  Rejected: 'a person rejected it',
} as const

const untold = (value: object, told: ReadonlySet<string>): [string, unknown][] => Object.entries(value).filter(([name]) => !told.has(name))
