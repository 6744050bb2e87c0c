/** Selectors in their text form, as list and watch take them. */
import { matchesLabels, parseSelector } from '../../lib/selector.ts'
import { badRequest } from './answers.ts'
import { stringAt, type StoredObject } from './objects.ts'

export type Matcher = (object: StoredObject) => boolean

/** @throws Refused (400) for a selector that cannot be read */
export function labelMatcher(text: string | undefined): Matcher {
  if (text === undefined || text === '') return () => true
  const selector = parseSelector(text)
  if (selector === undefined) throw badRequest('unable to parse label selector')
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
