import { expect } from 'chai'
import * as fc from 'fast-check'
import { formatDuration } from '../../shared/lib/duration.ts'
import { hours, instant, millis, minutes, parseInstant, type Millis } from '../../shared/lib/time.ts'
import { askBudget, counts, refuseBudgets, SLACK, trimmed, type Budget, type Entry } from './budget.ts'
import { compileWindow } from './schedules.ts'
import { at, T0 } from './testing/builders.ts'
import { live, step } from './testing/ledger-model.ts'

const entry = (reservedAt: number | string, state: Entry['state'] = 'Settled'): Entry => ({
  action: `a-${reservedAt}`,
  incident: 'inc',
  target: 'uid',
  reservedAt: typeof reservedAt === 'string' ? reservedAt : new Date(at(reservedAt)).toISOString(),
  state,
})

/** When what was done at the begin no longer counts. */
const HOUR = hours(1) + SLACK

describe('an entry of the log', () => {
  const cases: readonly [string, Entry, number, boolean][] = [
    ['counts when it was just made', entry(0), 0, true],
    ['counts just before its hour is over', entry(0), HOUR - 1, true],
    ['no longer counts when its hour is over', entry(0), HOUR, false],
    ['counts for its hour when it was abandoned', entry(0, 'Abandoned'), HOUR - 1, true],
    ['counts for ever while its act may still come', entry(0, 'Reserved'), hours(1000), true],
    ['counts for ever when its time cannot be read', entry('yesterday'), hours(1000), true],
    ['counts when the clock has gone back', entry(0), -3_600_000, true],
  ]
  for (const [title, of, now, expected] of cases) {
    it(title, () => {
      expect(counts(of, at(now))).to.equal(expected)
    })
  }
  it('stays in the log for as long as the clock may go back, and then leaves it', () => {
    expect(trimmed([entry(0)], at(HOUR + minutes(2) - 1))).to.have.length(1)
    expect(trimmed([entry(0)], at(HOUR + minutes(2)))).to.have.length(0)
    expect(trimmed([entry(0, 'Reserved'), entry('yesterday')], at(hours(1000)))).to.have.length(2)
  })
})

describe('the log of a policy with longer budgets', () => {
  it('holds what they may ask for: the newest hundred beyond the hour', () => {
    const many = Array.from({ length: 150 }, (_, i) => entry(i * 1000))
    const now = at(hours(20))
    expect(trimmed(many, now)).to.deep.equal([])
    expect(trimmed(many, now, hours(24))).to.deep.equal(many.slice(50))
    expect(trimmed([...many, entry(hours(20))], now, hours(24))).to.deep.equal([...many.slice(50), entry(hours(20))])
    expect(trimmed(many, at(hours(24) + minutes(10)), hours(24))).to.deep.equal([])
  })
})

