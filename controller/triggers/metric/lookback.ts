/** How far back a value of PromQL looks, by what is written between its brackets. */
import { OLDEST_SAMPLE } from '../../healing/metrics.ts'
import type { Millis } from '../../../shared/lib/time.ts'

const STRINGS = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`/g
const COMMENTS = /#[^\n]*/g
/** `[5m]`, and of a subquery `[1h:1m]`. */
const RANGES = /\[([^[\]:]*)(:[^[\]]*)?\]/g
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 }

/**
 * The longest range, and all subqueries on top of it, since one may lie within the other: rather too far than not far enough.
 * What an `offset` compares with is meant to be of another time, and does not count.
 */
export function lookback(expression: string): Millis {
  const bare = expression.replaceAll(STRINGS, '""').replaceAll(COMMENTS, '')
  let longest = 0
  let around = 0
  for (const [, range = '', subquery] of bare.matchAll(RANGES)) {
    const span = lengthOf(range.trim())
    if (subquery === undefined) longest = Math.max(longest, span)
    else around += span
  }
  return (longest + around) as Millis
}

/** What cannot be read (an expression of its own) counts as five minutes. */
function lengthOf(range: string): number {
  if (/^[0-9]+(?:\.[0-9]+)?$/.test(range)) return Number(range) * 1000
  if (!/^(?:[0-9]+(?:ms|[smhdwy]))+$/.test(range)) return OLDEST_SAMPLE
  return [...range.matchAll(/([0-9]+)(ms|[smhdwy])/g)].reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNITS[unit] ?? 0), 0)
}
