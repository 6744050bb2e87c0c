/** The real API server behind `KubeApi`: what is sent is decided in `paths.ts`, what came back in `classify.ts`. */
import { seconds } from '../lib/time.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Timers } from '../runtime/timers.ts'
import {
  type CallOptions,
  type DeleteOptions,
  type DiscoveredResource,
  type GetOptions,
  type KubeApi,
  type KubeManifest,
  type KubeObject,
  type KubePods,
  type KubeVersion,
  type ListOptions,
  type LogOptions,
  type ObjectKey,
  type ObjectList,
  type Patch,
  type Resource,
  type WatchEvent,
  type WatchOptions,
  type WriteOptions,
} from './api.ts'
import { toApiError } from './classify.ts'
import { loadAccess, type AccessConfig, type ClusterAccess, type Credentials } from './credentials.ts'
import { ApiError, isApiError } from './errors.ts'
import { HttpClient, type HttpRequest } from './http.ts'
import {
  collectionPath,
  CONTENT_TYPES,
  createPath,
  deleteBody,
  describeRequest,
  groupPath,
  identityHeaders,
  listQuery,
  logQuery,
  objectPath,
  query,
  RESOURCE_VERSION,
  refused,
  versionsPath,
  watchQuery,
  writeQuery,
} from './paths.ts'
import { apiVersionOf, PODS } from './resources.ts'
import { serverVersionOf, type ServerVersion, type VersionAnswer } from './server-version.ts'
import { decodeWatchLine, LineSplitter } from './watch-lines.ts'

export interface ConnectConfig extends AccessConfig {
  /** First part is the default field manager; the audit log holds all of it. */
  readonly userAgent: string
  readonly timers: Timers
  readonly log: Logger
  /** Connections for calls, default 32: enough for every worker, few enough for a small API server. */
  readonly connections?: number
  /** In place of the kubeconfig: for tests and for other ways to a cluster. */
  readonly access?: ClusterAccess
}

export type KubeConnection = KubeApi & KubeVersion & KubePods & KubeCredentials & { close(): Promise<void> }

export interface KubeCredentials {
  /** Who we are, for the servers that the API server vouches for: kubelets. Read again each minute. */
  credentials(): Promise<Credentials>
}

interface OpenApi {
  readonly components?: { readonly schemas?: Readonly<Record<string, { readonly 'x-kubernetes-group-version-kind'?: readonly { readonly group?: string; readonly version?: string; readonly kind?: string }[] }>> }
}

/** A page of 500 large pods is 8 MiB; above this something else is answering. */
const MAX_ANSWER = 64 * 1024 * 1024
const CALL_TIMEOUT = seconds(10)
/** Lists of large collections, and watches of a server that is starting, take longer than a call. */
const LIST_TIMEOUT = seconds(30)

const JSON_TYPE = 'application/json'
const asMetadata = (kind: string): string => `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json`

/** One pool of connections per cluster. Nothing is dialled before the first call. @throws ConfigError */
export function connect(config: ConnectConfig): KubeConnection {
  return new Transport(config)
}

class Transport implements KubeConnection {
  readonly #http: HttpClient
  readonly #timers: Timers
  readonly #userAgent: string

