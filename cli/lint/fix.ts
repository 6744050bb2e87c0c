/** `--fix`: what has one right answer, by edits within lines. Comments, layout and everything else stay byte for byte. Pure. */
import { nearest, withinEdits } from '../../shared/lib/text.ts'
import { isObject } from '../../shared/lib/json.ts'
import { resources } from '../../shared/api/v1alpha1/resources.ts'
import { unknownInObject } from '../../shared/schema/defaults.ts'
import type { UnknownField } from '../../shared/schema/walk.ts'
import { readManifests, type Manifest } from '../manifests/documents.ts'
import { locateKey } from '../manifests/locate.ts'
import { checkText } from './check-text.ts'
import type { LintConfig } from './config.ts'
import type { Remark } from './finding.ts'
import { scalarEdits, type Edit } from './fix-scalars.ts'
import type { Input } from './inputs.ts'
import { LAYERS } from './layers.ts'

export interface Fixed {
  readonly text: string
  /** How many places were changed. */
  readonly fixes: number
}

/** A name that is corrected brings members with it that nobody has looked at. */
const MOST_PASSES = 8
/** Tried one by one where all together do not help. */
const MOST_TRIED = 50

/**
 * How much is wrong, the worst first: documents that cannot be read, names that nobody knows by how deep they are, metadata,
 * shapes, expressions. A name that is corrected may bring members with mistakes of their own, and what comes later in the list
 * is not looked at before. What the rules say comes after, and is not for an edit to judge.
 */
type Weight = readonly number[]

/** Of names: no schema of ours goes deeper. */
const DEEPEST = 16
const [UNREADABLE, UNKNOWN, METADATA, SHAPE, CEL] = [0, 1, DEEPEST + 1, DEEPEST + 2, DEEPEST + 3]

const isLess = (one: Weight, other: Weight): boolean => {
  const at = one.findIndex((count, index) => count !== other[index])
  return at !== -1 && (one[at] ?? 0) < (other[at] ?? 0)
}
const isNothing = (weight: Weight): boolean => weight.every((count) => count === 0)
/** What edits are for. */
const sumOf = (weight: Weight): number => weight.slice(UNKNOWN, CEL).reduce((sum, count) => sum + count, 0)

