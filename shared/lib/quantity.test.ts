import { expect } from 'chai'
import { parseQuantity } from './quantity.ts'

describe('quantities', () => {
  const cases: readonly [string, unknown, number | undefined][] = [
    ['a whole number', '3', 3],
    ['millicores', '250m', 0.25],
    ['nanocores, as metrics-server writes them', '12345678n', 0.012345678],
    ['microcores', '5u', 0.000005],
    ['binary suffixes', '1.5Gi', 1.5 * 2 ** 30],
    ['decimal suffixes', '2M', 2_000_000],
    ['kilo is a small k', '4k', 4000],
    ['an exponent', '2e3', 2000],
    ['a large E is a suffix when nothing follows', '1E', 1e18],
    ['a large E is an exponent before digits', '1E2', 100],
    ['no digit before the dot', '.5', 0.5],
    ['no digit after the dot', '5.', 5],
    ['a sign', '-1', -1],
    ['a number', 7, 7],
    ['nothing', '', undefined],
    ['a large K, which is none', '1K', undefined],
    ['a suffix alone', 'Gi', undefined],
    ['words', 'lots', undefined],
    ['blanks', ' 1', undefined],
    ['not a number', Number.NaN, undefined],
    ['too large to be told', '9e999', undefined],
    ['an object', {}, undefined],
    ['a very long text', '1'.repeat(65), undefined],
  ]
  for (const [title, raw, expected] of cases) {
    it(title, () => {
      const value = parseQuantity(raw)
      if (expected === undefined || value === undefined) expect(value).to.equal(expected)
      else expect(value).to.be.closeTo(expected, Math.abs(expected) * 1e-12)
    })
  }
})
