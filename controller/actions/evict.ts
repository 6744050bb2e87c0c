/** evict: the pod goes as a disruption budget allows, and its controller makes a new one. */
import type { ActionTemplate } from '../../shared/api/v1alpha1/types.ts'
import { describe } from '../healing/owners.ts'
import type { RefusalReason } from '../healing/refusal.ts'
import type { PodView } from '../healing/snapshot.ts'
import type { ActionKind, Plan, Unplannable } from './action.ts'

type EvictArgs = NonNullable<ActionTemplate['evictAction']>

export const evictAction: ActionKind<EvictArgs> = {
  type: 'evict',
  args: (template) => template.evictAction,
  expects: () => 'replacement',
  plan: ({ gracePeriodSeconds }, target) => (target.shape === 'Pod' ? evictionPlan(target, gracePeriodSeconds) : refuse('Unsupported', `${describe(target.ref)} is no pod: only pods are evicted`)),
}

export const refuse = (reason: RefusalReason, message: string): Unplannable => ({ refusal: { reason, message } })

export function evictionPlan(pod: PodView, gracePeriodSeconds: number | undefined): Plan | Unplannable {
  const { ref, resourceVersion } = pod
  return {
    operations: [{ kind: 'evict', target: ref, preconditions: { uid: ref.uid, resourceVersion }, gracePeriodSeconds }],
    changes: goingChanges(pod, 'eviction', gracePeriodSeconds),
    intent: [],
  }
}

/** What a person reads of an object that goes. */
export const goingChanges = ({ ref, owner }: Pick<PodView, 'ref' | 'owner'>, by: string, gracePeriodSeconds: number | undefined): Plan['changes'] => [
  { field: 'metadata.deletionTimestamp', newValue: gracePeriodSeconds === undefined ? `set by ${by}` : `set by ${by}, grace period ${gracePeriodSeconds}s` },
  { field: 'metadata.uid', oldValue: ref.uid, newValue: owner === undefined ? 'none' : `of a new ${ref.kind === 'Pod' ? 'pod' : ref.kind} made by ${owner.kind}/${owner.name}` },
]
