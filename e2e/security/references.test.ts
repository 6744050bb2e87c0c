/** Nothing that a policy can say is left out of what a tenant tries. */
import { expect } from 'chai'
import { DURATION_PATTERN } from '../../shared/lib/duration.ts'
import { isIntOrStringSchema } from '../../shared/schema/walk.ts'
import { combinations, LEAVES, leavesOf, NO_REFERENCES, REFERENCES, valuesAt, type NoReference } from './references.ts'
import { TITLES } from './targets.ts'

describe('references of a policy', () => {
  it('are told from what is none for every string of the schema, and of nothing else', () => {
    expect([...Object.keys(REFERENCES), ...Object.keys(NO_REFERENCES)].toSorted()).to.deep.equal(LEAVES.map(({ path }) => path).toSorted())
  })

  it('a new string is seen wherever it stands', () => {
    const text = { type: 'string', maxLength: 9 } as const
    const map = { type: 'object', maxProperties: 2, additionalProperties: text } as const
    const spec = { type: 'object', additionalProperties: false, properties: { a: text, b: { type: 'array', maxItems: 2, items: map }, c: { type: 'boolean' } } } as const
    expect(leavesOf(spec).map(({ path }) => path)).to.deep.equal(['a', 'b[].<key>', 'b[].*'])
    expect(valuesAt({ b: [{ x: 'y' }, { z: 'w' }] }, 'b[].<key>')).to.deep.equal(['x', 'z'])
    expect(valuesAt({ b: [{ x: 'y' }, { z: 'w' }] }, 'b[].*')).to.deep.equal(['y', 'w'])
  })

  it('what is none can be nothing else by its schema', () => {
    const is: Readonly<Record<NoReference, (leaf: (typeof LEAVES)[number]) => boolean>> = {
      'one of a list': ({ schema }) => schema.type === 'string' && schema.enum !== undefined,
      'a duration': ({ schema }) => schema.type === 'string' && schema.pattern === DURATION_PATTERN,
      'a number': ({ schema }) => isIntOrStringSchema(schema),
      'a time': ({ path }) => path.endsWith('.during.schedule'),
    }
    const wrong = LEAVES.filter((leaf) => {
      const what = NO_REFERENCES[leaf.path]
      return what !== undefined && !is[what](leaf)
    })
    expect(wrong.map(({ path }) => path)).to.deep.equal([])
  })

  it('every one is tried with every foreign target, whose value does stand there', () => {
    const tried = combinations()
    const missing = tried.filter(({ path, value, policy }) => !valuesAt(policy.spec, path).includes(value))
    expect(missing.map(({ path, value }) => `${path}: ${value}`)).to.deep.equal([])
    for (const path of Object.keys(REFERENCES)) expect([...new Set(tried.filter((each) => each.path === path).map(({ target }) => target.title))], path).to.have.members(TITLES)
    expect(new Set(tried.map(({ policy }) => policy.metadata.name)).size).to.equal(tried.length)
  })
})
