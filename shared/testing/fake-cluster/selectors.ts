/** Selectors in their text form, as list and watch take them. */
import { matchesLabels, type LabelSelector, type LabelSelectorRequirement } from '../../lib/selector.ts'
import { badRequest } from './answers.ts'
import { stringAt, type StoredObject } from './objects.ts'

export type Matcher = (object: StoredObject) => boolean

/** @throws Refused (400) for a selector that cannot be read */
export function labelMatcher(text: string | undefined): Matcher {
  if (text === undefined || text === '') return () => true
  const selector: LabelSelector = { matchExpressions: splitOutsideParentheses(text).map(readRequirement) }
  return ({ metadata }) => matchesLabels(selector, metadata.labels)
}

/** Equality of paths such as `metadata.name=a,status.phase!=Running`. An absent field is the empty string. */
export function fieldMatcher(text: string | undefined): Matcher {
  if (text === undefined || text === '') return () => true
  const terms = text.split(',').map((term) => {
    const match = /^([A-Za-z.]+)(!=|==|=)(.*)$/.exec(term)
    if (match === null) throw badRequest('unable to parse field selector')
    const [, path = '', operator, value = ''] = match
    return { path: path.split('.'), negated: operator === '!=', value }
  })
  return (object) => terms.every(({ path, negated, value }) => ((stringAt(object, ...path) ?? '') === value) !== negated)
}

function readRequirement(text: string): LabelSelectorRequirement {
  const set = /^\s*([^\s!=(),]+)\s+(in|notin)\s+\(([^()]*)\)\s*$/.exec(text)
  if (set !== null) {
    const [, key = '', operator, values = ''] = set
    return { key, operator: operator === 'in' ? 'In' : 'NotIn', values: values.split(',').map((value) => value.trim()) }
  }
  const equality = /^\s*([^\s!=(),]+)\s*(!=|==|=)\s*([^\s!=(),]*)\s*$/.exec(text)
  if (equality !== null) {
    const [, key = '', operator, value = ''] = equality
    return { key, operator: operator === '!=' ? 'NotIn' : 'In', values: [value] }
  }
  const exists = /^\s*(!?)\s*([^\s!=(),]+)\s*$/.exec(text)
  if (exists !== null) return { key: exists[2] ?? '', operator: exists[1] === '!' ? 'DoesNotExist' : 'Exists' }
  throw badRequest('unable to parse label selector')
}

function splitOutsideParentheses(text: string): string[] {
  return text.split(/,(?![^()]*\))/)
}
