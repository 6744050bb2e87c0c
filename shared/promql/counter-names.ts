/** Which series only ever grow, by their names: nobody here asks the source. */

/** Called like counters by those who export them, and none. */
const GAUGES: readonly RegExp[] = [
  // kube-state-metrics, the cluster autoscaler, older kubelets.
  /^kube_.*_(count|sum)$/, /^cluster_autoscaler_.*_count$/, /^kubelet_running_.*_count$/,
  // Exporters of clouds tell of a period, not since the start.
  /^(aws|azure|stackdriver|gcp)_.*_(sum|count|total)$/,
  /^kafka_consumergroup_.*_sum$/, /^pg_stat_activity_count$/, /^pg_locks_count$/,
  /^envoy_cluster_membership_total$/, /^velero_(backup|restore)_total$/, /^harbor_.*_total$/,
  /^minio_(cluster|bucket)_.*_total$/, /^container_fs_inodes_total$/, /^elasticsearch_.*_docs_total$/, /^argocd_cluster_.*_total$/, /^cassandra_.*_capacity_total$/, /^etcd_debugging_.*_keys_total$/, /^argo_workflows_count$/,
]

/** Counters that are not called so. */
const UNNAMED: readonly RegExp[] = [
  /^nginx_ingress_controller_requests$/,
  /^pg_stat_database_(blks_hit|blks_read|conflicts|deadlocks|temp_bytes|temp_files|tup_[a-z]+|xact_commit|xact_rollback)$/,
  /^mysql_global_status_(queries|questions|slow_queries|connections|aborted_clients|aborted_connects|bytes_received|bytes_sent)$/,
]

/** Whose every `_total` is a counter: cAdvisor, the node exporter, the restarts of kube-state-metrics, the runtime of Go. */
const COUNTING = /^(?:container|node|kube_pod|go_memstats|apiserver|coredns|prometheus|alertmanager|istio|rest_client|workqueue)_/

/** Before `_count` and `_sum`: what happens, or is measured each time that it does. */
const HAPPENS = /(?:^|_)(?:(?:nano|micro|milli)?seconds|ms|us|ns|bytes|duration|latency|time|size|requests?|errors?|failures?|events?|calls?|hits?|misses|retries|restarts?|operations?|ops|exceptions?|rejections?|timeouts?|responses?|attempts?|invocations?|packets?|drops?|evictions?|kills?|crashes|commits?|rollbacks?|quer(?:y|ies))$/

/** Before `_count`: what is there. */
const IS_THERE = /(?:^|_)(?:threads?|connections?|conns?|sessions?|pods?|nodes?|containers?|replicas?|members?|queues?|messages?|consumers?|producers?|subscriptions?|subscribers?|topics?|partitions?|files?|fds?|descriptors?|locks?|activity|objects?|users?|clients?|workers?|tasks?|jobs?|rows?|keys?|entries|items?|shards?|segments?|instances?|targets?|process(?:es)?|goroutines?|brokers?|volumes?|devices?|cpus?|cores?|groups?|znode|watch|ephemerals?|workflows?|alerts?|backlog|lag|depth|pending|active|idle|running|waiting|current|available|ready|open|inflight|flight|stuck|dead|offline|online|up|healthy|unhealthy|leaders?|followers?|peers?|servers?|hosts?|tables?|databases?|indexes|indices|documents?|docs|records?|resources?|services?|endpoints?|certificates?|licenses?|buffers?|busy|used|free|max|limit|capacity|pools?|slots?|channels?|streams?|players?|rooms?|carts?|orders?)$/

/** What there is at the moment, of whatever it is. */
const AT_THE_MOMENT = /(?:^|_)(?:active|pending|inflight|in_flight|open|current|running|waiting|queued|concurrent|outstanding|max|min|avg|limit)(?:_|$)/

/** Before `_total`, what has been done: `received`, `sent_bytes`. */
const DONE = /(?:^|_)(?:[a-z]+ed|sent|lost|read|write|written|made|seen|receive|transmit|rx|tx|ingress|egress)(?:_bytes)?$/
/** As much as before `_total`: how things are. */
const STATES = /(?:^|_)(?:used|unused|reserved|allocated|connected|desired|expected|cached|enabled|disabled|committed|provisioned|assigned|configured|registered|mounted|attached|blocked|locked|loaded|mapped|shared|scheduled|unscheduled|supported|installed|managed|speed|seed|feed)(?:_bytes)?$/
/** Of what happens, what an amount is called as well: `memory_bytes_total`. */
const AMOUNTS = /(?:^|_)(?:bytes|size)$/

export type Certainty = 'surely' | 'perhaps' | 'no'

/** `perhaps`: a counter would be called so, and a gauge might. */
export function counts(name: string, others: ReadonlySet<string> = new Set()): Certainty {
  // A recording rule, which says what it has done by its last part.
  if (name.includes(':') || GAUGES.some((gauge) => gauge.test(name))) return 'no'
  if (UNNAMED.some((counter) => counter.test(name))) return 'perhaps'
  const [, base = '', suffix] = /^(.*)_(total|bucket|count|sum)$/.exec(name) ?? []
  if (suffix === undefined) return 'no'
  if (AT_THE_MOMENT.test(base) && suffix !== 'bucket') return suffix === 'total' ? 'perhaps' : 'no'
  if (suffix === 'total') return COUNTING.test(name) || (HAPPENS.test(base) && !AMOUNTS.test(base)) || (DONE.test(base) && !STATES.test(base)) ? 'surely' : 'perhaps'
  const siblings = ['bucket', 'count', 'sum'].filter((other) => other !== suffix).map((other) => `${base}_${other}`)
  if (HAPPENS.test(base) || siblings.some((sibling) => others.has(sibling))) return 'surely'
  return suffix === 'count' && IS_THERE.test(base) ? 'no' : 'perhaps'
}

/** Nothing that a rate could be taken of: it falls as well as it grows, while the process goes on. */
const FALLING: readonly RegExp[] = [
  /^up$/, /_(?:ratio|percent|celsius)$/,
  /^kube_\w+_(?:status_(?!\w*_total$)\w+|replicas|spec_\w+)$/, /^kubelet_volume_stats_\w+$/,
  /^node_memory_\w+_bytes$/, /^node_load[0-9]+$/, /^node_filesystem_(?:size|free|avail)_bytes$/,
  /^container_memory_(?:working_set_bytes|usage_bytes|rss|cache|swap)$/, /^container_spec_\w+$/,
  /^process_(?:resident|virtual)_memory_bytes$/, /^process_open_fds$/, /^go_(?:goroutines|threads)$/, /^go_memstats_heap_\w+_bytes$/,
  /^jvm_memory_\w+_bytes$/, /^redis_(?:connected_\w+|memory_used_bytes)$/, /^pg_stat_activity_count$/,
  // What a recording rule has done already.
  /:(?:ratio|rate|irate|increase|avg|quantile)(?:_\w+|[0-9]+\w*)?$/,
]

export const surelyFalls = (name: string): boolean => FALLING.some((gauge) => gauge.test(name))
