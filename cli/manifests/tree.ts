/** A YAML document as JSON, with the place of each value in its source. Aliases are followed, but not without end. */
import { isAlias, isMap, isScalar, isSeq, type Document, type Node, type ParsedNode, type Scalar } from 'yaml'
import { quoted } from '../../shared/lib/text.ts'
import { tagged } from './kubectl-yaml.ts'

/** Offsets in the text, in UTF-16 units, the end not included. */
export interface Range {
  readonly start: number
  readonly end: number
}

export interface Tree {
  readonly value: unknown
  /** Of the value; empty where there is none, as after `spec:`. */
  readonly range: Range
  /** Of an alias: of the value that it stands for. */
  readonly origin?: Range
  /** How it is written: a block scalar, in quotes, or as it is. Absent: no scalar. */
  readonly style?: 'plain' | 'single' | 'double' | 'block'
  readonly members?: ReadonlyMap<string, Member>
  readonly items?: readonly Tree[]
  /** How many values it holds, aliases counted as what they stand for. */
  readonly size: number
}

export interface Member extends Tree {
  /** Of the name. */
  readonly key: Range
}

/** Why kubectl could not read it either, or would read it otherwise than it looks. */
export interface Remark extends Range {
  readonly what: string
}

/** A key whose value is lost: to a later equal key, or to a map that is merged after it. */
export interface Replaced extends Range {
  readonly name: string
  readonly by: 'key' | 'merge'
}

export interface TreeOf {
  readonly tree: Tree
  readonly errors: readonly Remark[]
  readonly replaced: readonly Replaced[]
  /** What aliases stand for. */
  readonly shared: readonly Range[]
}

/** More values than all objects of a large cluster have: beyond it aliases multiply. */
const MOST_VALUES = 2_000_000

/** @throws RangeError when it is nested too deeply */
export function treeOf(document: Document.Parsed): TreeOf {
  const builder = new Builder()
  const tree = builder.build(document.contents)
  return { tree, errors: builder.errors, replaced: builder.replaced, shared: builder.shared }
}

class Builder {
  readonly errors: Remark[] = []
  readonly replaced: Replaced[] = []
  readonly shared: Range[] = []
  /** undefined: being built. */
  readonly #anchors = new Map<string, Tree | undefined>()

  build(node: ParsedNode | Node | null): Tree {
    if (node === null) return { value: null, range: { start: 0, end: 0 }, style: 'plain', size: 1 }
    const range = rangeOf(node)
    if (isAlias(node)) return this.#alias(node.source, range)
    const anchor = (node as { anchor?: string }).anchor
    if (anchor !== undefined) this.#anchors.set(anchor, undefined)
    const tree = this.#bounded(this.#node(node, range))
    if (anchor !== undefined) this.#anchors.set(anchor, tree)
    return tree
  }

  #node(node: Node, range: Range): Tree {
    if (isMap(node)) return this.#map(node.items as unknown as readonly Pair[], range)
    if (isSeq(node)) {
      const items = node.items.map((item) => this.build(item as Node | null))
      return { value: items.map(({ value }) => value), range, items, size: sizeOf(items) }
    }
    if (isScalar(node)) return { value: this.#scalar(node, range), range, style: styleOf(node.type), size: 1 }
    return { value: null, range, style: 'plain', size: 1 }
  }

  #alias(name: string, range: Range): Tree {
    const target = this.#anchors.get(name)
    if (target !== undefined) {
      const origin = target.origin ?? target.range
      this.shared.push(origin)
      return { ...target, range, origin }
    }
    this.errors.push({ ...range, what: this.#anchors.has(name) ? `the anchor ${quoted(name)} contains itself` : `there is no anchor ${quoted(name)} before it` })
    return { value: null, range, style: 'plain', size: 1 }
  }

  #scalar({ value, tag, source = '' }: Scalar, range: Range): unknown {
    if (tag === undefined || tag === '!') return value
    const read = tagged(tag, source)
    if ('value' in read) return read.value
    this.errors.push({ ...range, what: read.what })
    return null
  }

  /** One after the other, as kubectl does it: whatever comes later wins, a map that is merged as well. */
  #map(pairs: readonly Pair[], range: Range): Tree {
    const members = new Map<string, Member>()
    const written = new Map<string, Range>()
    const replace = (name: string, by: Replaced['by']): void => {
      const before = written.get(name)
      if (before !== undefined) this.replaced.push({ ...before, name, by })
      written.delete(name)
    }
    for (const { key, value } of pairs) {
      const name = this.#name(key)
      if (name === undefined) continue
      const at = key === null ? range : rangeOf(key)
      if (name === MERGE) {
        for (const [merged, member] of this.#merged(this.build(value), at)) {
          replace(merged, 'merge')
          members.set(merged, member)
        }
        continue
      }
      replace(name, 'key')
      written.set(name, at)
      members.set(name, { ...(value === null ? { value: null, range: { start: at.end, end: at.end }, style: 'plain' as const, size: 1 } : this.build(value)), key: at })
    }
    const value = Object.fromEntries([...members].map(([name, member]): [string, unknown] => [name, member.value]))
    return { value, range, members, size: sizeOf([...members.values()]) }
  }

  /** Of several maps the first that has a key. */
  #merged(source: Tree, at: Range): ReadonlyMap<string, Member> {
    const sources = source.items ?? [source]
    if (sources.every(({ members }) => members !== undefined)) return new Map(sources.toReversed().flatMap(({ members = [] }) => [...members]))
    this.errors.push({ ...at, what: 'map merge requires map or sequence of maps as the value' })
    return new Map()
  }

  #name(key: Node | null): string | typeof MERGE | undefined {
    if (key !== null && isAlias(key)) {
      const { value, range } = this.#alias(key.source, rangeOf(key))
      return this.#keyText(value, range)
    }
    if (key === null || !isScalar(key)) {
      this.errors.push({ ...(key === null ? { start: 0, end: 0 } : rangeOf(key)), what: 'a key must be a string' })
      return undefined
    }
    if (typeof key.value === 'symbol' || (key.value === '<<' && (key.type === 'PLAIN' || key.tag === MERGE_TAG))) return MERGE
    const value = this.#scalar(key, rangeOf(key))
    const anchor = (key as { anchor?: string }).anchor
    if (anchor !== undefined) this.#anchors.set(anchor, { value, range: rangeOf(key), style: styleOf(key.type), size: 1 })
    return this.#keyText(value, rangeOf(key))
  }

  /** Numbers and booleans become what JSON writes for them. */
  #keyText(value: unknown, range: Range): string | undefined {
    if (typeof value === 'string') return value
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    this.errors.push({ ...range, what: 'a key must be a string' })
    return undefined
  }

  #bounded(tree: Tree): Tree {
    if (tree.size <= MOST_VALUES) return tree
    if (this.errors.length === 0) this.errors.push({ ...tree.range, what: 'the document contains excessive aliasing' })
    return { value: null, range: tree.range, size: 1 }
  }
}

const MERGE = Symbol('<<')
const MERGE_TAG = 'tag:yaml.org,2002:merge'

interface Pair {
  readonly key: Node | null
  readonly value: Node | null
}

const rangeOf = ({ range }: Node): Range => ({ start: range?.[0] ?? 0, end: range?.[1] ?? 0 })
const sizeOf = (trees: readonly Tree[]): number => trees.reduce((sum, { size }) => sum + size, 1)

function styleOf(type: string | undefined): NonNullable<Tree['style']> {
  if (type === 'QUOTE_SINGLE') return 'single'
  if (type === 'QUOTE_DOUBLE') return 'double'
  return type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED' ? 'block' : 'plain'
}
