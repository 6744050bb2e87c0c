/**
 * Control characters, line breaks included, and the bidirectional controls reach a terminal raw through kubectl,
 * and the API server drops a warning that holds one. Every quoted value passes here first.
 */
// oxlint-disable-next-line no-control-regex -- these characters are the subject
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/gu

/** `value` without control and bidirectional characters, cut to `max` code points with an ellipsis. */
export function printable(value: string, max = 120): string {
  // Cut the raw text first: the value may be megabytes long.
  const clean = value.slice(0, max * 4).replace(UNPRINTABLE, '')
  const points = Array.from(clean)
  if (points.length <= max && value.length <= max * 4) return clean
  return `${points.slice(0, max - 1).join('')}…`
}

/** A printable value in double quotes, for messages. */
export const quoted = (value: string, max = 60): string => `"${printable(value, max).replaceAll('"', "'")}"`

/** `1 pod`, `2 pods`. */
export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** The `limit` entries of `candidates` nearest to `word` by edit distance, best first; none further than half the word. */
export function nearest(word: string, candidates: readonly string[], limit = 1): string[] {
  const target = word.slice(0, 64).toLowerCase()
  return candidates
    .map((candidate) => ({ candidate, distance: editDistance(target, candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(2, Math.floor(candidate.length / 2)))
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, limit)
    .map(({ candidate }) => candidate)
}

/** Whether so many letters added, left out or replaced make one word of the other, whatever their case. */
export const withinEdits = (a: string, b: string, most: number): boolean => editDistance(a.slice(0, 64).toLowerCase(), b.slice(0, 64).toLowerCase()) <= most

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