  constructor(config: ConnectConfig) {
    this.#timers = config.timers
    this.#userAgent = config.userAgent
    this.#http = new HttpClient({
      access: config.access ?? loadAccess(config),
      timers: config.timers,
      log: config.log,
      connections: config.connections ?? 32,
      maxAnswer: MAX_ANSWER,
    })
  }

  close(): Promise<void> {
    return this.#http.close()
  }

  credentials(): Promise<Credentials> {
    return this.#http.credentials()
  }

  serverTime() {
    return this.#http.clock.at(this.#timers.monotonic())
  }

  async serverVersion(): Promise<ServerVersion> {
    return serverVersionOf(await this.#call<VersionAnswer>({ method: 'GET', path: '/version', request: 'GET version' }, {}))
  }

  async versionsOf(group: string): Promise<readonly string[]> {
    const request = `GET versions ${group}`
    try {
      const { versions = [] } = await this.#call<{ readonly versions?: readonly (string | { readonly version: string })[] }>({ method: 'GET', path: versionsPath(group, request), request }, {})
      return versions.map((each) => (typeof each === 'string' ? each : each.version))
    } catch (error) {
      if (isApiError(error, 'NotFound')) return []
      throw error
    }
  }

  async schemasOf(group: string, version: string): Promise<ReadonlyMap<string, unknown>> {
    const request = `GET schemas ${group}/${version}`
    try {
      const { components = {} } = await this.#call<OpenApi>({ method: 'GET', path: `/openapi/v3${groupPath(group, version, request)}`, request }, {})
      const own = Object.values(components.schemas ?? {}).flatMap((schema) => (schema['x-kubernetes-group-version-kind'] ?? []).map((each) => ({ ...each, schema })))
      return new Map(own.flatMap(({ group: g, version: v, kind, schema }) => (g === group && v === version && kind !== undefined ? [[kind, schema] as const] : [])))
    } catch (error) {
      if (isApiError(error, 'NotFound')) return new Map()
      throw error
    }
  }

  async discover(group: string, version: string, options: CallOptions = {}): Promise<readonly DiscoveredResource[]> {
    const request = `GET resources ${group}/${version}`
    const found = await this.#call<{ readonly resources?: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[] }>({ method: 'GET', path: groupPath(group, version, request), request }, options)
    const names = new Set((found.resources ?? []).map(({ name }) => name))
    return (found.resources ?? [])
      .filter(({ name }) => !name.includes('/'))
      .map(({ name, kind, namespaced }) => ({ group, version, kind, plural: name, namespaced, scalable: names.has(`${name}/scale`) }))
  }

  async get<T extends KubeObject>(resource: Resource, key: ObjectKey, options: GetOptions = {}): Promise<T> {
    const request = describeRequest('GET', resource, key, options.subresource)
    if (options.notOlderThan !== undefined && !RESOURCE_VERSION.test(options.notOlderThan)) throw refused(request, 'no resourceVersion')
    const path = objectPath(resource, key, options.subresource, request) + query({ resourceVersion: options.notOlderThan })
    return this.#call<T>({ method: 'GET', path, request }, options)
  }

  async list<T extends KubeObject>(resource: Resource, options: ListOptions = {}): Promise<ObjectList<T>> {
    const request = describeRequest('LIST', resource, { namespace: options.namespace })
    const path = collectionPath(resource, options.namespace, request) + listQuery(options)
    const accept = options.metadataOnly === true ? asMetadata('PartialObjectMetadataList') : JSON_TYPE
    const body = await this.#call<RawList>({ method: 'GET', path, request, accept }, { timeout: LIST_TIMEOUT, ...options })
    // Items of built-in kinds come without apiVersion and kind.
    const items = (body.items ?? []).map((item) => ({ apiVersion: apiVersionOf(resource), kind: resource.kind, ...item }) as T)
    const token = body.metadata?.continue
    return { items, resourceVersion: body.metadata?.resourceVersion ?? '', ...(token ? { continue: token } : {}) }
  }

  async log(resource: Resource, key: ObjectKey, options: LogOptions): Promise<string> {
    const request = describeRequest('GET', resource, key, 'log')
    const path = objectPath(resource, key, 'log', request) + logQuery(options)
    const { body } = await this.#answer({ method: 'GET', path, request, accept: '*/*', lastBytes: options.lastBytes }, options)
    return body
  }

  async podAnswer({ namespace, name }: Required<ObjectKey>, port: number, path: string, options: CallOptions = {}): Promise<string> {
    const request = describeRequest('GET', PODS, { namespace, name }, 'proxy')
    const { code, body, retryAfter } = await this.#sent({ method: 'GET', path: `${objectPath(PODS, { namespace, name: `${name}:${port}` }, 'proxy', request)}/${path}`, request, accept: '*/*' }, options)
    // The pod's own refusals are what was asked for; the API server's are objects.
    if (code >= 300 && body.startsWith('{')) throw toApiError({ code, retryAfter, body, request })
    return body
  }

  async *watch<T extends KubeObject>(resource: Resource, options: WatchOptions): AsyncIterable<WatchEvent<T>> {
    const request = describeRequest('WATCH', resource, { namespace: options.namespace })
    // Never 0: the server would first send everything it has, in no order, as if it were new.
    if (!RESOURCE_VERSION.test(options.resourceVersion)) throw refused(request, 'a watch needs a resourceVersion')
    const stream = await this.#http.stream({
      method: 'GET',
      path: collectionPath(resource, options.namespace, request) + watchQuery(options),
      headers: {
        accept: options.metadataOnly === true ? asMetadata('PartialObjectMetadata') : JSON_TYPE,
        ...identityHeaders(options, this.#userAgent, request),
      },
      request,
      signal: options.signal,
      timeout: options.timeout ?? LIST_TIMEOUT,
    })
    if (stream.code !== 200) {
      const chunks: Uint8Array[] = []
      for await (const chunk of stream.chunks) chunks.push(chunk)
      throw toApiError({ code: stream.code, retryAfter: stream.retryAfter, body: Buffer.concat(chunks).toString('utf8'), request })
    }
    const splitter = new LineSplitter(request)
    for await (const chunk of stream.chunks) {
      for (const line of splitter.push(chunk)) yield decodeWatchLine<T>(line, request)
    }
    splitter.end()
  }

  async create<T extends KubeObject>(resource: Resource, manifest: KubeManifest, options: WriteOptions = {}): Promise<T> {
    const { name, namespace } = manifest.metadata
    const request = describeRequest('POST', resource, { namespace, name }, options.subresource)
    const path =
      options.subresource === undefined
        ? createPath(resource, namespace, request)
        : objectPath(resource, { namespace, name }, options.subresource, request)
    return this.#write<T>('POST', path, manifest, request, options)
  }

  async post<T>(
    resource: Resource,
    key: ObjectKey,
    subresource: string,
    body: unknown,
    options: Omit<WriteOptions, 'subresource'> = {},
  ): Promise<T> {
    const request = describeRequest('POST', resource, key, subresource)
    // Reviews have neither name nor subresource: they are posted to the collection.
    const path = subresource === '' ? createPath(resource, key.namespace, request) : objectPath(resource, key, subresource, request)
    return this.#write<T>('POST', path, body, request, options)
  }

  async replace<T extends KubeObject>(resource: Resource, manifest: KubeManifest, options: WriteOptions = {}): Promise<T> {
    const { name, namespace, resourceVersion } = manifest.metadata
    const request = describeRequest('PUT', resource, { namespace, name }, options.subresource)
    if (resourceVersion === undefined || !RESOURCE_VERSION.test(resourceVersion)) throw refused(request, 'no resourceVersion')
    const path = objectPath(resource, { namespace, name }, options.subresource, request)
    return this.#write<T>('PUT', path, manifest, request, options)
  }

  async patch<T extends KubeObject>(resource: Resource, key: ObjectKey, patch: Patch, options: WriteOptions = {}): Promise<T> {
    const request = describeRequest('PATCH', resource, key, options.subresource)
    const path = objectPath(resource, key, options.subresource, request)
    const parameters = { ...writeQuery(options, request), force: patch.type === 'apply' ? patch.force : undefined }
    const sent = { method: 'PATCH', path: path + query(parameters), request, contentType: CONTENT_TYPES[patch.type] } as const
    return this.#call<T>({ ...sent, body: JSON.stringify(patch.body), jsonPatch: patch.type === 'json' }, options)
  }

  async delete(resource: Resource, key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    const request = describeRequest('DELETE', resource, key, options.subresource)
    const path = objectPath(resource, key, options.subresource, request)
    const body = deleteBody(options, request)
    await this.#call({ method: 'DELETE', path, request, contentType: JSON_TYPE, body: JSON.stringify(body) }, options)
  }

  #write<T>(method: 'POST' | 'PUT', path: string, body: unknown, request: string, options: WriteOptions): Promise<T> {
    const address = path + query(writeQuery(options, request))
    return this.#call<T>({ method, path: address, request, contentType: JSON_TYPE, body: JSON.stringify(body) }, options)
  }

  async #call<T>(call: Call, options: Pick<WriteOptions, keyof CallOptions | 'onWarning'>): Promise<T> {
    const { code, body } = await this.#answer(call, options)
    try {
      return JSON.parse(body) as T
    } catch (error) {
      throw new ApiError({ kind: 'Network', code, request: call.request }, { cause: error })
    }
  }

  async #answer(call: Call, options: Pick<WriteOptions, keyof CallOptions | 'onWarning'>): Promise<{ readonly code: number; readonly body: string }> {
    const answer = await this.#sent(call, options)
    if (answer.code >= 300) {
      throw toApiError({ code: answer.code, retryAfter: answer.retryAfter, body: answer.body, request: call.request, jsonPatch: call.jsonPatch === true })
    }
    return answer
  }

  async #sent(call: Call, options: Pick<WriteOptions, keyof CallOptions | 'onWarning'>): Promise<Awaited<ReturnType<HttpClient['call']>>> {
    const { request } = call
    const answer = await this.#http.call({
      method: call.method,
      path: call.path,
      headers: {
        accept: call.accept ?? JSON_TYPE,
        ...(call.contentType === undefined ? {} : { 'content-type': call.contentType }),
        ...identityHeaders(options, this.#userAgent, request),
      },
      request,
      signal: options.signal,
      timeout: options.timeout ?? CALL_TIMEOUT,
      fence: options.fence,
      lastBytes: call.lastBytes,
      ...(call.body === undefined ? {} : { body: call.body }),
    })
    for (const warning of answer.warnings) options.onWarning?.(warning)
    return answer
  }
}

interface Call {
  readonly method: HttpRequest['method']
  readonly path: string
  readonly request: string
  readonly accept?: string
  readonly contentType?: string
  readonly body?: string
  readonly lastBytes?: number | undefined
  readonly jsonPatch?: boolean
}

interface RawList {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string }
  readonly items?: readonly Partial<KubeObject>[]
}

