import { formatDuration, parseDuration } from '../../lib/duration.ts'
import { hours } from '../../lib/time.ts'
import type { Finding, Rule } from '../rule.ts'

export const ks407: Rule = {
  id: 'KS407',
  severity: 'W',
  title: 'A budget is tighter than maxActionsPerHour, or it never limits anything.',
  why: 'a limit that is never reached only looks like one',
  fix: 'write fewer actions, or a longer time',
  check: ({ spec: { safetyRules } }) =>
    (safetyRules.budgets ?? []).flatMap(({ actions, per }, index): Finding[] => {
      const span = parseDuration(per)
      // So many sliding hours cover it, with the most that each of them lets through.
      const most = span === undefined ? undefined : Math.ceil(span / hours(1)) * safetyRules.maxActionsPerHour
      if (span === undefined || most === undefined || actions < most) return []
      return [{ path: `spec.safetyRules.budgets[${index}].actions`, what: `maxActionsPerHour lets no more than ${most} through in ${formatDuration(span)}` }]
    }),
}
