import { isCustom, type KindReference } from '../../api/v1alpha1/kinds.ts'
import { needsAll } from '../../api/v1alpha1/trigger-match.ts'
import type { HealingPolicy, Trigger } from '../../api/v1alpha1/types.ts'
import { formatDuration, parseDuration } from '../../lib/duration.ts'
import { actsAlone, rungsOf } from '../ladder.ts'
import { selectedResources, type Finding, type Rule } from '../rule.ts'
import { healthyAlerts } from './healthy-alerts.ts'
import { healthyEvents } from './healthy-events.ts'
import { healthyMetrics } from './healthy-metrics.ts'
import { healthyQueries } from './healthy-queries.ts'
import { impossibleThreshold } from './impossible-thresholds.ts'
import { conditionsOf } from './kind-conditions.ts'
import { soundQueries, type SoundQuery } from './queries.ts'
import { SHORTEST_START } from './shortest-start.ts'

export const ks204: Rule = {
  id: 'KS204',
  severity: 'E',
  alsoWarns: true,
  title:
    'The threshold of a metric can be crossed, and is not crossed by every value; nothing is acted on in automatic mode that every healthy object shows: as a condition, a built-in metric, a well-known series (up, kube_pod_status_ready, ...), an event of every start, an alert that always fires. Triggers that healthy objects meet now and then, at the first glimpse or by growing old are warned about.',
  why: 'healthy pods would be acted on, up to the hourly limit',
  fix: 'turn the status round',
  check: (policy) => {
    const queries = soundQueries(policy)
    const impossible = policy.spec.triggers.flatMap(({ metricTrigger }, index) => (metricTrigger === undefined ? [] : impossibleThreshold(metricTrigger, `spec.triggers[${index}].metricTrigger`)))
    const each = policy.spec.triggers.map((trigger, index) => (impossible.some(({ path }) => path.startsWith(`spec.triggers[${index}].`)) ? [] : healthy(policy, trigger, `spec.triggers[${index}]`, queries.find(({ query: { path } }) => path === `spec.triggers[${index}].metricTrigger.query`))))
    // What healthy objects show too may narrow down what another trigger sees.
    return [...impossible, ...(needsAll(policy.spec) && each.some((findings) => findings.length === 0) ? [] : each.flat())]
  },
}

/** What healthy objects always show is refused where nobody is asked first, and warned about elsewhere. */
function healthy(policy: HealingPolicy, { name, alertTrigger, conditionTrigger, eventTrigger, metricTrigger }: Trigger, path: string, query: SoundQuery | undefined): Finding[] {
  const always = rungsOf(policy, name).some(({ action }) => actsAlone(policy, action)) ? 'E' : 'W'
  if (metricTrigger !== undefined) return [...healthyMetrics(metricTrigger, `${path}.metricTrigger`, always, isForScaling(policy, name)), ...(query === undefined ? [] : healthyQueries(query, always, isForScaling(policy, name)))]
  if (eventTrigger !== undefined) return healthyEvents(eventTrigger, `${path}.eventTrigger`, always)
  if (alertTrigger !== undefined) return healthyAlerts(alertTrigger, `${path}.alertTrigger`, always)
  if (conditionTrigger === undefined) return []
  const { type, status, duration } = conditionTrigger
  const at = `${path}.conditionTrigger`
  const kind = kindLookedAt(policy, type)
  const findings: Finding[] = []
  if (healthyStatus(kind, type) === status) {
    findings.push({ path: `${at}.status`, severity: always, what: `${type} is ${status} on every healthy ${kind.kind === 'Pod' ? 'pod' : kind.kind}`, fix: `write status: "${status === 'True' ? 'False' : 'True'}"` })
  }
  const span = parseDuration(duration)
  // What every pod is while it starts; a state that only comes with trouble may be believed sooner.
  if (span !== undefined && (span === 0 || (span < SHORTEST_START && healthyStatus(kind, type) !== undefined && findings.length === 0))) {
    findings.push({ path: `${at}.duration`, severity: 'W', what: span === 0 ? 'fires at once' : `fires after ${formatDuration(span)}`, why: 'conditions flap while a pod starts', fix: 'write 30s or more' })
  }
  return findings
}

/** Then few is as much of a reason as many. */
function isForScaling(policy: HealingPolicy, trigger: string): boolean {
  const rungs = rungsOf(policy, trigger)
  return rungs.length > 0 && rungs.every(({ action }) => action.type === 'scale')
}

/** The selected kind that has the condition, else its pods. */
const kindLookedAt = (policy: HealingPolicy, type: string): KindReference => {
  const selected = selectedResources(policy)
  // What a condition of a custom resource means nobody knows.
  return selected.find((kind) => Object.hasOwn(conditionsOf(kind) ?? {}, type)) ?? (selected.length > 0 && selected.every(isCustom) ? (selected[0] ?? POD) : POD)
}

const POD: KindReference = { apiVersion: 'v1', kind: 'Pod' }

function healthyStatus(kind: KindReference, type: string): string | undefined {
  const known = conditionsOf(kind) ?? {}
  return Object.hasOwn(known, type) ? known[type]?.healthy : undefined
}
