/** Time that passes as fast as the work in it is done. */
import { after, instant, millis, type Clock, type Instant, type Millis } from '../../shared/lib/time.ts'
import type { Cancel, Timers } from '../../shared/runtime/timers.ts'

/** Lets every promise that can settle without time passing settle. */
export const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

interface Waiting {
  readonly due: number
  readonly run: () => void
}

export class VirtualTime implements Clock, Timers {
  readonly #start: Instant
  readonly #waiting = new Set<Waiting>()
  #passed = 0

  constructor(start: Instant) {
    this.#start = start
  }

  now(): Instant {
    return after(this.#start, millis(this.#passed))
  }

  monotonic(): Millis {
    return millis(this.#passed)
  }

  after(delay: Millis, run: () => void): Cancel {
    const waiting = { due: this.#passed + Math.max(0, delay), run }
    this.#waiting.add(waiting)
    return () => void this.#waiting.delete(waiting)
  }

  /** Everything that becomes due until then runs, in order. */
  async until(time: Instant): Promise<void> {
    const end = time - this.#start
    await settle()
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#passed = Math.max(this.#passed, next.due)
      this.#waiting.delete(next)
      next.run()
      await settle()
    }
    this.#passed = Math.max(this.#passed, end)
    await settle()
  }

  #next(end: number): Waiting | undefined {
    let first: Waiting | undefined
    for (const waiting of this.#waiting) if (waiting.due <= end && (first === undefined || waiting.due < first.due)) first = waiting
    return first
  }
}

/** Whole steps of the past, the last of them now. */
export const steps = (from: Instant, to: Instant, step: Millis): readonly Instant[] => Array.from({ length: Math.floor((to - from) / step) }, (_, index) => instant(from + (index + 1) * step))
