/** Values of the built-in metrics that the objects themselves tell, as series: one judgement serves all. */
import type { Instant } from '../../../shared/lib/time.ts'
import type { Point, Series } from '../../healing/metrics.ts'
import type { Amounts, PodView, TargetView } from '../../healing/snapshot.ts'
import { seriesOf } from './subjects.ts'

const told = (points: readonly Point[]): readonly Series[] => [{ labels: {}, points }]

export type Measured =
  | { readonly series: readonly Series[] }
  | { readonly why: string; /** It takes another reading to know. */ readonly early?: true }

/** Of the wanted pods those that are ready or available; of a pod 100 or 0. */
export function readiness(object: TargetView, what: 'ready' | 'available', now: Instant): Measured {
  if (object.shape === 'Workload') {
    const { replicas, readyReplicas, availableReplicas } = object
    if (replicas <= 0) return { why: 'it wants no pods' }
    const count = what === 'ready' ? readyReplicas : availableReplicas
    return { series: told([{ at: now, value: Math.min(100, (100 * count) / replicas) }]) }
  }
  if (object.shape !== 'Pod') return { why: `a ${object.ref.kind} does not say how much of it is ready` }
  const ready = object.conditions.find(({ type }) => type === 'Ready')
  if (ready === undefined) return { why: 'the pod has no condition Ready' }
  const value = ready.status === 'True' ? 100 : 0
  // The API server remembers since when; one that lies in the future says nothing.
  const since = ready.since !== undefined && ready.since < now ? [{ at: ready.since, value }] : []
  return { series: told([...since, { at: now, value }]) }
}

/** Containers against their own limit, else their request; the whole pod against the pod's, where it has one. */
export function usage(pod: PodView, resource: 'cpu' | 'memory', readings: readonly Series[]): Measured {
  const own = seriesOf(readings, pod.ref).filter(({ labels }) => labels['resource'] === resource)
  if (own.length === 0) return { why: `the resource metrics have nothing of pod ${pod.ref.name} yet` }
  const series = own.flatMap((one): Series[] => {
    const name = one.labels['container'] ?? ''
    const ceiling = ceilingOf(name === '' ? pod.resources.pod : pod.resources.containers[name], resource)
    return ceiling === undefined ? [] : [{ labels: one.labels, points: one.points.map((point) => ({ ...point, value: (100 * point.value) / ceiling })) }]
  })
  return series.length === 0 ? { why: `no container of pod ${pod.ref.name} has a ${resource} limit or request, so there is nothing to take a percentage of` } : { series }
}

function ceilingOf(amounts: Amounts | undefined, resource: 'cpu' | 'memory'): number | undefined {
  const ceiling = amounts?.limits[resource] ?? amounts?.requests[resource]
  return ceiling === undefined || ceiling <= 0 ? undefined : ceiling
}
