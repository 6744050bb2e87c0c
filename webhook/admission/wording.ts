/** How verdicts read in a terminal. What kubectl shows of an answer is in RULES.md and KUBERNETES.md 6. */
import { GROUP } from '../../shared/api/v1alpha1/fields.ts'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { printable, quoted } from '../../shared/lib/text.ts'
import { describe, joinWithin, type Violation } from '../../shared/rules/violation.ts'
import type { Cause, RefusalStatus } from './answers.ts'

/** More than a screen of problems is not read; the rest shows when these are solved. */
export const MOST_CAUSES = 20
export const WARNING_LENGTH = 120
/** Of a name, in a warning. */
const NAME_LENGTH = 30
const NAME_HEAD = 12
/** The API server drops what is beyond 4096 of all webhooks together. */
export const WARNINGS_LENGTH = 3800

/**
 * One status for all violations. 422 with causes, which kubectl prints for one document, and the same list as message,
 * which it prints for several. With any F it is a 403, of which kubectl prints the message only.
 */
export function refusal(violations: readonly Violation[], name: string): RefusalStatus {
  const shown = violations.slice(0, MOST_CAUSES)
  const rest = violations.length - shown.length
  const causes = shown.map((violation): Cause => ({
    reason: 'FieldValueInvalid',
    message: describe(violation),
    // kubectl prints ": text" for a cause without a field.
    field: violation.path === '' ? 'object' : violation.path,
  }))
  if (rest > 0) causes.push({ reason: 'FieldValueInvalid', message: `and ${rest} more`, field: 'spec' })
  const lines = causes.map(({ field, message }) => `${field}: ${message}`)
  const list = lines.length === 1 ? lines.join('') : `${violations.length} problems:\n${lines.map((line) => `* ${line}`).join('\n')}`
  // Of several documents kubectl does not say which one it was.
  const message = `${healingPolicy.kind} ${quoted(name, 253)}: ${list}`
  if (violations.some(({ severity }) => severity === 'F')) return { code: 403, reason: 'Forbidden', message }
  return { code: 422, reason: 'Invalid', message, details: { group: GROUP, kind: healingPolicy.kind, name: printable(name, 253), causes } }
}

/** Names often begin alike and differ at their end. */
export function shortName(name: string): string {
  const whole = Array.from(printable(name, 253))
  return whole.length <= NAME_LENGTH ? whole.join('') : `${whole.slice(0, NAME_HEAD).join('')}…${whole.slice(NAME_HEAD + 1 - NAME_LENGTH).join('')}`
}

/** kubectl merges equal warnings of all documents of one call, so each names its object. */
export function warnings(violations: readonly Violation[], name: string): string[] {
  const shown: string[] = []
  let length = 0
  for (const [index, { rule, path, what, fix }] of violations.entries()) {
    const text = printable(`${rule} ${shortName(name)} ${path.replace(/^spec\./, '')}: ${what}; ${fix}`, WARNING_LENGTH)
    length += text.length
    if (length > WARNINGS_LENGTH) return [...shown, `KubeSkippy ${shortName(name)}: and ${violations.length - index} more warnings`]
    shown.push(text)
  }
  return shown
}

/** For the audit log: which rules spoke, and of those that would have refused why they did not. */
export function auditAnnotations(violations: readonly Violation[], warned: readonly Violation[]): Record<string, string> {
  const ids = (list: readonly Violation[]): string => joinWithin([...new Set(list.map(({ rule }) => rule))], ',', 200)
  const lists = {
    refused: violations,
    warned,
    exempted: warned.filter(({ lowered }) => lowered === 'Exempted'),
    tolerated: warned.filter(({ lowered }) => lowered === 'Tolerated'),
  }
  return Object.fromEntries(Object.entries(lists).flatMap(([key, list]) => (list.length === 0 ? [] : [[key, ids(list)]])))
}