describe('further budgets', () => {
  const budget = (actions: number, per: Millis, schedule?: string): Budget => ({ actions, per, during: schedule === undefined ? undefined : compileWindow({ schedule, duration: '2h', timeZone: 'UTC' }) })
  const told = (entries: readonly Entry[], budgets: readonly Budget[], now: number): string | undefined => {
    const refusal = refuseBudgets(entries, budgets, at(now))
    return refusal === undefined ? undefined : `${refusal.reason} ${refusal.message} ${refusal.recheckAt === undefined ? 'open' : formatDuration(millis(refusal.recheckAt - T0))}`
  }
  const two = [entry(0), entry(minutes(30))]
  // It is noon.
  const cases: readonly [string, readonly Entry[], readonly Budget[], number, string | undefined][] = [
    ['admit below their limit', two, [budget(3, hours(2))], minutes(40), undefined],
    ['refuse at their limit, with the time when there is room', two, [budget(2, hours(2))], minutes(40), 'BudgetExhausted 2 of 2 actions in 2h are used up (safetyRules.budgets[0]) 2h5s'],
    ['refuse just before that', two, [budget(2, hours(2))], hours(2) + SLACK - 1, 'BudgetExhausted 2 of 2 actions in 2h are used up (safetyRules.budgets[0]) 2h5s'],
    ['admit from then on', two, [budget(2, hours(2))], hours(2) + SLACK, undefined],
    ['must all have room', two, [budget(3, hours(2)), budget(1, minutes(15))], minutes(40), 'BudgetExhausted 1 of 1 actions in 15m are used up (safetyRules.budgets[1]) 45m5s'],
    ['count what is in flight, and cannot say until when', [entry(0, 'Reserved')], [budget(1, hours(2))], hours(5), 'BudgetExhausted 1 of 1 actions in 2h are used up (safetyRules.budgets[0]) open'],
    ['are not in force before their time', two, [budget(1, hours(2), '0 13 * * *')], hours(1) - 1, undefined],
    ['are in force from the begin of their time, for what was done before too', two, [budget(1, hours(2), '0 13 * * *')], hours(1), 'BudgetExhausted 2 of 1 actions in 2h are used up (safetyRules.budgets[0]) 2h30m5s'],
    ['give way at the end of their time', two, [budget(1, hours(24), '0 13 * * *')], hours(3) - 1, 'BudgetExhausted 2 of 1 actions in 24h are used up (safetyRules.budgets[0]) 3h'],
    ['are not in force after their time', two, [budget(1, hours(24), '0 13 * * *')], hours(3), undefined],
    ['are always in force when their time cannot be read', two, [{ actions: 1, per: hours(2), during: compileWindow({ schedule: 'noon', duration: '1h', timeZone: 'UTC' }) }], minutes(40), 'BudgetExhausted 2 of 1 actions in 2h are used up (safetyRules.budgets[0]) 2h30m5s'],
  ]
  for (const [title, entries, budgets, now, answer] of cases) it(title, () => expect(told(entries, budgets, now)).to.equal(answer))

  /** Two an hour during a window of two hours each night, one every 20 minutes else: when each night's window begins where clocks are put forward and back. */
  const nights: readonly [zone: string, what: string, schedule: string, begins: readonly string[]][] = [
    ['Europe/Berlin', 'put forward over its begin', '30 2 * * *', ['2030-03-30T01:30:00Z', '2030-03-31T01:00:00Z', '2030-04-01T00:30:00Z']],
    ['Europe/Berlin', 'put back over its begin', '30 2 * * *', ['2030-10-26T00:30:00Z', '2030-10-27T00:30:00Z', '2030-10-28T01:30:00Z']],
    ['America/New_York', 'put forward within it', '30 1 * * *', ['2030-03-09T06:30:00Z', '2030-03-10T06:30:00Z', '2030-03-11T05:30:00Z']],
    ['America/New_York', 'put back within it', '30 1 * * *', ['2030-11-02T05:30:00Z', '2030-11-03T05:30:00Z', '2030-11-04T06:30:00Z']],
    ['Australia/Lord_Howe', 'put forward by half an hour over its begin', '15 2 * * *', ['2030-10-04T15:45:00Z', '2030-10-05T15:30:00Z', '2030-10-06T15:15:00Z']],
    ['Australia/Lord_Howe', 'put back by half an hour within it', '0 1 * * *', ['2030-04-05T14:00:00Z', '2030-04-06T14:00:00Z', '2030-04-07T14:30:00Z']],
  ]
  for (const [zone, what, schedule, begins] of nights) {
    it(`hold on a clock in ${zone} that is ${what}`, () => {
      const nightly: Budget = { actions: 2, per: hours(1), during: compileWindow({ schedule, duration: '2h', timeZone: zone }) }
      const always: Budget = { actions: 1, per: minutes(20), during: undefined }
      const inWindow = (t: number): boolean => begins.some((begin) => t >= Date.parse(begin) && t < Date.parse(begin) + hours(2))
      const done: number[] = []
      const [first = ''] = begins
      for (let t = Date.parse(first) - hours(3); t < Date.parse(begins.at(-1) ?? '') + hours(3); t += minutes(1)) {
        const since = (span: number): number => done.filter((at) => t < at + span + SLACK).length
        const room = since(minutes(20)) < 1 && (!inWindow(t) || since(hours(1)) < 2)
        const refusal = refuseBudgets(done.map((at) => entry(new Date(at).toISOString())), [nightly, always], instant(t))
        expect(refusal === undefined, new Date(t).toISOString()).to.equal(room)
        if (room) done.push(t)
      }
      // Three windows of two hours at two an hour, and three an hour (each a minute late, for the slack) besides.
      expect(done.filter(inWindow).length).to.be.within(9, 12)
      expect(done.filter((t) => !inWindow(t)).length).to.be.above(100)
    })
  }

  it('let never more than they say begin in any of their sliding times, whatever is settled, lost or confirmed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), fc.constantFrom(minutes(5), minutes(90), hours(3)), (steps, first, second, per) => {
        const begun = new Map<string, number>()
        const forward = steps.map((s) => ('span' in s ? { ...s, span: Math.abs(s.span) } : s)) as typeof steps
        const budgets = [budget(first, per), budget(second, hours(1))]
        for (const { ledger } of live(forward, { maxActionsPerHour: 50, maxConcurrent: 4, budgets })) {
          for (const { action, reservedAt } of ledger.entries.filter((e) => e.state !== 'Waiting')) begun.set(action, parseInstant(reservedAt) ?? Number.NaN)
        }
        for (const { actions, per: span } of budgets) {
          for (const end of begun.values()) expect([...begun.values()].filter((t) => t > end - span && t <= end).length).to.be.at.most(actions)
        }
      }),
    )
  })
})

