import { ACTS_ON, isOneOf } from '../../api/v1alpha1/action-kinds.ts'
import { knownKind, nameOf } from '../../api/v1alpha1/kinds.ts'
import type { ActionTemplate, HealingPolicy } from '../../api/v1alpha1/types.ts'
import { acts, selectedResources, type Finding, type Rule } from '../rule.ts'

export const ks302: Rule = {
  id: 'KS302',
  severity: 'E',
  alsoWarns: true,
  title: 'Nothing is deleted by force, no StatefulSet at all, and nothing is orphaned; every other delete that nobody has to approve is warned about.',
  why: 'a delete asks no disruption budget, and what is deleted does not come back by itself in every case',
  fix: 'use evict, or restart',
  check(policy) {
    if (!acts(policy)) return []
    return policy.spec.actions.flatMap((action, index): Finding[] => (action.type === 'delete' ? findings(policy, action, `spec.actions[${index}]`) : []))
  },
}

function findings(policy: HealingPolicy, { target, requiresApproval, deleteAction = {} }: ActionTemplate, path: string): Finding[] {
  const { gracePeriodSeconds, propagationPolicy, force } = deleteAction
  const dangers: Finding[] = [
    ...(force === true ? [{ path: `${path}.deleteAction.force`, what: 'deletes by force', why: FORCED, fix: 'leave force out' }] : []),
    ...(gracePeriodSeconds === 0 ? [{ path: `${path}.deleteAction.gracePeriodSeconds`, what: 'a grace period of 0 deletes by force', why: FORCED, fix: 'write 1 or more, or leave it out' }] : []),
    ...(propagationPolicy === 'Orphan'
      ? [{ path: `${path}.deleteAction.propagationPolicy`, what: 'Orphan leaves the pods without an owner', why: 'nobody would replace, scale or remove them any more', fix: 'write Background or Foreground' }]
      : []),
    ...(target === 'Workload' ? undeletable(policy, path) : []),
  ]
  if (dangers.length > 0 || policy.spec.mode === 'manual' || requiresApproval === true) return dangers
  return [{ path: `${path}.type`, what: 'delete asks no disruption budget', severity: 'W', fix: 'use evict or restart, or write requiresApproval: true', ...(target === 'Workload' ? { why: 'a workload comes back only where something else makes it again' } : {}) }]
}

const FORCED = 'the pod may still run on its node while its replacement does: two writers, one volume'

function undeletable(policy: HealingPolicy, path: string): Finding[] {
  const kind = selectedResources(policy).find((resource) => knownKind(resource)?.pods === 'owned' && !isOneOf(ACTS_ON.delete, resource))
  return kind === undefined ? [] : [{ path: `${path}.type`, what: `deletes ${nameOf(kind)}`, why: 'its pods have names and data that do not come back by themselves' }]
}
