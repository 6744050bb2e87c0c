import { expect } from 'chai'
import * as fc from 'fast-check'
import { boxOf, canMeet, contains, implies, impossibleKeys, isCovered, isSatisfiableSelector, anyBut, oneOf, overlap, type Box } from './selector-sets.ts'
import { isLabelKey, isLabelValue } from './label-syntax.ts'
import { matchesLabels, type Labels, type LabelSelector, type LabelSelectorRequirement } from './selector.ts'

const KEYS = ['a', 'b', 'c'] as const
const VALUES = ['', '1', '2', '3']
/** What selectors name, what they do not name, and absence. */
const STATES = [undefined, ...VALUES, 'another']
const UNIVERSE: readonly Labels[] = KEYS.reduce<Labels[]>((sets, key) => sets.flatMap((set) => STATES.map((value) => (value === undefined ? set : { ...set, [key]: value }))), [{}])

const key = fc.constantFrom(...KEYS)
const value = fc.constantFrom(...VALUES)
const requirement: fc.Arbitrary<LabelSelectorRequirement> = fc.oneof(
  // Empty lists, which the API server would refuse, and values that no label can have.
  fc.record({ key, operator: fc.constantFrom('In' as const, 'NotIn' as const), values: fc.array(fc.oneof({ weight: 9, arbitrary: value }, fc.constantFrom('no value', '-', 'x'.repeat(64))), { maxLength: 5 }) }),
  fc.record({ key, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
)
const selector: fc.Arbitrary<LabelSelector> = fc.record({ matchLabels: fc.dictionary(key, value, { maxKeys: 2 }), matchExpressions: fc.array(requirement, { maxLength: 6 }) }, { requiredKeys: [] })
const matched = (one: LabelSelector): readonly Labels[] => UNIVERSE.filter((labels) => matchesLabels(one, labels))
const RUNS = { numRuns: 3000 }

describe('label selectors as sets, against every object of a small universe', () => {
  it('one can match exactly when some object does', () => {
    fc.assert(fc.property(selector, (one) => void expect(isSatisfiableSelector(one)).to.equal(matched(one).length > 0)), RUNS)
  })

  it('one implies another exactly when every object that it matches is matched by the other', () => {
    fc.assert(fc.property(selector, selector, (premise, conclusion) => void expect(implies(premise, conclusion)).to.equal(matched(premise).every((labels) => matchesLabels(conclusion, labels)))), RUNS)
  })

  it('two can meet exactly when some object is matched by both', () => {
    fc.assert(fc.property(selector, selector, (one, other) => void expect(canMeet(one, other)).to.equal(matched(one).some((labels) => matchesLabels(other, labels)))), RUNS)
  })

  const union = fc.array(fc.oneof(selector, requirement.map((one): LabelSelector => ({ matchExpressions: [one] }))), { maxLength: 6 })
  it('one lies within several exactly when every object that it matches is matched by one of them', () => {
    let covered = 0
    fc.assert(
      fc.property(selector, union, (one, others) => {
        const expected = matched(one).every((labels) => others.some((other) => matchesLabels(other, labels)))
        covered += Number(expected && matched(one).length > 1 && !others.some((other) => implies(one, other)))
        expect(isCovered(boxOf(one), others.map((other) => boxOf(other)))).to.equal(expected)
      }),
      { numRuns: 6000 },
    )
    // Else the property holds without what it is for: unions of which no part alone is enough.
    expect(covered).to.be.at.least(20)
  })

  it('names are a condition like labels, but for absence', () => {
    const names = ['x', 'y', 'z']
    const nameSet = fc.oneof(fc.subarray(names).map(oneOf), fc.subarray(names).map(anyBut))
    const universe = [...names, 'another'].flatMap((name) => UNIVERSE.map((labels) => ({ name, labels })))
    const side = fc.record({ names: fc.option(nameSet, { nil: undefined }), labels: selector })
    type Side = typeof side extends fc.Arbitrary<infer T> ? T : never
    const box = (one: Side): Box => boxOf(one.labels, one.names)
    const isIn = (one: Side, { name, labels }: (typeof universe)[number]): boolean => (one.names === undefined || one.names.listed.has(name) !== one.names.allBut) && matchesLabels(one.labels, labels)
    fc.assert(
      fc.property(side, fc.array(side, { maxLength: 4 }), (one, others) => {
        const all = universe.filter((object) => isIn(one, object))
        expect(isCovered(box(one), others.map(box))).to.equal(all.every((object) => others.some((other) => isIn(other, object))))
        for (const other of others) {
          expect(contains(box(other), box(one))).to.equal(all.every((object) => isIn(other, object)))
          expect(overlap(box(one), box(other))).to.equal(all.some((object) => isIn(other, object)))
        }
      }),
      { numRuns: 400 },
    )
  }).timeout(20_000)
})

describe('label selectors as sets', () => {
  const only = (...matchExpressions: LabelSelectorRequirement[]): LabelSelector => ({ matchExpressions })

  it('NotIn and DoesNotExist leave objects without the key', () => {
    expect(canMeet(only({ key: 'a', operator: 'NotIn', values: ['1'] }), only({ key: 'a', operator: 'DoesNotExist' }))).to.equal(true)
    expect(implies(only({ key: 'a', operator: 'DoesNotExist' }), only({ key: 'a', operator: 'NotIn', values: ['1'] }))).to.equal(true)
    expect(implies(only({ key: 'a', operator: 'NotIn', values: ['1'] }), only({ key: 'a', operator: 'Exists' }))).to.equal(false)
  })

  it('names the keys that nothing can meet', () => {
    expect(impossibleKeys(boxOf({ matchLabels: { a: '1', b: '1' }, ...only({ key: 'a', operator: 'NotIn', values: ['1'] }, { key: 'c', operator: 'In', values: [] }) }))).to.deep.equal(['a', 'c'])
  })

  it('members that every object inherits are keys like others', () => {
    expect(isSatisfiableSelector({ matchLabels: { constructor: '1' }, ...only({ key: 'constructor', operator: 'In', values: ['2'] }) })).to.equal(false)
    expect(implies({ matchLabels: { toString: '1' } }, only({ key: 'toString', operator: 'Exists' }))).to.equal(true)
  })

  it('covers of one key each are decided at any number', () => {
    const values = Array.from({ length: 2000 }, (_, index) => `v${index}`)
    const box = boxOf(only({ key: 'a', operator: 'In', values }))
    const covers = Array.from({ length: 32 }, (_, index) => boxOf(only({ key: 'a', operator: 'In', values: values.filter((_, at) => at % 32 === index) })))
    expect(isCovered(box, covers)).to.equal(true)
    expect(isCovered(box, covers.slice(1))).to.equal(false)
  })

  it('a union that is hard on purpose costs bounded time, and is then not known', () => {
    // Each cover forbids three of 64 keys to have a value at once, which leaves something, but not soon.
    const random = ((state) => () => (state = (state * 48271) % 2147483647))(7)
    const hard = Array.from({ length: 300 }, () => boxOf(only(...Array.from({ length: 3 }, () => ({ key: `k${random() % 64}`, operator: 'In' as const, values: [String(random() % 2)] })))))
    const two = boxOf(only(...Array.from({ length: 64 }, (_, index) => ({ key: `k${index}`, operator: 'In' as const, values: ['0', '1'] }))))
    const started = process.hrtime.bigint()
    const answer = isCovered(two, hard)
    expect(answer).to.be.oneOf([false, undefined])
    expect(Number(process.hrtime.bigint() - started) / 1e6).to.be.below(2000)
    expect(isCovered(two, hard, 0)).to.equal(undefined)
  })
})

describe('label syntax', () => {
  const keys: readonly [string, boolean][] = [
    ['app', true], ['a'.repeat(63), true], ['a'.repeat(64), false], ['example.com/app', true], [`${'a'.repeat(253)}/b`, true], [`${'a'.repeat(254)}/b`, false], ['example.com/', false], ['/app', false], ['a..b/c', false],
    ['a.-b/c', false], ['a-.b/c', false], ['a--b.c/d', true], ['a/b/c', false], ['Example.com/app', false], ['-a', false], ['a_b.C-d', true], ['', false],
  ]
  for (const [text, good] of keys) it(`"${text.slice(0, 20)}" (${text.length}) ${good ? 'is' : 'is not'} a key`, () => expect(isLabelKey(text)).to.equal(good))
  const values: readonly [string, boolean][] = [['', true], ['a', true], ['a'.repeat(63), true], ['a'.repeat(64), false], ['-a', false], ['a b', false], ['A.b_c-1', true]]
  for (const [text, good] of values) it(`"${text.slice(0, 20)}" (${text.length}) ${good ? 'is' : 'is not'} a value`, () => expect(isLabelValue(text)).to.equal(good))
})
