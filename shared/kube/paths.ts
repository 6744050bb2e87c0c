/** How requests are addressed: pure, so that every rule has a table test. */
import type { DeleteOptions, ListOptions, LogOptions, ObjectKey, Patch, Resource, WatchOptions, WriteOptions } from './api.ts'
import { ApiError } from './errors.ts'

/** The form an impersonated identity must have; nothing else is ever sent (SAFETY, Identity). */
export const SERVICE_ACCOUNT_USER = /^system:serviceaccount:[a-z0-9-]+:[a-z0-9-]+$/

/** A value that the server keeps as a resourceVersion. `""` and `"0"` mean "no precondition" to it, `"abc"` is a 500. */
export const RESOURCE_VERSION = /^[1-9][0-9]*$/

export const CONTENT_TYPES: Readonly<Record<Patch['type'], string>> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
}

/** `GET pods shop/cart-1`, `POST pods/eviction shop/cart-1`: for errors and logs. */
export function describeRequest(method: string, resource: Resource, key?: Partial<ObjectKey>, subresource?: string): string {
  const what = `${resource.plural}${subresource === undefined || subresource === '' ? '' : `/${subresource}`}`
  const object = [key?.namespace, key?.name].filter((part) => part !== undefined && part !== '').join('/')
  return object === '' ? `${method} ${what}` : `${method} ${what} ${object}`
}

/** A request that is refused before it is sent. */
export const refused = (request: string, cause: string): ApiError =>
  new ApiError({ kind: 'BadRequest', code: 0, request }, { cause: new Error(cause) })

/**
 * One path segment. Empty is refused above all: `DELETE pods/` with an empty name is a deletecollection (I8: empty is
 * never all). The others are what the server refuses as segments too, and what a proxy might resolve.
 */
export const isPathSegment = (value: string): boolean => value !== '' && value !== '.' && value !== '..' && !/[/%]/.test(value)

function segment(value: string, what: string, request: string): string {
  if (!isPathSegment(value)) throw refused(request, `${what} is no path segment`)
  return encodeURIComponent(value)
}

const base = (resource: Resource): string =>
  resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`

/** Where a version of a group tells its resources. */
export const groupPath = (group: string, version: string, request: string): string =>
  group === '' ? `/api/${segment(version, 'version', request)}` : `/apis/${segment(group, 'group', request)}/${segment(version, 'version', request)}`

/** Where the server tells which versions a group has; the core group has v1 alone. */
export const versionsPath = (group: string, request: string): string => (group === '' ? '/api' : `/apis/${segment(group, 'group', request)}`)

/** Path of a collection; `namespace` undefined is all namespaces. */
export function collectionPath(resource: Resource, namespace: string | undefined, request: string): string {
  if (namespace === undefined) return `${base(resource)}/${resource.plural}`
  if (!resource.namespaced) throw refused(request, 'a namespace for a cluster-scoped resource')
  return `${base(resource)}/namespaces/${segment(namespace, 'namespace', request)}/${resource.plural}`
}

/** Path of one object, or of its subresource. */
export function objectPath(resource: Resource, key: ObjectKey, subresource: string | undefined, request: string): string {
  if (resource.namespaced && key.namespace === undefined) throw refused(request, 'no namespace for a namespaced resource')
  const path = `${collectionPath(resource, key.namespace, request)}/${segment(key.name, 'name', request)}`
  return subresource === undefined ? path : `${path}/${segment(subresource, 'subresource', request)}`
}

/** Path of a create: objects have a namespace when their resource has. */
export function createPath(resource: Resource, namespace: string | undefined, request: string): string {
  if (resource.namespaced && namespace === undefined) throw refused(request, 'no namespace for a namespaced resource')
  return collectionPath(resource, resource.namespaced ? namespace : undefined, request)
}

/** `?a=b`; undefined members are left out, no member is the empty string. */
export function query(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) search.set(name, String(value))
  const text = search.toString()
  return text === '' ? '' : `?${text}`
}

export const writeQuery = (options: WriteOptions, request: string): Record<string, string | undefined> => {
  const { fieldManager } = options
  if (fieldManager !== undefined && (!/^[\x20-\x7e]+$/.test(fieldManager) || fieldManager.length > 128)) {
    throw refused(request, 'fieldManager must be 1..128 printable characters')
  }
  return { dryRun: options.dryRun === true ? 'All' : undefined, fieldManager }
}

/**
 * The body of a DELETE, with everything in it: a server that finds a body does not read the query, and a dry run asked
 * for there deletes for real. @throws ApiError for a grace period of 0: nothing here force-deletes
 */
export function deleteBody(options: DeleteOptions, request: string): Readonly<Record<string, unknown>> {
  const { preconditions, gracePeriodSeconds, propagationPolicy } = options
  if (gracePeriodSeconds !== undefined && !(gracePeriodSeconds >= 1)) throw refused(request, 'force delete')
  if (preconditions !== undefined && (preconditions.uid === '' || !RESOURCE_VERSION.test(preconditions.resourceVersion))) {
    throw refused(request, 'empty preconditions')
  }
  const dryRun = options.dryRun === true ? ['All'] : undefined
  return { apiVersion: 'v1', kind: 'DeleteOptions', dryRun, preconditions, gracePeriodSeconds, propagationPolicy }
}

export const listQuery = (options: ListOptions): string =>
  query({
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    limit: options.limit,
    continue: options.continue,
    resourceVersion: options.exactVersion,
    resourceVersionMatch: options.exactVersion === undefined ? undefined : 'Exact',
  })

export const watchQuery = (options: WatchOptions): string =>
  query({
    watch: true,
    allowWatchBookmarks: true,
    resourceVersion: options.resourceVersion,
    timeoutSeconds: options.timeoutSeconds,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
  })

export const logQuery = ({ container, previous, tailLines, limitBytes }: LogOptions): string =>
  query({ container, previous: previous === true ? true : undefined, tailLines, limitBytes })

/** Headers of identity: who asks, and as whom. */
export function identityHeaders(
  options: { readonly impersonate?: string; readonly userAgent?: string },
  userAgent: string,
  request: string,
): Record<string, string> {
  const agent = options.userAgent ?? userAgent
  if (!/^[\x20-\x7e]{1,1024}$/.test(agent)) throw refused(request, 'userAgent must be printable ASCII')
  if (options.impersonate === undefined) return { 'user-agent': agent }
  if (!SERVICE_ACCOUNT_USER.test(options.impersonate)) throw refused(request, 'only service accounts may be impersonated')
  return { 'user-agent': agent, 'impersonate-user': options.impersonate }
}
