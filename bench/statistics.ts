/** Pure. */

export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** Median, and the whole interval: with few runs a standard deviation says less than it seems to. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (index: number): number => sorted[index] ?? Number.NaN
  const middle = Math.floor(sorted.length / 2)
  return { median: sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2, least: at(0), most: at(sorted.length - 1) }
}

/**
 * The interval in which the median of whatever the values were taken from lies with 95 % confidence, by order statistics: no
 * assumption about how they spread.
 */
export function intervalOfMedian(values: readonly number[]): readonly [low: number, high: number] {
  const sorted = values.toSorted((a, b) => a - b)
  const half = 0.98 * Math.sqrt(sorted.length)
  const at = (index: number): number => sorted[Math.min(Math.max(index, 0), sorted.length - 1)] ?? Number.NaN
  return [at(Math.floor(sorted.length / 2 - half) - 1), at(Math.ceil(sorted.length / 2 + half))]
}

export const show = ({ median, least, most }: Spread, unit: string): string => `${Math.round(median)} ${unit} (${Math.round(least)}..${Math.round(most)})`

/** Of medians: `1.8`. */
export const ratio = (a: Spread, b: Spread): string => (a.median / b.median).toFixed(1)

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string => `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n')
}
