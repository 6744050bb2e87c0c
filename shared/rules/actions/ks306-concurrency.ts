import type { Finding, Rule } from '../rule.ts'
import { acts } from '../rule.ts'
import { parseMaxUnhealthy, unhealthyLimit } from '../safety/max-unhealthy.ts'
import { selectedNow } from '../selection/ks106-impact.ts'

export const ks306: Rule = {
  id: 'KS306',
  severity: 'W',
  title: 'safetyRules.maxConcurrent is below maxActionsPerHour and below all that is selected, or one at a time: else it bounds nothing.',
  why: 'all acts of an hour may be in flight at once, before anybody knows whether the first has helped',
  fix: 'write 1, or fewer than maxActionsPerHour',
  partlyNeeds: 'cluster',
  check(policy, context) {
    const { maxConcurrent, maxActionsPerHour, maxUnhealthy } = policy.spec.safetyRules
    if (!acts(policy) || maxConcurrent === 1) return []
    const path = 'spec.safetyRules.maxConcurrent'
    if (maxConcurrent >= maxActionsPerHour) return [{ path, what: `${maxConcurrent} at once is all that maxActionsPerHour (${maxActionsPerHour}) lets through in an hour` }]
    const now = selectedNow(policy, context)
    const gate = maxUnhealthy === undefined ? { percent: context.installation.storm.policyPercent } : parseMaxUnhealthy(maxUnhealthy)
    // Below that the storm gate stops before so many are in flight.
    if (now === undefined || now < 2 || maxConcurrent < now || gate === undefined || unhealthyLimit(gate, now) < now) return []
    const finding: Finding = { path, what: `${maxConcurrent} at once is all of the ${now} objects that are selected now, and maxUnhealthy stops at none`, why: 'all of them may be away at the same time', fix: 'write fewer than there are, or a lower maxUnhealthy such as 20%' }
    return [finding]
  },
}
