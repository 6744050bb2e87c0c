/** What containers use, from the resource metrics API that metrics-server serves: one read for a whole namespace. */
import type { KubeApi, KubeObject } from '../../../shared/kube/api.ts'
import { POD_METRICS } from '../../../shared/kube/resources.ts'
import { parseDuration } from '../../../shared/lib/duration.ts'
import { isObject } from '../../../shared/lib/json.ts'
import { parseQuantity } from '../../../shared/lib/quantity.ts'
import { parseInstant } from '../../../shared/lib/time.ts'
import type { Series } from '../../healing/metrics.ts'
import type { MetricAnswer } from '../../ports/metric-source.ts'
import { API_TIMEOUT, whyNot } from './why-not.ts'

export async function askPodUsage(api: Pick<KubeApi, 'list'>, namespace: string): Promise<MetricAnswer> {
  try {
    const { items } = await api.list(POD_METRICS, { namespace, timeout: API_TIMEOUT })
    return { kind: 'Series', series: items.flatMap((item) => seriesOfPod(item, namespace)) }
  } catch (error) {
    return whyNot(error, { what: 'the resource metrics API', absent: 'metrics-server is not installed: the API metrics.k8s.io is not served' })
  }
}

const RESOURCES = ['cpu', 'memory'] as const

/** One for each container and resource, and the sum under no container's name. What has no time or no number is left out. */
function seriesOfPod(item: KubeObject, namespace: string): Series[] {
  const { timestamp, window, containers } = item as { timestamp?: unknown; window?: unknown; containers?: unknown }
  const at = typeof timestamp === 'string' ? parseInstant(timestamp) : undefined
  if (at === undefined || !Array.isArray(containers)) return []
  const pod = item.metadata.name
  const over = typeof window === 'string' ? parseDuration(window) : undefined
  return RESOURCES.flatMap((resource): Series[] => {
    const used = containers.filter(isObject).flatMap((container) => {
      const usage = container['usage']
      const value = isObject(usage) ? parseQuantity(usage[resource]) : undefined
      return value === undefined || typeof container['name'] !== 'string' ? [] : [{ container: container['name'], value }]
    })
    if (used.length === 0) return []
    const sum = { container: '', value: used.reduce((total, { value }) => total + value, 0) }
    return [...used, sum].map(({ container, value }) => ({ labels: { namespace, pod, container, resource }, points: [{ at, value, ...(over === undefined ? {} : { over }) }] }))
  })
}
