import { expect } from 'chai'
import { cover, everything, pairwise } from './pairs.ts'

describe('the choice of faults', () => {
  it('covers every pair of fault, action and write, with a fraction of them all', () => {
    const all = everything()
    const chosen = pairwise(all)
    expect(cover(chosen)).to.deep.equal(cover(all))
    expect(chosen.length, `${chosen.length} of ${all.length}`).to.be.lessThan(all.length / 4)
    expect(new Set(chosen).size).to.equal(chosen.length)
  })
})
