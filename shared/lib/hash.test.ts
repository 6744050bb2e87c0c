import { expect } from 'chai'
import * as fc from 'fast-check'
import { shortHash } from './hash.ts'

describe('shortHash', () => {
  it('is 16 characters that may end a name and a label value', () => {
    fc.assert(fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 }), (parts) => /^[a-z2-7]{16}$/.test(shortHash(parts))))
  })

  it('stays the same in every version: names of HealingActions stand on it', () => {
    expect(shortHash([])).to.equal('4oymiquy7qobjgx3')
    expect(shortHash(['shop/cart', 'crashing', '0'])).to.equal(shortHash(['shop/cart', 'crashing', '0']))
  })

  const different: readonly [what: string, a: string[], b: string[]][] = [
    ['where one part ends and the next begins', ['a', 'bc'], ['ab', 'c']],
    ['an empty part', ['a'], ['a', '']],
    ['the order', ['a', 'b'], ['b', 'a']],
    ['a length that looks like a prefix', ['1:a'], ['a']],
    ['characters of the same UTF-16 length', ['ä'], ['a']],
  ]
  for (const [what, a, b] of different) it(`tells apart ${what}`, () => expect(shortHash(a)).not.to.equal(shortHash(b)))
})
