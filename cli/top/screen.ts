/** Rows as a table that fits. Pure. */
import { printable } from '../../shared/lib/text.ts'
import { parseInstant, type Instant } from '../../shared/lib/time.ts'
import { span } from '../layout.ts'
import type { Paint } from '../paint.ts'
import { sorted, type Row } from './rows.ts'

export interface Size {
  readonly columns: number
  readonly rows: number
}

const HEADINGS = ['NAMESPACE', 'POLICY', 'MODE', 'STATE', 'FIRING', 'PENDING', 'HEALING', 'BREAKER', 'HOUR', 'HEALED IN', 'SINCE', 'LAST DECISION'] as const
const STATE = HEADINGS.indexOf('STATE')
/** Above it nobody reads on one line. */
const WIDEST = 400

/** @param size undefined: everything, uncut */
export function screen(rows: readonly Row[], now: Instant, paint: Paint, size: Size | undefined): readonly string[] {
  const order = sorted(rows)
  // One line for the summary, one for the headings, one for what is left out.
  const room = size === undefined ? order.length : Math.max(1, size.rows - 3)
  const shown = order.length > room ? order.slice(0, room) : order
  const cells = shown.map((row) => cellsOf(row, now))
  const widths = HEADINGS.map((heading, column) => Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0)))
  const width = size?.columns ?? WIDEST
  const line = (row: readonly string[], colour?: Row['colour']): string => fitted(row, widths, width, colour === undefined ? undefined : { paint, colour })
  return [
    paint(summary(order), 'bold'),
    ...(order.length === 0 ? [] : [line(HEADINGS)]),
    ...shown.map((row, index) => line(cells[index] ?? [], row.colour)),
    ...(shown.length < order.length ? [`and ${order.length - shown.length} more`] : []),
  ]
}

/** Policies that need a person or hinder themselves, by their state. */
function summary(rows: readonly Row[]): string {
  const states = [...new Set(rows.map(({ state }) => state))].map((state) => `${rows.filter((row) => row.state === state).length} ${state}`)
  return rows.length === 0 ? 'no policies' : `${rows.length === 1 ? '1 policy' : `${rows.length} policies`}: ${states.join(', ')}`
}

function cellsOf({ namespace, name, mode, state, firing, pending, healing, breaker, budget, healedIn, since, decision }: Row, now: Instant): string[] {
  const at = parseInstant(since)
  return [namespace, name, mode, state, String(firing), String(pending), String(healing), breaker, budget, healedIn, at === undefined ? '' : span(now - at), decision].map((cell) => printable(cell, WIDEST))
}

/** Cut to the width first and coloured then: what colours a cell takes no room. */
function fitted(row: readonly string[], widths: readonly number[], width: number, colour: { readonly paint: Paint; readonly colour: Row['colour'] } | undefined): string {
  const before = row.slice(0, STATE).map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  const text = row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ').slice(0, width).trimEnd()
  if (colour === undefined) return text
  const from = before.length + 2
  const to = from + (row[STATE]?.length ?? 0)
  return text.length < to ? text : `${text.slice(0, from)}${colour.paint(text.slice(from, to), colour.colour)}${text.slice(to)}`
}
