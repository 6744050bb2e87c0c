import { instant, millis, type Clock, type Instant, type Millis } from '../lib/time.ts'
import type { Cancel, Timers } from '../runtime/timers.ts'

/** Lets every promise that can settle without time passing settle. */
export const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/**
 * A clock and timers that move only when told. `advance` runs what becomes due in order of time, and lets promises
 * settle before and after each, so that code which waits again is seen within the same advance.
 */
export class FakeClock implements Clock, Timers {
  #now: number
  /** Wall clock minus monotonic clock: `jump` moves it. */
  #offset: number
  #next = 0
  readonly #timers = new Map<number, { readonly due: number; readonly run: () => void }>()

  /** @param start default 2030-01-01T00:00:00Z */
  constructor(start: Instant = instant(Date.UTC(2030, 0, 1))) {
    this.#now = 0
    this.#offset = start
  }

  now(): Instant {
    return instant(this.#now + this.#offset)
  }

  monotonic(): Millis {
    return millis(this.#now)
  }

  after(delay: Millis, run: () => void): Cancel {
    const id = this.#next++
    this.#timers.set(id, { due: this.#now + Math.max(0, delay), run })
    return () => void this.#timers.delete(id)
  }

  /** Moves the wall clock only, as an operator or NTP does. */
  jump(by: Millis): void {
    this.#offset += by
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size
  }

  async advance(by: Millis): Promise<void> {
    const end = this.#now + by
    await settle()
    for (let next = this.#earliest(end); next !== undefined; next = this.#earliest(end)) {
      this.#now = Math.max(this.#now, next.due)
      this.#timers.delete(next.id)
      next.run()
      await settle()
    }
    this.#now = end
    await settle()
  }

  #earliest(end: number): { id: number; due: number; run: () => void } | undefined {
    let best: { id: number; due: number; run: () => void } | undefined
    for (const [id, { due, run }] of this.#timers) {
      // Timers of one instant run in the order they were made: a Map keeps it.
      if (due <= end && (best === undefined || due < best.due)) best = { id, due, run }
    }
    return best
  }
}

/** Mulberry32: a seed that failed replays. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
