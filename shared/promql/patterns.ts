/** Patterns of labels, as far as they are small enough to be compiled while somebody waits. */
import { isPattern, readPattern, type Pattern } from '../lib/pattern.ts'

/** Instructions of all patterns of a query together: some milliseconds. */
const BUDGET = 4000

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

const CLASS = /\[\^?\]?(?:\\.|[^\]\\])*\]?/sy
const REPEAT = /\{([0-9]{1,4})(?:,([0-9]{0,4}))?\}/y

/** About the instructions that it compiles to. */
export function weightOf(pattern: string): number {
  // Of each group that is open: what is in it so far.
  const groups = [0]
  let last = 0
  for (let at = 0; at < pattern.length; ) {
    const found = (expression: RegExp): RegExpExecArray | null => {
      expression.lastIndex = at
      return expression.exec(pattern)
    }
    const repeat = found(REPEAT)
    if (repeat !== null) {
      const [all, least = '1', most = least] = repeat
      const times = Math.max(1, Number(most === '' ? least : most))
      groups.push((groups.pop() ?? 0) + last * (times - 1))
      last *= times
      at += all.length
      continue
    }
    const character = pattern[at]
    if (character === '(') {
      groups.push(0)
      last = 0
    } else {
      last = character === ')' && groups.length > 1 ? (groups.pop() ?? 0) + 2 : 1
      groups.push((groups.pop() ?? 0) + last)
    }
    at += character === '[' ? (found(CLASS)?.[0].length ?? 1) : character === '\\' ? 2 : 1
  }
  return groups.reduce((sum, part) => sum + part, 0)
}

/** No label of Kubernetes is longer, and the time that a match takes grows with it. */
const LONGEST_VALUE = 256

/** undefined: nobody can tell here. */
export function labelMatches(read: ReadLabelPattern, { operator, value }: { readonly operator: string; readonly value: string }, candidate: string): boolean | undefined {
  if (operator === '=') return value === candidate
  if (operator === '!=') return value !== candidate
  const pattern = candidate.length > LONGEST_VALUE ? undefined : read(value)
  return pattern === undefined || !isPattern(pattern) ? undefined : pattern.matches(candidate) === (operator === '=~')
}
