import { expect } from 'chai'
import type { Trigger } from '../../api/v1alpha1/types.ts'
import { check, type PolicyOverrides } from '../test-policy.ts'
import { ks204 } from './ks204-fires-when-healthy.ts'

type Operator = NonNullable<Trigger['metricTrigger']>['operator']
type Side = readonly [query: string, operator: Operator, threshold: number]

const of = ([query, operator, threshold]: Side, more: PolicyOverrides = {}): string[] => check(ks204, { metric: { query, operator, threshold }, ...more })
const alerting = (alertTrigger: object, more: PolicyOverrides = {}): string[] => check(ks204, { triggers: [{ name: 'told', type: 'alert', alertTrigger }], ...more })
/** Refused in automatic mode, warned about where somebody looks first. */
const refused = (found: (more: PolicyOverrides) => string[]): void => {
  const lines = found({})
  expect(lines).to.have.length(1)
  expect(lines[0]).to.not.match(/^W /)
  for (const more of [{ mode: 'monitor' }, { mode: 'dryrun' }, { mode: 'manual' }, { action: { requiresApproval: true } }] as const) expect(found(more), JSON.stringify(more)).to.deep.equal([`W ${lines[0]}`])
}
const warned = (lines: readonly string[]): void => {
  expect(lines).to.have.length(1)
  expect(lines[0]).to.match(/^W /)
}

