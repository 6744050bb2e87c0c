import { expect } from 'chai'
import * as fc from 'fast-check'
import { readManifests } from './documents.ts'

const values = (text: string): unknown[] => readManifests(text).manifests.map(({ value }) => value)
const problems = (text: string): string[] => {
  const { problems: found, place } = readManifests(text)
  return found.map(({ offset, what }) => `${place(offset).line}:${place(offset).column} ${what}`)
}

describe('reading manifests as kubectl does', () => {
  // What `kubectl create --dry-run=client -o json` makes of them: e2e/cli/lint.e2e.ts asks it.
  const scalars: readonly [source: string, value: unknown][] = [
    ['y', true], ['Y', true], ['yes', true], ['on', true], ['ON', true], ['True', true], ['TRUE', true],
    ['n', false], ['No', false], ['off', false], ['false', false],
    ['oN', 'oN'], ['yEs', 'yEs'], ['"y"', 'y'], ["'no'", 'no'],
    ['~', null], ['null', null], ['Null', null], ['', null], ['nULL', 'nULL'],
    ['017', 15], ['0o17', 15], ['08', 8], ['0x1F', 31], ['0b101', 5], ['-0b101', -5], ['+5', 5], ['-0', 0], ['1_000', 1000],
    ['1e3', 1000], ['12e03', 12000], ['1.', 1], ['.5', 0.5], ['-1.5', -1.5], ['1e400', '1e400'],
    ['1:30', '1:30'], ['2024-01-02', '2024-01-02'], ['1.2.3', '1.2.3'], ['5m', '5m'], ['1-2', '1-2'], ['1e', '1e'], ['0xzz', '0xzz'], ['-x', '-x'], ['._5', '._5'], ['=', '='],
    ['!!str 5', '5'], ['!!str yes', 'yes'], ['!!int 0x10', 16], ['!!int "5"', 5], ['!!float 5', 5], ['!!bool yes', true], ['!!null ~', null], ['!!binary aGVsbG8=', 'hello'], ['!!timestamp 2001-01-01', '2001-01-01'], ['!own 5', '5'],
    ['18446744073709551616', 2 ** 64], [`0b${'1'.repeat(65)}`, `0b${'1'.repeat(65)}`], [`0${'7'.repeat(30)}`, Number('7'.repeat(30))],
  ]
  for (const [source, value] of scalars) it(`${source === '' ? 'nothing' : source} is ${JSON.stringify(value)}`, () => expect(values(`a: ${source}\n`)).to.deep.equal([{ a: value }]))

  const documents: readonly [what: string, text: string, values: unknown[]][] = [
    ['takes several documents, and passes over empty ones', '---\n---\na: 1\n---\n# nothing\n---\nb: 2\n---\n', [{ a: 1 }, { b: 2 }]],
    ['takes JSON, indented by tabs', '{\n\t"a": [1, true, null, "\\u0041"]\n}\n', [{ a: [1, true, null, 'A'] }]],
    ['follows aliases', 'a: &x {b: [1]}\nc: *x\n', [{ a: { b: [1] }, c: { b: [1] } }]],
    ['merges maps where it stands: what comes later wins', 'p: &x {a: 1, b: 1}\nq: {<<: *x, a: 2}\nr: {a: 2, <<: *x}\n', [{ p: { a: 1, b: 1 }, q: { a: 2, b: 1 }, r: { a: 1, b: 1 } }]],
    ['merges several maps: of a list the first wins, of two merges the second', 'p: &x {a: 1}\nq: &y {a: 2, b: 2}\nr: {<<: [*x, *y]}\ns: {<<: *x, <<: *y}\n', [{ p: { a: 1 }, q: { a: 2, b: 2 }, r: { a: 1, b: 2 }, s: { a: 2, b: 2 } }]],
    ['takes escapes of JSON where it is JSON', '{"a": "\\/\u2028"}', [{ a: '/\u2028' }]],
    ['keeps the last of two equal keys', 'a: 1\nb: 2\na: 3\n', [{ a: 3, b: 2 }]],
    ['makes strings of keys', '1: a\ntrue: b\n0x10: c\n', [{ 1: 'a', true: 'b', 16: 'c' }]],
    ['keeps a key that is called like a prototype', '__proto__: 1\nconstructor: 2\n', [JSON.parse('{"__proto__":1,"constructor":2}')]],
    ['takes the items of a List', 'apiVersion: v1\nkind: List\nitems:\n- {kind: A}\n- {kind: List, items: [{kind: B}]}\n', [{ kind: 'A' }, { kind: 'B' }]],
    ['tells items of a typed list what they are', 'apiVersion: g/v1\nkind: AList\nitems:\n- {b: 1}\n- {apiVersion: h/v1, kind: C}\n', [{ b: 1, apiVersion: 'g/v1', kind: 'A' }, { apiVersion: 'h/v1', kind: 'C' }]],
    ['keeps an object that is only called a list', 'kind: PriceList\nspec: {items: []}\n', [{ kind: 'PriceList', spec: { items: [] } }]],
    ['reads past a byte order mark', '\ufeffa: 1\n', [{ a: 1 }]],
    ['reads lines of Windows', 'a: |\r\n  x\r\n  y\r\nb: 1\r\n', [{ a: 'x\ny\n', b: 1 }]],
    ['takes objects of JSON one after the other', '\ufeff {"a": "}{"}{"b": {"c": "\\\\"}}\n\n{"d": [{}]}\n', [{ a: '}{' }, { b: { c: '\\' } }, { d: [{}] }]],
    ['takes a list of what is no object of Kubernetes', '- hosts: all\n- {kind: A}\n', [[{ hosts: 'all' }, { kind: 'A' }]]],
    ['finds nothing in nothing', '', []],
    ['finds nothing in comments', '# a\n# b\n', []],
  ]
  for (const [what, text, expected] of documents) it(what, () => expect({ values: values(text), problems: problems(text) }).to.deep.equal({ values: expected, problems: [] }))

  const unreadable: readonly [what: string, text: string, said: string[]][] = [
    ['a template', 'a: {{ .Values.x }}\n', ['1:5 a key must be a string']],
    ['NaN', 'a: .nan\n', ['1:4 NaN and infinity are no values of JSON']],
    ['an item of a list that is no object', 'kind: List\nitems:\n- {kind: A}\n- text\n- [b]\n- null\n', ['4:3 an item of a list is no object', '5:3 an item of a list is no object', '6:3 an item of a list is no object']],
    ['one of a list within a list', 'kind: List\nitems:\n- {kind: PodList, items: [1]}\n', ['3:27 an item of a list is no object']],
    ['a List within a List', 'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: List, items: [{kind: A}]}\n', ['4:3 a List within a List: kubectl reads none of it']],
    ...['null', '{a: 1}', 'text'].map((items): [string, string, string[]] => [`a List of ${items}`, `apiVersion: v1\nkind: List\nitems: ${items}\n`, ['1:1 a List has its objects in items, a list']]),
    ['lines that end with carriage returns alone', 'a: 1\rb: 2\r', ['1:5 its lines end with carriage returns alone: write line feeds']],
    ['a list of objects', 'a: 1\n---\n[{"apiVersion": "v1", "kind": "A"}]\n', ['3:1 a list is no object: kubectl reads several as documents, or as the items of a List']],
    ['what follows an object of JSON and is none', '{"a": 1}\n{b: 1}\n', ['2:1 something follows where the value has ended already']],
    ['the first mistake of a document', 'a: [\nb: 1\nc: 2\n', ['2:1 a line is indented otherwise than the one that it belongs to']],
    ['an alias of nothing', 'a: *b\n', ['1:4 there is no anchor "b" before it']],
    ['an anchor within itself', 'a: &b [*b]\n', ['1:8 the anchor "b" contains itself']],
    ['a merge of what is no map', 'a: {<<: 5}\n', ['1:5 map merge requires map or sequence of maps as the value']],
    ['a tag that does not fit', 'a: !!int x\nb: !!float y\nc: !!bool z\nd: !!null n\ne: !!binary "%"\nf: !!timestamp t\n', ['1:10 "x" is no !!int', '2:12 "y" is no !!float', '3:11 "z" is no !!bool', '4:11 "n" is no !!null', '5:13 "%" is no !!binary', '6:16 "t" is no !!timestamp']],
    ['a directive', '# c\n%YAML 1.1\n---\na: 1\n', ['2:1 kubectl takes no line that begins with % (a directive): leave it out']],
    ['a document behind ---', 'a: 1\n--- {b: 1}\n', ['2:4 kubectl takes nothing but a comment behind ---: begin the document in the next line']],
    ['what follows ...', 'a: 1\n...\n# c\nb: 1\n---\nc: 1\n', ['4:1 kubectl reads nothing between ... and the next ---']],
    ['line breaks of Unicode, in comments too', 'a: 1 # b\u2028c\n', ['1:9 the character U+2028 ends a line for kubectl: write it as an escape in double quotes']],
    ['escapes that kubectl does not know', 'a: "\\ud83d"\nb: "\\/"\n', ['1:4 the escape "\\ud83d" is no character to kubectl: write the character itself, or \\U and eight digits', '2:4 the escape "\\/" is one of JSON, and none to kubectl: write /']],
    ['a question mark within brackets', '{a: [b?c]}\n', ['1:6 within brackets kubectl takes ? for the beginning of a key: put the text in quotes']],
    ['a colon within brackets', '{a: [:b], c:}\n', ['1:6 within brackets kubectl takes a colon for the end of a key: put the text in quotes', '1:11 within brackets the colon after a key needs a blank: kubectl takes it for a part of the key']],
    ['an anchor with other characters', 'a: &b.c 1\n', ['1:9 the anchor "b.c" may have letters, digits, - and _ alone']],
    ['a tab where a line begins', 'a: |\n  x\n  \t\nb: 1\n \t\n', ['5:2 kubectl takes no tab where a line begins, not even of an empty one: write blanks']],
    ['an unfinished string', 'a: 1\nb: "x\n', ['3:1 a bracket, a quote, a comma, a colon or a blank after it is missing']],
    ['NUL', 'a: 1\nb: \u0000\n', ['2:4 control characters are not allowed']],
    ['a lone surrogate', 'a: \ud800\n', ['1:4 control characters are not allowed']],
    ['nesting without end', '['.repeat(20_000), ['1:10001 it is nested too deeply']],
    ['nesting on one line', '- '.repeat(20_000), ['1:20001 it is nested too deeply']],
  ]
  for (const [what, text, said] of unreadable) it(`says where it gives up: ${what}`, () => expect(problems(text)).to.deep.equal(said))

  it('counts no column for a byte order mark', () => expect(problems('\ufeffa: *x\n')).to.deep.equal(['1:4 there is no anchor "x" before it']))

  it('knows the place of each of several objects of JSON', () => {
    const text = '{"a": 1}\n{"b": {"c": true}}{"d": 2}'
    const { manifests } = readManifests(text)
    expect(manifests.map(({ tree }) => text.slice(tree.range.start, tree.range.end))).to.deep.equal(['{"a": 1}', '{"b": {"c": true}}', '{"d": 2}'])
    const inner = manifests[1]?.tree.members?.get('b')?.members?.get('c')
    expect([text.slice(inner?.key.start, inner?.key.end), text.slice(inner?.range.start, inner?.range.end)]).to.deep.equal(['"c"', 'true'])
  })

  it('reads the other documents of a file with a broken one', () => expect(values('a: 1\n---\nb: *x\n---\nc: 3\n')).to.deep.equal([{ a: 1 }, { c: 3 }]))

  it('tells which template Helm made a document from', () => {
    const text = '---\n# Source: shop/templates/a.yaml\na: 1\n---\n# Source: shop/templates/b.yaml\nb: 1\n---\nc: 1\n'
    expect(readManifests(text).manifests.map(({ source }) => source)).to.deep.equal(['shop/templates/a.yaml', 'shop/templates/b.yaml', undefined])
  })

  it('does not multiply aliases without end', () => {
    const names = Array.from('abcdefghijk')
    const bomb = names.map((name, index) => `${name}: &${name} [${Array(9).fill(index === 0 ? 'x' : `*${names[index - 1]}`).join(',')}]`).join('\n')
    expect(problems(bomb).map((line) => line.replace(/^\S+ /, ''))).to.deep.equal(['the document contains excessive aliasing'])
  })

  it('never throws, and finds each place within the text', () => {
    const pieces = fc.constantFrom('a: ', '- ', '&x ', '*x', '<<: ', '{', '}', '[', ']', '"', "'", '|\n', '>\n', '\n', '  ', '---\n', '...\n', '# c\n', '!!str ', '? ', ': ', '\u0000', '\ufeff', '\ud800', 'kind: List\n', 'items:\n', '%YAML 1.1\n', '\t', '\r\n', '1e9', 'y')
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 4 })), { maxLength: 40 }), (parts) => {
        const text = parts.join('')
        const { problems: found, place, manifests } = readManifests(text)
        for (const { offset } of found) expect(place(offset).line).to.be.within(1, text.split('\n').length)
        for (const { tree } of manifests) expect(tree.range.end).to.be.at.most(text.length)
      }),
      { numRuns: 2000 },
    )
  })
})
