import { expect } from 'chai'
import { check } from '../test-policy.ts'
import { ks401 } from './ks401-max-actions.ts'
import { ks403 } from './ks403-max-unhealthy.ts'
import { ks406 } from './ks406-time-windows.ts'
import { ks407 } from './ks407-budgets.ts'

describe('KS401 actions per hour', () => {
  const of = (maxActionsPerHour: number, ceiling = 60): string[] => check(ks401, { safetyRules: { maxActionsPerHour } }, { ceiling: { maxActionsPerHour: ceiling } })
  const at = 'spec.safetyRules.maxActionsPerHour'

  it('zero and less are refused, one passes', () => {
    expect(of(-1)).to.deep.equal([`${at}: -1 is not above zero`])
    expect(of(0)).to.deep.equal([`${at}: 0 is not above zero`])
    expect(of(1)).to.deep.equal([])
  })
  it('the ceiling passes, one more is refused', () => {
    expect(of(59)).to.deep.equal([])
    expect(of(60)).to.deep.equal([])
    expect(of(61)).to.deep.equal([`${at}: 61 is above the ceiling of this installation (60)`])
  })
  it("the ceiling is the installation's", () => {
    expect(of(3, 2)).to.deep.equal([`${at}: 3 is above the ceiling of this installation (2)`])
    expect(of(61, 200)).to.deep.equal([])
  })
})

describe('KS403 how many may be unhealthy', () => {
  const of = (maxUnhealthy: string): string[] => check(ks403, { safetyRules: { maxUnhealthy } })
  const at = 'spec.safetyRules.maxUnhealthy'

  it('nothing, a count and a percentage pass', () => {
    expect(check(ks403)).to.deep.equal([])
    for (const value of ['1', '20', '1%', '20%', '99%']) expect(of(value), value).to.deep.equal([])
  })
  it('anything else is refused', () => {
    expect(of('few')).to.deep.equal([`${at}: "few" is neither a count nor a percentage`])
    for (const value of ['101%', '-1', '1.5', '20 %', '%', '0x1']) expect(of(value), value).to.have.lengthOf(1)
  })
  it('nothing and everything are warned of', () => {
    expect(of('0')).to.deep.equal([`W ${at}: "0" lets nothing be healed`])
    expect(of('0%')).to.deep.equal([`W ${at}: "0%" lets nothing be healed`])
    expect(of('100%')).to.deep.equal([`W ${at}: 100% never stops`])
  })
})

describe('KS406 time windows', () => {
  const window = (overrides: Partial<{ schedule: string; duration: string; timeZone: string }> = {}) => ({ schedule: '0 9 * * mon-fri', duration: '8h', timeZone: 'UTC', ...overrides })
  const schedule = (overrides: Parameters<typeof window>[0]): string[] => check(ks406, { safetyRules: { schedules: [{ allow: true, during: window() }, { allow: false, during: window(overrides) }] } })
  const at = 'spec.safetyRules.schedules[1].during'

  it('working hours pass, in every zone that is known', () => {
    for (const timeZone of ['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'America/Argentina/Buenos_Aires']) expect(schedule({ timeZone })).to.deep.equal([])
  })
  it('a schedule that is none is refused where it is written', () => {
    expect(schedule({ schedule: '0 9 * * funday' })).to.deep.equal([`${at}.schedule: "funday" is no day of the week of cron`])
    expect(schedule({ schedule: '60 9 * * *' })).to.deep.equal([`${at}.schedule: "60 9 * * *" is no cron schedule ("Invalid value for minute: 60")`])
    expect(schedule({ schedule: '0 0 9 * * *' })).to.have.lengthOf(1)
  })
  it('a day that never comes is refused, the leap day is not', () => {
    expect(schedule({ schedule: '0 0 30 2 *' })).to.deep.equal([`${at}.schedule: "0 0 30 2 *" never comes`])
    expect(schedule({ schedule: '0 0 29 2 *' })).to.deep.equal([])
  })
  it('an unknown time zone is refused', () => {
    expect(schedule({ timeZone: 'Europe/Gotham' })).to.deep.equal([`${at}.timeZone: "Europe/Gotham" is no time zone`])
  })
  it('one that never ends is refused, a minute of pause is enough', () => {
    expect(schedule({ schedule: '0 0 * * *', duration: '24h' })).to.deep.equal([`${at}: it begins again before it ends, over and over`])
    expect(schedule({ schedule: '0 0 * * *', duration: '23h59m' })).to.deep.equal([])
  })
  it('a budget has windows too, and needs none', () => {
    expect(check(ks406, { safetyRules: { budgets: [{ actions: 1, per: '1h' }, { actions: 1, per: '1h', during: window({ schedule: 'a b c d e' }) }] } })).to.deep.equal([
      'spec.safetyRules.budgets[1].during.schedule: "a" is no minute of cron',
    ])
  })
})

describe('KS407 budgets that never limit', () => {
  const of = (actions: number, per: string, maxActionsPerHour = 5): string[] => check(ks407, { safetyRules: { maxActionsPerHour, budgets: [{ actions, per }] } })
  const at = 'spec.safetyRules.budgets[0].actions'

  it('as many in an hour as the hour allows are warned of, one less is not', () => {
    expect(of(4, '1h')).to.deep.equal([])
    expect(of(5, '1h')).to.deep.equal([`${at}: maxActionsPerHour lets no more than 5 through in 1h`])
    expect(of(5, '1m')).to.have.lengthOf(1)
  })
  it('longer times have more hours, begun ones included', () => {
    expect(of(5, '1h1m')).to.deep.equal([])
    expect(of(9, '2h')).to.deep.equal([])
    expect(of(10, '2h')).to.have.lengthOf(1)
  })
})
