import { isCustom, knownKind, nameOf } from '../../api/v1alpha1/kinds.ts'
import { needsAll } from '../../api/v1alpha1/trigger-match.ts'
import type { HealingPolicy, Trigger } from '../../api/v1alpha1/types.ts'
import { parseDuration } from '../../lib/duration.ts'
import { printable, quoted } from '../../lib/text.ts'
import { isSameQuery } from '../../promql/same.ts'
import { selectedResources, type Finding, type Rule } from '../rule.ts'
import { builtInOf, OVER_WINDOW, type BuiltInMetric } from './built-in-metrics.ts'
import { redundant } from './contains.ts'
import { canMeet, domainOf } from './domains.ts'
import { canHave, podsCanHave } from './kind-conditions.ts'
import { neverBoth } from './pod-conditions.ts'

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

function contradictions(policy: HealingPolicy): Finding[] {
  const { triggers } = policy.spec
  // Of custom resources nobody knows what their conditions mean to each other.
  const ofPods = !selectedResources(policy).some(isCustom)
  return triggers.flatMap((trigger, index) => {
    const before = triggers.slice(0, index)
    const found = before.flatMap((other) => contradiction(trigger, other, ofPods, `spec.triggers[${index}]`) ?? [])
    return found.length > 0 ? found.slice(0, 1) : (leavesNothing(trigger, before, `spec.triggers[${index}]`) ?? [])
  })
}

function contradiction({ conditionTrigger: condition, metricTrigger: metric }: Trigger, { name, conditionTrigger: held, metricTrigger: measured }: Trigger, ofPods: boolean, path: string): Finding | undefined {
  const before = quoted(name, 63)
  if (condition !== undefined && held !== undefined) {
    if (held.type === condition.type && held.status !== condition.status) {
      return { path: `${path}.conditionTrigger.status`, what: `${printable(condition.type)} cannot be ${condition.status} while it is ${held.status} (trigger ${before})` }
    }
    if (ofPods && neverBoth(condition, held)) return { path: `${path}.conditionTrigger`, what: `${printable(condition.type)} is never ${condition.status} while ${printable(held.type)} is ${held.status} (trigger ${before})` }
  }
  if (metric === undefined || measured === undefined || !isSameQuestion(metric, measured) || canMeet([metric, measured], domainOf(metric))) return undefined
  return { path: `${path}.metricTrigger.threshold`, what: `no value is both ${shown(metric)} and ${shown(measured)} (trigger ${before})` }
}

/** What two of them leave, a third one can take away. */
function leavesNothing({ metricTrigger: metric }: Trigger, before: readonly Trigger[], path: string): Finding | undefined {
  if (metric === undefined) return undefined
  const others = before.flatMap(({ metricTrigger }) => (metricTrigger !== undefined && isSameQuestion(metric, metricTrigger) ? [metricTrigger] : []))
  const domain = domainOf(metric)
  if (others.length < 2 || !canMeet(others, domain) || canMeet([metric, ...others], domain)) return undefined
  return { path: `${path}.metricTrigger.threshold`, what: `no value is ${shown(metric)} and at once ${others.slice(0, 3).map(shown).join(' and ')} (the triggers before)` }
}

const shown = ({ operator, threshold }: Metric): string => `${operator} ${threshold}`

const COUNTED: ReadonlySet<BuiltInMetric> = new Set<BuiltInMetric>(['restart_count', ...OVER_WINDOW])

/** Both ask for the same number. */
export function isSameQuestion(a: Metric, b: Metric): boolean {
  const name = builtInOf(a)
  if (a.source !== b.source || !isSameQuery(a.query.trim(), b.query.trim())) return false
  return name === undefined || !COUNTED.has(name) || parseDuration(a.window) === parseDuration(b.window)
}
