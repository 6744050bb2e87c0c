/** What was wrong with a run. */
import { judge, type Finding } from '../shared/testing/oracle/checker.ts'
import { INVARIANTS } from '../shared/testing/oracle/invariants/index.ts'
import type { Plan } from './plan/plan.ts'
import { fingerprint } from './engine/journal.ts'
import { sealed } from './engine/sealed.ts'
import { simulate, type Run } from './engine/simulation.ts'

export interface Breach {
  /** I1 to I20; `bug`: the program threw what no API answered. */
  readonly invariant: string
  /** Seconds from the beginning. */
  readonly at: number
  readonly where: string
  readonly action?: string
  readonly why: string
}

export interface Verdict {
  readonly run: Run
  readonly breaches: readonly Breach[]
  /** What its history does not tell enough of, by invariant. */
  readonly undecided: Readonly<Record<string, number>>
  readonly fingerprint: string
}

/** Carries a plan out, sealed off, and judges what became of it. */
export async function verdictOf(plan: Plan, until = plan.end): Promise<Verdict> {
  const run = await sealed(() => simulate(plan, until))
  const { broken, undecided } = judge(run.history, INVARIANTS)
  const counts = new Map<string, number>()
  for (const { invariant } of undecided) counts.set(invariant, (counts.get(invariant) ?? 0) + 1)
  return { run, breaches: breachesOf(run, broken), undecided: Object.fromEntries(counts), fingerprint: fingerprint(run) }
}

function breachesOf({ bugs, world: { clock } }: Run, broken: readonly Finding[]): Breach[] {
  return [
    ...bugs.map(({ at, who, what }): Breach => ({ invariant: 'bug', at, where: who, why: what })),
    ...broken.map(({ invariant, at, where, action, why }): Breach => ({ invariant, at: Math.round((at - clock.began) / 100) / 10, where, why, ...(action === undefined ? {} : { action }) })),
  ]
}
