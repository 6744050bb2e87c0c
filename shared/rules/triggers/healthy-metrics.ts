/** The part of KS204 that is about metrics: what healthy objects show, always or now and then. */
import type { HealingPolicySpec } from '../../api/v1alpha1/types.ts'
import { parseDuration } from '../../lib/duration.ts'
import type { Finding } from '../rule.ts'
import { builtInOf, type BuiltInMetric } from './built-in-metrics.ts'
import { breaches } from './thresholds.ts'

/** Caches and heaps fill half of what they may have, and stay there. */
const USUAL_MEMORY = 50
/** The kernel ends a container that goes beyond its limit. */
const WHOLE_LIMIT = 100

type Metric = NonNullable<HealingPolicySpec['triggers'][number]['metricTrigger']>

/** What is measured of an object with nothing wrong. Usage, latency and throttling have no such value. */
const HEALTHY: Readonly<Partial<Record<BuiltInMetric, number>>> = { ready_percent: 100, availability_percent: 100, error_rate_percent: 0, restart_count: 0 }

/** One request that fails or is slow, one period that is held back: every busy pod has that. */
const NEVER_ZERO: ReadonlySet<BuiltInMetric> = new Set<BuiltInMetric>(['error_rate_percent', 'latency_p99_seconds', 'cpu_throttled_percent'])

/** @param always how bad it is that every healthy object fires */
export function healthyMetrics(metric: Metric, path: string, always: 'E' | 'W'): Finding[] {
  const { operator, threshold, duration } = metric
  const name = builtInOf(metric)
  const above = operator === '>' || operator === '>='
  const usual = name === undefined ? undefined : HEALTHY[name]
  const findings: Finding[] = []
  const add = (what: string, why: string, fix: string, severity: 'E' | 'W' = 'W'): void => void findings.push({ path: `${path}.threshold`, severity, what, why, fix })
  if (usual !== undefined && breaches(metric, usual)) {
    add(`${name} is ${usual} on every healthy object, which is ${operator} ${threshold}`, 'healthy objects would be acted on, up to the hourly limit', 'turn the operator round', always)
  } else if (name === 'memory_usage_percent' && above && threshold < USUAL_MEMORY) {
    add(`${name} above ${threshold}`, 'healthy processes keep more than that', 'write 80 or more')
  } else if (name === 'memory_usage_percent' && (above ? threshold > WHOLE_LIMIT || (threshold === WHOLE_LIMIT && operator === '>') : operator === '==' && threshold > WHOLE_LIMIT)) {
    add(`${name} above 100 is never seen where there is a limit`, 'the kernel ends a container that goes beyond its limit, before anybody has measured it', 'write 90 or less, or set memory requests without limits')
  } else if (name === 'restart_count' && (operator === '>=' ? threshold <= 1 : operator === '>' && threshold < 1)) {
    add('a single restart fires', 'one restart often is the whole cure', 'write >= 3')
  } else if (name !== undefined && NEVER_ZERO.has(name) && operator === '>' && threshold === 0) {
    add(`${name} above 0 fires on any traffic or load`, 'every busy object shows a little of it now and then', 'write what would wake somebody up, such as 5')
  }
  // A count over a window does not flap; a reading does.
  if (parseDuration(duration) === 0 && name !== 'restart_count') {
    findings.push({ path: `${path}.duration`, severity: 'W', what: 'fires at the first reading', why: 'single readings are off now and then', fix: 'write 1m or more' })
  }
  return findings
}
