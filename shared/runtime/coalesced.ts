import type { Millis } from '../lib/time.ts'
import { sleep, type Timers } from './timers.ts'

/**
 * `work` once for all who ask before it begins, and `pause` from its end to the next beginning: however many ask, it takes a
 * bounded part of the time. What one gets was never made before he asked.
 */
export function coalesced<T>(timers: Timers, pause: Millis, work: () => Promise<T>): () => Promise<T> {
  let next: Promise<T> | undefined
  let before = Promise.resolve()
  const turn = async (): Promise<T> => {
    await before
    next = undefined
    return work()
  }
  const rest = (): Promise<void> => sleep(timers, pause)
  return () => {
    if (next === undefined) {
      next = turn()
      before = next.then(rest, rest)
    }
    return next
  }
}
