/** Whether two queries are the same one, however they are written. */
import { unwrapped, type Expr, type Matcher } from './ast.ts'
import { rememberedByText } from '../lib/remembered.ts'
import { parsePromql } from './parse.ts'

/** Where in the text something is, or begins. */
const PLACES: ReadonlySet<string> = new Set(['from', 'to', 'operatorFrom', 'bracket'])

/** One text for the same expression: without blanks, comments, outer parentheses and the order of matchers. */
export const textOf = (expr: Expr): string =>
  JSON.stringify(unwrapped(expr), (key, value: unknown) => (PLACES.has(key) ? undefined : key === 'matchers' ? (value as readonly Matcher[]).map(({ label, operator, value: text }) => JSON.stringify([label, operator, text])).sort() : value))

export const isSame = (a: Expr, b: Expr): boolean => unwrapped(a).type === unwrapped(b).type && textOf(a) === textOf(b)

/** What is no query is the same as nothing but itself. */
const meaningOf = rememberedByText(256, (query: string): string => {
  const parsed = parsePromql(query)
  return 'expr' in parsed ? textOf(parsed.expr) : query
})

export const isSameQuery = (a: string, b: string): boolean => a === b || meaningOf(a) === meaningOf(b)
