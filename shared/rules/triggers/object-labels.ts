/** By which labels series and alerts say what they are about: the controller looks for these, and the door says when none is left. */

import { CLAIM } from '../../promql/labels.ts'

export const NAMESPACE_LABELS = ['namespace', 'kubernetes_namespace', 'k8s_namespace_name', 'kube_namespace'] as const
export const POD_LABELS = ['pod', 'pod_name', 'kubernetes_pod_name', 'k8s_pod_name'] as const

/** Beside the kind in small letters. `job` alone is the name of a scrape. */
const KIND_LABELS: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['Pod', POD_LABELS],
  ['Deployment', ['deployment', 'k8s_deployment_name', 'kube_deployment']],
  ['StatefulSet', ['statefulset', 'k8s_statefulset_name', 'kube_stateful_set']],
  ['DaemonSet', ['daemonset', 'k8s_daemonset_name', 'kube_daemon_set']],
  ['ReplicaSet', ['replicaset', 'k8s_replicaset_name', 'kube_replica_set']],
  ['Job', ['job_name', 'k8s_job_name', 'kube_job']],
  ['CronJob', ['cronjob', 'k8s_cronjob_name', 'kube_cronjob']],
])

export const labelsOf = (kind: string): readonly string[] => KIND_LABELS.get(kind) ?? [kind.toLowerCase()]

export const WORKLOAD_LABEL = 'workload'
/** With a `workload` label: whose kind may be in one of these. */
export const WORKLOAD_KIND_LABELS = ['workload_type', 'workload_kind', 'owner_kind'] as const
export const WORKLOAD_KINDS: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'])

/** What a scraped process says of itself: believed where the source trusts it (`trustExportedLabels`). */
export const EXPORTED = CLAIM

/** All that lead to an object of a kind that is known here. */
export const OBJECT_LABELS: readonly string[] = [...[...KIND_LABELS.values()].flat(), WORKLOAD_LABEL]
