import { millis, type Millis } from '../lib/time.ts'
import type { Random } from './timers.ts'

export interface Backoff {
  /** Delay after the first failure. */
  readonly base: Millis
  /** Ceiling of every delay. */
  readonly max: Millis
  /** Share of the delay that is random, 0..1: 0.5 spreads 4 s over 2..4 s. */
  readonly jitter: number
  /** From one failure to the next; 2 when absent. */
  readonly multiplier?: number
}

/**
 * Grows with each failure up to the ceiling, then takes off up to `jitter` of it, so that callers which failed together do
 * not come back together. `failures` counts from 1.
 */
export function backoffDelay({ base, max, jitter, multiplier = 2 }: Backoff, failures: number, random: Random): Millis {
  // 2^31 steps of a millisecond are already 24 days; the exponent is capped so that it never becomes Infinity.
  const grown = Math.min(max, base * multiplier ** Math.min(31, Math.max(0, failures - 1)))
  return millis(Math.round(grown * (1 - jitter * random())))
}
