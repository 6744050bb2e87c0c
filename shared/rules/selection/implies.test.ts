import { expect } from 'chai'
import * as fc from 'fast-check'
import { matchesLabels, type LabelSelector, type LabelSelectorRequirement } from '../../lib/selector.ts'
import { implies } from './implies.ts'

const key = fc.constantFrom('a', 'b')
const value = fc.constantFrom('1', '2', '3')
const values = fc.uniqueArray(value, { minLength: 1 })
const requirement: fc.Arbitrary<LabelSelectorRequirement> = fc.oneof(
  fc.record({ key, operator: fc.constantFrom('In' as const, 'NotIn' as const), values }),
  fc.record({ key, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
)
const selector: fc.Arbitrary<LabelSelector> = fc.record({ matchLabels: fc.dictionary(key, value, { maxKeys: 2 }), matchExpressions: fc.array(requirement, { maxLength: 2 }) })
const labels = fc.dictionary(key, value, { maxKeys: 2 })

describe('implication of label selectors', () => {
  it('never claims what some set of labels disproves', () => {
    fc.assert(
      fc.property(selector, selector, labels, (premise, conclusion, set) => {
        if (implies(premise, conclusion) && matchesLabels(premise, set)) expect(matchesLabels(conclusion, set)).to.equal(true)
      }),
      { numRuns: 5000 },
    )
  })

  it('sees every implication between two single requirements', () => {
    const sets = [undefined, '1', '2', '3', '4'].map((a) => (a === undefined ? {} : { a }))
    const single = requirement.filter((one) => one.key === 'a').map((one): LabelSelector => ({ matchExpressions: [one] }))
    fc.assert(
      fc.property(single, single, (premise, conclusion) => {
        const holds = sets.every((set) => !matchesLabels(premise, set) || matchesLabels(conclusion, set))
        expect(implies(premise, conclusion)).to.equal(holds)
      }),
    )
  })

  it('an empty conclusion is always implied, an empty premise implies nothing else', () => {
    expect(implies({}, {})).to.equal(true)
    expect(implies(undefined, undefined)).to.equal(true)
    expect(implies({}, { matchLabels: { a: '1' } })).to.equal(false)
  })
})
