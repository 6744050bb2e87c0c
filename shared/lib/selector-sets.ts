/**
 * Label selectors as sets of objects, decided exactly: whether one can match at all, implies another, meets another, or
 * lies within the union of others. An object is its labels, and its name under a key that no label has.
 */
import { isLabelKey, isLabelValue } from './label-syntax.ts'
import type { LabelSelector, LabelSelectorRequirement } from './selector.ts'

/** What one key may have: absence, and of the values those listed or all the others. There is always another value. */
export interface ValueSet {
  readonly absent: boolean
  readonly allBut: boolean
  readonly listed: ReadonlySet<string>
}

/** All conditions hold, each on a key of its own. A key without any may be what it likes. */
export type Box = ReadonlyMap<string, ValueSet>

/** The key of an object's name. */
export const NAME = ''

export const oneOf = (values: Iterable<string>): ValueSet => ({ absent: false, allBut: false, listed: new Set(values) })
export const noneOf = (values: Iterable<string>): ValueSet => ({ absent: true, allBut: true, listed: new Set(values) })
/** Always there, and none of these: as a name is. */
export const anyBut = (values: Iterable<string>): ValueSet => ({ ...noneOf(values), absent: false })
const ABSENT: ValueSet = { ...oneOf([]), absent: true }
const PRESENT: ValueSet = anyBut([])
const ANYTHING: ValueSet = noneOf([])

const isEmpty = ({ absent, allBut, listed }: ValueSet): boolean => !absent && !allBut && listed.size === 0
const complement = ({ absent, allBut, listed }: ValueSet): ValueSet => ({ absent: !absent, allBut: !allBut, listed })
const has = ({ allBut, listed }: ValueSet, value: string): boolean => listed.has(value) !== allBut

function both(a: ValueSet, b: ValueSet): ValueSet {
  const absent = a.absent && b.absent
  if (a.allBut && b.allBut) return { absent, allBut: true, listed: new Set([...a.listed, ...b.listed]) }
  const [few, other] = a.allBut ? [b, a] : [a, b]
  return { absent, allBut: false, listed: new Set([...few.listed].filter((value) => has(other, value))) }
}

/** As `both` and `complement` would tell, without making a set: asked for every pair of policies. */
export function within(inner: ValueSet, outer: ValueSet): boolean {
  if (inner.absent && !outer.absent) return false
  if (!inner.allBut) return every(inner.listed, (value) => has(outer, value))
  return outer.allBut && every(outer.listed, (value) => inner.listed.has(value))
}

export function intersect(a: ValueSet, b: ValueSet): boolean {
  if ((a.absent && b.absent) || (a.allBut && b.allBut)) return true
  const [few, other] = a.allBut ? [b, a] : [a, b]
  return !every(few.listed, (value) => !has(other, value))
}

function every(values: ReadonlySet<string>, holds: (value: string) => boolean): boolean {
  for (const value of values) if (!holds(value)) return false
  return true
}

/** No object has a key or value that the API server would refuse. */
function valuesOf({ key, operator, values = [] }: LabelSelectorRequirement): ValueSet {
  const possible = isLabelKey(key)
  switch (operator) {
    case 'In':
      return oneOf(possible ? values.filter(isLabelValue) : [])
    case 'NotIn':
      return noneOf(values.filter(isLabelValue))
    case 'Exists':
      return possible ? PRESENT : oneOf([])
    case 'DoesNotExist':
      return ABSENT
    default:
      return operator satisfies never
  }
}

/** In the order written, `matchLabels` first. */
export const requirementsOf = (selector: LabelSelector | undefined): readonly LabelSelectorRequirement[] => [
  ...Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({ key, operator: 'In' as const, values: [value] })),
  ...(selector?.matchExpressions ?? []),
]

/** @param names what the name may be; any when absent */
export function boxOf(selector: LabelSelector | undefined, names?: ValueSet): Box {
  const box = new Map<string, ValueSet>(names === undefined ? [] : [[NAME, names]])
  for (const requirement of requirementsOf(selector)) narrow(box, requirement.key, valuesOf(requirement))
  return box
}

const narrow = (box: Map<string, ValueSet>, key: string, values: ValueSet): void => {
  const before = box.get(key)
  box.set(key, before === undefined ? values : both(before, values))
}

/** The keys that nothing can meet; empty: some object is in the box. */
export const impossibleKeys = (box: Box): readonly string[] => [...box].flatMap(([key, values]) => (isEmpty(values) ? [key] : []))

export function isSatisfiable(box: Box): boolean {
  for (const values of box.values()) if (isEmpty(values)) return false
  return true
}

/** What is in both. */
export function meet(a: Box, b: Box): Box {
  const box = new Map(a)
  for (const [key, values] of b) narrow(box, key, values)
  return box
}

/** Some object is in both. */
export function overlap(a: Box, b: Box): boolean {
  if (!isSatisfiable(a) || !isSatisfiable(b)) return false
  for (const [key, values] of a) {
    const others = b.get(key)
    if (others !== undefined && !intersect(values, others)) return false
  }
  return true
}

/** Keys by which something that is in `inner` may be outside of `outer`. */
const looseKeys = (inner: Box, outer: Box): readonly string[] =>
  [...outer].flatMap(([key, values]) => (within(inner.get(key) ?? (key === NAME ? PRESENT : ANYTHING), values) ? [] : [key]))

/** Every object that is in `inner` is in `outer`: true as well when there is none. */
export const contains = (outer: Box, inner: Box): boolean => !isSatisfiable(inner) || looseKeys(inner, outer).length === 0

/** Comparisons of one key, by its listed values: some ten milliseconds. */
const PATIENCE = 200_000

/**
 * Whether every object of the box is in one of `covers`. Exact; undefined when it cannot be told within `patience`, since there
 * are unions for which nobody knows a short way. Covers of one key each are never among them.
 */
export function isCovered(box: Box, covers: readonly Box[], patience = PATIENCE): boolean | undefined {
  let left = patience
  const search = (rest: Box, candidates: readonly Box[]): boolean | undefined => {
    const near = candidates.filter((cover) => {
      for (const { listed } of cover.values()) left -= 1 + listed.size
      return overlap(rest, cover)
    })
    const loose = near.map((cover) => ({ cover, keys: looseKeys(rest, cover) })).sort((a, b) => a.keys.length - b.keys.length)
    const [first, ...others] = loose
    if (first === undefined) return false
    if (first.keys.length === 0) return true
    if (left < 0) return undefined
    // What the first leaves over, in pieces that do not meet: each must be within the others.
    let piece = rest
    for (const key of first.keys) {
      const values = first.cover.get(key) ?? PRESENT
      const outside = search(meet(piece, new Map([[key, complement(values)]])), others.map(({ cover }) => cover))
      if (outside !== true) return outside
      piece = meet(piece, new Map([[key, values]]))
    }
    return true
  }
  return !isSatisfiable(box) || search(meet(box, new Map([[NAME, PRESENT]])), covers)
}

export const isSatisfiableSelector = (selector: LabelSelector | undefined): boolean => isSatisfiable(boxOf(selector))
/** Whatever matches `premise` matches `conclusion`. */
export const implies = (premise: LabelSelector | undefined, conclusion: LabelSelector | undefined): boolean => contains(boxOf(conclusion), boxOf(premise))
/** Something can match both. */
export const canMeet = (a: LabelSelector | undefined, b: LabelSelector | undefined): boolean => overlap(boxOf(a), boxOf(b))
