/** What can be told of a message pattern before there is any message. */
import { isPattern, readPattern } from '../../lib/pattern.ts'
import { rememberedByText } from '../../lib/remembered.ts'

/** Nothing that these have in common tells of trouble. The short ones first: most patterns fail there. */
const MESSAGES = ['a', 'Z', '7', ' ', '-', 'ß', '…', 'Started container cart', 'Readiness probe failed: HTTP probe failed with statuscode: 503', `${'x'.repeat(100)} ${'7'.repeat(100)}`]

/** It takes whatever is written: `.*`, `^`, `.`. False of what is no pattern. */
export const takesAnything = rememberedByText(256, (source) => {
  const read = readPattern(source)
  return isPattern(read) && MESSAGES.every((message) => read.matches(message))
})

export type Dead = 'whole' | 'part'

/** Whether something is wanted after the end of a message, or before its begin: all of the pattern, or one way through it. */
export function deadPart(source: string): Dead | undefined {
  // Lines of their own begin and end anywhere.
  if (/\(\?[a-zA-Z]*m/.test(source)) return undefined
  // Escapes and classes take one character.
  const bare = source.replaceAll(/\\[^]|\[\^?\]?(?:\\[^]|[^\]\\])*\]/gu, '.')
  if (!/\$[\w{ ](?![?*{])|[\w ]\^/.test(bare)) return undefined
  return /[|()?*{]/.test(bare) ? 'part' : 'whole'
}
