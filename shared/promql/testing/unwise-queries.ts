/** Queries that a Prometheus answers, and that nobody should act by: each is found by one rule, at one place. */

export interface UnwiseQuery {
  readonly query: string
  readonly rule: 'KS202' | 'KS203' | 'KS209'
  readonly severity: 'E' | 'W'
  /** Line and column, from 1. */
  readonly at: string
  /** Within what is said. */
  readonly says: string
  readonly operator?: '>' | '<' | '>=' | '<=' | '==' | '!='
  /** Default 1. */
  readonly threshold?: number
  /** What the policy selects; pods unless it says so. */
  readonly kind?: 'Deployment' | 'Service'
  /** The one object that is selected by its name. */
  readonly single?: true
}

const ks202 = (severity: 'E' | 'W', query: string, operator: NonNullable<UnwiseQuery['operator']>, threshold: number, at: string, says: string): UnwiseQuery => ({ query, operator, threshold, rule: 'KS202', severity, at, says })
const ks203 = (severity: 'E' | 'W', query: string, at: string, says: string): UnwiseQuery => ({ query, rule: 'KS203', severity, at, says })
const ks209 = (query: string, at: string, says: string, more: Pick<UnwiseQuery, 'kind' | 'single'> = {}): UnwiseQuery => ({ query, ...more, rule: 'KS209', severity: 'W', at, says })

