/** Which object a series is about, by its labels. Only what names its namespace leads anywhere: names repeat between namespaces. */
import { printable } from '../../../shared/lib/text.ts'
import type { Series } from '../../healing/metrics.ts'
import type { ObjectRef } from '../../healing/snapshot.ts'
import { labelsOf } from '../../../shared/rules/triggers/object-labels.ts'
import { firstOf, isAbout, namespaceOf } from '../object-labels.ts'

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
    const pod = firstOf(one.labels, labelsOf('Pod'))
    if (pod !== undefined) put(byPod, `${namespace}/${pod}`, one)
  }
  const index = { byPod, byNamespace }
  indexes.set(series, index)
  return index
}

/** Series of one object: those that name it, and no pod of it. */
export function seriesOf(series: readonly Series[], ref: ObjectRef): readonly Series[] {
  const { byPod, byNamespace } = indexOf(series)
  return ref.kind === 'Pod' ? (byPod.get(`${ref.namespace}/${ref.name}`) ?? []) : (byNamespace.get(ref.namespace) ?? []).filter(({ labels }) => isAbout(labels, ref))
}

/** Why no series is about the object, for whoever wrote the query. */
export function whyNone(series: readonly Series[], { kind, namespace, name }: ObjectRef, query: string): string {
  const asked = printable(query, 80)
  if (series.length === 0) return `${asked} has no series`
  const here = series.filter(({ labels }) => namespaceOf(labels) === namespace)
  const label = labelsOf(kind)[0] ?? ''
  if (here.length > 0) {
    return here.some(({ labels }) => firstOf(labels, labelsOf(kind)) !== undefined)
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
