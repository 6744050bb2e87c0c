/** Work in lanes: a few at a time in each, in order, and never the same thing twice at once. */

/** As many as a source has connections, unless told otherwise. */
const WIDTH = 4

interface Lane {
  busy: number
  readonly waiting: (() => void)[]
}

export class Lanes {
  readonly #lanes = new Map<string, Lane>()
  readonly #running = new Set<string>()
  readonly #width: number

  constructor(width = WIDTH) {
    this.#width = width
  }

  /** Resolves when it was done; at once when the same key waits or runs already. `work` does not reject. */
  async run(name: string, key: string, work: () => Promise<void>): Promise<void> {
    if (this.#running.has(key)) return
    this.#running.add(key)
    const lane = this.#lanes.get(name) ?? { busy: 0, waiting: [] }
    this.#lanes.set(name, lane)
    if (lane.busy >= this.#width) await new Promise<void>((resolve) => void lane.waiting.push(resolve))
    else lane.busy++
    try {
      await work()
    } finally {
      this.#running.delete(key)
      const next = lane.waiting.shift()
      // Whoever waits takes the place over.
      if (next !== undefined) next()
      else if (--lane.busy === 0) this.#lanes.delete(name)
    }
  }
}
