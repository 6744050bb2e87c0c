import { expect } from 'chai'
import { after, instant, millis, seconds } from '../../../shared/lib/time.ts'
import type { Point } from '../../healing/metrics.ts'
import { heldSince } from './held.ts'

const START = instant(1_893_456_000_000)
const at = (s: number): Point['at'] => after(START, seconds(s))
const point = (s: number, value: number, more: Partial<Point> = {}): Point => ({ at: at(s), value, ...more })
const since = (points: readonly Point[]) => heldSince(points, (value) => value > 80, seconds(60))

describe('since when a value has held', () => {
  const cases: readonly [string, readonly Point[], { readonly since: Point['at']; readonly open: boolean } | undefined][] = [
    ['nothing is known', [], undefined],
    ['the newest point does not hold', [point(0, 90), point(30, 80)], undefined],
    ['all points hold: it may have begun before', [point(0, 90), point(30, 90)], { since: at(0), open: true }],
    ['one in between does not', [point(0, 90), point(30, 70), point(60, 90)], { since: at(60), open: false }],
    ['points are just as far apart as they may be', [point(0, 90), point(60, 90)], { since: at(0), open: true }],
    ['points are further apart', [point(0, 90), { ...point(60, 90), at: after(at(60), millis(1)) }], { since: after(at(60), millis(1)), open: false }],
    ['points are further apart, and the source was asked all the time', [point(0, 90), point(300, 90, { unbroken: true })], { since: at(0), open: true }],
    ['it was asked all the time, and the value before did not hold', [point(0, 70), point(300, 90, { unbroken: true })], { since: at(300), open: false }],
    ['no number is no value that holds', [point(0, Number.NaN), point(30, 90)], { since: at(30), open: false }],
  ]
  for (const [title, points, expected] of cases) it(title, () => expect(since(points)).to.deep.equal(expected))
})
