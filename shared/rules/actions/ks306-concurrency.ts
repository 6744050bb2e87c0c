import { REMEMBERED_OUTCOMES } from '../../api/v1alpha1/breaker.ts'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import type { Finding, Rule, RuleContext } from '../rule.ts'
import { acts } from '../rule.ts'
import { MANY_AT_ONCE, parseMaxUnhealthy, unhealthyLimit, widthOf } from '../safety/max-unhealthy.ts'
import { selectedNow } from '../selection/ks106-impact.ts'

export const ks306: Rule = {
  id: 'KS306',
  severity: 'W',
  title: 'safetyRules.maxConcurrent is below maxActionsPerHour and below all that is selected, and leaves something of the hour for the circuit breaker to stop, of ten or more at once half of it; or one at a time: else it bounds nothing. A graceful restart that nobody approves takes fewer than ten pods of a workload at once.',
  why: 'all acts of an hour may be in flight at once, before anybody knows whether the first has helped',
  fix: 'write 1, or fewer than maxActionsPerHour',
  partlyNeeds: 'cluster',
  check: (policy, context) => [...withinOneAct(policy), ...ofManyActs(policy, context)],
}

function ofManyActs(policy: HealingPolicy, context: RuleContext): readonly Finding[] {
  const { maxConcurrent, maxActionsPerHour, maxUnhealthy } = policy.spec.safetyRules
  if (!acts(policy) || maxConcurrent === 1) return []
  const path = 'spec.safetyRules.maxConcurrent'
  const fewest = mostAtOnce(policy)
  const fix = `write ${fewest > 1 ? `at most ${fewest}` : '1'}`
  if (maxConcurrent >= maxActionsPerHour) return [{ path, what: `${maxConcurrent} at once is all that maxActionsPerHour (${maxActionsPerHour}) lets through in an hour`, fix }]
  // Each that has ended before the last of these makes room for another one.
  const outcomes = outcomesOf(policy)
  const begun = maxConcurrent + outcomes - 1
  // With fewer in an hour than it takes, the breaker stops the next hour, one at a time too.
  if (maxActionsPerHour > outcomes && begun >= maxActionsPerHour) {
    return [{ path, what: `with ${maxConcurrent} at once all ${maxActionsPerHour} of an hour have begun before ${outcomes} have told that they do not help`, why: 'the circuit breaker opens when there is nothing left to stop', fix }]
  }
  if (maxConcurrent >= MANY_AT_ONCE && begun > maxActionsPerHour / 2) {
    return [{ path, what: `with ${maxConcurrent} at once ${begun} of the ${maxActionsPerHour} of an hour have begun before ${outcomes} have told that they do not help`, why: 'the circuit breaker opens when most of the damage is done', fix }]
  }
  const now = selectedNow(policy, context)
  const gate = maxUnhealthy === undefined ? { percent: context.installation.storm.policyPercent } : parseMaxUnhealthy(maxUnhealthy)
  // Below that the storm gate stops before so many are in flight.
  if (now === undefined || now < 2 || maxConcurrent < now || gate === undefined || unhealthyLimit(gate, now) < now) return []
  return [{ path, what: `${maxConcurrent} at once is all of the ${now} objects that are selected now, and maxUnhealthy stops at none`, why: 'all of them may be away at the same time', fix: 'write fewer than there are, or a lower maxUnhealthy such as 20%' }]
}

/** Pods of one workload: however many it has, one stays, and the others may be as many as are taken at once. */
function withinOneAct({ spec: { mode, actions } }: HealingPolicy): readonly Finding[] {
  if (mode === 'monitor' || mode === 'manual') return []
  return actions.flatMap(({ restartAction, requiresApproval }, index): Finding[] => {
    const { strategy, maxConcurrent = 1 } = restartAction ?? {}
    if (strategy !== 'graceful' || requiresApproval === true || maxConcurrent < MANY_AT_ONCE) return []
    return [{ path: `spec.actions[${index}].restartAction.maxConcurrent`, what: `${maxConcurrent} pods of a workload may be away at once, and nobody is asked`, why: 'of a workload that has as many, one is left to serve until the replacements are Ready', fix: 'write as many as the workload can do without, such as 1 or 2; or write requiresApproval: true' }]
  })
}

/** After so many that did not help the breaker is open. */
const outcomesOf = ({ spec: { safetyRules } }: HealingPolicy): number => Math.min(safetyRules.circuitBreaker.failureThreshold, REMEMBERED_OUTCOMES)

/** The most of which, offline, neither this rule nor KS403 says anything. */
function mostAtOnce(policy: HealingPolicy): number {
  const { maxActionsPerHour, maxUnhealthy } = policy.spec.safetyRules
  const outcomes = outcomesOf(policy)
  const left = Math.max(1, maxActionsPerHour > outcomes ? maxActionsPerHour - outcomes : maxActionsPerHour - 1)
  if (left < MANY_AT_ONCE) return left
  const gate = maxUnhealthy === undefined ? undefined : parseMaxUnhealthy(maxUnhealthy)
  return gate !== undefined && widthOf(gate) !== undefined ? MANY_AT_ONCE - 1 : Math.max(MANY_AT_ONCE - 1, Math.floor(maxActionsPerHour / 2) - outcomes + 1)
}