export const UNWISE: readonly UnwiseQuery[] = [
  // Compared twice.
  ks202('E', 'queue_length > 100', '<', 50, '1:14', '> 100 in the query and < 50 outside never hold together'),
  ks202('E', 'queue_length > 100', '<', 100, '1:14', 'never hold together'),
  ks202('E', 'queue_length > 100', '<=', 100, '1:14', 'never hold together'),
  ks202('W', 'queue_length > 100', '<', 101, '1:14', '> 100 in the query leaves no answer'),
  ks202('E', 'up{job="cart"} == 0', '>', 0, '1:16', '== 0 in the query and > 0 outside never hold together'),
  ks202('E', 'lock_age < 10', '>', 10, '1:10', 'never hold together'),
  ks202('E', 'lock_age != 0', '==', 0, '1:10', 'never hold together'),
  ks202('E', 'queue_length > 100', '>', 0, '1:14', 'two thresholds for one value'),
  ks202('E', 'queue_length > 100', '>', 200, '1:14', 'two thresholds for one value'),
  ks202('E', 'queue_length >= 0.9 * 100', '>', 80, '1:14', '>= 90 in the query and > 80 outside: two thresholds'),
  ks202('E', '100 < queue_length', '>', 50, '1:5', '> 100 in the query and > 50 outside: two thresholds'),
  ks202('E', 'max by (namespace, pod) (queue_length > 100)', '>', 50, '1:39', 'two thresholds'),
  ks202('E', '(queue_length < 5) and on (namespace, pod) up == 1', '<', 3, '1:15', 'two thresholds'),
  ks202('E', 'avg by (namespace, pod) (lock_age > 60)', '<', 60, '1:35', 'never hold together'),
  ks202('E', 'max_over_time((lock_age > 60)[10m:1m])', '>', 90, '1:25', 'two thresholds'),
  ks202('W', 'queue_length > 100', '>', 100, '1:14', '> 100 is said in the query and outside'),
  ks202('W', 'queue_length > 100', '>=', 100, '1:14', '> 100 is said in the query and outside'),
  ks202('W', 'up{job="cart"} == 0', '==', 0, '1:16', '== 0 is said in the query and outside'),
  ks202('W', 'up{job="cart"} == 0', '<', 1, '1:16', '== 0 in the query leaves no answer'),
  ks202('W', 'kube_pod_container_resource_limits > on (namespace, pod, container) kube_pod_container_resource_requests', '>', 0, '1:36', '> between series leaves no answer'),
  ks202('W', 'absent(up{namespace="shop",pod="cart-0"})', '>=', 1, '1:1', 'absent has no answer when the series is there'),
  ks202('E', 'queue_length > bool 100', '>', 100, '1:14', '> bool is 0 or 1, and > 100 holds of neither'),
  ks202('E', 'queue_length > bool 100', '>=', 0, '1:14', '> bool is 0 or 1, and >= 0 holds of both'),
  ks202('E', 'max by (namespace, pod) (queue_length > bool 100)', '>', 1, '1:39', 'holds of neither'),
  // Counters.
  ks203('E', 'http_requests_total', '1:1', 'the counter "http_requests_total" without rate or increase'),
  ks203('E', 'sum by (namespace, pod) (http_requests_total{code=~"5.."})', '1:26', 'the counter "http_requests_total"'),
  ks203('E', '{__name__="http_requests_total"}', '1:1', 'the counter "http_requests_total"'),
  ks203('E', 'kube_pod_container_status_restarts_total', '1:1', 'the counter'),
  ks203('E', 'max_over_time(errors_total[5m])', '1:15', 'the counter "errors_total"'),
  ks203('E', 'errors_total / requests_total', '1:1', 'the counter "errors_total"'),
  ks203('E', 'rate(errors_total[5m]) / requests_total', '1:26', 'the counter "requests_total"'),
  ks203('E', 'request_duration_seconds_sum / request_duration_seconds_count', '1:1', 'the counter "request_duration_seconds_sum"'),
  ks203('E', 'spin_sum / spin_count', '1:1', 'the counter "spin_sum"'),
  ks203('E', 'http_requests_count', '1:1', 'the counter "http_requests_count"'),
  ks203('E', 'histogram_quantile(0.9, http_request_duration_seconds_bucket)', '1:25', 'the counter "http_request_duration_seconds_bucket"'),
  ks203('E', 'histogram_quantile(0.9, sum by (namespace, pod) (rate(http_request_duration_seconds_bucket[5m])))', '1:25', 'histogram_quantile of buckets without their label le'),
  ks203('E', 'delta(errors_total[5m])', '1:1', 'delta of the counter "errors_total"'),
  ks203('E', 'deriv(errors_total[5m])', '1:1', 'deriv of the counter "errors_total"'),
  ks203('E', 'predict_linear(errors_total[1h], 3600)', '1:1', 'predict_linear of the counter "errors_total"'),
  ks203('E', 'delta(errors_total[5m:1m])', '1:7', 'the counter "errors_total"'),
  ks203('E', 'rate(errors_total[5m]) or errors_total', '1:27', 'the counter "errors_total"'),
  ks203('E', 'rate(errors_total[5m]) and on (pod) restarts_total > 5', '1:37', 'the counter "restarts_total"'),
  ks203('E', 'errors_total - other_errors_total offset 5m', '1:1', 'the counter "errors_total"'),
  ks203('W', 'spin_count', '1:1', '"spin_count" looks like a counter'),
  ks203('W', 'rate(sum by (namespace, pod) (errors_total)[5m:1m])', '1:31', 'the rate of a sum over the counter "errors_total"'),
  ks203('W', 'rate((errors_total + failures_total)[5m:])', '1:7', 'the rate of a sum'),
  // Ranges.
  ks203('W', 'rate(errors_total[59s])', '1:19', 'rate over less than two scrapes'),
  ks203('W', 'increase(errors_total[30s] offset 5m)', '1:23', 'increase over less than two scrapes'),
  ks203('W', 'deriv(queue_length[45s])', '1:20', 'deriv over less than two scrapes'),
  // Selectors.
  ks203('E', 'up{pod="a",pod="b"}', '1:12', 'pod="a" and pod="b" never hold together'),
  ks203('E', 'up{pod="a",pod!="a"}', '1:12', 'never hold together'),
  ks203('E', 'up{pod="a",job="x",pod=~"b.*"}', '1:20', 'pod="a" and pod=~"b.*" never hold together'),
  ks203('E', 'up{pod="ab",pod!~"a.*"}', '1:13', 'never hold together'),
  ks203('E', 'up{pod=~"a|b",pod=~"c|d"}', '1:15', 'never hold together'),
  ks203('E', 'up{pod="",pod=~".+"}', '1:11', 'never hold together'),
  ks203('E', 'up{pod="",pod!=""}', '1:11', 'never hold together'),
  ks203('E', 'up{pod!~".*"}', '1:4', 'pod!~".*" matches no series'),
  ks203('E', 'up{pod!~".+",pod="a"}', '1:14', 'never hold together'),
  ks203('E', 'up{pod=~"a.*",pod!~"a.*"}', '1:15', 'never hold together'),
  ks203('E', '{__name__="up",__name__="down"}', '1:16', 'never hold together'),
  ks203('E', '{__name__="",pod="a"}', '1:2', 'matches no series'),
  ks203('E', 'up{namespace=~"$namespace"}', '1:4', 'namespace=~"$namespace" matches no series'),
  ks203('E', 'up{pod=~"${app}-.*"}', '1:4', 'matches no series'),
  ks203('W', '{pod=~".+"}', '1:1', 'selects every series that there is'),
  ks203('W', '{__name__=~".+",pod!="a"}', '1:1', 'selects every series that there is'),
  // Labels.
  ks209('sum(rate(errors_total[5m]))', '1:1', 'the series are left with no label, without namespace and pod'),
  ks209('sum by (pod) (queue_length)', '1:1', 'the series are left with pod, without namespace'),
  ks209('sum by (namespace, job) (queue_length)', '1:1', 'the series are left with job, namespace, without pod'),
  ks209('sum by (namespace) (queue_length)', '1:1', 'without deployment or pod', { kind: 'Deployment' }),
  ks209('sum by (namespace) (queue_length)', '1:1', 'without service or pod', { kind: 'Service' }),
  ks209('max without (pod) (queue_length)', '1:1', 'the series are left with all labels but pod, without pod'),
  ks209('max without (namespace) (queue_length)', '1:1', 'without namespace'),
  ks209('queue_length{pod=""}', '1:1', 'without pod'),
  ks209('vector(1)', '1:1', 'the series are left with no label'),
  ks209('absent(up) or vector(0)', '1:1', 'the series are left with no label'),
  ks209('sum by (namespace, pod) (queue_length) / on (namespace) queue_limit', '1:1', 'the series are left with namespace, without pod'),
  ks209('label_replace(sum by (namespace) (queue_length), "service", "$1", "namespace", "(.*)")', '1:1', 'the series are left with namespace, service, without pod'),
  ks209('sum by (exported_namespace, exported_pod) (queue_length)', '1:1', 'the series are left with exported_namespace, exported_pod'),
  ks209('queue_length{namespace="bank"}', '1:1', 'the series are of namespace "bank", in which the policy selects nothing'),
  ks209('max by (namespace, pod) (queue_length{namespace="bank"})', '1:1', 'the series are of namespace "bank"'),
  ks209('count by (namespace) (queue_length)', '1:1', 'without pod', { single: true }),
  ks209('rate(errors_total[5m]) / sum(rate(errors_total[5m]))', '1:24', 'the sides of / have different labels, those of the series and none'),
  ks209('sum by (namespace, pod) (queue_length) / sum by (namespace) (queue_limit)', '1:40', 'the sides of / have different labels, namespace pod and namespace'),
  ks209('queue_length and hour() > 8', '1:14', 'the sides of and have different labels'),
  ks209('queue_length * on (namespace, node) group_left sum by (namespace) (queue_weight)', '1:14', 'of which only one has node'),
]
