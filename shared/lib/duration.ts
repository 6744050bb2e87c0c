import { TerminalError } from './errors.ts'
import { rememberedByText } from './remembered.ts'
import { millis, type Millis } from './time.ts'

/**
 * Go duration strings as Kubernetes uses them: `90s`, `1h30m`, `1.5h`. No sign: nothing in the API is a negative span.
 * The same pattern stands in the CRD (RE2) and here, so both accept the same strings.
 */
export const DURATION_PATTERN = '^([0-9]{1,6}(\\.[0-9]{1,9})?(ms|s|m|h))+$'

/** Longest duration string that the API takes. */
export const DURATION_MAX_LENGTH = 24

/** Ceiling of every duration: ten years. Above it, sums of times leave the range that RFC 3339 can print. */
export const DURATION_MAX = millis(10 * 365 * 24 * 60 * 60 * 1000)

const UNIT_MILLIS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const PARTS = /[0-9.]+[a-z]+/g
const UNIT = /[a-z]/
const WHOLE = new RegExp(DURATION_PATTERN)

/** Milliseconds (rounded), or undefined when the text is no duration or above {@link DURATION_MAX}. */
export const parseDuration = (text: string): Millis | undefined => (text.length > DURATION_MAX_LENGTH ? undefined : parsed(text))

/** Rules ask for the same few again and again. */
const parsed = rememberedByText(1024, (text): Millis | undefined => {
  if (!WHOLE.test(text)) return undefined
  let total = 0
  for (const part of text.match(PARTS) ?? []) {
    const digits = part.search(UNIT)
    total += Number(part.slice(0, digits)) * (UNIT_MILLIS[part.slice(digits)] ?? Number.NaN)
  }
  const rounded = Math.round(total)
  return Number.isFinite(rounded) && rounded <= DURATION_MAX ? millis(rounded) : undefined
})

/** The shortest Go duration string of whole units, largest first: 90000 -> `1m30s`, 0 -> `0s`. */
export function formatDuration(span: Millis): string {
  let rest = Math.max(0, Math.round(span))
  if (rest === 0) return '0s'
  let text = ''
  for (const unit of ['h', 'm', 's', 'ms'] as const) {
    const size = UNIT_MILLIS[unit] ?? 1
    const count = Math.floor(rest / size)
    if (count > 0) text += `${count}${unit}`
    rest -= count * size
  }
  return text
}

/** For what the schema has let through. @throws TerminalError when it is no duration after all. */
export function requireDuration(field: string, text: string | undefined): Millis {
  const span = text === undefined ? undefined : parseDuration(text)
  if (span === undefined) throw new TerminalError(`${field} is not a duration`)
  return span
}