describe('KS204 sensible triggers', () => {
  const sensible: readonly Side[] = [
    ['memory_usage_percent', '>', 80], ['memory_usage_percent', '>=', 95], ['memory_usage_percent', '<', 49.9], ['cpu_usage_percent', '>', 90], ['cpu_usage_percent', '>', 10], ['latency_p99_seconds', '>', 0.01], ['cpu_usage_percent', '<', 49.9], ['cpu_usage_percent', '==', 0], ['cpu_usage_percent', '<=', 0],
    ['cpu_throttled_percent', '>', 25], ['cpu_throttled_percent', '>=', 50], ['restart_count', '>=', 2], ['restart_count', '>', 3], ['restart_count', '==', 5], ['ready_percent', '<', 100], ['ready_percent', '!=', 100], ['ready_percent', '<', 50],
    ['ready_percent', '==', 0], ['ready_percent', '<=', 99.9], ['availability_percent', '<', 100], ['availability_percent', '<=', 75], ['error_rate_percent', '>', 5], ['error_rate_percent', '>=', 0.1], ['error_rate_percent', '==', 100], ['latency_p99_seconds', '>', 2], ['latency_p99_seconds', '>=', 0.5],
    ['up', '==', 0], ['up', '<', 1], ['up', '!=', 1], ['up == 0', '<', 1], ['up == bool 0', '==', 1], ['up{job="cart"}', '<', 0.5], ['avg_over_time(up[10m])', '<', 0.9], ['min_over_time(up[5m])', '==', 0], ['changes(up[1h])', '>', 3], ['probe_success', '==', 0], ['1 - up', '>', 0], ['absent(up{job="cart"})', '>', 0],
    ['absent(up{job="cart"})', '==', 1], ['avg by (namespace, pod) (up)', '<', 1], ['sum by (namespace, pod) (up)', '<', 1], ['count by (namespace) (up == 0)', '>', 0],
    ['kube_pod_status_ready{condition="true"}', '==', 0], ['kube_pod_status_ready{condition="false"}', '==', 1], ['kube_pod_status_ready{condition!="true"}', '==', 1], ['sum by (namespace, pod) (kube_pod_status_ready{condition=~"false|unknown"})', '>', 0],
    ['kube_pod_status_phase{phase="Pending"}', '>', 0], ['kube_pod_status_phase{phase=~"Failed|Unknown"}', '==', 1], ['sum by (namespace, pod) (kube_pod_status_phase{phase=~"Pending|Unknown|Failed"})', '>', 0], ['kube_pod_status_phase{phase="Running"}', '==', 0], ['kube_pod_status_phase{phase="Succeeded"}', '==', 1],
    ['kube_pod_container_status_ready', '==', 0], ['kube_pod_container_status_waiting', '>', 0], ['kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}', '>=', 1], ['max_over_time(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}[5m])', '>=', 1],
    ['increase(kube_pod_container_status_restarts_total[1h])', '>', 3], ['rate(kube_pod_container_status_restarts_total[5m]) * 300', '>=', 1], ['kube_deployment_status_replicas_available', '<', 1], ['kube_deployment_status_replicas_available', '==', 0], ['kube_deployment_status_replicas_available', '==', 1],
    ['kube_deployment_status_replicas_available', '<', 3], ['kube_deployment_status_replicas', '>', 20], ['kube_deployment_status_replicas_unavailable', '>', 0], ['kube_deployment_spec_replicas - kube_deployment_status_replicas_available', '>', 0], ['kube_deployment_spec_replicas != kube_deployment_status_replicas_available', '>', 0],
    ['(kube_deployment_spec_replicas > kube_deployment_status_replicas_available) and (changes(kube_deployment_status_replicas_updated[10m]) == 0)', '>', 0], ['kube_statefulset_status_replicas_ready / kube_statefulset_status_replicas', '<', 1], ['kube_daemonset_status_number_unavailable', '!=', 0],
    ['kube_deployment_status_condition{condition="Available",status="false"}', '==', 1], ['kube_deployment_status_condition{condition="Available",status="true"}', '==', 0], ['kube_job_status_failed', '>', 0], ['rate(http_requests_total{code=~"5.."}[5m])', '>', 0.5], ['rate(http_requests_total[5m])', '==', 0], ['rate(http_requests_total[5m])', '<', 1],
    ['sum by (namespace, pod) (rate(errors_total[5m])) / sum by (namespace, pod) (rate(requests_total[5m]))', '>', 0.05], ['sum by (namespace, pod) (rate(hits_total[5m])) / sum by (namespace, pod) (rate(requests_total[5m]))', '<', 0.5], ['rate(a_total[5m]) / rate(b_total[5m])', '==', 1], ['1 - rate(hits_total[5m]) / rate(requests_total[5m])', '>=', 0.5],
    ['container_memory_working_set_bytes', '>', 5e8], ['container_memory_working_set_bytes / container_spec_memory_limit_bytes', '>', 0.9], ['container_memory_rss / container_memory_working_set_bytes', '>=', 1], ['lock_age_seconds', '>', 60], ['lock_age_seconds', '!=', 0], ['queue_length', '>=', 0], ['queue_length > 100', '>', 0],
    ['max by (namespace, pod) (queue_length) and on (namespace, pod) up == 1', '>', 100], ['up == 1 and on (pod) queue_length > 5', '>', 0], ['up == 1 unless on (pod) heartbeat', '>', 0], ['histogram_quantile(0.99, sum by (le, pod) (rate(x_bucket[5m])))', '>', 2], ['deriv(container_memory_working_set_bytes[1h])', '>', 0], ['delta(queue_length[1h])', '>', 0],
    ['kube_deployment_status_condition{condition="ReplicaFailure"}', '==', 1], ['kube_deployment_status_condition{condition="ReplicaFailure",status="true"}', '>', 0], ['absent(up{job="cart"}) * 5', '>', 3],
    ['count by (namespace) (kube_pod_status_phase{phase="Running"} == 1)', '<', 2], ['topk(3, up)', '==', 0], ['topk(1, kube_pod_status_phase)', '==', 1], ['topk(3, rate(http_requests_total[5m]))', '>', 100], ['clamp_min(rate(http_requests_total[5m]), 1)', '>', 1], ['abs(deriv(queue_length[5m]))', '>=', 0], ['clamp_min(up, scalar(x))', '==', 1], ['abs(up - 1)', '>', 0], ['kube_hpa_status_current_replicas', '>', 0], ['constructor', '==', 1], ['kube_pod_info{node=""}', '==', 1], ['count by (namespace, node) (kube_pod_info)', '>', 100], ['argocd_app_info{health_status="Degraded"}', '==', 1], ['kube_pod_owner{owner_kind="<none>"}', '==', 1], ['changes(process_start_time_seconds[1h])', '>', 3],
    ['time() - container_last_seen', '>', 60], ['sum by (namespace, pod) (rate(http_requests_total{code!~"5.."}[5m])) / sum by (namespace, pod) (rate(http_requests_total[5m]))', '<', 0.95], ['sum by (namespace, pod) (rate(http_requests_total{code=~"2.."}[5m])) / sum by (namespace, pod) (rate(http_requests_total[5m]))', '<', 0.5], ['kube_node_status_condition{condition="Ready",status="true"}', '==', 0], ['kube_node_status_condition{condition!="Ready",status="true"}', '==', 1], ['kube_node_status_condition{condition="NetworkUnavailable",status="true"}', '==', 1], ['kube_node_spec_unschedulable', '==', 1], ['kube_persistentvolumeclaim_status_phase{phase="Lost"}', '==', 1], ['kube_pod_status_reason{reason="Evicted"}', '>', 0],
    ['kube_deployment_metadata_generation != kube_deployment_status_observed_generation', '>', 0], ['kube_deployment_status_observed_generation - kube_deployment_metadata_generation', '<', 0], ['kube_horizontalpodautoscaler_status_current_replicas >= kube_horizontalpodautoscaler_spec_max_replicas', '>', 0], ['kube_horizontalpodautoscaler_status_desired_replicas / kube_horizontalpodautoscaler_spec_max_replicas', '>=', 1], ['time() - kube_cronjob_status_last_schedule_time', '>', 86_400],
    ['kube_node_status_allocatable{resource="nvidia_com_gpu"}', '==', 0], ['kube_pod_container_resource_limits{resource="cpu"}', '<', 0.1], ['node_memory_MemAvailable_bytes', '<', 1e9], ['kubelet_running_pods', '>', 100], ['kube_pod_container_resource_limits{resource="memory"}', '<', 1e8], ['jvm_memory_used_bytes{area="heap"}', '>', 1e9], ['go_memstats_alloc_bytes', '<', 1e8], ['go_goroutines', '<', 10], ['go_goroutines', '>', 5000], ['process_open_fds / process_max_fds', '>', 0.9], ['absent(up{job="cart"}) or up == 0', '>=', 0], ['up == 0 or vector(0)', '>', 0], ['heartbeat or up', '==', 1], ['up == 0 or heartbeat', '==', 1], ['sum(rate(http_requests_total{code=~"5.."}[5m])) or vector(0)', '>', 5], ['redis_up', '==', 0], ['certmanager_certificate_ready_status{condition="False"}', '==', 1], ['jvm_threads_live_threads', '>', 500], ['kube_horizontalpodautoscaler_status_condition{condition="ScalingActive",status="false"}', '==', 1], ['count(rate(http_requests_total[5m]))', '>', 0],
  ]
  it('are as many as to say something', () => expect(sensible.length).to.be.greaterThan(60))
  for (const side of sensible) it(`${side.join(' ')} passes`, () => expect(of(side)).to.deep.equal([]))

  const events: readonly (readonly [string, PolicyOverrides['event']])[] = [
    ['BackOff', {}], ['Unhealthy', { count: 3 }], ['FailedMount', { type: 'Warning' }], ['FailedScheduling', { count: 5, window: '10m' }], ['Created', { count: 4 }], ['Started', { count: 10, window: '1h' }], ['Pulled', { messagePattern: 'in [0-9]+m' }], ['Killing', { messagePattern: 'failed liveness probe' }],
    ['Killing', { count: 4 }], ['Killing', { messagePattern: 'liveness' }], ['Killing', { type: 'Warning' }], ['Completed', { count: 4 }], ['NotTriggerScaleUp', {}], ['ProvisioningFailed', {}], ['FailedRescale', {}], ['UnexpectedJob', {}], ['Scheduled', { type: 'Warning' }], ['Evicted', {}], ['NodeNotReady', {}], ['OOMKilling', {}], ['FailedCreate', { count: 26 }], ['Unhealthy', { count: 25, window: '10s' }], ['Unhealthy', { count: 37, window: '1h' }],
  ]
  for (const [reason, more] of events) it(`event ${reason} ${JSON.stringify(more)} passes`, () => expect(check(ks204, { event: { reason, ...more } })).to.deep.equal([]))

  const alerts: readonly object[] = [{ alertname: 'CartQueueStuck' }, { matchers: [{ name: 'severity', value: 'critical' }] }, { alertname: 'Mine', matchers: [{ name: 'severity', value: 'none' }] }, { matchers: [{ name: 'severity', operator: '=~', value: 'none|critical' }] }, { matchers: [{ name: 'alertname', operator: '=~', value: 'Watchdog|CartQueueStuck' }] }, { matchers: [{ name: 'alertname', operator: '=~', value: 'Watch.*' }] }]
  for (const alert of alerts) it(`alert ${JSON.stringify(alert)} passes`, () => expect(alerting(alert)).to.deep.equal([]))
})

