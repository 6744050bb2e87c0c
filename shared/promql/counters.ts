/** Counters whose bare value is used: it tells when the process began rather than how it is. */
import { quoted } from '../lib/text.ts'
import { allOf, COMPARISONS, unwrapped, type Binary, type Call, type Expr, type Judged, type Selector } from './ast.ts'
import { constantOf } from './constants.ts'
import { counts, surelyFalls, type Certainty } from './counter-names.ts'
import { metricOf, namesOf } from './names.ts'
import { isNameless } from './selectors.ts'
import { labelsOf, mayHave } from './labels.ts'

export interface CounterProblem extends Judged {
  /** Which name it goes by. */
  readonly metric?: string
}

/**
 * What becomes of a value. `presence`: only whether it is there. `rated`: a rate is taken of it. `summed`: of its sum
 * with others.
 */
type Use = 'value' | 'presence' | 'rated' | 'summed'

export const RATES: ReadonlySet<string> = new Set(['rate', 'irate', 'increase'])
/** These take a restart of the process for a fall. */
export const DIFFERENCES: ReadonlySet<string> = new Set(['delta', 'idelta', 'deriv', 'predict_linear', 'holt_winters', 'double_exponential_smoothing'])
const PRESENCE: ReadonlySet<string> = new Set(['absent', 'absent_over_time', 'present_over_time', 'count_over_time', 'changes', 'resets', 'timestamp', 'ts_of_first_over_time', 'ts_of_last_over_time', 'ts_of_max_over_time', 'ts_of_min_over_time', 'count', 'group', 'count_values'])

/** What a name tells of its values, or who knows better. */
export interface Knowledge {
  readonly counts: (name: string, others: ReadonlySet<string>) => Certainty
  readonly falls: (name: string) => boolean
}

const BY_NAME: Knowledge = { counts, falls: surelyFalls }

export function counterProblems(root: Expr, known: Knowledge = BY_NAME): readonly CounterProblem[] {
  const found: CounterProblem[] = []
  const names = new Set(allOf(root).flatMap((expr) => (expr.type === 'selector' ? namesOf(expr).names : [])))
  const walk = (expr: Expr, use: Use): void => {
    switch (expr.type) {
      case 'selector':
        return void found.push(...ofSelector(expr, use, names, known))
      case 'range':
      case 'subquery':
      case 'modified':
      case 'unary':
      case 'paren':
        return walk(expr.expr, use)
      case 'aggregate':
        return expr.args.forEach((arg) => walk(arg, PRESENCE.has(expr.operator) ? 'presence' : use === 'rated' ? 'summed' : use))
      case 'call':
        found.push(...ofCall(expr, names, known), ...ofGauge(expr, known))
        return expr.args.forEach((arg) => walk(arg, useIn(expr, use)))
      case 'binary': {
        const [left, right] = usesOf(expr, use)
        walk(expr.left, left)
        return walk(expr.right, right)
      }
      case 'number':
      case 'string':
        return
      default:
        expr satisfies never
    }
  }
  walk(root, 'value')
  return found.sort((a, b) => a.from - b.from)
}

function useIn({ name, args }: Call, use: Use): Use {
  if (RATES.has(name)) return 'rated'
  // What they say of a bare counter is said where they are.
  if (DIFFERENCES.has(name)) return args[0]?.type === 'range' ? 'presence' : 'value'
  return PRESENCE.has(name) ? 'presence' : use
}

function usesOf(expr: Binary, use: Use): readonly [Use, Use] {
  const { operator, left, right } = expr
  if (comparesTimes(expr)) return ['presence', 'presence']
  if (operator === 'and' || operator === 'unless') return [use, 'presence']
  if (operator === 'or') return [use, use]
  const [first, second] = [constantOf(left), constantOf(right)]
  // A series of zeros, to fall back on.
  if (operator === '*' && (first === 0 || second === 0)) return ['presence', 'presence']
  // Whether it has ever happened is a sound question, as a condition.
  if (COMPARISONS.has(operator) && use === 'presence' && first !== 0 && second !== 0) return ['value', 'value']
  return use === 'rated' ? ['summed', 'summed'] : [use, use]
}

/** The same counter at two times: what it has grown by, or where it is new. */
function comparesTimes({ operator, left, right }: Binary): boolean {
  if (operator !== '-' && operator !== 'unless' && operator !== 'and' && !COMPARISONS.has(operator)) return false
  const [a, b] = [subjectOf(left), subjectOf(right)]
  return a !== undefined && b !== undefined && a.name === b.name && (a.shifted || b.shifted)
}

function subjectOf(expr: Expr): { readonly name: string; readonly shifted: boolean } | undefined {
  switch (expr.type) {
    case 'selector': {
      const name = metricOf(expr)
      return name === undefined ? undefined : { name, shifted: false }
    }
    case 'paren':
    case 'range':
    case 'subquery':
      return subjectOf(expr.expr)
    case 'modified': {
      const of = subjectOf(expr.expr)
      return of === undefined ? undefined : { ...of, shifted: true }
    }
    case 'aggregate': {
      const arg = expr.args.at(-1)
      return arg === undefined ? undefined : subjectOf(arg)
    }
    case 'call': {
      const [arg] = expr.args
      const of = arg === undefined || !/^(min|max|last|first)_over_time$/.test(expr.name) ? undefined : subjectOf(arg)
      return of === undefined ? undefined : { ...of, shifted: true }
    }
    case 'binary':
    case 'unary':
    case 'number':
    case 'string':
      return undefined
    default:
      return expr satisfies never
  }
}

