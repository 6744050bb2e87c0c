/**
 * `make faults`: every fault at every write of every action, and everything that happens to watches and processes. Prints
 * what it found, a table, and how many of each; fails when an invariant was broken, something did not end as it should, or
 * a fault never came about. What the history leaves undecided is told, and fails nothing.
 *
 *     node e2e/faults/main.ts [NAME...]     only the portions whose names begin so
 */
import { LADDER } from './actions.ts'
import { judged } from './judged.ts'
import { PORTIONS, type Portion } from './portions.ts'
import { Trials } from './trials.ts'
import { elsewhere, found, gapsIn, isRefuted, neverCameAbout, notForbidden, summary, table, unusual, usual, wrongBreakers, type Row, type Told } from './verdict.ts'

const begun = performance.now()
const say = (line: string): void => { console.log(`${((performance.now() - begun) / 60_000).toFixed(1)} min  ${line}`) }

/** On a cluster of its own. */
async function attempt({ least, actions, forbids, tries }: Portion): Promise<{ readonly rows: readonly Row[]; readonly told: Told }> {
  const trials = await Trials.start(say)
  try {
    await trials.takeBaseline()
    const forbidden = await tries(trials)
    const { history, verdict, rows } = judged(trials)
    return {
      rows,
      told: {
        tried: rows.length,
        violations: [
          ...(rows.length < least ? [`${rows.length} faults tried, of ${least}`] : []),
          ...gapsIn(history),
          ...unusual(usual(history, trials.baseline), actions),
          ...notForbidden(history, forbidden, forbids),
          ...(actions.includes(LADDER.name) ? wrongBreakers(history, trials.done, trials.baseline) : []),
          ...found(rows, 'violations'),
          ...elsewhere(verdict.broken, trials.done),
        ],
        undecided: [...found(rows, 'undecided'), ...elsewhere(verdict.undecided, trials.done)],
        neverCameAbout: neverCameAbout(rows),
      },
    }
  } finally {
    await trials.stop()
  }
}

const words = process.argv.slice(2)
const chosen = PORTIONS.filter(({ name }) => words.length === 0 || words.some((word) => name.startsWith(word)))
if (chosen.length === 0) {
  console.error(`there is no ${words.join(', ')}: ${PORTIONS.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}

const rows: Row[] = []
const all: Told[] = []
for (const [index, portion] of chosen.entries()) {
  say(`${portion.name}: ${portion.least} faults (${index + 1} of ${chosen.length})`)
  const { rows: its, told } = await attempt(portion)
  rows.push(...its)
  all.push(told)
  for (const line of told.violations) console.log(`violation: ${line}`)
  for (const line of told.undecided) console.log(`undecided: ${line}`)
  for (const line of told.neverCameAbout) console.log(`never came about: ${line}`)
  say(`${portion.name}: ${summary(told)}`)
}
const told: Told = {
  tried: rows.length,
  violations: all.flatMap(({ violations }) => violations),
  undecided: all.flatMap(({ undecided }) => undecided),
  neverCameAbout: all.flatMap((each) => each.neverCameAbout),
}
console.log(table(rows))
console.log(summary(told))
process.exitCode = isRefuted(told) ? 1 : 0
