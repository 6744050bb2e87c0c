import { expect } from 'chai'
import { planOf } from './generate.ts'
import { readPlan } from './read.ts'

describe('a plan in a file', () => {
  it('is the one that was printed', () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8, 9]) expect(readPlan(JSON.stringify(planOf(seed)))).to.deep.equal(planOf(seed))
  })

  it('is refused with what it lacks', () => {
    const { happenings: _, ...rest } = planOf(1)
    expect(() => readPlan(JSON.stringify({ ...rest, end: 'late' }))).to.throw('the plan lacks happenings, end')
    expect(() => readPlan('[]')).to.throw('a plan is a JSON object')
  })
})
