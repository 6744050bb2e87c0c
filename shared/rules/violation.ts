/** What a rule finds. */
import { printable } from '../lib/text.ts'

/** E: refused (422 Invalid). F: refused (403 Forbidden). W: a warning. */
export type Severity = 'E' | 'F' | 'W'

export interface Violation {
  /** `KS101`. */
  readonly rule: string
  readonly severity: Severity
  /** As the user wrote it: `spec.triggers[0].conditionTrigger.type`. */
  readonly path: string
  /** What is wrong. Every quoted value in it has passed `quoted` or `printable`. */
  readonly what: string
  /** Why it is dangerous. */
  readonly why: string
  /** What to write instead. */
  readonly fix: string
}

/** Rule by rule, then in the order of the document: `[2]` before `[10]`. */
export function compareViolations(a: Violation, b: Violation): number {
  return compare(a.rule, b.rule) || compare(sortable(a.path), sortable(b.path)) || compare(a.what, b.what)
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))
const sortable = (path: string): string => path.replaceAll(/[0-9]+/g, (digits) => digits.padStart(6, '0'))

export const violationKey = ({ rule, path, what }: Violation): string => `${rule} ${path} ${what}`

/** `[KS201] what — why — what instead`. */
export const describe = ({ rule, what, why, fix }: Violation): string => `[${rule}] ${what} — ${why} — ${fix}`

/** All of them in one line of at most `limit` characters, for conditions and messages; ends in "and N more" when cut. */
export function summarise(violations: readonly Violation[], limit: number): string {
  return joinWithin(
    violations.map((violation) => `${violation.path}: ${describe(violation)}`),
    '; ',
    limit,
  )
}

/** Joins whole parts while they fit; the rest is counted. The first one is cut rather than dropped. */
export function joinWithin(parts: readonly string[], separator: string, limit: number): string {
  let text = ''
  for (const [index, part] of parts.entries()) {
    const left = parts.length - index
    const next = index === 0 ? part : `${text}${separator}${part}`
    const room = left > 1 ? limit - `${separator}and ${left - 1} more`.length : limit
    if (next.length > room) return index === 0 ? printable(next, limit) : `${text}${separator}and ${left} more`
    text = next
  }
  return text
}
