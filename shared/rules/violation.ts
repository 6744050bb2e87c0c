/** What a rule finds. */
import type { TextPosition } from '../lib/text-position.ts'
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
  /** Where in the text at `path` it is, where that is a text of several parts. */
  readonly at?: TextPosition
  /** Why no exemption from its rule counts for it. */
  readonly noExemption?: string
  /** It would refuse, and is a warning: the policy is exempted from the rule, or an update that raises no risk keeps it. */
  readonly lowered?: Lowered
}

export type Lowered = 'Exempted' | 'Tolerated'

/** Rule by rule, then in the order of the document: `[2]` before `[10]`, line 2 before line 10. */
export function compareViolations(a: Violation, b: Violation): number {
  return compare(a.rule, b.rule) || compare(sortable(a.path), sortable(b.path)) || compare(sortable(a.what), sortable(b.what))
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

/** Joins all parts when they fit, else whole parts and "and N more". A first part that alone is too long is cut. */
export function joinWithin(parts: readonly string[], separator: string, limit: number): string {
  const all = parts.join(separator)
  if (all.length <= limit) return all
  for (let kept = parts.length - 1; kept > 0; kept--) {
    const text = [...parts.slice(0, kept), `and ${parts.length - kept} more`].join(separator)
    if (text.length <= limit) return text
  }
  return printable(all, limit)
}