describe('KS204 built-in metrics of what is well', () => {
  const wrong: readonly Side[] = [
    ['cpu_throttled_percent', '<', 80], ['cpu_throttled_percent', '<=', 0], ['cpu_throttled_percent', '==', 0], ['cpu_throttled_percent', '!=', 5], ['latency_p99_seconds', '<', 1], ['latency_p99_seconds', '<=', 30], ['latency_p99_seconds', '!=', 2], ['memory_usage_percent', '!=', 90], ['cpu_usage_percent', '!=', 90],
    ['restart_count', '!=', 3], ['cpu_usage_percent', '>', 0], ['cpu_usage_percent', '>', 1], ['cpu_usage_percent', '>=', 1], ['cpu_usage_percent', '!=', 0], ['memory_usage_percent', '>', 0], ['memory_usage_percent', '>=', 1], ['memory_usage_percent', '!=', 0], ['latency_p99_seconds', '>', 0], ['latency_p99_seconds', '!=', 0], ['error_rate_percent', '!=', 5], ['ready_percent', '!=', 50], ['availability_percent', '>', 99.9],
  ]
  for (const side of wrong) it(`${side.join(' ')} is refused where nobody looks first`, () => refused((more) => of(side, more)))
  const odd: readonly Side[] = [
    ['latency_p99_seconds', '<', 0.999], ['cpu_usage_percent', '>', 1.01], ['cpu_usage_percent', '>=', 9.9], ['memory_usage_percent', '>', 1.01], ['latency_p99_seconds', '>', 0.009], ['memory_usage_percent', '==', 90], ['cpu_usage_percent', '==', 50], ['latency_p99_seconds', '==', 2], ['restart_count', '!=', 0], ['restart_count', '>=', 1], ['error_rate_percent', '!=', 0], ['cpu_throttled_percent', '!=', 0], ['memory_usage_percent', '<', 50], ['cpu_usage_percent', '<=', 50], ['memory_usage_percent', '<', 80],
  ]
  for (const side of odd) it(`${side.join(' ')} is warned about`, () => warned(of(side)))
  it('little load is a reason to scale down', () => {
    const actions = [{ name: 'fewer', type: 'scale', scaleAction: { direction: 'down', minReplicas: 2 } }]
    for (const side of [['cpu_usage_percent', '<', 60], ['latency_p99_seconds', '<', 2]] as const) expect(of(side, { actions })).to.deep.equal([])
    warned(of(['cpu_throttled_percent', '<', 5], { actions }))
    expect(of(['cpu_usage_percent', '<', 60], { actions: [...actions, { name: 'restart', type: 'restart', restartAction: {} }] })).to.have.length(1)
  })
})

