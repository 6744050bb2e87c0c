import { expect } from 'chai'
import { assert, array, integer, property, record } from 'fast-check'
import { millis } from '../lib/time.ts'
import { ServerClock } from './server-clock.ts'

const header = (time: number): string => new Date(time).toUTCString()

describe('the clock of the server', () => {
  it('is unknown before the first answer, and after one without a date', () => {
    const clock = new ServerClock()
    clock.observe(undefined, millis(0), millis(0))
    clock.observe('yesterday', millis(0), millis(0))
    expect(clock.at(millis(0))).to.equal(undefined)
  })

  it('goes on with the monotonic clock between answers', () => {
    const clock = new ServerClock()
    clock.observe(header(1_000_000_000_000), millis(500), millis(0))
    expect(clock.at(millis(2500))).to.equal(1_000_000_002_000)
  })

  it('follows a server whose clock was set', () => {
    const clock = new ServerClock()
    clock.observe(header(1_000_000_000_000), millis(0), millis(0))
    clock.observe(header(1_000_000_600_000), millis(1000), millis(0))
    expect(clock.at(millis(1000))).to.equal(1_000_000_600_000)
    clock.observe(header(1_000_000_000_000), millis(2000), millis(0))
    expect(clock.at(millis(2000))).to.equal(1_000_000_001_000)
  })

  it('never goes back and is never more than a second off, while the true clock goes evenly', () => {
    const steps = array(record({ wait: integer({ min: 0, max: 5000 }), trip: integer({ min: 0, max: 400 }) }), { maxLength: 40 })
    assert(
      property(integer({ min: 0, max: 999 }), steps, (offset, answers) => {
        const clock = new ServerClock()
        const truth = (monotonic: number): number => 1_000_000_000_000 + offset + monotonic
        let now = 0
        let last = 0
        for (const { wait, trip } of answers) {
          now += wait
          // Stamped somewhere on the way back, cut to the second.
          const stamped = Math.floor(truth(now) / 1000) * 1000
          now += trip
          clock.observe(header(stamped), millis(now), millis(trip))
          const estimate = clock.at(millis(now)) ?? 0
          expect(estimate).to.be.at.least(last)
          expect(Math.abs(estimate - truth(now))).to.be.at.most(1000 + trip)
          last = estimate
        }
      }),
    )
  })
})
