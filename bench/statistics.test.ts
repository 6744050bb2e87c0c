import { expect } from 'chai'
import { intervalOfMedian, ratio, show, spread, table } from './statistics.ts'

describe('the statistics of a benchmark', () => {
  it('take the middle one of an odd number', () => expect(spread([9, 1, 5])).to.deep.equal({ median: 5, least: 1, most: 9 }))
  it('take the mean of the middle two of an even number', () => expect(spread([10, 1, 4, 2]).median).to.equal(3))
  it('sort numbers as numbers', () => expect(spread([10, 9, 100])).to.deep.equal({ median: 10, least: 9, most: 100 }))
  it('of nothing are not a number', () => expect(spread([]).median).to.be.NaN)
  it('are shown whole', () => expect(show(spread([1.4, 2.6, 9]), 'ms')).to.equal('3 ms (1..9)'))
  it('compare medians', () => expect(ratio(spread([9, 9, 100]), spread([5]))).to.equal('1.8'))
  it('know an interval of the median that narrows with more values', () => {
    const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)
    // Ranks 40 and 61 of 100, as in tables.
    expect(intervalOfMedian(upTo(100))).to.deep.equal([40, 61])
    expect(intervalOfMedian(upTo(10_000))).to.deep.equal([4902, 5099])
    expect(intervalOfMedian([7])).to.deep.equal([7, 7])
    expect(intervalOfMedian([])[0]).to.be.NaN
  })
  it('are aligned', () => expect(table(['', 'x'], [['long', '1']])).to.equal('|      | x |\n|------|---|\n| long | 1 |'))
})
