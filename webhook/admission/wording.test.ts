import { expect } from 'chai'
import type { Violation } from '../../shared/rules/violation.ts'
import { MOST_CAUSES, refusal, warnings, WARNING_LENGTH } from './wording.ts'

const violation = (overrides: Partial<Violation> = {}): Violation => ({ rule: 'KS999', severity: 'E', path: 'spec.a', what: 'wrong', why: 'dangerous', fix: 'write b', ...overrides })
const many = (count: number, overrides: Partial<Violation> = {}): Violation[] => Array.from({ length: count }, (_, index) => violation({ path: `spec.a[${index}]`, ...overrides }))

describe('refusals', () => {
  it('show as many causes as fit, and count the rest', () => {
    const exact = refusal(many(MOST_CAUSES), 'x').details?.causes ?? []
    expect(exact).to.have.lengthOf(MOST_CAUSES)
    expect(exact.at(-1)?.message).to.match(/^\[KS999\]/)
    const over = refusal(many(MOST_CAUSES + 1), 'x').details?.causes ?? []
    expect(over).to.have.lengthOf(MOST_CAUSES + 1)
    expect(over.at(-1)).to.include({ field: 'spec', message: 'and 1 more' })
  })

  it('give every cause a field', () => expect(refusal([violation({ path: '' })], 'x').details?.causes[0]?.field).to.equal('object'))

  it('with any F are a 403, with everything in the message', () => {
    const status = refusal([violation(), violation({ severity: 'F', rule: 'KS998', path: 'spec.b' })], 'x')
    expect([status.code, status.reason, status.details]).to.deep.equal([403, 'Forbidden', undefined])
    expect(status.message).to.contain('[KS999]').and.to.contain('[KS998]')
  })
})

describe('warnings', () => {
  it('are at most 120 characters, begin with the rule and name the object', () => {
    const [short, long] = warnings([violation(), violation({ what: 'w'.repeat(300) })], 'cart')
    expect(short).to.equal('KS999 cart a: wrong; write b')
    expect(Array.from(long ?? '')).to.have.lengthOf(WARNING_LENGTH)
  })

  it('leave room for the path when the name is long', () => expect(warnings([violation()], 'n'.repeat(253))[0]).to.match(/^KS999 n{29}… a: wrong/))

  it('stay under 4096 characters together, whatever their number', () => {
    for (const count of [0, 1, 30, 31, 32, 33, 500]) {
      const shown = warnings(many(count, { what: 'w'.repeat(200) }), 'n'.repeat(253))
      expect(shown.join('').length).to.be.below(4096)
      if (count === 500) expect(shown.at(-1)).to.match(/^KubeSkippy n+…: and \d+ more warnings$/)
    }
  })
})
