/** What waits for a person, and what has come of it. The decision is the person's; whether it still holds is judged again. */
import { after, formatInstant, parseInstant, type Instant } from '../../shared/lib/time.ts'
import type { ActionTemplate, HealingAction, HealingActionSpec } from '../../shared/api/v1alpha1/types.ts'
import { changesOf } from '../actions/index.ts'
import { describe } from './owners.ts'
import type { CompiledPolicy } from './policy.ts'
import type { Refusal } from './refusal.ts'
import type { TargetView } from './snapshot.ts'

/** Whether a person has to approve the action. A dry run writes nothing, so nobody is asked. */
export const needsApproval = ({ mode }: Pick<CompiledPolicy, 'mode'>, template: Pick<ActionTemplate, 'requiresApproval' | 'target' | 'restartAction'>): boolean =>
  mode === 'manual' || (mode === 'automatic' && (template.requiresApproval === true || takesAllAtOnce(template)))

/** All pods of a workload gone at the same time is an outage that somebody has to want. */
const takesAllAtOnce = ({ target, restartAction }: Pick<ActionTemplate, 'target' | 'restartAction'>): boolean => target !== 'Pod' && restartAction?.strategy === 'recreate'

/** What a HealingAction says of being waited for: its deadline, and what is approved, as it is now. */
export function approvalParts(policy: CompiledPolicy, template: ActionTemplate, target: TargetView, action: string, now: Instant): Pick<HealingActionSpec, 'approvalRequired' | 'approvalDeadline' | 'changes'> {
  if (!needsApproval(policy, template)) return {}
  return { approvalRequired: true, approvalDeadline: formatInstant(after(now, policy.limits.approvalTimeout)), changes: [...changesOf(template, target, action)] }
}

export type Approval =
  /** Nothing has to be approved, or it was, in time. */
  | { readonly kind: 'Granted' }
  | { readonly kind: 'Waiting'; readonly until: Instant }
  /** Approved, and not taken note of yet. */
  | { readonly kind: 'Approved'; readonly by: string; readonly why: string }
  | { readonly kind: 'Rejected'; readonly by: string; readonly why: string }
  | { readonly kind: 'Expired' }

/**
 * Whether it came in time is told by our own clock when we see it, since nobody verifies the time that stands in it. An
 * unreadable deadline has passed.
 */
export function approvalOf({ spec, status }: Pick<HealingAction, 'spec' | 'status'>, now: Instant): Approval {
  const { approvalRequired, approvalDeadline, approval } = spec
  if (approvalRequired !== true) return { kind: 'Granted' }
  if (approval?.decision === 'Rejected') return { kind: 'Rejected', by: approval.decidedBy, why: approval.reason ?? '' }
  if (approval !== undefined && status?.approvedAt !== undefined) return { kind: 'Granted' }
  const until = parseInstant(approvalDeadline)
  if (until === undefined || now >= until) return { kind: 'Expired' }
  return approval === undefined ? { kind: 'Waiting', until } : { kind: 'Approved', by: approval.decidedBy, why: approval.reason ?? '' }
}

/** What was approved is what is done: a target that would be changed in another way than a person was shown is left alone. */
export function differsFromApproved({ changes, action, targetResource }: HealingActionSpec, target: TargetView): Refusal | undefined {
  if (changes === undefined) return undefined
  const now = changesOf(action, target, '')
  // New values may hold what is known only when it is done; the old ones are what the person saw.
  const differences = [...new Set([...changes, ...now].map(({ field }) => field))].flatMap((field) => {
    const [shown, found] = [changes, now].map((list) => list.find((change) => change.field === field))
    if (shown !== undefined && found !== undefined && shown.oldValue === found.oldValue) return []
    return `${field}: was ${shown?.oldValue ?? 'nothing'}, now ${found?.oldValue ?? 'nothing'}`
  })
  if (differences.length === 0) return undefined
  return { reason: 'TargetChanged', message: `${describe(targetResource)} is not what was approved any more: ${differences.join('; ')}` }
}