const FROM_THE_START = 'a counter counts since its process began: it grows while all is well, and a restart hides what was'

function ofSelector(selector: Selector, use: Use, names: ReadonlySet<string>, known: Knowledge): CounterProblem[] {
  if (use === 'presence') return []
  const { from } = selector
  if (isNameless(selector)) return [{ from, certain: false, what: 'names no metric, so it takes every series that has these labels', why: 'whatever is measured there is held against one threshold: bytes, seconds and counts alike', fix: 'name the metric' }]
  if (use === 'rated') return []
  const { names: of, ending } = namesOf(selector)
  if (ending !== undefined) {
    return [{ from, certain: false, what: `names that end in ${ending} without rate or increase`, why: 'they are those of counters, by custom, which grow while all is well', fix: `write rate({__name__=~"...${ending}"}[5m]), or increase of it` }]
  }
  const [first] = of.map((name) => [name, known.counts(name, names)] as const).filter(([, certainty]) => certainty !== 'no').sort(([, a], [, b]) => RANK[a] - RANK[b])
  if (first === undefined) return []
  const [metric, certainty] = first
  if (use === 'summed') return [{ from, metric, certain: false, what: `the rate of a sum over the counter ${quoted(metric)}`, why: 'one restarted process makes the sum fall, which counts as a fresh start of all', fix: 'take the rate first: sum(rate(x[5m]))' }]
  const what = certainty === 'surely' ? `the counter ${quoted(metric)} without rate or increase` : `${quoted(metric)} looks like a counter, and has neither rate nor increase`
  return [{ from, metric, certain: certainty === 'surely', what, why: FROM_THE_START, fix: `write rate(${metric.length > 60 ? 'x' : metric}[5m]), or increase of it${certainty === 'surely' ? '' : '; a gauge that is called so may stay as it is'}` }]
}

const RANK: Readonly<Record<Certainty, number>> = { surely: 0, perhaps: 1, no: 2 }

/** Of what falls by itself a rate takes each fall for a restart. */
function ofGauge({ name, args, from }: Call, known: Knowledge): CounterProblem[] {
  const [arg] = args
  if (!RATES.has(name) || arg === undefined) return []
  const inner = arg.type === 'subquery' ? unwrapped(arg.expr) : innermost(arg)
  const metric = inner.type === 'selector' ? metricOf(inner) : undefined
  const what = metric !== undefined && known.falls(metric) ? `the gauge ${quoted(metric)}` : inner.type === 'call' && RATES.has(inner.name) ? `a ${inner.name}, which is none` : undefined
  if (what === undefined) return []
  return [{ from, ...(metric === undefined ? {} : { metric }), certain: false, what: `${name} of ${what}`, why: 'it is made for counters: whenever the value falls it is taken for a restart, and the whole value counts as growth', fix: name === 'increase' ? 'write delta(x[5m]) of a gauge' : `write ${name === 'irate' ? 'idelta' : 'deriv'}(x[5m]) of a gauge` }]
}

const innermost = (expr: Expr): Expr => (expr.type === 'paren' || expr.type === 'range' || expr.type === 'modified' ? innermost(expr.expr) : expr)

function ofCall({ name, args, from }: Call, names: ReadonlySet<string>, known: Knowledge): CounterProblem[] {
  const [arg] = args
  if (DIFFERENCES.has(name) && arg?.type === 'range' && arg.expr.type === 'selector') {
    const metric = metricOf(arg.expr)
    if (metric === undefined || known.counts(metric, names) !== 'surely') return []
    return [{ from, metric, certain: true, what: `${name} of the counter ${quoted(metric)}`, why: 'it takes a restart of the process, such as an act of ours, for a fall', fix: name === 'deriv' || name === 'idelta' ? `write ${name === 'deriv' ? 'rate' : 'irate'}` : name === 'delta' ? 'write increase' : 'take it of a rate: (rate(x[5m]))[1h:]' }]
  }
  const [, buckets] = args
  if (name !== 'histogram_quantile' || buckets === undefined) return []
  const metrics = allOf(buckets).flatMap((expr) => (expr.type === 'selector' ? [{ expr, metric: metricOf(expr) ?? '' }] : []))
  // Of a histogram without such an ending nobody knows: it may be a native one.
  const [part] = metrics
  if (part !== undefined && metrics.every(({ metric }) => /_(sum|count)$/.test(metric))) {
    return [{ from: part.expr.from, metric: part.metric, certain: true, what: `histogram_quantile of ${quoted(part.metric)}`, why: 'that is one number of a histogram, and a quantile needs its buckets: it has no answer', fix: `write ${quoted(part.metric.replace(/_(sum|count)$/, '_bucket'))}, and keep its label le` }]
  }
  if (mayHave(labelsOf(buckets), 'le')) return []
  const bucket = metrics.find(({ metric }) => metric.endsWith('_bucket'))
  return bucket === undefined ? [] : [{ from: buckets.from, certain: true, what: 'histogram_quantile of buckets without their label le', why: 'it needs the bounds of the buckets, and has no answer without', fix: 'keep it: sum by (le, namespace, pod) (...)' }]
}
