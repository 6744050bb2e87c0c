import { expect } from 'chai'
import * as fc from 'fast-check'
import { after, before, formatInstant, instant, millis, minutes, parseInstant, type Instant } from './time.ts'
import { isEndless, isNeverOpen, isProblem, isWithin, nextChange, parseTimeWindow, shortestPause, type TimeWindow } from './time-window.ts'

const at = (text: string): Instant => parseInstant(text) ?? instant(Number.NaN)
const tell = (t: Instant | undefined): string | undefined => (t === undefined ? undefined : formatInstant(t).replace('.000Z', 'Z'))

function window(schedule: string, duration: string, timeZone = 'UTC'): TimeWindow {
  const parsed = parseTimeWindow({ schedule, duration, timeZone })
  if (isProblem(parsed)) throw new Error(parsed.what)
  return parsed
}

const office = window('0 9 * * mon-fri', '8h')

describe('a window of time', () => {
  const edges: readonly [title: string, window: TimeWindow, now: string, on: boolean, next: string | undefined][] = [
    ['just before its begin it is off', office, '2030-01-01T08:59:59.999Z', false, '2030-01-01T09:00:00Z'],
    ['at its begin it is on', office, '2030-01-01T09:00:00Z', true, '2030-01-01T17:00:00Z'],
    ['just after its begin it is on', office, '2030-01-01T09:00:00.001Z', true, '2030-01-01T17:00:00Z'],
    ['just before its end it is on', office, '2030-01-01T16:59:59.999Z', true, '2030-01-01T17:00:00Z'],
    ['at its end it is off', office, '2030-01-01T17:00:00Z', false, '2030-01-02T09:00:00Z'],
    ['just after its end it is off', office, '2030-01-01T17:00:00.001Z', false, '2030-01-02T09:00:00Z'],
    ['on a Friday evening the next is on Monday', office, '2030-01-04T17:00:00Z', false, '2030-01-07T09:00:00Z'],
    ['over midnight it stays on', window('0 22 * * *', '8h'), '2030-01-02T05:59:59.999Z', true, '2030-01-02T06:00:00Z'],
    ['over midnight it ends', window('0 22 * * *', '8h'), '2030-01-02T06:00:00Z', false, '2030-01-02T22:00:00Z'],
    ['windows that touch are one', window('0 9-16 * * *', '1h'), '2030-01-01T09:30:00Z', true, '2030-01-01T17:00:00Z'],
    ['windows that overlap are one', window('0 9-16 * * *', '90m'), '2030-01-01T09:30:00Z', true, '2030-01-01T17:30:00Z'],
    ['with a gap between them each ends', window('0 9-16 * * *', '59m'), '2030-01-01T09:30:00Z', true, '2030-01-01T09:59:00Z'],
    ['many that touch are one', window('*/5 0-15 * * *', '5m'), '2030-01-01T00:00:00Z', true, '2030-01-01T16:00:00Z'],
    ['of minutes that never end there is no change', window('* * * * *', '1m'), '2030-01-01T09:30:00Z', true, undefined],
    ['a leap day comes in four years', window('0 0 29 2 *', '24h'), '2030-01-01T00:00:00Z', false, '2032-02-29T00:00:00Z'],
    ['a day of the month or a day of the week is enough', window('0 0 13 * fri', '1h'), '2030-01-01T00:00:00Z', false, '2030-01-04T00:00:00Z'],
    ['Sunday is 0 and 7', window('0 0 * * 7', '1h'), '2030-01-01T00:00:00Z', false, '2030-01-06T00:00:00Z'],
    // Berlin puts its clocks forward on 2030-03-31 at 02:00 (01:00Z), back on 2030-10-27 at 03:00 (01:00Z).
    ['in winter it begins at nine in Berlin', window('0 9 * * *', '1h', 'Europe/Berlin'), '2030-03-30T07:59:59.999Z', false, '2030-03-30T08:00:00Z'],
    ['in summer it begins at nine in Berlin', window('0 9 * * *', '1h', 'Europe/Berlin'), '2030-03-31T06:59:59.999Z', false, '2030-03-31T07:00:00Z'],
    ['a begin in the gap comes right after it', window('30 2 * * *', '1h', 'Europe/Berlin'), '2030-03-31T00:00:00Z', false, '2030-03-31T01:00:00Z'],
    ['a begin in the gap of a list comes right after it', window('30 2,14 * * *', '1h', 'Europe/Berlin'), '2030-03-31T00:00:00Z', false, '2030-03-31T01:00:00Z'],
    ['its duration is elapsed time over the gap', window('0 1 * * *', '3h', 'Europe/Berlin'), '2030-03-31T02:59:59.999Z', true, '2030-03-31T03:00:00Z'],
    ['its duration is elapsed time where the clock is put back', window('0 1 * * *', '3h', 'Europe/Berlin'), '2030-10-27T01:59:59.999Z', true, '2030-10-27T02:00:00Z'],
    ['a begin that comes twice counts the first time', window('30 2 * * *', '30m', 'Europe/Berlin'), '2030-10-27T00:29:59.999Z', false, '2030-10-27T00:30:00Z'],
    ['a begin that comes twice does not count the second time', window('30 2 * * *', '30m', 'Europe/Berlin'), '2030-10-27T01:30:00Z', false, '2030-10-28T01:30:00Z'],
    ['every half hour is every half hour where the clock is put back', window('*/30 * * * *', '1m', 'Europe/Berlin'), '2030-10-27T01:00:00Z', true, '2030-10-27T01:01:00Z'],
    ['a zone of half hours', window('0 9 * * *', '1h', 'Asia/Kolkata'), '2030-01-01T03:29:59.999Z', false, '2030-01-01T03:30:00Z'],
    ['the southern summer', window('0 9 * * *', '1h', 'Australia/Sydney'), '2030-01-01T21:59:59.999Z', false, '2030-01-01T22:00:00Z'],
  ]
  for (const [title, of, now, on, next] of edges) {
    it(title, () => expect([isWithin(of, at(now)), tell(nextChange(of, at(now)))]).to.deep.equal([on, next]))
  }

  it('is what it was until its next change, and something else from there', () => {
    const schedules = fc.constantFrom('0 9 * * mon-fri', '30 2 * * *', '*/20 1-3 * * *', '0 */6 * * *', '15 3 1 * *', '0 0 31 * *')
    const spans = fc.constantFrom('1m', '20m', '61m', '8h', '26h')
    const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata')
    const times = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2032, 0, 1) })
    fc.assert(
      fc.property(schedules, spans, zones, times, fc.double({ min: 0, max: 1, noNaN: true }), (schedule, span, zone, time, part) => {
        const of = window(schedule, span, zone)
        const now = instant(time)
        const on = isWithin(of, now)
        const change = nextChange(of, now)
        if (change === undefined) return isEndless(of)
        const between = after(now, millis(Math.floor((change - now) * part)))
        return change > now && isWithin(of, change) !== on && isWithin(of, before(change, millis(1))) === on && (between === change || isWithin(of, between) === on)
      }),
      { numRuns: 150 },
    )
  })

  it('that never ends is known', () => {
    expect([window('* * * * *', '1m'), window('0 * * * *', '2h'), window('0 0 * * *', '24h')].map(isEndless)).to.deep.equal([true, true, true])
    expect([office, window('0 0 * * *', '23h59m'), window('0 0 1 1 *', '168h')].map(isEndless)).to.deep.equal([false, false, false])
  })

  const refused: readonly [schedule: string, field: string, what: string, more?: { readonly duration?: string; readonly timeZone?: string }][] = [
    ['', 'schedule', '"" has 1 fields'],
    ['@daily', 'schedule', '"@daily" has 1 fields'],
    ['0 9 * *', 'schedule', 'has 4 fields'],
    ['0 0 9 * * *', 'schedule', 'has 6 fields'],
    [' 0 9 * * *', 'schedule', 'has 6 fields'],
    ['60 * * * *', 'schedule', '"60 * * * *" is no cron schedule ("Invalid value for minute: 60")'],
    ['0 24 * * *', 'schedule', 'is no cron schedule'],
    ['0 22-2 * * *', 'schedule', 'is no cron schedule'],
    ['*/0 * * * *', 'schedule', 'is no cron schedule'],
    ['1,,2 * * * *', 'schedule', 'is no cron schedule'],
    ['mon 9 * * *', 'schedule', '"mon" is no minute of cron'],
    ['0 9 L * *', 'schedule', '"L" is no day of the month of cron'],
    ['0 9 15W * *', 'schedule', '"15W" is no day of the month of cron'],
    ['0 9 * foo *', 'schedule', '"foo" is no month of cron'],
    ['0 9 * * mon#2', 'schedule', '"mon#2" is no day of the week of cron'],
    ['0 9 * * +1', 'schedule', '"+1" is no day of the week of cron'],
    ['? * * * *', 'schedule', '"?" is no minute of cron'],
    ['0 0 30 2 *', 'schedule', '"0 0 30 2 *" never comes'],
    ['0 0 31 4,6 *', 'schedule', 'never comes'],
    ['0 9 * * *', 'timeZone', '"Mars/Base" is no time zone', { timeZone: 'Mars/Base' }],
    ['0 9 * * *', 'timeZone', '"" is no time zone', { timeZone: '' }],
    ['0 9 * * *', 'timeZone', '"+02:00" is no time zone', { timeZone: '+02:00' }],
    ['0 9 * * *', 'timeZone', '"Local" is no time zone', { timeZone: 'Local' }],
    ['0 9 * * *', 'duration', '"0s" is no duration', { duration: '0s' }],
    ['0 9 * * *', 'duration', '"8 hours" is no duration', { duration: '8 hours' }],
  ]
  for (const [schedule, field, what, { duration = '1h', timeZone = 'UTC' } = {}] of refused) {
    it(`${what} is said of it`, () => {
      const parsed = parseTimeWindow({ schedule, duration, timeZone })
      expect(parsed).to.include({ field })
      expect(isProblem(parsed) && parsed.what).to.include(what)
    })
  }
  it('is never a crash, whatever is written', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.string({ maxLength: 20 }), (schedule, timeZone) => {
        parseTimeWindow({ schedule, duration: '1h', timeZone })
        parseTimeWindow({ schedule: '0 9 * * *', duration: schedule, timeZone: 'UTC' })
      }),
    )
  })
})