function kindOf({ rule, path }: Pick<Remark, 'rule' | 'path'>): number | undefined {
  if (rule === LAYERS.unknown.id) return UNKNOWN + Math.min(DEEPEST - 1, path.split(/[.[]/).length - 1)
  if (rule === LAYERS.shape.id) return path.startsWith('metadata') ? METADATA : SHAPE
  return rule === LAYERS.cel.id ? CEL : undefined
}

/** Characters that are read again, all tries together: each tries one edit on the whole text. */
const MOST_READ = 5_000_000

const weigherOf =
  (file: string, config: LintConfig) =>
  (candidate: string): Weight => {
    const { candidates, problems } = checkText({ file, text: candidate }, config)
    const weight = Array.from({ length: CEL + 1 }, () => 0)
    weight[UNREADABLE] = problems.length
    for (const remark of candidates.flatMap(({ remarks }) => remarks)) {
      const kind = kindOf(remark)
      if (kind !== undefined) weight[kind] = (weight[kind] ?? 0) + 1
    }
    return weight
  }

/** Edits that are right each by itself, for editors and reviews to offer. */
export function corrections({ file, text }: Input, config: LintConfig): readonly Edit[] {
  const weigh = weigherOf(file, config)
  const count = weigh(text)
  const tried = Math.min(MOST_TRIED, Math.floor(MOST_READ / Math.max(1, text.length)))
  return edits(text).slice(0, tried).filter((edit) => isLess(weigh(applied(text, [edit])), count))
}

/** Each edit is kept only if it leaves less that the API server would refuse: an answer that is not right is not given. */
export function fixText({ file, text }: Input, config: LintConfig): Fixed {
  const weigh = weigherOf(file, config)
  let now = text
  let fixes = 0
  for (let pass = 0, count = weigh(now); pass < MOST_PASSES && !isNothing(count); pass++) {
    const found = edits(now)
    const all = applied(now, found)
    const left = weigh(all)
    // What was hidden until now is more than what is seen.
    if (found.length > 0 && (isNothing(left) || (isLess(left, count) && sumOf(left) <= sumOf(count) - found.length))) {
      now = all
      fixes += found.length
      count = left
      continue
    }
    let changed = false
    // From the end, so that the places of the others stay.
    for (const edit of found.toReversed().slice(0, MOST_TRIED)) {
      const next = applied(now, [edit])
      const rest = weigh(next)
      if (!isLess(rest, count)) continue
      now = next
      fixes++
      count = rest
      changed = true
    }
    if (!changed) break
  }
  return { text: now, fixes }
}

const edits = (text: string): readonly Edit[] => distinct(readManifests(text).manifests.flatMap((manifest) => editsOf(text, manifest)))

const distinct = (all: readonly Edit[]): readonly Edit[] => {
  const sorted = [...new Map(all.map((edit) => [edit.start, edit])).values()].toSorted((a, b) => a.start - b.start)
  return sorted.filter(({ start }, index) => index === 0 || start >= (sorted[index - 1]?.end ?? 0))
}

const applied = (text: string, all: readonly Edit[]): string => all.toReversed().reduce((whole, { start, end, to }) => whole.slice(0, start) + to + whole.slice(end), text)

function editsOf(text: string, manifest: Manifest): readonly Edit[] {
  const { value, tree, shared } = manifest
  const resource = isObject(value) ? resources.find(({ kind }) => kind === value['kind']) : undefined
  if (resource === undefined || !isObject(value)) return []
  const names = meant([...unknownInObject(resource, value)]).flatMap(({ path, name, to }): Edit[] => {
    const at = locateKey(tree, path)
    const from = text.slice(at.start, at.end)
    const quote = /^["']/.exec(from)?.[0] ?? ''
    return from !== `${quote}${name}${quote}` ? [] : [{ ...at, to: `${quote}${to}${quote}` }]
  })
  // What an alias stands for may be meant as it is where it is written.
  return [...names, ...scalarEdits(text, resource, tree)].filter(({ start }) => !shared.some((range) => start >= range.start && start < range.end))
}

const bare = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, '')

/** The one field that each name can stand for, if nothing beside it is that field already, or may as well be. */
function meant(fields: readonly UnknownField[]): readonly (UnknownField & { readonly to: string })[] {
  const claims = new Map<UnknownField['beside'], Set<string>>()
  const contested = new Map<UnknownField['beside'], Set<string>>()
  const found = fields.flatMap((field) => {
    const to = nearestOnly(field)
    if (to === undefined || Object.hasOwn(field.beside, to)) return []
    const of = claims.get(field.beside)?.has(to) === true ? contested : claims
    of.set(field.beside, (of.get(field.beside) ?? new Set()).add(to))
    return [{ ...field, to }]
  })
  return found.filter(({ beside, to }) => contested.get(beside)?.has(to) !== true)
}

/** It differs in case and separators only, or in one or two letters and from no other as little. */
function nearestOnly({ name, known }: UnknownField): string | undefined {
  const same = known.filter((each) => bare(each) === bare(name))
  if (same.length === 1) return same[0]
  const [first, second] = nearest(name, known, 2)
  return first !== undefined && withinEdits(name, first, name.length < 6 ? 1 : 2) && (second === undefined || !withinEdits(name, second, 3)) ? first : undefined
}

/** Line by line, without context: edits never change the number of lines. */
export function diffOf(file: string, before: string, after: string): string {
  const [old, now] = [before.split('\n'), after.split('\n')]
  const hunks = old.flatMap((line, index) => (line === now[index] ? [] : [`@@ -${index + 1} +${index + 1} @@\n-${line}\n+${now[index] ?? ''}\n`]))
  return hunks.length === 0 ? '' : `--- ${file}\n+++ ${file}\n${hunks.join('')}`
}
