import { millis, type Millis } from '../lib/time.ts'
import { backoffDelay, type Backoff } from './backoff.ts'
import type { Cancel, Random, Timers } from './timers.ts'

export interface WorkQueueOptions {
  readonly timers: Timers
  readonly random: Random
  /** Default: 500 ms, doubling up to 5 minutes, half of it random. */
  readonly backoff?: Backoff
  /** Told of each key how long it waited for a worker. */
  readonly waited?: (time: Millis) => void
}

const DEFAULT_BACKOFF: Backoff = { base: millis(500), max: millis(300_000), jitter: 0.5 }

/**
 * A queue of keys with the semantics of client-go: a key is never queued twice, never handed to two workers at once,
 * and a key added while it is being worked on is worked on once more.
 *
 * Invariants, after every method:
 * - `dirty` = keys that need work. A key in `order` is in `dirty`.
 * - `processing` = keys that a worker holds. A key in `order` is not in `processing`.
 * - `order` holds each key at most once; a dirty key is either in `order` or in `processing` (then `done` queues it).
 * - a waiting taker exists only while `order` is empty.
 */
export class WorkQueue {
  readonly #timers: Timers
  readonly #random: Random
  readonly #backoff: Backoff
  readonly #waited: (time: Millis) => void
  /** A Map keeps insertion order: the queue itself, and since when each key is in it. */
  readonly #order = new Map<string, number>()
  readonly #dirty = new Set<string>()
  readonly #processing = new Set<string>()
  readonly #waiting = new Map<string, { readonly due: number; readonly cancel: Cancel }>()
  readonly #failures = new Map<string, number>()
  readonly #takers: ((key: string | undefined) => void)[] = []
  #closed = false

  constructor({ timers, random, backoff = DEFAULT_BACKOFF, waited = () => {} }: WorkQueueOptions) {
    this.#timers = timers
    this.#random = random
    this.#backoff = backoff
    this.#waited = waited
  }

  /** Keys ready to be taken. */
  get depth(): number {
    return this.#order.size
  }

  /** Keys whose time has not come. */
  get delayed(): number {
    return this.#waiting.size
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Marks the key as needing work. Nothing happens when it is queued already or the queue is closed. */
  add(key: string): void {
    if (this.#closed || this.#dirty.has(key)) return
    this.#dirty.add(key)
    if (!this.#processing.has(key)) this.#enqueue(key)
  }

  /** Adds the key after `delay`. When it waits already, the earlier of the two times counts. */
  addAfter(key: string, delay: Millis): void {
    if (this.#closed) return
    if (delay <= 0) {
      this.add(key)
      return
    }
    const due = this.#timers.monotonic() + delay
    const waiting = this.#waiting.get(key)
    if (waiting !== undefined) {
      if (waiting.due <= due) return
      waiting.cancel()
    }
    const cancel = this.#timers.after(delay, () => {
      this.#waiting.delete(key)
      this.add(key)
    })
    this.#waiting.set(key, { due, cancel })
  }

  /** Adds the key after its next backoff delay, which is returned. */
  retry(key: string): Millis {
    const failures = this.failures(key) + 1
    this.#failures.set(key, failures)
    const delay = backoffDelay(this.#backoff, failures, this.#random)
    this.addAfter(key, delay)
    return delay
  }

  /** Ends the backoff of the key: its next failure counts as the first. */
  forget(key: string): void {
    this.#failures.delete(key)
  }

  /** Failures in a row. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0
  }

  /** The next key, which no one else gets until `done`; undefined once the queue is closed. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined)
    const [first] = this.#order
    if (first === undefined) return new Promise((resolve) => void this.#takers.push(resolve))
    const [key, since] = first
    this.#order.delete(key)
    this.#hold(key, since)
    return Promise.resolve(key)
  }

  /** Gives the key back. It is queued again when it was added meanwhile. */
  done(key: string): void {
    if (!this.#processing.delete(key)) throw new Error('done without take')
    if (!this.#closed && this.#dirty.has(key)) this.#enqueue(key)
  }

  /** Hands out no more keys. What was queued is dropped: a level-triggered controller finds it again when it starts. */
  close(): void {
    this.#closed = true
    for (const { cancel } of this.#waiting.values()) cancel()
    this.#waiting.clear()
    this.#order.clear()
    this.#dirty.clear()
    for (const taker of this.#takers.splice(0)) taker(undefined)
  }

  #enqueue(key: string): void {
    const taker = this.#takers.shift()
    if (taker === undefined) {
      this.#order.set(key, this.#timers.monotonic())
      return
    }
    this.#hold(key, this.#timers.monotonic())
    taker(key)
  }

  #hold(key: string, since: number): void {
    this.#waited(millis(this.#timers.monotonic() - since))
    this.#dirty.delete(key)
    this.#processing.add(key)
  }
}
