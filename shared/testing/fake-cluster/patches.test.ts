import { expect } from 'chai'
import { anything, array, assert, constantFrom, dictionary, jsonValue, property, record } from 'fast-check'
import { Refused } from './answers.ts'
import { jsonPatch, mergePatch, strategicPatch } from './patches.ts'
import { fieldMatcher, labelMatcher } from './selectors.ts'

describe('patches of the fake cluster', () => {
  const merges: readonly (readonly [unknown, unknown, unknown])[] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [['a'], { a: 'b' }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ]
  for (const [target, patch, expected] of merges) {
    it(`merge ${JSON.stringify(patch)} into ${JSON.stringify(target)} as RFC 7386 says`, () => expect(mergePatch(target, patch)).to.deep.equal(expected))
  }

  it('strategic: lists of containers merge by name, arguments are replaced', () => {
    const target = { containers: [{ name: 'a', image: '1', args: ['x'] }, { name: 'b', image: '1' }] }
    const patch = { containers: [{ name: 'a', image: '2', args: ['y'] }, { name: 'b', $patch: 'delete' }, { name: 'c' }] }
    expect(strategicPatch(target, patch)).to.deep.equal({ containers: [{ name: 'a', image: '2', args: ['y'] }, { name: 'c' }] })
    expect(strategicPatch({ a: { b: 1, c: 2 } }, { a: { $patch: 'replace', d: 3 } })).to.deep.equal({ a: { d: 3 } })
  })

  it('JSON: each operation, on members and on lists', () => {
    const operations = [
      { op: 'add', path: '/list/1', value: 'x' },
      { op: 'add', path: '/list/-', value: 'z' },
      { op: 'replace', path: '/list/0', value: 'A' },
      { op: 'remove', path: '/gone' },
      { op: 'copy', from: '/list/0', path: '/copied' },
      { op: 'move', from: '/copied', path: '/moved' },
      { op: 'test', path: '/moved', value: 'A' },
      { op: 'add', path: '/a~1b', value: { '~': 1 } },
      { op: 'test', path: '/a~1b/~0', value: 1 },
    ]
    expect(jsonPatch({ list: ['a', 'b'], gone: 1 }, operations)).to.deep.equal({ list: ['A', 'x', 'b', 'z'], moved: 'A', 'a/b': { '~': 1 } })
  })

  it('JSON: change nothing of what they were given, and fail only as the server would', () => {
    const path = constantFrom('', '/', '/a', '/a/0', '/a/-', '/b/c', 'a', '/~2', '/a/b/c')
    const operation = record({ op: constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'none'), path, from: path, value: jsonValue() })
    assert(
      property(dictionary(constantFrom('a', 'b', 'c'), jsonValue()), array(operation), (target, operations) => {
        const before = JSON.stringify(target)
        try {
          jsonPatch(target, operations)
        } catch (error) {
          expect(error).to.be.instanceOf(Refused)
        }
        expect(JSON.stringify(target)).to.equal(before)
      }),
    )
    assert(
      property(array(anything()), (operations) => {
        try {
          jsonPatch({}, operations)
        } catch (error) {
          expect(error).to.be.instanceOf(Refused)
        }
      }),
    )
  })
})

describe('selectors of the fake cluster', () => {
  const object = (labels: Record<string, string>) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', uid: '', resourceVersion: '1', creationTimestamp: '', labels },
    status: { phase: 'Running' },
  })
  const cases: readonly (readonly [string, boolean])[] = [
    ['', true],
    ['app=cart', true],
    ['app==cart,tier!=db', true],
    ['app = other', false],
    ['app in (cart, shop)', true],
    ['app notin (cart)', false],
    ['none notin (cart)', true],
    ['app', true],
    ['!app', false],
    ['!none,example.com/x-y.z=1', true],
    ['app=', false],
  ]
  for (const [selector, matches] of cases) {
    it(`"${selector}" ${matches ? 'selects' : 'leaves out'}`, () => expect(labelMatcher(selector)(object({ app: 'cart', 'example.com/x-y.z': '1' }))).to.equal(matches))
  }
  for (const [selector, matches] of [['metadata.name=a', true], ['metadata.name!=a', false], ['status.phase=Running,spec.nodeName=', true]] as const) {
    it(`field "${selector}" ${matches ? 'selects' : 'leaves out'}`, () => expect(fieldMatcher(selector)(object({}))).to.equal(matches))
  }
  it('refuse what they cannot read', () => {
    for (const selector of ['a in', 'a in (b', '=b', 'a b']) expect(() => labelMatcher(selector)).to.throw(Refused)
    expect(() => fieldMatcher('metadata.name')).to.throw(Refused)
  })
})
