import { expect } from 'chai'
import { readCast, withoutIdling, writeCast, type Cast } from './cast.ts'
import { castToSvg } from './svg.ts'

const cast: Cast = {
  title: 'a & b', width: 20, height: 2,
  outputs: [{ at: 0.5, text: '\n\u001b[1mtitle\u001b[0m\r\n' }, { at: 10, text: 'x <y>\r\n' }, { at: 11, text: `\u001b[32m${'long '.repeat(10)}\u001b[0m\r\n` }],
}

describe('a recording', () => {
  it('is read as it was written', () => {
    expect(readCast(writeCast(cast))).to.deep.equal(cast)
    expect(JSON.parse(writeCast(cast).split('\n')[0] ?? '')).to.deep.equal({ version: 2, title: 'a & b', width: 20, height: 2 })
  })

  it('of another version is not taken', () => expect(() => readCast('{"version":3,"width":1,"height":1}')).to.throw('version 2'))

  it('is shown without the time in which nothing happens', () => {
    expect(withoutIdling(cast, 2).outputs.map(({ at }) => at)).to.deep.equal([0.5, 2.5, 3.5])
  })

  it('becomes a picture with its lines, in their colours, as wide as the terminal', () => {
    const svg = castToSvg(cast)
    expect(svg.match(/<text /g)).to.have.length(4)
    expect(svg).to.contain('<tspan class="b">title</tspan>').and.to.contain('x &lt;y&gt;').and.to.contain('aria-label="a &amp; b"')
    expect(svg).to.contain(`<tspan class="g">${'long '.repeat(10).slice(0, 19)}…</tspan>`)
    expect(svg).not.to.contain('\u001b')
  })

  it('ends at its last line', () => expect(castToSvg(cast)).to.match(/translateY\(-34px\)\}\}/))
})
