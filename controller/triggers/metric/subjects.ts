/** Which object a series is about, by its labels. Only what names its namespace leads anywhere: names repeat between namespaces. */
import { printable } from '../../../shared/lib/text.ts'
import type { Labels } from '../../../shared/lib/selector.ts'
import type { Series } from '../../healing/metrics.ts'
import type { ObjectRef } from '../../healing/snapshot.ts'

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

const first = (labels: Labels, names: readonly string[]): string | undefined => names.map((name) => labels[name]).find((value) => value !== undefined && value !== '')

export const namespaceOf = (labels: Labels): string | undefined => first(labels, NAMESPACE_LABELS)

interface Index {
  readonly byPod: ReadonlyMap<string, readonly Series[]>
  readonly byNamespace: ReadonlyMap<string, readonly Series[]>
}

/** Of each reading once: there may be thousands of series, and as many pods that ask for theirs. */
const indexes = new WeakMap<readonly Series[], Index>()

function indexOf(series: readonly Series[]): Index {
  const known = indexes.get(series)
  if (known !== undefined) return known
  const byPod = new Map<string, Series[]>()
  const byNamespace = new Map<string, Series[]>()
  const put = (map: Map<string, Series[]>, key: string, one: Series): void => {
    const list = map.get(key)
    if (list === undefined) map.set(key, [one])
    else list.push(one)
  }
  for (const one of series) {
    const namespace = namespaceOf(one.labels)
    if (namespace === undefined) continue
    put(byNamespace, namespace, one)
    const pod = first(one.labels, POD_LABELS)
    if (pod !== undefined) put(byPod, `${namespace}/${pod}`, one)
  }
  const index = { byPod, byNamespace }
  indexes.set(series, index)
  return index
}

/** Series of one object: those that name it, and no pod of it. */
export function seriesOf(series: readonly Series[], { kind, namespace, name }: ObjectRef): readonly Series[] {
  const { byPod, byNamespace } = indexOf(series)
  if (kind === 'Pod') return byPod.get(`${namespace}/${name}`) ?? []
  return (byNamespace.get(namespace) ?? []).filter(({ labels }) => {
    // A pod of it carries its name. Another pod is the one that was asked: kube-state-metrics tells of everything.
    if (first(labels, POD_LABELS)?.startsWith(`${name}-`) === true) return false
    return first(labels, KIND_LABELS[kind] ?? [kind.toLowerCase()]) === name || isWorkload(labels, kind, name)
  })
}

function isWorkload(labels: Labels, kind: string, name: string): boolean {
  if (labels['workload'] !== name || !WORKLOAD_KINDS.has(kind)) return false
  const told = first(labels, WORKLOAD_KIND_LABELS)
  return told === undefined || told.toLowerCase() === kind.toLowerCase()
}

/** Why no series is about the object, for whoever wrote the query. */
export function whyNone(series: readonly Series[], { kind, namespace, name }: ObjectRef, query: string): string {
  const asked = printable(query, 80)
  if (series.length === 0) return `${asked} has no series`
  const here = series.filter(({ labels }) => namespaceOf(labels) === namespace)
  const label = (KIND_LABELS[kind] ?? [kind.toLowerCase()])[0] ?? ''
  if (here.length > 0) {
    return here.some(({ labels }) => first(labels, KIND_LABELS[kind] ?? [kind.toLowerCase()]) !== undefined)
      ? `${asked} has no series of ${kind} ${name}`
      : `${asked} has series without label ${label} (they have ${names(here)}): keep it, by (namespace, ${label})`
  }
  if (series.some(({ labels }) => namespaceOf(labels) !== undefined)) return `${asked} has no series of namespace ${namespace}`
  const exported = series.some(({ labels }) => labels['exported_namespace'] !== undefined)
  const why = `${asked} has series without label namespace (they have ${names(series)}): keep it, by (namespace, ${label})`
  return exported ? `${why}, or let the source trust exported labels (trustExportedLabels)` : why
}

function names(series: readonly Series[]): string {
  const all = [...new Set(series.slice(0, 20).flatMap(({ labels }) => Object.keys(labels)))].sort()
  return all.length === 0 ? 'none' : printable(all.slice(0, 8).join(', '), 120)
}