describe('a week of windows', () => {
  /** How often the schedules are asked whether a time is left, where all of the week is forbidden but for what nobody allows. */
  function asked(every: number): number {
    let calls = 0
    const counted = (schedule: string): TimeWindow => {
      const { duration, beginAfter, lastBegin } = window(schedule, '1m')
      const one = <A, B>(ask: (a: A) => B) => (a: A): B => (calls++, ask(a))
      return { duration, beginAfter: one(beginAfter), lastBegin: one(lastBegin) }
    }
    expect(isNeverOpen([counted(`*/${every} * * * *`)], Array.from({ length: 7 }, () => counted(`*/${every} * * * *`)), instant(Date.UTC(2024, 0, 1)))).to.equal(false)
    return calls
  }
  it('is looked at for so many begins and no further, however many there are', () => {
    // 336 begins in a week, 1,008 and 5,040.
    const [few, more, most] = [asked(30), asked(10), asked(2)]
    expect(few).to.be.above(0)
    expect({ more, most }).to.deep.equal({ more: few, most: few })
  })
})

describe('the shortest pause', () => {
  const pause = (schedule: string, duration: string): number | undefined => shortestPause(window(schedule, duration))
  it('is from an end to the next begin', () => {
    expect(pause('0 9 * * *', '1m')).to.equal(minutes(23 * 60 + 59))
    expect(pause('0,15 9 * * *', '1m')).to.equal(minutes(14))
    expect(pause('0 9 * * mon,fri', '1m')).to.equal(minutes(3 * 24 * 60 - 1))
  })
  it('is none where they touch or overlap', () => {
    expect(pause('* * * * *', '1m')).to.equal(0)
    expect(pause('0 9 * * *', '30h')).to.equal(0)
  })
})
