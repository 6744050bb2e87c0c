/** What a check finds, and what it looks at. */
import type { KubeApi, KubeObject, KubeVersion, ListOptions, ObjectKey, Resource } from '../../shared/kube/api.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import type { Instant } from '../../shared/lib/time.ts'
import { isUnknownKind } from '../command.ts'

export type Result = 'ok' | 'warn' | 'fail'

export interface Finding {
  /** What was looked at, one word. */
  readonly check: string
  readonly result: Result
  readonly what: string
  /** What to do about it. */
  readonly fix?: string
}

export interface CheckContext {
  readonly api: KubeApi & KubeVersion
  /** Where the door is tried, by dry runs. */
  readonly namespace: string
  readonly now: Instant
}

/** One thing to look at. What the person may not read is a warning, made by whoever runs it. */
export interface Check {
  readonly name: string
  readonly run: (context: CheckContext) => Promise<readonly Omit<Finding, 'check'>[]>
}

export const ok = (what: string): Omit<Finding, 'check'> => ({ result: 'ok', what })
export const warn = (what: string, fix?: string): Omit<Finding, 'check'> => ({ result: 'warn', what, ...(fix === undefined ? {} : { fix }) })
export const fail = (what: string, fix?: string): Omit<Finding, 'check'> => ({ result: 'fail', what, ...(fix === undefined ? {} : { fix }) })

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
