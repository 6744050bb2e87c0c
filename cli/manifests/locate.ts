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
  const inBrackets = quoted === null ? undefined : members.get(unquoted(quoted[1] ?? ''))
  if (inBrackets !== undefined) yield [inBrackets, trimmed(path.slice(quoted?.[0].length ?? 0))]
  // A name ends where the path does, or a dot or a bracket comes. Looked up one by one: a map may have a hundred thousand.
  for (let end = path.length; end >= 0; end = Math.max(path.lastIndexOf('.', end - 1), path.lastIndexOf('[', end - 1))) {
    const member = members.get(path.slice(0, end))
    if (member !== undefined) yield [member, trimmed(path.slice(end))]
    if (end === 0) break
  }
}

/** Messages leave out what a terminal would obey, so that not each of them is JSON. */
function unquoted(name: string): string {
  try {
    return String(JSON.parse(name))
  } catch {
    return name.slice(1, -1)
  }
}

const trimmed = (path: string): string => (path.startsWith('.') ? path.slice(1) : path)
const isEmpty = ({ start, end }: Range): boolean => start === end
const firstName = ({ members }: Tree): Range | undefined => [...(members?.values() ?? [])][0]?.key

/**
 * Where a character of a string stands in the source, or the blank before it. Folding, chomping and indentation change blanks alone, so the others are
 * counted on both sides. undefined: they are not the same.
 *
 * @param offset in the string, in UTF-16 units
 */
export function withinString(text: string, { range, origin = range, style, value }: Tree, offset: number): number | undefined {
  if (typeof value !== 'string' || style === undefined || offset < 0 || offset > value.length) return undefined
  const begin = origin.start + BEFORE[style](text.slice(origin.start, origin.end))
  const end = style === 'single' || style === 'double' ? origin.end - 1 : origin.end
  const marks = [...marksOf(text, begin, end, ESCAPES[style])]
  const before = countOf(value.slice(0, offset))
  if (marks.length !== countOf(value)) return undefined
  return BLANK.test(value.slice(offset, offset + 1)) || offset === value.length ? (marks[before - 1]?.end ?? begin) : marks[before]?.start
}

type Style = NonNullable<Tree['style']>

/** What stands before the first character: a quote, or the line of the indicator. */
const BEFORE: Readonly<Record<Style, (source: string) => number>> = {
  plain: () => 0,
  single: () => 1,
  double: () => 1,
  block: (source) => source.indexOf('\n') + 1,
}

/** Sequences of the source that are one character of the string, or two units, or none. */
const ESCAPES: Readonly<Record<Style, RegExp | undefined>> = {
  plain: undefined,
  single: /''/y,
  double: /\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\r?\n|[^])/y,
  block: undefined,
}

const BLANK = /[ \t\r\n]/
const countOf = (text: string): number => text.replaceAll(/[ \t\r\n]+/g, '').length

/** Each unit of the string that is no blank. */
function* marksOf(text: string, begin: number, end: number, escape: RegExp | undefined): Generator<Range> {
  for (let at = begin; at < end; ) {
    const found = escapeAt(text, at, escape)
    const next = at + (found?.length ?? 1)
    const units = found === undefined ? (BLANK.test(text.charAt(at)) ? 0 : 1) : unitsOf(found)
    for (let unit = 0; unit < units; unit++) yield { start: at, end: next }
    at = next
  }
}

function escapeAt(text: string, at: number, escape: RegExp | undefined): string | undefined {
  if (escape === undefined) return undefined
  escape.lastIndex = at
  return escape.exec(text)?.[0]
}

function unitsOf(escape: string): number {
  if (escape === "''") return 1
  const code = /^\\[xuU]([0-9a-fA-F]+)$/.exec(escape)?.[1]
  if (code === undefined) return /^\\(?:[tnr \t]|\r?\n)$/.test(escape) ? 0 : 1
  const point = Number.parseInt(code, 16)
  return point > 0xffff ? 2 : BLANK.test(String.fromCharCode(point)) ? 0 : 1
}
