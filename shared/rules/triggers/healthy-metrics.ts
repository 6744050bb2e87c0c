/** The part of KS204 that is about metrics: what healthy objects show now and then. */
import type { HealingPolicySpec } from '../../api/v1alpha1/types.ts'
import { parseDuration } from '../../lib/duration.ts'
import type { Finding } from '../rule.ts'
import { CUSTOM_METRICS, EXTERNAL_METRICS, isBuiltIn } from './built-in-metrics.ts'

/** Caches and heaps fill half of what they may have, and stay there. */
const USUAL_MEMORY = 50

type Metric = NonNullable<HealingPolicySpec['triggers'][number]['metricTrigger']>

export function healthyMetrics({ query, operator, threshold, duration, source }: Metric, path: string): Finding[] {
  const name = query.trim()
  const builtIn = isBuiltIn(name) && source !== CUSTOM_METRICS && source !== EXTERNAL_METRICS
  const above = operator === '>' || operator === '>='
  const findings: Finding[] = []
  if (builtIn && name === 'memory_usage_percent' && above && threshold < USUAL_MEMORY) {
    findings.push({ path: `${path}.threshold`, what: `${name} above ${threshold}`, why: 'healthy processes keep more than that', fix: 'write 80 or more' })
  }
  if (builtIn && name === 'restart_count' && (operator === '>=' ? threshold <= 1 : operator === '>' && threshold < 1)) {
    findings.push({ path: `${path}.threshold`, what: 'a single restart fires', why: 'one restart often is the whole cure', fix: 'write >= 3' })
  }
  // A count over a window does not flap; a reading does.
  if (parseDuration(duration) === 0 && !(builtIn && name === 'restart_count')) {
    findings.push({ path: `${path}.duration`, what: 'fires at the first reading', why: 'single readings are off now and then', fix: 'write 1m or more' })
  }
  return findings
}
