/** Simulates the plans of the seeds that it is sent, one after another. */
import { verdictOf, type Breach } from './judge.ts'
import { planOf } from './plan/generate.ts'

export interface Told {
  readonly seed: number
  /** Writes to workloads that changed something. */
  readonly acts: number
  /** How often each kind of fault met something. */
  readonly hits: Readonly<Record<string, number>>
  readonly breaches: readonly Breach[]
  /** What could not be judged, by invariant. */
  readonly undecided: Readonly<Record<string, number>>
  /** Of its journal. */
  readonly fingerprint: string
}

/** A seed, and how much of its plan: what is over before is not waited for. */
export interface Trial {
  readonly seed: number
  /** Seconds; absent: all of it. */
  readonly until?: number
}

async function tell({ seed, until }: Trial): Promise<void> {
  const plan = planOf(seed)
  const { run, breaches, undecided, fingerprint } = await verdictOf(plan, until)
  const acts = run.journal.filter(({ call, changed }) => changed && call.impersonate !== undefined).length
  process.send?.({ seed, acts, hits: Object.fromEntries(run.world.faults.hits), breaches, undecided, fingerprint } satisfies Told)
}

process.on('message', (trial: Trial) => void tell(trial))
