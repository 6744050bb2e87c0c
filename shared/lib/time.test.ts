import { expect } from 'chai'
import * as fc from 'fast-check'
import { after, before, between, earliest, formatInstant, instant, latest, parseInstant, seconds } from './time.ts'

describe('parseInstant', () => {
  const read: readonly [text: string, at: number][] = [
    ['1970-01-01T00:00:00Z', 0],
    ['1970-01-01T00:00:00.001Z', 1],
    ['1970-01-01T00:00:00.000999Z', 0],
    ['1970-01-01T02:00:00+02:00', 0],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
  ]
  for (const [text, at] of read) it(`reads ${text}`, () => expect(parseInstant(text)).to.equal(at))

  const refused = [undefined, '', '0', 'yesterday', '2030-01-01', '2030-01-01T00:00:00', '2030-01-01 00:00:00Z', '2030-01-01T00:00:00z', '2030-13-01T00:00:00Z', '2030-01-01T25:00:00Z', '2030-01-01T00:00:60Z', ' 2030-01-01T00:00:00Z', '2030-01-01T00:00:00Z\n', '99999-01-01T00:00:00Z']
  for (const text of refused) it(`refuses ${JSON.stringify(text)}`, () => expect(parseInstant(text)).to.equal(undefined))

  it('reads back what formatInstant writes', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }), (at) => parseInstant(formatInstant(instant(at))) === at))
  })
})

describe('spans', () => {
  const noon = instant(Date.UTC(2030, 0, 1, 12))
  it('lead there and back', () => expect(before(after(noon, seconds(5)), seconds(5))).to.equal(noon))
  it('are negative when the order is the other way round', () => expect(between(after(noon, seconds(1)), noon)).to.equal(-1000))
  it('tell the later from the earlier', () => {
    const later = after(noon, seconds(1))
    expect([latest(noon, later), latest(later, noon), earliest(noon, later), earliest(later, noon)]).to.deep.equal([later, later, noon, noon])
  })
})
