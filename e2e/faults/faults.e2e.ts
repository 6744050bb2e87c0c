/**
 * Every pair of fault, action and write on a real API server, and what goes wrong with watches. Judged by the API
 * server's own history: beside that of the run without fault, and by every invariant.
 */
import { expect } from 'chai'
import { minutes } from '../../shared/lib/time.ts'
import { judge, tell, type Verdict } from '../../shared/testing/oracle/checker.ts'
import { INVARIANTS } from '../../shared/testing/oracle/invariants/index.ts'
import { everything, pairwise } from './pairs.ts'
import { ACTIONS } from './actions.ts'
import { HEALED, table, usual, verdicts, type Row } from './verdict.ts'
import { Trials } from './trials.ts'
import { WATCH_FAULTS } from './watches.ts'

describe('healing under faults', function () {
  this.timeout(600_000)
  let trials: Trials
  let rows: readonly Row[] = []
  let verdict: Verdict
  const cells = pairwise(everything())

  before('start a cluster, and take what happens without a fault', async function () {
    this.timeout(900_000)
    trials = await Trials.start()
    await trials.takeBaseline()
  })
  after(async () => trials?.stop())

  it('ends whatever goes wrong with each write', () => trials.atWrites(cells.filter(({ fault }) => fault.when !== 'kill')))
  it('ends wherever the controller is killed', () => trials.byKilling(cells.filter(({ fault }) => fault.when === 'kill')))
  for (const { name, happens } of WATCH_FAULTS) it(`ends with ${name}`, () => trials.during(name, () => happens(trials), { within: minutes(4) }))

  describe('in the history of the API server', () => {
    before(() => {
      trials.mark('FaultsEnd')
      const history = trials.history()
      verdict = judge(history, INVARIANTS)
      rows = verdicts(history, verdict, trials.done, trials.baseline)
      console.log(table(rows))
    })

    it('without a fault each action is done once, and judged', () => {
      const done = usual(trials.history(), trials.baseline)
      expect(done).to.have.length(ACTIONS.length)
      expect(done.filter((outline) => !HEALED.test(outline))).to.deep.equal([])
    })
    it('everything was written and ended as without the fault', () => {
      expect(rows.flatMap(({ trial, violations }) => violations.map((why) => `${trial.what}, ${trial.action}: ${why}`))).to.deep.equal([])
    })
    it('every fault came about, and nothing is left open', () => {
      expect(rows.length).to.be.at.least(cells.length)
      expect(rows.flatMap(({ trial, undecided }) => undecided.map((why) => `${trial.what}, ${trial.action}: ${why}`))).to.deep.equal([])
    })
    for (const { invariant, title } of INVARIANTS) {
      it(`${invariant} holds: ${title}`, () => expect(tell(verdict.broken.filter((finding) => finding.invariant === invariant))).to.equal(''))
    }
  })
})
