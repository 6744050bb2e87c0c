/** How verdicts read in a terminal. What kubectl shows of an answer is in RULES.md and KUBERNETES.md 6. */
import { GROUP } from '../../shared/api/v1alpha1/fields.ts'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { plural, printable, quoted } from '../../shared/lib/text.ts'
import { describe, joinWithin, type Violation } from '../../shared/rules/violation.ts'
import type { Cause, RefusalStatus } from './answers.ts'

/** More than a screen of problems is not read; the rest shows when these are solved. */
export const MOST_CAUSES = 20
export const WARNING_LENGTH = 120
/** Of namespace and name, in a warning; of the namespace of a long one. */
const OBJECT_LENGTH = 36
const NAMESPACE_LENGTH = 14
/** The API server drops what is beyond 4096 of all webhooks together. */
export const WARNINGS_LENGTH = 3800

export interface ObjectName {
  readonly namespace: string
  readonly name: string
}

/**
 * One status for all violations. 422 with causes, which kubectl prints for one document, and the same list as message,
 * which it prints for several. With any F it is a 403, of which kubectl prints the message only.
 */
export function refusal(violations: readonly Violation[], { namespace, name }: ObjectName): RefusalStatus {
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
  const message = `${healingPolicy.kind} ${quoted(`${namespace}/${name}`, 320)}: ${list}`
  if (violations.some(({ severity }) => severity === 'F')) return { code: 403, reason: 'Forbidden', message }
  return { code: 422, reason: 'Invalid', message, details: { group: GROUP, kind: healingPolicy.kind, name: printable(name, 253), causes } }
}

/** What one has not used the other may have. */
export function shortObject({ namespace, name }: ObjectName): string {
  const [place, own] = [Array.from(printable(namespace, 253)), Array.from(printable(name, 253))]
  const room = OBJECT_LENGTH - 1
  const left = Math.max(NAMESPACE_LENGTH, room - own.length)
  return `${shortened(place, left)}/${shortened(own, room - Math.min(place.length, left))}`
}

/** Names often begin alike and differ at their end. */
function shortened(name: readonly string[], length: number): string {
  const head = Math.floor((length - 1) / 2)
  return name.length <= length ? name.join('') : `${name.slice(0, head).join('')}…${name.slice(head + 1 - length).join('')}`
}

/**
 * kubectl merges equal warnings of all documents of one call, so each names its object. What there is no room for is counted, with the rule of
 * the first of it.
 */
export function warnings(violations: readonly Violation[], object: ObjectName): string[] {
  const shown: string[] = []
  const told = shortObject(object)
  let length = 0
  for (const [index, { rule, path, what, fix }] of violations.entries()) {
    const text = printable(`${rule} ${told} ${path.replace(/^spec\./, '')}: ${what}; ${fix}`, WARNING_LENGTH)
    length += text.length
    if (length > WARNINGS_LENGTH) return [...shown, `${rule} ${told}: and ${plural(violations.length - index, 'more warning')}`]
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
