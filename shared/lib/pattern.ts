/**
 * Regular expressions of people on text of anybody: RE2's syntax and its promise of linear time. A backtracking engine
 * could be held for hours by one message. Linear is in the length of the text and in that of the compiled program, which
 * a few repetitions make a hundred thousand steps long; so that is bounded too.
 */
import { RE2JS } from 're2js'
import { printable } from './text.ts'

export interface Pattern {
  readonly source: string
  /** Whether it occurs anywhere in the text. */
  matches(text: string): boolean
}

/** Steps of a compiled program: on a thousand characters so many take some 0.3 s at the worst, and a literal has one for each letter. */
const MOST_STEPS = 600
/** What is estimated to be so much longer is not compiled at all. */
const FAR_TOO_MANY = 5 * MOST_STEPS
const TOO_LONG = { problem: `its repetitions make it more than ${MOST_STEPS} steps long: repeat less often, or use * and +` } as const

/** A pattern, or why the text is none. */
export function readPattern(source: string): Pattern | { readonly problem: string } {
  try {
    if (estimatedSteps(source) > FAR_TOO_MANY) return TOO_LONG
    const compiled = RE2JS.compile(source)
    if (compiled.programSize() > MOST_STEPS) return TOO_LONG
    return { source, matches: (text) => compiled.matcher(text).find() }
  } catch (error) {
    const said = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'it cannot be read'
    return { problem: printable(said.replaceAll('`', '"'), 200) }
  }
}

/** About how long it gets when its repetitions are written out. Of what is malformed any number. */
function estimatedSteps(source: string): number {
  const outer: number[] = []
  let [sum, last] = [0, 0]
  for (const [part] of source.matchAll(/\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{[0-9]+(?:,[0-9]*)?\}|[^]/gu)) {
    if (part === '(') {
      outer.push(sum)
      sum = 0
      continue
    }
    if (part.length > 2 && part.startsWith('{')) {
      const times = Math.max(...(part.match(/[0-9]+/g) ?? []).map(Number))
      sum += last * Math.max(0, times - 1)
      last *= times
      continue
    }
    last = part === ')' ? sum : 1
    sum = part === ')' ? (outer.pop() ?? 0) + last : sum + 1
  }
  return outer.reduce((total, each) => total + each, sum)
}

export const isPattern = (read: Pattern | { readonly problem: string }): read is Pattern => 'matches' in read
