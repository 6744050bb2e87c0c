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

/** A name that is corrected may bring members with mistakes of their own; what the rules say comes after, and is not for an edit to judge. */
const WEIGHT: ReadonlyMap<string, number> = new Map([[LAYERS.unknown.id, 1000], [LAYERS.shape.id, 1], [LAYERS.cel.id, 1]])

/** Characters that are read again, all tries together: each tries one edit on the whole text. */
const MOST_READ = 5_000_000

const weigherOf =
  (file: string, config: LintConfig) =>
  (candidate: string): number => {
    const { candidates, problems } = checkText({ file, text: candidate }, config)
    return candidates.flatMap(({ remarks }) => remarks).reduce((sum, { rule }) => sum + (WEIGHT.get(rule) ?? 0), 0) + problems.length * 1_000_000
  }

/** Edits that are right each by itself, for editors and reviews to offer. */
export function corrections({ file, text }: Input, config: LintConfig): readonly Edit[] {
  const weigh = weigherOf(file, config)
  const count = weigh(text)
  const tried = Math.min(MOST_TRIED, Math.floor(MOST_READ / Math.max(1, text.length)))
  return edits(text).slice(0, tried).filter((edit) => weigh(applied(text, [edit])) < count)
}

/** Each edit is kept only if it leaves less that the API server would refuse: an answer that is not right is not given. */
export function fixText({ file, text }: Input, config: LintConfig): Fixed {
  const weigh = weigherOf(file, config)
  let now = text
  let fixes = 0
  for (let pass = 0, count = weigh(now); pass < MOST_PASSES && count > 0; pass++) {
    const found = edits(now)
    const all = applied(now, found)
    if (found.length > 0 && weigh(all) <= count - found.length) {
      now = all
      fixes += found.length
      count = weigh(now)
      continue
    }
    let changed = false
    // From the end, so that the places of the others stay.
    for (const edit of found.toReversed().slice(0, MOST_TRIED)) {
      const next = applied(now, [edit])
      const left = weigh(next)
      if (left >= count) continue
      now = next
      fixes++
      count = left
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
  const { value, tree } = manifest
  const resource = isObject(value) ? resources.find(({ kind }) => kind === value['kind']) : undefined
  if (resource === undefined || !isObject(value)) return []
  const names = Array.from(unknownInObject(resource, value)).flatMap((field): Edit[] => {
    const { path, name } = field
    const to = onlyName(field)
    const at = locateKey(tree, path)
    const from = text.slice(at.start, at.end)
    const quote = /^["']/.exec(from)?.[0] ?? ''
    return to === undefined || from !== `${quote}${name}${quote}` ? [] : [{ ...at, to: `${quote}${to}${quote}` }]
  })
  return [...names, ...scalarEdits(text, resource, tree)]
}

const bare = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, '')

/** The one field that the name can stand for, if it is not there already: it differs in case and separators only, or in one or two letters and from no other as little. */
function onlyName({ name, known, beside }: UnknownField): string | undefined {
  const same = known.filter((each) => bare(each) === bare(name))
  const [first, second] = nearest(name, known, 2)
  const one = same.length === 1 ? same[0] : first !== undefined && withinEdits(name, first, name.length < 6 ? 1 : 2) && (second === undefined || !withinEdits(name, second, 3)) ? first : undefined
  return one === undefined || Object.hasOwn(beside, one) ? undefined : one
}

/** Line by line, without context: edits never change the number of lines. */
export function diffOf(file: string, before: string, after: string): string {
  const [old, now] = [before.split('\n'), after.split('\n')]
  const hunks = old.flatMap((line, index) => (line === now[index] ? [] : [`@@ -${index + 1} +${index + 1} @@\n-${line}\n+${now[index] ?? ''}\n`]))
  return hunks.length === 0 ? '' : `--- ${file}\n+++ ${file}\n${hunks.join('')}`
}
