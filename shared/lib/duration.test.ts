import { expect } from 'chai'
import * as fc from 'fast-check'
import { DURATION_MAX, DURATION_MAX_LENGTH, formatDuration, parseDuration } from './duration.ts'
import { hours, millis, minutes, seconds } from './time.ts'

describe('parseDuration', () => {
  const read: readonly [text: string, span: number][] = [
    ['0s', 0],
    ['1ms', 1],
    ['999ms', 999],
    ['1s', seconds(1)],
    ['90s', seconds(90)],
    ['1m30s', seconds(90)],
    ['1h30m', minutes(90)],
    ['1.5h', minutes(90)],
    ['0.5ms', 1],
    ['0.4ms', 0],
    ['30m1h', minutes(90)],
    ['87600h', DURATION_MAX],
  ]
  for (const [text, span] of read) it(`reads ${text} as ${span} ms`, () => expect(parseDuration(text)).to.equal(span))

  const refused = ['', ' ', '5', '-5m', '+5m', '5 m', ' 5m', '5m ', '5m\n', '5m5', '1d', '1w', '1us', '1ns', '.5s', '5.s', '1,5h', '1e3s', 'm', 'P1D', 'Infinity', '٥m', '87600h1ms', '99999999999999999h', `${'0'.repeat(DURATION_MAX_LENGTH)}s`]
  for (const text of refused) it(`refuses ${JSON.stringify(text)}`, () => expect(parseDuration(text)).to.equal(undefined))

  it('reads the longest text that the API takes', () => {
    const longest = '000000h000000m000000s0ms'
    expect(longest).to.have.length(DURATION_MAX_LENGTH)
    expect(parseDuration(longest)).to.equal(0)
  })
})

describe('formatDuration', () => {
  const written: readonly [span: number, text: string][] = [
    [0, '0s'],
    [-1, '0s'],
    [1, '1ms'],
    [seconds(59), '59s'],
    [seconds(60), '1m'],
    [seconds(90), '1m30s'],
    [hours(24), '24h'],
    [hours(1) + 1, '1h1ms'],
  ]
  for (const [span, text] of written) it(`writes ${span} ms as ${text}`, () => expect(formatDuration(millis(span))).to.equal(text))

  it('writes what parseDuration reads back', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: DURATION_MAX }), (span) => parseDuration(formatDuration(millis(span))) === span))
  })
})
