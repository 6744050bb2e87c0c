/** Finding a kind among the resources that the API server tells of. */
import type { CallOptions, DiscoveredResource, KubeReader } from './api.ts'
import { isApiError } from './errors.ts'

/** As definitions must call them. */
const VERSION = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const GROUP = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/

/** undefined: the API server has no such kind. @throws ApiError when it does not answer */
export async function findKind(api: Pick<KubeReader, 'discover'>, { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }, options?: CallOptions): Promise<DiscoveredResource | undefined> {
  const slash = apiVersion.indexOf('/')
  const group = slash === -1 ? '' : apiVersion.slice(0, slash)
  const version = apiVersion.slice(slash + 1)
  // What is written into an ownerReference may be anything: it is asked for only where it is the name of one.
  if (!VERSION.test(version) || (slash !== -1 && !GROUP.test(group))) return undefined
  try {
    const found = await api.discover(group, version, options)
    return found.find((resource) => resource.kind === kind)
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined
    throw error
  }
}
