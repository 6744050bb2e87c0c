/** Which labels the series of a result can have. Of a selector nobody knows but the server; of an aggregation it is written. */
import { COMPARISONS, SET_OPERATORS, type Aggregate, type Binary, type Call, type Expr, type Matcher, type Problem } from './ast.ts'
import { typeOf } from './check.ts'

export interface LabelSet {
  /** Any but `names`; else none but `names`. */
  readonly open: boolean
  readonly names: ReadonlySet<string>
  /** Labels whose value is written in the query. */
  readonly fixed: ReadonlyMap<string, string>
}

const NONE: LabelSet = { open: false, names: new Set(), fixed: new Map() }

export const mayHave = ({ open, names }: LabelSet, label: string): boolean => names.has(label) !== open

export function labelsOf(expr: Expr): LabelSet {
  switch (expr.type) {
    case 'selector':
      return { open: true, names: new Set(equal(expr.matchers, (value) => value === '').map(({ label }) => label)), fixed: fixedBy(expr.matchers) }
    case 'range':
    case 'subquery':
    case 'modified':
    case 'unary':
    case 'paren':
      return labelsOf(expr.expr)
    case 'aggregate':
      return aggregated(expr)
    case 'call':
      return called(expr)
    case 'binary':
      return joined(expr)
    case 'number':
    case 'string':
      return NONE
    default:
      return expr satisfies never
  }
}

const equal = (matchers: readonly Matcher[], which: (value: string) => boolean): readonly Matcher[] => matchers.filter(({ operator, value }) => operator === '=' && which(value))

const fixedBy = (matchers: readonly Matcher[]): ReadonlyMap<string, string> => new Map(equal(matchers, (value) => value !== '').map(({ label, value }) => [label, value]))

function only(set: LabelSet, labels: readonly string[]): LabelSet {
  return { open: false, names: new Set(labels.filter((label) => mayHave(set, label))), fixed: new Map([...set.fixed].filter(([label]) => labels.includes(label))) }
}

function less(set: LabelSet, labels: readonly string[]): LabelSet {
  const names = set.open ? [...set.names, ...labels] : [...set.names].filter((label) => !labels.includes(label))
  return { open: set.open, names: new Set(names), fixed: new Map([...set.fixed].filter(([label]) => !labels.includes(label))) }
}

/** @param value undefined: whatever it is */
function more(set: LabelSet, labels: readonly string[], value?: string): LabelSet {
  const names = set.open ? [...set.names].filter((label) => !labels.includes(label)) : [...set.names, ...labels]
  const others = [...set.fixed].filter(([label]) => !labels.includes(label))
  return { open: set.open, names: new Set(names), fixed: new Map(value === undefined ? others : [...others, ...labels.map((label) => [label, value] as const)]) }
}

function aggregated({ operator, grouping, args }: Aggregate): LabelSet {
  const input = labelsOf(args.at(-1) ?? { type: 'number', value: 0, from: 0, to: 0 })
  if (['topk', 'bottomk', 'limitk', 'limit_ratio'].includes(operator)) return input
  const grouped = grouping === undefined ? NONE : grouping.by ? only(input, grouping.labels) : less(input, grouping.labels)
  const [counted] = args
  return operator === 'count_values' && counted?.type === 'string' ? more(grouped, [counted.value]) : grouped
}

function called({ name, args }: Call): LabelSet {
  const text = (index: number): string => {
    const arg = args[index]
    return arg?.type === 'string' ? arg.value : ''
  }
  const vector = args.find((arg) => typeOf(arg) === 'instant vector' || typeOf(arg) === 'range vector')
  const input = vector === undefined ? NONE : labelsOf(vector)
  switch (name) {
    case 'absent':
    case 'absent_over_time': {
      const selector = vector === undefined ? undefined : selectorIn(vector)
      if (selector?.type !== 'selector') return NONE
      const once = selector.matchers.filter(({ label }) => label !== '__name__' && selector.matchers.filter((other) => other.label === label).length === 1)
      return more(NONE, [...fixedBy(once).keys()])
    }
    case 'label_replace':
      // An empty replacement takes the label away.
      return text(2) === '' && text(4) === '.*' ? less(input, [text(1)]) : more(input, [text(1)], /\$/.test(text(2)) || text(4) !== '.*' ? undefined : text(2))
    case 'label_join':
      return more(input, [text(1)])
    case 'histogram_quantile':
    case 'histogram_fraction':
      return less(input, ['le'])
    case 'info':
      return { open: true, names: new Set(), fixed: input.fixed }
    case 'vector':
    case 'scalar':
      return NONE
    default:
      return input
  }
}

