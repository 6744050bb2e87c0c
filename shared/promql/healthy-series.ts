/** What well-known series show while nothing is wrong, as kube-state-metrics, cAdvisor and Prometheus itself have them. */

/** `replicas`: as many as there are. `some`: more than nothing, and nobody knows how much. */
export type HealthyValue = number | 'replicas' | 'some'

export interface HealthySeries {
  /** One series for each of these, beside the labels below. */
  readonly each: string
  /** What is there for each of them. Labels that are not named do not tell healthy from broken. */
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: HealthyValue }[]
  /** It is 0 or 1. */
  readonly flag?: true
  /** There is no series with other values of these labels, whatever is wrong. */
  readonly complete?: true
}

const plain = (each: string, value: HealthyValue): HealthySeries => ({ each, samples: [{ labels: {}, value }] })
const flag = (each: string, value: 0 | 1): HealthySeries => ({ ...plain(each, value), flag: true })
/** One series for each value of a label, of which one is 1. */
const choice = (each: string, label: string, chosen: string, others: readonly string[]): HealthySeries => ({
  each,
  flag: true,
  complete: true,
  samples: [{ labels: { [label]: chosen }, value: 1 }, ...others.map((value) => ({ labels: { [label]: value }, value: 0 }))],
})

const named = (names: readonly string[], series: HealthySeries): readonly (readonly [string, HealthySeries])[] => names.map((name) => [name, series])

export const HEALTHY_SERIES: ReadonlyMap<string, HealthySeries> = new Map([
  ...named(['up', 'probe_success'], flag('instance', 1)),
  ...named(['kube_pod_status_ready', 'kube_pod_status_scheduled'], choice('pod', 'condition', 'true', ['false', 'unknown'])),
  ...named(['kube_pod_status_phase'], choice('pod', 'phase', 'Running', ['Pending', 'Succeeded', 'Failed', 'Unknown'])),
  ...named(['kube_pod_container_status_ready', 'kube_pod_container_status_running'], flag('container', 1)),
  ...named(['kube_pod_container_status_waiting', 'kube_pod_container_status_terminated'], flag('container', 0)),
  ...named(['kube_deployment_spec_replicas', 'kube_deployment_status_replicas', 'kube_deployment_status_replicas_available', 'kube_deployment_status_replicas_ready', 'kube_deployment_status_replicas_updated'], plain('deployment', 'replicas')),
  ...named(['kube_deployment_status_replicas_unavailable'], plain('deployment', 0)),
  ...named(['kube_deployment_status_condition'], {
    each: 'deployment',
    flag: true,
    samples: ['Available', 'Progressing'].flatMap((condition) => ['true', 'false', 'unknown'].map((status) => ({ labels: { condition, status }, value: status === 'true' ? 1 : 0 }))),
  }),
  ...named(['kube_statefulset_replicas', 'kube_statefulset_status_replicas', 'kube_statefulset_status_replicas_available', 'kube_statefulset_status_replicas_ready', 'kube_statefulset_status_replicas_updated'], plain('statefulset', 'replicas')),
  ...named(
    ['kube_daemonset_status_desired_number_scheduled', 'kube_daemonset_status_current_number_scheduled', 'kube_daemonset_status_number_ready', 'kube_daemonset_status_number_available', 'kube_daemonset_status_updated_number_scheduled'],
    plain('daemonset', 'replicas'),
  ),
  ...named(['kube_daemonset_status_number_unavailable', 'kube_daemonset_status_number_misscheduled'], plain('daemonset', 0)),
  ...named(['kube_job_status_failed'], plain('job_name', 0)),
  ...named(['container_memory_working_set_bytes', 'container_memory_usage_bytes', 'container_memory_rss'], plain('container', 'some')),
  ...named(['process_resident_memory_bytes'], plain('instance', 'some')),
])

/** Counters that do not move while nothing is wrong. */
export const STILL_COUNTERS: ReadonlySet<string> = new Set(['kube_pod_container_status_restarts_total'])
