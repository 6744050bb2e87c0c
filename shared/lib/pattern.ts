/**
 * Regular expressions of people on text of anybody: RE2's syntax and its promise of linear time. A backtracking engine
 * could be held for hours by one message.
 */
import { RE2JS } from 're2js'
import { printable } from './text.ts'

export interface Pattern {
  readonly source: string
  /** Whether it occurs anywhere in the text. */
  matches(text: string): boolean
}

/** A pattern, or why the text is none. */
export function readPattern(source: string): Pattern | { readonly problem: string } {
  try {
    const compiled = RE2JS.compile(source)
    return { source, matches: (text) => compiled.matcher(text).find() }
  } catch (error) {
    const said = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'it cannot be read'
    return { problem: printable(said.replaceAll('`', '"'), 200) }
  }
}

export const isPattern = (read: Pattern | { readonly problem: string }): read is Pattern => 'matches' in read
