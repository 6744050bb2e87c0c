import { expect } from 'chai'
import { readMarkdown } from './markdown.ts'

const anchors = (...lines: readonly string[]): string[] => [...readMarkdown(lines.join('\n')).anchors]
const links = (...lines: readonly string[]): readonly string[] => readMarkdown(lines.join('\n')).links

describe('Markdown', () => {
  it('has the anchors that GitHub makes of headings', () => {
    expect(anchors('# What keeps it safe', '## `kubeskippy lint --server`, and then?', '## Für_alle', '### [Links](x.md) too ##')).to.deep.equal(['what-keeps-it-safe', 'kubeskippy-lint---server-and-then', 'für_alle', 'links-too'])
  })
  it('numbers headings of the same words', () => expect(anchors('# A', '## A', '## A')).to.deep.equal(['a', 'a-1', 'a-2']))
  it('has anchors of HTML', () => expect(anchors('<a id="here"></a>')).to.deep.equal(['here']))
  it('has no headings or links in code', () => {
    expect(anchors('```sh', '# a comment', '```', '# A title')).to.deep.equal(['a-title'])
    expect(links('`[no](no.md)` and [yes](yes.md)', '```', '[no](no.md)', '```')).to.deep.equal(['yes.md'])
  })
  it('finds links of every form', () => {
    expect(links('[a](b.md#c "title") ![p](p.png) <https://example.com/x>', '', '[d]: e.md')).to.deep.equal(['b.md#c', 'p.png', 'e.md', 'https://example.com/x'])
  })
  it('has blocks with their marks, without the indent of the list around them', () => {
    expect(readMarkdown('1. so\n\n   ```sh run slow\n   one\n     two\n   ```\n').blocks).to.deep.equal([{ language: 'sh', marks: ['run', 'slow'], text: 'one\n  two\n', line: 3 }])
  })
  it('tells of a block without an end', () => expect(() => readMarkdown('x\n```sh\n')).to.throw('the block of line 2 has no end'))
})
