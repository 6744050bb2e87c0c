/** Numbers, durations and strings as PromQL writes them. */

const DIGITS = '[0-9]+(?:_[0-9]+)*'
const NUMBER = new RegExp(`^(?:0[xX][0-9a-fA-F]+|(?:${DIGITS}(?:\\.(?:${DIGITS})?)?|\\.${DIGITS})(?:[eE][+-]?[0-9]+)?)$`)
const DURATION = /^(?=.)(?:([0-9]+)y)?(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?$/
const UNITS = [31_536_000_000, 604_800_000, 86_400_000, 3_600_000, 60_000, 1000, 1] as const

/** Milliseconds; undefined for what is no duration. */
export function readSpan(text: string): number | undefined {
  const parts = DURATION.exec(text)
  return parts === null ? undefined : UNITS.reduce((sum, unit, index) => sum + Number(parts[index + 1] ?? 0) * unit, 0)
}

/** A duration is its seconds. Undefined for what is neither. */
export function readNumber(text: string): number | undefined {
  if (/^inf$/i.test(text)) return Number.POSITIVE_INFINITY
  if (/^nan$/i.test(text)) return Number.NaN
  if (NUMBER.test(text)) return Number(text.replaceAll('_', ''))
  const span = readSpan(text)
  return span === undefined ? undefined : span / 1000
}

const SIMPLE: Readonly<Record<string, string>> = { a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\' }
const ESCAPE = /\\(?:([abfnrtv\\"'])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|)/g

/** The content of a literal with its quotes, or the offset in it of an escape that Go does not know. */
export function unquote(literal: string): { readonly value: string } | { readonly problemAt: number } {
  const quote = literal[0]
  const content = literal.slice(1, -1)
  if (quote === '`') return { value: content }
  let problemAt: number | undefined
  const value = content.replaceAll(ESCAPE, (_all, simple: string | undefined, octal: string | undefined, hex: string | undefined, short: string | undefined, long: string | undefined, at: number) => {
    if (simple !== undefined && (SIMPLE[simple] !== undefined || simple === quote)) return SIMPLE[simple] ?? simple
    const code = octal === undefined ? Number.parseInt(hex ?? short ?? long ?? '', 16) : Number.parseInt(octal, 8)
    if (simple === undefined && code <= (octal === undefined ? 0x10ffff : 0xff)) return String.fromCodePoint(code)
    problemAt ??= at + 1
    return ''
  })
  return problemAt === undefined ? { value } : { problemAt }
}
