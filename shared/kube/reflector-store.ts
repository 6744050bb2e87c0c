/** How lists and watch events change a store, and what subscribers are told. Synchronous: no await, so no half state. */
import { isObject } from '../lib/json.ts'
import type { Logger } from '../runtime/logger.ts'
import type { KubeObject } from './api.ts'
import { keyString, Store, type Entry, type IndexFunction } from './store.ts'

/** A deleted and recreated object under one name comes as `deleted`, then `added`: another uid is another object (I6). */
export type ReflectorEvent<T> =
  | { readonly type: 'added'; readonly key: string; readonly object: T }
  | { readonly type: 'updated'; readonly key: string; readonly object: T; readonly old: T }
  /** `object` is the last state that was known. */
  | { readonly type: 'deleted'; readonly key: string; readonly object: T }

export type Handler<T> = (event: ReflectorEvent<T>) => void

export interface ListInProgress {
  add(raw: KubeObject): void
  /** Makes the store equal to what was added; what is missing is told as `deleted`. */
  commit(): void
}

/** Key, uid and version of a raw object; undefined when it lacks any of them. */
export function readObject(raw: unknown): { readonly key: string; readonly uid: string; readonly resourceVersion: string } | undefined {
  const metadata = isObject(raw) ? raw['metadata'] : undefined
  if (!isObject(metadata)) return undefined
  const { name, namespace, uid, resourceVersion } = metadata
  if (typeof name !== 'string' || name === '' || typeof uid !== 'string' || uid === '' || typeof resourceVersion !== 'string') return undefined
  return { key: keyString({ name, namespace: typeof namespace === 'string' ? namespace : undefined }), uid, resourceVersion }
}

export class ReflectorStore<T, I extends string> {
  readonly store: Store<T, I>
  readonly #project: (raw: KubeObject) => T | undefined
  readonly #log: Logger
  readonly #capacity: number
  readonly #handlers = new Set<Handler<T>>()
  #overflown = false

  constructor(project: (raw: KubeObject) => T | undefined, indexes: Readonly<Record<I, IndexFunction<T>>>, log: Logger, capacity = Number.POSITIVE_INFINITY) {
    this.store = new Store(indexes)
    this.#project = project
    this.#log = log
    this.#capacity = capacity
  }

  subscribe(handler: Handler<T>): () => void {
    for (const key of this.store.keys()) {
      const entry = this.store.entry(key)
      if (entry !== undefined) this.#call(handler, { type: 'added', key, object: entry.value })
    }
    this.#handlers.add(handler)
    return () => void this.#handlers.delete(handler)
  }

  beginList(): ListInProgress {
    const listed = new Map<string, Entry<T>>()
    return {
      // Projected page by page: the raw objects of a large collection never exist all at once.
      add: (raw) => {
        const projected = this.#projected(raw)
        if (projected?.entry !== undefined && this.#hasRoom(listed.size, listed.has(projected.key))) listed.set(projected.key, projected.entry)
      },
      commit: () => {
        for (const key of this.store.keys()) if (!listed.has(key)) this.#remove(key)
        for (const [key, entry] of listed) this.#replace(key, entry)
      },
    }
  }

  /** ADDED or MODIFIED. An object that no longer projects is removed. */
  put(raw: KubeObject): void {
    const projected = this.#projected(raw)
    if (projected === undefined) return
    if (projected.entry === undefined) this.#remove(projected.key)
    else if (this.#hasRoom(this.store.size, this.store.entry(projected.key) !== undefined)) this.#replace(projected.key, projected.entry)
  }

  /** DELETED. Of another uid than the one stored: that one was seen to go already. */
  remove(raw: KubeObject): void {
    const identity = readObject(raw)
    if (identity !== undefined && this.store.entry(identity.key)?.uid === identity.uid) this.#remove(identity.key)
  }

  /** Told once: whoever sets a capacity has said what it means when it is reached. */
  #hasRoom(size: number, known: boolean): boolean {
    if (known || size < this.#capacity) return true
    if (!this.#overflown) this.#log.warn('more objects than are taken in: the others are not looked at', { capacity: this.#capacity })
    this.#overflown = true
    return false
  }

  #projected(raw: KubeObject): { readonly key: string; readonly entry: Entry<T> | undefined } | undefined {
    const identity = readObject(raw)
    if (identity === undefined) {
      this.#log.error('reflector got an object without identity')
      return undefined
    }
    const { key, uid, resourceVersion } = identity
    try {
      const value = this.#project(raw)
      return { key, entry: value === undefined ? undefined : { uid, resourceVersion, value } }
    } catch (error) {
      // An object that cannot be read is not there, rather than there as it once was.
      this.#log.error('projection failed', { key, error })
      return { key, entry: undefined }
    }
  }

  #replace(key: string, entry: Entry<T>): void {
    let old = this.store.entry(key)
    if (old !== undefined && old.uid !== entry.uid) {
      this.#remove(key)
      old = undefined
    }
    if (old?.resourceVersion === entry.resourceVersion) return
    try {
      this.store.set(key, entry)
    } catch (error) {
      this.#log.error('index failed', { key, error })
      this.#remove(key)
      return
    }
    if (old === undefined) this.#tell({ type: 'added', key, object: entry.value })
    else this.#tell({ type: 'updated', key, object: entry.value, old: old.value })
  }

  #remove(key: string): void {
    const entry = this.store.entry(key)
    if (entry === undefined) return
    this.store.delete(key)
    this.#tell({ type: 'deleted', key, object: entry.value })
  }

  #tell(event: ReflectorEvent<T>): void {
    for (const handler of this.#handlers) this.#call(handler, event)
  }

  #call(handler: Handler<T>, event: ReflectorEvent<T>): void {
    try {
      handler(event)
    } catch (error) {
      this.#log.error('reflector handler failed', { key: event.key, type: event.type, error })
    }
  }
}
