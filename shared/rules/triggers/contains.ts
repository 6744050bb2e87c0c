/** The part of KS205 that is about triggers of which one says nothing beyond another. */
import { needsAll } from '../../api/v1alpha1/trigger-match.ts'
import type { HealingPolicy, Trigger } from '../../api/v1alpha1/types.ts'
import { parseDuration } from '../../lib/duration.ts'
import { quoted } from '../../lib/text.ts'
import { rungsOf } from '../ladder.ts'
import type { Finding } from '../rule.ts'
import { alertWithin } from './alert-sets.ts'
import { builtInOf, OVER_WINDOW } from './built-in-metrics.ts'
import { domainOf, within } from './domains.ts'
import type { Threshold } from './thresholds.ts'

type Metric = NonNullable<Trigger['metricTrigger']>
type Event = NonNullable<Trigger['eventTrigger']>
type Alert = NonNullable<Trigger['alertTrigger']>

/** Each trigger once, where another fires whenever it does: that one counts under Any, this one under All. */
export function redundant(policy: HealingPolicy): Finding[] {
  const { triggers } = policy.spec
  const all = needsAll(policy.spec)
  return triggers.flatMap((narrow, index): Finding[] => {
    const wide = triggers.findIndex((other, at) => at !== index && contains(other, narrow) && (at < index || !contains(narrow, other)) && (all || leadsToMore(policy, other, narrow)))
    const other = triggers[wide]
    if (other === undefined) return []
    const useless = all ? wide : index
    const what = all ? `${quoted(other.name, 63)} holds whenever ${quoted(narrow.name, 63)} does` : `fires only when ${quoted(other.name, 63)} does, which leads to the same actions`
    return [{ path: `spec.triggers[${useless}]`, severity: 'W', what, why: 'it changes nothing, and whoever reads it believes that it does', fix: all ? 'leave it out' : 'leave it out, or give the two actions of their own' }]
  })
}

/** Nothing is done for the narrow trigger that is not done for the wide one. */
const leadsToMore = (policy: HealingPolicy, wide: Trigger, narrow: Trigger): boolean => {
  const [more, less] = [wide, narrow].map(({ name }) => new Set(rungsOf(policy, name).map(({ index }) => index)))
  return more !== undefined && less !== undefined && [...less].every((index) => more.has(index))
}

/** Whether `wide` fires on an object whenever `narrow` does. False also when it cannot be seen. */
export function contains(wide: Trigger, narrow: Trigger): boolean {
  if (wide.conditionTrigger !== undefined && narrow.conditionTrigger !== undefined) {
    const { type, status, duration } = wide.conditionTrigger
    return type === narrow.conditionTrigger.type && status === narrow.conditionTrigger.status && notLonger(duration, narrow.conditionTrigger.duration)
  }
  if (wide.metricTrigger !== undefined && narrow.metricTrigger !== undefined) return metricContains(wide.metricTrigger, narrow.metricTrigger)
  if (wide.eventTrigger !== undefined && narrow.eventTrigger !== undefined) return eventContains(wide.eventTrigger, narrow.eventTrigger)
  return wide.alertTrigger !== undefined && narrow.alertTrigger !== undefined && alertContains(wide.alertTrigger, narrow.alertTrigger)
}

const notLonger = (a: string, b: string): boolean => (parseDuration(a) ?? Number.POSITIVE_INFINITY) <= (parseDuration(b) ?? Number.NEGATIVE_INFINITY)

function metricContains(wide: Metric, narrow: Metric): boolean {
  if (wide.query.trim() !== narrow.query.trim() || wide.source !== narrow.source || !notLonger(wide.duration, narrow.duration)) return false
  const name = builtInOf(wide)
  const isSameWindow = parseDuration(wide.window) === parseDuration(narrow.window)
  // Of restarts more are in a longer window; of a rate or a percentile nobody can tell.
  const canCompare = name === undefined || !(OVER_WINDOW.has(name) || name === 'restart_count') || isSameWindow || (name === 'restart_count' && isAbove(wide) && notLonger(narrow.window, wide.window))
  return canCompare && within(narrow, wide, domainOf(wide))
}

const isAbove = ({ operator }: Threshold): boolean => operator === '>' || operator === '>='

const eventContains = (wide: Event, narrow: Event): boolean =>
  wide.reason === narrow.reason &&
  (wide.type === undefined || wide.type === narrow.type) &&
  (wide.messagePattern === undefined || wide.messagePattern === narrow.messagePattern) &&
  wide.count <= narrow.count &&
  notLonger(narrow.window, wide.window)

const alertContains = (wide: Alert, narrow: Alert): boolean => alertWithin(narrow, wide) && notLonger(wide.duration, narrow.duration)
