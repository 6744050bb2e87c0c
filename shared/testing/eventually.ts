import { setTimeout as delay } from 'node:timers/promises'
import { millis, type Millis } from '../lib/time.ts'

/** Repeats the assertion, after `pause`, until it passes, or throws its last failure. Real time: for suites on a real server. */
export async function eventually<T>(assertion: () => T | Promise<T>, within: Millis = millis(10_000), pause: Millis = millis(100)): Promise<T> {
  const deadline = performance.now() + within
  for (;;) {
    try {
      return await assertion()
    } catch (error) {
      if (performance.now() >= deadline) throw error
      await delay(pause)
    }
  }
}
