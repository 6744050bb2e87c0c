/** Series with their past: what an answer adds, and what is forgotten. Pure. */
import { before, type Instant, type Millis } from '../../../shared/lib/time.ts'
import type { Point, Series } from '../../healing/metrics.ts'

export interface KeptSeries extends Series {
  /** Of the labels. */
  readonly key: string
  /** When an answer had it last. */
  readonly seenAt: Instant
}

/** Of all series of one question together; the status remembers what lies before. */
const MOST_POINTS = 200_000
/** Of each series, however many there are. */
const FEWEST_POINTS = 8

const keyOf = ({ labels }: Series): string => JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : Number(a > b))))

/** When somebody was asked, and when the answer was there. How long it took is no silence of the source. */
export interface Exchange {
  readonly asked: Instant
  readonly answered: Instant
}

/** Of an answer with the past, a series is there while its newest point is: others have ended since. */
export const past = (answer: readonly Series[], { asked, answered }: Exchange, grace: Millis): KeptSeries[] =>
  answer.flatMap((series) => {
    const newest = series.points.at(-1)?.at
    return newest === undefined || newest < before(asked, grace) ? [] : [{ ...series, key: keyOf(series), seenAt: answered }]
  })

/** One that an answer misses stays for a while: a scrape may have failed. */
export function merged(old: readonly KeptSeries[], answer: readonly Series[], { asked, answered }: Exchange, grace: Millis): KeptSeries[] {
  const byKey = new Map(old.map((series) => [series.key, series]))
  const fresh = new Map<string, KeptSeries>()
  for (const { labels, points } of answer) {
    const key = keyOf({ labels, points })
    // A source that tells the same series twice contradicts itself; both count, as one past.
    const known = fresh.get(key) ?? byKey.get(key)
    const unbroken = known !== undefined && known.seenAt >= before(asked, grace)
    fresh.set(key, { key, labels, seenAt: answered, points: appended(known?.points ?? [], unbroken ? points.map((point) => ({ ...point, unbroken: true as const })) : points) })
  }
  const missed = old.filter(({ key, seenAt }) => !fresh.has(key) && seenAt >= before(asked, grace))
  return [...fresh.values(), ...missed]
}

/** A sample that is told again is not a second one. */
function appended(known: readonly Point[], points: readonly Point[]): readonly Point[] {
  const last = known.at(-1)?.at
  const newer = last === undefined ? points : points.filter(({ at }) => at > last)
  return newer.length === 0 ? known : [...known, ...newer]
}

/** Without points before `from`, but the newest: how old that is, is for others to judge. */
export function trimmed(all: readonly KeptSeries[], from: Instant): KeptSeries[] {
  const most = Math.max(FEWEST_POINTS, Math.floor(MOST_POINTS / Math.max(1, all.length)))
  return all.map((series) => {
    const recent = series.points.filter(({ at }, i) => at >= from || i === series.points.length - 1).slice(-most)
    return recent.length === series.points.length ? series : { ...series, points: recent }
  })
}