describe('KS204 queries of what is well', () => {
  const wrong: readonly Side[] = [
    ['up', '==', 1], ['up', '>', 0], ['up', '!=', 0], ['up', '>=', 0], ['up == 1', '>', 0], ['up > 0', '>=', 0], ['up == bool 1', '==', 1], ['1 == up', '==', 1], ['(up)', '==', 1], ['up{job="cart"} offset 5m', '==', 1], ['max by (namespace, pod) (up)', '==', 1], ['sum by (namespace, pod) (up)', '>', 0], ['1 - up', '<', 1], ['up * 100', '>', 50],
    ['avg_over_time(up[10m])', '>', 0.9], ['probe_success', '==', 1], ['kube_pod_status_ready{condition="true"}', '==', 1], ['kube_pod_status_ready{condition="true"} == 1', '>', 0], ['kube_pod_status_ready{condition="false"}', '==', 0], ['kube_pod_status_ready', '==', 1], ['kube_pod_status_ready', '==', 0],
    ['kube_pod_status_phase{phase="Running"}', '==', 1], ['kube_pod_status_phase{phase!="Running"}', '<', 1], ['kube_pod_container_status_ready', '>', 0], ['kube_pod_container_status_waiting', '==', 0], ['kube_deployment_status_replicas_available', '>', 0], ['kube_deployment_status_replicas_available > 0', '!=', 0], ['kube_deployment_status_replicas_available', '!=', 0],
    ['kube_deployment_status_replicas_unavailable', '==', 0], ['kube_deployment_spec_replicas - kube_deployment_status_replicas_available', '==', 0], ['kube_deployment_spec_replicas == kube_deployment_status_replicas_available', '>', 0], ['kube_statefulset_status_replicas_ready / kube_statefulset_replicas', '>', 0.5],
    ['kube_deployment_status_condition{condition="Available",status="true"}', '==', 1], ['kube_daemonset_status_number_unavailable', '<', 1], ['increase(kube_pod_container_status_restarts_total[1h])', '>=', 0], ['increase(kube_pod_container_status_restarts_total[1h])', '<', 5], ['changes(up[1h])', '==', 0], ['rate(http_requests_total[5m])', '>=', 0],
    ['sum by (namespace, pod) (rate(http_requests_total[5m]))', '>', -1], ['rate(http_requests_total[5m])', '!=', 0.5], ['container_memory_working_set_bytes', '>', 0], ['container_memory_working_set_bytes', '!=', 5e8], ['up == 1 and on (namespace, pod) kube_pod_status_ready{condition="true"} == 1', '>', 0],
    ['abs(rate(http_requests_total[5m]))', '>=', 0], ['sgn(rate(http_requests_total[5m]))', '<', 2], ['clamp_min(rate(http_requests_total[5m]), 1)', '>=', 1], ['clamp_max(up, 1)', '==', 1], ['topk(3, sum by (namespace, pod) (container_memory_working_set_bytes))', '>', 0], ['bottomk(1, up)', '==', 1], ['floor(up)', '==', 1],
    ['kube_pod_info', '==', 1], ['kube_pod_info{namespace="shop"}', '>', 0], ['go_info', '==', 1], ['cart_build_info', '>=', 1], ['kube_pod_labels{label_app="cart"}', '==', 1], ['kube_pod_owner', '==', 1], ['count by (namespace) (kube_pod_info)', '>', 0], ['process_start_time_seconds', '>', 0], ['kube_pod_created', '>', 1e9], ['time() - process_start_time_seconds', '>', 0], ['changes(process_start_time_seconds[1h])', '==', 0],
    ['kube_pod_status_ready_time', '>', 0], ['time() - kube_pod_status_ready_time', '>', 10], ['container_last_seen', '>', 0],
    ['sum_over_time(up[5m])', '>', 0], ['count_over_time(up[5m])', '>=', 1], ['present_over_time(up[5m])', '==', 1], ['quantile_over_time(0.5, up[5m])', '==', 1], ['stddev_over_time(up[5m])', '==', 0], ['delta(up[5m])', '==', 0], ['deriv(up[5m])', '<', 1], ['round(up)', '==', 1], ['clamp(up, 0, 1)', '>', 0], ['sqrt(up)', '==', 1], ['exp(up)', '>', 1], ['vector(scalar(sum(up)))', '>=', 1], ['quantile by (namespace, pod) (0.5, up)', '==', 1],
    ['up or vector(1) == 1', '==', 1], ['up or heartbeat', '==', 1], ['(up or on (job) heartbeat) or vector(7)', '>', 0], ['up or vector(1)', '>', 0], ['(up == 0) or vector(0)', '==', 0], ['up == 1 or up == 0', '==', 1], ['kube_node_status_condition{condition="Ready",status="true"}', '==', 1], ['kube_node_status_condition{condition="DiskPressure",status="false"}', '==', 1], ['kube_node_spec_unschedulable', '==', 0], ['kube_persistentvolumeclaim_status_phase{phase="Bound"}', '==', 1], ['kube_namespace_status_phase{phase="Active"}', '>', 0],
    ['kube_node_status_capacity{resource="cpu"}', '>', 0], ['kube_deployment_metadata_generation', '>=', 1], ['jvm_memory_used_bytes', '>', 0], ['kube_pod_container_resource_requests{resource="memory"}', '!=', 0], ['redis_up', '==', 1], ['go_goroutines', '>', 0], ['process_open_fds', '>=', 1], ['kube_horizontalpodautoscaler_status_desired_replicas', '>', 0], ['certmanager_certificate_ready_status{condition="True"}', '==', 1], ['kube_pod_status_reason', '==', 0],
  ]
  for (const side of wrong) it(`${side.join(' ')} is refused where nobody looks first`, () => refused((more) => of(side, more)))

  const errors = 'sum by (namespace, pod) (rate(http_requests_total{code=~"5.."}[5m]))'
  const all = 'sum by (namespace, pod) (rate(http_requests_total[5m]))'
  const turned: readonly Side[] = [
    ['sum by (namespace, pod) (rate(http_requests_total{code=~"2.."}[5m])) / sum by (namespace, pod) (rate(http_requests_total[5m]))', '>', 0.95], [`${errors} / ${all}`, '<', 0.05], [`${errors} / ${all}`, '<=', 0], [`1 - ${errors} / ${all}`, '>', 0.95], [`${errors.replace('=~', '!~')} / ${all}`, '>', 0.95], [`100 * (${errors.replace('=~', '!~')} / ${all})`, '>=', 99], [`100 * ${errors} / ${all}`, '<', 5], [errors, '<', 1], [errors, '==', 0], ['rate(http_errors_total[5m])', '<', 5], ['rate(errors_total[5m]) / rate(requests_total[5m])', '<', 0.05], ['sum by (namespace, pod) (increase(jobs_failed_total[1h]))', '<', 3],
    ['sum by (namespace, pod) (rate(grpc_requests_total{status="error"}[5m]))', '!=', 5], ['sum by (namespace, pod) (rate(http_requests_total{code=~"500|503"}[5m]))', '>=', 0],
  ]
  for (const side of turned) it(`${side.join(' ')} is what has no errors: refused where nobody looks first`, () => refused((more) => of(side, more)))
  describe('what is done', () => {
    const work: readonly Side[] = [['rate(http_requests_total{code=~"2.."}[5m])', '>', 0], ['rate(http_requests_total{code="200"}[5m])', '>', 0], ['sum by (namespace, pod) (rate(grpc_server_handled_total{grpc_code="OK"}[5m]))', '>', 0], ['rate(http_requests_total[5m])', '>', 0], [all, '>', 0], ['rate(http_request_duration_seconds_count{namespace="shop"}[5m])', '!=', 0], ['sum by (namespace, pod) (rate(container_cpu_usage_seconds_total[5m]))', '>', 0]]
    for (const side of work) {
      it(`${side.join(' ')} is refused where nobody looks first`, () => refused((more) => of(side, more)))
      it(`${side.join(' ')} may be a reason to scale`, () => warned(of(side, { actions: [{ name: 'more', type: 'scale', scaleAction: { direction: 'up', maxReplicas: 3 } }] })))
    }
    for (const side of [['rate(http_requests_total[5m])', '>', 0.001], ['rate(http_requests_total{code="404"}[5m])', '>', 0], ['rate(http_requests_total{code="201"}[5m])', '>', 0], ['rate(http_requests_total{code="200"}[5m])', '<', 1], ['rate(http_requests_total{path="/panic"}[5m])', '>', 0], ['rate(orders_total[5m])', '>', 0], [errors, '>', 0]] as const) it(`${side.join(' ')} passes`, () => expect(of(side)).to.deep.equal([]))
    it('what is always up is no reason to scale either', () => expect(of(['up', '==', 1], { actions: [{ name: 'more', type: 'scale', scaleAction: { direction: 'up', maxReplicas: 3 } }] })[0]).to.not.match(/^W /))
  })
  describe('age', () => {
    const age = 'time() - kube_pod_start_time'
    it('below ten minutes is refused where nobody looks first', () => {
      for (const side of [[age, '>', 5], [age, '>', 599], [age, '>=', 600], ['time() - container_start_time_seconds', '>', 60], ['max by (namespace, pod) (time() - kube_pod_created)', '>', 5]] as const) refused((more) => of(side, more))
    })
    it('beyond is warned about: everything comes to it', () => {
      for (const side of [[age, '>', 600], ['time() - process_start_time_seconds', '>', 86_400], ['(time() - kube_pod_created) / 3600', '>', 24], ['container_start_time_seconds', '<', 1.69e9]] as const) expect(of(side), side.join(' ')).to.deep.equal([`W spec.triggers[0].metricTrigger.query: every object comes to ${side[1]} ${side[2]} by growing old`])
    })
    it('of what has just been made is refused: what is made in its place fires again', () => {
      for (const side of [[age, '<', 300], [age, '<=', 3600], ['time() - process_start_time_seconds{pod!=""}', '<', 3600], ['process_uptime_seconds{pod!=""}', '<', 3600], ['max by (namespace, pod) (time() - container_start_time_seconds)', '<', 120]] as const) {
        expect(of(side), side.join(' ')).to.deep.equal([`spec.triggers[0].metricTrigger.query: every object is ${side[1]} ${side[2]} when it has just been made`])
      }
      expect(of([age, '<', 30])).to.deep.equal([])
    })
    it('with what is wrong beside it passes, and so does what comes again', () => {
      for (const side of [[`${age} > 600 and on (namespace, pod) kube_pod_status_ready{condition="true"} == 0`, '>', 0], [`${age} > 900 and on (namespace, pod) kube_pod_status_phase{phase="Pending"} == 1`, '>', 0], ['time() - kube_cronjob_status_last_schedule_time', '>', 600], [`${age} < 300 and on (namespace, pod) kube_pod_status_ready{condition="true"} == 0`, '>', 0], ['changes(process_start_time_seconds[15m])', '>', 2], ['delta(process_uptime_seconds[5m])', '<', 200]] as const) expect(of(side), side.join(' ')).to.deep.equal([])
    })
  })
  describe('a part of a whole', () => {
    const at = 'spec.triggers[0].metricTrigger.threshold'
    const share = `${errors} / ${all}`
    it('is never beyond the whole, nor always within', () => {
      for (const mode of ['automatic', 'monitor'] as const) {
        expect(of([share, '>', 5], { mode })).to.deep.equal([`${at}: it is a part of a whole, from 0 to 1, and > 5 never holds`])
        expect(of([share, '>', 1], { mode })).to.deep.equal([`${at}: it is a part of a whole, from 0 to 1, and > 1 never holds`])
        expect(of([`100 * ${share}`, '>', 100], { mode })).to.deep.equal([`${at}: it is a part of a whole, from 0 to 100, and > 100 never holds`])
        expect(of([`1 - ${share}`, '<', 99], { mode })).to.deep.equal([`${at}: it is a part of a whole, from 0 to 1, and < 99 always holds`])
        expect(of([share, '>=', 0], { mode })).to.deep.equal([`${at}: it is a part of a whole, from 0 to 1, and >= 0 always holds`])
      }
    })
    it('up to the whole passes', () => {
      for (const side of [[share, '>', 0.05], [share, '>=', 1], [share, '>', 0.99], [`(${share}) * 100`, '>', 5], [`${errors} * 100 / ${all}`, '>=', 1], [`100 - 100 * ${share}`, '<', 99], [`1 - ${share}`, '<', 0.99]] as const) expect(of(side), side.join(' ')).to.deep.equal([])
    })
    it('less than one in a hundred is warned about where it is in percent', () => {
      expect(of([`100 * ${share}`, '>', 0.05])).to.deep.equal([`W ${at}: it is a part of a whole, from 0 to 100, and > 0.05 is less than one in a hundred`])
      warned(of([`100 * ${share}`, '>', 0.99]))
      expect(of([`100 * ${share}`, '>', 1])).to.deep.equal([])
    })
    it('is known of well-known pairs of series, measured in the same way', () => {
      const throttled = 'rate(container_cpu_cfs_throttled_periods_total[5m]) / rate(container_cpu_cfs_periods_total[5m])'
      for (const pair of ['process_open_fds / process_max_fds', throttled, 'kubelet_volume_stats_used_bytes{namespace="shop"} / kubelet_volume_stats_capacity_bytes{namespace="shop"}', 'max by (namespace, pod) (hikaricp_connections_active) / max by (namespace, pod) (hikaricp_connections_max)', 'sum by (namespace, pod) (avg_over_time(process_open_fds[5m])) / sum by (namespace, pod) (avg_over_time(process_max_fds[5m]))']) {
        expect(of([pair, '>', 80]), pair).to.deep.equal([`${at}: it is a part of a whole, from 0 to 1, and > 80 never holds`])
        expect(of([`100 * ${pair}`, '>', 80]), pair).to.deep.equal([])
        expect(of([pair, '>', 0.8]), pair).to.deep.equal([])
      }
      expect(of(['kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes', '<', 10])).to.deep.equal([`${at}: it is a part of a whole, from 0 to 1, and < 10 always holds`])
      for (const other of ['process_max_fds / process_open_fds', 'process_open_fds / max(process_max_fds)', 'avg_over_time(process_open_fds[5m]) / avg_over_time(process_max_fds[1h])', 'process_open_fds{pod="a"} / process_max_fds{pod="b"}', 'process_open_fds / go_goroutines', 'quantile(0.5, process_open_fds) / quantile(0.5, process_max_fds)', 'count(process_open_fds) / count(process_max_fds)', 'container_memory_rss / container_memory_working_set_bytes']) expect(of([other, '>', 80]), other).to.deep.equal([])
    })
    it('is none where the sides count other things, over other times, or by other labels', () => {
      const other = (left: string, right: string): string[] => of([`${left} / ${right}`, '>', 5])
      expect(other('sum by (namespace, pod) (rate(retries_total[5m]))', all)).to.deep.equal([])
      expect(other(errors.replace('5m', '1h'), all)).to.deep.equal([])
      expect(other(errors.replace('pod', 'service'), all)).to.deep.equal([])
      expect(other(errors, all.replace('{', '').replace('http_requests_total', 'http_requests_total{method="GET"}'))).to.deep.equal([])
      expect(other('rate(http_requests_total{code="500"}[5m])', 'rate(http_requests_total[5m])')).to.deep.equal([])
      expect(other('sum by (namespace, pod) (rate(x_seconds_sum[5m]))', 'sum by (namespace, pod) (rate(x_seconds_count[5m]))')).to.deep.equal([])
    })
  })

  const never: readonly Side[] = [['go_info', '==', 0], ['kube_pod_info{namespace="shop"}', '>', 1], ['redis_up', '>', 1], ['up', '>', 1], ['up', '==', 2], ['up', '<', 0], ['up > 1', '>', 0], ['absent(up{job="cart"}) == 0', '>=', 0], ['absent(lock_age_seconds)', '==', 0], ['absent(lock_age_seconds)', '<', 1], ['kube_pod_status_ready{condition="true"}', '>=', 2], ['up == bool 1', '>', 1], ['kube_pod_status_phase{phase=""}', '==', 0]]
  for (const side of never) it(`${side.join(' ')} is refused in every mode: it never holds`, () => {
    for (const mode of ['automatic', 'monitor'] as const) {
      const lines = of(side, { mode })
      expect(lines).to.have.length(1)
      expect(lines[0]).to.match(/^spec\.triggers\[0\]\.metricTrigger\.query: (it answers|it never has)/)
    }
  })
  it('says what healthy objects answer', () => {
    const path = 'spec.triggers[0].metricTrigger.query'
    expect(of(['up', '!=', 0])).to.deep.equal([`${path}: healthy objects answer 1, which is != 0`])
    expect(of(['kube_deployment_status_replicas_available', '>', 0])).to.deep.equal([`${path}: healthy objects answer 1 or 2 or more, which is > 0`])
    expect(of(['absent(x)', '==', 0])).to.deep.equal([`${path}: it answers 1, and that is never == 0`])
    expect(of(['up > 1', '>', 0])).to.deep.equal([`${path}: it never has an answer`])
  })
  it('what another API measures may be called as it likes', () => expect(check(ks204, { metric: { query: 'up', operator: '==', threshold: 1, source: 'external.metrics.k8s.io' } })).to.deep.equal([]))
  it('under All it narrows down what another trigger sees', () => {
    const triggers = [{ name: 'up', type: 'metric', metricTrigger: { query: 'up', operator: '==', threshold: 1 } }, { name: 'full', type: 'metric', metricTrigger: { query: 'memory_usage_percent', threshold: 90 } }]
    expect(check(ks204, { triggerMatch: 'All', triggers })).to.deep.equal([])
    expect(check(ks204, { triggerMatch: 'Any', triggers })).to.have.length(1)
  })
})

