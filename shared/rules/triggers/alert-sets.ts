/**
 * The matchers of an alert trigger as sets of values, exact where that can be decided. As in Alertmanager a label that is not there is
 * the empty text, and patterns match the whole value. A pattern that is more than a list of words, `.*` or `.+` is known by what it does
 * to given values only.
 */
import type { Trigger } from '../../api/v1alpha1/types.ts'
import { isPattern, readPattern } from '../../lib/pattern.ts'
import { remembered } from '../../lib/remembered.ts'
import { anyBut, oneOf, within, type ValueSet } from '../../lib/selector-sets.ts'
import { weightOf } from '../../promql/patterns.ts'

type Alert = NonNullable<Trigger['alertTrigger']>
export type Matcher = NonNullable<Alert['matchers']>[number]

export interface LabelValues {
  /** Absence is the empty text in it. */
  readonly values: ValueSet
  /** What narrows these further, in a way that nobody can list. */
  readonly rest: readonly Matcher[]
}

export const ALERTNAME = 'alertname'
const NOTHING = oneOf([])
const ANYTHING = anyBut([])
const SOMETHING = anyBut([''])
const UNLIMITED: LabelValues = { values: ANYTHING, rest: [] }

/** Steps of a pattern times characters of what it is tried on: some two milliseconds, and there may be 240 pairs of triggers. */
const PATIENCE = 5000

const negated = (set: ValueSet): ValueSet => ({ ...set, allBut: !set.allBut })
export const hasValue = ({ allBut, listed }: ValueSet, value: string): boolean => listed.has(value) !== allBut
export const isFinite = ({ allBut }: ValueSet): boolean => !allBut

function common(a: ValueSet, b: ValueSet): ValueSet {
  if (a.allBut && b.allBut) return anyBut([...a.listed, ...b.listed])
  const [few, other] = a.allBut ? [b, a] : [a, b]
  return oneOf([...few.listed].filter((value) => hasValue(other, value)))
}

/** All that is asked of alerts, the name among it. */
export const matchersOf = ({ alertname, matchers = [] }: Alert): readonly Matcher[] => [...(alertname === undefined ? [] : [{ name: ALERTNAME, operator: '=' as const, value: alertname }]), ...matchers]

/** By label. What is not in it may be anything. */
export const labelsOf = remembered((alert: Alert): ReadonlyMap<string, LabelValues> => new Map([...Map.groupBy(matchersOf(alert), ({ name }) => name)].map(([name, matchers]) => [name, valuesOf(matchers)])))

function valuesOf(matchers: readonly Matcher[]): LabelValues {
  const known = matchers.map((matcher) => ({ matcher, values: listOf(matcher) }))
  const values = known.reduce((all, one) => (one.values === undefined ? all : common(all, one.values)), ANYTHING)
  const rest = known.flatMap(({ matcher, values: list }) => (list === undefined ? [matcher] : []))
  if (rest.some(({ operator, value }) => operator === '=~' && rest.some((other) => other.operator === '!~' && other.value === value))) return { values: NOTHING, rest: [] }
  return isFinite(values) ? tried([...values.listed], rest) : { values, rest }
}

/** Which of the values the patterns let through; `rest`: those that would take too long. */
export function tried(values: readonly string[], rest: readonly Matcher[]): LabelValues {
  const length = values.reduce((sum, value) => sum + value.length + 1, 0)
  let left = PATIENCE
  const known = rest.flatMap((matcher) => {
    if (left >= 0) left -= weightOf(matcher.value) * length
    const pattern = left < 0 ? undefined : readPattern(`^(?s:${matcher.value})$`)
    return pattern !== undefined && isPattern(pattern) ? [{ matcher, pattern }] : []
  })
  const fitting = values.filter((value) => known.every(({ matcher, pattern }) => pattern.matches(value) === (matcher.operator === '=~')))
  return { values: oneOf(fitting), rest: rest.filter((matcher) => !known.some((one) => one.matcher === matcher)) }
}

function listOf({ operator, value }: Matcher): ValueSet | undefined {
  if (operator === '=') return oneOf([value])
  if (operator === '!=') return anyBut([value])
  const words = wordsOf(value)
  return words === undefined || operator === '=~' ? words : negated(words)
}

/** The values that a pattern takes as a whole; undefined: it takes a look at each of them. */
export function wordsOf(pattern: string): ValueSet | undefined {
  const inner = /^\^?\((?:\?:)?([^()]*)\)\$?$/.exec(pattern)?.[1] ?? pattern
  // Most patterns that are no list are told by these at once.
  if (/[?{}[\]()]/.test(inner)) return undefined
  const alternatives: string[][] = [[]]
  for (const [token] of inner.matchAll(/\\[^]?|[^\\]/gu)) {
    if (token === '|') alternatives.push([])
    else alternatives.at(-1)?.push(token)
  }
  const sets = alternatives.map(wordOf)
  // Of all together: what none of them leaves out.
  return sets.some((set) => set === undefined) ? undefined : negated(sets.reduce<ValueSet>((all, set) => common(all, negated(set ?? NOTHING)), ANYTHING))
}

function wordOf(tokens: readonly string[]): ValueSet | undefined {
  const bare = tokens.slice(tokens[0] === '^' ? 1 : 0, tokens.at(-1) === '$' ? -1 : undefined)
  const text = bare.join('')
  if (/^(?:\.\*)+$/.test(text)) return ANYTHING
  if (/^(?:\.\*)*\.\+(?:\.\*)*$/.test(text)) return SOMETHING
  // An escaped letter or digit is a class or a reference.
  const isPlain = bare.every((token) => (token.length > 1 ? /^\\[!-/:-@[-`{-~]$/.test(token) : !/^[\\.+*?()[\]{}^$]$/.test(token)))
  return isPlain ? oneOf([bare.map((token) => token.replace(/^\\/, '')).join('')]) : undefined
}

/** No alert can have it. */
export const isImpossible = ({ values: { allBut, listed } }: LabelValues): boolean => !allBut && listed.size === 0

/** Whether each alert that the narrow one lets through is let through by the wide one. False also when it cannot be seen. */
export function alertWithin(narrow: Alert, wide: Alert): boolean {
  const few = labelsOf(narrow)
  if ([...few.values()].some(isImpossible)) return true
  return [...labelsOf(wide)].every(([name, { values, rest }]) => {
    const own = few.get(name) ?? UNLIMITED
    if (!within(own.values, values)) return false
    const open = rest.filter(({ operator, value }) => !own.rest.some((other) => other.operator === operator && other.value === value))
    if (open.length === 0 || !isFinite(own.values)) return open.length === 0
    const { values: left, rest: unknown } = tried([...own.values.listed], open)
    return unknown.length === 0 && left.listed.size === own.values.listed.size
  })
}
