import { setTimeout as sleep } from 'node:timers/promises'

export { sleep }

export interface WaitOptions {
  /** Milliseconds until giving up. */
  readonly timeout: number
  /** Milliseconds between two tries. */
  readonly every: number
}

/** Polls until the answer is neither false nor undefined; undefined when the time is up. */
export async function waitFor<T>(options: WaitOptions, ask: () => Promise<T | false | undefined>): Promise<T | undefined> {
  const end = performance.now() + options.timeout
  for (;;) {
    const answer = await ask()
    if (answer !== false && answer !== undefined) return answer
    if (performance.now() >= end) return undefined
    await sleep(options.every)
  }
}
