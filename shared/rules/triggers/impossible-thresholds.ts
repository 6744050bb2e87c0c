/** The part of KS204 that is about thresholds which nothing, or everything, is beyond. */
import type { HealingPolicySpec } from '../../api/v1alpha1/types.ts'
import type { Finding } from '../rule.ts'
import { builtInOf } from './built-in-metrics.ts'
import { canMeet, DOMAINS, within } from './domains.ts'
import { ALWAYS } from './thresholds.ts'

type Metric = NonNullable<HealingPolicySpec['triggers'][number]['metricTrigger']>

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
  if (!canMeet([metric], DOMAINS[name])) return 'never holds'
  return within(ALWAYS, metric, DOMAINS[name]) ? 'always holds' : undefined
}
