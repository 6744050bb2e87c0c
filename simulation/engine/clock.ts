/** The scheduler of a simulation: time that moves only when told, and an order by seed of what is due at one instant. */
import { instant, millis, type Clock, type Instant, type Millis } from '../../shared/lib/time.ts'
import type { Cancel, Timers } from '../../shared/runtime/timers.ts'
import type { Chance } from './chance.ts'

interface Timer {
  readonly due: number
  /** Decides among timers of one instant. */
  readonly lot: number
  readonly run: () => void
  cancelled: boolean
}

/** Taken before a run is sealed. The one thing of the outside in a run: nothing is due any more when it fires, and no time passes. */
const idle = setImmediate
const settled = (): Promise<void> => new Promise((resolve) => void idle(resolve))

/** 2030-01-01T00:00:00Z */
const START = Date.UTC(2030, 0, 1)

export class SimulatedClock implements Clock, Timers {
  readonly #chance: Chance
  readonly #heap: Timer[] = []
  #now = 0
  #offset = START

  constructor(chance: Chance) {
    this.#chance = chance
  }

  /** The clock of the API server. */
  now(): Instant {
    return instant(this.#now + this.#offset)
  }

  monotonic(): Millis {
    return millis(this.#now)
  }

  /** When it all began. */
  readonly began = START

  /** What a clock shows that nobody has ever set. */
  steady(): Instant {
    return instant(this.#now + START)
  }

  /** Sets the clock of the API server. */
  jump(by: Millis): void {
    this.#offset += by
  }

  after(delay: Millis, run: () => void): Cancel {
    const timer: Timer = { due: this.#now + Math.max(0, delay), lot: this.#chance.next(), run, cancelled: false }
    if (timer.due !== Number.POSITIVE_INFINITY) this.#push(timer)
    return () => {
      timer.cancelled = true
    }
  }

  async advance(by: Millis): Promise<void> {
    const end = this.#now + by
    await settled()
    for (let next = this.#heap[0]; next !== undefined && next.due <= end; next = this.#heap[0]) {
      this.#pop()
      if (next.cancelled) continue
      this.#now = next.due
      next.run()
      await settled()
    }
    this.#now = end
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    let at = heap.push(timer) - 1
    for (let up = (at - 1) >> 1; at > 0 && before(timer, heap[up] as Timer); at = up, up = (at - 1) >> 1) heap[at] = heap[up] as Timer
    heap[at] = timer
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      const right = left + 1
      if (left >= heap.length) break
      const least = right < heap.length && before(heap[right] as Timer, heap[left] as Timer) ? right : left
      if (!before(heap[least] as Timer, last)) break
      heap[at] = heap[least] as Timer
      at = least
    }
    heap[at] = last
  }
}

const before = (a: Timer, b: Timer): boolean => a.due < b.due || (a.due === b.due && a.lot < b.lot)
