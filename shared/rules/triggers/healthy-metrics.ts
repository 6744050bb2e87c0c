/** The part of KS204 that is about metrics: what healthy objects show, always or now and then. */
import type { HealingPolicySpec } from '../../api/v1alpha1/types.ts'
import { formatDuration, parseDuration } from '../../lib/duration.ts'
import type { Finding } from '../rule.ts'
import { builtInOf, type BuiltInMetric } from './built-in-metrics.ts'
import { SHORTEST_START } from './shortest-start.ts'
import { breaches } from './thresholds.ts'

/** Caches and heaps fill half of what they may have, and stay there. */
const USUAL_MEMORY = 50
/** The kernel ends a container that goes beyond its limit. */
const WHOLE_LIMIT = 100

type Metric = NonNullable<HealingPolicySpec['triggers'][number]['metricTrigger']>

/** More of it than this most healthy objects never use. */
const USUAL_USAGE = 50
/** Of what it asks for, whatever runs at all uses more now and then: its runtime, its probes, one request. */
const LEAST_USAGE = 1
/** Whatever has something to do uses more CPU. */
const USUAL_CPU = 10
/** Ten milliseconds: the slowest hundredth of the answers of most programs takes longer. */
const USUAL_ANSWER = 0.01
/** Whatever answers at all while nothing is wrong answers within that, in seconds. */
const USUAL_LATENCY = 1

/** What is measured of an object with nothing wrong. Usage and latency have no such value. */
const HEALTHY: Readonly<Partial<Record<BuiltInMetric, number>>> = { ready_percent: 100, availability_percent: 100, error_rate_percent: 0, restart_count: 0, cpu_throttled_percent: 0 }

/** One request that fails, one period that is held back: every busy pod has that. */
const NEVER_ZERO: ReadonlySet<BuiltInMetric> = new Set<BuiltInMetric>(['error_rate_percent', 'cpu_throttled_percent'])

/** Of 0 to 100 in as many steps as a reading has: one of them exactly is hit by chance only. */
const NEVER_TWICE: ReadonlySet<BuiltInMetric> = new Set<BuiltInMetric>(['memory_usage_percent', 'cpu_usage_percent', 'latency_p99_seconds'])

/**
 * @param always how bad it is that every healthy object fires
 * @param forScaling it leads to scaling alone
 */
export function healthyMetrics(metric: Metric, path: string, always: 'E' | 'W', forScaling: boolean): Finding[] {
  const { operator, threshold, duration } = metric
  const name = builtInOf(metric)
  const above = operator === '>' || operator === '>='
  const below = operator === '<' || operator === '<='
  const exact = name !== undefined && NEVER_TWICE.has(name)
  const usual = name === undefined ? undefined : HEALTHY[name]
  const findings: Finding[] = []
  const add = (what: string, why: string, fix: string, severity: 'E' | 'W' = 'W'): void => void findings.push({ path: `${path}.threshold`, severity, what, why, fix })
  if (usual !== undefined && breaches(metric, usual)) {
    add(`${name} is ${usual} on every healthy object, which is ${operator} ${threshold}`, 'healthy objects would be acted on, up to the hourly limit', 'turn the operator round', forScaling && name === 'cpu_throttled_percent' ? 'W' : always)
  } else if (exact && operator === '!=' && threshold !== 0) {
    add(`${name} is not exactly ${threshold} on any healthy object, nor on others`, 'healthy objects would be acted on, up to the hourly limit', 'write operator >', always)
  } else if ((name === 'cpu_usage_percent' || name === 'memory_usage_percent') && (above ? threshold <= LEAST_USAGE : operator === '!=' && threshold === 0)) {
    add(`every healthy object comes to ${name} ${operator} ${threshold}`, 'healthy objects would be acted on, up to the hourly limit', 'write 80 or more', forScaling ? 'W' : always)
  } else if (name === 'latency_p99_seconds' && (above || operator === '!=') && threshold === 0) {
    add(`every object that answers has ${name} ${operator} 0`, 'healthy objects would be acted on, up to the hourly limit', 'write what is too slow, such as 2', always)
  } else if (name === 'latency_p99_seconds' && above && threshold < USUAL_ANSWER) {
    add(`${name} above ${threshold}`, 'most healthy objects take longer for some of their answers', 'write what is too slow, such as 2: it is in seconds')
  } else if (name === 'cpu_usage_percent' && above && threshold < USUAL_CPU) {
    add(`${name} above ${threshold}`, 'whatever has something to do uses more', 'write 80 or more')
  } else if (exact && operator === '==' && threshold !== 0) {
    add(`${name} is hardly ever exactly ${threshold}`, 'the trigger would never fire, and nothing would say so', 'write operator > or <')
  } else if (name === 'latency_p99_seconds' && below && !forScaling) {
    add(`${name} ${operator} ${threshold} is what answers in time`, 'the slow ones would be left alone, and the others acted on', 'write operator >', threshold >= USUAL_LATENCY ? always : 'W')
  } else if ((name === 'cpu_usage_percent' || name === 'memory_usage_percent') && below && threshold >= USUAL_USAGE && !forScaling) {
    add(`most healthy objects have ${name} ${operator} ${threshold}`, 'what has little to do is not broken', 'write operator >, or less than 50')
  } else if (name === 'memory_usage_percent' && above && threshold < USUAL_MEMORY) {
    add(`${name} above ${threshold}`, 'healthy processes keep more than that', 'write 80 or more')
  } else if (name === 'memory_usage_percent' && (above ? threshold > WHOLE_LIMIT || (threshold === WHOLE_LIMIT && operator === '>') : operator === '==' && threshold > WHOLE_LIMIT)) {
    add(`${name} above 100 is never seen where there is a limit`, 'the kernel ends a container that goes beyond its limit, before anybody has measured it', 'write 90 or less, or set memory requests without limits')
  } else if (name === 'restart_count' && (operator === '>=' ? threshold <= 1 : operator === '>' ? threshold < 1 : operator === '!=' && threshold === 0)) {
    add('a single restart fires', 'one restart often is the whole cure', 'write >= 3')
  } else if (name !== undefined && NEVER_ZERO.has(name) && (operator === '>' || operator === '!=') && threshold === 0) {
    add(`${name} above 0 fires on any traffic or load`, 'every busy object shows a little of it now and then', 'write what would wake somebody up, such as 5')
  }
  // A count over a window does not flap; a reading does.
  const span = parseDuration(duration)
  if (span === 0 && name !== 'restart_count') {
    findings.push({ path: `${path}.duration`, severity: 'W', what: 'fires at the first reading', why: 'single readings are off now and then', fix: 'write 1m or more' })
  } else if ((name === 'ready_percent' || name === 'availability_percent') && span !== undefined && span < SHORTEST_START && findings.length === 0) {
    findings.push({ path: `${path}.duration`, severity: 'W', what: `fires after ${formatDuration(span)}`, why: 'every rollout takes longer, and so does the replacement that an act brings about', fix: 'write 1m or more' })
  }
  return findings
}
