/**
 * `make faults`: every fault at every write of every action, and everything that happens to watches and processes. Prints
 * a table, and what it found; fails when an invariant was broken, or something did not end as without the fault.
 */
import { minutes } from '../../shared/lib/time.ts'
import { tell } from '../../shared/testing/oracle/checker.ts'
import { LADDER, RUNGS } from './actions.ts'
import { found, judged } from './judged.ts'
import { atBreakers, everything } from './pairs.ts'
import { PROCESS_FAULTS } from './processes.ts'
import { Trials } from './trials.ts'
import { table } from './verdict.ts'
import { WATCH_FAULTS } from './watches.ts'

const trials = await Trials.start()
try {
  const [cells, breakers] = [everything(), atBreakers()]
  console.log(`${cells.length} faults at writes, ${breakers.length} at breakers, ${WATCH_FAULTS.length} of watches, ${PROCESS_FAULTS.length} of processes`)
  await trials.takeBaseline()
  await trials.atWrites(cells.filter(({ fault }) => fault.when !== 'kill'))
  await trials.byKilling(cells.filter(({ fault }) => fault.when === 'kill'))
  await trials.forbidden()
  await trials.together(breakers, LADDER.name, RUNGS)
  for (const { name, happens, comparable = true } of WATCH_FAULTS) await trials.during(name, () => happens(trials), { within: minutes(8), comparable })
  for (const { run } of PROCESS_FAULTS) await run(trials)
  const { verdict, rows } = judged(trials)
  for (const what of ['violations', 'undecided'] as const) for (const line of found(rows, what)) console.log(line)
  console.log(tell(verdict.broken))
  console.log(table(rows))
  process.exitCode = verdict.broken.length > 0 || rows.some(({ violations }) => violations.length > 0) ? 1 : 0
} finally {
  await trials.stop()
}
