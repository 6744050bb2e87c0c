/**
 * The custom and the external metrics APIs, which adapters of Datadog, New Relic, CloudWatch and others serve for
 * autoscaling: whatever they can scale by, a policy can heal by.
 */
import type { KubeApi, KubeObject, Resource } from '../../../shared/kube/api.ts'
import { isApiError } from '../../../shared/kube/errors.ts'
import { isPathSegment } from '../../../shared/kube/paths.ts'
import { isObject } from '../../../shared/lib/json.ts'
import { parseQuantity } from '../../../shared/lib/quantity.ts'
import { printable } from '../../../shared/lib/text.ts'
import { parseInstant, seconds } from '../../../shared/lib/time.ts'
import { CUSTOM_METRICS, EXTERNAL_METRICS } from '../../../shared/rules/triggers/built-in-metrics.ts'
import type { MetricQuestion, Series } from '../../healing/metrics.ts'
import type { MetricAnswer } from '../../ports/metric-source.ts'
import { API_TIMEOUT, whyNot } from './why-not.ts'

type Api = Pick<KubeApi, 'list'>

const resource = (group: string, version: string, plural: string): Resource => ({ group, version, kind: 'MetricValue', plural, namespaced: true })

/** The names of metrics are rights of their own, which nobody has by himself. */
const GRANT = 'name the metric in rbac.metricsApis of the chart, or apply config/rbac/optional/metrics-apis.yaml'

/** The API server reads an encoded slash as a slash: such a name would be a path to another namespace. A HorizontalPodAutoscaler may name none either. */
const elsewhere = (metric: string): MetricAnswer => ({ kind: 'NoData', why: `${printable(metric, 80)} can be no metric of these APIs: its name would be a part of a path, so it holds neither / nor %` })

/** Of every object of a resource: a star stands for their names. */
export async function askCustom(api: Api, { namespace, resource: of, metric }: Extract<MetricQuestion, { kind: 'customMetric' }>): Promise<MetricAnswer> {
  if (!isPathSegment(metric)) return elsewhere(metric)
  const plural = `${of}/*/${encodeURIComponent(metric)}`
  const wording = { what: CUSTOM_METRICS, absent: `${CUSTOM_METRICS} has no metric ${printable(metric, 80)} of ${of}, or no adapter serves it`, grant: GRANT }
  try {
    const items = await firstServed(['v1beta2', 'v1beta1'], (version) => api.list(resource(CUSTOM_METRICS, version, plural), { namespace, timeout: API_TIMEOUT }))
    return { kind: 'Series', series: items.flatMap((item) => described(item, namespace)) }
  } catch (error) {
    return whyNot(error, wording)
  }
}

export async function askExternal(api: Api, { namespace, metric, selector }: Extract<MetricQuestion, { kind: 'externalMetric' }>): Promise<MetricAnswer> {
  if (!isPathSegment(metric)) return elsewhere(metric)
  const wording = { what: EXTERNAL_METRICS, absent: `${EXTERNAL_METRICS} has no metric ${printable(metric, 80)}, or no adapter serves it`, grant: GRANT }
  try {
    const { items } = await api.list(resource(EXTERNAL_METRICS, 'v1beta1', encodeURIComponent(metric)), { namespace, timeout: API_TIMEOUT, ...(selector === '' ? {} : { labelSelector: selector }) })
    return { kind: 'Series', series: items.flatMap(labelled) }
  } catch (error) {
    return whyNot(error, wording)
  }
}

/** Old adapters serve the older version only. */
async function firstServed(versions: readonly string[], list: (version: string) => ReturnType<Api['list']>): Promise<readonly KubeObject[]> {
  const [version = '', ...others] = versions
  try {
    return (await list(version)).items
  } catch (error) {
    if (others.length === 0 || !isApiError(error, 'NotFound')) throw error
    return firstServed(others, list)
  }
}

/** The object that it is about becomes the labels that a series of a Prometheus would have. */
function described(item: KubeObject, namespace: string): Series[] {
  const { describedObject } = item as { describedObject?: unknown }
  if (!isObject(describedObject)) return []
  const { kind, name } = describedObject
  if (typeof kind !== 'string' || typeof name !== 'string') return []
  return sample({ namespace, [kind === 'Job' ? 'job_name' : kind.toLowerCase()]: name }, item)
}

function labelled(item: KubeObject): Series[] {
  const { metricLabels } = item as { metricLabels?: unknown }
  const labels = isObject(metricLabels) ? Object.entries(metricLabels).filter((entry): entry is [string, string] => typeof entry[1] === 'string') : []
  return sample(Object.fromEntries(labels), item)
}

/** Quantities; what cannot be read as one, or has no time, is left out. The older versions call the seconds that it was measured over `window`. */
function sample(labels: Series['labels'], item: KubeObject): Series[] {
  const { timestamp, value, windowSeconds, window = windowSeconds } = item as { timestamp?: unknown; value?: unknown; windowSeconds?: unknown; window?: unknown }
  const at = typeof timestamp === 'string' ? parseInstant(timestamp) : undefined
  const number = parseQuantity(value)
  return at === undefined || number === undefined ? [] : [{ labels, points: [{ at, value: number, ...(typeof window === 'number' && window > 0 ? { over: seconds(window) } : {}) }] }]
}
