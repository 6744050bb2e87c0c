import { expect } from 'chai'
import { formatInstant, instant, parseInstant, type Instant } from '../../shared/lib/time.ts'
import { compileWindow, scheduleGate, type Schedule } from './schedules.ts'

const at = (text: string): Instant => parseInstant(`2030-01-${text}Z`) ?? instant(Number.NaN)
const schedule = (allow: boolean, cron: string, duration: string, timeZone = 'UTC'): Schedule => ({ allow, during: compileWindow({ schedule: cron, duration, timeZone }) })
const answer = (schedules: readonly Schedule[], now: string): string | undefined => {
  const refusal = scheduleGate(schedules)(at(now))
  return refusal === undefined ? undefined : `${refusal.reason} ${refusal.recheckAt === undefined ? 'never' : formatInstant(refusal.recheckAt).slice(8, 23)}`
}

const office = schedule(true, '0 9 * * mon-fri', '8h')
const rush = schedule(false, '0 18 * * *', '2h')
const lunch = schedule(false, '0 12 * * *', '1h')
const broken: Schedule = { allow: true, during: compileWindow({ schedule: 'soon', duration: '1h', timeZone: 'UTC' }) }

describe('schedules', () => {
  // 2030-01-01 is a Tuesday.
  const cases: readonly [title: string, schedules: readonly Schedule[], now: string, answer: string | undefined][] = [
    ['without any, every time will do', [], '01T03:00:00', undefined],
    ['just before a forbidding time it may act', [rush], '01T17:59:59.999', undefined],
    ['at the begin of a forbidding time it may not', [rush], '01T18:00:00', 'OutsideSchedule 01T20:00:00.000'],
    ['just before the end of a forbidding time it may not', [rush], '01T19:59:59.999', 'OutsideSchedule 01T20:00:00.000'],
    ['at the end of a forbidding time it may', [rush], '01T20:00:00', undefined],
    ['just before an allowing time it may not', [office], '01T08:59:59.999', 'OutsideSchedule 01T09:00:00.000'],
    ['at the begin of an allowing time it may', [office], '01T09:00:00', undefined],
    ['just before the end of an allowing time it may', [office], '01T16:59:59.999', undefined],
    ['at the end of an allowing time it may not', [office], '01T17:00:00', 'OutsideSchedule 02T09:00:00.000'],
    ['over a weekend it waits for Monday', [office], '04T17:00:00', 'OutsideSchedule 07T09:00:00.000'],
    ['a forbidding time within an allowing one forbids', [office, lunch], '01T12:30:00', 'OutsideSchedule 01T13:00:00.000'],
    ['after it the allowing one allows again', [office, lunch], '01T13:00:00', undefined],
    ['one of two allowing times is enough', [office, schedule(true, '0 20 * * *', '1h')], '01T20:30:00', undefined],
    ['between two allowing times the nearer one counts', [office, schedule(true, '0 20 * * *', '1h')], '01T19:00:00', 'OutsideSchedule 01T20:00:00.000'],
    ['forbidding times that follow each other are waited out', [rush, schedule(false, '0 20 * * *', '4h')], '01T18:30:00', 'OutsideSchedule 02T00:00:00.000'],
    ['an allowing time that is always forbidden never comes, and the next change is looked at', [schedule(true, '0 12 * * *', '30m'), lunch], '01T12:10:00', 'OutsideSchedule 01T12:30:00.000'],
    ['one that cannot be read forbids', [broken], '01T12:00:00', 'OutsideSchedule never'],
    ['one that cannot be read forbids whatever the others say', [office, broken], '01T12:00:00', 'OutsideSchedule never'],
  ]
  for (const [title, schedules, now, expected] of cases) it(title, () => expect(answer(schedules, now)).to.equal(expected))

  it('say which of them it is, in the same words as long as nothing changes', () => {
    const gate = scheduleGate([office, rush])
    const said = gate(at('01T18:00:00'))?.message
    expect(said).to.equal('safetyRules.schedules[1] forbids it now; acting again from 2030-01-02T09:00:00.000Z')
    expect(gate(at('01T19:59:59'))?.message).to.equal(said)
    expect(gate(at('01T20:00:00'))?.message).to.equal('no allowing time of safetyRules.schedules is on; acting again from 2030-01-02T09:00:00.000Z')
    expect(gate(at('02T09:00:00'))).to.equal(undefined)
  })
})
