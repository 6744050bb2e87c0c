/** Which object labels of a series or an alert are about. Only what names its namespace leads anywhere: names repeat between namespaces. */
import type { Labels } from '../../shared/lib/selector.ts'
import type { ObjectRef } from '../healing/snapshot.ts'

const NAMESPACE_LABELS = ['namespace', 'kubernetes_namespace', 'k8s_namespace_name', 'kube_namespace'] as const
const POD_LABELS = ['pod', 'pod_name', 'kubernetes_pod_name', 'k8s_pod_name'] as const

/** Beside the kind in small letters. `job` alone is the name of a scrape. */
const KIND_LABELS: Readonly<Record<string, readonly string[]>> = {
  Pod: POD_LABELS,
  Deployment: ['deployment', 'k8s_deployment_name', 'kube_deployment'],
  StatefulSet: ['statefulset', 'k8s_statefulset_name', 'kube_stateful_set'],
  DaemonSet: ['daemonset', 'k8s_daemonset_name', 'kube_daemon_set'],
  ReplicaSet: ['replicaset', 'k8s_replicaset_name', 'kube_replica_set'],
  Job: ['job_name', 'k8s_job_name', 'kube_job'],
  CronJob: ['cronjob', 'k8s_cronjob_name', 'kube_cronjob'],
}

/** With a `workload` label: whose kind may be in one of these. */
const WORKLOAD_KIND_LABELS = ['workload_type', 'workload_kind', 'owner_kind'] as const
const WORKLOAD_KINDS: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'])

export const labelsOf = (kind: string): readonly string[] => KIND_LABELS[kind] ?? [kind.toLowerCase()]

export const firstOf = (labels: Labels, names: readonly string[]): string | undefined => names.map((name) => labels[name]).find((value) => value !== undefined && value !== '')

export const namespaceOf = (labels: Labels): string | undefined => firstOf(labels, NAMESPACE_LABELS)

/** Whether the labels name the object, and no pod of it. */
export function isAbout(labels: Labels, { kind, namespace, name }: ObjectRef): boolean {
  if (namespaceOf(labels) !== namespace) return false
  const pod = firstOf(labels, POD_LABELS)
  if (kind === 'Pod') return pod === name
  // A pod of it carries its name. Another pod is the one that was asked: kube-state-metrics tells of everything.
  if (pod?.startsWith(`${name}-`) === true) return false
  return firstOf(labels, labelsOf(kind)) === name || isWorkload(labels, kind, name)
}

function isWorkload(labels: Labels, kind: string, name: string): boolean {
  if (labels['workload'] !== name || !WORKLOAD_KINDS.has(kind)) return false
  const told = firstOf(labels, WORKLOAD_KIND_LABELS)
  return told === undefined || told.toLowerCase() === kind.toLowerCase()
}
