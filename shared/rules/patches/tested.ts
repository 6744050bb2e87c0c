/** What the `test`s of a JSON patch tell of the object that it is for: the sample is made to be such an object. Pure. */
import { isObject } from '../../lib/json.ts'
import { CannotApply } from './members.ts'

type Members = Record<string, unknown>
type Tokens = readonly string[]

const tokensOf = (pointer: unknown): Tokens | undefined =>
  typeof pointer === 'string' && pointer.startsWith('/') ? pointer.slice(1).split('/').map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~')) : undefined

const beginsWith = (tokens: Tokens, start: Tokens): boolean => start.every((token, index) => tokens[index] === token)
const PLACE = /^(0|[1-9][0-9]{0,2}|-)$/

/** A `test` of null holds where nothing is; what it tells is what the sample is without it. */
export const tellsNothing = (operation: unknown): boolean => isObject(operation) && operation['op'] === 'test' && (operation['value'] === null || operation['path'] === '')

/**
 * Writes what is tested into the sample. What an operation before it has written is not what was there: of a whole that holds such a
 * field the rest is taken.
 * @throws CannotApply where items of the list have moved before: which one is meant nobody can tell
 */
export function tell(sample: Members, operations: readonly unknown[]): void {
  const written: Tokens[] = []
  for (const operation of operations) {
    if (!isObject(operation)) continue
    const path = tokensOf(operation['path'])
    if (operation['op'] !== 'test') {
      written.push(...[path, tokensOf(operation['from'])].filter((tokens) => tokens !== undefined))
      continue
    }
    if (path === undefined || tellsNothing(operation) || path.includes('__proto__')) continue
    if (written.some((tokens) => hasMoved(sample, tokens, path, operations))) throw new CannotApply('tests an item of a list in which it has moved items before')
    if (written.some((tokens) => beginsWith(path, tokens))) continue
    const value = structuredClone(operation['value'])
    for (const tokens of written) if (beginsWith(tokens, path)) put(value, tokens.slice(path.length), get(sample, tokens))
    put(sample, path, value)
    keepApart(sample, path)
  }
}

/** Items of the sample's own make way for one that was told: two of one name would be read as none. */
function keepApart(sample: Members, path: Tokens): void {
  const item = path.at(-1) === 'name' ? path.slice(0, -1) : path
  const [list, told] = [get(sample, item.slice(0, -1)), get(sample, item)]
  if (!Array.isArray(list) || !isObject(told)) return
  for (const [index, other] of list.entries()) if (isObject(other) && other !== told && other['name'] === told['name'] && other['name'] !== undefined) other['name'] = `other-${index}`
}

/** An item was added to or taken from a list through which the path leads. */
function hasMoved(sample: Members, item: Tokens, path: Tokens, operations: readonly unknown[]): boolean {
  const list = item.slice(0, -1)
  if (!PLACE.test(item.at(-1) ?? '') || path.length <= list.length || !beginsWith(path, list) || !Array.isArray(get(sample, list))) return false
  return operations.some((operation) => isObject(operation) && operation['op'] !== 'replace' && operation['op'] !== 'test' && [operation['path'], operation['from']].some((pointer) => isSame(tokensOf(pointer), item)))
}

const isSame = (one: Tokens | undefined, other: Tokens): boolean => one !== undefined && one.length === other.length && beginsWith(one, other)

const step = (here: unknown, token: string): unknown => (Array.isArray(here) ? here[Number(token)] : isObject(here) && Object.hasOwn(here, token) ? here[token] : undefined)
const get = (object: unknown, tokens: Tokens): unknown => tokens.reduce(step, object)

/** Where the path leads nowhere the patch fails on it. */
function put(object: unknown, tokens: Tokens, value: unknown): void {
  const [parent, last = ''] = [get(object, tokens.slice(0, -1)), tokens.at(-1)]
  if (value === undefined) return
  if (Array.isArray(parent)) {
    if (PLACE.test(last) && Number(last) < parent.length) parent[Number(last)] = value
  } else if (isObject(parent)) parent[last] = value
}
