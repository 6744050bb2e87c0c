import { expect } from 'chai'
import { warningsIn } from './warnings.ts'

describe('the warnings of an answer', () => {
  const cases: readonly [what: string, header: string | readonly string[] | undefined, texts: readonly string[]][] = [
    ['none', undefined, []],
    ['one', '299 - "a; b"', ['a; b']],
    ['several in one header', '299 - "a, b", 299 - "c"', ['a, b', 'c']],
    ['several headers', ['299 - "a"', '299 kube-apiserver "b"'], ['a', 'b']],
    ['quotes and backslashes', String.raw`299 - "unknown field \"spec.x\" \\"`, [String.raw`unknown field "spec.x" \ `.trimEnd()]],
    ['a text that looks like another', '299 - "a 299 - b"', ['a 299 - b']],
    ['another code', '199 - "a"', []],
    ['what has no end', '299 - "a', []],
  ]
  for (const [what, header, texts] of cases) it(what, () => expect(warningsIn(header)).to.deep.equal(texts))
})
