/** When what is written to was read last. */
import type { Instant } from '../../lib/time.ts'
import { processOf, type Call, type Collection } from './history.ts'

interface Key {
  readonly namespace?: string | undefined
  readonly name?: string | undefined
}
const keyOf = (process: string, collection: Collection, { namespace = '', name = '' }: Key): string => `${process} ${collection} ${namespace}/${name}`

/** Reads of an object and lists of its namespace, by process. A list of all namespaces is a reflector's: it fills a cache. */
export class Looks {
  readonly #at = new Map<string, Instant>()

  take(entry: Call): void {
    const live = entry.verb === 'get' || (entry.verb === 'list' && entry.namespace !== undefined)
    if (entry.ok && live) this.#at.set(keyOf(processOf(entry), entry.collection, entry), entry.at)
  }

  /** Of the process that writes: what another one has seen is nothing that this one knows. */
  last(write: Call): Instant | undefined {
    const { collection, namespace } = write
    const found = [write, { namespace }].flatMap((key) => this.#at.get(keyOf(processOf(write), collection, key)) ?? [])
    return found.length === 0 ? undefined : (Math.max(...found) as Instant)
  }
}
