/** What well-known series show while nothing is wrong, as kube-state-metrics, cAdvisor and Prometheus itself have them. */

/**
 * `last`: the moment at which something came that comes again. `replicas`: as many as there are. `some`: bytes, and nobody knows how many. `few`: one at least, of what is counted or of bytes. `since`: the moment, as Unix
 * time, at which something began.
 */
export type HealthyValue = number | 'replicas' | 'some' | 'few' | 'since' | 'age' | 'last'

export interface HealthySeries {
  /** One series for each of these, beside the labels below. */
  readonly each: string
  /** What is there for each of them. Labels that are not named do not tell healthy from broken. */
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: HealthyValue }[]
  /** It is 0 or 1. */
  readonly flag?: true
  /** It is 1 wherever there is one: what it tells is in its labels. */
  readonly constant?: true
  /** Only by these labels everything is still healthy; by others nobody knows. Absent: those that are not named below tell nothing. */
  readonly neutral?: (label: string) => boolean
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

/** A series for each condition and status. */
const conditions = (each: string, healthy: Readonly<Record<string, boolean>>): HealthySeries => ({
  each,
  flag: true,
  samples: Object.entries(healthy).flatMap(([condition, is]) => ['true', 'false', 'unknown'].map((status) => ({ labels: { condition, status }, value: status === String(is) ? 1 : 0 }))),
})

const SERIES: ReadonlyMap<string, HealthySeries> = new Map([
  ...named(['up', 'probe_success', 'mysql_up', 'pg_up', 'redis_up', 'mongodb_up', 'memcached_up', 'nginx_up', 'apache_up', 'haproxy_up', 'rabbitmq_up', 'consul_up', 'etcd_server_has_leader', 'prometheus_config_last_reload_successful', 'alertmanager_config_last_reload_successful'], flag('instance', 1)),
  ...named(['kube_pod_status_ready', 'kube_pod_status_scheduled'], choice('pod', 'condition', 'true', ['false', 'unknown'])),
  ...named(['kube_pod_status_phase'], choice('pod', 'phase', 'Running', ['Pending', 'Succeeded', 'Failed', 'Unknown'])),
  ...named(['kube_pod_status_reason'], { each: 'pod', flag: true, samples: ['Evicted', 'NodeAffinity', 'NodeLost', 'Shutdown', 'UnexpectedAdmissionError'].map((reason) => ({ labels: { reason }, value: 0 })) }),
  ...named(['kube_pod_container_status_ready', 'kube_pod_container_status_running'], flag('container', 1)),
  ...named(['kube_pod_container_status_waiting', 'kube_pod_container_status_terminated'], flag('container', 0)),
  ...named(['kube_deployment_spec_replicas', 'kube_deployment_status_replicas', 'kube_deployment_status_replicas_available', 'kube_deployment_status_replicas_ready', 'kube_deployment_status_replicas_updated'], plain('deployment', 'replicas')),
  ...named(['kube_deployment_status_replicas_unavailable'], plain('deployment', 0)),
  ...named(['kube_deployment_spec_paused'], flag('deployment', 0)),
  ...named(['kube_deployment_status_condition'], conditions('deployment', { Available: true, Progressing: true })),
  ...named(['kube_statefulset_replicas', 'kube_statefulset_status_replicas', 'kube_statefulset_status_replicas_available', 'kube_statefulset_status_replicas_current', 'kube_statefulset_status_replicas_ready', 'kube_statefulset_status_replicas_updated'], plain('statefulset', 'replicas')),
  ...named(
    ['kube_daemonset_status_desired_number_scheduled', 'kube_daemonset_status_current_number_scheduled', 'kube_daemonset_status_number_ready', 'kube_daemonset_status_number_available', 'kube_daemonset_status_updated_number_scheduled'],
    plain('daemonset', 'replicas'),
  ),
  ...named(['kube_daemonset_status_number_unavailable', 'kube_daemonset_status_number_misscheduled'], plain('daemonset', 0)),
  ...named(['kube_job_status_failed'], plain('job_name', 0)),
  ...named(['kube_node_status_condition'], conditions('node', { Ready: true, MemoryPressure: false, DiskPressure: false, PIDPressure: false })),
  ...named(['kube_node_spec_unschedulable'], flag('node', 0)),
  ...named(['kube_persistentvolumeclaim_status_phase'], choice('persistentvolumeclaim', 'phase', 'Bound', ['Pending', 'Lost'])),
  ...named(['kube_namespace_status_phase'], choice('namespace', 'phase', 'Active', ['Terminating'])),
  ...named(['kube_horizontalpodautoscaler_status_condition'], conditions('horizontalpodautoscaler', { AbleToScale: true, ScalingActive: true })),
  ...named(['kube_horizontalpodautoscaler_status_current_replicas', 'kube_horizontalpodautoscaler_status_desired_replicas'], plain('horizontalpodautoscaler', 'replicas')),
  ...named(['certmanager_certificate_ready_status'], choice('name', 'condition', 'True', ['False', 'Unknown'])),
  ...named(['elasticsearch_cluster_health_status'], choice('instance', 'color', 'green', ['yellow', 'red'])),
  ...named(['container_memory_working_set_bytes', 'container_memory_usage_bytes', 'container_memory_rss'], plain('container', 'some')),
  ...named(['process_resident_memory_bytes', 'process_virtual_memory_bytes', 'machine_memory_bytes', 'node_memory_MemTotal_bytes'], plain('instance', 'some')),
  ...named(['kube_node_status_capacity', 'kube_node_status_allocatable'], { each: 'node', samples: ['cpu', 'memory', 'pods'].map((resource) => ({ labels: { resource }, value: 'few' })) }),
  ...named(['kube_pod_container_resource_limits', 'kube_pod_container_resource_requests'], { each: 'container', samples: [{ labels: { resource: 'memory' }, value: 'few' }] }),
  ...['deployment', 'statefulset', 'daemonset'].flatMap((kind) => named([`kube_${kind}_metadata_generation`, `kube_${kind}_status_observed_generation`], plain(kind, 'few'))),
  ...named(['kube_horizontalpodautoscaler_spec_max_replicas', 'kube_horizontalpodautoscaler_spec_min_replicas'], plain('horizontalpodautoscaler', 'few')),
  ...named(['kubelet_volume_stats_capacity_bytes'], plain('persistentvolumeclaim', 'few')),
  ...named(['jvm_memory_used_bytes', 'jvm_memory_committed_bytes', 'node_filesystem_size_bytes', 'node_memory_MemAvailable_bytes', 'kubelet_running_pods', 'kubelet_running_containers', 'go_goroutines', 'go_threads', 'go_gomaxprocs', 'process_open_fds', 'process_max_fds', 'machine_cpu_cores', 'jvm_threads_current', 'jvm_threads_live', 'jvm_threads_live_threads', 'go_memstats_alloc_bytes', 'go_memstats_heap_alloc_bytes', 'go_memstats_heap_inuse_bytes', 'go_memstats_sys_bytes', 'nodejs_heap_size_used_bytes'], plain('instance', 'few')),
  ...named(['process_uptime_seconds'], plain('instance', 'age')),
  ...named(['process_start_time_seconds', 'node_boot_time_seconds'], plain('instance', 'since')),
  ...named(['container_start_time_seconds', 'kube_pod_container_state_started'], plain('container', 'since')),
  ...named(['kube_pod_start_time', 'kube_pod_status_ready_time', 'kube_pod_status_scheduled_time', 'kube_pod_status_initialized_time', 'kube_pod_status_container_ready_time'], plain('pod', 'since')),
  ...named(['container_last_seen'], plain('container', 'last')),
  ...named(['kube_cronjob_status_last_schedule_time'], plain('cronjob', 'last')),
])

