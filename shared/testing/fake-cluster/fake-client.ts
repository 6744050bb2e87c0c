/** One client of the fake cluster: the checks of the real transport, then faults, rights, the server's work, the journal. */
import { GROUP, VERSION } from '../../api/v1alpha1/fields.ts'
import { isObject } from '../../lib/json.ts'
import { millis, seconds, type Instant, type Millis } from '../../lib/time.ts'
import type {
  CallOptions,
  DeleteOptions,
  DiscoveredResource,
  GetOptions,
  KubeApi,
  KubeManifest,
  KubeObject,
  KubeVersion,
  ListOptions,
  LogOptions,
  ObjectKey,
  ObjectList,
  Patch,
  Resource,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '../../kube/api.ts'
import { ApiError } from '../../kube/errors.ts'
import type { Credentials } from '../../kube/credentials.ts'
import { collectionPath, createPath, deleteBody, describeRequest, identityHeaders, objectPath, RESOURCE_VERSION, refused, writeQuery } from '../../kube/paths.ts'
import { ServerClock } from '../../kube/server-clock.ts'
import { serverVersionOf, type ServerVersion } from '../../kube/server-version.ts'
import type { KubeCredentials } from '../../kube/transport.ts'
import { sleep } from '../../runtime/timers.ts'
import { Refused, toError, type Refusal } from './answers.ts'
import { isWrite, type Call, type Verb } from './calls.ts'
import type { FakeServer } from './fake-server.ts'

const CALL_TIMEOUT = seconds(10)

interface Work<T> {
  readonly verb: Verb
  readonly resource: Resource
  readonly key?: Partial<ObjectKey>
  readonly subresource?: string | undefined
  readonly body?: unknown
  readonly jsonPatch?: boolean
  readonly request: string
  readonly options: CallOptions & { readonly dryRun?: boolean; readonly fieldManager?: string }
  readonly run: () => T
}

export class FakeClient implements KubeApi, KubeVersion, KubeCredentials {
  readonly user: string
  readonly #server: FakeServer
  readonly #userAgent: string
  readonly #clock = new ServerClock()

  constructor(server: FakeServer, user: string, userAgent: string) {
    this.#server = server
    this.user = user
    this.#userAgent = userAgent
  }

  serverTime() {
    return this.#clock.at(this.#server.timers.monotonic())
  }

  async credentials(): Promise<Credentials> {
    await Promise.resolve()
    return { tls: { rejectUnauthorized: true }, authorization: `Bearer ${this.user}` }
  }

  /** Nobody runs in its pods. */
  async podAnswer({ namespace, name }: Required<ObjectKey>): Promise<string> {
    await Promise.resolve()
    throw new ApiError({ kind: 'Server', code: 503, request: `GET pods/proxy ${namespace}/${name}` })
  }

  async serverVersion(): Promise<ServerVersion> {
    await Promise.resolve()
    return serverVersionOf({ gitVersion: this.#server.version })
  }

  async versionsOf(group: string): Promise<readonly string[]> {
    await Promise.resolve()
    return this.#server.definitions.versionsOf(group)
  }

  async schemasOf(group: string, version: string): Promise<ReadonlyMap<string, unknown>> {
    await Promise.resolve()
    return group === GROUP && version === VERSION ? this.#server.definitions.schemas() : new Map()
  }

  async discover(group: string, version: string): Promise<readonly DiscoveredResource[]> {
    await Promise.resolve()
    try {
      return this.#server.definitions.discover(group, version)
    } catch (error) {
      throw error instanceof Refused ? toError(error.refusal, `GET resources ${group}/${version}`) : error
    }
  }

  async get<T extends KubeObject>(resource: Resource, key: ObjectKey, options: GetOptions = {}): Promise<T> {
    const { subresource, notOlderThan } = options
    const request = describeRequest('GET', resource, key, subresource)
    if (notOlderThan !== undefined && !RESOURCE_VERSION.test(notOlderThan)) throw refused(request, 'no resourceVersion')
    objectPath(resource, key, subresource, request)
    const run = () => this.#server.get(resource, key, subresource, notOlderThan)
    return (await this.#call({ verb: 'get', resource, key, subresource, request, options, run })) as KubeObject as T
  }

  async list<T extends KubeObject>(resource: Resource, options: ListOptions = {}): Promise<ObjectList<T>> {
    const { namespace } = options
    const request = describeRequest('LIST', resource, { namespace })
    collectionPath(resource, namespace, request)
    const run = () => this.#server.list(resource, options)
    return (await this.#call({ verb: 'list', resource, key: { namespace }, request, options, run })) as ObjectList<T>
  }

  async log(resource: Resource, key: ObjectKey, options: LogOptions): Promise<string> {
    const request = describeRequest('GET', resource, key, 'log')
    objectPath(resource, key, 'log', request)
    return this.#call({ verb: 'get', resource, key, subresource: 'log', request, options, run: () => this.#server.log(resource, key, options) })
  }

  async *watch<T extends KubeObject>(resource: Resource, options: WatchOptions): AsyncIterable<WatchEvent<T>> {
    const { namespace } = options
    const request = describeRequest('WATCH', resource, { namespace })
    if (!RESOURCE_VERSION.test(options.resourceVersion)) throw refused(request, 'a watch needs a resourceVersion')
    collectionPath(resource, namespace, request)
    const run = () => {
      this.#server.definitions.demand(resource)
      return this.#server.watches.watch<T>(this.user, resource, options, request)
    }
    const stream = await this.#call({ verb: 'watch', resource, key: { namespace }, request, options, run })
    try {
      yield* stream
    } catch (error) {
      throw error instanceof Refused ? toError(error.refusal, request) : error
    }
  }

  async create<T extends KubeObject>(resource: Resource, manifest: KubeManifest, options: WriteOptions = {}): Promise<T> {
    const { name, namespace } = manifest.metadata
    const key = { namespace, name }
    const { subresource } = options
    const request = describeRequest('POST', resource, key, subresource)
    if (subresource !== undefined) return this.post<T>(resource, key, subresource, manifest, options)
    createPath(resource, namespace, request)
    const run = () => this.#server.create(resource, manifest, options)
    return (await this.#call({ verb: 'create', resource, key, request, options, body: manifest, run })) as KubeObject as T
  }

  async post<T>(resource: Resource, key: ObjectKey, subresource: string, body: unknown, options: Omit<WriteOptions, 'subresource'> = {}): Promise<T> {
    const request = describeRequest('POST', resource, key, subresource)
    if (subresource === '') createPath(resource, key.namespace, request)
    else objectPath(resource, key, subresource, request)
    const call = this.#describe({ verb: 'create', resource, key, subresource, request, options })
    const run = () => this.#server.post(call, key, subresource, body)
    return (await this.#call({ verb: 'create', resource, key, subresource, request, options, body, run })) as T
  }

  async replace<T extends KubeObject>(resource: Resource, manifest: KubeManifest, options: WriteOptions = {}): Promise<T> {
    const { name, namespace, resourceVersion } = manifest.metadata
    const key = { namespace, name }
    const { subresource } = options
    const request = describeRequest('PUT', resource, key, subresource)
    if (resourceVersion === undefined || !RESOURCE_VERSION.test(resourceVersion)) throw refused(request, 'no resourceVersion')
    objectPath(resource, key, subresource, request)
    const run = () => this.#server.replace(resource, manifest, options)
    return (await this.#call({ verb: 'update', resource, key, subresource, request, options, body: manifest, run })) as KubeObject as T
  }

  async patch<T extends KubeObject>(resource: Resource, key: ObjectKey, patch: Patch, options: WriteOptions = {}): Promise<T> {
    const { subresource } = options
    const request = describeRequest('PATCH', resource, key, subresource)
    objectPath(resource, key, subresource, request)
    const run = () => this.#server.patch(resource, key, patch, options)
    const jsonPatch = patch.type === 'json'
    return (await this.#call({ verb: 'patch', resource, key, subresource, request, options, body: patch, jsonPatch, run })) as KubeObject as T
  }

  async delete(resource: Resource, key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    const { subresource } = options
    const request = describeRequest('DELETE', resource, key, subresource)
    objectPath(resource, key, subresource, request)
    const body = deleteBody(options, request)
    await this.#call({ verb: 'delete', resource, key, subresource, request, options, body, run: () => this.#server.delete(resource, key, options) })
  }

  #describe<T>({ verb, resource, key, subresource, options }: Omit<Work<T>, 'run'>): Call {
    return {
      verb,
      resource,
      user: this.user,
      userAgent: options.userAgent ?? this.#userAgent,
      dryRun: options.dryRun === true,
      ...(subresource === undefined || subresource === '' ? {} : { subresource }),
      ...(key?.namespace === undefined ? {} : { namespace: key.namespace }),
      ...(key?.name === undefined || key.name === '' ? {} : { name: key.name }),
      ...(options.impersonate === undefined ? {} : { impersonate: options.impersonate }),
      ...(options.fieldManager === undefined ? {} : { fieldManager: options.fieldManager }),
    }
  }

  async #call<T>(work: Work<T>): Promise<T> {
    const { request, options } = work
    identityHeaders(options, this.#userAgent, request)
    writeQuery(options, request)
    const server = this.#server
    const call = this.#describe(work)
    options.fence?.()
    const sent = server.timers.monotonic()
    const sentAt = server.clock.now()
    await this.#pause(server.latency(call), work)
    const fault = server.faults.next(call)
    if (fault?.when === 'before') {
      const error = await this.#failure(fault.answer, work)
      server.journal.begin()
      if (isWrite(call)) this.#record(work, call, { outcome: error.kind, answered: error.kind, changed: false, sent: sentAt })
      throw error
    }
    server.journal.begin()
    const uid = server.uidOf(call)
    const version = server.state.version
    const done = this.#attempt(work, call)
    const changed = server.state.version !== version
    const outcome = 'error' in done ? done.error.kind : 'ok'
    const known = uid ?? createdUid(done)
    const facts = { outcome, changed, sent: sentAt, ...(known === undefined ? {} : { uid: known }) } as const
    if (fault !== undefined) {
      const entry = this.#record(work, call, { ...facts, answered: typeof fault.answer === 'string' ? (fault.answer === 'hang' ? 'Timeout' : 'Network') : 'Server' })
      const error = await this.#failure(fault.answer, work)
      entry.answered = error.kind
      throw error
    }
    this.#record(work, call, { ...facts, answered: outcome })
    await this.#pause(server.latency(call), work)
    const received = server.timers.monotonic()
    this.#clock.observe(new Date(server.clock.now()).toUTCString(), received, millis(received - sent))
    if ('error' in done) throw done.error
    return done.value
  }

  #attempt<T>({ run, request, jsonPatch }: Work<T>, call: Call): { readonly value: T } | { readonly error: ApiError } {
    try {
      this.#server.authorize(call)
      const value = run()
      return { value }
    } catch (error) {
      if (error instanceof Refused) return { error: toError(error.refusal, request, jsonPatch === true) }
      throw error
    }
  }

  #record<T>(work: Work<T>, call: Call, facts: Facts): { answered: Facts['answered'] } {
    return this.#server.journal.record({ at: this.#server.clock.now(), call, ...(work.body === undefined ? {} : { body: work.body }), ...facts })
  }

  async #failure(answer: Refusal | 'reset' | 'hang', work: Work<unknown>): Promise<ApiError> {
    const { request } = work
    if (answer === 'reset') return new ApiError({ kind: 'Network', code: 0, request })
    if (answer !== 'hang') return toError(answer, request, work.jsonPatch === true)
    try {
      await this.#pause(millis(Number.POSITIVE_INFINITY), work)
    } catch (error) {
      if (error instanceof ApiError) return error
    }
    return new ApiError({ kind: 'Timeout', code: 0, request })
  }

  /** Time on the wire. @throws ApiError at the caller's deadline or signal */
  async #pause(delay: Millis, { request, options }: Work<unknown>): Promise<void> {
    const { signal, timeout = CALL_TIMEOUT } = options
    if (delay > 0 && signal?.aborted !== true) await sleep(this.#server.timers, millis(Math.min(delay, timeout)), signal)
    // Without a delay still not at once: other work gets its turn, as with a real server.
    else await Promise.resolve()
    if (signal?.aborted === true) throw new ApiError({ kind: 'Aborted', code: 0, request })
    if (delay >= timeout) throw new ApiError({ kind: 'Timeout', code: 0, request })
  }
}

interface Facts {
  readonly outcome: 'ok' | ApiError['kind']
  readonly answered: 'ok' | ApiError['kind']
  readonly changed: boolean
  readonly sent: Instant
  readonly uid?: string
}

function createdUid(done: object): string | undefined {
  const value = 'value' in done ? done.value : undefined
  const metadata = isObject(value) ? value['metadata'] : undefined
  return isObject(metadata) && typeof metadata['uid'] === 'string' ? metadata['uid'] : undefined
}
