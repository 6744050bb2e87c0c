/** Finding a kind among the resources that the API server tells of. */
import type { CallOptions, DiscoveredResource, KubeReader } from './api.ts'
import { isApiError } from './errors.ts'

/** undefined: the API server has no such kind. @throws ApiError when it does not answer */
export async function findKind(api: Pick<KubeReader, 'discover'>, { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }, options?: CallOptions): Promise<DiscoveredResource | undefined> {
  const slash = apiVersion.indexOf('/')
  try {
    const found = await api.discover(slash === -1 ? '' : apiVersion.slice(0, slash), apiVersion.slice(slash + 1), options)
    return found.find((resource) => resource.kind === kind)
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined
    throw error
  }
}
