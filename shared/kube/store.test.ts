import { expect } from 'chai'
import { array, assert, constantFrom, integer, option, property, record } from 'fast-check'
import { keyString, olderThan, parseKey, Store } from './store.ts'

interface Item {
  readonly name: string
  readonly tags: readonly string[]
}

const entry = (name: string, tags: readonly string[], resourceVersion = '1') => ({ uid: name, resourceVersion, value: { name, tags } })

describe('the store of a reflector', () => {
  it('finds by an index exactly what filtering would find, whatever was stored and removed', () => {
    const name = constantFrom('a', 'b', 'c')
    const tags = option(array(constantFrom('x', 'y', 'z')), { nil: undefined })
    assert(
      property(array(record({ name, tags })), (steps) => {
        const store = new Store<Item, 'tag'>({ tag: (item) => item.tags })
        for (const step of steps) {
          if (step.tags === undefined) store.delete(step.name)
          else store.set(step.name, entry(step.name, step.tags))
          // After each of them: what was found before is not found again when it has changed.
          for (const tag of ['x', 'y', 'z']) {
            const expected = [...store.values()].filter((item) => item.tags.includes(tag))
            expect(new Set(store.byIndex('tag', tag))).to.deep.equal(new Set(expected))
            expect(store.indexValues('tag').includes(tag)).to.equal(expected.length > 0)
          }
        }
      }),
    )
  })

  it('gives the same answer until something of it changes, and leaves to its holder what was given', () => {
    const store = new Store<Item, 'tag'>({ tag: (item) => item.tags })
    store.set('a', entry('a', ['x']))
    const before = store.byIndex('tag', 'x')
    store.set('b', entry('b', ['y']))
    expect(store.byIndex('tag', 'x')).to.equal(before)
    store.set('a', entry('a', ['x'], '2'))
    expect(store.byIndex('tag', 'x')).to.have.length(1).and.to.not.equal(before)
    store.delete('a')
    expect(before).to.have.length(1)
  })

  it('stays as it was when an index function throws', () => {
    const store = new Store<Item, 'tag'>({
      tag: (item) => {
        if (item.tags.includes('bad')) throw new Error('bad')
        return item.tags
      },
    })
    store.set('a', entry('a', ['x']))
    expect(() => store.set('a', entry('a', ['bad'], '2'))).to.throw()
    expect(store.version({ name: 'a' })?.resourceVersion).to.equal('1')
    expect(store.byIndex('tag', 'x')).to.have.length(1)
  })

  it('has keys that can be read back', () => {
    for (const key of [{ namespace: 'shop', name: 'cart' }, { name: 'node-1' }]) expect(parseKey(keyString(key))).to.deep.equal(key)
  })

  it('compares versions as integers of any size', () => {
    assert(property(integer({ min: 1 }), integer({ min: 1 }), (a, b) => olderThan(String(a), String(b)) === a < b))
    expect(olderThan('9', '10')).to.equal(true)
    expect(olderThan('9007199254740993', '9007199254740992')).to.equal(false)
  })
})
