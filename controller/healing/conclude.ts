/** What is decided, in one word and one sentence: an act, what refuses it, or why there is nothing to do. */
import type { Detection, Finding, NoData } from './detect.ts'
import type { Decision, PlannedAction, RefusedFinding } from './evaluate.ts'
import { describe } from './owners.ts'
import { causeOf, type CompiledPolicy } from './policy.ts'
import { QUIET_REASONS } from './refusal.ts'

export function conclude(policy: CompiledPolicy, detection: Detection, actions: readonly PlannedAction[], refusals: readonly RefusedFinding[]): Decision {
  const [action, ...more] = actions
  if (action !== undefined) return { kind: 'Act', actions: [action, ...more], refusals }
  // What a person should look at comes first.
  const [first, ...others] = [...refusals].sort((a, b) => Number(QUIET_REASONS.has(a.refusal.reason)) - Number(QUIET_REASONS.has(b.refusal.reason)))
  if (first !== undefined) return { kind: 'Blocked', refusals: [first, ...others] }
  const { findings, single, reports } = detection
  const [finding] = findings
  if (finding !== undefined) {
    const monitoring = policy.mode === 'monitor' && finding.state === 'Firing'
    return { kind: 'NoOp', reason: monitoring ? 'Monitoring' : 'Pending', message: `${describe(finding.object.ref)}: ${finding.evidence}` }
  }
  const unknown = undecided(detection)
  if (unknown !== undefined) return { kind: 'NoOp', reason: 'NoData', message: `${describe(unknown.selected.object.ref)}: ${unknown.why}` }
  const leading = reports.filter(({ name }) => causeOf(policy, name) !== undefined)
  if (leading.every(({ state }) => state === 'NoData')) return { kind: 'NoOp', reason: 'NoData', message: leading[0]?.message ?? '' }
  const [oldest] = single
  return oldest === undefined ? { kind: 'NoOp', reason: 'Healthy', message: 'no trigger is pending or firing' } : { kind: 'NoOp', reason: 'Partial', message: partly(policy, single, oldest) }
}

/** Where all triggers have to meet: an object on which those that have data hold. */
function undecided({ single, noData }: Detection): NoData | undefined {
  const troubled = new Set(single.map(({ object }) => object.ref.uid))
  return noData.find(({ selected }) => troubled.has(selected.object.ref.uid))
}

/** Where all triggers have to meet: why what some of them see leads to nothing. */
function partly({ triggers }: CompiledPolicy, single: readonly Finding[], { object: { ref } }: Finding): string {
  const held = new Set(single.filter(({ object }) => object.ref.uid === ref.uid).map(({ trigger }) => trigger.name))
  const others = triggers.flatMap(({ name }) => (held.has(name) ? [] : name))
  return `${describe(ref)}: ${[...held].join(', ')} ${held.size === 1 ? 'holds' : 'hold'}, but not ${others.join(', ')}: with triggerMatch All nothing is done`
}
