import { expect } from 'chai'
import { firstLacking } from './lacking.ts'

const text = { type: 'string' }
const object = (properties: object): object => ({ type: 'object', properties })

describe('what a schema lacks', () => {
  const wanted = object({ spec: object({ name: text, rules: { type: 'array', items: object({ a: text, b: text }) }, labels: { type: 'object', additionalProperties: object({ c: text }) } }) })

  it('is nothing when both are equal, or one knows more, or describes it otherwise', () => {
    expect(firstLacking(wanted, wanted)).to.equal(undefined)
    expect(firstLacking(object({ a: text }), object({ a: { type: 'string', description: 'other', maxLength: 3 }, b: text }))).to.equal(undefined)
  })

  it('is named by its path, in lists and maps too', () => {
    const lacking = (change: (spec: Record<string, never>) => void): string | undefined => {
      const found = structuredClone(wanted) as { properties: { spec: { properties: Record<string, never> } } }
      change(found.properties.spec.properties)
      return firstLacking(wanted, found)
    }
    expect(lacking((spec) => { delete spec['name'] })).to.equal('spec.name')
    expect(lacking((spec) => { delete (spec['rules'] as unknown as { items: { properties: Record<string, unknown> } }).items.properties['b'] })).to.equal('spec.rules[].b')
    expect(lacking((spec) => { delete (spec['labels'] as unknown as { additionalProperties: { properties: Record<string, unknown> } }).additionalProperties.properties['c'] })).to.equal('spec.labels.*.c')
  })

  it('is nothing where whatever is written is kept', () => {
    expect(firstLacking(wanted, { type: 'object', 'x-kubernetes-preserve-unknown-fields': true })).to.equal(undefined)
  })

  it('is the first field of a schema that is not there at all', () => {
    expect(firstLacking(wanted, undefined)).to.equal('spec')
    expect(firstLacking(wanted, object({ spec: text }))).to.equal('spec.name')
  })
})
