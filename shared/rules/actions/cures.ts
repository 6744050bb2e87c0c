/** Which actions cannot help which troubles, as whoever is on call knows. Silent where it depends. */
import type { ActionTemplate, Trigger } from '../../api/v1alpha1/types.ts'
import { onlyScales, scalingOf, wayOf } from '../scaling.ts'
import { builtInOf, type BuiltInMetric } from '../triggers/built-in-metrics.ts'

/** Actions by what they come to: other pods from the same template, more of them, or fewer. */
type Remedy = 'renew' | 'up' | 'down'

function remedyOf(action: ActionTemplate): Remedy | undefined {
  const scaling = onlyScales(action) ? scalingOf(action) : undefined
  if (scaling !== undefined) return wayOf(scaling)
  return action.type === 'patch' || action.type === 'scale' ? undefined : 'renew'
}

interface Futile {
  readonly remedies: readonly Remedy[]
  readonly why: string
  readonly fix: string
}

const SAME_SPEC: Futile = { remedies: ['renew', 'up'], why: 'a new pod has the same spec, and fails for the same reason', fix: 'have a person mend the workload (mode: monitor), or patch what is wrong' }
const NO_NODE: Futile = { remedies: ['renew', 'up'], why: 'no node takes the pod, and another pod of the same spec finds none either', fix: 'watch it with mode: monitor: it takes nodes, smaller requests or other constraints' }
const NO_PODS: Futile = { remedies: ['renew', 'up'], why: 'the API server refuses new pods (a quota, or an admission rule), so what is taken away may not come back', fix: 'watch it with mode: monitor: the event or condition names the limit' }
const MORE_LOAD: Futile = { remedies: ['down'], why: 'the same load falls on fewer pods', fix: 'scale up, or restart' }
const IDLE: Futile = { remedies: ['up'], why: 'more pods leave even less for each of them to do', fix: 'scale down' }
const LEAVING: Futile = { remedies: ['renew'], why: 'the pod is being evicted already', fix: 'leave it to whoever evicts it' }

const CONDITIONS: Readonly<Record<string, Futile>> = {
  OOMKilled: MORE_LOAD,
  ImagePullBackOff: SAME_SPEC,
  InvalidImageName: SAME_SPEC,
  CreateContainerConfigError: SAME_SPEC,
  ReplicaFailure: NO_PODS,
  DisruptionTarget: LEAVING,
}

const NOT_ENOUGH: ReadonlySet<string> = new Set(['Available', 'Ready', 'ContainersReady'])

const EVENTS: Readonly<Record<string, Futile>> = {
  FailedScheduling: NO_NODE,
  FailedCreate: NO_PODS,
  InvalidImageName: SAME_SPEC,
  ErrImageNeverPull: SAME_SPEC,
  OOMKilling: MORE_LOAD,
}

/** When they are high. */
const METRICS: Readonly<Partial<Record<BuiltInMetric, Futile>>> = {
  cpu_usage_percent: MORE_LOAD,
  memory_usage_percent: MORE_LOAD,
  cpu_throttled_percent: MORE_LOAD,
  error_rate_percent: MORE_LOAD,
  latency_p99_seconds: MORE_LOAD,
}

const own = <T>(table: Readonly<Record<string, T>>, key: string): T | undefined => (Object.hasOwn(table, key) ? table[key] : undefined)

/** Why the action cannot help against what the trigger is about; undefined: it may. */
export function futile(trigger: Trigger, action: ActionTemplate): Futile | undefined {
  const remedy = remedyOf(action)
  const known = remedy === undefined ? undefined : about(trigger)
  return remedy !== undefined && known?.remedies.includes(remedy) === true ? known : undefined
}

/** Single pods that do not run: one fewer may be the broken one, since a ReplicaSet gives up first what is not Ready. */
const CRASHES: ReadonlySet<string> = new Set(['CrashLoopBackOff', 'CreateContainerError', 'RunContainerError', 'BackOff', 'Unhealthy', 'restart_count'])

/** Why most pods of a workload do not go for the trouble; undefined: that may be meant. */
export function noReasonForFewer(trigger: Trigger): string | undefined {
  const known = about(trigger)
  if (known?.remedies.includes('down') === true) return known.why
  const { conditionTrigger: condition, eventTrigger: event, metricTrigger: metric } = trigger
  const isCrash = (condition?.status === 'True' && CRASHES.has(condition.type)) || (event !== undefined && CRASHES.has(event.reason)) || (metric !== undefined && CRASHES.has(builtInOf(metric) ?? '') && (metric.operator === '>' || metric.operator === '>='))
  return isCrash ? 'of those that go most may have served, and those that are left start from the same template' : undefined
}

function about({ conditionTrigger, eventTrigger, metricTrigger }: Trigger): Futile | undefined {
  if (conditionTrigger !== undefined) {
    const { type, status } = conditionTrigger
    // Fewer of what is not enough already.
    if (status === 'False' && NOT_ENOUGH.has(type)) return MORE_LOAD
    if (type === 'PodScheduled') return status === 'False' ? NO_NODE : undefined
    return status === 'True' ? own(CONDITIONS, type) : undefined
  }
  if (eventTrigger !== undefined) return own(EVENTS, eventTrigger.reason)
  const name = metricTrigger === undefined ? undefined : builtInOf(metricTrigger)
  if (metricTrigger === undefined || name === undefined) return undefined
  const { operator } = metricTrigger
  if (name === 'ready_percent' || name === 'availability_percent') return operator === '<' || operator === '<=' ? MORE_LOAD : undefined
  if (operator === '>' || operator === '>=') return METRICS[name]
  return (operator === '<' || operator === '<=') && (name === 'cpu_usage_percent' || name === 'memory_usage_percent') ? IDLE : undefined
}
