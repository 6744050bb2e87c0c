/** What an action acts on, given what the finding is about. */
import type { ActionTemplate } from '../../shared/api/v1alpha1/types.ts'
import { isPod } from '../../shared/api/v1alpha1/kinds.ts'
import { describe, type OwnerChain } from '../healing/owners.ts'
import type { Refusal } from '../healing/refusal.ts'
import type { ObjectRef, TargetView } from '../healing/snapshot.ts'

/** The offending pod, or the top owner; without a target the level of the finding. Scaling a pod is scaling its owner. */
export function targetOf({ type, target }: Pick<ActionTemplate, 'type' | 'target'>, object: TargetView, { subject }: OwnerChain): ObjectRef | Refusal {
  const level = type === 'scale' ? 'Workload' : target ?? (object.shape === 'Pod' ? 'Pod' : 'Workload')
  if (level === 'Pod') {
    return object.shape === 'Pod' ? object.ref : { reason: 'Unsupported', message: `the trigger is about ${describe(object.ref)} and not about one of its pods: write target: Workload` }
  }
  return isPod(subject) ? { reason: 'NoController', message: `${describe(subject)} has no controller: there is no workload to act on` } : subject
}

/**
 * Why an action that is not for the kind of the top owner is not done further down: what a custom resource's operator
 * made, it makes again as it was. `why`: what is known beside.
 */
export function unfit({ type }: Pick<ActionTemplate, 'type'>, target: Pick<ObjectRef, 'kind' | 'name'> & { readonly uid?: string }, { workloads }: OwnerChain, why?: Refusal): Refusal {
  const below = workloads.findLast(({ ref }) => ref.uid !== target.uid)
  return below === undefined
    ? (why ?? { reason: 'Unsupported', message: `${type} is not for ${describe(target)}` })
    : { reason: 'OwnedElsewhere', message: `${describe(target)} controls ${describe(below.ref)}, and ${type} is not for it: change it there` }
}

export const isRefusal = (target: ObjectRef | Refusal): target is Refusal => 'reason' in target
