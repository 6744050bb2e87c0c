import { isOneOf, STATEFUL_SET } from '../../api/v1alpha1/action-kinds.ts'
import type { ActionTemplate, HealingPolicy } from '../../api/v1alpha1/types.ts'
import { formatDuration, parseDuration } from '../../lib/duration.ts'
import { quoted } from '../../lib/text.ts'
import { seconds } from '../../lib/time.ts'
import { actsAlone } from '../ladder.ts'
import { scalingOf, wayOf } from '../scaling.ts'
import { heals, selectedResources, type Finding, type Rule } from '../rule.ts'

/** The period of a readiness probe, unless it says otherwise: no new pod is known to be Ready sooner. */
const SHORTEST_START = seconds(10)

export const ks402: Rule = {
  id: 'KS402',
  severity: 'E',
  alsoWarns: true,
  title: 'What deletes, patches or scales down in automatic mode has a health check, or a person who approves. Every other act that has neither is warned about, and so is a healthCheckTimeout that no pod can meet.',
  why: 'nobody would know that the workload did not come back, and the next act would follow',
  fix: 'leave requireHealthCheck at true, or write requiresApproval: true for the action',
  check: (policy) => [...unchecked(policy), ...hasty(policy)],
}

function unchecked(policy: HealingPolicy): Finding[] {
  const blind = policy.spec.actions.filter((action) => actsAlone(policy, action))
  if (policy.spec.safetyRules.requireHealthCheck || blind.length === 0) return []
  const path = 'spec.safetyRules.requireHealthCheck'
  const grave = blind.filter(takesAway)
  if (grave.length > 0) return [{ path, what: `${named(grave)} without a health check, and nobody is asked` }]
  return [{ path, severity: 'W', what: `${named(blind)} without a health check, and nobody is asked`, why: 'a new pod that never gets Ready counts as a success, so the circuit breaker stays closed and the next pod follows' }]
}

const named = (actions: readonly ActionTemplate[]): string => actions.map(({ name, type }) => `${type} (${quoted(name, 63)})`).join(', ')

/** What no disruption budget is asked about; of what is left after scaling down a health check asks nothing that was not so before. */
const takesAway = (action: ActionTemplate): boolean => {
  const scaling = scalingOf(action)
  return action.type === 'delete' || action.type === 'patch' || (scaling !== undefined && wayOf(scaling) === 'down')
}

function hasty(policy: HealingPolicy): Finding[] {
  const { requireHealthCheck, healthCheckTimeout } = policy.spec.safetyRules
  const patience = parseDuration(healthCheckTimeout)
  if (!heals(policy) || !requireHealthCheck || patience === undefined) return []
  const path = 'spec.safetyRules.healthCheckTimeout'
  const slowest = selectedResources(policy).some((kind) => isOneOf([STATEFUL_SET], kind)) ? Math.max(0, ...policy.spec.actions.map(graceOf)) : 0
  if (slowest > 0 && patience <= seconds(slowest)) {
    const what = `${formatDuration(patience)} is not longer than the ${slowest}s that a pod may take to stop`
    return [{ path, severity: 'W', what, why: 'of a StatefulSet the next pod starts only when the old one is gone', fix: `write more than ${slowest}s, with the time that a start takes` }]
  }
  if (patience >= SHORTEST_START) return []
  return [{ path, severity: 'W', what: `${formatDuration(patience)} is less than one period of a readiness probe (10s)`, why: 'an act that helps would be called ineffective, and the next rung follows', fix: 'write 1m or more, and more than the probes allow for a start' }]
}

const graceOf = ({ restartAction, evictAction, deleteAction }: ActionTemplate): number => (restartAction ?? evictAction ?? deleteAction)?.gracePeriodSeconds ?? 0
