/** What a patch touches, analysed as it would apply: one entry for each field, or for each map or list as a whole. Pure and total. */
import { isObject } from '../../lib/json.ts'
import { quoted } from '../../lib/text.ts'
import { fromPointer, NAMED_LISTS, shown, type FieldPath, type Step } from './paths.ts'

export interface Touch {
  readonly path: FieldPath
  /**
   * `whole`: the map or list is replaced, reordered or emptied, with all that is in it. `unseen`: it gets a value that is
   * not in the patch.
   */
  readonly kind: 'set' | 'remove' | 'whole' | 'unseen'
  /** Of `set`. */
  readonly value?: unknown
}

export interface Touched {
  readonly touches: readonly Touch[]
  /** Why it cannot be understood, or not be trusted. */
  readonly problems: readonly string[]
}

/** Deeper came from nobody who meant well. */
const DEEPEST = 32

class Tally {
  readonly touches: Touch[] = []
  readonly problems: string[] = []
  set = (path: FieldPath, value: unknown): void => void this.touches.push({ path, kind: 'set', value })
  remove = (path: FieldPath): void => void this.touches.push({ path, kind: 'remove' })
  unseen = (path: FieldPath): void => void this.touches.push({ path, kind: 'unseen' })
  whole = (path: FieldPath): void => void this.touches.push({ path, kind: 'whole' })
  problem = (what: string): void => void this.problems.push(what)
  tooDeep = (path: FieldPath): boolean => {
    if (path.length <= DEEPEST) return false
    this.problem(`is nested deeper than ${DEEPEST} levels`)
    return true
  }
}

/** RFC 7386: null removes, maps merge, everything else replaces. */
export function mergeTouches(body: unknown): Touched {
  const tally = new Tally()
  const walk = (value: unknown, path: FieldPath): void => {
    if (tally.tooDeep(path)) return
    if (value === null) return tally.remove(path)
    if (Array.isArray(value)) return tally.whole(path)
    if (!isObject(value)) return tally.set(path, value)
    if (Object.keys(value).length === 0) return tally.whole(path)
    for (const [key, member] of Object.entries(value)) walk(member, [...path, { key }])
  }
  if (isObject(body)) walk(body, [])
  else tally.problem('must be a map')
  return tally
}

const LIST_DIRECTIVE = /^\$(setElementOrder|deleteFromPrimitiveList)\/(.+)$/s

/** Strategic merge: lists with names merge by them, and directives say what happens to a whole. */
export function strategicTouches(body: unknown): Touched {
  const tally = new Tally()
  const walk = (value: unknown, path: FieldPath): void => {
    if (tally.tooDeep(path)) return
    if (value === null) return tally.remove(path)
    if (Array.isArray(value)) return list(value, path)
    if (!isObject(value)) return tally.set(path, value)
    if (Object.keys(value).length === 0) return tally.whole(path)
    for (const [key, member] of Object.entries(value)) {
      if (key.startsWith('$')) directive(key, member, path)
      // The name says which item it is.
      else if (key !== 'name' || path.at(-1)?.item !== true) walk(member, [...path, { key }])
    }
  }
  const directive = (key: string, value: unknown, path: FieldPath): void => {
    const [, , of] = LIST_DIRECTIVE.exec(key) ?? []
    // Which element stands where, and which ones go: the list as a whole.
    if (of !== undefined) return tally.whole([...path, { key: of }])
    if (key === '$retainKeys') return tally.whole(path)
    if (key !== '$patch') return tally.problem(`has the unknown directive ${quoted(key)} at ${shown(path)}`)
    switch (value) {
      case 'merge':
        return undefined
      case 'replace':
        return tally.whole(path)
      case 'delete':
        return tally.remove(path)
      default:
        return tally.problem(`has $patch: ${quoted(String(value))} at ${shown(path)}, which is none of merge, replace, delete`)
    }
  }
  const list = (items: readonly unknown[], path: FieldPath): void => {
    if (!NAMED_LISTS.has(path.at(-1)?.key ?? '') || items.length === 0) return tally.whole(path)
    for (const item of items) {
      if (isObject(item) && item['$patch'] === 'replace' && item['name'] === undefined) return tally.whole(path)
      const name = isObject(item) ? item['name'] : undefined
      if (typeof name !== 'string' || name === '') return tally.problem(`has an item without a name in ${shown(path)}: it could be any`)
      const at: FieldPath = [...path, { key: name, item: true } satisfies Step]
      if (isObject(item) && Object.keys(item).length === 1) tally.whole(at)
      else walk(item, at)
    }
  }
  if (isObject(body)) walk(body, [])
  else tally.problem('must be a map')
  return tally
}

const OPERATIONS = ['add', 'replace', 'remove', 'move', 'copy', 'test']

/** RFC 6902. What is moved or copied is not known beforehand. */
export function jsonTouches(body: unknown): Touched {
  const tally = new Tally()
  if (!Array.isArray(body)) return { touches: [], problems: ['must be a list of operations'] }
  body.forEach((operation: unknown, index) => {
    const { op, path: to, from } = isObject(operation) ? operation : {}
    const path = typeof to === 'string' ? fromPointer(to) : undefined
    if (typeof op !== 'string' || !OPERATIONS.includes(op)) return tally.problem(`has no known op in operation ${index}`)
    if (path === undefined) return tally.problem(`has no JSON pointer as path in operation ${index}`)
    if (tally.tooDeep(path)) return undefined
    if (op === 'test') return undefined
    if (op === 'remove') return tally.remove(path)
    if (op === 'move' || op === 'copy') {
      const source = typeof from === 'string' ? fromPointer(from) : undefined
      if (source === undefined) return tally.problem(`has no JSON pointer as from in operation ${index}`)
      if (op === 'move') tally.remove(source)
      return tally.unseen(path)
    }
    const value: unknown = isObject(operation) ? operation['value'] : undefined
    if (value === undefined) return tally.problem(`has no value in operation ${index}`)
    const appended = op === 'add' ? variableAt(path, value) : undefined
    if (appended !== undefined) return tally.set(...appended)
    return isObject(value) || Array.isArray(value) ? tally.whole(path) : tally.set(path, value)
  })
  return tally
}

/** A variable that comes after all others of its container, and has a name and a value alone: it is set. One of that name before it makes a list that nobody can read, which the dry run tells. */
function variableAt(path: FieldPath, value: unknown): readonly [FieldPath, unknown] | undefined {
  if (path.at(-2)?.key !== 'env' || path.at(-1)?.key !== '-' || !isObject(value) || Object.keys(value).length !== 2) return undefined
  const { name, value: text } = value
  return typeof name !== 'string' || name === '' || typeof text !== 'string' ? undefined : [[...path.slice(0, -1), { key: name, item: true }, { key: 'value' }], text]
}
