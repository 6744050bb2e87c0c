/** Selectors that no series can match, and those that every series does. */
import { quoted } from '../lib/text.ts'
import type { Expr, Matcher, Problem, Selector } from './ast.ts'
import { labelMatches, patternReader, type ReadLabelPattern } from './patterns.ts'

const NAME = '__name__'
const selectorsOf = (all: readonly Expr[]): readonly Selector[] => all.filter((expr): expr is Selector => expr.type === 'selector')

/** In the order of the text. */
export function contradictions(all: readonly Expr[]): readonly Problem[] {
  const read = patternReader()
  return selectorsOf(all).flatMap(({ matchers }) => [
    ...matchers.filter(isVariable).map(({ from, label, operator, value }) => ({ from, what: `${label}${operator}${quoted(value, 40)} matches no series`, fix: 'variables of dashboards do not exist here: write the value' })),
    ...[...Map.groupBy(matchers, ({ label }) => label)].flatMap(([label, ofLabel]): Problem[] => {
      const last = ofLabel.at(-1)
      if (last === undefined || !contradict(label, ofLabel, read)) return []
      const shown = ofLabel.slice(0, 3).map(({ operator, value }) => `${label}${operator}${quoted(value, 40)}`)
      return [{ from: last.from, what: `${shown.join(' and ')} ${ofLabel.length === 1 ? 'matches no series' : 'never hold together'}`, fix: 'leave all but one of them out; several values are label=~"a|b"' }]
    }),
  ])
}

/** Of two series that are matched by their labels: one by which they never are, which each of them may well have by itself. */
export function contradictionBetween(a: Selector, b: Selector, matched: (label: string) => boolean): { readonly label: string; readonly matchers: readonly Matcher[] } | undefined {
  const read = patternReader()
  const labels = new Set(a.matchers.map(({ label }) => label).filter((label) => label !== NAME && matched(label)))
  for (const label of labels) {
    const [ofA, ofB] = [a, b].map(({ matchers }) => matchers.filter((matcher) => matcher.label === label))
    if (ofA === undefined || ofB === undefined || ofB.length === 0) continue
    if (contradict(label, [...ofA, ...ofB], read) && ![ofA, ofB].some((own) => contradict(label, own, read))) return { label, matchers: [...ofA, ...ofB] }
  }
  return undefined
}

/** A pattern that wants something after the end of the text: `$namespace`. */
const isVariable = ({ operator, value }: Matcher): boolean => operator === '=~' && /(?:^|[^\\])\$\{?\w/.test(value) && !/[|()]/.test(value)

/** Beyond as many values nobody looks for the one that fits. */
const MOST_VALUES = 100

function contradict(label: string, matchers: readonly Matcher[], read: ReadLabelPattern): boolean {
  if (matchers.some(({ operator, value }) => operator === '!~' && ANYTHING.has(value))) return true
  if (matchers.some(({ operator, value }) => operator === '=~' && matchers.some((other) => other.operator === '!~' && other.value === value))) return true
  if (parted(matchers)) return true
  const values = matchers.map(valuesOf).find((found) => found !== undefined)
  if (values === undefined || values.length > MOST_VALUES) return false
  // A series without a name is none.
  return values.every((value) => (label === NAME && value === '') || matchers.some((matcher) => labelMatches(read, matcher, value) === false))
}

/** Two patterns whose values begin otherwise, or one of which takes away all that the other lets through. */
function parted(matchers: readonly Matcher[]): boolean {
  const wanted = matchers.flatMap(({ operator, value }) => (operator === '=~' && value.length <= LONGEST_PATTERN ? [beginningOf(value)] : []))
  const refused = matchers.flatMap(({ operator, value }) => (operator === '!~' ? (/^([\w:-]+)\.\*$/.exec(value)?.[1] ?? []) : []))
  const [one = '', ...others] = wanted.sort((a, b) => b.length - a.length)
  return others.some((other) => !one.startsWith(other)) || refused.some((other) => one.startsWith(other))
}

const LONGEST_PATTERN = 1000

/** The letters that all its values begin with. */
function beginningOf(pattern: string): string {
  if (pattern.includes('|') || pattern.startsWith('(?')) return ''
  const [, literal = '', rest = ''] = /^\^?([\w:-]*)([^]*)$/.exec(pattern) ?? []
  // What may be there any number of times, or not at all.
  return /^[?*{]/.test(rest) ? literal.slice(0, -1) : literal
}

const ANYTHING: ReadonlySet<string> = new Set(['.*', '(.*)', '^.*$', '.*.*'])
const SOMETHING: ReadonlySet<string> = new Set(['.+', '(.+)', '^.+$'])

/** All that it lets through, when these are few. */
function valuesOf({ operator, value }: Matcher): readonly string[] | undefined {
  if (operator === '=') return [value]
  if (operator === '!~' && SOMETHING.has(value)) return ['']
  return operator === '=~' && /^[^\\.+*?()[\]{}^$]*$/.test(value) ? value.split('|') : undefined
}

/** Without a name, and with matchers that leave everything in. */
export const unbounded = (all: readonly Expr[]): readonly Problem[] =>
  selectorsOf(all).flatMap(({ from, name, matchers }) =>
    name !== undefined || matchers.some(narrows) ? [] : [{ from, what: 'selects every series that there is', fix: 'name the metric, or match a label by its value' }],
  )

const narrows = ({ operator, value }: Matcher): boolean => (operator === '=' && value !== '') || (operator === '=~' && !ANYTHING.has(value) && !SOMETHING.has(value))

/** By other labels than its name it is one of some things, whichever they are. */
export const isNameless = ({ name, matchers }: Selector): boolean => name === undefined && matchers.some(narrows) && !matchers.some((matcher) => matcher.label === NAME && (matcher.operator === '=' || narrows(matcher)))
