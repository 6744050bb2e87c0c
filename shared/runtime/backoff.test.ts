import { expect } from 'chai'
import { assert, double, integer, property } from 'fast-check'
import { millis } from '../lib/time.ts'
import { backoffDelay } from './backoff.ts'

const backoff = { base: millis(500), max: millis(30_000), jitter: 0.5 }

describe('backoff', () => {
  it('doubles from the base to the ceiling', () => {
    const delays = [1, 2, 3, 6, 7, 8, 1000].map((failures) => backoffDelay(backoff, failures, () => 0))
    expect(delays).to.deep.equal([500, 1000, 2000, 16_000, 30_000, 30_000, 30_000])
  })

  it('takes off at most its jitter, and is never below that of the base', () => {
    assert(
      property(integer({ min: 1, max: 100 }), double({ min: 0, max: 0.999_999, noNaN: true }), (failures, random) => {
        const delay = backoffDelay(backoff, failures, () => random)
        return delay >= 250 && delay <= 30_000
      }),
    )
  })
})
