/** Which series only ever grow, by their names: nobody here asks the source. */

/** Called like counters by those who export them, and none. */
const GAUGES: readonly RegExp[] = [
  // kube-state-metrics, the cluster autoscaler, older kubelets.
  /^kube_.*_(count|sum)$/, /^cluster_autoscaler_.*_count$/, /^kubelet_running_.*_count$/,
  // Exporters of clouds tell of a period, not since the start.
  /^(aws|azure|stackdriver|gcp)_.*_(sum|count|total)$/,
  /^kafka_consumergroup_.*_sum$/, /^pg_stat_activity_count$/, /^pg_locks_count$/,
  /^envoy_cluster_membership_total$/, /^velero_(backup|restore)_total$/, /^harbor_.*_total$/,
  /^minio_(cluster|bucket)_.*_total$/, /^container_fs_inodes_total$/, /^etcd_debugging_.*_keys_total$/, /^argo_workflows_count$/,
]

/** Before `_count` and `_sum`: what happens, or is measured each time that it does. */
const HAPPENS = /(?:^|_)(?:(?:nano|micro|milli)?seconds|ms|us|ns|bytes|duration|latency|time|size|requests?|errors?|failures?|events?|calls?|hits?|misses|retries|restarts?|operations?|ops|exceptions?|rejections?|timeouts?|responses?|attempts?|invocations?|packets?|drops?|evictions?|kills?|crashes|commits?|rollbacks?|quer(?:y|ies))$/

/** Before `_count`: what is there. */
const IS_THERE = /(?:^|_)(?:threads?|connections?|conns?|sessions?|pods?|nodes?|containers?|replicas?|members?|queues?|messages?|consumers?|producers?|subscriptions?|subscribers?|topics?|partitions?|files?|fds?|descriptors?|locks?|activity|objects?|users?|clients?|workers?|tasks?|jobs?|rows?|keys?|entries|items?|shards?|segments?|instances?|targets?|process(?:es)?|goroutines?|brokers?|volumes?|devices?|cpus?|cores?|groups?|znode|watch|ephemerals?|workflows?|alerts?|backlog|lag|depth|pending|active|idle|running|waiting|current|available|ready|open|inflight|flight|stuck|dead|offline|online|up|healthy|unhealthy|leaders?|followers?|peers?|servers?|hosts?|tables?|databases?|indexes|indices|documents?|docs|records?|resources?|services?|endpoints?|certificates?|licenses?|buffers?|busy|used|free|max|limit|capacity|pools?|slots?|channels?|streams?|players?|rooms?|carts?|orders?)$/

/** What there is at the moment, of whatever it is. */
const AT_THE_MOMENT = /(?:^|_)(?:active|pending|inflight|in_flight|open|current|running|waiting|queued|concurrent|outstanding|max|min|avg|limit)(?:_|$)/

/** `perhaps`: a histogram would be called so, and a gauge might. */
export function counts(name: string, others: ReadonlySet<string> = new Set()): 'surely' | 'perhaps' | 'no' {
  // A recording rule, which says what it has done by its last part.
  if (name.includes(':')) return 'no'
  const [, base = '', suffix] = /^(.*)_(total|bucket|count|sum)$/.exec(name) ?? []
  if (suffix === undefined || GAUGES.some((gauge) => gauge.test(name))) return 'no'
  if (suffix === 'bucket') return 'surely'
  if (AT_THE_MOMENT.test(base)) return suffix === 'total' ? 'perhaps' : 'no'
  if (suffix === 'total') return 'surely'
  const siblings = ['bucket', 'count', 'sum'].filter((other) => other !== suffix).map((other) => `${base}_${other}`)
  if (HAPPENS.test(base) || siblings.some((sibling) => others.has(sibling))) return 'surely'
  return suffix === 'count' && IS_THERE.test(base) ? 'no' : 'perhaps'
}
