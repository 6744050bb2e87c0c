/**
 * PromQL of the built-in metrics. Of service meshes the standard series of Istio and of Linkerd, whichever there are: one
 * expression for both, so that it is one question. No traffic is no data, and no error among traffic is 0 %.
 */
import type { Millis } from '../../../shared/lib/time.ts'
import type { Level } from './args.ts'

const range = (window: Millis): string => `[${Math.max(1, Math.round(window / 1000))}s]`

interface Mesh {
  /** Label of the namespace and of the object, and how the latter is called for us. */
  readonly namespace: string
  readonly object: string
  readonly as: string
  /** Only what arrives: what leaves is the other side's. */
  readonly inbound: string
}

const istio = (level: Level): Mesh => {
  const inbound = 'reporter="destination"'
  if (level === 'Pod') return { namespace: 'namespace', object: 'pod', as: 'pod', inbound }
  if (level === 'Service') return { namespace: 'destination_service_namespace', object: 'destination_service_name', as: 'service', inbound }
  return { namespace: 'destination_workload_namespace', object: 'destination_workload', as: 'workload', inbound }
}

const linkerd = (level: Level): readonly Mesh[] => {
  const inbound = 'direction="inbound"'
  if (level === 'Pod') return [{ namespace: 'namespace', object: 'pod', as: 'pod', inbound }]
  // Linkerd tells nothing about Services on the side that receives.
  return level === 'Service' ? [] : ['deployment', 'statefulset', 'daemonset'].map((object) => ({ namespace: 'namespace', object, as: object, inbound }))
}

/** Under our names of the labels. */
const renamed = (expression: string, { namespace, object, as }: Mesh): string => {
  const inner = object === as ? expression : `label_replace(${expression}, "${as}", "$1", "${object}", "(.*)")`
  return namespace === 'namespace' ? inner : `label_replace(${inner}, "namespace", "$1", "${namespace}", "(.*)")`
}

const by = ({ namespace, object }: Mesh, more = ''): string => `sum by (${namespace}, ${object}${more})`

const matching = ({ namespace, object, inbound }: Mesh, where: string, more = ''): string => `{${inbound}, ${namespace}="${where}", ${object}!=""${more}}`

function rateOfErrors(series: string, failed: string, mesh: Mesh, where: string, window: Millis): string {
  const all = `${by(mesh)} (rate(${series}${matching(mesh, where)}${range(window)}))`
  const bad = `${by(mesh)} (rate(${series}${matching(mesh, where, `, ${failed}`)}${range(window)}))`
  return renamed(`100 * (${bad} or 0 * ${all}) / ${all}`, mesh)
}

export const errorRate = (namespace: string, level: Level, window: Millis): string =>
  [
    rateOfErrors('istio_requests_total', 'response_code=~"5.."', istio(level), namespace, window),
    ...linkerd(level).map((mesh) => rateOfErrors('response_total', 'classification="failure"', mesh, namespace, window)),
  ].join(' or ')

function p99(series: string, mesh: Mesh, where: string, window: Millis): string {
  // Both meshes count in milliseconds.
  return renamed(`histogram_quantile(0.99, ${by(mesh, ', le')} (rate(${series}${matching(mesh, where)}${range(window)}))) / 1000`, mesh)
}

export const latency = (namespace: string, level: Level, window: Millis): string =>
  [
    p99('istio_request_duration_milliseconds_bucket', istio(level), namespace, window),
    ...linkerd(level).map((mesh) => p99('response_latency_ms_bucket', mesh, namespace, window)),
  ].join(' or ')

/** Of the periods of the scheduler in which a container ran, those in which it was held back. Without a limit there are none. */
export const throttling = (namespace: string, window: Millis): string => {
  const of = (series: string): string => `sum by (namespace, pod, container) (increase(${series}{namespace="${namespace}", container!=""}${range(window)}))`
  return `100 * ${of('container_cpu_cfs_throttled_periods_total')} / ${of('container_cpu_cfs_periods_total')}`
}
