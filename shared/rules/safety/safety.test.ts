import { expect } from 'chai'
import { check } from '../test-policy.ts'
import { ks401 } from './ks401-max-actions.ts'

describe('KS401 actions per hour', () => {
  const of = (maxActionsPerHour: number, ceiling = 60): string[] => check(ks401, { safetyRules: { maxActionsPerHour } }, { ceiling: { maxActionsPerHour: ceiling } })
  const at = 'spec.safetyRules.maxActionsPerHour'

  it('zero and less are refused, one passes', () => {
    expect(of(-1)).to.deep.equal([`${at}: -1 is not above zero`])
    expect(of(0)).to.deep.equal([`${at}: 0 is not above zero`])
    expect(of(1)).to.deep.equal([])
  })
  it('the ceiling passes, one more is refused', () => {
    expect(of(59)).to.deep.equal([])
    expect(of(60)).to.deep.equal([])
    expect(of(61)).to.deep.equal([`${at}: 61 is above the ceiling of this installation (60)`])
  })
  it("the ceiling is the installation's", () => {
    expect(of(3, 2)).to.deep.equal([`${at}: 3 is above the ceiling of this installation (2)`])
    expect(of(61, 200)).to.deep.equal([])
  })
})
