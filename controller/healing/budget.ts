/**
 * At most N actions in every sliding hour (or another time): an exact log. Token buckets and fixed windows let up to twice as many through
 * in the worst hour. An entry that is not settled always counts, whenever it was made: its write may still come.
 */
import { formatDuration } from '../../shared/lib/duration.ts'
import { isWithin, nextChange, type TimeWindow } from '../../shared/lib/time-window.ts'
import { after, before, earliest, hours, millis, minutes, parseInstant, seconds, type Instant, type Millis } from '../../shared/lib/time.ts'
import type { HealingLedgerSpec } from '../../shared/api/v1alpha1/types.ts'
import type { Refusal } from './refusal.ts'

export type Entry = HealingLedgerSpec['entries'][number]

/** Neither settled nor abandoned. */
export const isOpen = ({ state }: Pick<Entry, 'state'>): boolean => state === 'Reserved' || state === 'Waiting'

export const WINDOW = hours(1)

/**
 * An act counts for as much longer than its time, so that the limit holds by the API server's own clock and by when writes
 * land in it: two estimates of that clock differ by up to two seconds (it tells whole ones), and a write may take a while
 * after its reservation. One that took longer than `LANDING` is moved to when it is known to have landed.
 */
export const SLACK = seconds(5)
export const LANDING = seconds(3)

/** From when on what was done then no longer counts. */
export const leaves = (at: Instant, window: Millis = WINDOW): Instant => after(at, millis(window + SLACK))

/** Whether the entry counts for the hour (or other time) that ends now. An unreadable time counts (I19); one that waits for approval does not yet. */
export function counts(entry: Entry, now: Instant, window: Millis = WINDOW): boolean {
  if (entry.state === 'Waiting') return false
  const at = parseInstant(entry.reservedAt)
  return entry.state === 'Reserved' || at === undefined || now < leaves(at, window)
}

export interface BudgetAnswer {
  readonly used: number
  readonly admitted: boolean
  /** When a slot will be free; absent when one is free, or when only acts in flight take them all. */
  readonly nextFreeSlot?: Instant
}

export function askBudget(entries: readonly Entry[], limit: number, now: Instant, window: Millis = WINDOW): BudgetAnswer {
  const counted = entries.filter((entry) => counts(entry, now, window))
  const used = counted.length
  if (used < limit) return { used, admitted: true }
  const ends = counted
    .filter((entry) => entry.state !== 'Reserved')
    .map((entry) => parseInstant(entry.reservedAt))
    .filter((at) => at !== undefined)
    .map((at) => leaves(at, window))
    .sort((a, b) => a - b)
  // After a limit was lowered several entries must leave before one is free.
  const freed = ends[used - limit]
  return { used, admitted: false, ...(freed === undefined ? {} : { nextFreeSlot: freed }) }
}

/** Between the two ends of what the clocks may differ by: the clock may go back by as much, and an entry then counts again. */
export const CLOCK_STEP = minutes(2)

/** As many as a budget may ask for: of what is older than an hour, no more than these can decide anything. */
const MOST_OF_A_BUDGET = 100

/** Entries that no longer count for anything, and will not again, leave the log. `longest`: of the budgets of the policy. */
export function trimmed(entries: readonly Entry[], now: Instant, longest: Millis = WINDOW): Entry[] {
  const then = before(now, CLOCK_STEP)
  const hour = entries.filter((entry) => entry.state === 'Waiting' || counts(entry, then))
  const older = entries.filter((entry) => !counts(entry, then) && counts(entry, then, longest)).sort((a, b) => reservedAt(a) - reservedAt(b))
  return [...older.slice(-MOST_OF_A_BUDGET), ...hour]
}

const reservedAt = (entry: Entry): number => parseInstant(entry.reservedAt) ?? 0

/** A limit beside the hourly one. */
export interface Budget {
  readonly actions: number
  readonly per: Millis
  /** undefined: always in force. */
  readonly during: TimeWindow | undefined
}

/** Why one of the budgets has no room. */
export function refuseBudgets(entries: readonly Entry[], budgets: readonly Budget[], now: Instant): Refusal | undefined {
  for (const [index, { actions, per, during }] of budgets.entries()) {
    if (during !== undefined && !isWithin(during, now)) continue
    const { used, admitted, nextFreeSlot } = askBudget(entries, actions, now, per)
    if (admitted) continue
    // It may go out of force before.
    const times = [nextFreeSlot, during === undefined ? undefined : nextChange(during, now)].filter((t) => t !== undefined)
    return {
      reason: 'BudgetExhausted',
      message: `${used} of ${actions} actions in ${formatDuration(per)} are used up (safetyRules.budgets[${index}])`,
      ...(times.length === 0 ? {} : { recheckAt: times.reduce(earliest) }),
    }
  }
  return undefined
}
