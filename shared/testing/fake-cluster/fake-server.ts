/** The server behind the clients of a fake cluster: one state, the verbs on it, and what belongs to no single client. */
import { millis, type Clock, type Millis } from '../../lib/time.ts'
import type { DeleteOptions, KubeManifest, KubeObject, ListOptions, LogOptions, ObjectKey, ObjectList, Patch, Resource, WriteOptions } from '../../kube/api.ts'
import { PODS } from '../../kube/resources.ts'
import { keyString } from '../../kube/store.ts'
import type { Timers } from '../../runtime/timers.ts'
import { badRequest, forbidden, notFound, versionTooLarge } from './answers.ts'
import { Journal, type Call } from './calls.ts'
import { Definitions } from './definitions.ts'
import { reconcileBudgets } from './disruption.ts'
import { evict } from './eviction.ts'
import { Faults } from './faults.ts'
import { stringAt, type StoredObject } from './objects.ts'
import { fieldMatcher, labelMatcher } from './selectors.ts'
import { collectionOf, State } from './state.ts'
import { partial, Watches } from './watches.ts'
import { create, patch, remove, replace, viewOf, type Admit, type WriteContext } from './writes.ts'

export interface FakeServerOptions {
  readonly clock: Clock
  readonly timers: Timers
  /** Defaults and validation of custom resources. Default: everything is stored as sent. */
  readonly admit?: Admit
  /** Why the call is forbidden, undefined when it is allowed. Default: everything is allowed. */
  readonly deny?: (call: Call) => string | undefined
  /** Answers of reviews and other subresources; undefined is a 404. */
  readonly post?: (call: Call, body: unknown) => unknown
  /** What a container wrote; undefined: there is no such run. */
  readonly log?: (pod: ObjectKey, options: LogOptions) => string | undefined
  /**
   * How long a pod on a node takes to go after it has begun to terminate. Default 0: at once, in the same step.
   * `never`: it stays, as on a node that is gone.
   */
  readonly podTermination?: Millis | 'never'
  /** Time of each way of a call; default none. */
  readonly latency?: (call: Call) => Millis
  /** How far the status of budgets lags behind their pods. `prompt` (default): not at all. `manual`: until `reconcileBudgets`. */
  readonly budgets?: 'prompt' | 'manual' | Millis
  /** What it calls itself; default: the version that the contract suite runs on. */
  readonly version?: string
}

export class FakeServer {
  readonly state = new State()
  readonly journal = new Journal()
  readonly faults = new Faults()
  readonly definitions = new Definitions()
  readonly watches: Watches
  readonly clock: Clock
  readonly timers: Timers
  readonly #options: FakeServerOptions
  readonly #context: WriteContext
  #reconciling = false
  #scheduled = false

  constructor(options: FakeServerOptions) {
    this.#options = options
    this.clock = options.clock
    this.timers = options.timers
    this.state.onChange((change) => this.journal.note(change, this.clock.now()))
    // Before the budgets' controller: watchers must see a change before what follows from it.
    this.watches = new Watches(this.state, options.timers)
    this.#context = {
      state: this.state,
      clock: options.clock,
      definitions: this.definitions,
      admit: options.admit ?? ((_resource, object) => ({ object })),
      terminate: (pod) => this.#terminate(pod),
    }
    const { budgets = 'prompt' } = options
    if (budgets === 'prompt') this.state.onChange(() => this.reconcileBudgets())
    else if (budgets !== 'manual') this.state.onChange(() => this.#reconcileLater(budgets))
  }

  get version(): string {
    return this.#options.version ?? 'v1.36.3'
  }

  latency(call: Call): Millis {
    return this.#options.latency?.(call) ?? millis(0)
  }

  /** @throws Refused (403) */
  authorize(call: Call): void {
    const why = this.#options.deny?.(call)
    if (why !== undefined) throw forbidden(call.resource, call.name ?? '', why)
  }

  uidOf({ resource, namespace, name }: Call): string | undefined {
    return name === undefined ? undefined : this.state.get(resource, { namespace, name })?.metadata.uid
  }

