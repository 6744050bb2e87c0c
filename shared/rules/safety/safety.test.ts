import { expect } from 'chai'
import type { HealingPolicySpec } from '../../api/v1alpha1/types.ts'
import { DEFAULT_INSTALLATION } from '../rule.ts'
import { check, testPolicy, type PolicyOverrides } from '../test-policy.ts'
import { ks401 } from './ks401-max-actions.ts'
import { ks402 } from './ks402-unchecked.ts'
import { ks403 } from './ks403-max-unhealthy.ts'
import { ks404 } from './ks404-approval.ts'
import { ks406 } from './ks406-time-windows.ts'
import { ks407 } from './ks407-budgets.ts'
import { ks408 } from './ks408-never-allowed.ts'
import { ks409 } from './ks409-limits-in-name.ts'
import { ks410 } from './ks410-history.ts'
import { unhealthyLimit } from './max-unhealthy.ts'

describe('KS401 actions per hour', () => {
  const of = (maxActionsPerHour: number, ceiling = 60): string[] => check(ks401, { safetyRules: { maxActionsPerHour } }, { ceiling: { maxActionsPerHour: ceiling, replicas: 1000 } })
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
  const of = (maxUnhealthy: string | number): string[] => check(ks403, { safetyRules: { maxUnhealthy } })
  const at = 'spec.safetyRules.maxUnhealthy'

  it('nothing, a count and a percentage pass', () => {
    expect(check(ks403)).to.deep.equal([])
    for (const value of [1, 20, 2999, '1', '20', '1%', '20%', '51%', '90%']) expect(of(value), `${value}`).to.deep.equal([])
  })
  it('anything else is refused', () => {
    expect(of('few')).to.deep.equal([`${at}: "few" is neither a count nor a percentage`])
    for (const value of ['101%', '-1', '1.5', '20 %', '%', '0x1']) expect(of(value), value).to.have.lengthOf(1)
  })
  it('a count that no selection reaches is warned of: as many as a namespace can have pods, for each that is selected', () => {
    const never = (count: number, namespaces = 1): string => `W ${at}: "${count}" never stops: Kubernetes is made for 3,000 pods in a namespace${namespaces === 1 ? '' : `, and ${namespaces} are selected`}`
    expect(of(3000)).to.deep.equal([never(3000)])
    expect(of('99999')).to.deep.equal([never(99_999)])
    const two = (maxUnhealthy: number): string[] => check(ks403, { selector: { labelSelector: { matchLabels: { app: 'cart' } }, namespaces: ['shop', 'till'] }, safetyRules: { maxUnhealthy } })
    expect(two(5999)).to.deep.equal([])
    expect(two(6000)).to.deep.equal([never(6000, 2)])
  })
  it('nothing and everything are warned of', () => {
    for (const none of [0, '0']) expect(of(none)).to.deep.equal([`W ${at}: "0" lets nothing be healed`])
    expect(of('0%')).to.deep.equal([`W ${at}: "0%" lets nothing be healed`])
    expect(of('100%')).to.deep.equal([`W ${at}: "100%" never stops: no more than all can be unhealthy`])
  })
  it('a percentage that is rounded up to all of ten objects is warned of, one that leaves the tenth out is not', () => {
    expect(of('90%')).to.deep.equal([])
    expect(of('91%')).to.deep.equal([`W ${at}: "91%" never stops: of 11 objects or less it is rounded up to all`])
    expect(of('99%')).to.deep.equal([`W ${at}: "99%" never stops: of 99 objects or less it is rounded up to all`])
    // The gate's own sum says the same.
    for (const [percent, most] of [[91, 11], [95, 19], [99, 99]] as const) {
      expect(unhealthyLimit({ percent }, most), `${percent}%`).to.equal(most)
      expect(unhealthyLimit({ percent }, most + 1), `${percent}%`).to.equal(most)
    }
  })
  it('what never stops is refused beside ten acts at once that nobody is asked about, not beside nine', () => {
    const both = (maxUnhealthy: string | number, maxConcurrent: number, more: PolicyOverrides = {}): string[] => check(ks403, { safetyRules: { maxUnhealthy, maxConcurrent, maxActionsPerHour: 60 }, ...more })
    expect(both('100%', 9)).to.deep.equal([`W ${at}: "100%" never stops: no more than all can be unhealthy`])
    expect(both('100%', 10)).to.deep.equal([`${at}: "100%" never stops: no more than all can be unhealthy, and 10 acts may be in flight at once`])
    for (const value of ['91%', '99%', 3000, '99999']) expect(both(value, 59)[0], `${value}`).to.not.match(/^W /).and.to.not.equal(undefined)
    for (const value of ['50%', 99, undefined]) expect(check(ks403, { safetyRules: { maxConcurrent: 59, ...(value === undefined ? {} : { maxUnhealthy: value }) } })).to.deep.equal([])
    expect(both('0%', 59)).to.deep.equal([`W ${at}: "0%" lets nothing be healed`])
    for (const more of [{ mode: 'manual' }, { mode: 'dryrun' }, { action: { requiresApproval: true } }] as const) expect(both('100%', 59, more), JSON.stringify(more)).to.deep.equal([`W ${at}: "100%" never stops: no more than all can be unhealthy`])
  })
})

