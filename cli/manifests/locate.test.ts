import { expect } from 'chai'
import * as fc from 'fast-check'
import { Document } from 'yaml'
import { readManifests } from './documents.ts'
import { locate, locateKey, withinString } from './locate.ts'

const TEXT = `# a comment
spec:
  selector:
    labelSelector:
      matchLabels: {app: cart, app.kubernetes.io/name: "x", 'quoted key': 1}
  triggers:
  - name: one   # here
    type: metric
    query: |
      sum(rate(a[5m]))
      > 0
  -
    name: two
  base: &base
    limit: 3
  copy: *base
  merged:
    <<: *base
    own: 1
  empty:
  "in.dots":
    x: 1
  folded: >-
    a
    b
  flow: [1, {deep: yes}, [2, 3]]
`

/** What is marked, with its line and column. */
const marked = (path: string, text = TEXT): string => {
  const { manifests, place } = readManifests(text)
  const { range } = locate(manifests[0]?.tree ?? expect.fail('nothing there'), path)
  const { line, column } = place(range.start)
  return `${line}:${column} ${text.slice(range.start, range.end)}`
}

describe('the place of a field', () => {
  const cases: readonly [path: string, marked: string][] = [
    ['spec.triggers[0].name', '7:11 one'],
    ['spec.triggers[0]', '7:5 name'],
    ['spec.triggers[1].name', '13:11 two'],
    ['spec.triggers[1]', '13:5 name'],
    ['spec.triggers', '6:3 triggers'],
    ['spec.triggers[0].query', '9:5 query'],
    ['spec.selector.labelSelector.matchLabels.app', '5:26 cart'],
    ['spec.selector.labelSelector.matchLabels.app.kubernetes.io/name', '5:56 "x"'],
    ['spec.selector.labelSelector.matchLabels["app.kubernetes.io/name"]', '5:56 "x"'],
    ['spec.selector.labelSelector.matchLabels.quoted key', '5:75 1'],
    ['spec.base.limit', '15:12 3'],
    ['spec.copy', '16:3 copy'],
    ['spec.copy.limit', '15:12 3'],
    ['spec.merged.limit', '15:12 3'],
    ['spec.merged.own', '19:10 1'],
    ['spec.empty', '20:3 empty'],
    ['spec.in.dots.x', '22:8 1'],
    ['spec.folded', '23:3 folded'],
    ['spec.flow[0]', '26:10 1'],
    ['spec.flow[1].deep', '26:20 yes'],
    ['spec.flow[2][1]', '26:30 3'],
    // What is missing is shown by what should hold it.
    ['spec.triggers[0].missing', '7:5 name'],
    ['spec.selector.missing.deeper', '3:3 selector'],
    ['spec.triggers[9].name', '6:3 triggers'],
    ['spec.empty.below', '20:3 empty'],
    ['spec.base.limit.below', '15:5 limit'],
    ['nothing.of.it', '2:1 spec'],
    ['', '2:1 spec'],
  ]
  for (const [path, expected] of cases) it(`of ${path === '' ? 'the object' : path}`, () => expect(marked(path)).to.equal(expected))

  it('is the same in JSON', () => expect(marked('spec.triggers[1].name', '{"spec": {"triggers": [{}, {"name": "two"}]}}')).to.equal('1:37 "two"'))
  it('of a whole scalar is the scalar', () => expect(marked('a.b', 'just text\n')).to.equal('1:1 just text'))

  it('of a name is the name', () => {
    const { manifests } = readManifests(TEXT)
    const { start, end } = locateKey(manifests[0]?.tree ?? expect.fail('nothing there'), 'spec.triggers[0].type')
    expect(TEXT.slice(start, end)).to.equal('type')
  })
})

