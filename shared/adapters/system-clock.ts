import { performance } from 'node:perf_hooks'
import { instant, millis, type Clock } from '../lib/time.ts'
import type { Timers } from '../runtime/timers.ts'

/** `setTimeout` fires at once for anything above this. */
const LONGEST_TIMEOUT = 2 ** 31 - 1

export const systemClock: Clock = { now: () => instant(Date.now()) }

export const systemTimers: Timers = {
  monotonic: () => millis(performance.now()),
  after: (delay, run) => {
    const due = performance.now() + delay
    let handle: NodeJS.Timeout
    const arm = (): void => {
      const rest = due - performance.now()
      handle = rest > LONGEST_TIMEOUT ? setTimeout(arm, LONGEST_TIMEOUT) : setTimeout(run, Math.max(0, rest))
    }
    arm()
    return () => clearTimeout(handle)
  },
}
