import { expect } from 'chai'
import { array, assert, nat, property, string } from 'fast-check'
import { isApiError } from './errors.ts'
import { decodeWatchLine, LineSplitter } from './watch-lines.ts'

const kindOf = (run: () => unknown): string => {
  try {
    run()
    return 'none'
  } catch (error) {
    return isApiError(error) ? error.kind : 'bug'
  }
}

describe('lines of a watch', () => {
  it('are the same however the bytes are cut, characters included', () => {
    const lines = array(string({ unit: 'grapheme' }).map((text) => JSON.stringify({ text })))
    assert(
      property(lines, array(nat(40)), (expected, cuts) => {
        const bytes = Buffer.from(expected.map((line) => `${line}\n`).join(''))
        const splitter = new LineSplitter('WATCH pods')
        const got: string[] = []
        let at = 0
        for (const cut of [...cuts, bytes.length]) {
          got.push(...splitter.push(bytes.subarray(at, at + cut)))
          at += cut
        }
        splitter.end()
        expect(got).to.deep.equal(expected)
      }),
    )
  })

  it('break the watch when the last one was cut', () => {
    const splitter = new LineSplitter('WATCH pods')
    expect(splitter.push(Buffer.from('{"a":1}\n{"b"'))).to.deep.equal(['{"a":1}'])
    expect(kindOf(() => splitter.end())).to.equal('Network')
  })

  const object = { metadata: { name: 'a', resourceVersion: '7' } }
  const line = (event: unknown): string => JSON.stringify(event)
  const bad: readonly (readonly [string, string, string])[] = [
    ['an ERROR of 410', line({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }), 'Expired'],
    ['an ERROR of 500', line({ type: 'ERROR', object: { kind: 'Status', code: 500 } }), 'Server'],
    ['no JSON', 'x', 'Network'],
    ['no object', line({ type: 'ADDED' }), 'Network'],
    ['a type of the future', line({ type: 'RENAMED', object }), 'Network'],
    ['a bookmark without a version', line({ type: 'BOOKMARK', object: {} }), 'Network'],
  ]
  for (const [what, text, kind] of bad) it(`end with ${kind} at ${what}`, () => expect(kindOf(() => decodeWatchLine(text, 'WATCH pods'))).to.equal(kind))

  it('are events and bookmarks', () => {
    for (const type of ['ADDED', 'MODIFIED', 'DELETED']) expect(decodeWatchLine(line({ type, object }), '')).to.deep.equal({ type, object })
    expect(decodeWatchLine(line({ type: 'BOOKMARK', object }), '')).to.deep.equal({ type: 'BOOKMARK', resourceVersion: '7' })
  })
})
