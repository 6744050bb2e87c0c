import { expect } from 'chai'
import * as fc from 'fast-check'
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
    ['((a{100}){100}){100}', 'more than 600 steps long'],
    ['(a{1000}){2}', 'invalid repeat count'],
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
  const fits: readonly [string, string, boolean][] = [
    ['a literal of 256 characters', 'x'.repeat(256), true],
    ['a list of names of 512 characters', Array.from({ length: 64 }, (_, index) => `pod-${index}a`).join('|').slice(0, 511), true],
    ['just as long as it may be', '(?:.?){298}', true],
    ['just too long', '(?:.?){300}', false],
    ['repetitions beside each other', '(.?){999}'.repeat(28), false],
    ['repetitions in repetitions', '((a?){30}){30}'.repeat(18), false],
    ['of classes', '[\\pL\\]]{900}'.repeat(4), false],
    ['open-ended', '(?:ab){300,}', false],
    ['stars, which need no room', '(((a*)*)*)*b+c?'.repeat(8), true],
    ['an open class with many backslashes', `[${'\\\\'.repeat(250)}`, false],
    ['braces that repeat nothing', '\\{999\\}{a}[{]999[}]', true],
  ]
  for (const [title, source, short] of fits) it(`${title}: ${short ? 'taken' : 'more steps than may be'}`, () => expect(isPattern(readPattern(source))).to.equal(short))
  it('judges any text in bounded time, and matches with what it takes in bounded time', () => {
    const parts = fc.constantFrom('(', ')', '(.?)', '{999}', '{30}', '{1,31}', '*', '?', '|', '[a-z]', '\\pL', '(?i)', 'a', '[', '\\', ']', '((a?){30}){30}')
    const text = `${'a'.repeat(1023)}!`
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 60 }), (written) => {
        const started = process.hrtime.bigint()
        const read = readPattern(written.join('').slice(0, 512))
        if (isPattern(read)) read.matches(text)
        return Number(process.hrtime.bigint() - started) / 1e6 < 2000
      }),
      { numRuns: 200 },
    )
  })
  it('answers in linear time where backtracking would take for ever', () => {
    expect(matches('^(a+)+$', `${'a'.repeat(2000)}!`)).to.equal(false)
    expect(matches('(x+x+)+y', 'x'.repeat(2000))).to.equal(false)
  })
})
