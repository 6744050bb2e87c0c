import { expect } from 'chai'
import * as fc from 'fast-check'
import { withFaults } from '../testing/arbitraries/mutate.ts'
import { fromSchema } from '../testing/arbitraries/from-schema.ts'
import { applyDefaults, decode, prune, unknownFields, unknownObjectFields } from './defaults.ts'
import { widget } from './testing/widget.ts'

const given = { size: 3, colour: 'red', limits: { most: 5 } }

describe('applyDefaults', () => {
  const cases: readonly [what: string, value: unknown, result: unknown][] = [
    ['fills in what is absent, whole missing parents included', { name: 'a' }, { name: 'a', ...given }],
    ['keeps what is there', { ...given, size: 1, limits: { most: 1 } }, { ...given, size: 1, limits: { most: 1 } }],
    ['keeps false, 0 and the empty string', { ...given, shiny: false, size: 0, colour: '' }, { ...given, shiny: false, size: 0, colour: '' }],
    ['fills in below a parent that is there', { limits: { note: 'x' } }, { ...given, limits: { note: 'x', most: 5 } }],
    ['fills in each item of a list', { parts: [{ id: 'a' }, { id: 'b', weight: 2 }] }, { ...given, parts: [{ id: 'a', weight: 1 }, { id: 'b', weight: 2 }] }],
    ['takes null for absent', { size: null, limits: null, name: null }, given],
    ['drops null entries of a map', { labels: { a: null, b: 'x' } }, { ...given, labels: { b: 'x' } }],
    ['leaves null in a list', { tags: [null] }, { ...given, tags: [null] }],
    ['leaves values of the wrong type', { parts: 'x', limits: [], labels: 5 }, { ...given, parts: 'x', limits: [], labels: 5 }],
    ['leaves unknown members', { other: null }, { ...given, other: null }],
    ['leaves what is no object', 'x', 'x'],
  ]
  for (const [what, value, result] of cases) it(what, () => expect(applyDefaults(widget.spec, value)).to.deep.equal(result))

  it('never shares a default with another object', () => {
    const [a, b] = [applyDefaults(widget.spec, {}), applyDefaults(widget.spec, {})] as { limits: { most: number } }[]
    if (a !== undefined) a.limits.most = 99
    expect(b?.limits.most).to.equal(5)
  })

  const anything = withFaults(fromSchema(widget.spec))

  it('changes nothing the second time, and never its argument', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const before = structuredClone(value)
        const once = applyDefaults(widget.spec, value)
        expect(applyDefaults(widget.spec, once)).to.deep.equal(once)
        expect(value).to.deep.equal(before)
      }),
    )
  })
})

describe('prune', () => {
  const cases: readonly [what: string, value: unknown, result: unknown, unknown: string[]][] = [
    ['keeps what the schema knows', { name: 'a', labels: { any: 'x' } }, { name: 'a', labels: { any: 'x' } }, []],
    ['drops members at every depth', { nom: 'a', limits: { most: 1, least: 1 }, parts: [{ id: 'a', x: {} }] }, { limits: { most: 1 }, parts: [{ id: 'a' }] }, ['nom', 'limits.least', 'parts[0].x']],
    ['does not take inherited members for known ones', JSON.parse('{"constructor":1,"__proto__":2,"toString":3}'), {}, ['constructor', '__proto__', 'toString']],
    ['knows no member of an object in place of a list or a string', { parts: { id: 'a' }, name: { x: 1 } }, { parts: {}, name: {} }, ['parts.id', 'name.x']],
    ['goes into a list in place of an object', [{ name: 'a' }], [{}], ['[0].name']],
  ]
  for (const [what, value, result, unknown] of cases) {
    it(what, () => {
      expect(prune(widget.spec, value)).to.deep.equal(result)
      expect(unknownFields(widget.spec, value)).to.have.members(unknown)
    })
  }

  it('drops exactly what unknownFields names', () => {
    fc.assert(
      fc.property(withFaults(fromSchema(widget.spec)), (value) => {
        const pruned = prune(widget.spec, value)
        expect(unknownFields(widget.spec, pruned)).to.deep.equal([])
        if (unknownFields(widget.spec, value).length === 0) expect(pruned).to.deep.equal(value)
      }),
    )
  })
})

describe('decode', () => {
  it('prunes before it defaults, and leaves metadata alone', () => {
    const object = { apiVersion: 'v1', kind: 'Widget', metadata: { name: 'a', odd: null }, spec: { name: 'a', x: 1 }, extra: 1 }
    expect(decode(widget, object)).to.deep.equal({ apiVersion: 'v1', kind: 'Widget', metadata: { name: 'a', odd: null }, spec: { name: 'a', ...given } })
  })

  it('takes a null spec for none', () => {
    expect(decode(widget, { kind: 'Widget', spec: null })).to.deep.equal({ kind: 'Widget' })
  })
})

describe('unknownObjectFields', () => {
  it('looks into metadata as well', () => {
    expect(unknownObjectFields(widget, { kind: 'Widget', metadata: { name: 'a', lables: {} }, spec: { nom: 1 }, stauts: {} })).to.have.members(['metadata.lables', 'spec.nom', 'stauts'])
  })
})
