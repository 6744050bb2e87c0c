/** Results that can be told before anybody is asked: between which values they are, where there is an answer. */
import { childrenOf, unwrapped, type Binary, type Call, type Expr } from './ast.ts'
import { ARITHMETIC, constantOf } from './constants.ts'
import { typeOf } from './check.ts'
import { isSame } from './same.ts'

/** Both are among them, as far as they are numbers. */
interface Bounds {
  readonly lowest: number
  readonly highest: number
}

export interface Outcome extends Bounds {
  readonly from: number
  /** What it is called in a sentence. */
  readonly name: string
  /** Whether it has an answer whenever anything is measured. */
  readonly always: boolean
  /** It tells how many there are: of none it has no answer. */
  readonly counts: boolean
}

const NOT_NEGATIVE: Bounds = { lowest: 0, highest: Number.POSITIVE_INFINITY }
const ANY: Bounds = { lowest: Number.NEGATIVE_INFINITY, highest: Number.POSITIVE_INFINITY }
const calendar = (lowest: number, highest: number): Bounds => ({ lowest, highest })
const ONE: Bounds = calendar(1, 1)

const COUNTS: ReadonlyMap<string, Bounds> = new Map([
  ...['absent', 'absent_over_time', 'present_over_time', 'group'].map((name): [string, Bounds] => [name, ONE]),
  ...['count', 'count_over_time'].map((name): [string, Bounds] => [name, { ...ONE, highest: Number.POSITIVE_INFINITY }]),
])
/** Whatever is measured. */
const BOUNDED: ReadonlyMap<string, Bounds> = new Map([
  ...['rate', 'irate', 'increase', 'changes', 'resets', 'abs', 'sqrt', 'exp', 'stddev', 'stdvar', 'stddev_over_time', 'stdvar_over_time'].map((name): [string, Bounds] => [name, NOT_NEGATIVE]),
  ...['sgn', 'sin', 'cos', 'tanh'].map((name): [string, Bounds] => [name, { lowest: -1, highest: 1 }]),
  ['minute', calendar(0, 59)],
  ['hour', calendar(0, 23)],
  ['day_of_week', calendar(0, 6)],
  ['day_of_month', calendar(1, 31)],
  ['day_of_year', calendar(1, 366)],
  ['days_in_month', calendar(28, 31)],
  ['month', calendar(1, 12)],
])
/** They give values of what they are taken of, or one between them. */
const KEEP: ReadonlySet<string> = new Set(['max', 'min', 'avg', 'sort', 'sort_desc', 'label_replace', 'label_join'])
const MONOTONE: ReadonlyMap<string, (value: number) => number> = new Map([['ceil', Math.ceil], ['floor', Math.floor], ['round', (value: number) => Math.floor(value + 0.5)]])

/** undefined: it depends on what is measured. */
export function outcomeOf(root: Expr): Outcome | undefined {
  const expr = unwrapped(root)
  const { from } = expr
  const constant = typeOf(expr) === 'instant vector' ? constantOf(expr) : undefined
  if (constant !== undefined) return exactly(from, 'a number', constant)
  if (expr.type === 'binary') return calculated(expr)
  if (expr.type === 'unary') return expr.negative ? mapped(outcomeOf(expr.expr), from, (value) => -value) : outcomeOf(expr.expr)
  if (expr.type !== 'call' && expr.type !== 'aggregate') return undefined
  const name = expr.type === 'call' ? expr.name : expr.operator
  const [counted, bounded] = [COUNTS.get(name), BOUNDED.get(name)]
  if (counted !== undefined) return { from, name, ...counted, always: false, counts: true }
  if (bounded !== undefined) return { from, name, ...bounded, always: false, counts: false }
  if (expr.type === 'call' && name.startsWith('clamp')) return clamped(expr)
  const [first, ...others] = childrenOf(expr)
  const inner = first === undefined ? undefined : outcomeOf(first)
  if (KEEP.has(name)) return inner
  const step = MONOTONE.get(name)
  if (step !== undefined) return others.length === 0 ? mapped(inner, from, step) : undefined
  return name === 'sum' ? summed(inner) : undefined
}

const exactly = (from: number, name: string, value: number): Outcome => ({ from, name, lowest: value, highest: value, always: true, counts: false })

/** @param compute never falls where its argument rises, or never rises */
function mapped(inner: Outcome | undefined, from: number, compute: (value: number) => number, name = inner?.name): Outcome | undefined {
  if (inner === undefined || name === undefined) return undefined
  const ends = [compute(inner.lowest), compute(inner.highest)]
  return ends.some(Number.isNaN) ? undefined : { ...inner, from, name, lowest: Math.min(...ends), highest: Math.max(...ends) }
}

/** What the one answers or the other one. */
const either = (a: Outcome | undefined, b: Outcome | undefined): Outcome | undefined =>
  a === undefined || b === undefined ? undefined : { ...a, lowest: Math.min(a.lowest, b.lowest), highest: Math.max(a.highest, b.highest), always: false, counts: a.counts && b.counts }

/** Of what is not below 0 no sum is either, nor above it of what is not. */
function summed(inner: Outcome | undefined): Outcome | undefined {
  if (inner === undefined || (inner.lowest < 0 && inner.highest > 0)) return undefined
  return { ...inner, name: 'a sum', lowest: inner.lowest < 0 ? ANY.lowest : 0, highest: inner.highest > 0 ? ANY.highest : 0, always: false, counts: false }
}

function clamped({ name, args, from }: Call): Outcome | undefined {
  const [of, ...limits] = args
  const [first, second] = limits.map(constantOf)
  const [least, most] = name === 'clamp' ? [first, second] : name === 'clamp_min' ? [first, ANY.highest] : [ANY.lowest, first]
  // With the ends the wrong way round there is never an answer.
  if (of === undefined || least === undefined || most === undefined || !(least <= most)) return undefined
  const inner = outcomeOf(of) ?? { from, name, ...ANY, always: false, counts: false }
  return mapped(inner, from, (value) => Math.max(least, Math.min(most, value)), name)
}

/** Of whatever is measured: but for what is no number there, or infinite. */
function calculated({ operator, left, right, matching, from }: Binary): Outcome | undefined {
  if (operator === 'or') return either(outcomeOf(left), outcomeOf(right))
  const [a, b] = [constantOf(left), constantOf(right)]
  if (operator === '*' && (a === 0 || b === 0)) return exactly(from, 'what is taken 0 times', 0)
  if (operator === '/' && a === 0) return exactly(from, 'a part of 0', 0)
  if (operator === '^' && b === 0) return exactly(from, 'a power of 0', 1)
  if ((operator === '-' || operator === '/') && matching === undefined && isSame(left, right)) return operator === '-' ? exactly(from, 'the difference of a series and itself', 0) : exactly(from, 'a series in parts of itself', 1)
  const compute = ARITHMETIC[operator]
  const [inner, number] = a === undefined ? [outcomeOf(left), b] : [outcomeOf(right), a]
  if (compute === undefined || number === undefined || inner === undefined) return undefined
  // A number over what may be 0 has no end.
  if (operator === '/' && (b === 0 || (a !== undefined && inner.lowest <= 0 && inner.highest >= 0))) return undefined
  const name = inner.always ? inner.name : 'what is made of it'
  return mapped({ ...inner, counts: false }, from, (value) => (a === undefined ? compute(value, number) : compute(number, value)), name)
}
