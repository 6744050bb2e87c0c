/** Comparisons that decide whether a query has an answer, and those that make it 0 or 1. */
import { COMPARISONS, type Binary, type Call, type Expr } from './ast.ts'
import { constantOf } from './constants.ts'

export interface Comparison {
  readonly from: number
  /** As if the series stood on the left, and of the value that comes out: of `(a > 1) * -2` it is `<`. */
  readonly operator: string
  /** undefined: it is compared with other series. */
  readonly value: number | undefined
  readonly bool: boolean
  /** How it is written, where that is something else. */
  readonly written?: string
  /**
   * `value`: it bounds what comes out. `least`: every answer is beyond it, though it was not compared itself, as with a
   * sum. `other`: what comes out is something else.
   */
  readonly of: 'value' | 'least' | 'other'
}

const FLIPPED: Readonly<Record<string, string>> = { '>': '<', '<': '>', '>=': '<=', '<=': '>=' }

/** What keeps the value of the series as it is. `0/1`: of a comparison with bool too. */
const KEEP_CALLS: ReadonlySet<string> = new Set(['label_replace', 'label_join', 'sort', 'sort_desc', 'sort_by_label', 'sort_by_label_desc', 'max_over_time', 'min_over_time', 'last_over_time'])
const KEEP_AGGREGATIONS: ReadonlySet<string> = new Set(['max', 'min', 'topk', 'bottomk', 'limitk'])
/** These do when all values of a query are beyond the same bound, but not of 0 and 1. */
const BOUND: ReadonlySet<string> = new Set(['avg', 'quantile', 'avg_over_time'])
const SUMS: ReadonlySet<string> = new Set(['sum', 'sum_over_time'])
/** Of each value another one. */
const CHANGE: ReadonlySet<string> = new Set(['abs', 'ceil', 'floor', 'round', 'sqrt', 'exp', 'ln', 'log2', 'log10', 'clamp', 'clamp_min', 'clamp_max', 'sgn', 'deg', 'rad'])

/** Those that the whole result has passed, one of each branch; none when it is one part of many. */
export function comparisonsOf(expr: Expr): readonly Comparison[] {
  switch (expr.type) {
    case 'paren':
    case 'subquery':
    case 'modified':
      return comparisonsOf(expr.expr)
    case 'unary':
      return expr.negative ? filtersOf(expr.expr).map((one) => scaled(one, -1, 0)) : comparisonsOf(expr.expr)
    case 'call':
      return kept(expr.name, expr.args)
    case 'aggregate':
      return kept(expr.operator, expr.args)
    case 'binary':
      return ofBinary(expr)
    case 'selector':
    case 'range':
    case 'number':
    case 'string':
      return []
    default:
      return expr satisfies never
  }
}

function kept(name: string, args: readonly Expr[]): readonly Comparison[] {
  // The series are the last argument of an aggregation, and the first of what keeps or changes values.
  const inner = (arg: Expr | undefined): readonly Comparison[] => (arg === undefined ? [] : comparisonsOf(arg))
  if (KEEP_CALLS.has(name)) return inner(args[0])
  if (KEEP_AGGREGATIONS.has(name)) return inner(args.at(-1))
  const filters = (arg: Expr | undefined): readonly Comparison[] => (arg === undefined ? [] : filtersOf(arg))
  if (BOUND.has(name)) return filters(args.at(-1))
  if (SUMS.has(name)) return filters(args[0]).flatMap(summed)
  return CHANGE.has(name) ? filters(args[0]).map((one) => ({ ...one, of: 'other' })) : []
}

/** Without those that make 0 or 1 of it, which always have an answer. */
function filtersOf(expr: Expr): readonly Comparison[] {
  const all = comparisonsOf(expr)
  return all.some(({ bool }) => bool) ? [] : all
}

/** A sum of what is beyond a bound is beyond it as well, on that side of 0. Whether it has an answer at all may be what is asked. */
function summed(one: Comparison): readonly Comparison[] {
  const { operator, value, of } = one
  if (value === undefined || of === 'other') return []
  const grows = value >= 0 && (operator === '>' || operator === '>=')
  const falls = value <= 0 && (operator === '<' || operator === '<=')
  return grows || falls ? [{ ...one, of: 'least' }] : []
}

