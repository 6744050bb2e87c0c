import { expect } from 'chai'
import { fileURLToPath } from 'node:url'
import { describeError, excerpt, failureReport, type StepEnd } from './failures.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

const step = (name: string, failed: number, more: Partial<StepEnd> = {}): StepEnd => ({
  name,
  tally: { passed: 14, failed },
  failures: Array.from({ length: failed }, (_, index) => ({ title: `${name} test ${index + 1}`, error: `error ${index + 1}` })),
  ...more,
})

describe('the report of what failed', () => {
  it('is nothing when nothing failed', () => expect(failureReport([])).to.deep.equal([]))

  it('names each test with its error, below the step', () => {
    expect(failureReport([step('e2e/a', 2)])).to.deep.equal([
      '   e2e/a: 14 passed, 2 failed',
      '    - e2e/a test 1',
      '      error 1',
      '    - e2e/a test 2',
      '      error 2',
    ])
  })

  it('tells of a step without failing tests why it failed and what it said', () => {
    const silent = step('e2e/a', 0, { tally: { passed: 0, failed: 1 }, why: 'ended with code 1 and no result', output: ['SyntaxError: x', 'at y'] })
    expect(failureReport([silent])).to.deep.equal(['   e2e/a: 0 passed, 1 failed, ended with code 1 and no result', '      SyntaxError: x', '      at y'])
  })

  it('leaves the errors out before it leaves a title out', () => {
    expect(failureReport([step('s', 3)], 5)).to.deep.equal(['   s: 14 passed, 3 failed', '    - s test 1', '      error 1', '    - s test 2', '    - s test 3'])
    expect(failureReport([step('s', 3)], 4)).to.deep.equal(['   s: 14 passed, 3 failed', '    - s test 1', '    - s test 2', '    - s test 3'])
    expect(failureReport([step('s', 3)], 3)).to.deep.equal(['   s: 14 passed, 3 failed', '    - s test 1', '    and 2 more'])
  })

  it('gives the room that one step leaves to the others', () => {
    const report = failureReport([step('few', 1), step('many', 30)])
    expect(report).to.have.length(20)
    expect(report.slice(0, 3)).to.deep.equal(['   few: 14 passed, 1 failed', '    - few test 1', '      error 1'])
    expect(report.at(-1)).to.equal('    and 15 more')
  })

  it('is never longer than it may be, however much has failed', () => {
    const many = Array.from({ length: 30 }, (_, index) => step(`s${index}`, 9))
    for (const lines of [1, 5, 20, 31, 300]) expect(failureReport(many, lines).length).to.be.at.most(lines)
    expect(failureReport(many).at(-1)).to.equal('   and 11 more')
  })

  it('cuts a line that is longer than 240 characters, and takes colours out', () => {
    const [, title, error] = failureReport([step('s', 1, { failures: [{ title: '\u001b[31mred\u001b[0m', error: 'x'.repeat(241) }] })])
    expect(title).to.equal('    - red')
    expect(error?.trim()).to.have.length(240).and.match(/x…$/)
    expect(failureReport([step('s', 1, { failures: [{ title: 't', error: 'x'.repeat(240) }] })])[2]?.trim()).to.equal('x'.repeat(240))
  })
})

describe('an error in one line', () => {
  it('begins with the place in this tree', () => {
    expect(describeError(new TypeError('no such thing'), root)).to.match(/^hack\/ci\/failures\.test\.ts:\d+: TypeError: no such thing$/)
  })
  it('has its first lines, and no more', () => {
    expect(describeError(Object.assign(new Error('a\n\n  b\nc\nd'), { stack: '' }), root)).to.equal('a | b | c')
  })
  it('may be anything that was thrown', () => {
    expect(describeError('text', root)).to.equal('text')
    expect(describeError(undefined, root)).to.equal('undefined')
  })
  it('names no place when the stack holds none of ours', () => {
    const error = Object.assign(new Error('m'), { stack: `Error: m\n    at f (${root}node_modules/chai/index.js:1:1)\n    at node:internal/x:1:1` })
    expect(describeError(error, root)).to.equal('m')
  })
})

describe('an excerpt of what a program said', () => {
  it('is of its beginning or of its end, without blank lines', () => {
    expect(excerpt('\n1\n2\n\n3\n4\n', 'beginning')).to.deep.equal(['1', '2', '3'])
    expect(excerpt('\n1\n2\n\n3\n4\n', 'end')).to.deep.equal(['2', '3', '4'])
  })
})
