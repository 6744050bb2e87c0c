/** What Prometheus checks of a query before it evaluates it: types, arguments, modifiers, patterns. */
import { isPattern } from '../lib/pattern.ts'
import { plural, quoted } from '../lib/text.ts'
import { childrenOf, COMPARISONS, SET_OPERATORS, type Binary, type Expr, type Modified, type Problem, type Range, type Selector, type Span, type Subquery } from './ast.ts'
import { AGGREGATIONS, FUNCTIONS, type Signature, type ValueType } from './functions.ts'
import { labelMatches, patternReader, type ReadLabelPattern } from './patterns.ts'

/** By the outermost part alone. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.type) {
    case 'number':
      return 'scalar'
    case 'string':
      return 'string'
    case 'selector':
    case 'aggregate':
      return 'instant vector'
    case 'range':
    case 'subquery':
      return 'range vector'
    case 'call':
      return FUNCTIONS[expr.name]?.returns ?? 'instant vector'
    case 'binary':
      return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar' ? 'scalar' : 'instant vector'
    case 'modified':
    case 'unary':
    case 'paren':
      return typeOf(expr.expr)
    default:
      return expr satisfies never
  }
}

/** All of them, in the order of the text. */
export function problemsOf(root: Expr): readonly Problem[] {
  const problems: Problem[] = []
  const patterns = patternReader()
  const walk = (expr: Expr): void => {
    problems.push(...own(expr, patterns))
    childrenOf(expr).forEach(walk)
  }
  walk(root)
  return problems.sort((a, b) => a.from - b.from)
}

/** What only some servers understand, in the order of the text. */
export function reservationsOf(all: readonly Expr[]): readonly Problem[] {
  const only = (from: number, what: string, where: string): Problem => ({ from, what: `${what} is known only to ${where}`, fix: 'use what every Prometheus knows, or see that the source has it' })
  return all.flatMap((expr): Problem[] => {
    if (expr.type === 'call' || expr.type === 'aggregate') {
      const name = expr.type === 'call' ? expr.name : expr.operator
      const where = (expr.type === 'call' ? FUNCTIONS : AGGREGATIONS)[name]?.only
      return where === undefined ? [] : [only(expr.from, name, where.startsWith('--') ? `servers with ${where}` : where)]
    }
    if (expr.type === 'binary' && expr.fills) return [only(expr.operatorFrom, 'fill', 'servers with --enable-feature=promql-binop-fill-modifiers')]
    if (expr.type === 'modified' && (expr.by === 'anchored' || expr.by === 'smoothed')) return [only(expr.from, expr.by, 'servers with --enable-feature=promql-extended-range-selectors')]
    if ((expr.type === 'range' && expr.range.millis === undefined) || (expr.type === 'subquery' && (expr.range.millis === undefined || (expr.step !== undefined && expr.step.millis === undefined)))) {
      return [only(expr.range.from, 'a duration that is calculated', 'servers with --enable-feature=promql-duration-expr')]
    }
    return []
  })
}

function own(expr: Expr, patterns: ReadLabelPattern): readonly Problem[] {
  switch (expr.type) {
    case 'selector':
      return selector(expr, patterns)
    case 'range':
      return [...ofSelector(expr), ...positive(expr.range)]
    case 'subquery':
      return [...subquery(expr), ...positive(expr.range), ...(expr.step === undefined ? [] : positive(expr.step))]
    case 'modified':
      return modified(expr)
    case 'aggregate':
      return called(expr.operator, AGGREGATIONS[expr.operator], expr)
    case 'call':
      return [...called(expr.name, FUNCTIONS[expr.name], expr), ...(expr.name === 'label_replace' ? replaced(expr.args[4], patterns) : [])]
    case 'binary':
      return binary(expr)
    case 'unary': {
      const type = typeOf(expr.expr)
      return type === 'scalar' || type === 'instant vector' ? [] : [{ from: expr.from, what: `a sign before a ${type}`, fix: 'leave it out' }]
    }
    case 'paren':
    case 'number':
    case 'string':
      return []
    default:
      return expr satisfies never
  }
}

function selector({ from, name, matchers }: Selector, read: ReadLabelPattern): readonly Problem[] {
  const patterns = matchers.flatMap(({ from, operator, value }) => (operator === '=~' || operator === '!~' ? noPattern(from, value, read) : []))
  const again = matchers.find(({ label }) => label === '__name__')
  if (name !== undefined) return again === undefined ? patterns : [...patterns, { from, what: `names two metrics, ${quoted(name)} and ${quoted(again.value)}`, fix: 'leave one of them out' }]
  if (patterns.length > 0 || matchers.some((matcher) => labelMatches(read, matcher, '') !== true)) return patterns
  return [{ from, what: matchers.length === 0 ? 'selects every series' : 'has no matcher that a series without these labels would not fulfil too', fix: 'name the metric, or write a matcher with a value: {job="cart"}' }]
}

function noPattern(from: number, value: string, read: ReadLabelPattern): Problem[] {
  const pattern = read(value)
  return pattern === undefined || isPattern(pattern) ? [] : [{ from, what: `${quoted(value)} is no pattern: ${pattern.problem}`, fix: 'patterns are in the syntax of RE2' }]
}

const LONGEST = 9_223_372_036_854

function positive({ from, millis }: Span): Problem[] {
  if (millis === undefined || (millis > 0 && millis <= LONGEST)) return []
  return [{ from, what: millis > LONGEST ? 'the range is longer than time is counted' : 'a range is longer than nothing', fix: 'write one such as [5m]' }]
}

