import { expect } from 'chai'
import { isPattern, readPattern } from './pattern.ts'

const matches = (source: string, text: string): boolean => {
  const read = readPattern(source)
  if (!isPattern(read)) throw new Error(read.problem)
  return read.matches(text)
}

describe('patterns', () => {
  const cases: [string, string, boolean][] = [
    ['Back-off', 'Back-off restarting failed container', true],
    ['^Back-off', 'x Back-off', false],
    ['(?i)back-OFF', 'Back-off', true],
    ['statuscode: 5[0-9]{2}$', 'HTTP probe failed with statuscode: 503', true],
    ['statuscode: 5[0-9]{2}$', 'HTTP probe failed with statuscode: 404', false],
    ['\\p{Lu}', 'abC', true],
    ['', 'anything', true],
  ]
  for (const [source, text, expected] of cases) it(`${source} in ${text}: ${expected}`, () => expect(matches(source, text)).to.equal(expected))

  const malformed: [string, string][] = [
    ['(', 'missing closing )'],
    ['(?=x)', 'invalid or unsupported Perl syntax: "(?="'],
    ['(a)\\1', 'invalid escape sequence: "\\1"'],
    ['a{1001}', 'invalid repeat count'],
    ['x**', 'invalid nested repetition operator'],
    ['((a{100}){100}){100}', 'invalid repeat count'],
  ]
  for (const [source, problem] of malformed) {
    it(`${source} is no pattern: ${problem}`, () => {
      const read = readPattern(source)
      expect(isPattern(read) ? '' : read.problem).to.include(problem)
    })
  }
  it('what people quote reaches no terminal raw', () => {
    const read = readPattern('(\u001b[31m\u202e')
    expect(isPattern(read) ? '' : read.problem).to.not.include('\u001b').and.not.include('\u202e')
  })
  it('answers in linear time where backtracking would take for ever', () => {
    expect(matches('^(a+)+$', `${'a'.repeat(2000)}!`)).to.equal(false)
    expect(matches('(x+x+)+y', 'x'.repeat(2000))).to.equal(false)
  })
})
