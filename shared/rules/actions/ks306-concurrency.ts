import type { Finding, Rule } from '../rule.ts'
import { acts } from '../rule.ts'

export const ks306: Rule = {
  id: 'KS306',
  severity: 'W',
  title: 'safetyRules.maxConcurrent is below maxActionsPerHour, or one at a time: else it bounds nothing.',
  why: 'all acts of an hour may be in flight at once, before anybody knows whether the first has helped',
  fix: 'write 1, or fewer than maxActionsPerHour',
  check(policy) {
    const { maxConcurrent, maxActionsPerHour } = policy.spec.safetyRules
    if (!acts(policy) || maxConcurrent === 1 || maxConcurrent < maxActionsPerHour) return []
    const finding: Finding = { path: 'spec.safetyRules.maxConcurrent', what: `${maxConcurrent} at once is all that maxActionsPerHour (${maxActionsPerHour}) lets through in an hour` }
    return [finding]
  },
}
