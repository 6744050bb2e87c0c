/** What was measured of several controllers that share the work, kept in `results.json`. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { replaceIn, type Cell, type Quantiles } from '../scale/results.ts'
import type { Size } from '../scale/world.ts'

export interface Sharing extends Size {
  readonly replicas: number
  readonly shards: number
  readonly machine: Cell['machine']
  /** Of each controller after a time of rest: shards and namespaces that are its own, CPU in percent of a core, memory in MiB. */
  readonly rest: { readonly seconds: number; readonly controllers: readonly { readonly shards: number; readonly namespaces: number; readonly cpu: number; readonly rss: number }[] }
  /** Many pods fail at once, and one controller is killed amid them. Times in milliseconds. */
  readonly failure: {
    readonly count: number
    /** Pods that were evicted, and those that were evicted more than once. */
    readonly evicted: number
    readonly twice: number
    /** Evictions of pods that had not failed. */
    readonly others: number
    /** When the controller was killed: so many had been evicted. */
    readonly before: number
    readonly killed: { readonly shards: number; readonly namespaces: number }
    /** From the kill until none of its shards is held by it. */
    readonly takeover: number
    /** From when a failure was sent until the API server had its eviction. */
    readonly eviction: Quantiles
    readonly last: number
    /** Outcomes of the actions, by name. */
    readonly outcomes: Readonly<Record<string, number>>
  }
}

const FILE = fileURLToPath(new URL('results.json', import.meta.url))

export const readSharing = (): readonly Sharing[] => (existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Sharing[]) : [])

/** In place of an older one of its size, with as many controllers. */
export const keepSharing = (result: Sharing): void => replaceIn(FILE, readSharing(), result, ({ pods, policies, replicas }) => [pods, policies, replicas])
