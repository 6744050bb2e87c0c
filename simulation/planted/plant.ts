/** Changes source text as a bug says. */
import type { Edit } from './bugs.ts'

/** @throws Error when the text that an edit changes is not there exactly once: the bug has to follow the code */
export function planted(source: string, edits: readonly Edit[]): string {
  let text = source
  for (const { file, find, replace } of edits) {
    const times = text.split(find).length - 1
    if (times !== 1) throw new Error(`a planted bug changes a text that is ${times} times in ${file}: ${find}`)
    text = text.replace(find, () => replace)
  }
  return text
}
