/** Texts of events within what the API takes. Pure. */
import { printable } from '../lib/text.ts'

/** Limits of events.k8s.io/v1 in bytes of UTF-8, whatever the server's messages say of characters. */
export const NOTE_LIMIT = 1024
export const WORD_LIMIT = 128

/** `text` in at most `limit` bytes of UTF-8, with an ellipsis when it had to be cut; no character is cut in half. */
export function cutBytes(text: string, limit: number): string {
  if (Buffer.byteLength(text) <= limit) return text
  const ellipsis = '…'
  let room = limit - Buffer.byteLength(ellipsis)
  let cut = ''
  for (const point of text) {
    room -= Buffer.byteLength(point)
    if (room < 0) break
    cut += point
  }
  return `${cut}${ellipsis}`
}

/** Safe for a terminal, and within the limit. */
export const noteOf = (note: string): string => cutBytes(printable(note, 1000), NOTE_LIMIT)

/** A reason or an action: both are required, so empty becomes `Unknown`. */
export const wordOf = (word: string): string => cutBytes(printable(word, WORD_LIMIT), WORD_LIMIT) || 'Unknown'

/** Object names are at most 253 characters of a DNS subdomain; names of RBAC objects hold more than that allows. */
export function eventName(regarding: string, suffix: string): string {
  const start = regarding
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, '-')
    .slice(0, 253 - suffix.length - 1)
    .replaceAll(/^[.-]+|[.-]+$/g, '')
  return start === '' ? suffix : `${start}.${suffix}`
}
