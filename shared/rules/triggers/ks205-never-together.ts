import { knownKind, nameOf } from '../../api/v1alpha1/kinds.ts'
import { needsAll } from '../../api/v1alpha1/trigger-match.ts'
import type { HealingPolicy, Trigger } from '../../api/v1alpha1/types.ts'
import { parseDuration } from '../../lib/duration.ts'
import { printable, quoted } from '../../lib/text.ts'
import { selectedResources, type Finding, type Rule } from '../rule.ts'
import { builtInOf, OVER_WINDOW, type BuiltInMetric } from './built-in-metrics.ts'
import { redundant } from './contains.ts'
import { canHave, podsCanHave } from './kind-conditions.ts'

export const ks205: Rule = {
  id: 'KS205',
  severity: 'E',
  alsoWarns: true,
  title: 'Under triggerMatch: All, the triggers can all hold on one object at once. A trigger that says nothing beyond another one is warned about.',
  why: 'nothing would ever be done, and nothing would say so',
  fix: 'write triggers that one object can meet at the same time, or triggerMatch: Any',
  check: (policy) => [...(needsAll(policy.spec) ? [...apart(policy), ...contradictions(policy)] : []), ...redundant(policy)],
}

const POD = 'v1 Pod'

/** Kinds of the objects that a trigger can find something about; undefined: any that is selected, or its pods. */
export function kindsOf({ conditionTrigger, metricTrigger }: Trigger, policy: HealingPolicy): ReadonlySet<string> | undefined {
  const selected = selectedResources(policy)
  const pods = selected.some((kind) => knownKind(kind)?.pods !== undefined) ? [POD] : []
  if (conditionTrigger !== undefined) {
    const { type } = conditionTrigger
    const own = selected.filter((kind) => canHave(kind, type)).map(nameOf)
    return new Set([...own, ...(podsCanHave(type) ? pods : [])])
  }
  if (metricTrigger === undefined) return undefined
  const name = builtInOf(metricTrigger)
  if (name === undefined) return undefined
  return new Set(OF_PODS.has(name) ? pods : selected.map(nameOf))
}

const OF_PODS: ReadonlySet<BuiltInMetric> = new Set<BuiltInMetric>(['cpu_usage_percent', 'memory_usage_percent', 'cpu_throttled_percent', 'restart_count'])

type Metric = NonNullable<Trigger['metricTrigger']>

function apart(policy: HealingPolicy): Finding[] {
  // What looks at nothing is another rule's.
  const known = policy.spec.triggers.flatMap((trigger) => {
    const kinds = kindsOf(trigger, policy)
    return kinds === undefined || kinds.size === 0 ? [] : [{ name: trigger.name, kinds }]
  })
  const [first, ...others] = known
  if (first === undefined || [...first.kinds].some((kind) => others.every(({ kinds }) => kinds.has(kind)))) return []
  const where = known.map(({ name, kinds }) => `${name} at ${[...kinds].join(' or ')}`).join(', ')
  return [{ path: 'spec.triggerMatch', what: `no object is looked at by all triggers: ${printable(where, 300)}` }]
}

function contradictions({ spec: { triggers } }: HealingPolicy): Finding[] {
  return triggers.flatMap((trigger, index) => {
    const found = triggers.slice(0, index).flatMap((other) => contradiction(trigger, other, `spec.triggers[${index}]`) ?? [])
    return found.slice(0, 1)
  })
}

function contradiction({ conditionTrigger: condition, metricTrigger: metric }: Trigger, other: Trigger, path: string): Finding | undefined {
  const before = quoted(other.name, 63)
  if (condition !== undefined && other.conditionTrigger?.type === condition.type && other.conditionTrigger.status !== condition.status) {
    return { path: `${path}.conditionTrigger.status`, what: `${printable(condition.type)} cannot be ${condition.status} while it is ${other.conditionTrigger.status} (trigger ${before})` }
  }
  const measured = other.metricTrigger
  if (metric === undefined || measured === undefined || !isSameQuestion(metric, measured) || canMeet(metric, measured)) return undefined
  return { path: `${path}.metricTrigger.threshold`, what: `no value is both ${metric.operator} ${metric.threshold} and ${measured.operator} ${measured.threshold} (trigger ${before})` }
}

const COUNTED: ReadonlySet<BuiltInMetric> = new Set<BuiltInMetric>(['restart_count', ...OVER_WINDOW])

/** Both ask for the same number. */
export function isSameQuestion(a: Metric, b: Metric): boolean {
  const name = builtInOf(a)
  if (a.query.trim() !== b.query.trim() || a.source !== b.source) return false
  return name === undefined || !COUNTED.has(name) || parseDuration(a.window) === parseDuration(b.window)
}

/** Some number lies on the right side of both thresholds. */
function canMeet(a: Metric, b: Metric): boolean {
  const { low, high } = { low: Math.max(lowest(a), lowest(b)), high: Math.min(highest(a), highest(b)) }
  if (low !== high) return low < high
  return [a, b].every(({ operator, threshold }) => threshold !== low || ['>=', '<=', '=='].includes(operator))
}

const lowest = ({ operator, threshold }: Metric): number => (['>', '>=', '=='].includes(operator) ? threshold : Number.NEGATIVE_INFINITY)
const highest = ({ operator, threshold }: Metric): number => (['<', '<=', '=='].includes(operator) ? threshold : Number.POSITIVE_INFINITY)
