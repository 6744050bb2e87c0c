/** From the path of a field to its place in the source. Pure, total. */
import type { Member, Range, Tree } from './tree.ts'

export interface Located {
  readonly range: Range
  /** Where the whole path is there. */
  readonly tree?: Tree
}

/**
 * Of a scalar the value, of anything larger its name (or where the item begins), and of what is not there the same of
 * the nearest parent. Names may hold dots (`matchLabels.app.kubernetes.io/name`), and may stand in brackets and quotes.
 */
export function locate(tree: Tree, path: string): Located {
  const { at, name, whole } = descend(tree, path, undefined)
  // A text of several lines is shown by its name.
  const scalar = at.members === undefined && at.items === undefined && at.style !== 'block'
  // Of a member that is not there the name of what should hold it.
  if (name !== undefined && (!scalar || isEmpty(at.range) || !whole)) return { range: name, ...(whole ? { tree: at } : {}) }
  const range = scalar ? at.range : { start: at.range.start, end: firstName(at)?.end ?? at.range.start + 1 }
  return { range, ...(whole ? { tree: at } : {}) }
}

/** Of the name of a member, where it is there, else of the nearest parent. */
export function locateKey(tree: Tree, path: string): Range {
  const { name, whole } = descend(tree, path, undefined)
  return whole && name !== undefined ? name : locate(tree, path).range
}

interface Step {
  readonly at: Tree
  readonly name: Range | undefined
  /** Nothing of the path is left. */
  readonly whole: boolean
  readonly depth: number
}

function descend(at: Tree, rest: string, name: Range | undefined, depth = 0): Step {
  if (rest === '') return { at, name, whole: true, depth }
  const steps = [...choices(at, rest)].map(([member, left]) => descend(member, left, 'key' in member ? member.key : undefined, depth + 1))
  const found = steps.find(({ whole }) => whole) ?? steps.toSorted((a, b) => b.depth - a.depth)[0]
  return found ?? { at, name, whole: false, depth }
}

/** Where the path may go on: more than one way only where one name begins with another. The longest comes first. */
function* choices({ members, items }: Tree, path: string): Generator<readonly [Tree | Member, string]> {
  const index = /^\[([0-9]{1,9})\]/.exec(path)
  const item = index === null ? undefined : items?.[Number(index[1])]
  if (item !== undefined) yield [item, trimmed(path.slice(index?.[0].length ?? 0))]
  if (members === undefined) return
  const quoted = /^\[("(?:[^"\\]|\\.)*")\]/.exec(path)
  const inBrackets = quoted === null ? undefined : members.get(quoted[1]?.slice(1, -1) ?? '')
  if (inBrackets !== undefined) yield [inBrackets, trimmed(path.slice(quoted?.[0].length ?? 0))]
  const names = [...members.keys()].filter((each) => path.startsWith(each) && /^(?:$|[.[])/.test(path.slice(each.length)))
  for (const each of names.toSorted((a, b) => b.length - a.length)) {
    const member = members.get(each)
    if (member !== undefined) yield [member, trimmed(path.slice(each.length))]
  }
}

const trimmed = (path: string): string => (path.startsWith('.') ? path.slice(1) : path)
const isEmpty = ({ start, end }: Range): boolean => start === end
const firstName = ({ members }: Tree): Range | undefined => [...(members?.values() ?? [])][0]?.key

/**
 * Where a character of a string stands in the source; undefined where lines are folded, so that only the whole string
 * can be shown.
 *
 * @param offset in the string, in UTF-16 units
 */
export function withinString(text: string, { range: { start, end }, style, value }: Tree, offset: number): number | undefined {
  if (typeof value !== 'string' || offset < 0 || offset > value.length) return undefined
  const source = text.slice(start, end)
  switch (style) {
    case 'plain':
      return source === value ? start + offset : undefined
    case 'single':
      return source.includes('\n') ? undefined : start + 1 + advance(source.slice(1), offset, /^''/)
    case 'double':
      return source.includes('\n') ? undefined : start + 1 + advance(source.slice(1), offset, /^\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[^xuU])/)
    case 'block':
      return source.startsWith('|') ? inBlock(source, start, value, offset) : undefined
    case undefined:
      return undefined
    default:
      return style satisfies never
  }
}

/** Each escape is one character of the string (two for those beyond the first plane). */
function advance(source: string, count: number, escape: RegExp): number {
  let at = 0
  for (let seen = 0; seen < count && at < source.length; ) {
    const found = escape.exec(source.slice(at, at + 10))?.[0]
    at += found?.length ?? 1
    seen += found?.startsWith('\\U') === true && Number.parseInt(found.slice(2), 16) > 0xffff ? 2 : 1
  }
  return at
}

function inBlock(source: string, start: number, value: string, offset: number): number | undefined {
  const before = value.slice(0, offset)
  const line = before.split('\n').length - 1
  const column = before.length - (before.lastIndexOf('\n') + 1)
  let at = 0
  // The line of the indicator, and those before.
  for (let skipped = 0; skipped <= line; skipped++) {
    const next = source.indexOf('\n', at)
    if (next < 0) return undefined
    at = next + 1
  }
  const wanted = value.split('\n')[line] ?? ''
  const found = source.slice(at).split('\n')[0]?.replace(/\r$/, '') ?? ''
  if (!found.endsWith(wanted)) return undefined
  return start + at + found.length - wanted.length + column
}
