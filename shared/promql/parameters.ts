/** Numbers in a query by which a function has no answer, or always the same one. */
import type { Expr, Judged } from './ast.ts'
import { constantOf } from './constants.ts'

type Verdict = Pick<Judged, 'what' | 'why' | 'fix'> | undefined

interface Called {
  readonly name: string
  /** undefined: it is no constant. */
  readonly numbers: readonly (number | undefined)[]
}

const NOTHING = 'it has no answer, and the trigger has no data for ever'

/** Their first argument is φ. */
const QUANTILES: ReadonlySet<string> = new Set(['quantile', 'histogram_quantile', 'quantile_over_time'])
const FEWEST: ReadonlySet<string> = new Set(['topk', 'bottomk', 'limitk'])

export const parameterProblems = (all: readonly Expr[]): readonly Judged[] =>
  all.flatMap((expr): Judged[] => {
    if (expr.type === 'binary' && (expr.operator === '/' || expr.operator === '%') && constantOf(expr.right) === 0) {
      return [{ from: expr.operatorFrom, certain: true, what: `${expr.operator} 0`, why: 'its answer is infinite or no number, whatever is measured', fix: 'write what to divide by' }]
    }
    if (expr.type !== 'call' && expr.type !== 'aggregate') return []
    const verdict = judge({ name: expr.type === 'call' ? expr.name : expr.operator, numbers: expr.args.map((arg) => constantOf(arg)) })
    return verdict === undefined ? [] : [{ from: expr.from, certain: true, ...verdict }]
  })

function judge({ name, numbers }: Called): Verdict {
  const [first, second, third] = numbers
  if (QUANTILES.has(name) && first !== undefined && !(first >= 0 && first <= 1)) {
    return { what: `${name} of ${first}`, why: 'a quantile is from 0 to 1: of others the answer is infinite, whatever is measured', fix: first > 1 && first <= 100 ? `write ${first / 100}` : 'write one such as 0.95' }
  }
  if (FEWEST.has(name) && first !== undefined && !(first >= 1)) return { what: `${name} of ${first} series`, why: NOTHING, fix: 'write 1 or more' }
  if (name === 'limit_ratio' && first === 0) return { what: 'limit_ratio of 0', why: NOTHING, fix: 'write a ratio such as 0.1' }
  if (name === 'clamp' && second !== undefined && third !== undefined && second > third) return { what: `clamp from ${second} to ${third}`, why: NOTHING, fix: 'write the lower bound first' }
  if (name === 'round' && second === 0) return { what: 'round to multiples of 0', why: 'its answer is no number', fix: 'write what to round to, such as 0.1' }
  if (name === 'histogram_fraction' && first !== undefined && second !== undefined && first >= second) return { what: `histogram_fraction from ${first} to ${second}`, why: 'nothing is between them: the answer is 0, whatever is measured', fix: 'write the lower bound first' }
  if (SMOOTHING.has(name) && [second, third].some((factor) => factor !== undefined && !(factor > 0 && factor < 1))) return { what: `${name} with a factor that is not between 0 and 1`, why: 'the source answers with an error, and the trigger has no data for ever', fix: 'write two such as 0.5' }
  return undefined
}

const SMOOTHING: ReadonlySet<string> = new Set(['holt_winters', 'double_exponential_smoothing'])
