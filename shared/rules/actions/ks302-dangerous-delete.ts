import { needsApproval } from '../../api/v1alpha1/approval.ts'
import { ACTS_ON, isOneOf, STATEFUL_SET } from '../../api/v1alpha1/action-kinds.ts'
import { knownKind, nameOf } from '../../api/v1alpha1/kinds.ts'
import type { ActionTemplate, HealingPolicy } from '../../api/v1alpha1/types.ts'
import { acts, selectedResources, type Finding, type Rule } from '../rule.ts'

/** @see controller/actions/delete.ts */
const NEVER = 'no act is ever carried out so'

export const ks302: Rule = {
  id: 'KS302',
  severity: 'E',
  alsoWarns: true,
  title: 'Nothing is deleted by force, no StatefulSet at all, and nothing is orphaned; no other workload in automatic mode before a person has approved it. Warned about: a delete of pods that nobody has to approve, and a grace period in which no pod can answer what it was asked, or none of a StatefulSet write down what it holds.',
  why: 'a delete asks no disruption budget, and what is deleted does not come back by itself in every case',
  fix: 'use evict, or restart',
  partlyNoExemption: `a delete by force, of a StatefulSet, or with Orphan: ${NEVER}`,
  check(policy) {
    if (!acts(policy)) return []
    return policy.spec.actions.flatMap((action, index): Finding[] => {
      const path = `spec.actions[${index}]`
      return [...(action.type === 'delete' ? findings(policy, action, path) : []), ...hasty(policy, action, path)]
    })
  },
}

/** Seconds. Of a StatefulSet a third of what pods have by default: databases write their memory to the disk in it. Others are sent requests for some seconds still. */
const SHORTEST_GRACE = { stateful: 10, other: 5 } as const

/** 0 is refused, by the schema or above. A rollout does not read it: KS301. */
function hasty(policy: HealingPolicy, action: ActionTemplate, path: string): Finding[] {
  const { target, restartAction, evictAction, deleteAction } = action
  const stateful = selectedResources(policy).some((kind) => isOneOf([STATEFUL_SET], kind))
  // Whoever approves sees the number, and a pod that hangs answers nobody.
  if (!stateful && needsApproval(policy.spec, action)) return []
  const rolls = target === 'Workload' && restartAction?.strategy === 'rolling'
  return Object.entries({ ...(rolls ? {} : { restartAction }), evictAction, deleteAction }).flatMap(([body, { gracePeriodSeconds = 0 } = {}]): Finding[] => {
    if (gracePeriodSeconds < 1 || gracePeriodSeconds >= SHORTEST_GRACE[stateful ? 'stateful' : 'other']) return []
    const why = stateful ? 'what it has not written by then is lost or half written, and the next pod has to recover it before it serves' : 'it is killed in the middle of what it was asked: requests come until every node knows that it is going, which takes seconds'
    return [{ path: `${path}.${body}.gracePeriodSeconds`, severity: 'W', what: `a pod${stateful ? ' of a StatefulSet' : ''} has ${gracePeriodSeconds}s to stop`, why, fix: 'leave it out: then the pod has the time that its own author gave it' }]
  })
}

function findings(policy: HealingPolicy, { target, requiresApproval, deleteAction = {} }: ActionTemplate, path: string): Finding[] {
  const { gracePeriodSeconds, propagationPolicy, force } = deleteAction
  const dangers: Finding[] = [
    ...(force === true ? [{ path: `${path}.deleteAction.force`, what: 'deletes by force', why: FORCED, fix: 'leave force out', noExemption: NEVER }] : []),
    ...(gracePeriodSeconds === 0 ? [{ path: `${path}.deleteAction.gracePeriodSeconds`, what: 'a grace period of 0 deletes by force', why: FORCED, fix: 'write 1 or more, or leave it out', noExemption: NEVER }] : []),
    ...(propagationPolicy === 'Orphan'
      ? [{ path: `${path}.deleteAction.propagationPolicy`, what: 'Orphan leaves the pods without an owner', why: 'nobody would replace, scale or remove them any more', fix: 'write Background or Foreground', noExemption: NEVER }]
      : []),
    ...(target === 'Workload' ? undeletable(policy, path) : []),
  ]
  if (dangers.length > 0 || policy.spec.mode === 'manual' || requiresApproval === true) return dangers
  if (target === 'Pod') return [{ path: `${path}.type`, what: 'delete asks no disruption budget', severity: 'W', fix: 'use evict or restart, or write requiresApproval: true' }]
  // Where nobody is asked since nothing is done, it is how one finds out.
  const severity = policy.spec.mode === 'automatic' ? {} : ({ severity: 'W' } as const)
  return [{ path: `${path}.type`, what: 'deletes a workload, and nobody is asked', why: 'it comes back only where something else makes it again: GitOps, an operator; else the service is gone', fix: 'use restart, or write requiresApproval: true', ...severity }]
}

const FORCED = 'the pod may still run on its node while its replacement does: two writers, one volume'

function undeletable(policy: HealingPolicy, path: string): Finding[] {
  const kind = selectedResources(policy).find((resource) => knownKind(resource)?.pods === 'owned' && !isOneOf(ACTS_ON.delete, resource))
  return kind === undefined ? [] : [{ path: `${path}.type`, what: `deletes ${nameOf(kind)}`, why: 'its pods have names and data that do not come back by themselves', noExemption: NEVER }]
}
