/**
 * The alerts that fire, within bounds. A flood of one namespace takes nothing from the others: each has room for so many, and
 * who is known stays known. What finds no room is refused and counted, and comes again with the next repetition. When all
 * the room is taken, what is about namespaces without a policy, invented ones say, gives way to what is not.
 */
import { after, type Clock, type Instant, type Millis } from '../../../shared/lib/time.ts'
import type { AlertReadings, FiringAlert } from '../../healing/alerts.ts'
import type { AlertMemory } from '../../ports/alerts.ts'
import { namespaceOf } from '../../triggers/object-labels.ts'
import type { ToldAlert } from './payload.ts'

export const MOST_PER_NAMESPACE = 200
export const MOST_AT_ALL = 2000

export interface Learnt {
  readonly firing: number
  readonly ended: number
  readonly refused: number
}

interface Known extends FiringAlert {
  readonly namespace: string
}

export class KnownAlerts implements AlertMemory {
  readonly #clock: Clock
  readonly #staleAfter: Millis
  readonly #firing = new Map<string, Known>()
  readonly #ended = new Map<string, AlertReadings['ended'][number]>()
  readonly #listeners = new Set<(namespaces: ReadonlySet<string>) => void>()
  #isWatched: (namespace: string) => boolean = () => true
  #since: Instant | undefined
  #readings: AlertReadings | undefined

  constructor(clock: Clock, staleAfter: Millis) {
    this.#clock = clock
    this.#staleAfter = staleAfter
  }

  /** The same object while nothing changes. */
  readings(): AlertReadings {
    this.#since ??= this.#clock.now()
    this.#readings ??= { problem: undefined, firing: [...this.#firing.values()], ended: [...this.#ended.values()], since: this.#since, staleAfter: this.#staleAfter }
    return this.#readings
  }

  /** Somebody else is told from now on: what ends meanwhile is not heard here, and what begins is in the status that the other one writes. */
  forget(): void {
    this.#firing.clear()
    this.#ended.clear()
    this.#since = undefined
    this.#readings = undefined
  }

  /** Namespaces of which something was told. Returns how to hear no more. */
  onChange(tell: (namespaces: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(tell)
    return () => this.#listeners.delete(tell)
  }

  /** In which namespaces there is a policy. Until told so: in all. */
  watch(isWatched: (namespace: string) => boolean): void {
    this.#isWatched = isWatched
  }

  learn(told: readonly ToldAlert[]): Learnt {
    const now = this.#clock.now()
    this.#since ??= now
    for (const [key, { heardAt }] of this.#firing) if (now >= after(heardAt, this.#staleAfter)) this.#firing.delete(key)
    const counts = { firing: 0, ended: 0, refused: 0 }
    const room = Map.groupBy(this.#firing.values(), ({ namespace }) => namespace)
    const used = new Map([...room].map(([namespace, alerts]) => [namespace, alerts.length]))
    const idle = this.#idle(new Set(room.keys()))
    for (const { labels, startsAt, ended } of told) {
      const namespace = namespaceOf(labels) ?? ''
      const key = identity(labels)
      const known = this.#firing.has(key)
      if (ended) {
        counts.ended++
        if (known) used.set(namespace, (used.get(namespace) ?? 1) - 1)
        this.#firing.delete(key)
        this.#ended.delete(key)
        // It ends what the status of a policy remembers, and there is none.
        if (!this.#isWatched(namespace)) continue
        this.#ended.set(key, { labels, endedAt: now })
        for (const oldest of this.#ended.keys()) {
          if (this.#ended.size <= MOST_AT_ALL) break
          this.#ended.delete(oldest)
        }
        continue
      }
      const crowded = (used.get(namespace) ?? 0) >= MOST_PER_NAMESPACE
      if (!known && !crowded && this.#firing.size >= MOST_AT_ALL && this.#isWatched(namespace)) {
        const { value } = idle.next()
        if (value !== undefined) this.#firing.delete(value)
      }
      if (!known && (crowded || this.#firing.size >= MOST_AT_ALL)) {
        counts.refused++
        continue
      }
      if (!known) used.set(namespace, (used.get(namespace) ?? 0) + 1)
      counts.firing++
      this.#ended.delete(key)
      // Its begin is Prometheus' to say, but never to come.
      this.#firing.set(key, { labels, startsAt: startsAt > now ? now : startsAt, heardAt: now, namespace })
    }
    this.#readings = undefined
    const namespaces = new Set(told.map(({ labels }) => namespaceOf(labels) ?? ''))
    for (const tell of this.#listeners) tell(namespaces)
    return counts
  }

  /** Keys of what is about namespaces without a policy, the oldest first. */
  *#idle(namespaces: ReadonlySet<string>): Generator<string, undefined> {
    const without = new Set([...namespaces].filter((namespace) => !this.#isWatched(namespace)))
    for (const [key, { namespace }] of this.#firing) if (without.has(namespace)) yield key
    return undefined
  }
}

/** By all labels, as Alertmanager's own fingerprint; computed here, or one alert could pose as another. */
const identity = (labels: FiringAlert['labels']): string => JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : Number(a > b))))
