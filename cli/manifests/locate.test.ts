import { expect } from 'chai'
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
    ['plain over two lines is not told', 'q: abc\n  def\n', 4, undefined],
    ['single quotes', "q: 'it''s def'\n", 5, 'def'],
    ['double quotes', String.raw`q: "a\"b\u0041 def"`, 5, 'def'],
    ['double quotes, beyond the first plane', String.raw`q: "\U0001F600def"`, 2, 'def'],
    ['a block, first line', 'q: |\n  abc def\n  ghi\n', 4, 'def'],
    ['a block, second line', 'q: |\n  abc\n  ghi def\n', 8, 'def'],
    ['a block with a deeper line', 'q: |\n  abc\n    ghi\n', 6, 'ghi'],
    ['a block with lines of Windows', 'q: |-\r\n  abc\r\n  ghi\r\n', 4, 'ghi'],
    ['a block after empty lines', 'q: |\n\n  abc\n\n  ghi\n', 6, 'ghi'],
    ['a folded block is not told', 'q: >\n  abc\n  def\n', 4, undefined],
    ['beyond the end is not told', 'q: abc\n', 9, undefined],
  ]
  for (const [what, source, offset, rest] of cases) it(what, () => expect(at(source, offset)).to.equal(rest))
})
