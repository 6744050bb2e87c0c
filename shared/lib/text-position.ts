/** Where something is in a text of several lines. */

export interface TextPosition {
  /** Of UTF-16 units from the beginning, from 0: what `slice` takes. */
  readonly offset: number
  /** From 1. */
  readonly line: number
  /** Of code points in the line, from 1. */
  readonly column: number
}

/** @param offset at the end of the text at most; beyond it the end is meant */
export function positionIn(text: string, offset: number): TextPosition {
  const at = Math.max(0, Math.min(offset, text.length))
  const before = text.slice(0, at)
  const start = before.lastIndexOf('\n') + 1
  return { offset: at, line: before.split('\n').length, column: Array.from(before.slice(start)).length + 1 }
}
