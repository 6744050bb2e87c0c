/** The part of KS204 that is about thresholds which nothing, or everything, is beyond. */
import type { HealingPolicySpec } from '../../api/v1alpha1/types.ts'
import type { Finding } from '../rule.ts'
import { builtInOf, type BuiltInMetric } from './built-in-metrics.ts'

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

export function impossibleThreshold(metric: Metric, path: string): Finding[] {
  const verdict = verdictOf(metric)
  if (verdict === undefined) return []
  const { query, operator, threshold } = metric
  const why = verdict === 'never holds' ? 'the trigger would never fire, and nothing would say so' : 'the trigger would fire on every object, the healthy ones too'
  return [{ path: `${path}.threshold`, what: `${query.trim()} ${operator} ${threshold} ${verdict}`, why, fix: 'write a threshold within what the metric can be' }]
}

function verdictOf(metric: Metric): 'never holds' | 'always holds' | undefined {
  const name = builtInOf(metric)
  if (name === undefined) return undefined
  const { operator, threshold } = metric
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
