/** The history of a run, as the checkers of the invariants read it. */
import { seconds, type Millis } from '../shared/lib/time.ts'
import { historyOfJournal } from '../shared/testing/oracle/from-journal.ts'
import type { Entry, History, Mark } from '../shared/testing/oracle/history.ts'
import type { World } from './world/world.ts'
import { APPROVER, isController } from './world/world.ts'

/** What only the simulation knows, after so many items of the journal. Their times do not tell: the server's clock jumps. */
export interface Noted {
  readonly after: number
  readonly mark: Mark
}

/** What is on its way when something changes: no request takes longer than its own deadline. */
const SLACK: Millis = seconds(10)

export function historyOf({ cluster, clock, installation: { ceiling, budgets } }: Pick<World, 'cluster' | 'clock' | 'installation'>, noted: readonly Noted[]): History {
  const history = historyOfJournal(cluster.journal, {
    until: clock.now(),
    isController,
    limits: { ceiling: ceiling.maxActionsPerHour, ...budgets },
    mayApprove: (user) => user === APPROVER,
    slack: SLACK,
  })
  const entries: Entry[] = []
  for (const [at, entry] of history.entries.entries()) entries.push(...noted.filter(({ after }) => after === at).map(({ mark }) => mark), entry)
  return { ...history, entries: [...entries, ...noted.filter(({ after }) => after >= history.entries.length).map(({ mark }) => mark)] }
}
