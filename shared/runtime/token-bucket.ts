import type { Millis } from '../lib/time.ts'
import type { Timers } from './timers.ts'

/** Lets `burst` through at once and one more per `every`. For our own noise only: budgets of healing are exact logs. */
export class TokenBucket {
  readonly #timers: Pick<Timers, 'monotonic'>
  readonly #burst: number
  readonly #every: Millis
  #tokens: number
  #at: Millis

  constructor(timers: Pick<Timers, 'monotonic'>, burst: number, every: Millis) {
    this.#timers = timers
    this.#burst = burst
    this.#every = every
    this.#tokens = burst
    this.#at = timers.monotonic()
  }

  take(): boolean {
    const now = this.#timers.monotonic()
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) / this.#every)
    this.#at = now
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
