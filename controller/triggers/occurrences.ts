/**
 * When an event has occurred, made of what one Event object tells: how often altogether, and when last. What comes on top
 * of the count that was seen last is new; nothing else is, however often the object is listed or watched again. Where
 * several came between two looks only the last one's time is known: they count while all of them must lie within the
 * window, and as one when only the last one must. So the answer is never more than the truth.
 */
import { latest, type Instant, type Millis } from '../../shared/lib/time.ts'
import type { EventView } from '../healing/snapshot.ts'

/** `count` of them, none before `from`, the last one at `to`. */
export interface Span {
  readonly from: Instant
  readonly to: Instant
  readonly count: number
}

/** What is remembered of one Event object. */
export interface Occurrences {
  readonly event: string
  /** Its count when it was last seen. */
  readonly count: number
  /** The oldest first. */
  readonly seen: readonly Span[]
}

/** For which trigger, and about which object. */
export interface RememberedOccurrences extends Occurrences {
  readonly trigger: string
  /** uid */
  readonly object: string
}

/** Beyond this the oldest ones are remembered together. */
export const MAX_SPANS = 16

/** What is known now, given what was known before. `now` bounds times that somebody wrote into the future. */
export function advance(known: Occurrences | undefined, { uid, count, first, last }: Pick<EventView, 'uid' | 'count' | 'first' | 'last'>, now: Instant): Occurrences {
  const to = last < now ? last : now
  if (known === undefined) return { event: uid, count, seen: [{ from: count === 1 || first > to ? to : first, to, count }] }
  // A count never goes down by itself: whoever wrote it says nothing about what has occurred.
  if (count <= known.count) return count === known.count ? known : { ...known, count }
  const added = count - known.count
  const before = known.seen.at(-1)?.to
  // Times have whole seconds in most events: the new one is not before the one that was known.
  const end = before === undefined ? to : latest(before, to)
  return { event: uid, count, seen: bounded([...known.seen, { from: added === 1 ? end : (before ?? end), to: end, count: added }]) }
}

function bounded(spans: readonly Span[]): readonly Span[] {
  const [first, second, ...others] = spans
  if (spans.length <= MAX_SPANS || first === undefined || second === undefined) return spans
  return bounded([{ from: first.from, to: second.to, count: first.count + second.count }, ...others])
}

/** Without what lies before the window. */
export const within = (spans: readonly Span[], now: Instant, window: Millis): readonly Span[] => spans.filter(({ to }) => now - to < window)

/** How many there were in the window, at least. */
export const countIn = (spans: readonly Span[], now: Instant, window: Millis): number =>
  within(spans, now, window).reduce((sum, { from, count }) => sum + (now - from < window ? count : 1), 0)
