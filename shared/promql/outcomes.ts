/** Results that can be told before anybody is asked. */
import { childrenOf, unwrapped, type Expr } from './ast.ts'
import { constantOf } from './constants.ts'
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
  if (expr.type === 'binary' && expr.operator === '*' && [expr.left, expr.right].some((side) => constantOf(side) === 0)) return { from, name: 'what is taken 0 times', is: 'exactly', value: 0, always: true }
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
