import { expect } from 'chai'
import * as fc from 'fast-check'
import { nearest, plural, printable, quoted, withinEdits } from './text.ts'

describe('printable', () => {
  const cases: readonly [what: string, given: string, shown: string][] = [
    ['leaves plain text alone', 'cart-0', 'cart-0'],
    ['drops escape sequences', '\u001b[2Jcart', '[2Jcart'],
    ['drops line breaks and tabs', 'a\r\nb\tc', 'abc'],
    ['drops NUL, DEL and C1 controls', 'a\u0000b\u007fc\u009bd', 'abcd'],
    ['drops bidirectional controls', '\u202ea\u2066b\u200f', 'ab'],
    ['drops zero-width characters and the byte order mark', 'a\u200bb\ufeffc', 'abc'],
    ['drops line and paragraph separators', 'a\u2028b\u2029c', 'abc'],
    ['drops half a surrogate pair', 'a\ud83d', 'a'],
    ['keeps letters of every script, and emoji', 'Käse 日本 😀', 'Käse 日本 😀'],
  ]
  for (const [what, given, shown] of cases) it(what, () => expect(printable(given)).to.equal(shown))

  it('cuts one character past the limit, and not at it', () => {
    expect(printable('x'.repeat(120))).to.equal('x'.repeat(120))
    expect(printable('x'.repeat(121))).to.equal(`${'x'.repeat(119)}…`)
  })

  it('counts code points', () => {
    expect(printable('😀'.repeat(5), 5)).to.equal('😀'.repeat(5))
    expect(printable('😀'.repeat(6), 5)).to.equal(`${'😀'.repeat(4)}…`)
  })

  it('does not copy megabytes', () => {
    expect(printable('x'.repeat(10_000_000), 10)).to.equal(`${'x'.repeat(9)}…`)
  })

  it('never shows a control character, never exceeds its limit, and changes nothing the second time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 1, max: 200 }), (value, max) => {
        const shown = printable(value, max)
        expect(shown).not.to.match(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u)
        expect(Array.from(shown).length).to.be.at.most(max)
        expect(printable(shown, max)).to.equal(shown)
      }),
    )
  })
})

describe('quoted', () => {
  it('cannot be closed by the value', () => expect(quoted('a" and "b')).to.equal(`"a' and 'b"`))
})

describe('plural', () => {
  it('counts', () => expect([0, 1, 2].map((count) => plural(count, 'pod'))).to.deep.equal(['0 pods', '1 pod', '2 pods']))
})

describe('nearest', () => {
  const words = ['CrashLoopBackOff', 'OOMKilled', 'Ready']
  const cases: readonly [word: string, found: string[]][] = [
    ['CrashLoopBackof', ['CrashLoopBackOff']],
    ['crashloopbackoff', ['CrashLoopBackOff']],
    ['OOMKill', ['OOMKilled']],
    ['redy', ['Ready']],
    ['', []],
    ['somethingelse', []],
  ]
  for (const [word, found] of cases) it(`offers ${found.join(', ') || 'nothing'} for ${JSON.stringify(word)}`, () => expect(nearest(word, words)).to.deep.equal(found))

  it('offers the best first, as many as asked for', () => {
    expect(nearest('mode', ['modes', 'node', 'mode'], 2)).to.deep.equal(['mode', 'modes'])
  })

  it('is quick with a hostile word', () => {
    expect(nearest('x'.repeat(1_000_000), words)).to.deep.equal([])
  })
})

describe('withinEdits', () => {
  for (const [a, b, most, within] of [['cart', 'cart', 0, true], ['cart', 'card', 0, false], ['cart', 'CARD', 1, true], ['cart', 'crat', 1, false], ['cart', 'crat', 2, true], ['', 'ab', 2, true], ['', 'abc', 2, false]] as const) {
    it(`${a === '' ? 'nothing' : a} is ${within ? '' : 'not '}within ${most} of ${b}`, () => expect(withinEdits(a, b, most)).to.equal(within))
  }
})
