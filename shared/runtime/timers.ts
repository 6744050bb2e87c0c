import type { Millis } from '../lib/time.ts'

export type Cancel = () => void

/** Waiting, as a port: a fake clock drives the same code in tests. */
export interface Timers {
  /** Milliseconds since an arbitrary origin; never jumps and never goes back, unlike the wall clock. */
  monotonic(): Millis
  /** Calls `run` once, `delay` from now (below zero counts as zero), never before `after` has returned. */
  after(delay: Millis, run: () => void): Cancel
}

/** Uniform in [0, 1). */
export type Random = () => number

/** Resolves after `delay`, or at once when the signal aborts. Never rejects: the caller checks the signal. */
export function sleep(timers: Timers, delay: Millis, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve()
      return
    }
    const wake = (): void => {
      cancel()
      signal?.removeEventListener('abort', wake)
      resolve()
    }
    const cancel = timers.after(delay, wake)
    signal?.addEventListener('abort', wake, { once: true })
  })
}

export const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/**
 * A controller that aborts when any of the signals does. `AbortSignal.any` would do, but each call leaves a weak
 * reference on a long-lived signal; here `release` removes the listener when the work is over.
 */
export function linkedAbort(...signals: readonly (AbortSignal | undefined)[]): { controller: AbortController; release: Cancel } {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  for (const signal of signals) {
    if (signal?.aborted === true) controller.abort()
    else signal?.addEventListener('abort', abort, { once: true })
  }
  return {
    controller,
    release: () => {
      for (const signal of signals) signal?.removeEventListener('abort', abort)
    },
  }
}
