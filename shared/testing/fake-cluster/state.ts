/** Objects, one growing version for all of them, and the history that watches and old lists are served from. */
import type { Resource } from '../../kube/api.ts'
import { keyString } from '../../kube/store.ts'
import { expired, versionTooLarge } from './answers.ts'
import { deepFreeze, type StoredObject } from './objects.ts'

export interface Change {
  readonly version: number
  readonly collection: string
  readonly key: string
  /** Undefined: created. */
  readonly before: StoredObject | undefined
  /** Undefined: deleted. */
  readonly after: StoredObject | undefined
  /** What a DELETED event carries: the last state with the version of the deletion. */
  readonly last: StoredObject
}

export interface Snapshot {
  readonly version: number
  readonly collections: ReadonlyMap<string, ReadonlyMap<string, StoredObject>>
}

export const collectionOf = ({ group, plural }: Pick<Resource, 'group' | 'plural'>): string => `${group}/${plural}`

/** Changes that are kept at least; a real server keeps five minutes. */
const HISTORY = 20_000

export class State {
  #collections = new Map<string, Map<string, StoredObject>>()
  #history: Change[] = []
  #version = 1
  /** Changes up to here are forgotten. */
  #compacted = 0
  #uids = 0
  readonly #listeners = new Set<(change: Change) => void>()

  /** The newest version; the next change gets one more. */
  get version(): number {
    return this.#version
  }

  get compacted(): number {
    return this.#compacted
  }

  nextUid(): string {
    this.#uids++
    return `00000000-0000-4000-8000-${String(this.#uids).padStart(12, '0')}`
  }

  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  get(resource: Resource, key: { readonly namespace?: string | undefined; readonly name: string }): StoredObject | undefined {
    return this.#collections.get(collectionOf(resource))?.get(keyString(key))
  }

  /** In the order of keys, as etcd has them. */
  all(resource: Resource): readonly StoredObject[] {
    return sortedValues(this.#collections.get(collectionOf(resource)))
  }

  /** Every object of every collection. */
  *everything(): IterableIterator<readonly [collection: string, object: StoredObject]> {
    for (const [collection, objects] of this.#collections) for (const object of objects.values()) yield [collection, object]
  }

  /** The collection as it was at a version. @throws Refused 410 when that is compacted, 504 when it is in the future */
  allAt(resource: Resource, version: number): readonly StoredObject[] {
    if (version > this.#version) throw versionTooLarge()
    if (version < this.#compacted) throw expired()
    const collection = collectionOf(resource)
    const objects = new Map(this.#collections.get(collection))
    for (const change of this.#history.toReversed()) {
      if (change.version <= version) break
      if (change.collection !== collection) continue
      if (change.before === undefined) objects.delete(change.key)
      else objects.set(change.key, change.before)
    }
    return sortedValues(objects)
  }

  /** Creates or changes; returns the object with its new version. */
  put(collection: string, object: StoredObject): StoredObject {
    const key = keyString(object.metadata)
    const objects = this.#collections.get(collection) ?? new Map<string, StoredObject>()
    this.#collections.set(collection, objects)
    const before = objects.get(key)
    const after = this.#stamped(object)
    objects.set(key, after)
    this.#record({ version: this.#version, collection, key, before, after, last: after })
    return after
  }

  remove(collection: string, object: StoredObject): void {
    const key = keyString(object.metadata)
    const before = this.#collections.get(collection)?.get(key)
    if (before === undefined) return
    this.#collections.get(collection)?.delete(key)
    const last = this.#stamped(before)
    this.#record({ version: this.#version, collection, key, before, after: undefined, last })
  }

  /** Changes after a version, oldest first. @throws Refused 410 when some of them are compacted */
  since(version: number): readonly Change[] {
    if (version < this.#compacted) throw expired()
    return this.#history.filter((change) => change.version > version)
  }

  /** Forgets the history up to a version, by default all of it: what etcd's compaction does. */
  compact(version = this.#version): void {
    this.#compacted = Math.max(this.#compacted, Math.min(version, this.#version))
    this.#history = this.#history.filter((change) => change.version > this.#compacted)
  }

  snapshot(): Snapshot {
    return { version: this.#version, collections: new Map([...this.#collections].map(([name, objects]) => [name, new Map(objects)])) }
  }

  /** As after restoring a backup of etcd: the version goes back, the history is gone. Uids go on. */
  restore({ version, collections }: Snapshot): void {
    this.#collections = new Map([...collections].map(([name, objects]) => [name, new Map(objects)]))
    this.#version = version
    this.#compacted = version
    this.#history = []
  }

  #stamped(object: StoredObject): StoredObject {
    this.#version++
    return deepFreeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } })
  }

  #record(change: Change): void {
    this.#history.push(change)
    if (this.#history.length > 2 * HISTORY) this.compact(this.#history.at(-HISTORY)?.version)
    for (const listener of this.#listeners) listener(change)
  }
}

const sortedValues = (objects: ReadonlyMap<string, StoredObject> | undefined): readonly StoredObject[] =>
  [...(objects ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object)
