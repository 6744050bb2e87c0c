/** Pods that may not be touched, although the workload that owns them may. Pure. */
import type { ActionTemplate } from '../../shared/api/v1alpha1/types.ts'
import { optedOutBy, protectionOf } from './guards.ts'
import { describe, indexWorkloads, ownerChain, podsOf, type SubjectName } from './owners.ts'
import type { CompiledPolicy } from './policy.ts'
import type { Refusal } from './refusal.ts'
import type { World } from './snapshot.ts'

/** More replicas take no pod away; everything else that is done to a workload may replace any of its pods. */
const takesPods = ({ type, scaleAction }: Pick<ActionTemplate, 'type' | 'scaleAction'>): boolean => type !== 'scale' || scaleAction?.direction !== 'up'

/** Why an act on the workload would take a pod that opted out, or that the policy protects. */
export function refuseForPods(policy: CompiledPolicy, action: Pick<ActionTemplate, 'type' | 'scaleAction'>, target: SubjectName, seen: Pick<World, 'pods' | 'workloads'>): Refusal | undefined {
  if (!takesPods(action)) return undefined
  const protecting = policy.protectedResources.length > 0
  const byUid = indexWorkloads(seen.workloads)
  for (const object of podsOf(target, seen)) {
    if (object.deleting || (!object.ignored && !protecting)) continue
    const chain = ownerChain(object, byUid)
    const what = `${describe(object.ref)} is one of the pods of ${describe(target)}, and`
    if (optedOutBy({ object, chain }, undefined) !== undefined) return { reason: 'OptedOut', message: `${what} opted out` }
    if (protectionOf(policy, { object, chain }) !== undefined) return { reason: 'Protected', message: `${what} is protected by safetyRules.protectedResources` }
  }
  return undefined
}
