/** Comparisons that decide whether a query has an answer, and those that make it 0 or 1. */
import { COMPARISONS, type Binary, type Call, type Expr } from './ast.ts'
import { constantOf } from './constants.ts'

export interface Comparison {
  readonly from: number
  /** As if the series stood on the left. */
  readonly operator: string
  /** undefined: it is compared with other series. */
  readonly value: number | undefined
  readonly bool: boolean
}

const FLIPPED: Readonly<Record<string, string>> = { '>': '<', '<': '>', '>=': '<=', '<=': '>=' }

/** What keeps the value of the series as it is. `0/1`: of a comparison with bool too. */
const KEEP_CALLS: ReadonlySet<string> = new Set(['label_replace', 'label_join', 'sort', 'sort_desc', 'sort_by_label', 'sort_by_label_desc', 'max_over_time', 'min_over_time', 'last_over_time'])
const KEEP_AGGREGATIONS: ReadonlySet<string> = new Set(['max', 'min', 'topk', 'bottomk', 'limitk'])
/** These do when all values of a query are beyond the same bound, but not of 0 and 1. */
const BOUND: ReadonlySet<string> = new Set(['avg', 'quantile', 'avg_over_time'])

/** The comparison that the whole result has passed; undefined when there is none, or when it is one part of many. */
export function comparisonOf(expr: Expr, exact = true): Comparison | undefined {
  switch (expr.type) {
    case 'paren':
      return comparisonOf(expr.expr, exact)
    case 'subquery':
      return comparisonOf(expr.expr, exact)
    case 'call':
      return kept(expr.name, KEEP_CALLS, expr.args[0], exact)
    case 'aggregate':
      return kept(expr.operator, KEEP_AGGREGATIONS, expr.args.at(-1), exact)
    case 'binary':
      if (expr.operator === 'and' || expr.operator === 'unless') return comparisonOf(expr.left, exact)
      return COMPARISONS.has(expr.operator) ? compared(expr, exact) : undefined
    case 'selector':
    case 'range':
    case 'modified':
    case 'unary':
    case 'number':
    case 'string':
      return undefined
    default:
      return expr satisfies never
  }
}

function kept(name: string, keep: ReadonlySet<string>, arg: Expr | undefined, exact: boolean): Comparison | undefined {
  if (arg === undefined) return undefined
  return keep.has(name) ? comparisonOf(arg, exact) : BOUND.has(name) ? comparisonOf(arg, false) : undefined
}

function compared({ left, right, operator, operatorFrom, bool }: Binary, exact: boolean): Comparison | undefined {
  if (bool && !exact) return undefined
  const [first, second] = [constantOf(left), constantOf(right)]
  if (first !== undefined && second !== undefined) return undefined
  if (first === undefined) return { from: operatorFrom, operator, value: second, bool }
  return { from: operatorFrom, operator: FLIPPED[operator] ?? operator, value: first, bool }
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

/** How two comparisons of one value stand to each other. */
export function relate(a: Bound, b: Bound): 'never' | 'same' | 'stricter' | 'other' {
  const low = Math.min(a.value, b.value)
  const high = Math.max(a.value, b.value)
  // One value of each stretch that the two bounds part.
  const values = [low - 1 - Math.abs(low), low, (low + high) / 2, high, high + 1 + Math.abs(high)]
  const [ofA, ofB] = [a, b].map(({ operator, value }) => values.map((one) => holds(operator, one, value)))
  if (!values.some((_value, index) => ofA?.[index] === true && ofB?.[index] === true)) return 'never'
  const alike = a.value === b.value && directionOf(a) === directionOf(b)
  if (alike || values.every((_value, index) => ofA?.[index] === ofB?.[index])) return 'same'
  return directionOf(a) !== undefined && directionOf(a) === directionOf(b) ? 'stricter' : 'other'
}

const directionOf = ({ operator }: Bound): string | undefined => (operator === '>' || operator === '>=' ? 'up' : operator === '<' || operator === '<=' ? 'down' : undefined)
