/** Values that labels of well-known series have, and those that somebody has written who meant one of them. */
import { withinEdits, nearest, quoted } from '../lib/text.ts'
import type { Expr, Judged, Selector } from './ast.ts'

const TRUTH = ['true', 'false', 'unknown']
const WAITING = ['CrashLoopBackOff', 'ImagePullBackOff', 'ErrImagePull', 'ErrImageNeverPull', 'InvalidImageName', 'CreateContainerConfigError', 'CreateContainerError', 'RunContainerError', 'ContainerCreating', 'PodInitializing']
const ENDED = ['OOMKilled', 'Error', 'Completed', 'ContainerCannotRun', 'DeadlineExceeded', 'Evicted', 'StartError']
const WORKLOADS = ['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'Node', 'ReplicationController']

type Known = Readonly<Record<string, readonly string[]>>

/** kube-state-metrics, and Prometheus' own. Others may be written by operators and later versions: only what is nearly one of these is a slip. */
const VALUES: ReadonlyMap<string, Known> = new Map<string, Known>([
  ...['kube_pod_container_status_waiting_reason', 'kube_pod_init_container_status_waiting_reason'].map((name): [string, Known] => [name, { reason: WAITING }]),
  ...['kube_pod_container_status_terminated_reason', 'kube_pod_container_status_last_terminated_reason', 'kube_pod_init_container_status_terminated_reason', 'kube_pod_init_container_status_last_terminated_reason'].map((name): [string, Known] => [name, { reason: ENDED }]),
  ['kube_pod_status_phase', { phase: ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'] }],
  ['kube_pod_status_ready', { condition: TRUTH }],
  ['kube_pod_status_scheduled', { condition: TRUTH }],
  ['kube_pod_status_reason', { reason: ['Evicted', 'NodeAffinity', 'NodeLost', 'Shutdown', 'UnexpectedAdmissionError'] }],
  ['kube_pod_owner', { owner_kind: WORKLOADS }],
  ['kube_deployment_status_condition', { condition: ['Available', 'Progressing', 'ReplicaFailure'], status: TRUTH }],
  ['kube_horizontalpodautoscaler_status_condition', { condition: ['AbleToScale', 'ScalingActive', 'ScalingLimited'], status: TRUTH }],
  ['kube_node_status_condition', { condition: ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure', 'NetworkUnavailable'], status: TRUTH }],
  ['kube_job_status_failed', { reason: ['BackoffLimitExceeded', 'DeadlineExceeded', 'Evicted'] }],
  ['kube_job_failed', { condition: TRUTH }],
  ['kube_persistentvolumeclaim_status_phase', { phase: ['Pending', 'Bound', 'Lost'] }],
  ['kube_namespace_status_phase', { phase: ['Active', 'Terminating'] }],
  ...['kube_pod_container_resource_limits', 'kube_pod_container_resource_requests'].map((name): [string, Known] => [name, { resource: ['cpu', 'memory', 'ephemeral_storage'] }]),
  ['ALERTS', { alertstate: ['firing', 'pending'] }],
])

/** Letters that may be wrong in a word before it is another one. */
const SLIP = 2

/** The value that was meant; undefined: it may be one that is not known here. */
function meant(value: string, known: readonly string[]): string | undefined {
  if (known.includes(value)) return undefined
  const sameLetters = known.find((one) => one.toLowerCase() === value.toLowerCase())
  const [near] = sameLetters === undefined ? nearest(value, known) : [sameLetters]
  return near !== undefined && value.length > SLIP && withinEdits(value, near, SLIP) ? near : undefined
}

/** A list of words: nothing else is compared here. */
const WORDS = /^[A-Za-z_]+(?:\|[A-Za-z_]+)*$/

/** Where each value is a slip there is never a series. */
export function deadValues(all: readonly Expr[]): readonly Judged[] {
  return all.filter((expr): expr is Selector => expr.type === 'selector').flatMap(({ name, matchers }) => {
    const labels = name === undefined ? undefined : VALUES.get(name)
    return matchers.flatMap(({ from, label, operator, value }): Judged[] => {
      const known = labels !== undefined && Object.hasOwn(labels, label) ? labels[label] : undefined
      if (known === undefined || !WORDS.test(value)) return []
      const words = operator === '=' || operator === '!=' ? [value] : value.split('|')
      const slips = words.flatMap((word) => meant(word, known) ?? [])
      if (slips.length === 0) return []
      const wants = operator === '=' || operator === '=~'
      const certain = wants && slips.length === words.length
      const why = wants ? (certain ? 'there are no such series, and the trigger has no data for ever' : 'what one of its values tells of is never seen') : 'it excludes nothing'
      return [{ from, what: `no ${name} has ${label} ${quoted(value, 60)}`, why, fix: `write ${label}${operator}"${words.map((word) => meant(word, known) ?? word).join('|')}": values are compared letter by letter`, certain }]
    })
  })
}
