import { expect } from 'chai'
import { FAILED, judgeSuite, PASSED, sum, summary } from './tally.ts'

const result = (passed: number, failed = 0, skipped = 0) => ({ passed, failed, skipped, failures: [] })

describe('the verdict over a suite', () => {
  it('counts its tests', () => expect(judgeSuite({ result: result(7), code: 0 })).to.deep.equal({ passed: 7, failed: 0 }))
  it('counts its failures', () => expect(judgeSuite({ result: result(5, 2), code: 2 })).to.deep.equal({ passed: 5, failed: 2 }))
  it('no test is a failure', () => expect(judgeSuite({ result: result(0), code: 0 })).to.include({ passed: 0, failed: 1 }))
  it('a skipped test is a failure', () => expect(judgeSuite({ result: result(5, 0, 2), code: 0 })).to.include({ passed: 5, failed: 2 }))
  it('no result is a failure, whatever the exit code', () => expect(judgeSuite({ code: 0 })).to.include({ passed: 0, failed: 1 }))
  it('a bad exit after good results is a failure', () => expect(judgeSuite({ result: result(5), code: 1 })).to.include({ passed: 5, failed: 1 }))
  it('one that had to be stopped after good results is a failure', () => expect(judgeSuite({ result: result(5) })).to.include({ passed: 5, failed: 1 }))
})

describe('the summary', () => {
  it('adds everything up in one line', () => expect(summary(sum([PASSED, FAILED, { passed: 40, failed: 2 }]))).to.equal('41 passed, 3 failed'))
  it('of nothing is zero', () => expect(summary(sum([]))).to.equal('0 passed, 0 failed'))
})
