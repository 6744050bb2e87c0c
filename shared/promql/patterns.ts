/** Patterns of labels, as far as they are small enough to be compiled while somebody waits. */
import { isPattern, readPattern, type Pattern } from '../lib/pattern.ts'

/** About the instructions that a pattern compiles to: of all patterns of a query together, a few milliseconds. */
const BUDGET = 20_000

export type ReadLabelPattern = (value: string) => Pattern | { readonly problem: string } | undefined

/** Reads each pattern once, anchored at both ends as the server does. undefined: it is too much to be judged. */
export function patternReader(): ReadLabelPattern {
  const read = new Map<string, ReturnType<ReadLabelPattern>>()
  let left = BUDGET
  return (value) => {
    if (!read.has(value)) {
      left -= weightOf(value)
      read.set(value, left < 0 ? undefined : readPattern(`^(?s:${value})$`))
    }
    return read.get(value)
  }
}

/** At most: a repetition may be of all that is written before it. */
function weightOf(value: string): number {
  const repeats = [...value.matchAll(/\{(?:[0-9]+,)?([0-9]+)/g)].reduce((sum, [, most]) => sum + Number(most), 0)
  return value.length * (1 + repeats)
}

/** undefined: nobody can tell here. */
export function labelMatches(read: ReadLabelPattern, { operator, value }: { readonly operator: string; readonly value: string }, candidate: string): boolean | undefined {
  if (operator === '=') return value === candidate
  if (operator === '!=') return value !== candidate
  const pattern = read(value)
  return pattern === undefined || !isPattern(pattern) ? undefined : pattern.matches(candidate) === (operator === '=~')
}
