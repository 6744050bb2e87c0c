import { expect } from 'chai'
import { judge } from '../judge.ts'
import { DEFAULT_INSTALLATION } from '../rule.ts'
import { rawPolicy } from '../test-policy.ts'

describe('KS507 annotations that nobody reads', () => {
  const told = (annotations: unknown): string[] => {
    const policy = { ...rawPolicy(), metadata: { name: 'cart-healing', namespace: 'shop', annotations } }
    return judge(policy, { installation: DEFAULT_INSTALLATION }).warnings.filter(({ rule }) => rule === 'KS507').map(({ path, fix }) => `${path}: ${fix}`)
  }
  const cases: readonly (readonly [name: string, fix: string])[] = [
    ['kubeskippy.io/pasue', 'write kubeskippy.io/pause'],
    ['kubeskippy.io/paused', 'write kubeskippy.io/pause'],
    ['kubeskippy.io/alow', 'write kubeskippy.io/allow'],
    ['kubeskippy.io/Allow', 'write kubeskippy.io/allow'],
    ['kubeskippy.io/allowed_by', 'write kubeskippy.io/allowed-by'],
    ['kubeskippy.io/ignore', 'write suspend: true or kubeskippy.io/pause; kubeskippy.io/ignore is for workloads, pods and namespaces'],
    ['kubeskippy.io/owner', 'mend the name, or take it away'],
  ]
  for (const [name, fix] of cases) it(name, () => expect(told({ [name]: 'x' })).to.deep.equal([`metadata.annotations[${name}]: ${fix}`]))
  it('says nothing of those that are read, and of others', () => {
    for (const annotations of [{ 'kubeskippy.io/pause': 'why', 'kubeskippy.io/allowed-by': 'x', 'example.com/pasue': 'x', pause: 'x', 'kubeskippy.iox/pause': 'x' }, {}, undefined, null, 'text', []]) expect(told(annotations)).to.deep.equal([])
  })
  it('says ten of many', () => expect(told(Object.fromEntries(Array.from({ length: 99 }, (_, index) => [`kubeskippy.io/a${index}`, 'x'])))).to.have.length(10))
})
