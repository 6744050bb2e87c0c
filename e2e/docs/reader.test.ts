import { expect } from 'chai'
import { looksLike, stepsOf } from './reader.ts'

const PAGE = `
\`\`\`sh run
one
two
\`\`\`

\`\`\`sh
not this
\`\`\`

\`\`\`console run
$ three
NAME   READY
cart   True
$ four
\`\`\`
`

describe('somebody who reads a page', () => {
  it('types what is marked, a block of commands at once, those of a console one by one', () => {
    expect(stepsOf('page.md', PAGE)).to.deep.equal([
      { at: 'page.md:2', command: 'one\ntwo\n' },
      { at: 'page.md:12', command: 'three\n', shown: ['NAME   READY', 'cart   True'] },
      { at: 'page.md:15', command: 'four\n', shown: [] },
    ])
  })

  it('does not know what to do with what nothing printed', () => expect(() => stepsOf('page.md', '```console run\nNAME\n```\n')).to.throw('page.md:1: a console block begins with "$ "'))

  it('compares words, not columns, and lets ... stand for what differs each time', () => {
    expect(looksLike('cart-...   Pod  Succeeded', '  cart-restart-x2 Pod    Succeeded ')).to.equal(true)
    expect(looksLike('cart-...   Pod  Succeeded', 'cart-restart-x2 Pod Failed')).to.equal(false)
    expect(looksLike('a.b', 'axb')).to.equal(false)
  })
})
