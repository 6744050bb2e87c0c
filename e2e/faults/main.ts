/**
 * `make faults`: every fault at every write of every action, and everything that happens to watches and processes. Prints
 * a table, and what it found; fails when an invariant was broken, or something did not end as without the fault.
 */
import { minutes } from '../../shared/lib/time.ts'
import { judge, tell } from '../../shared/testing/oracle/checker.ts'
import { INVARIANTS } from '../../shared/testing/oracle/invariants/index.ts'
import { everything } from './pairs.ts'
import { PROCESS_FAULTS } from './processes.ts'
import { Trials } from './trials.ts'
import { table, verdicts } from './verdict.ts'
import { WATCH_FAULTS } from './watches.ts'

const trials = await Trials.start()
try {
  const cells = everything()
  console.log(`${cells.length} faults at writes, ${WATCH_FAULTS.length} of watches, ${PROCESS_FAULTS.length} of processes`)
  await trials.takeBaseline()
  await trials.atWrites(cells.filter(({ fault }) => fault.when !== 'kill'))
  await trials.byKilling(cells.filter(({ fault }) => fault.when === 'kill'))
  for (const { name, happens } of WATCH_FAULTS) await trials.during(name, () => happens(trials), { within: minutes(4) })
  for (const { run } of PROCESS_FAULTS) await run(trials)
  trials.mark('FaultsEnd')
  const history = trials.history()
  const verdict = judge(history, INVARIANTS)
  const rows = verdicts(history, verdict, trials.done, trials.baseline)
  for (const { trial, violations, undecided } of rows) for (const why of [...violations, ...undecided]) console.log(`${trial.what}, ${trial.action}: ${why}`)
  console.log(tell(verdict.broken))
  console.log(table(rows))
  process.exitCode = verdict.broken.length > 0 || rows.some(({ violations }) => violations.length > 0) ? 1 : 0
} finally {
  await trials.stop()
}