describe('KS403 beside ten acts at once', () => {
  const at = 'spec.safetyRules.maxUnhealthy'
  const both = (maxUnhealthy: string | number, maxConcurrent: number, more: PolicyOverrides = {}): string[] => check(ks403, { safetyRules: { maxUnhealthy, maxConcurrent, maxActionsPerHour: 60 }, ...more })
  const lets = (value: string | number, most: number): string => `${at}: "${value}" lets an outage of most of what is selected be healed, and ${most} acts may be in flight at once`
  it('more than half is warned of, four in five are refused', () => {
    for (const value of ['50%', 99]) expect(both(value, 50), `${value}`).to.deep.equal([])
    for (const value of ['51%', '79%', 100, 2999]) expect(both(value, 50), `${value}`).to.deep.equal([`W ${lets(value, 50)}`])
    for (const value of ['80%', '90%']) expect(both(value, 50), value).to.deep.equal([lets(value, 50)])
  })
  it('nine at once pass, and so does what somebody is asked about', () => {
    expect(both('90%', 9)).to.deep.equal([])
    expect(both('90%', 10)).to.deep.equal([lets('90%', 10)])
    for (const more of [{ mode: 'manual' }, { mode: 'dryrun' }, { action: { requiresApproval: true } }] as const) expect(both('90%', 50, more), JSON.stringify(more)).to.deep.equal([])
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
  it('days of the month with days of the week are warned about, either alone is not', () => {
    expect(schedule({ schedule: '0 9 1-7 * mon' })).to.deep.equal([`W ${at}.schedule: "0 9 1-7 * mon" comes on each of these days of the month, and on each of these days of the week as well`])
    for (const one of ['0 9 1-7 * *', '0 9 * * mon', '0 9 * 1-7 mon']) expect(schedule({ schedule: one })).to.deep.equal([])
  })
  it('a range that goes down is told to be two', () => {
    const during = window({ schedule: '0 20-6 * * *' })
    const [found] = ks406.check(testPolicy({ safetyRules: { schedules: [{ allow: true, during }] } }), { installation: DEFAULT_INSTALLATION })
    expect(found?.fix).to.contain('20-23,0-6')
  })
  it('a day that never comes is refused, the leap day is not', () => {
    expect(schedule({ schedule: '0 0 30 2 *' })).to.deep.equal([`${at}.schedule: "0 0 30 2 *" never comes`])
    expect(schedule({ schedule: '0 0 29 2 *' })).to.deep.equal([])
  })
  it('an unknown time zone is refused', () => {
    expect(schedule({ timeZone: 'Europe/Gotham' })).to.deep.equal([`${at}.timeZone: "Europe/Gotham" is no time zone`])
  })
  it('everything that is wrong is told at once', () => {
    expect(schedule({ timeZone: 'Europe/Gotham', schedule: '0 0 30 2 *' })).to.deep.equal([`${at}.schedule: "0 0 30 2 *" never comes`, `${at}.timeZone: "Europe/Gotham" is no time zone`])
    expect(schedule({ timeZone: 'Europe/Gotham', schedule: 'a b c d e' })).to.deep.equal([`${at}.schedule: "a" is no minute of cron`, `${at}.timeZone: "Europe/Gotham" is no time zone`])
    // The duration is KS208's.
    expect(schedule({ timeZone: 'Europe/Gotham', duration: 'long' })).to.deep.equal([`${at}.timeZone: "Europe/Gotham" is no time zone`])
    expect(schedule({ duration: 'long' })).to.deep.equal([])
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

describe('KS402 acts that nobody checks', () => {
  const at = 'spec.safetyRules'
  const removing: PolicyOverrides['action'] = { type: 'delete', target: 'Pod', deleteAction: {} }
  const workloads: PolicyOverrides = { selector: { labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion: 'apps/v1', kind: 'Deployment' }] } }
  const unchecked = (overrides: PolicyOverrides = {}): string[] => check(ks402, { safetyRules: { requireHealthCheck: false }, action: removing, ...overrides })
  it('a delete or a patch without health check and approval is refused', () => {
    expect(unchecked()).to.deep.equal([`${at}.requireHealthCheck: delete ("restart") without a health check, and nobody is asked`])
    expect(unchecked({ action: { type: 'patch', patchAction: { type: 'merge', patch: 'metadata: {}' } } })).to.have.length(1)
  })
  it('either of the two is enough', () => {
    expect(unchecked({ safetyRules: { requireHealthCheck: true } })).to.deep.equal([])
    expect(unchecked({ action: { ...removing, requiresApproval: true } })).to.deep.equal([])
    expect(unchecked({ mode: 'manual' })).to.deep.equal([])
  })
  it('what restarts, evicts or adds is warned about', () => {
    const warned = (type: string): string[] => [`W ${at}.requireHealthCheck: ${type} ("restart") without a health check, and nobody is asked`]
    expect(unchecked({ action: {} })).to.deep.equal(warned('restart'))
    expect(unchecked({ action: { type: 'evict', evictAction: { timeout: '5m' } } })).to.deep.equal(warned('evict'))
    expect(unchecked({ ...workloads, action: { type: 'scale', scaleAction: { direction: 'up', replicas: 1, maxReplicas: 3, minReplicas: 1 } } })).to.deep.equal(warned('scale'))
    expect(unchecked({ ...workloads, action: { type: 'scale', scaleAction: { direction: 'absolute', replicas: 2, minReplicas: 1 } } })).to.deep.equal(warned('scale'))
  })
  it('what scales down is refused, be it to one', () => {
    for (const scaleAction of [{ direction: 'down', replicas: 1, minReplicas: 2 }, { direction: 'absolute', replicas: 1, minReplicas: 1 }] as const) expect(unchecked({ ...workloads, action: { type: 'scale', scaleAction } })).to.deep.equal([`${at}.requireHealthCheck: scale ("restart") without a health check, and nobody is asked`])
  })
  it('what does nothing by itself passes', () => {
    expect(unchecked({ action: { requiresApproval: true } })).to.deep.equal([])
    for (const mode of ['dryrun', 'monitor'] as const) expect(unchecked({ mode })).to.deep.equal([])
  })
  const hasty = (healthCheckTimeout: string, overrides: PolicyOverrides = {}): string[] => check(ks402, { safetyRules: { healthCheckTimeout }, ...overrides })
  it('a time in which no new pod is known to be Ready is warned about', () => {
    expect(hasty('9999ms')).to.deep.equal([`W ${at}.healthCheckTimeout: 9s999ms is less than one period of a readiness probe (10s)`])
    for (const timeout of ['10s', '10001ms']) expect(hasty(timeout)).to.deep.equal([])
    expect(hasty('1s', { mode: 'manual', safetyRules: { healthCheckTimeout: '1s', requireHealthCheck: false } })).to.deep.equal([])
    expect(hasty('1s', { mode: 'dryrun' })).to.deep.equal([])
  })
  it('of a StatefulSet the old pod has to stop first', () => {
    const of = (healthCheckTimeout: string, kind = 'StatefulSet'): string[] =>
      hasty(healthCheckTimeout, { selector: { labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion: 'apps/v1', kind }] }, action: { target: 'Pod', restartAction: { strategy: 'rolling', gracePeriodSeconds: 60 } } })
    for (const timeout of ['59s', '60s']) expect(of(timeout)).to.deep.equal([`W ${at}.healthCheckTimeout: ${timeout === '60s' ? '1m' : timeout} is not longer than the 60s that a pod may take to stop`])
    expect(of('61s')).to.deep.equal([])
    expect(of('60s', 'Deployment')).to.deep.equal([])
  })
})

describe('KS404 mode and approval', () => {
  const at = 'spec.safetyRules.approvalTimeout'
  const wants = (requiresApproval: boolean, overrides: PolicyOverrides = {}): string[] => check(ks404, { ...overrides, action: { requiresApproval, ...overrides.action } })
  it('no approval in mode manual is refused', () => {
    expect(wants(false, { mode: 'manual' })).to.deep.equal(['spec.actions[0].requiresApproval: action "restart" wants no approval, but in mode manual every action waits for one'])
    expect(wants(true, { mode: 'manual' })).to.deep.equal([])
    expect(check(ks404, { mode: 'manual' })).to.deep.equal([])
  })
  it('no approval of recreate is refused in automatic mode, and of nothing else', () => {
    const recreate: PolicyOverrides = { action: { target: 'Workload', restartAction: { strategy: 'recreate' } } }
    expect(wants(false, recreate)).to.deep.equal(['spec.actions[0].requiresApproval: action "restart" wants no approval, but strategy recreate always waits for one'])
    expect(wants(true, recreate)).to.deep.equal([])
    expect(wants(false)).to.deep.equal([])
    for (const mode of ['dryrun', 'monitor'] as const) expect(wants(false, { ...recreate, mode })).to.deep.equal([])
  })
  it('an approvalTimeout that nothing waits for is warned about', () => {
    expect(check(ks404, { safetyRules: { approvalTimeout: '4h' } })).to.deep.equal([`W ${at}: 4h, but no action waits for approval`])
    for (const approvalTimeout of ['1h', '60m']) expect(check(ks404, { safetyRules: { approvalTimeout } })).to.deep.equal([])
    expect(check(ks404, { safetyRules: { approvalTimeout: '4h' }, action: { requiresApproval: true } })).to.deep.equal([])
    expect(check(ks404, { mode: 'dryrun', safetyRules: { approvalTimeout: '4h' } })).to.deep.equal([])
  })
  it('one that is too short for a person is warned about', () => {
    expect(check(ks404, { mode: 'manual', safetyRules: { approvalTimeout: '59999ms' } })).to.deep.equal([`W ${at}: 59s999ms is too short for a person`])
    for (const approvalTimeout of ['1m', '61s']) expect(check(ks404, { mode: 'manual', safetyRules: { approvalTimeout } })).to.deep.equal([])
  })
})

describe('KS408 schedules that leave no time', () => {
  type Schedule = NonNullable<HealingPolicySpec['safetyRules']['schedules']>[number]
  const when = (allow: boolean, schedule: string, duration: string, timeZone = 'UTC'): Schedule => ({ allow, during: { schedule, duration, timeZone } })
  const of = (...schedules: readonly Schedule[]): string[] => check(ks408, { safetyRules: { schedules: [...schedules] } })
  const noneOf = (period: string): string[] => [`spec.safetyRules.schedules: no time of the ${period} is left in which acting is allowed`]
  const none = noneOf('week')
  const office = when(true, '0 9 * * mon-fri', '8h')
  it('what is allowed lies within what is forbidden', () => {
    expect(of(office, when(false, '0 9 * * *', '8h'))).to.deep.equal(none)
    expect(of(when(false, '0 9 * * *', '8h'), office)).to.deep.equal(none)
    expect(of(office, when(false, '0 9 * * *', '7h59m'))).to.deep.equal([])
    expect(of(office, when(false, '1 9 * * *', '8h'))).to.deep.equal([])
    expect(of(office, when(false, '59 8 * * *', '8h1m'))).to.deep.equal(none)
  })
  it('two that forbid may cover it together, over midnight too', () => {
    expect(of(office, when(false, '0 9 * * *', '4h'), when(false, '0 13 * * *', '4h'))).to.deep.equal(none)
    expect(of(office, when(false, '0 9 * * *', '4h'), when(false, '1 13 * * *', '4h'))).to.deep.equal([])
    expect(of(when(false, '0 0 * * *', '12h'), when(false, '0 12 * * *', '12h'))).to.deep.equal(noneOf('day'))
    expect(of(when(false, '0 0 * * mon-fri', '24h'), when(false, '0 0 * * sat,sun', '24h'))).to.deep.equal(none)
    expect(of(when(false, '0 0 * * mon-fri', '24h'), when(false, '0 0 * * sat,sun', '23h59m'))).to.deep.equal([])
    expect(of(when(false, '0 20 * * *', '12h'), when(false, '0 8 * * *', '11h59m'))).to.deep.equal([])
  })
  it('a day of the week is enough', () => expect(of(when(true, '0 9 * * *', '8h'), when(false, '0 8 * * mon-sat', '10h'))).to.deep.equal([]))
  it('another of those that allow is enough', () => expect(of(office, when(true, '0 22 * * sun', '1h'), when(false, '0 9 * * *', '8h'))).to.deep.equal([]))
  it('halves of every hour cover it together', () => {
    for (const [first, second, half] of [['0 * * * *', '30 * * * *', '30m'], ['*/10 * * * *', '5-55/10 * * * *', '5m']] as const) {
      expect(of(when(false, first, half), when(false, second, half))).to.deep.equal(noneOf('day'))
      expect(of(when(false, first, half), when(false, second, '4m59s'))).to.deep.equal([])
    }
  })
  it('halves of every month, or of the year, do so too', () => {
    const forbidden = (first: string, second: string): string[] => of(when(false, first, '24h'), when(false, second, '24h'))
    expect(forbidden('0 0 1-15 * *', '0 0 16-31 * *')).to.deep.equal(noneOf('year'))
    expect(forbidden('0 0 1-15 * *', '0 0 16-30 * *')).to.deep.equal([])
    expect(forbidden('0 0 * jan-jun *', '0 0 * jul-dec *')).to.deep.equal(noneOf('year'))
    expect(forbidden('0 0 * jan-jun *', '0 0 * aug-dec *')).to.deep.equal([])
    expect(of(office, when(false, '0 9 1-31 * *', '8h'))).to.deep.equal(noneOf('year'))
    expect(of(office, when(false, '0 9 1-30 * *', '8h'))).to.deep.equal([])
  })
  it('zones are compared by what their clocks show', () => {
    for (const zone of ['Etc/UTC', 'Etc/GMT', 'GMT', 'Zulu', 'Atlantic/Reykjavik']) {
      expect(of(office, when(false, '0 9 * * *', '8h', zone)), zone).to.deep.equal(none)
      expect(of(office, when(false, '1 9 * * *', '8h', zone)), zone).to.deep.equal([])
    }
    // Two hours ahead all the year: 11:00 there is 9:00.
    expect(of(office, when(false, '0 11 * * *', '8h', 'Etc/GMT-2'))).to.deep.equal(none)
    expect(of(office, when(false, '0 9 * * *', '8h', 'Etc/GMT-2'))).to.deep.equal([])
    const berlin = when(true, '0 9 * * mon-fri', '8h', 'Europe/Berlin')
    expect(of(berlin, when(false, '0 9 * * *', '8h', 'Europe/Paris'))).to.deep.equal(none)
    expect(of(berlin, when(false, '0 9 * * *', '7h59m', 'Europe/Paris'))).to.deep.equal([])
  })
  it('where clocks go apart for a part of the year all of it has to be covered', () => {
    // 9:00 in Berlin is 8:00 in winter and 7:00 in summer.
    const berlin = when(true, '0 9 * * mon-fri', '8h', 'Europe/Berlin')
    expect(of(berlin, when(false, '0 8 * * *', '8h'))).to.deep.equal([])
    expect(of(berlin, when(false, '0 7 * * *', '8h'))).to.deep.equal([])
    expect(of(berlin, when(false, '0 7 * * *', '9h'))).to.deep.equal(none)
    expect(of(berlin, when(false, '0 7 * * *', '8h59m'))).to.deep.equal([])
    // For three weeks of spring New York is five hours behind in place of six.
    expect(of(berlin, when(false, '0 3 * * *', '8h', 'America/New_York'))).to.deep.equal([])
    expect(of(berlin, when(false, '0 3 * * *', '9h', 'America/New_York'))).to.deep.equal(none)
    expect(of(berlin, when(false, '0 3 * * *', '8h59m', 'America/New_York'))).to.deep.equal([])
  })
  it('one alone, what is malformed, and a policy that only looks pass', () => {
    expect(of(when(false, '0 9 * * *', '8h'))).to.deep.equal([])
    expect(of(office, when(false, 'a b c d e', '8h'))).to.deep.equal([])
    expect(check(ks408, { mode: 'monitor', safetyRules: { schedules: [office, when(false, '0 9 * * *', '8h')] } })).to.deep.equal([])
  })
})

describe('KS409 limits in name only', () => {
  const breaker = (circuitBreaker: Partial<HealingPolicySpec['safetyRules']['circuitBreaker']>, more: PolicyOverrides = {}): string[] => check(ks409, { safetyRules: { circuitBreaker: circuitBreaker as HealingPolicySpec['safetyRules']['circuitBreaker'] }, ...more })
  const at = 'spec.safetyRules.circuitBreaker'
  it('as many failures as are remembered pass, one more is never reached', () => {
    for (const failureThreshold of [1, 3, 6]) expect(breaker({ failureThreshold })).to.deep.equal([])
    for (const failureThreshold of [7, 100]) expect(breaker({ failureThreshold })).to.deep.equal([`${at}.failureThreshold: ${failureThreshold} in a row are never reached`])
  })
  it('a breaker that is open for less than a minute is warned of', () => {
    for (const openDuration of ['1s', '59s', '59999ms']) expect(breaker({ openDuration })).to.have.length(1)
    expect(breaker({ openDuration: '1s' })).to.deep.equal([`${at}.openDuration: the breaker stays open for 1s`])
    for (const openDuration of ['1m', '61s', '10m', '4h']) expect(breaker({ openDuration })).to.deep.equal([])
  })
  it('says how many acts it takes until it holds', () => {
    const why = (openDuration: string): string | undefined => ks409.check(testPolicy({ safetyRules: { circuitBreaker: { failureThreshold: 3, openDuration } } }), { installation: DEFAULT_INSTALLATION })[0]?.why
    // 1, 2, 4, 8, 16, 32, 64 seconds.
    expect(why('1s')).to.contain('only after 6 more')
    expect(why('30s')).to.contain('only after 1 more')
  })
  it('a breaker of what acts on nothing does not matter', () => {
    for (const mode of ['monitor', 'dryrun'] as const) expect(breaker({ openDuration: '1s', failureThreshold: 100 }, { mode })).to.deep.equal([])
    expect(breaker({ openDuration: '1s' }, { mode: 'manual' })).to.have.length(1)
  })

  type Schedule = NonNullable<HealingPolicySpec['safetyRules']['schedules']>[number]
  const when = (schedule: string, duration: string, allow = true): Schedule => ({ allow, during: { schedule, duration, timeZone: 'UTC' } })
  const times = (...schedules: readonly Schedule[]): string[] => check(ks409, { safetyRules: { schedules: [...schedules] } })
  const momentary = (duration: string, pause: string, index = 0): string => `spec.safetyRules.schedules[${index}].during.duration: acting is allowed for ${duration}, and then not for ${pause}`
  it('a minute a day is no time to heal in, five minutes pass', () => {
    expect(times(when('0 9 * * *', '1m'))).to.deep.equal([momentary('1m', '23h59m')])
    expect(times(when('0 9 * * *', '299s'))).to.deep.equal([momentary('299s', '23h55m1s')])
    expect(times(when('0 9 * * *', '5m'))).to.deep.equal([])
    expect(times(when('0 0 1 1 *', '1m'))).to.have.length(1)
  })
  it('what comes again within the hour passes', () => {
    expect(times(when('*/10 * * * *', '1m'))).to.deep.equal([])
    // 59 and 60 minutes of pause.
    expect(times(when('0 * * * *', '1m'))).to.deep.equal([])
    expect(times(when('0 */2 * * *', '1m'))).to.deep.equal([momentary('1m', '1h59m')])
    // At nine and at a quarter past: the next one is near.
    expect(times(when('0,15 9 * * *', '1m'))).to.deep.equal([])
  })
  it('another time that is long enough is all it takes, and forbidding a minute is a minute', () => {
    expect(times(when('0 9 * * *', '1m'), when('0 22 * * *', '4h'))).to.deep.equal([])
    expect(times(when('0 9 * * *', '1m'), when('0 22 * * *', '2m'))).to.have.length(2)
    expect(times(when('0 9 * * *', '1m', false))).to.deep.equal([])
    expect(times(when('0 9 * * *', '1m'), when('0 10 * * *', '8h', false))).to.deep.equal([momentary('1m', '23h59m')])
  })
  it('what is malformed is for KS406, and what only looks may look whenever it likes', () => {
    expect(times(when('a b c d e', '1m'))).to.deep.equal([])
    expect(check(ks409, { mode: 'monitor', safetyRules: { schedules: [when('0 9 * * *', '1m')] } })).to.deep.equal([])
  })
  it('a budget that is in force for a minute is warned of', () => {
    const of = (duration: string): string[] => check(ks409, { safetyRules: { budgets: [{ actions: 1, per: '1h' }, { actions: 1, per: '1h', during: { schedule: '0 9 * * *', duration, timeZone: 'UTC' } }] } })
    expect(of('1m')).to.deep.equal(['spec.safetyRules.budgets[1].during.duration: the budget is in force for 1m, and then not for 23h59m'])
    expect(of('5m')).to.deep.equal([])
  })
})

describe('KS410 history', () => {
  const of = (history: Partial<HealingPolicySpec['history']>, more: PolicyOverrides = {}): string[] => check(ks410, { history: history as HealingPolicySpec['history'], ...more })
  it('of what failed nothing is warned of, one is enough', () => {
    expect(of({ failed: 0 })).to.deep.equal(['spec.history.failed: no HealingAction that failed stays'])
    expect(of({ failed: 1 })).to.deep.equal([])
    expect(of({ successful: 0 })).to.deep.equal([])
  })
  it('that goes within an hour is warned of', () => {
    for (const ttl of ['1m', '59m59s']) expect(of({ ttl })).to.deep.equal([`spec.history.ttl: HealingActions go ${ttl} after their end`])
    for (const ttl of ['1h', '61m', '168h']) expect(of({ ttl })).to.deep.equal([])
  })
  it('of a policy that only looks there is none', () => expect(of({ failed: 0, ttl: '1m' }, { mode: 'monitor' })).to.deep.equal([]))
})