function ofBinary(expr: Binary): readonly Comparison[] {
  const { left, right, operator } = expr
  if (operator === 'and' || operator === 'unless') return comparisonsOf(left)
  if (operator === 'or') {
    const [first, second] = [filtersOf(left), filtersOf(right)]
    // A branch that always has an answer answers for the other.
    return first.length === 0 || second.length === 0 ? [] : [...first, ...second]
  }
  if (COMPARISONS.has(operator)) return compared(expr)
  const [a, b] = [constantOf(left), constantOf(right)]
  const number = a ?? b
  // Series calculated with others: what is filtered is a condition of the whole.
  if (number === undefined) return []
  return filtersOf(a === undefined ? left : right).map((one) => {
    if (operator === '+') return scaled(one, 1, number)
    if (operator === '-') return a === undefined ? scaled(one, 1, -number) : scaled(one, -1, number)
    if (operator === '*') return scaled(one, number, 0)
    return operator === '/' && a === undefined ? scaled(one, 1 / number, 0) : { ...one, of: 'other' }
  })
}

/** Of `value * by + plus`. */
function scaled(one: Comparison, by: number, plus: number): Comparison {
  const { operator, value } = one
  if (value === undefined) return one
  if (by === 0 || !Number.isFinite(by)) return { ...one, of: 'other' }
  return { ...one, written: one.written ?? `${operator} ${value}`, operator: by < 0 ? (FLIPPED[operator] ?? operator) : operator, value: value * by + plus }
}

function compared({ left, right, operator, operatorFrom, bool }: Binary): readonly Comparison[] {
  const [first, second] = [constantOf(left), constantOf(right)]
  if (first !== undefined && second !== undefined) return []
  const more = { from: operatorFrom, bool, of: 'value' } as const
  return [first === undefined ? { ...more, operator, value: second } : { ...more, operator: FLIPPED[operator] ?? operator, value: first }]
}

/** `absent(...)` whose 1 is the result: it has no answer either while all is well. */
export function absenceOf(expr: Expr): Call | undefined {
  if (expr.type === 'paren') return absenceOf(expr.expr)
  return expr.type === 'call' && (expr.name === 'absent' || expr.name === 'absent_over_time') ? expr : undefined
}

export function holds(operator: string, value: number, bound: number): boolean {
  switch (operator) {
    case '>':
      return value > bound
    case '<':
      return value < bound
    case '>=':
      return value >= bound
    case '<=':
      return value <= bound
    case '==':
      return value === bound
    default:
      return value !== bound
  }
}

interface Bound {
  readonly operator: string
  readonly value: number
}

export type Relation = 'never' | 'same' | 'stricter' | 'looser' | 'other'

/** How the first of two comparisons of one value stands to the second. */
export function relate(a: Bound, b: Bound): Relation {
  const low = Math.min(a.value, b.value)
  const high = Math.max(a.value, b.value)
  // One value of each stretch that the two bounds part.
  const values = [low - 1 - Math.abs(low), low, (low + high) / 2, high, high + 1 + Math.abs(high)]
  const [ofA, ofB] = [a, b].map(({ operator, value }) => values.map((one) => holds(operator, one, value)))
  if (!values.some((_value, index) => ofA?.[index] === true && ofB?.[index] === true)) return 'never'
  const alike = a.value === b.value && directionOf(a) === directionOf(b)
  if (alike || values.every((_value, index) => ofA?.[index] === ofB?.[index])) return 'same'
  if (directionOf(a) === undefined || directionOf(a) !== directionOf(b)) return 'other'
  return (a.value > b.value) === (directionOf(a) === 'up') ? 'stricter' : 'looser'
}

const directionOf = ({ operator }: Bound): string | undefined => (operator === '>' || operator === '>=' ? 'up' : operator === '<' || operator === '<=' ? 'down' : undefined)
