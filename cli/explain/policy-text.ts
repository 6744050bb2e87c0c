/** A policy from evidence to outcome, and why nothing happened. Pure. */
import { ALL_TRIGGERS } from '../../shared/api/v1alpha1/fields.ts'
import { needsAll } from '../../shared/api/v1alpha1/trigger-match.ts'
import type { HealingPolicy, HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import { plural, quoted } from '../../shared/lib/text.ts'
import { formatInstant, type Instant } from '../../shared/lib/time.ts'
import { block, flat, moment, pairs, section, table, type Pair } from '../layout.ts'
import { ACCEPTED } from '../../shared/rules/across/standing.ts'
import { CONSENTED } from '../../controller/healing/status.ts'
import { adviceFor } from './advice.ts'
import { actionRows, conditionRows, described, eventLines } from './lines.ts'
import type { PolicyStory } from './story.ts'

type Status = NonNullable<HealingPolicy['status']>

/** What has words of its own below; whatever else there is, is shown as it is. */
const TOLD: ReadonlySet<string> = new Set([
  'observedGeneration', 'conditions', 'matched', 'healthy', 'triggers', 'findings', 'findingsLeftOut', 'incidents', 'budget', 'breaker', 'lastDecision', 'lastAction', 'outcomes',
  // The controller's own memory of what it counted; the triggers tell what follows from it.
  'restarts', 'occurrences',
])

const MOST_FINDINGS = 30
const MOST_EARLIER = 10

export function policyText(story: PolicyStory): string[] {
  const { policy, problems, now, events } = story
  const status = problems.length === 0 ? policy.status : undefined
  return [
    `HealingPolicy ${policy.metadata.namespace}/${policy.metadata.name}`,
    '',
    ...pairs(headline(story, status)),
    ...section('Cannot be read', problems.map((problem) => `  ${problem}`)),
    ...section('Now', nowLines(story, status)),
    ...(status === undefined ? [] : statusLines(story, status)),
    ...eventLines(events, now),
  ]
}

function headline({ policy, problems, now }: PolicyStory, status: Status | undefined): Pair[] {
  const { spec, metadata } = policy
  const generation = metadata.generation ?? 1
  const seen = status?.observedGeneration
  return [
    ['now', `${formatInstant(now).slice(0, 19).replace('T', ' ')} UTC, by the API server's clock`],
    ['mode', spec?.mode === undefined ? undefined : `${spec.mode}${spec.suspend ? ', suspended' : ''}`],
    ['generation', seen === undefined || seen === generation ? String(generation) : `${generation}, its status is about ${seen}`],
    ['selects', spec?.selector === undefined ? undefined : selection(spec, status)],
    ['status', problems.length === 0 ? undefined : 'cannot be read: nothing below is taken from it'],
  ]
}

function selection({ selector }: HealingPolicySpec, status: Status | undefined): string {
  const { resources = [], labelSelector } = selector
  const kinds = resources.map(({ kind, names }) => (names === undefined ? kind : `${kind} ${names.join(', ')}`)).join('; ')
  const labels = Object.entries(labelSelector?.matchLabels ?? {}).map(([name, value]) => `${name}=${value}`)
  const expressions = (labelSelector?.matchExpressions ?? []).map(({ key, operator, values }) => `${key} ${operator}${values === undefined ? '' : ` (${values.join(', ')})`}`)
  const where = [...labels, ...expressions].join(', ')
  const found = status?.matched === undefined ? '' : `: ${status.matched} matched, ${status.healthy ?? 0} healthy`
  const places = selector.namespaces === undefined || selector.namespaces.length === 1 ? '' : ` in ${selector.namespaces.join(', ')}`
  return `${kinds === '' ? 'Pod' : kinds}${where === '' ? '' : ` where ${where}`}${places}${found}`
}

/** What is going on, or why nothing is. What stops everything comes first, read just now. */
function nowLines({ policy, stops, now, problems }: PolicyStory, status: Status | undefined): string[] {
  const stopped: Pair[] = [
    ['stopped', stops.killSwitch ? `by the kill switch of the installation: ${adviceFor('KillSwitch', policy.metadata)}` : undefined],
    ['paused', stops.namespacePaused === undefined ? undefined : `with its namespace: ${quoted(stops.namespacePaused, 400)}`],
    ['paused', stops.policyPaused === undefined ? undefined : quoted(stops.policyPaused, 400)],
    ['suspended', policy.spec?.suspend ? 'by spec.suspend' : undefined],
  ]
  if (problems.length > 0) return pairs([...stopped, ['unknown', 'the controller does not act on what it cannot read'], ['to change', `let the controller write it anew: kubectl patch hp ${policy.metadata.name} -n ${policy.metadata.namespace} --subresource=status --type=json -p '[{"op":"remove","path":"/status"}]'`]])
  if (status === undefined || status.observedGeneration === undefined) return pairs([...stopped, ['unseen', 'no controller has looked at it yet'], ['to change', 'is the controller running? kubeskippy check']])
  const stale = status.observedGeneration < (policy.metadata.generation ?? 1)
  const decision = status.lastDecision
  const closed = status.conditions?.find(({ type, status: value }) => type === CONSENTED && value === 'False')
  const ready = status.conditions?.find(({ type, status: value }) => type === 'Ready' && value === 'False')
  // What was let in while it is suspended refuses that it goes on.
  const refused = policy.spec?.suspend ? status.conditions?.find(({ type, status: value }) => type === ACCEPTED && value === 'False') : undefined
  return pairs([
    ...stopped,
    ['stale', stale ? 'the controller has not looked at the last change of the policy yet' : undefined],
    ['not ready', ready === undefined || ready.reason === decision?.reason ? undefined : `${ready.reason}: ${ready.message}`],
    ['no consent', closed === undefined || closed.reason === ready?.reason ? undefined : closed.message],
    ['decision', decision === undefined ? 'none yet' : `${decision.reason ?? decision.kind ?? ''}${decision.message === undefined ? '' : `: ${decision.message}`}`],
    ['since', moment(decision?.time, now)],
    ['next try', moment(decision?.retryAt, now)],
    ['not accepted', refused?.message],
    ['to change', refused === undefined ? undefined : `${adviceFor('NotAccepted', policy.metadata)}; only then may it go on`],
    ['to change', refused !== undefined ? undefined : adviceFor(ready?.reason, policy.metadata, ready?.message) ?? adviceFor(decision?.reason, policy.metadata, decision?.message) ?? adviceFor(closed?.reason, policy.metadata, closed?.message)],
  ])
}

function statusLines(story: PolicyStory, status: Status): string[] {
  const { now } = story
  const others = Object.fromEntries(Object.entries(status).filter(([name]) => !TOLD.has(name)))
  return [
    ...section('Conditions', table(conditionRows(status.conditions ?? []))),
    ...seenLines(story.policy.spec, status, now),
    ...section('Incidents', incidentLines(story, status)),
    ...section('Cooling down', coolingLines(story)),
    ...section('Limits', limitLines(story.policy.spec, status, now)),
    ...section('Earlier actions', earlierLines(story, status)),
    ...(Object.keys(others).length === 0 ? [] : section('Also in its status', block(others))),
  ]
}

/** What the triggers see. */
export const seenLines = (spec: HealingPolicySpec, status: Status, now: Instant): string[] => [
  ...section('Triggers', triggerLines(spec, status, now)),
  ...section('Findings', findingLines(spec, status, now)),
]

function triggerLines(spec: HealingPolicySpec, status: Status, now: Instant): string[] {
  const all = needsAll(spec)
  const single = spec.triggers.flatMap((trigger) => {
    const body = (trigger as Readonly<Record<string, unknown>>)[`${trigger.type}Trigger`]
    return [
      reportLine(trigger.name, status, now),
      `    ${trigger.type}: ${typeof body === 'object' && body !== null ? flat(body as Readonly<Record<string, unknown>>) : 'no body'}; cooldown ${trigger.cooldownPeriod}`,
      all ? '    leads to nothing without the others' : leadsTo(spec, trigger.name),
    ]
  })
  return all ? [reportLine(ALL_TRIGGERS, status, now), '    on one object, triggerMatch: All; the longest cooldown counts', leadsTo(spec, ALL_TRIGGERS), ...single] : single
}

function reportLine(trigger: string, status: Status, now: Instant): string {
  const report = status.triggers?.find(({ name }) => name === trigger)
  const objects = report?.objects ?? 0
  const facts = [
    ...(objects > 0 ? [plural(objects, 'object')] : []),
    ...(report?.since === undefined ? [] : [`since ${moment(report.since, now)}`]),
    ...(report?.firesAt === undefined ? [] : [`fires at ${moment(report.firesAt, now)}`]),
  ].join(', ')
  return `  ${trigger}: ${report?.state ?? 'not looked at yet'}${facts === '' ? '' : `, ${facts}`}${report?.message === undefined || report.message === '' ? '' : `: ${report.message}`}`
}

function leadsTo(spec: HealingPolicySpec, trigger: string): string {
  const ladder = ladderOf(spec, trigger)
  return `    leads to ${ladder.length === 0 ? 'no action' : ladder.map(({ name, type }) => (name === type ? name : `${name} (${type})`)).join(', then ')}`
}

const ladderOf = (spec: HealingPolicySpec, trigger: string): readonly HealingPolicySpec['actions'][number][] =>
  spec.actions.filter(({ triggers }) => trigger === ALL_TRIGGERS || triggers === undefined || triggers.includes(trigger)).toSorted((a, b) => a.priority - b.priority)

function findingLines({ selector }: HealingPolicySpec, { findings = [], findingsLeftOut = 0 }: Status, now: Instant): string[] {
  // Of one namespace it goes without saying.
  const home = (selector?.namespaces ?? []).length > 1 ? '' : undefined
  const rows = findings.slice(0, MOST_FINDINGS).map(({ state, trigger, object, since, message }) => [state, trigger, described(object, home), `since ${moment(since, now)}${message === undefined ? '' : `: ${message}`}`])
  return [...table(rows), ...(findings.length > MOST_FINDINGS ? [`  and ${findings.length - MOST_FINDINGS} more`] : []), ...(findingsLeftOut > 0 ? [`  and ${findingsLeftOut} younger ones, of which nothing is remembered`] : [])]
}

const WHY_ESCALATED = {
  LadderExhausted: 'no rung is left',
  Recurring: 'it comes back however often it is healed',
  Inconclusive: 'what acting does cannot be verified',
  Rejected: 'somebody has decided against it',
} as const

function incidentLines({ policy, actions, now }: PolicyStory, { incidents = [] }: Status): string[] {
  return incidents.flatMap(({ id, state, trigger, subject, rung = 0, openedAt, recurrence = 0, escalatedFor }) => {
    const ladder = ladderOf(policy.spec, trigger)
    const next = state === 'Escalated' ? `${WHY_ESCALATED[escalatedFor ?? 'LadderExhausted']}: a person has to look` : `rung ${rung + 1} of ${ladder.length}${ladder[rung] === undefined ? '' : ` (${ladder[rung].name})`}`
    return [
      `  ${id}: ${state}, ${trigger} on ${described(subject, policy.metadata.namespace)}, since ${moment(openedAt, now)}, ${next}${recurrence === 0 ? '' : `; healed ${recurrence === 1 ? 'once' : `${recurrence} times`} in the day before`}`,
      ...table(actionRows(actions.filter(({ spec }) => spec.incident.id === id), now), 4),
    ]
  })
}

/** Of the ledger, which only administrators read. */
function coolingLines({ ledger, now }: PolicyStory): string[] {
  const cooling = (ledger?.incidents ?? []).filter(({ state, cooldownUntil }) => state === 'Ended' && cooldownUntil !== undefined)
  return table(cooling.map(({ trigger, subject, cooldownUntil }) => [trigger, described(subject, ledger?.policy.namespace), `until ${moment(cooldownUntil, now)}`]))
}

export function limitLines(spec: HealingPolicySpec, { budget, breaker, outcomes }: Status, now: Instant): string[] {
  const failures = breaker?.failures ?? 0
  return pairs([
    ['this hour', budget === undefined ? undefined : `${budget.used ?? 0} of ${budget.limit ?? spec.safetyRules.maxActionsPerHour} actions${budget.nextFreeSlot === undefined ? '' : `, next free slot ${moment(budget.nextFreeSlot, now)}`}`],
    ['at once', String(spec.safetyRules.maxConcurrent)],
    ['breaker', breaker === undefined ? undefined : `${breaker.state ?? 'Closed'}${failures === 0 ? '' : `, ${plural(failures, 'action')} in a row did not help`}${breaker.openUntil === undefined ? '' : `, open until ${moment(breaker.openUntil, now)}`}`],
    ['outcomes', outcomes === undefined ? undefined : Object.entries(outcomes).map(([name, count]) => `${count} ${name}`).join(', ')],
  ])
}

function earlierLines({ actions, now }: PolicyStory, { incidents = [] }: Status): string[] {
  const open = new Set(incidents.map(({ id }) => id))
  const earlier = actions.filter(({ spec }) => !open.has(spec.incident.id))
  const left = earlier.length - MOST_EARLIER
  return [...(left > 0 ? [`  ${left} before these`] : []), ...table(actionRows(earlier.slice(-MOST_EARLIER), now))]
}
