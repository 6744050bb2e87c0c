/**
 * Keeps a store equal to a collection of the API server: lists once, then watches, through every fault that either can
 * have. It never stops by itself; what it cannot repair shows in `age` and `synced`.
 */
import { messageOf } from '../lib/errors.ts'
import { millis, seconds, type Millis } from '../lib/time.ts'
import { backoffDelay, type Backoff } from '../runtime/backoff.ts'
import type { Logger } from '../runtime/logger.ts'
import { linkedAbort, sleep, type Random, type Timers } from '../runtime/timers.ts'
import type { KubeObject, KubeReader, Resource, WatchEvent } from './api.ts'
import { ApiError, isApiError } from './errors.ts'
import { RESOURCE_VERSION } from './paths.ts'
import { silentReflectorMetrics, type ReflectorMetrics } from './reflector-metrics.ts'
import { readObject, ReflectorStore, type Handler } from './reflector-store.ts'
import { inWords, troubleOf } from './trouble.ts'
import { olderThan, type IndexFunction, type ReadonlyStore } from './store.ts'

export interface ReflectorOptions<T, I extends string> {
  readonly api: Pick<KubeReader, 'list' | 'watch'>
  readonly resource: Resource
  /** All namespaces when absent. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly metadataOnly?: boolean
  /** The fields in use, or undefined for an object that does not count. A whole pod is 25 times its projection. */
  readonly project: (raw: KubeObject) => T | undefined
  readonly indexes?: Readonly<Record<I, IndexFunction<T>>>
  readonly timers: Timers
  readonly random: Random
  readonly log: Logger
  readonly metrics?: ReflectorMetrics
  /** Objects that are taken in; beyond them a new one is left out. Default: all. */
  readonly capacity?: number
  /** Objects per page of a list; default 500. */
  readonly pageSize?: number
  readonly backoff?: Backoff
  /** Longest silence of a watch before it counts as deaf; default 90 s, and never below 75 s: bookmarks come every 60. */
  readonly silence?: Millis
}

const PAGE_SIZE = 500
const BACKOFF: Backoff = { base: millis(500), max: seconds(30), jitter: 0.5 }
const SILENCE = seconds(90)
const LEAST_SILENCE = seconds(75)
/** A watch that ends sooner and brought nothing counts as a failure: a server that closes at once must not be hammered. */
const SHORT_WATCH = seconds(5)

export class Reflector<T, I extends string = never> {
  readonly name: string
  readonly #options: ReflectorOptions<T, I>
  readonly #store: ReflectorStore<T, I>
  readonly #metrics: ReflectorMetrics
  readonly #silence: Millis
  readonly #abort = new AbortController()
  readonly #waiters = new Set<() => void>()
  #run: Promise<void> | undefined
  /** Undefined: the next thing to do is a list. */
  #version: string | undefined
  #seen: string | undefined
  #synced = false
  /** Of the server; undefined: not begun, so nobody was waited for yet. */
  #activity: Millis | undefined
  /** In a row, since something last arrived. */
  #failures = 0
  #expiries = 0
  #trouble: string | undefined

  constructor(options: ReflectorOptions<T, I>) {
    const { resource, namespace, log } = options
    this.name = namespace === undefined ? resource.plural : `${resource.plural} ${namespace}`
    this.#options = { ...options, log: log.child({ reflector: this.name }) }
    this.#silence = millis(Math.max(LEAST_SILENCE, options.silence ?? SILENCE))
    this.#metrics = options.metrics ?? silentReflectorMetrics
    this.#store = new ReflectorStore(options.project, options.indexes ?? ({} as Record<I, IndexFunction<T>>), this.#options.log, options.capacity)
    this.#metrics.lists.inc({ resource: resource.plural }, 0)
  }

  get store(): ReadonlyStore<T, I> {
    return this.#store.store
  }

  /** True from the first complete list on. */
  get synced(): boolean {
    return this.#synced
  }

  /** Time since the server was last heard, from the start on. On a quiet healthy cluster below 60 s plus the length of a list. */
  get age(): Millis {
    return this.#activity === undefined ? millis(0) : millis(this.#options.timers.monotonic() - this.#activity)
  }

  /** Why nothing arrives, with what mends it where a person can; undefined since something last arrived. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** The newest version seen, bookmarks included; undefined before the first list. */
  get resourceVersion(): string | undefined {
    return this.#seen
  }

  /** Whether the store holds everything up to this version: false means "older than your own write", wait or read live (I7). */
  atLeast(resourceVersion: string): boolean {
    return this.#seen !== undefined && !olderThan(this.#seen, resourceVersion)
  }

