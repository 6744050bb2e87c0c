import { expect } from 'chai'
import * as fc from 'fast-check'
import { isEmptySelector, matchesLabels, parseSelector, type Labels, type LabelSelector } from './selector.ts'

describe('matchesLabels', () => {
  const labels: Labels = { app: 'cart', tier: '', 'example.com/x': '1' }
  const cases: readonly [what: string, selector: LabelSelector, labels: Labels | undefined, matches: boolean][] = [
    ['an equal label', { matchLabels: { app: 'cart' } }, labels, true],
    ['another value', { matchLabels: { app: 'shop' } }, labels, false],
    ['a label that is absent', { matchLabels: { zone: 'a' } }, labels, false],
    ['an empty value against an absent label', { matchLabels: { zone: '' } }, labels, false],
    ['an empty value against an empty label', { matchLabels: { tier: '' } }, labels, true],
    ['all labels, one of which differs', { matchLabels: { app: 'cart', tier: 'x' } }, labels, false],
    ['In with the value', { matchExpressions: [{ key: 'app', operator: 'In', values: ['a', 'cart'] }] }, labels, true],
    ['In without the value', { matchExpressions: [{ key: 'app', operator: 'In', values: ['a'] }] }, labels, false],
    ['In on an absent label', { matchExpressions: [{ key: 'zone', operator: 'In', values: [''] }] }, labels, false],
    ['In without values', { matchExpressions: [{ key: 'app', operator: 'In' }] }, labels, false],
    ['NotIn with the value', { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['cart'] }] }, labels, false],
    ['NotIn on an absent label', { matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }, labels, true],
    ['Exists on an empty label', { matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, labels, true],
    ['Exists on an absent label', { matchExpressions: [{ key: 'zone', operator: 'Exists' }] }, labels, false],
    ['DoesNotExist on a label', { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, labels, false],
    ['DoesNotExist without any labels', { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, undefined, true],
    ['a member that every object inherits', { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }, labels, false],
    ['a contradiction', { matchLabels: { app: 'cart' }, matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, labels, false],
    ['nothing at all', {}, undefined, true],
  ]
  for (const [what, selector, on, matches] of cases) it(`${matches ? 'matches' : 'does not match'} ${what}`, () => expect(matchesLabels(selector, on)).to.equal(matches))

  it('takes In and NotIn, Exists and DoesNotExist for opposites', () => {
    const key = fc.constantFrom('app', 'zone', '__proto__', 'toString')
    const value = fc.constantFrom('', 'a', 'b')
    fc.assert(
      fc.property(fc.dictionary(key, value), key, fc.array(value), (on, name, values) => {
        const is = (operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'): boolean => matchesLabels({ matchExpressions: [{ key: name, operator, values }] }, on)
        return is('In') !== is('NotIn') && is('Exists') !== is('DoesNotExist')
      }),
    )
  })
})

describe('isEmptySelector', () => {
  const cases: readonly [selector: LabelSelector | undefined, empty: boolean][] = [
    [undefined, true],
    [{}, true],
    [{ matchLabels: {} }, true],
    [{ matchLabels: {}, matchExpressions: [] }, true],
    [{ matchLabels: { a: '' } }, false],
    [{ matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] }, false],
  ]
  for (const [selector, empty] of cases) it(`${empty ? 'takes' : 'does not take'} ${JSON.stringify(selector)} for empty`, () => expect(isEmptySelector(selector)).to.equal(empty))
})

describe('parseSelector', () => {
  const cases: readonly [text: string, LabelSelector | undefined][] = [
    ['', {}],
    ['app=cart', { matchExpressions: [{ key: 'app', operator: 'In', values: ['cart'] }] }],
    ['app==cart,old!=yes', { matchExpressions: [{ key: 'app', operator: 'In', values: ['cart'] }, { key: 'old', operator: 'NotIn', values: ['yes'] }] }],
    ['tier in (a, b),zone notin (c)', { matchExpressions: [{ key: 'tier', operator: 'In', values: ['a', 'b'] }, { key: 'zone', operator: 'NotIn', values: ['c'] }] }],
    ['example.com/app,!old', { matchExpressions: [{ key: 'example.com/app', operator: 'Exists' }, { key: 'old', operator: 'DoesNotExist' }] }],
    ['app=cart,', undefined],
    ['app in cart', undefined],
  ]
  for (const [text, selector] of cases) it(`${selector === undefined ? 'cannot read' : 'reads'} "${text}"`, () => expect(parseSelector(text)).to.deep.equal(selector))
})
