/** Results that can be told before anybody is asked. */
import { childrenOf, unwrapped, type Binary, type Expr } from './ast.ts'
import { ARITHMETIC, constantOf } from './constants.ts'
import { typeOf } from './check.ts'

export interface Outcome {
  readonly from: number
  /** What it is called in a sentence. */
  readonly name: string
  /** The one value, or the least of them. */
  readonly is: 'exactly' | 'at least'
  readonly value: number
  /** Whether it has an answer whenever anything is measured. */
  readonly always: boolean
}

const ONE: ReadonlySet<string> = new Set(['absent', 'absent_over_time', 'present_over_time', 'group'])
const COUNTS: ReadonlySet<string> = new Set(['count', 'count_over_time'])
/** Of whatever is measured; an hour, a day and so on are numbers of the calendar. */
const NEVER_NEGATIVE: ReadonlySet<string> = new Set(['rate', 'irate', 'increase', 'changes', 'resets', 'abs', 'sqrt', 'exp', 'stddev', 'stdvar', 'stddev_over_time', 'stdvar_over_time', 'minute', 'hour', 'day_of_week', 'day_of_month', 'day_of_year', 'days_in_month', 'month', 'year'])
const KEEP: ReadonlySet<string> = new Set(['max', 'min', 'avg', 'sort', 'sort_desc', 'label_replace', 'label_join'])

/** undefined: it depends on what is measured. */
export function outcomeOf(root: Expr): Outcome | undefined {
  const expr = unwrapped(root)
  const { from } = expr
  const constant = typeOf(expr) === 'instant vector' ? constantOf(expr) : undefined
  if (constant !== undefined) return { from, name: 'a number', is: 'exactly', value: constant, always: true }
  if (expr.type === 'binary') return calculated(expr)
  if (expr.type !== 'call' && expr.type !== 'aggregate') return undefined
  const name = expr.type === 'call' ? expr.name : expr.operator
  if (ONE.has(name)) return { from, name, is: 'exactly', value: 1, always: false }
  if (COUNTS.has(name)) return { from, name, is: 'at least', value: 1, always: false }
  if (NEVER_NEGATIVE.has(name)) return { from, name, is: 'at least', value: 0, always: false }
  const inner = KEEP.has(name) ? childrenOf(expr)[0] : undefined
  if (inner !== undefined) return outcomeOf(inner)
  // Of what is not below 0 no sum is either.
  const summed = name === 'sum' ? childrenOf(expr).map(outcomeOf).find((each) => each?.is === 'at least') : undefined
  return summed === undefined ? undefined : { ...summed, name: 'a sum', value: 0 }
}

/** Of whatever is measured: but for what is no number there, or infinite. */
function calculated({ operator, left, right, matching, from }: Binary): Outcome | undefined {
  const [a, b] = [constantOf(left), constantOf(right)]
  const exactly = (name: string, value: number): Outcome => ({ from, name, is: 'exactly', value, always: true })
  if (operator === '*' && (a === 0 || b === 0)) return exactly('what is taken 0 times', 0)
  if (operator === '/' && a === 0) return exactly('a part of 0', 0)
  if (operator === '^' && b === 0) return exactly('a power of 0', 1)
  if ((operator === '-' || operator === '/') && matching === undefined && isSame(left, right)) return exactly(operator === '-' ? 'the difference of a series and itself' : 'a series in parts of itself', operator === '-' ? 0 : 1)
  const compute = ARITHMETIC[operator]
  const [inner, number] = a === undefined ? [outcomeOf(left), b] : [outcomeOf(right), a]
  if (compute === undefined || number === undefined || inner?.is !== 'exactly' || !inner.always) return undefined
  return { ...inner, from, value: a === undefined ? compute(inner.value, number) : compute(number, inner.value) }
}

/** Wherever it is written. */
const isSame = (a: Expr, b: Expr): boolean => unwrapped(a).type === unwrapped(b).type && textOf(a) === textOf(b)
const textOf = (expr: Expr): string => JSON.stringify(unwrapped(expr), (key, value: unknown) => (PLACES.has(key) ? undefined : value))
const PLACES: ReadonlySet<string> = new Set(['from', 'to', 'operatorFrom', 'bracket'])
