/** Which object labels of a series or an alert are about. Only what names its namespace leads anywhere: names repeat between namespaces. */
import type { Labels } from '../../shared/lib/selector.ts'
import { labelsOf, NAMESPACE_LABELS, POD_LABELS, WORKLOAD_KIND_LABELS, WORKLOAD_KINDS, WORKLOAD_LABEL } from '../../shared/rules/triggers/object-labels.ts'
import type { ObjectRef } from '../healing/snapshot.ts'

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
  if (labels[WORKLOAD_LABEL] !== name || !WORKLOAD_KINDS.has(kind)) return false
  const told = firstOf(labels, WORKLOAD_KIND_LABELS)
  return told === undefined || told.toLowerCase() === kind.toLowerCase()
}
