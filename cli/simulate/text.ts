/** What a simulation found, for people. Pure. */
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { formatInstant, type Instant } from '../../shared/lib/time.ts'
import { CONSENTED } from '../../controller/healing/status.ts'
import { adviceFor } from '../explain/advice.ts'
import { described } from '../explain/lines.ts'
import { limitLines, seenLines } from '../explain/policy-text.ts'
import { clock, moment, pairs, section, span, table } from '../layout.ts'
import { inWords, type Replay, type UnknownPast } from './replay.ts'
import type { PlannedAct, Simulation } from './run.ts'
import type { Verdict } from './verdict.ts'

export interface Told {
  readonly policy: HealingPolicy
  readonly stored: 'none' | 'same' | 'other'
  readonly verdict: Verdict
  /** undefined: it was refused. */
  readonly now: (Simulation & { readonly at: Instant }) | undefined
  /** What would be if nothing changed until then; undefined: nothing else. */
  readonly later: (Simulation & { readonly at: Instant }) | undefined
  /** What would have been. */
  readonly past: Replay | UnknownPast | undefined
  readonly notes: readonly string[]
}

const STORED = { none: 'new to the cluster', same: 'as it is in the cluster', other: 'changes what is in the cluster' } as const

export function simulationText({ policy, stored, verdict, now, later, past, notes }: Told): string[] {
  return [
    `HealingPolicy ${policy.metadata.namespace}/${policy.metadata.name}: ${STORED[stored]}`,
    ...section('Would be refused', verdict.refusals.map((refusal) => `  ${refusal}`)),
    ...section('Warnings', verdict.warnings.map((warning) => `  ${warning}`)),
    ...(now === undefined
      ? []
      : [
          ...section(`Now, at ${formatInstant(now.at).slice(0, 19).replace('T', ' ')} UTC`, decisionLines(policy, now, now.at)),
          ...seenLines(policy.spec, now.status, now.at),
          ...section('Would do', now.acts.flatMap((act) => actLines(act))),
          ...section('Limits', limitLines(policy.spec, now.status, now.at)),
        ]),
    ...(now === undefined || later === undefined
      ? []
      : section(`If nothing changes for ${span(later.at - now.at)}`, [...decisionLines(policy, later, later.at), ...later.acts.flatMap((act) => actLines(act))])),
    ...(past === undefined ? [] : 'unknown' in past ? section('The past', [`  unknown: ${past.unknown}`]) : section(`The last ${span(past.to - past.from)}, with the objects of today, if every act had helped at once`, pastLines(past))),
    ...section('Not seen', notes.map((note) => `  ${note}`)),
  ]
}

function decisionLines({ metadata }: HealingPolicy, { status }: Simulation, now: Instant): string[] {
  const { lastDecision: decision, matched = 0, healthy = 0, conditions = [] } = status
  return pairs([
    ['decision', decision === undefined ? undefined : `${decision.reason ?? ''}${decision.message === undefined ? '' : `: ${decision.message}`}`],
    ['no consent', conditions.find(({ type, status: value }) => type === CONSENTED && value === 'False')?.message],
    ['next try', moment(decision?.retryAt, now)],
    ['to change', adviceFor(decision?.reason, metadata, decision?.message)],
    ['selects', `${matched} matched, ${healthy} healthy`],
  ])
}

const MOST_MOMENTS = 60

function pastLines(past: Replay): string[] {
  const { moments, to } = past
  const left = moments.length - MOST_MOMENTS
  return [
    `  ${inWords(past)}`,
    ...table(moments.slice(0, MOST_MOMENTS).map(({ at, what }) => [clock(at, to), what])),
    ...(left > 0 ? [`  and ${left} more`] : []),
  ]
}

function actLines({ spec, planned }: PlannedAct): string[] {
  const { action, targetResource, trigger, incident, dryRun, approvalRequired } = spec
  const how = dryRun ? ', as a dry run' : approvalRequired === true ? ', after approval' : ''
  return [
    `  ${action.name} (${action.type}) of ${described(targetResource, spec.policyRef.namespace)}, rung ${incident.rung + 1}${how}`,
    `    because ${trigger.name}: ${trigger.evidence}`,
    ...('impossible' in planned
      ? [`    cannot be carried out: ${planned.impossible}; the next rung would follow`]
      : [
          ...table(
            planned.changes.map(({ field, oldValue, newValue }) => [field, `${oldValue ?? '(absent)'} -> ${newValue ?? '(absent)'}`]),
            4,
          ),
          ...(planned.later ?? []).map((pod) => `    then ${described(pod)} would be evicted, should it not be Ready still`),
        ]),
  ]
}