/** Of what is scraped, not of how it is. */
export const WHERE: ReadonlySet<string> = new Set(['namespace', 'pod', 'container', 'job', 'instance', 'service', 'endpoint', 'cluster', 'app', 'uid', 'deployment', 'statefulset', 'daemonset', 'replicaset', 'job_name', 'persistentvolumeclaim'])
const LABELS = /_(?:labels|annotations)$/

/** By the conventions of OpenMetrics and kube-state-metrics: what is 1 and tells by its labels, and when an object was made. */
function byConvention(name: string): HealthySeries | undefined {
  const [, kind, about] = /^kube_(?:[a-z_]+_)?([a-z]+)_(info|owner|labels|annotations|created)$/.exec(name) ?? []
  if (kind === undefined && !name.endsWith('_info')) return undefined
  const each = kind === undefined ? 'instance' : kind === 'job' ? 'job_name' : kind
  if (about === 'created') return plain(each, 'since')
  return { ...plain(each, 1), constant: true, neutral: (label) => WHERE.has(label) || (LABELS.test(name) && label.startsWith(`${about === 'labels' ? 'label' : 'annotation'}_`)) }
}

/** What the series shows; undefined: nobody knows. */
export const healthySeries = (name: string | undefined): HealthySeries | undefined => (name === undefined ? undefined : (SERIES.get(name) ?? byConvention(name)))

/** Those that are known by their own name. */
export const HEALTHY_NAMES: readonly string[] = [...SERIES.keys()]

/** Counters that do not move while nothing is wrong. */
export const STILL_COUNTERS: ReadonlySet<string> = new Set(['kube_pod_container_status_restarts_total'])
