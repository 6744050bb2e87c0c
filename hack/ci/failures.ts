/**
 * What failed, told once more in the last lines: a CI service often keeps no more of the output than its end, so this
 * has to fit into `LINES` and still name as much as it can. Pure.
 */
import { stripVTControlCharacters } from 'node:util'
import type { Failure, Tally } from './tally.ts'
import { summary } from './tally.ts'

/** Of a step that failed. */
export interface StepEnd {
  readonly name: string
  readonly tally: Tally
  /** Why it failed as a whole, in a word or two. */
  readonly why?: string
  readonly failures: readonly Failure[]
  /** Beginning and end of its output: all there is to tell when it names no failing test. */
  readonly output?: readonly string[]
}

/** Some services keep 25 lines; the heading and the summary are among them. */
const LINES = 20
/** Characters of a line: an assertion on a large object is longer than a screen. */
const WIDTH = 240
/** Lines of an error or of an output. */
const EXCERPT = 3

/** One line for each step, then its failures as far as there is room, fairly shared. */
export function failureReport(steps: readonly StepEnd[], lines = LINES): readonly string[] {
  const shown = steps.slice(0, steps.length > lines ? lines - 1 : lines)
  const rest = steps.length - shown.length
  const room = lines - shown.length - (rest > 0 ? 1 : 0)
  const shares = share(shown.map(({ failures, output = [] }) => (failures.length > 0 ? failures.length * 2 : Math.min(EXCERPT, output.length))), room)
  const report = shown.flatMap((step, index) => [`   ${step.name}: ${summary(step.tally)}${step.why === undefined ? '' : `, ${step.why}`}`, ...details(step, shares[index] ?? 0)])
  return rest > 0 ? [...report, `   and ${rest} more`] : report
}

function details({ failures, output = [] }: StepEnd, room: number): readonly string[] {
  if (failures.length === 0) return output.slice(0, room).map((line) => `      ${short(line)}`)
  // Room for all titles alone is better than for some titles with their errors.
  if (failures.length * 2 <= room) return failures.flatMap(({ title, error }) => [`    - ${short(title)}`, `      ${short(error)}`])
  const whole = failures.length <= room
  const named = whole ? failures : failures.slice(0, Math.max(0, room - 1))
  const errors = whole ? room - failures.length : 0
  return [
    ...named.flatMap(({ title, error }, index) => [`    - ${short(title)}`, ...(index < errors ? [`      ${short(error)}`] : [])]),
    ...(whole || room === 0 ? [] : [`    and ${failures.length - named.length} more`]),
  ]
}

/** Room for each, none more than it wants: what one leaves goes to the others. */
function share(wanted: readonly number[], room: number): readonly number[] {
  const given = wanted.map(() => 0)
  let left = room
  while (left > 0) {
    const hungry = wanted.flatMap((want, index) => ((given[index] ?? 0) < want ? [index] : []))
    if (hungry.length === 0) break
    for (const index of hungry.slice(0, left)) given[index] = (given[index] ?? 0) + 1
    left -= Math.min(left, hungry.length)
  }
  return given
}

const short = (text: string): string => {
  const plain = stripVTControlCharacters(text)
  return plain.length <= WIDTH ? plain : `${plain.slice(0, WIDTH - 1)}…`
}

/** The first lines of what was thrown, and the first line of ours on its stack. */
export function describeError(thrown: unknown, root: string): string {
  if (!(thrown instanceof Error)) return firstLines(String(thrown))
  const name = thrown.name === 'Error' ? '' : `${thrown.name}: `
  const place = (thrown.stack ?? '').split('\n').filter((line) => line.trimStart().startsWith('at ') && line.includes(root) && !line.includes('node_modules')).map((line) => /([^(/\s][^()\s]*:\d+):\d+\)?$/.exec(line.slice(line.indexOf(root) + root.length))?.[1])[0]
  return `${place === undefined ? '' : `${place}: `}${name}${firstLines(thrown.message)}`
}

const firstLines = (text: string): string =>
  text.split('\n').map((line) => line.trim()).filter((line) => line !== '').slice(0, EXCERPT).join(' | ')

/** Lines with something in them, from the beginning of what a program said or from its end. */
export function excerpt(output: string, from: 'beginning' | 'end'): readonly string[] {
  const lines = stripVTControlCharacters(output).split('\n').map((line) => line.trim()).filter((line) => line !== '')
  return from === 'beginning' ? lines.slice(0, EXCERPT) : lines.slice(-EXCERPT)
}