const selectorIn = (expr: Expr): Expr => (expr.type === 'paren' || expr.type === 'modified' || expr.type === 'range' ? selectorIn(expr.expr) : expr)

function joined({ left, right, operator, matching, bool }: Binary): LabelSet {
  const [first, second] = [labelsOf(left), labelsOf(right)]
  if (typeOf(left) === 'scalar') return second
  if (typeOf(right) === 'scalar' || operator === 'and' || operator === 'unless') return first
  if (operator === 'or') return either(first, second)
  const inner = matching?.group === 'right' ? second : first
  if (matching?.group !== undefined) return more(inner, matching.include)
  if (matching === undefined) return COMPARISONS.has(operator) && !bool ? first : { ...first, fixed: new Map([...second.fixed, ...first.fixed]) }
  return matching.on ? only(first, matching.labels) : less(first, matching.labels)
}

/** Of two results beside each other: what one of them may have. */
function either(a: LabelSet, b: LabelSet): LabelSet {
  const fixed = new Map([...a.fixed].filter(([label, value]) => b.fixed.get(label) === value))
  if (!a.open && !b.open) return { open: false, names: new Set([...a.names, ...b.names]), fixed }
  const lacking = (a.open ? a : b).names
  const other = a.open ? b : a
  return { open: true, names: new Set([...lacking].filter((label) => !mayHave(other, label))), fixed }
}

export interface Mismatch extends Problem {
  readonly why: string
}

/** Sides that are matched by their labels, and do not have the same ones. */
export function mismatches(all: readonly Expr[]): readonly Mismatch[] {
  return all.flatMap((expr): Mismatch[] => {
    if (expr.type !== 'binary' || expr.operator === 'or' || expr.fills || typeOf(expr.left) !== 'instant vector' || typeOf(expr.right) !== 'instant vector') return []
    const sides = [expr.left, expr.right].map(labelsOf)
    const [left = NONE, right = NONE] = sides
    const parts = expr.matching?.on === true ? onParts(expr.matching.labels, left, right) : allParts(expr.matching?.labels ?? [], left, right)
    if (parts === undefined) return []
    const fix = SET_OPERATORS.has(expr.operator) ? `say by what they match: ${expr.operator} on (...)` : 'keep the same labels on both sides, or say by what they match: on (...) group_left'
    const why = expr.operator === 'unless' ? 'nothing on the right is like anything on the left, so that it takes nothing away' : 'no series of one side finds its like on the other, and the trigger has no data for ever'
    return [{ from: expr.operatorFrom, why, what: `the sides of ${expr.operator} have different labels, ${parts}`, fix }]
  })
}

const listed = (set: LabelSet): string => (set.open ? 'those of the series' : set.names.size === 0 ? 'none' : [...set.names].sort().join(' '))

function allParts(ignored: readonly string[], left: LabelSet, right: LabelSet): string | undefined {
  const [a, b] = [less(left, ignored), less(right, ignored)]
  const bare = (set: LabelSet, other: LabelSet): boolean => set.open && set.names.size === 0 && !other.open && other.names.size === 0
  const differ = !a.open && !b.open ? [...a.names].some((name) => !b.names.has(name)) || [...b.names].some((name) => !a.names.has(name)) : bare(a, b) || bare(b, a)
  return differ ? `${listed(a)} and ${listed(b)}` : undefined
}

function onParts(labels: readonly string[], left: LabelSet, right: LabelSet): string | undefined {
  const lost = labels.find((label) => mayHave(left, label) !== mayHave(right, label))
  return lost === undefined ? undefined : `of which only one has ${lost}`
}
