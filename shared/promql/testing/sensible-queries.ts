/**
 * Queries as people write them for alerts, with what they are compared with left outside. No rule minds any of them, and a real
 * Prometheus takes each.
 */

export interface SensibleQuery {
  readonly query: string
  readonly operator?: '>' | '<' | '>=' | '<=' | '==' | '!='
  readonly threshold: number
  /** What the policy selects; pods unless it says so. */
  readonly kind?: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'Job' | 'PersistentVolumeClaim' | 'Service'
  /** The one object that is selected by its name: then no labels are needed. */
  readonly single?: true
}

export const SENSIBLE: readonly SensibleQuery[] = [
  // Containers, by the kubelet.
  { query: 'sum by (namespace, pod) (rate(container_cpu_usage_seconds_total{container!=""}[5m]))', threshold: 2 },
  { query: '100 * sum by (namespace, pod) (rate(container_cpu_usage_seconds_total{container!=""}[5m])) / sum by (namespace, pod) (kube_pod_container_resource_limits{resource="cpu"})', threshold: 90 },
  { query: 'max by (namespace, pod, container) (container_memory_working_set_bytes{container!="",image!=""}) / max by (namespace, pod, container) (kube_pod_container_resource_limits{resource="memory"})', threshold: 0.95 },
  { query: 'sum by (container, pod, namespace) (increase(container_cpu_cfs_throttled_periods_total{container!=""}[5m])) / sum by (container, pod, namespace) (increase(container_cpu_cfs_periods_total[5m]))', threshold: 0.25 },
  { query: 'rate(container_network_receive_errors_total{namespace="shop"}[5m])', threshold: 1 },
  { query: 'increase(container_oom_events_total{container!=""}[10m])', operator: '>=', threshold: 1 },
  { query: 'container_fs_usage_bytes / container_fs_limit_bytes * 100', threshold: 90 },
  { query: 'container_fs_inodes_total - container_fs_inodes_free', threshold: 100_000 },
  { query: 'sum by (namespace, pod) (container_sockets{namespace="shop"})', threshold: 5000 },
  // Kubernetes, by kube-state-metrics.
  { query: 'increase(kube_pod_container_status_restarts_total[1h])', threshold: 3 },
  { query: 'sum by (namespace, pod) (increase(kube_pod_container_status_restarts_total{namespace=~"shop|cart"}[15m]))', threshold: 2 },
  { query: '(kube_pod_container_status_restarts_total - kube_pod_container_status_restarts_total offset 10m) and ignoring (reason) min_over_time(kube_pod_container_status_last_terminated_reason{reason="OOMKilled"}[10m]) == 1', operator: '>=', threshold: 1 },
  { query: 'max_over_time(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}[5m])', operator: '>=', threshold: 1 },
  { query: 'sum by (namespace, pod) (max by (namespace, pod) (kube_pod_status_phase{phase=~"Pending|Unknown|Failed"}) * on (namespace, pod) group_left (owner_kind) topk by (namespace, pod) (1, max by (namespace, pod, owner_kind) (kube_pod_owner{owner_kind!="Job"})))', threshold: 0 },
  { query: 'kube_deployment_spec_replicas - kube_deployment_status_replicas_available', threshold: 0, kind: 'Deployment' },
  { query: 'kube_deployment_status_replicas_available / kube_deployment_spec_replicas', operator: '<', threshold: 0.5, kind: 'Deployment' },
  { query: '(kube_deployment_spec_replicas{job="ksm"} > bool kube_deployment_status_replicas_available{job="ksm"}) * (changes(kube_deployment_status_replicas_updated{job="ksm"}[10m]) == bool 0)', operator: '==', threshold: 1, kind: 'Deployment' },
  { query: 'kube_statefulset_replicas unless on (namespace, statefulset) kube_statefulset_status_replicas_ready', threshold: 0, kind: 'StatefulSet' },
  { query: 'kube_daemonset_status_number_misscheduled', threshold: 0, kind: 'DaemonSet' },
  { query: 'max by (namespace, job_name) (kube_job_status_failed)', threshold: 0, kind: 'Job' },
  { query: 'time() - max by (namespace, job_name) (kube_job_status_start_time and on (namespace, job_name) kube_job_status_active > 0)', threshold: 43_200, kind: 'Job' },
  { query: '1 - kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes', threshold: 0.97, kind: 'PersistentVolumeClaim' },
  { query: 'predict_linear(kubelet_volume_stats_available_bytes[6h], 4 * 24 * 3600)', operator: '<', threshold: 0, kind: 'PersistentVolumeClaim' },
  { query: 'sum(kube_pod_status_ready{condition="true"}) by (namespace, pod)', operator: '<', threshold: 1 },
  { query: 'time() - kube_pod_start_time{namespace="shop"}', threshold: 2_592_000 },
  { query: 'label_replace(kube_pod_status_ready{condition="false"}, "node", "$1", "instance", "(.*):.*")', operator: '==', threshold: 1 },
  // Ingress and HTTP.
  { query: 'sum by (namespace, service) (rate(nginx_ingress_controller_requests{status=~"5.."}[5m])) / sum by (namespace, service) (rate(nginx_ingress_controller_requests[5m]))', threshold: 0.05, kind: 'Service' },
  { query: 'histogram_quantile(0.99, sum by (namespace, pod, le) (rate(http_request_duration_seconds_bucket[5m])))', threshold: 1 },
  { query: 'histogram_quantile(0.95, sum(rate(nginx_ingress_controller_request_duration_seconds_bucket{status!~"[45].."}[2m])) by (le, namespace, service))', threshold: 2, kind: 'Service' },
  { query: 'rate(http_request_duration_seconds_sum[5m]) / rate(http_request_duration_seconds_count[5m])', threshold: 0.5 },
  { query: 'sum by (namespace, pod) (rate(http_requests_total{code=~"5.."}[5m])) / (sum by (namespace, pod) (rate(http_requests_total[5m])) > 0)', threshold: 0.1 },
  { query: 'sum by (namespace, pod) (rate(http_requests_total{code=~"5.."}[5m])) or 0 * sum by (namespace, pod) (http_requests_total)', threshold: 0.1 },
  { query: 'sum by (namespace, workload) (label_replace(rate(istio_requests_total{reporter="destination",response_code=~"5.."}[5m]), "workload", "$1", "destination_workload", "(.*)"))', threshold: 1, kind: 'Deployment' },
  { query: 'traefik_service_open_connections', threshold: 500 },
  { query: 'probe_duration_seconds{namespace="shop"}', threshold: 3 },
  { query: 'envoy_cluster_membership_total - envoy_cluster_membership_healthy', threshold: 0 },
  // The JVM, Go, Python, Node.
  { query: 'sum by (namespace, pod) (jvm_memory_used_bytes{area="heap"}) / sum by (namespace, pod) (jvm_memory_max_bytes{area="heap"}) * 100', threshold: 90 },
  { query: 'rate(jvm_gc_pause_seconds_sum[5m])', threshold: 0.2 },
  { query: 'sum by (namespace, pod) (rate(jvm_gc_collection_seconds_sum[10m])) / sum by (namespace, pod) (rate(jvm_gc_collection_seconds_count[10m]))', threshold: 1 },
  { query: 'jvm_threads_deadlocked', threshold: 0 },
  { query: 'hikaricp_connections_active / hikaricp_connections_max', threshold: 0.9 },
  { query: 'tomcat_threads_busy_count', threshold: 190 },
  { query: 'deriv(go_goroutines[30m])', threshold: 10 },
  { query: 'max by (namespace, pod) (go_memstats_heap_inuse_bytes{job="cart"})', threshold: 2e9 },
  { query: 'process_open_fds / process_max_fds', threshold: 0.8 },
  { query: 'nodejs_eventloop_lag_p99_seconds', threshold: 0.5 },
  { query: 'rate(process_cpu_seconds_total{job="worker"}[1m])', operator: '<', threshold: 0.001 },
  { query: 'up{job="cart"}', operator: '==', threshold: 0 },
  { query: 'avg_over_time(up{namespace="shop"}[10m])', operator: '<', threshold: 0.9 },
  { query: 'time() - process_start_time_seconds', threshold: 604_800 },
  // Databases and caches.
  { query: 'sum by (namespace, pod) (pg_stat_activity_count) / on (namespace, pod) pg_settings_max_connections', threshold: 0.8 },
  { query: 'pg_replication_lag_seconds', threshold: 30 },
  { query: 'rate(pg_stat_database_deadlocks{datname!~"template.*|postgres"}[5m])', threshold: 0.1 },
  { query: 'mysql_global_status_threads_connected / mysql_global_variables_max_connections * 100', threshold: 80 },
  { query: 'redis_memory_used_bytes / redis_memory_max_bytes', threshold: 0.9 },
  { query: 'redis_connected_slaves', operator: '<', threshold: 1 },
  { query: 'irate(redis_rejected_connections_total[2m])', threshold: 0 },
  { query: 'mongodb_mongod_replset_member_replication_lag{state="SECONDARY"}', threshold: 10 },
  { query: 'delta(elasticsearch_cluster_health_number_of_nodes[10m])', operator: '<', threshold: 0, kind: 'StatefulSet' },
  { query: 'min by (namespace, pod) (elasticsearch_filesystem_data_available_bytes / elasticsearch_filesystem_data_size_bytes)', operator: '<', threshold: 0.1 },
  // Queues.
  { query: 'sum(rabbitmq_queue_messages_ready{queue="orders"})', threshold: 1000, kind: 'Deployment', single: true },
  { query: 'sum by (namespace, pod) (kafka_consumergroup_lag_sum)', threshold: 10_000 },
  { query: 'max_over_time(deriv(kafka_consumergroup_lag{consumergroup="cart"}[10m])[30m:1m])', threshold: 0 },
  { query: 'time() - max by (namespace, pod) (timestamp(worker_jobs_processed_total))', threshold: 300 },
  { query: 'rate(worker_jobs_processed_total[10m]) == bool 0 and queue_length > 0', operator: '==', threshold: 1 },
  { query: 'aws_sqs_approximate_age_of_oldest_message_maximum{queue_name="orders"} * on () group_left () vector(1)', threshold: 600, kind: 'Deployment', single: true },
  { query: 'changes(queue_consumer_messages_total[15m])', operator: '==', threshold: 0 },
  { query: 'resets(worker_jobs_processed_total[1h])', threshold: 3 },
  { query: 'quantile_over_time(0.9, lock_wait_seconds[1h])', threshold: 5 },
  // Budgets, seasons, and what stands for itself.
  { query: '(1 - sum by (namespace, pod) (rate(http_requests_total{code!~"5.."}[1h])) / sum by (namespace, pod) (rate(http_requests_total[1h]))) / (1 - 0.999)', threshold: 14.4 },
  { query: 'min by (namespace, pod) (\n  # both windows burn\n  (1 - sum by (namespace, pod) (rate(http_requests_total{code!~"5.."}[1h])) / sum by (namespace, pod) (rate(http_requests_total[1h])))\n  or\n  (1 - sum by (namespace, pod) (rate(http_requests_total{code!~"5.."}[5m])) / sum by (namespace, pod) (rate(http_requests_total[5m])))\n)', threshold: 0.0144 },
  { query: 'sum by (namespace, pod) (rate(http_requests_total[5m])) / sum by (namespace, pod) (rate(http_requests_total[5m] offset 1w))', operator: '<', threshold: 0.2 },
  { query: '(latency_seconds - avg_over_time(latency_seconds[1d])) / stddev_over_time(latency_seconds[1d])', threshold: 4 },
  { query: 'namespace_workload:http_requests_errors:ratio_rate5m{namespace="shop"}', threshold: 0.05, kind: 'Deployment' },
  { query: 'node_namespace_pod_container:container_cpu_usage_seconds_total:sum_irate', threshold: 4 },
  { query: 'max by (namespace, pod) (lock_age_seconds)', threshold: 90 },
  { query: 'count by (namespace, pod) (http_requests_total)', threshold: 10_000 },
  { query: 'absent(heartbeat_total{namespace="shop",pod="cart-0"}) or 0 * rate(heartbeat_total{namespace="shop",pod="cart-0"}[5m])', threshold: 0 },
  { query: 'lock_age_seconds and on () hour() >= 8', threshold: 90 },
  { query: 'sum without (instance, container) (rate(cache_misses_total[5m]))', threshold: 100 },
  { query: 'round(100 * worker_busy_ratio @ end(), 0.1)', threshold: 90 },
  { query: 'min_over_time((worker_ready_ratio or vector(0))[5m:30s])', operator: '<', threshold: 1 },
]