const ofSelector = ({ bracket, expr }: Range): Problem[] =>
  (expr.type === 'modified' && expr.bound ? expr.expr : expr).type === 'selector' ? [] : [{ from: bracket, what: 'a range of something else than a selector', fix: 'take a subquery, which has a colon: [5m:]' }]

function subquery({ from, expr }: Subquery): Problem[] {
  const type = typeOf(expr)
  return type === 'instant vector' ? [] : [{ from, what: `a subquery of a ${type}`, fix: 'it takes an instant vector' }]
}

function modified({ from, by, expr }: Modified): Problem[] {
  let inner = expr
  for (; inner.type === 'modified' || (inner.type === 'range' && inner.expr.type === 'modified'); inner = inner.expr) {
    if (inner.type === 'modified' && inner.by === by) return [{ from, what: `${by} is there twice`, fix: 'leave one out' }]
  }
  const modifies = inner.type === 'selector' || inner.type === 'range' || (inner.type === 'subquery' && (by === 'offset' || by === '@'))
  return modifies ? [] : [{ from, what: `${by} follows something else than a selector or a subquery`, fix: `move it to the selector: sum(x ${by} ${by === 'offset' ? '5m' : '...'})` }]
}

function called(name: string, signature: Signature | undefined, { from, args }: { readonly from: number; readonly args: readonly Expr[] }): readonly Problem[] {
  // The grammar knows none that the tables do not, but another version of it may.
  if (signature === undefined) return [{ from, what: `there is no function ${quoted(name)}` }]
  const most = signature.repeats ? Number.POSITIVE_INFINITY : signature.args.length
  const count = args.length < signature.least || args.length > most ? [{ from, what: `${name} takes ${expected(signature)}, not ${args.length}`, fix: `${name}(${signature.args.join(', ')}${signature.repeats ? ', ...' : ''})` }] : []
  // Without parameter, what there is would be held against the wrong type.
  if (count.length > 0 && name in AGGREGATIONS) return count
  const types = args.flatMap((arg, index): Problem[] => {
    const wanted = signature.args[index] ?? (signature.repeats ? signature.args.at(-1) : undefined)
    const type = typeOf(arg)
    return wanted === undefined || wanted === type ? [] : [{ from: arg.from, what: `${name} takes ${withArticle(wanted)} here, not ${withArticle(type)}`, fix: remedy(name, wanted, type) }]
  })
  return [...count, ...types]
}

/** Of the last argument, where it is written out. */
const replaced = (pattern: Expr | undefined, read: ReadLabelPattern): Problem[] => (pattern?.type === 'string' ? noPattern(pattern.from, pattern.value, read) : [])

const expected = ({ args, least, repeats }: Signature): string => (repeats ? `at least ${plural(least, 'argument')}` : least === args.length ? plural(least, 'argument') : `${least} to ${plural(args.length, 'argument')}`)

const withArticle = (type: ValueType): string => (type === 'instant vector' ? `an ${type}` : `a ${type}`)

function remedy(name: string, wanted: ValueType, type: ValueType): string {
  if (wanted === 'range vector' && type === 'instant vector') return `write ${name} of a selector with a range, x[5m], or of a subquery, (...)[5m:]`
  if (wanted === 'instant vector' && type === 'range vector') return 'leave the range out, or take a function over it, such as rate or max_over_time'
  if (wanted === 'string') return 'write it in quotes'
  return wanted === 'instant vector' ? 'write a selector' : 'write a number'
}

function binary(expr: Binary): readonly Problem[] {
  const { left, right, operator, operatorFrom, bool, matching, from } = expr
  const types = [typeOf(left), typeOf(right)]
  const odd = [left, right].filter((side) => typeOf(side) === 'range vector' || typeOf(side) === 'string')
  const found: Problem[] = odd.map((side) => ({ from: side.from, what: `${operator} between ${types.join(' and ')}`, fix: 'both sides are numbers or instant vectors: take a function over a range' }))
  const both = labelsOnBoth(expr)
  if (bool && !COMPARISONS.has(operator)) found.push({ from: operatorFrom, what: `bool after ${operator}`, fix: 'bool belongs to comparisons' })
  if (!bool && COMPARISONS.has(operator) && types.every((type) => type === 'scalar')) found.push({ from: operatorFrom, what: 'compares two numbers without bool', fix: `write ${operator} bool` })
  if (both !== undefined) found.push({ from: operatorFrom, what: `label ${quoted(both)} is in on() and in group_${matching?.group ?? ''}()`, fix: 'leave it out of the second' })
  if (odd.length > 0) return found
  const vectors = types.every((type) => type === 'instant vector')
  if (!vectors && matching !== undefined && matching.labels.length > 0) found.push({ from, what: 'matches labels of a number', fix: 'leave on() or ignoring() out' })
  if (!SET_OPERATORS.has(operator)) return found
  if (!vectors) found.push({ from, what: `${operator} between ${types.join(' and ')}`, fix: 'both sides are instant vectors: a number becomes one by vector()' })
  else if (matching?.group !== undefined) found.push({ from, what: `${operator} with group_${matching.group}`, fix: 'leave it out: many are matched with many there' })
  return found
}

const labelsOnBoth = ({ matching }: Binary): string | undefined => (matching?.on === true ? matching.include.find((label) => matching.labels.includes(label)) : undefined)
