/**
 * At most N actions in every sliding hour: an exact log. Token buckets and fixed windows let up to twice as many through
 * in the worst hour. An entry that is not settled always counts, whenever it was made: its write may still come.
 */
import { after, before, hours, minutes, parseInstant, type Instant } from '../../shared/lib/time.ts'
import type { HealingLedgerSpec } from '../../shared/api/v1alpha1/types.ts'

export type Entry = HealingLedgerSpec['entries'][number]

export const WINDOW = hours(1)

/** Whether the entry counts for the hour that ends now. An unreadable time counts (I19). */
export function counts(entry: Entry, now: Instant): boolean {
  const at = parseInstant(entry.reservedAt)
  return entry.state === 'Reserved' || at === undefined || now < after(at, WINDOW)
}

export interface BudgetAnswer {
  readonly used: number
  readonly admitted: boolean
  /** When a slot will be free; absent when one is free, or when only acts in flight take them all. */
  readonly nextFreeSlot?: Instant
}

export function askBudget(entries: readonly Entry[], limit: number, now: Instant): BudgetAnswer {
  const counted = entries.filter((entry) => counts(entry, now))
  const used = counted.length
  if (used < limit) return { used, admitted: true }
  const ends = counted
    .filter((entry) => entry.state !== 'Reserved')
    .map((entry) => parseInstant(entry.reservedAt))
    .filter((at) => at !== undefined)
    .map((at) => after(at, WINDOW))
    .sort((a, b) => a - b)
  // After a limit was lowered several entries must leave before one is free.
  const freed = ends[used - limit]
  return { used, admitted: false, ...(freed === undefined ? {} : { nextFreeSlot: freed }) }
}

/** Between the two ends of what the clocks may differ by: the clock may go back by as much, and an entry then counts again. */
const CLOCK_STEP = minutes(2)

/** Entries that no longer count for anything, and will not again, leave the log. */
export const trimmed = (entries: readonly Entry[], now: Instant): Entry[] => entries.filter((entry) => counts(entry, before(now, CLOCK_STEP)))
