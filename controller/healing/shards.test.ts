import { expect } from 'chai'
import * as fc from 'fast-check'
import { shardOf, shareOf, tellCount, toldCount } from './shards.ts'

describe('shards', () => {
  it('are the same for a namespace in every release: SHA-256, its first 32 bits', () => {
    expect(['shop', 'kube-system', 'team-1', 'team-2', ''].map((name) => shardOf(name, 8))).to.deep.equal([3, 2, 1, 1, 3])
  })

  it('are all the same one where there is one', () => {
    fc.assert(fc.property(fc.string(), (namespace) => shardOf(namespace, 1) === 0))
  })

  it('have about as many namespaces each, also of names that count up', () => {
    const counts = Array.from({ length: 8 }, () => 0)
    for (let i = 0; i < 4000; i++) {
      const shard = shardOf(`team-${i}`, 8)
      counts[shard] = (counts[shard] ?? 0) + 1
    }
    for (const count of counts) expect(count).to.be.within(400, 600)
  })

  const members = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 8 })

  it('are shared so that every one has its owner, and nobody two more than another', () => {
    fc.assert(
      fc.property(members, fc.integer({ min: 1, max: 16 }), (names, shards) => {
        const shares = names.map((name) => shareOf(name, new Set(names), shards))
        expect(shares.reduce((a, b) => a + b, 0)).to.equal(shards)
        expect(Math.max(...shares) - Math.min(...shares)).to.be.at.most(1)
      }),
    )
  })

  it('are shared with a member too whom nobody has named yet', () => {
    expect(shareOf('b', new Set(['a']), 4)).to.equal(2)
    expect(shareOf('a', new Set(), 4)).to.equal(4)
  })

  it('tell each other how much is unhealthy, and take nothing that is no count or of another number of shards', () => {
    const count = { unhealthy: 3, of: 10 }
    expect(toldCount(tellCount(count, 4), 4)).to.deep.equal(count)
    for (const text of [undefined, '', '{', '[]', 'null', tellCount(count, 8), '{"shards":4}', '{"shards":4,"unhealthy":-1,"of":2}', '{"shards":4,"unhealthy":3,"of":2}', '{"shards":4,"unhealthy":"1","of":2}']) {
      expect(toldCount(text, 4), text).to.equal(undefined)
    }
  })
})