  get(resource: Resource, key: ObjectKey, subresource: string | undefined, notOlderThan: string | undefined): StoredObject {
    if (notOlderThan !== undefined && BigInt(notOlderThan) > BigInt(this.state.version)) throw versionTooLarge()
    const object = this.state.get(resource, key)
    if (object === undefined) throw notFound(resource, key.name)
    return viewOf(this.#context, object, resource, subresource)
  }

  list(resource: Resource, options: ListOptions): ObjectList {
    this.definitions.demand(resource)
    const token = options.continue === undefined ? undefined : readToken(options.continue)
    const version = token?.version ?? (options.exactVersion === undefined ? this.state.version : Number(options.exactVersion))
    const labels = labelMatcher(options.labelSelector)
    const fields = fieldMatcher(options.fieldSelector)
    const found = this.state
      .allAt(resource, version)
      .filter((object) => options.namespace === undefined || object.metadata.namespace === options.namespace)
      .filter((object) => labels(object) && fields(object))
      .filter((object) => token === undefined || keyString(object.metadata) > token.after)
    const limit = options.limit ?? 0
    const page = limit > 0 ? found.slice(0, limit) : found
    const last = page.at(-1)
    const more = last !== undefined && page.length < found.length
    return {
      items: options.metadataOnly === true ? page.map(partial) : (page satisfies readonly KubeObject[]),
      resourceVersion: String(version),
      ...(more ? { continue: writeToken({ version, after: keyString(last.metadata) }) } : {}),
    }
  }

  /** As the server does it: the last lines, and of them the first bytes. */
  log(resource: Resource, key: ObjectKey, options: LogOptions): string {
    const found = this.state.get(resource, key)
    if (found === undefined) throw notFound(resource, key.name)
    // Of a pod that never was on a node the server says nothing at all.
    if (this.#options.log === undefined && stringAt(found, 'spec', 'nodeName') === undefined) return ''
    const written = this.#options.log?.(key, options)
    if (written === undefined) throw badRequest(`previous terminated container "${options.container}" in pod "${key.name}" not found`)
    const lines = written.split(/(?<=\n)/)
    const sent = Buffer.from(lines.slice(-options.tailLines).join('')).subarray(0, options.limitBytes)
    return sent.subarray(Math.max(0, sent.length - (options.lastBytes ?? Infinity))).toString()
  }

  create(resource: Resource, manifest: KubeManifest, options: WriteOptions): StoredObject {
    return create(this.#context, resource, manifest, options)
  }

  replace(resource: Resource, manifest: KubeManifest, options: WriteOptions): StoredObject {
    return replace(this.#context, resource, manifest, options)
  }

  patch(resource: Resource, key: ObjectKey, sent: Patch, options: WriteOptions): StoredObject {
    if (sent.type === 'apply' && options.fieldManager === undefined) throw badRequest('fieldManager is required for apply patch')
    return patch(this.#context, resource, key, sent, options)
  }

  delete(resource: Resource, key: ObjectKey, options: DeleteOptions): void {
    remove(this.#context, resource, key, options)
  }

  post(call: Call, key: ObjectKey, subresource: string, body: unknown): unknown {
    if (collectionOf(call.resource) === '/pods' && subresource === 'eviction') {
      evict(this.#context, key, body, call.dryRun)
      return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }
    }
    const answer = this.#options.post?.(call, body)
    if (answer === undefined) throw notFound(call.resource, key.name)
    return answer
  }

  /** What the disruption controller does now and then. */
  reconcileBudgets(): void {
    if (this.#reconciling) return
    this.#reconciling = true
    try {
      reconcileBudgets(this.state, this.clock)
    } finally {
      this.#reconciling = false
    }
  }

  #reconcileLater(lag: Millis): void {
    if (this.#scheduled || this.#reconciling) return
    this.#scheduled = true
    this.timers.after(lag, () => {
      this.#scheduled = false
      this.reconcileBudgets()
    })
  }

  #terminate(pod: StoredObject): void {
    const { podTermination = millis(0) } = this.#options
    if (podTermination === 'never') return
    const gone = (): void => {
      const now = this.state.get(PODS, pod.metadata)
      if (now?.metadata.uid === pod.metadata.uid && (now.metadata.finalizers ?? []).length === 0) this.state.remove(collectionOf(PODS), now)
    }
    if (podTermination > 0) this.timers.after(podTermination, gone)
    else gone()
  }
}

interface Token {
  readonly version: number
  readonly after: string
}

const writeToken = (token: Token): string => Buffer.from(JSON.stringify(token)).toString('base64url')

function readToken(text: string): Token {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString()) as Token
  } catch {
    throw badRequest('continue key is not valid')
  }
}
