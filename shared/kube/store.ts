/** What a reflector has seen: projected objects by key and by index. Only the reflector changes it. */
import type { ObjectKey } from './api.ts'

/** Values under which an object is found; called once per version of the object. */
export type IndexFunction<T> = (object: T) => readonly string[]

/** `shop/cart-1`, or `node-1` without a namespace. Neither part may hold a slash, so no two keys meet. */
export const keyString = ({ namespace, name }: ObjectKey): string => (namespace === undefined ? name : `${namespace}/${name}`)

export function parseKey(key: string): ObjectKey {
  const slash = key.indexOf('/')
  return slash === -1 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/** `a` < `b`, as integers: they outgrow 2^53. */
export const olderThan = (a: string, b: string): boolean => BigInt(a) < BigInt(b)

export interface Entry<T> {
  readonly uid: string
  readonly resourceVersion: string
  readonly value: T
}

export interface ReadonlyStore<T, I extends string = never> {
  readonly size: number
  get(key: ObjectKey): T | undefined
  /** The identity that `get` would return: for preconditions. */
  version(key: ObjectKey): { readonly uid: string; readonly resourceVersion: string } | undefined
  values(): IterableIterator<T>
  /** Objects that the index files under this value; none when there is no such value. */
  byIndex(index: I, value: string): readonly T[]
  /** Every value of the index that has an object. */
  indexValues(index: I): readonly string[]
}

export class Store<T, I extends string = never> implements ReadonlyStore<T, I> {
  readonly #entries = new Map<string, Entry<T>>()
  readonly #functions: Readonly<Record<I, IndexFunction<T>>>
  readonly #indexes = new Map<string, Map<string, Set<string>>>()
  /** What `byIndex` has answered, until something of it changes: far more is asked than changes. */
  readonly #answers = new Map<string, Map<string, readonly T[]>>()
  /** What each key was filed under, so that removing it needs no index function. */
  readonly #filed = new Map<string, readonly (readonly [index: string, value: string])[]>()

  constructor(functions: Readonly<Record<I, IndexFunction<T>>>) {
    this.#functions = functions
    for (const index of Object.keys(functions)) {
      this.#indexes.set(index, new Map())
      this.#answers.set(index, new Map())
    }
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: ObjectKey): T | undefined {
    return this.#entries.get(keyString(key))?.value
  }

  version(key: ObjectKey): { readonly uid: string; readonly resourceVersion: string } | undefined {
    return this.#entries.get(keyString(key))
  }

  *values(): IterableIterator<T> {
    for (const { value } of this.#entries.values()) yield value
  }

  byIndex(index: I, value: string): readonly T[] {
    const keys = this.#indexes.get(index)?.get(value)
    if (keys === undefined) return []
    const answers = this.#answers.get(index)
    const known = answers?.get(value)
    if (known !== undefined) return known
    const found: T[] = []
    for (const key of keys) {
      const entry = this.#entries.get(key)
      if (entry !== undefined) found.push(entry.value)
    }
    answers?.set(value, found)
    return found
  }

  indexValues(index: I): readonly string[] {
    return [...(this.#indexes.get(index)?.keys() ?? [])]
  }

  /** For the reflector only, as are the two below. */
  entry(key: string): Entry<T> | undefined {
    return this.#entries.get(key)
  }

  keys(): readonly string[] {
    return [...this.#entries.keys()]
  }

  /** @throws what an index function throws; the store is then as it was */
  set(key: string, entry: Entry<T>): void {
    const filed = Object.entries<IndexFunction<T>>(this.#functions).flatMap(([index, values]) =>
      values(entry.value).map((value) => [index, value] as const),
    )
    this.delete(key)
    this.#entries.set(key, entry)
    this.#filed.set(key, filed)
    for (const [index, value] of filed) {
      const byValue = this.#indexes.get(index)
      const keys = byValue?.get(value)
      if (keys === undefined) byValue?.set(value, new Set([key]))
      else keys.add(key)
      this.#answers.get(index)?.delete(value)
    }
  }

  delete(key: string): void {
    this.#entries.delete(key)
    for (const [index, value] of this.#filed.get(key) ?? []) {
      const byValue = this.#indexes.get(index)
      const keys = byValue?.get(value)
      keys?.delete(key)
      if (keys?.size === 0) byValue?.delete(value)
      this.#answers.get(index)?.delete(value)
    }
    this.#filed.delete(key)
  }
}
