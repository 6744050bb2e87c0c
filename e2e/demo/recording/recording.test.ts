import { readFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { expect } from 'chai'
import { APPS, EXPECTED } from '../scenario.ts'
import { readCast, withoutIdling, writeCast, type Cast } from './cast.ts'
import { castToSvg, pictureOf } from './svg.ts'

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

describe('the recording of the README', () => {
  const file = (name: string): string => readFileSync(new URL(`../../../docs/guide/${name}`, import.meta.url), 'utf8')
  const recording = file('demo.cast')
  const { width, outputs } = readCast(recording)
  const text = outputs.map((output) => output.text).join('')

  // If these fail: node e2e/demo/record.ts
  it('is of the demo as it is: every app, its fault and what is expected of it', () => {
    for (const { name, title, fault, expectation } of APPS) {
      expect(text).to.contain(fault)
      expect(text, name).to.match(new RegExp(`✓\\S*  ${name} +${title} +${EXPECTED[expectation].says} +as expected`))
    }
    expect(text).to.contain('All that was expected was seen')
  })

  it('is of `make demo`: its cluster, and no path of the machine', () => {
    expect(text).to.contain('starting the cluster demo ')
    expect(text).not.to.match(/[^\w.]\/(root|home|work|tmp|var|usr|etc)\//)
  })

  it('has room for the whole table', () => {
    const rows = stripVTControlCharacters(text).split('\r\n').filter((line) => /^ {2}[✓✗] /.test(line))
    expect(rows).to.have.length(APPS.length + 2)
    expect(rows.filter((row) => row.length > width)).to.deep.equal([])
  })

  it('is what the picture shows', () => expect(file('demo.svg')).to.equal(pictureOf(recording)))
})