describe('KS204 events of every life', () => {
  const reasons = ['Scheduled', 'Pulling', 'Pulled', 'Created', 'Started', 'SuccessfulCreate', 'SuccessfulDelete', 'ScalingReplicaSet', 'SuccessfulRescale', 'Completed', 'SawCompletedJob', 'LeaderElection', 'SuccessfulAttachVolume', 'AddedInterface', 'Nominated', 'TriggeredScaleUp', 'ProvisioningSucceeded', 'EnsuredLoadBalancer', 'ResizeCompleted', 'RolloutCompleted']
  for (const reason of reasons) it(`${reason} is refused where nobody looks first`, () => refused((more) => check(ks204, { event: { reason }, ...more })))
  it('of type Normal too, and with a pattern that takes any message', () => {
    refused((more) => check(ks204, { event: { reason: 'Started', type: 'Normal' }, ...more }))
    refused((more) => check(ks204, { event: { reason: 'Started', messagePattern: '.*' }, ...more }))
  })
  for (const count of [2, 3]) it(`${count} of them are warned about`, () => warned(check(ks204, { event: { reason: 'Started', count } })))
  it('a message pattern that takes what is said of every start is none', () => {
    for (const [reason, messagePattern] of [['Pulled', 'image'], ['Pulled', '[a-zA-Z]'], ['Started', '(?i)container started|started container'], ['Created', 'ontainer'], ['Scheduled', ' to '], ['ScalingReplicaSet', 'replica set'], ['SuccessfulCreate', '^Created pod']] as const) refused((more) => check(ks204, { event: { reason, messagePattern }, ...more }))
    for (const [reason, messagePattern] of [['Pulled', 'Successfully pulled'], ['Started', 'Started container cart'], ['Scheduled', 'to node-1'], ['Pulled', 'example.com/cart:1'], ['SuccessfulCreate', 'cart-'], ['Pulling', 'sha256'], ['ScalingReplicaSet', 'Scaled down'], ['Created', 'istio']] as const) expect(check(ks204, { event: { reason, messagePattern } }), messagePattern).to.deep.equal([])
  })
  it('what readiness probes tell while a pod starts is warned about', () => {
    for (const more of [{}, { count: 2 }, { type: 'Warning' }, { messagePattern: '.*' }] as const) expect(check(ks204, { event: { reason: 'Unhealthy', ...more } }), JSON.stringify(more)).to.have.length(1).and.satisfy(([line = '']: string[]) => line.startsWith('W '))
    for (const more of [{ count: 3 }, { messagePattern: 'Liveness probe failed' }] as const) expect(check(ks204, { event: { reason: 'Unhealthy', ...more } }), JSON.stringify(more)).to.deep.equal([])
  })
  it('Killing comes with every end: of one container or of some', () => {
    for (const event of [{}, { messagePattern: 'container' }, { messagePattern: 'Stopping container' }, { type: 'Normal' }] as const) refused((more) => check(ks204, { event: { reason: 'Killing', ...event }, ...more }))
    for (const count of [2, 3]) expect(check(ks204, { event: { reason: 'Killing', count } })).to.deep.equal([`W spec.triggers[0].eventTrigger.count: ${count} events Killing come from one end of a pod with as many containers`])
  })
  it('room that is made on purpose is warned about', () => warned(check(ks204, { event: { reason: 'Preempted' } })))
  it('more than anybody writes are warned about', () => {
    for (const [count, window] of [[26, '4m59s'], [27, '5m'], [38, '1h']] as const) warned(check(ks204, { event: { reason: 'Unhealthy', count, window } }))
    expect(check(ks204, { event: { reason: 'Unhealthy', count: 26, window: '5m' } })).to.deep.equal([])
  })
})

describe('KS204 alerts that always fire', () => {
  for (const alert of [{ alertname: 'Watchdog' }, { alertname: 'InfoInhibitor' }, { alertname: 'DeadMansSwitch' }, { matchers: [{ name: 'alertname', value: 'Watchdog' }] }, { matchers: [{ name: 'alertname', operator: '=~', value: 'Watchdog|InfoInhibitor' }] }, { alertname: 'Watchdog', matchers: [{ name: 'severity', value: 'none' }] }]) {
    it(`${JSON.stringify(alert)} is refused where nobody looks first`, () => refused((more) => alerting(alert, more)))
  }
  it('severity none alone is warned about', () => warned(alerting({ matchers: [{ name: 'severity', value: 'none' }] })))
  it('so are patterns of which nothing else is left', () => warned(alerting({ matchers: [{ name: 'severity', operator: '=~', value: 'none|info' }, { name: 'severity', operator: '!=', value: 'info' }] })))
})
