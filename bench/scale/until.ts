/** Looks again and again. */
import { setTimeout as sleep } from 'node:timers/promises'
import { now } from './parts.ts'

/** Milliseconds; a busy machine needs a good part of it. */
const PATIENCE = 180_000

/**
 * @param every milliseconds between two looks
 * @param patience milliseconds after which it throws, with `what` in its message
 */
export async function until(what: string, look: () => Promise<boolean>, every: number, patience = PATIENCE): Promise<void> {
  for (const end = now() + patience; !(await look());) {
    if (now() > end) throw new Error(`${what}: not within ${patience / 1000} s`)
    await sleep(every)
  }
}
