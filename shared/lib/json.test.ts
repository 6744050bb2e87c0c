import { expect } from 'chai'
import * as fc from 'fast-check'
import { isObject, sameJson } from './json.ts'

describe('isObject', () => {
  for (const value of [null, undefined, 0, '', true, []]) it(`is false for ${JSON.stringify(value)}`, () => expect(isObject(value)).to.equal(false))
  it('is true for an object without a prototype', () => expect(isObject(Object.create(null))).to.equal(true))
})

describe('sameJson', () => {
  const cases: readonly [a: unknown, b: unknown, same: boolean][] = [
    [1, 1, true],
    [1, '1', false],
    [null, undefined, false],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [{ a: undefined }, {}, true],
    [{ a: null }, {}, false],
    [[1, 2], [2, 1], false],
    [[1], [1, undefined], false],
    [[], {}, false],
    [{ a: { b: [1] } }, { a: { b: [1] } }, true],
    [{ a: { b: [1] } }, { a: { b: [2] } }, false],
    [{ constructor: 'x' }, {}, false],
    [JSON.parse('{"__proto__":"x"}'), {}, false],
  ]
  for (const [a, b, same] of cases) it(`${same ? 'equals' : 'does not equal'} ${JSON.stringify(a)} and ${JSON.stringify(b)}`, () => {
    expect(sameJson(a, b)).to.equal(same)
    expect(sameJson(b, a)).to.equal(same)
  })

  it('equals every value and its copy', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => sameJson(value, structuredClone(value))))
  })
})
