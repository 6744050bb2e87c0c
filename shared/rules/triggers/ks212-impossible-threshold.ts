import type { HealingPolicySpec } from '../../api/v1alpha1/types.ts'
import type { Finding, Rule } from '../rule.ts'
import { isBuiltIn, type BuiltInMetric } from './built-in-metrics.ts'

type Metric = NonNullable<HealingPolicySpec['triggers'][number]['metricTrigger']>

/** Beyond their request containers use more than 100 %, so usage has no upper end. */
const HIGHEST: Readonly<Record<BuiltInMetric, number>> = {
  cpu_usage_percent: Number.POSITIVE_INFINITY,
  memory_usage_percent: Number.POSITIVE_INFINITY,
  cpu_throttled_percent: 100,
  restart_count: Number.POSITIVE_INFINITY,
  ready_percent: 100,
  availability_percent: 100,
  error_rate_percent: 100,
  latency_p99_seconds: Number.POSITIVE_INFINITY,
}

export const ks212: Rule = {
  id: 'KS212',
  severity: 'E',
  title: 'The threshold of a built-in metric can be crossed, and is not crossed by every value.',
  why: 'the trigger would never fire, or fire on every healthy object',
  fix: 'write a threshold within what the metric can be',
  check: ({ spec }) =>
    spec.triggers.flatMap(({ metricTrigger }, index): Finding[] => {
      if (metricTrigger === undefined) return []
      const verdict = verdictOf(metricTrigger)
      if (verdict === undefined) return []
      const { query, operator, threshold } = metricTrigger
      return [{ path: `spec.triggers[${index}].metricTrigger.threshold`, what: `${query.trim()} ${operator} ${threshold} ${verdict}` }]
    }),
}

function verdictOf({ query, operator, threshold }: Metric): 'never holds' | 'always holds' | undefined {
  const name = query.trim()
  if (!isBuiltIn(name)) return undefined
  const highest = HIGHEST[name]
  switch (operator) {
    case '>':
      return threshold >= highest ? 'never holds' : threshold < 0 ? 'always holds' : undefined
    case '>=':
      return threshold > highest ? 'never holds' : threshold <= 0 ? 'always holds' : undefined
    case '<':
      return threshold <= 0 ? 'never holds' : threshold > highest ? 'always holds' : undefined
    case '<=':
      return threshold < 0 ? 'never holds' : threshold >= highest ? 'always holds' : undefined
    case '==':
      return threshold < 0 || threshold > highest ? 'never holds' : undefined
    case '!=':
      return threshold < 0 || threshold > highest ? 'always holds' : undefined
    default:
      return operator satisfies never
  }
}
