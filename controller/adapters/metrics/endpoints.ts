/** How many of a Service's endpoints are ready, in percent: one read of the EndpointSlices of a namespace. */
import type { KubeApi, KubeObject } from '../../../shared/kube/api.ts'
import { ENDPOINT_SLICES } from '../../../shared/kube/resources.ts'
import { isObject } from '../../../shared/lib/json.ts'
import type { Instant } from '../../../shared/lib/time.ts'
import type { MetricAnswer } from '../../ports/metric-source.ts'
import { API_TIMEOUT, whyNot } from './why-not.ts'

const SERVICE_LABEL = 'kubernetes.io/service-name'

export async function askEndpoints(api: Pick<KubeApi, 'list'>, namespace: string, now: Instant): Promise<MetricAnswer> {
  try {
    const { items } = await api.list(ENDPOINT_SLICES, { namespace, timeout: API_TIMEOUT })
    const services = new Map<string, Map<string, boolean>>()
    for (const slice of items) {
      const service = slice.metadata.labels?.[SERVICE_LABEL]
      if (service === undefined) continue
      const known = services.get(service) ?? new Map<string, boolean>()
      for (const [id, ready] of endpointsOf(slice)) known.set(id, ready || known.get(id) === true)
      services.set(service, known)
    }
    const series = [...services].flatMap(([service, endpoints]) => {
      // Nothing behind it is not zero percent of something.
      if (endpoints.size === 0) return []
      const ready = [...endpoints.values()].filter(Boolean).length
      return [{ labels: { namespace, service }, points: [{ at: now, value: (100 * ready) / endpoints.size }] }]
    })
    return { kind: 'Series', series }
  } catch (error) {
    return whyNot(error, { what: 'the EndpointSlices', absent: 'the API server serves no EndpointSlices' })
  }
}

/** A pod has an endpoint in the slice of each address family: it counts once. */
function endpointsOf(slice: KubeObject): [string, boolean][] {
  const { endpoints } = slice as { endpoints?: unknown }
  if (!Array.isArray(endpoints)) return []
  return endpoints.filter(isObject).flatMap(({ addresses, conditions, targetRef }): [string, boolean][] => {
    const address: unknown = Array.isArray(addresses) ? addresses[0] : undefined
    const uid = isObject(targetRef) && typeof targetRef['uid'] === 'string' ? targetRef['uid'] : undefined
    const id = uid ?? (typeof address === 'string' ? address : undefined)
    // Absent is unknown, and counts as ready for everybody else too.
    return id === undefined ? [] : [[id, !(isObject(conditions) && conditions['ready'] === false)]]
  })
}
