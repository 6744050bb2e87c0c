/** Of which time a query is: ranges, offsets and fixed moments. */
import { formatDuration } from '../lib/duration.ts'
import { millis as asMillis } from '../lib/time.ts'
import { unwrapped, type Call, type Expr, type Judged } from './ast.ts'
import { DIFFERENCES, RATES } from './counters.ts'

/** These need two samples to say anything. */
const OF_TWO: ReadonlySet<string> = new Set([...RATES, ...DIFFERENCES, 'changes', 'resets'])

export interface PairRange {
  /** Where its length is. */
  readonly from: number
  readonly millis: number
  /** Of a subquery: how far apart its samples are. undefined: as far as the source scrapes. */
  readonly step: number | undefined
  /** Of the function. */
  readonly name: string
}

/** The ranges in which two samples have to be. */
export const pairRanges = (all: readonly Expr[]): readonly PairRange[] =>
  all.flatMap((expr): PairRange[] => {
    if (expr.type !== 'call' || !OF_TWO.has(expr.name)) return []
    const range = rangeOf(expr)
    if (range === undefined || range.range.millis === undefined) return []
    return [{ from: range.range.from, millis: range.range.millis, name: expr.name, step: range.type === 'subquery' ? range.step?.millis : undefined }]
  })

/** Steps lie on the clock, so that of a range that is shorter most moments have none within. Of those that need two of them `pairRanges` tells. */
export function sparseSubqueries(all: readonly Expr[]): readonly Judged[] {
  const told = new Set(pairRanges(all).map(({ from }) => from))
  return all.flatMap((expr): Judged[] => {
    if (expr.type !== 'subquery' || told.has(expr.range.from)) return []
    const [range, step] = [expr.range.millis, expr.step?.millis]
    if (range === undefined || step === undefined || range >= step) return []
    const written = (first: number, second: number): string => `[${formatDuration(asMillis(first))}:${formatDuration(asMillis(second))}]`
    return [{ from: expr.range.from, certain: false, what: `a subquery over less than one step, ${written(range, step)}`, why: 'steps lie on the clock: most of the time none is within, and there is no answer', fix: `write the range first, ${written(step, range)}, or a shorter step` }]
  })
}

function rangeOf({ args: [arg] }: Call): Extract<Expr, { type: 'range' | 'subquery' }> | undefined {
  let expr = arg === undefined ? undefined : unwrapped(arg)
  while (expr?.type === 'modified') expr = unwrapped(expr.expr)
  return expr?.type === 'range' || expr?.type === 'subquery' ? expr : undefined
}

/** A sample of before that is an answer still. */
const LOOKBACK = 300_000
const DAY = 86_400_000
/** A year's season and a month more; by default a Prometheus keeps 15 days. */
export const LONGEST_PAST = 400 * DAY

/** Milliseconds from the moment of asking: where the samples of a selector may be. */
interface Window {
  readonly first: number
  readonly last: number
  /** It is of a moment that is written. */
  readonly fixed: boolean
}

const NOW: Window = { first: 0, last: 0, fixed: false }

/** Selectors of the future, of what nobody keeps, and of one moment for ever. */
export function timeProblems(root: Expr): readonly Judged[] {
  const found: Judged[] = []
  const moments: boolean[] = []
  const walk = (expr: Expr, window: Window): void => {
    switch (expr.type) {
      case 'selector':
        moments.push(window.fixed)
        return void found.push(...ofWindow(expr.from, window))
      case 'range':
        return walk(expr.expr, earlier(window, (expr.range.millis ?? 0) - LOOKBACK))
      case 'subquery':
        return walk(expr.expr, earlier(window, expr.range.millis ?? 0))
      case 'modified':
        return walk(expr.expr, expr.by === '@' && !expr.bound ? { ...NOW, fixed: true } : shifted(window, expr.by === 'offset' ? (expr.offset?.millis ?? 0) : 0))
      case 'unary':
      case 'paren':
        return walk(expr.expr, window)
      case 'call':
        if (CLOCKS.has(expr.name) && expr.args.length === 0) moments.push(false)
        return expr.args.forEach((arg) => walk(arg, window))
      case 'aggregate':
        return expr.args.forEach((arg) => walk(arg, window))
      case 'binary':
        walk(expr.left, window)
        return walk(expr.right, window)
      case 'number':
      case 'string':
        return
      default:
        expr satisfies never
    }
  }
  walk(root, NOW)
  if (moments.length > 0 && moments.every(Boolean)) found.push({ from: root.from, certain: true, what: 'everything is of a moment that is written (@)', why: 'its value never changes, whatever happens, until the source forgets that time', fix: 'leave @ out, or write offset for what was a while ago' })
  return found
}

/** What tells of now by itself. */
const CLOCKS: ReadonlySet<string> = new Set(['time', 'minute', 'hour', 'day_of_week', 'day_of_month', 'day_of_year', 'days_in_month', 'month', 'year'])

const earlier = (window: Window, by: number): Window => ({ ...window, first: window.first - by })
const shifted = ({ first, last, fixed }: Window, by: number): Window => ({ first: first - by, last: last - by, fixed })

function ofWindow(from: number, { first, last, fixed }: Window): Judged[] {
  if (fixed) return []
  const oldest = first - LOOKBACK
  if (oldest >= 0) return [{ from, certain: true, what: 'is of the future', why: 'there are no samples yet, and the trigger has no data for ever', fix: 'an offset without a sign goes back: offset 5m' }]
  if (last > 0) return [{ from, certain: false, what: 'reaches into the future', why: 'a part of its time has no samples yet', fix: 'an offset without a sign goes back: offset 5m' }]
  if (-oldest <= LONGEST_PAST) return []
  return [{ from, certain: false, what: `looks back more than ${formatDuration(asMillis(LONGEST_PAST))}`, why: 'a Prometheus keeps 15 days unless it is told otherwise, and of what it has forgotten there is no answer', fix: 'look back no further than the source keeps' }]
}
