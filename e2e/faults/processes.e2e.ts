/** What happens to the processes of the controller and of the control plane, while every action is on its way. Judged as in `faults.e2e.ts`. */
import { expect } from 'chai'
import { judge, tell, type Verdict } from '../../shared/testing/oracle/checker.ts'
import { INVARIANTS } from '../../shared/testing/oracle/invariants/index.ts'
import { ACTIONS } from './actions.ts'
import { PROCESS_FAULTS } from './processes.ts'
import { HEALED, table, usual, verdicts, type Row } from './verdict.ts'
import { Trials } from './trials.ts'

describe('healing while processes fail', function () {
  this.timeout(600_000)
  let trials: Trials
  let rows: readonly Row[] = []
  let verdict: Verdict

  before('start a cluster, and take what happens without a fault', async function () {
    this.timeout(900_000)
    trials = await Trials.start()
    await trials.takeBaseline()
  })
  after(async () => trials?.stop())

  for (const { name, run } of PROCESS_FAULTS) it(`ends when ${name}`, () => run(trials))

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
      expect(rows.length).to.be.at.least(PROCESS_FAULTS.length * ACTIONS.length)
      // What a restored etcd has brought back may still be on its way when the history ends.
      expect(rows.filter(({ trial }) => trial.comparable).flatMap(({ trial, undecided }) => undecided.map((why) => `${trial.what}, ${trial.action}: ${why}`))).to.deep.equal([])
    })
    for (const { invariant, title } of INVARIANTS) {
      it(`${invariant} holds: ${title}`, () => expect(tell(verdict.broken.filter((finding) => finding.invariant === invariant))).to.equal(''))
    }
  })
})