describe('the place within a string', () => {
  const at = (source: string, offset: number): string | undefined => {
    const { manifests } = readManifests(source)
    const tree = manifests[0]?.tree.members?.get('q') ?? expect.fail('nothing there')
    const found = withinString(source, tree, offset)
    return found === undefined ? undefined : source.slice(found, found + 3)
  }
  const cases: readonly [what: string, source: string, offset: number, rest: string | undefined][] = [
    ['plain', 'q: abc def\n', 4, 'def'],
    ['plain over two lines', 'q: abc\n  def\n', 4, 'def'],
    ['plain over lines with an empty one between', 'q: abc\n\n   def ghi\n', 8, 'ghi'],
    ['the blank at which lines are folded', 'q: abc\n  def\n', 3, '\n  '],
    ['single quotes over lines', "q: 'it''s\n\n  def  \n  ghi'\n", 9, 'ghi'],
    ['double quotes over lines', 'q: "abc\n  def ghi"\n', 8, 'ghi'],
    ['double quotes over lines without a blank between', 'q: "abc\\\n  \\  def"\n', 5, 'def'],
    ['double quotes with an escaped line feed', String.raw`q: "abc\ndef"`, 4, 'def'],
    ['double quotes with a blank by its number', String.raw`q: "abc\x20\u0020def"`, 5, 'def'],
    ['wide characters', 'q: "日本 def"\n', 3, 'def'],
    ['tabs', 'q: "a\tb\t def"\n', 5, 'def'],
    ['an anchor', 'q: &x abc def\n', 4, 'def'],
    ['a tag', 'q: !!str abc def\n', 4, 'def'],
    ['single quotes', "q: 'it''s def'\n", 5, 'def'],
    ['double quotes', String.raw`q: "a\"b\u0041 def"`, 5, 'def'],
    ['double quotes, beyond the first plane', String.raw`q: "\U0001F600def"`, 2, 'def'],
    ['a block, first line', 'q: |\n  abc def\n  ghi\n', 4, 'def'],
    ['a block, second line', 'q: |\n  abc\n  ghi def\n', 8, 'def'],
    ['a block with a deeper line', 'q: |\n  abc\n    ghi\n', 6, 'ghi'],
    ['a block with lines of Windows', 'q: |-\r\n  abc\r\n  ghi\r\n', 4, 'ghi'],
    ['a block after empty lines', 'q: |\n\n  abc\n\n  ghi\n', 6, 'ghi'],
    ['a folded block', 'q: >\n  abc\n  def\n', 4, 'def'],
    ['a folded block, its line feeds taken away', 'q: >-\n  abc\n  def\n\n\n  ghi\n', 9, 'ghi'],
    ['a folded block with a deeper line', 'q: >+\n  abc\n    def\n  ghi\n\n', 10, 'ghi'],
    ['a folded block with lines of Windows', 'q: >\r\n  abc\r\n  def\r\n', 4, 'def'],
    ['a block whose indicator has a number and a comment', 'q: |2- # abc\n    abc\n  def\n', 6, 'def'],
    ['the end', 'q: |\n  abc\nr: 1\n', 4, '\nr:'],
    ['beyond the end is not told', 'q: abc\n', 9, undefined],
  ]
  for (const [what, source, offset, rest] of cases) it(what, () => expect(at(source, offset)).to.equal(rest))

  it('of an alias is where the text itself is', () => expect(at('p: &x abc def\nq: *x\n', 4)).to.equal('def'))
  it('of what is merged is where the text itself is', () => {
    const source = 'p: &x {q: "abc def"}\nr: {<<: *x}\n'
    const tree = readManifests(source).manifests[0]?.tree.members?.get('r')?.members?.get('q') ?? expect.fail('nothing there')
    expect(source.slice(withinString(source, tree, 4) ?? 0).slice(0, 3)).to.equal('def')
  })

  it('is the same character, however the string is written', () => {
    const styles = ['PLAIN', 'QUOTE_SINGLE', 'QUOTE_DOUBLE', 'BLOCK_LITERAL', 'BLOCK_FOLDED'] as const
    const word = fc.oneof(fc.constantFrom('rate(', 'x', '"a"', "it's", '\\d', '日本', '\u{1F600}', '\u00a0', ']'), fc.string({ minLength: 1, maxLength: 6 }))
    const blank = fc.constantFrom(' ', '  ', '\n', '\n\n', '\n  ', ' \n', '\t')
    const anyText = fc.array(fc.tuple(word, blank), { minLength: 1, maxLength: 12 }).map((parts) => parts.flat().join(''))
    fc.assert(
      fc.property(anyText, fc.constantFrom(...styles), fc.boolean(), fc.integer({ min: 20, max: 60 }), (value, type, windows, lineWidth) => {
        const document = new Document({ p: { q: value } })
        ;(document.getIn(['p', 'q'], true) as { type?: string }).type = type
        const printed = document.toString({ lineWidth })
        const source = windows ? printed.replaceAll('\n', '\r\n') : printed
        const tree = readManifests(source).manifests[0]?.tree.members?.get('p')?.members?.get('q') ?? expect.fail(source)
        const read = String(tree.value)
        for (let offset = 0; offset < read.length; offset++) {
          if (/[\s"\\']/.test(read.charAt(offset))) continue
          const place = withinString(source, tree, offset)
          const there = source.charAt(place ?? -1)
          expect(there === '\\' || there === read.charAt(offset), `${JSON.stringify(source)} ${offset} ${place}`).to.equal(true)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
