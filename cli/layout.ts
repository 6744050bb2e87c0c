/** Text in lines for a terminal: headings, aligned pairs, times. Pure. */
import { stringify } from 'yaml'
import { printable } from '../shared/lib/text.ts'
import { formatInstant, parseInstant, type Instant } from '../shared/lib/time.ts'

/** A line of more is cut: messages have 2048 characters at most, and a few of them may meet in one. */
const LONGEST_LINE = 4000

export type Pair = readonly [name: string, value: string | undefined]

/** Names and values below each other; those without a value are left out. */
export function pairs(rows: readonly Pair[], indent = 2): string[] {
  const shown = rows.filter((row): row is readonly [string, string] => row[1] !== undefined && row[1] !== '')
  const width = Math.max(0, ...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${' '.repeat(indent)}${name.padEnd(width)}  ${value}`)
}

/** A heading with its lines; nothing at all when there are none. */
export const section = (heading: string, lines: readonly string[]): string[] => (lines.length === 0 ? [] : ['', heading, ...lines])

/** Columns below each other; the last one is as wide as it is. */
export function table(rows: readonly (readonly string[])[], indent = 2): string[] {
  const widths = rows.reduce<number[]>((all, row) => row.map((cell, i) => Math.max(all[i] ?? 0, cell.length)), [])
  return rows.map((row) => `${' '.repeat(indent)}${row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  ')}`.trimEnd())
}

/** What has no words of its own, as YAML. */
export const block = (value: unknown, indent = 2): string[] =>
  stringify(value, { version: '1.1', aliasDuplicateObjects: false })
    .trimEnd()
    .split('\n')
    .map((line) => `${' '.repeat(indent)}${line}`)

/** Every quoted value may hold what a terminal obeys: only here lines become text. */
export const toText = (lines: readonly string[]): string => lines.map((line) => `${printable(line, LONGEST_LINE)}\n`).join('')

/** `45s`, `3m20s`, `2h5m`, `4d3h`: the two largest units, rounded down. */
export function span(milliseconds: number): string {
  let rest = Math.floor(Math.abs(milliseconds) / 1000)
  const parts: string[] = []
  for (const [unit, size] of [['d', 86_400], ['h', 3600], ['m', 60], ['s', 1]] as const) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) parts.push(`${count}${unit}`)
    // Two neighbouring units: `4d12s` would be more exact than anybody reads.
    if (parts.length === 2 || (parts.length === 1 && count === 0)) break
  }
  return parts.length === 0 ? '0s' : parts.join('')
}

/** `2030-01-01 12:03:04 (3m ago)`, the day only when it is another one; undefined when there is no time. */
export function moment(text: string | undefined, now: Instant): string | undefined {
  if (text === undefined) return undefined
  const at = parseInstant(text)
  if (at === undefined) return `${text} (which is no time)`
  const distance = at > now ? `in ${span(at - now)}` : `${span(now - at)} ago`
  return `${clock(at, now)} (${distance})`
}

/** Without the distance. */
export function clock(at: Instant, now: Instant): string {
  const [day = '', time = ''] = formatInstant(at).split('T')
  return `${formatInstant(now).startsWith(day) ? '' : `${day} `}${time.slice(0, 8)}`
}

/** `condition CrashLoopBackOff, status True, duration 2m`: the scalars of a body, its lists joined. */
export function flat(body: Readonly<Record<string, unknown>>): string {
  return Object.entries(body)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
}
