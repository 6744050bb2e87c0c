/** Looks again and again. */
import { waitFor } from '../../e2e/cluster/wait.ts'

/** Milliseconds; a busy machine needs a good part of it. */
const PATIENCE = 180_000

/**
 * @param every milliseconds between two looks
 * @param patience milliseconds after which it throws, with `what` in its message
 */
export async function until(what: string, look: () => Promise<boolean>, every: number, patience = PATIENCE): Promise<void> {
  if (await waitFor({ timeout: patience, every }, look) === undefined) throw new Error(`${what}: not within ${patience / 1000} s`)
}
