/** Since when a comparison has held, and what that makes of the object. */
import { printable } from '../../../shared/lib/text.ts'
import { after, before, between, earliest, latest, type Instant, type Millis } from '../../../shared/lib/time.ts'
import { OLDEST_SAMPLE, type Point, type Series } from '../../healing/metrics.ts'
import type { Memory, Observation } from '../trigger.ts'
import { breaches } from '../../../shared/rules/triggers/thresholds.ts'
import type { MetricArgs } from './args.ts'

interface Held {
  readonly since: Instant
  /** It held at the oldest point that is known: it may have begun before. */
  readonly open: boolean
}

/**
 * The unbroken run that ends with the newest point. Points further apart than `gap` are a break, since nobody knows what
 * was between, unless the source was asked all the time and had nothing newer: some measure less often than we ask.
 */
export function heldSince(points: readonly Point[], holds: (value: number) => boolean, gap: Millis): Held | undefined {
  let first: Point | undefined
  for (const point of points.toReversed()) {
    const apart = first !== undefined && first.unbroken !== true && between(point.at, first.at) > gap
    if (!Number.isFinite(point.value) || !holds(point.value) || apart) return first === undefined ? undefined : { since: first.at, open: false }
    first = point
  }
  return first === undefined ? undefined : { since: first.at, open: true }
}

/** When what held at the time of an act was over; of several series the last. What comes and goes after that is a matter of its own. */
export function calmSince(series: readonly Series[], holds: (value: number) => boolean, actedAt: Instant): Instant | undefined {
  const ends = series.flatMap(({ points }) => {
    const acted = points.findLastIndex(({ at }) => at <= actedAt)
    const then = points[acted]
    return then !== undefined && holds(then.value) ? (points.slice(acted + 1).find(({ value }) => Number.isFinite(value) && !holds(value))?.at ?? []) : []
  })
  return ends.reduce<Instant | undefined>((a, b) => (a === undefined ? b : latest(a, b)), undefined)
}

export interface Judged {
  readonly now: Instant
  readonly memory: Memory | undefined
  readonly gap: Millis
  /** What to say when no series has a value that can be compared. */
  readonly otherwise: string
}

/** Any series that holds counts, and the worst of them is the evidence. */
export function judgeSeries(args: MetricArgs, series: readonly Series[], { now, memory, gap, otherwise }: Judged): Observation {
  const holds = (value: number): boolean => breaches(args, value)
  const recent = series.filter(({ points }) => (points.at(-1)?.at ?? 0) >= before(now, OLDEST_SAMPLE))
  const known = recent.flatMap(({ labels, points }) => {
    const value = points.at(-1)?.value
    return value === undefined || !Number.isFinite(value) ? [] : [{ container: labels['container'] ?? '', value, held: heldSince(points, holds, gap) }]
  })
  if (known.length === 0) return { state: 'NoData', why: whyUnknown(series, recent, otherwise) }
  const holding = known.flatMap(({ container, value, held }) => (held === undefined ? [] : [{ container, value, ...held }]))
  const [one] = holding
  if (one === undefined) return { state: 'Quiet' }
  const since = sinceOf(holding, memory, now)
  const firesAt = after(since, args.duration)
  const state = now >= firesAt ? 'Firing' : 'Pending'
  const worst = holding.reduce((a, b) => (isWorse(args, b.value, a.value) ? b : a), one)
  const value = shown(worst.value, args.threshold, memory?.state === state ? memory.value : undefined)
  const of = worst.container === '' ? '' : ` of container ${printable(worst.container)}`
  return { state, since, firesAt, restarts: 0, value, evidence: `${printable(args.query, 120)}${of} is ${value} (${args.operator} ${args.threshold})` }
}

function sinceOf(holding: readonly Held[], memory: Memory | undefined, now: Instant): Instant {
  const seen = holding.reduce<Instant>((t, { since }) => earliest(t, since), now)
  // What is remembered counts where what is known does not reach back to it; a break that was seen is believed.
  return memory !== undefined && holding.some(({ open }) => open) ? earliest(seen, memory.since) : seen
}

const isWorse = ({ operator }: MetricArgs, a: number, b: number): boolean => (operator === '<' || operator === '<=' ? a < b : a > b)

function whyUnknown(series: readonly Series[], recent: readonly Series[], otherwise: string): string {
  if (series.length === 0) return otherwise
  if (recent.length === 0) return 'its newest sample is older than 5m'
  const value = recent[0]?.points.at(-1)?.value
  return `its value is ${Number.isNaN(value) ? 'NaN (0 divided by 0, often)' : 'infinite'}`
}

/** Below this share of itself or of the threshold a change is not worth a write of the status. */
const NOTABLE = 0.1

/** Three digits, and the number that was shown before while little has changed. */
export function shown(value: number, threshold: number, before: number | undefined): number {
  if (before !== undefined && Math.abs(value - before) <= NOTABLE * Math.max(Math.abs(before), Math.abs(threshold))) return before
  return Number(value.toPrecision(3))
}