  /** Resolves at the first complete list, or rejects when the signal aborts or the reflector is stopped before. */
  whenSynced(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const { controller, release } = linkedAbort(signal, this.#abort.signal)
      const settle = (): void => {
        this.#waiters.delete(settle)
        release()
        if (this.#synced) resolve()
        else reject(new ApiError({ kind: 'Aborted', code: 0, request: `SYNC ${this.name}` }))
      }
      this.#waiters.add(settle)
      if (this.#synced || controller.signal.aborted) settle()
      else controller.signal.addEventListener('abort', settle, { once: true })
    })
  }

  /** What is there already is replayed as `added`, before this returns. A handler that throws is logged; others still run. */
  subscribe(handler: Handler<T>): () => void {
    return this.#store.subscribe(handler)
  }

  start(): void {
    if (this.#run !== undefined) return
    this.#activity = this.#options.timers.monotonic()
    this.#run = this.#loop()
  }

  /** Resolves when nothing runs any more; handlers are not called afterwards. */
  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#run
  }

  async #loop(): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      try {
        if (this.#version === undefined) await this.#list()
        if (signal.aborted) return
        await this.#watch()
      } catch (error) {
        if (signal.aborted) return
        await this.#afterFailure(error)
      }
    }
  }

  async #afterFailure(error: unknown): Promise<void> {
    const { timers, random, log, resource, backoff = BACKOFF } = this.#options
    const kind = error instanceof ApiError ? error.kind : 'bug'
    this.#metrics.failures.inc({ resource: resource.plural, kind })
    if (isApiError(error, 'Expired', 'VersionTooLarge')) this.#version = undefined
    // An expiry after an outage is a server that answers again: it must not wait as long as the outage had made us.
    if (kind === 'Expired') this.#failures = this.#expiries++
    this.#failures++
    const trouble = troubleOf(error)
    this.#trouble = trouble === undefined ? messageOf(error) : inWords(trouble)
    const wait = Math.max(backoffDelay(backoff, this.#failures, random), error instanceof ApiError ? (error.retryAfter ?? 0) : 0)
    // The first expiry is part of the protocol, not news. Nor is the first silence: a server that has seen no change of a kind
    // since it started sends no bookmark either.
    log[(kind === 'Expired' || kind === 'Timeout') && this.#failures === 1 ? 'debug' : 'warn']('reflector failed', { error, failures: this.#failures, wait, ...trouble })
    await sleep(timers, millis(wait), this.#abort.signal)
  }

  /** The whole collection, in pages; the store changes only when all of them are there. Never with `resourceVersion=0`. */
  async #list(): Promise<void> {
    const { api, resource, pageSize = PAGE_SIZE } = this.#options
    const { signal } = this.#abort
    this.#metrics.lists.inc({ resource: resource.plural })
    const scope = this.#scope()
    const listed = this.#store.beginList()
    let token: string | undefined
    let version: string
    do {
      const page = await api.list(resource, { ...scope, limit: pageSize, signal, ...(token === undefined ? {} : { continue: token }) })
      if (signal.aborted) return
      for (const item of page.items) listed.add(item)
      token = page.continue
      version = page.resourceVersion
      this.#heard()
    } while (token !== undefined)
    if (!RESOURCE_VERSION.test(version)) throw new ApiError({ kind: 'Server', code: 200, request: `LIST ${this.name}` })
    listed.commit()
    this.#version = version
    // A fresh list is the truth even when it is older: etcd was restored.
    this.#seen = version
    this.#synced = true
    for (const settle of this.#waiters) settle()
  }

  async #watch(): Promise<void> {
    const { api, resource, timers, random } = this.#options
    const from = this.#version
    if (from === undefined) return
    const { controller, release } = linkedAbort(this.#abort.signal)
    const started = timers.monotonic()
    let events = 0
    let deaf = false
    let cancel = (): void => {}
    const rearm = (): void => {
      cancel()
      cancel = timers.after(this.#silence, () => {
        deaf = true
        controller.abort()
      })
    }
    rearm()
    try {
      // Random, so that the watches of many clients do not all end at once.
      const timeoutSeconds = 300 + Math.floor(random() * 301)
      const watch = api.watch(resource, { ...this.#scope(), resourceVersion: from, timeoutSeconds, signal: controller.signal })
      for await (const event of watch) {
        if (controller.signal.aborted) break
        events++
        this.#heard()
        rearm()
        this.#apply(event)
        this.#failures = 0
        this.#expiries = 0
      }
    } catch (error) {
      if (!deaf) throw error
    } finally {
      cancel()
      release()
    }
    if (this.#abort.signal.aborted) return
    if (deaf) {
      // A watch from a version of the future (etcd was restored) is silent for ever: only a list without a version ends it.
      this.#version = undefined
      throw new ApiError({ kind: 'Timeout', code: 0, request: `WATCH ${this.name}` })
    }
    if (events === 0 && timers.monotonic() - started < SHORT_WATCH) {
      throw new ApiError({ kind: 'Network', code: 200, request: `WATCH ${this.name}` })
    }
    this.#failures = 0
    this.#expiries = 0
  }

  #apply(event: WatchEvent): void {
    const version = event.type === 'BOOKMARK' ? event.resourceVersion : readObject(event.object)?.resourceVersion
    if (version === undefined || !RESOURCE_VERSION.test(version)) {
      // Skipped, not fatal: it would come again after every list.
      this.#options.log.error('reflector got an object without identity', { type: event.type })
      return
    }
    if (this.#version !== undefined && olderThan(version, this.#version)) {
      this.#version = undefined
      throw new ApiError({ kind: 'Expired', code: 0, request: `WATCH ${this.name}` }, { cause: new Error('version went back') })
    }
    if (event.type === 'DELETED') this.#store.remove(event.object)
    else if (event.type !== 'BOOKMARK') this.#store.put(event.object)
    this.#version = version
    this.#seen = version
  }

  #heard(): void {
    this.#trouble = undefined
    this.#activity = this.#options.timers.monotonic()
  }

  #scope() {
    const { namespace, labelSelector, fieldSelector, metadataOnly } = this.#options
    return {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      ...(metadataOnly === undefined ? {} : { metadataOnly }),
    }
  }
}
