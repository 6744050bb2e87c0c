import { expect } from 'chai'
import { assert, constantFrom, integer, property, string } from 'fast-check'
import { cutBytes, eventName, NOTE_LIMIT, noteOf, WORD_LIMIT, wordOf } from './event-text.ts'

describe('texts of events', () => {
  it('are never longer than the limit in bytes, and whole when they fit', () => {
    const text = string({ unit: constantFrom('a', 'é', '😀', '‮', '\n'), maxLength: 2000 })
    assert(
      property(text, integer({ min: 3, max: 2000 }), (value, limit) => {
        const cut = cutBytes(value, limit)
        expect(Buffer.byteLength(cut)).to.be.at.most(limit)
        if (Buffer.byteLength(value) <= limit) expect(cut).to.equal(value)
        else expect(cut.endsWith('…')).to.equal(true)
        expect(Buffer.byteLength(noteOf(value))).to.be.at.most(NOTE_LIMIT)
        expect(Buffer.byteLength(wordOf(value))).to.be.within(1, WORD_LIMIT)
      }),
    )
  })

  it('have no control or bidirectional characters', () => expect(noteOf('a\n\u001b[31m\u202eb')).to.equal('a[31mb'))

  it('are named after their object, in what a name may hold', () => {
    const suffix = 'abcdefghijklmnop'
    for (const name of ['cart-1', 'system:Node:x', 'x'.repeat(253), '...', `${'x'.repeat(235)}.y`]) {
      const named = eventName(name, suffix)
      expect(named.length).to.be.at.most(253)
      expect(named).to.match(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/)
      expect(named.endsWith(suffix)).to.equal(true)
    }
  })
})
