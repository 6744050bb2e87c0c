/** Reads that several commands have. */
import type { KubeApi, KubeObject, ListOptions, ObjectKey, Resource } from '../shared/kube/api.ts'
import { isApiError } from '../shared/kube/errors.ts'
import { isUnknownKind } from './command.ts'

/** undefined: there is none, or its kind is not known to the server. */
export async function find<T extends KubeObject>(api: Pick<KubeApi, 'get'>, resource: Resource, key: ObjectKey): Promise<T | undefined> {
  try {
    return await api.get<T>(resource, key)
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined
    throw error
  }
}

/** All of them, page by page; none when their kind is not known to the server. */
export async function listAll<T extends KubeObject>(api: Pick<KubeApi, 'list'>, resource: Resource, options: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'> = {}): Promise<readonly T[]> {
  const found: T[] = []
  let token: string | undefined
  try {
    do {
      const page = await api.list<T>(resource, { ...options, limit: 500, ...(token === undefined ? {} : { continue: token }) })
      found.push(...page.items)
      token = page.continue
    } while (token !== undefined)
  } catch (error) {
    if (isApiError(error, 'NotFound') && isUnknownKind(error)) return []
    throw error
  }
  return found
}
