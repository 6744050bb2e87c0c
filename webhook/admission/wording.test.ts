import { expect } from 'chai'
import * as fc from 'fast-check'
import type { Violation } from '../../shared/rules/violation.ts'
import { MOST_CAUSES, refusal, shortObject, warnings, WARNING_LENGTH } from './wording.ts'

const violation = (overrides: Partial<Violation> = {}): Violation => ({ rule: 'KS999', severity: 'E', path: 'spec.a', what: 'wrong', why: 'dangerous', fix: 'write b', ...overrides })
const called = (name: string, namespace = 'shop'): { namespace: string; name: string } => ({ namespace, name })
const many = (count: number, overrides: Partial<Violation> = {}): Violation[] => Array.from({ length: count }, (_, index) => violation({ path: `spec.a[${index}]`, ...overrides }))

describe('refusals', () => {
  it('show as many causes as fit, and count the rest', () => {
    const exact = refusal(many(MOST_CAUSES), called('x')).details?.causes ?? []
    expect(exact).to.have.lengthOf(MOST_CAUSES)
    expect(exact.at(-1)?.message).to.match(/^\[KS999\]/)
    const over = refusal(many(MOST_CAUSES + 1), called('x')).details?.causes ?? []
    expect(over).to.have.lengthOf(MOST_CAUSES + 1)
    expect(over.at(-1)).to.include({ field: 'spec', message: 'and 1 more' })
  })

  it('give every cause a field', () => expect(refusal([violation({ path: '' })], called('x')).details?.causes[0]?.field).to.equal('object'))

  it('with any F are a 403, with everything in the message', () => {
    const status = refusal([violation(), violation({ severity: 'F', rule: 'KS998', path: 'spec.b' })], called('x'))
    expect([status.code, status.reason, status.details]).to.deep.equal([403, 'Forbidden', undefined])
    expect(status.message).to.contain('[KS999]').and.to.contain('[KS998]')
  })
})

describe('warnings', () => {
  it('are at most 120 characters, begin with the rule and name the object', () => {
    const [short, long] = warnings([violation(), violation({ what: 'w'.repeat(300) })], called('cart'))
    expect(short).to.equal('KS999 shop/cart a: wrong; write b')
    expect(Array.from(long ?? '')).to.have.lengthOf(WARNING_LENGTH)
  })

  const names: readonly [namespace: string, name: string, told: string][] = [
    ['shop', 'cart', 'shop/cart'],
    ['shop', 'n'.repeat(31), `shop/${'n'.repeat(31)}`],
    ['shop', 'n'.repeat(32), `shop/${'n'.repeat(15)}…${'n'.repeat(15)}`],
    ['n'.repeat(31), 'cart', `${'n'.repeat(31)}/cart`],
    ['n'.repeat(32), 'cart', `${'n'.repeat(15)}…${'n'.repeat(15)}/cart`],
    ['payments-production-eu', 'payments-production-checkout-api-blue', 'paymen…tion-eu/payments-p…t-api-blue'],
  ]
  for (const [namespace, name, told] of names) {
    it(`leave room for the path, and keep the ends of names: ${told}`, () => {
      expect(shortObject({ namespace, name })).to.equal(told)
      expect(told.length).to.be.at.most(36)
      expect(warnings([violation()], { namespace, name })[0]).to.equal(`KS999 ${told} a: wrong; write b`)
    })
  }

  it('of policies of one name in two namespaces differ, which kubectl would show as one', () => {
    expect(warnings([violation()], called('cart', 'shop'))).to.not.deep.equal(warnings([violation()], called('cart', 'bank')))
  })

  it('whatever the object is called and holds: in bounds, with the rule and the object, nothing that a terminal obeys', () => {
    const hostile = fc.string({ unit: fc.oneof(fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }), fc.constantFrom('\u001b', '\u202e', '\ud800', '\udc00', '\n', '\u0000', '😀', 'x'.repeat(50))), maxLength: 300 })
    const anyViolation = fc.record({ rule: fc.constantFrom('KS101', 'KS999'), severity: fc.constant('W' as const), path: hostile, what: hostile, why: hostile, fix: hostile })
    fc.assert(
      fc.property(fc.array(anyViolation, { maxLength: 60 }), hostile, hostile, (violations, namespace, name) => {
        const shown = warnings(violations, { namespace, name })
        const told = shortObject({ namespace, name })
        for (const [index, text] of shown.entries()) {
          expect(Array.from(text).length).to.be.at.most(WARNING_LENGTH)
          expect(text).to.satisfy((line: string) => line.startsWith(`${violations[index]?.rule} ${told} `) || (index === shown.length - 1 && /^KS[0-9]{3} /.test(line) && line.slice(6).startsWith(`${told}: and ${violations.length - index} more warning`)))
          // oxlint-disable-next-line no-control-regex -- these characters are the subject
          expect(text).to.not.match(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
          expect(text.isWellFormed()).to.equal(true)
        }
        expect(shown.join('').length).to.be.at.most(4096)
        if (violations.length > 0) expect(shown).to.not.deep.equal([])
      }),
      { numRuns: 500 },
    )
  })

  it('stay under 4096 characters together, whatever their number', () => {
    for (const count of [0, 1, 30, 31, 32, 33, 500]) {
      const shown = warnings(many(count, { what: 'w'.repeat(200) }), called('n'.repeat(253), 'm'.repeat(63)))
      expect(shown.join('').length).to.be.below(4096)
      if (count === 500) expect(shown.at(-1)).to.match(/^KS999 m+…m+\/n+…n+: and \d+ more warnings$/)
    }
  })
})