describe('the hourly budget', () => {
  const cases: readonly [string, readonly Entry[], number, number, object][] = [
    ['admits when nothing was done', [], 1, 0, { used: 0, admitted: true }],
    ['admits just below its limit', [entry(0)], 2, 0, { used: 1, admitted: true }],
    ['refuses at its limit, and says when a slot is free', [entry(0), entry(minutes(5))], 2, minutes(10), { used: 2, admitted: false, nextFreeSlot: at(HOUR) }],
    ['waits for several to leave after the limit was lowered', [entry(0), entry(minutes(5)), entry(minutes(6))], 1, minutes(10), { used: 3, admitted: false, nextFreeSlot: at(HOUR + minutes(6)) }],
    ['names no time when only acts in flight take the slots', [entry(0, 'Reserved')], 1, minutes(10), { used: 1, admitted: false }],
    ['frees a slot exactly when the oldest hour is over', [entry(0), entry(minutes(5))], 2, HOUR, { used: 1, admitted: true }],
    ['refuses just before that', [entry(0), entry(minutes(5))], 2, HOUR - 1, { used: 2, admitted: false, nextFreeSlot: at(HOUR) }],
  ]
  for (const [title, entries, limit, now, answer] of cases) it(title, () => expect(askBudget(entries, limit, at(now))).to.deep.equal(answer))

  it('lets never more than its limit begin in any sliding hour, however they settle and whenever they are confirmed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 4 }), (steps, maxActionsPerHour, maxConcurrent) => {
        // Each act at the latest time that the ledger gave it: just before its write. The clock only goes forward here.
        const forward = steps.map((s) => (s.kind === 'wait' ? { ...s, span: Math.abs(s.span) } : s))
        const acts = new Map<string, number>()
        for (const { ledger } of live(forward, { maxActionsPerHour, maxConcurrent })) {
          for (const e of ledger.entries.filter(({ state }) => state !== 'Waiting')) acts.set(e.action, Math.max(acts.get(e.action) ?? 0, parseInstant(e.reservedAt) ?? Infinity))
        }
        const times = [...acts.values()].sort((a, b) => a - b)
        for (const from of times) expect(times.filter((t) => t >= from && t < from + hours(1)).length).to.be.at.most(maxActionsPerHour)
      }),
    )
  })
  it('with a clock that goes back, never counts less than what began within the last hour of that clock', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const limits = { maxActionsPerHour: 3, maxConcurrent: 3 }
        const began: number[] = []
        for (const { step: move, now, before, ledger, refused } of live(steps, limits)) {
          if (move.kind !== 'reserve' || move.dryRun || move.approval || refused !== undefined || ledger === before) continue
          expect(began.filter((t) => now < t + hours(1)).length).to.be.lessThan(limits.maxActionsPerHour)
          began.push(now)
        }
      }),
    )
  })
  it('never refuses while fewer than its limit count', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), fc.integer({ min: 1, max: 6 }), (steps, maxActionsPerHour) => {
        for (const { before, now, refused } of live(steps, { maxActionsPerHour, maxConcurrent: 10 })) {
          if (refused === 'RateLimited') expect(before.entries.filter((e) => counts(e, now)).length).to.be.at.least(maxActionsPerHour)
        }
      }),
    )
  })
})
