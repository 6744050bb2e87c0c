/** What the history of the API server says of trials: of every suite of faults the same. */
import { expect } from 'chai'
import { judge, tell, type Verdict } from '../../shared/testing/oracle/checker.ts'
import type { History } from '../../shared/testing/oracle/history.ts'
import { INVARIANTS } from '../../shared/testing/oracle/invariants/index.ts'
import { ALL } from './actions.ts'
import type { Trials } from './trials.ts'
import { found, gapsIn, neverCameAbout, table, unusual, usual, verdicts, type Row } from './verdict.ts'

export interface Judged {
  readonly history: History
  readonly verdict: Verdict
  readonly rows: readonly Row[]
}

/** Nothing goes wrong from here on. */
export function judged(trials: Trials): Judged {
  trials.mark('FaultsEnd')
  const history = trials.history()
  const verdict = judge(history, INVARIANTS)
  return { history, verdict, rows: verdicts(history, verdict, trials.done, trials.baseline) }
}

const onceEach = (done: readonly string[]): void => {
  expect(done).to.have.length(ALL.length)
  expect(unusual(done, ALL.map(({ name }) => name)).join('\n')).to.equal('')
}

/**
 * @param least so many trials there are
 * @param asUsual what was done without a fault
 */
export function itIsJudged(trials: () => Trials, least: number, asUsual: (done: readonly string[], history: History) => void = onceEach): void {
  describe('in the history of the API server', () => {
    let history: History
    let rows: readonly Row[]
    let verdict: Verdict
    before(() => {
      ({ history, rows, verdict } = judged(trials()))
      console.log(table(rows))
    })

    it('without a fault everything is done as it should be', () => asUsual(usual(history, trials().baseline), history))
    it('everything was written and ended as without the fault', () => {
      expect(found(rows, 'violations').join('\n')).to.equal('')
    })
    it('every fault came about, and nothing is left open', () => {
      expect(rows.length).to.be.at.least(least)
      expect(neverCameAbout(rows).join('\n')).to.equal('')
      // What the fault itself may have undone may still be on its way when the history ends.
      expect(found(rows.filter(({ trial }) => trial.comparable), 'undecided').join('\n')).to.equal('')
    })
    it('nothing is missing from it', () => {
      expect(gapsIn(history).join('\n')).to.equal('')
    })
    for (const { invariant, title } of INVARIANTS) {
      it(`${invariant} holds: ${title}`, () => expect(tell(verdict.broken.filter((finding) => finding.invariant === invariant))).to.equal(''))
    }
  })
}
