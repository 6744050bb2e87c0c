import { expect } from 'chai'
import * as fc from 'fast-check'
import { hours, minutes, parseInstant } from '../../shared/lib/time.ts'
import { askBudget, counts, trimmed, type Entry } from './budget.ts'
import { at } from './testing/builders.ts'
import { live, step } from './testing/ledger-model.ts'

const entry = (reservedAt: number | string, state: Entry['state'] = 'Settled'): Entry => ({
  action: `a-${reservedAt}`,
  incident: 'inc',
  target: 'uid',
  reservedAt: typeof reservedAt === 'string' ? reservedAt : new Date(at(reservedAt)).toISOString(),
  state,
})

describe('an entry of the log', () => {
  const cases: readonly [string, Entry, number, boolean][] = [
    ['counts when it was just made', entry(0), 0, true],
    ['counts just before its hour is over', entry(0), hours(1) - 1, true],
    ['no longer counts when its hour is over', entry(0), hours(1), false],
    ['counts for its hour when it was abandoned', entry(0, 'Abandoned'), hours(1) - 1, true],
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
    expect(trimmed([entry(0)], at(hours(1) + minutes(2) - 1))).to.have.length(1)
    expect(trimmed([entry(0)], at(hours(1) + minutes(2)))).to.have.length(0)
    expect(trimmed([entry(0, 'Reserved'), entry('yesterday')], at(hours(1000)))).to.have.length(2)
  })
})

describe('the hourly budget', () => {
  const cases: readonly [string, readonly Entry[], number, number, object][] = [
    ['admits when nothing was done', [], 1, 0, { used: 0, admitted: true }],
    ['admits just below its limit', [entry(0)], 2, 0, { used: 1, admitted: true }],
    ['refuses at its limit, and says when a slot is free', [entry(0), entry(minutes(5))], 2, minutes(10), { used: 2, admitted: false, nextFreeSlot: at(hours(1)) }],
    ['waits for several to leave after the limit was lowered', [entry(0), entry(minutes(5)), entry(minutes(6))], 1, minutes(10), { used: 3, admitted: false, nextFreeSlot: at(hours(1) + minutes(6)) }],
    ['names no time when only acts in flight take the slots', [entry(0, 'Reserved')], 1, minutes(10), { used: 1, admitted: false }],
    ['frees a slot exactly when the oldest hour is over', [entry(0), entry(minutes(5))], 2, hours(1), { used: 1, admitted: true }],
    ['refuses just before that', [entry(0), entry(minutes(5))], 2, hours(1) - 1, { used: 2, admitted: false, nextFreeSlot: at(hours(1)) }],
  ]
  for (const [title, entries, limit, now, answer] of cases) it(title, () => expect(askBudget(entries, limit, at(now))).to.deep.equal(answer))

  it('lets never more than its limit begin in any sliding hour, however they settle and whenever they are confirmed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 4 }), (steps, maxActionsPerHour, maxConcurrent) => {
        // Each act at the latest time that the ledger gave it: just before its write. The clock only goes forward here.
        const forward = steps.map((s) => (s.kind === 'wait' ? { ...s, span: Math.abs(s.span) } : s))
        const acts = new Map<string, number>()
        for (const { ledger } of live(forward, { maxActionsPerHour, maxConcurrent })) {
          for (const e of ledger.entries) acts.set(e.action, Math.max(acts.get(e.action) ?? 0, parseInstant(e.reservedAt) ?? Infinity))
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
          if (move.kind !== 'reserve' || move.dryRun || refused !== undefined || ledger === before) continue
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
