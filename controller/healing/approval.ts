/** What waits for a person, and what has come of it. The decision is the person's; whether it still holds is judged again. */
import { after, formatInstant, parseInstant, type Instant } from '../../shared/lib/time.ts'
import { needsApproval } from '../../shared/api/v1alpha1/approval.ts'
import type { ActionTemplate, HealingAction, HealingActionSpec } from '../../shared/api/v1alpha1/types.ts'
import { printable } from '../../shared/lib/text.ts'
import { changesOf } from '../actions/index.ts'
import { describe } from './owners.ts'
import type { CompiledPolicy } from './policy.ts'
import type { Refusal } from './refusal.ts'
import type { TargetView } from './snapshot.ts'

/** What a HealingAction says of being waited for: its deadline, and what is approved, as it is now. */
export function approvalParts(policy: CompiledPolicy, template: ActionTemplate, target: TargetView, action: string, now: Instant): Pick<HealingActionSpec, 'approvalRequired' | 'approvalDeadline' | 'changes' | 'template'> {
  if (!needsApproval(policy, template)) return {}
  const pods = shownTemplate(target)
  return {
    approvalRequired: true,
    approvalDeadline: formatInstant(after(now, policy.limits.approvalTimeout)),
    changes: [...changesOf(template, target, action)],
    ...(pods === undefined ? {} : { template: pods }),
  }
}

/** Bounds of the schema. What is left out of them is in the hash all the same. */
const MOST_IMAGES = 32
const LONGEST_IMAGE = 512

function shownTemplate(target: TargetView): HealingActionSpec['template'] {
  if (target.shape !== 'Workload' || target.template === undefined) return undefined
  const { hash, images } = target.template
  return { hash, images: Object.entries(images).slice(0, MOST_IMAGES).map(([container, image]) => ({ container, image: printable(image, LONGEST_IMAGE) })) }
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

/** What was approved is what is done: a target that would be changed in another way than a person was shown, or is another one by now, is left alone. */
export function differsFromApproved(spec: HealingActionSpec, target: TargetView): Refusal | undefined {
  const { changes, action, template } = spec
  if (changes === undefined) return undefined
  return changed(spec, [...otherFields(changes, changesOf(action, target, '')), ...otherTemplate(template, shownTemplate(target))])
}

/** While it waits: what was asked about was rolled out anew. Numbers that come and go (of replicas, say) are looked at when it is carried out. */
export const rolledOutSince = (spec: HealingActionSpec, target: TargetView): Refusal | undefined => changed(spec, otherTemplate(spec.template, shownTemplate(target)))

const changed = ({ targetResource }: HealingActionSpec, differences: readonly string[]): Refusal | undefined =>
  differences.length === 0 ? undefined : { reason: 'TargetChanged', message: `${describe(targetResource)} is not what was asked about any more: ${differences.join('; ')}` }

type Changes = NonNullable<HealingActionSpec['changes']>

/** New values may hold what is known only when it is done; the old ones are what the person saw. */
function otherFields(then: Changes, now: readonly Changes[number][]): string[] {
  return [...new Set([...then, ...now].map(({ field }) => field))].flatMap((field) => {
    const [shown, found] = [then, now].map((list) => list.find((change) => change.field === field))
    if (shown !== undefined && found !== undefined && shown.oldValue === found.oldValue) return []
    return `${field}: was ${shown?.oldValue ?? 'nothing'}, now ${found?.oldValue ?? 'nothing'}`
  })
}

type Template = HealingActionSpec['template']

/** Somebody has rolled something out meanwhile: what was broken then may not be what runs now. How many pods there are is not in it. */
function otherTemplate(then: Template, now: Template): string[] {
  if (then === undefined || then.hash === now?.hash) return []
  const imageOf = (template: Template, name: string): string | undefined => template?.images.find(({ container }) => container === name)?.image
  const names = new Set([...then.images, ...(now?.images ?? [])].map(({ container }) => container))
  const images = [...names].flatMap((name) => {
    const [was, is] = [imageOf(then, name), imageOf(now, name)]
    if (was === undefined) return `container ${name} is new`
    if (is === undefined) return `container ${name} is gone`
    return was === is ? [] : `image of container ${name}: was ${was}, now ${is}`
  })
  return images.length === 0 ? ['spec.template has been changed since, the images are the same'] : images
}
