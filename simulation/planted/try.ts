/** Simulates seeds with a planted bug, and what that breaks without it as well: no breach that is there anyway is a catch. */
import type { Breach } from '../judge.ts'
import { Simulator } from '../simulator.ts'
import type { Trial } from '../worker.ts'

export type Caught = Pick<Breach, 'invariant' | 'at' | 'where' | 'why'> & { readonly seed: number }

/** What counts as a catch: of one invariant; without, of any. */
export type Wanted = string | undefined

/** A program that throws would be seen anywhere: that is nobody's catch. */
const isCatch = ({ invariant }: Breach, wanted: Wanted): boolean => invariant !== 'bug' && (wanted === undefined || invariant === wanted)

/** What simulates without a bug: once for each trial. */
export class Control {
  readonly #simulator = new Simulator()
  readonly #known = new Map<string, Promise<void>>()
  #turn: Promise<unknown> = Promise.resolve()

  /** @throws Error when the trial breaks anything without a planted bug */
  confirm(trial: Trial): Promise<void> {
    const key = JSON.stringify(trial)
    const known = this.#known.get(key) ?? this.#next(trial)
    this.#known.set(key, known)
    return known
  }

  close(): void {
    this.#simulator.close()
  }

  async #next(trial: Trial): Promise<void> {
    const told = this.#turn.then(() => this.#simulator.run(trial))
    this.#turn = told.catch(() => {})
    const { seed, breaches: [first] } = await told
    if (first !== undefined) throw new Error(`seed ${seed} breaks ${first.invariant} without a planted bug: ${first.where}: ${first.why}`)
  }
}

/** Of the first trial that has one, the first breach that is wanted; undefined: none of them has. @throws Error when the bug cannot be planted, or the trial breaks something without it */
export async function tryWith(bug: string, trials: readonly Trial[], { control, wanted }: { readonly control: Pick<Control, 'confirm'>; readonly wanted?: Wanted }): Promise<Caught | undefined> {
  const simulator = new Simulator(bug)
  try {
    for (const trial of trials) {
      const { seed, breaches } = await simulator.run(trial)
      const found = breaches.find((breach) => isCatch(breach, wanted))
      if (found === undefined) continue
      await control.confirm(trial)
      const { invariant, at, where, why } = found
      return { seed, invariant, at, where, why: why.split('\n')[0] ?? '' }
    }
    return undefined
  } finally {
    simulator.close()
  }
}
