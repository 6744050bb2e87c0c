import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, constants, setPriority } from 'node:os'

const THREADS = '/proc/self/task'

/**
 * On a single CPU the four threads on which V8 compiles and collects are equals of the one that answers, and it waits for its turn for tens of milliseconds:
 * from here on they get what it leaves. Where there are more CPUs (a limit of the pod counts) they are in nobody's way.
 */
export function yieldToMainThread(): void {
  if (process.platform !== 'linux' || availableParallelism() > 1) return
  for (const thread of readdirSync(THREADS)) {
    try {
      if (readFileSync(`${THREADS}/${thread}/comm`, 'utf8').includes('V8Worker')) setPriority(Number(thread), constants.priority.PRIORITY_LOW)
    } catch {
      // Ended since, or not allowed here: all goes on, with longer waits.
    }
  }
}
