/** Which labels the series of a result can have. Of a selector nobody knows but the server; of an aggregation it is written. */
import { COMPARISONS, type Aggregate, type Binary, type Call, type Expr, type Matcher } from './ast.ts'
import { typeOf } from './check.ts'

export interface LabelSet {
  /** Any but `names`; else none but `names`. */
  readonly open: boolean
  readonly names: ReadonlySet<string>
  /** Labels whose value is written in the query. */
  readonly fixed: ReadonlyMap<string, string>
  /** Made by the query of what a scraped process says: of labels that begin with `exported_`, or of values. */
  readonly claimed: ReadonlySet<string>
  /** A constant of the query in place of what the source says. */
  readonly written: ReadonlySet<string>
}

/** What a scraped process says of itself where the source has a label of that name: `exported_pod`. */
export const CLAIM = 'exported_'

const NO_LABELS: ReadonlySet<string> = new Set()
const UNTOUCHED = { claimed: NO_LABELS, written: NO_LABELS }
export const NO_SERIES: LabelSet = { open: false, names: NO_LABELS, fixed: new Map(), ...UNTOUCHED }

export const mayHave = ({ open, names }: LabelSet, label: string): boolean => names.has(label) !== open

export function labelsOf(expr: Expr): LabelSet {
  switch (expr.type) {
    case 'selector':
      return { open: true, names: new Set(equal(expr.matchers, (value) => value === '').map(({ label }) => label)), fixed: fixedBy(expr.matchers), ...UNTOUCHED }
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
      return NO_SERIES
    default:
      return expr satisfies never
  }
}

const equal = (matchers: readonly Matcher[], which: (value: string) => boolean): readonly Matcher[] => matchers.filter(({ operator, value }) => operator === '=' && which(value))

const fixedBy = (matchers: readonly Matcher[]): ReadonlyMap<string, string> => new Map(equal(matchers, (value) => value !== '').map(({ label, value }) => [label, value]))

const where = (labels: ReadonlySet<string>, keep: (label: string) => boolean): ReadonlySet<string> => (labels.size === 0 ? labels : new Set([...labels].filter(keep)))

/** What is known of the labels that stay. */
const known = ({ fixed, claimed, written }: LabelSet, keep: (label: string) => boolean): Omit<LabelSet, 'open' | 'names'> => ({
  fixed: new Map([...fixed].filter(([label]) => keep(label))),
  claimed: where(claimed, keep),
  written: where(written, keep),
})

function only(set: LabelSet, labels: readonly string[]): LabelSet {
  return { open: false, names: new Set(labels.filter((label) => mayHave(set, label))), ...known(set, (label) => labels.includes(label)) }
}

export function less(set: LabelSet, labels: readonly string[]): LabelSet {
  const names = set.open ? [...set.names, ...labels] : [...set.names].filter((label) => !labels.includes(label))
  return { open: set.open, names: new Set(names), ...known(set, (label) => !labels.includes(label)) }
}

/** Of whatever value. */
function more(set: LabelSet, labels: readonly string[]): LabelSet {
  const names = set.open ? [...set.names].filter((label) => !labels.includes(label)) : [...set.names, ...labels]
  return { open: set.open, names: new Set(names), ...known(set, (label) => !labels.includes(label)) }
}

function aggregated({ operator, grouping, args }: Aggregate): LabelSet {
  const input = labelsOf(args.at(-1) ?? { type: 'number', value: 0, from: 0, to: 0 })
  if (['topk', 'bottomk', 'limitk', 'limit_ratio'].includes(operator)) return input
  const grouped = grouping === undefined ? NO_SERIES : grouping.by ? only(input, grouping.labels) : less(input, grouping.labels)
  const [counted] = args
  if (operator !== 'count_values' || counted?.type !== 'string') return grouped
  const counting = more(grouped, [counted.value])
  return { ...counting, claimed: new Set([...counting.claimed, counted.value]) }
}

function called({ name, args }: Call): LabelSet {
  const vector = args.find((arg) => typeOf(arg) === 'instant vector' || typeOf(arg) === 'range vector')
  const input = vector === undefined ? NO_SERIES : labelsOf(vector)
  switch (name) {
    case 'absent':
    case 'absent_over_time': {
      const selector = vector === undefined ? undefined : selectorIn(vector)
      if (selector?.type !== 'selector') return NO_SERIES
      const once = selector.matchers.filter(({ label }) => label !== '__name__' && selector.matchers.filter((other) => other.label === label).length === 1)
      const fixed = fixedBy(once)
      return { ...more(NO_SERIES, [...fixed.keys()]), fixed }
    }
    case 'label_replace':
      return replaced(args, input)
    case 'label_join': {
      const [label = '', , ...of] = args.slice(1).map(textOf)
      return made(input, { label, of, constant: of.length === 0, always: true })
    }
    case 'histogram_quantile':
    case 'histogram_fraction':
      return less(input, ['le'])
    case 'info':
      return { ...input, open: true, names: NO_LABELS }
    case 'vector':
    case 'scalar':
      return NO_SERIES
    default:
      return input
  }
}

const textOf = (arg: Expr | undefined): string => (arg?.type === 'string' ? arg.value : '')

const ANY = /^(?:\(?\.\*\)?)$/

function replaced(args: readonly Expr[], input: LabelSet): LabelSet {
  const [label = '', replacement = '', source = '', pattern = ''] = args.slice(1).map(textOf)
  // A label without a name, as of "" and "", is empty everywhere.
  const always = ANY.test(pattern) || (source === '' && pattern === '')
  if (replacement === '') return always ? less(input, [label]) : more(input, [label])
  const constant = !replacement.includes('$')
  const set = made(input, { label, of: constant || source === '' ? [] : [source], constant: constant || source === '', always })
  return constant && always ? { ...set, fixed: new Map([...set.fixed, [label, replacement]]) } : set
}

interface Made {
  readonly label: string
  /** Of which labels. */
  readonly of: readonly string[]
  readonly constant: boolean
  /** Else some series keep theirs. */
  readonly always: boolean
}

/** Whose word the new label is: that of the worst one of which it is made. */
function made(input: LabelSet, { label, of, constant, always }: Made): LabelSet {
  const set = more(input, [label])
  const kept = (labels: ReadonlySet<string>): boolean => !always && labels.has(label)
  const claimed = kept(input.claimed) || of.some((one) => one.startsWith(CLAIM) || input.claimed.has(one))
  // Of a namespace that is selected by its name the author knows whose series they are.
  const selected = input.fixed.has(label) && !input.written.has(label)
  const written = kept(input.written) || (constant && !selected) || (of.length > 0 && of.every((one) => input.written.has(one)))
  return { ...set, claimed: claimed ? new Set([...set.claimed, label]) : set.claimed, written: written ? new Set([...set.written, label]) : set.written }
}

const selectorIn = (expr: Expr): Expr => (expr.type === 'paren' || expr.type === 'modified' || expr.type === 'range' ? selectorIn(expr.expr) : expr)

function joined({ left, right, operator, matching, bool }: Binary): LabelSet {
  const [first, second] = [labelsOf(left), labelsOf(right)]
  if (typeOf(left) === 'scalar') return second
  if (typeOf(right) === 'scalar') return first
  if (operator === 'or') return either(first, second)
  const matched = (label: string): boolean => matching === undefined || matching.labels.includes(label) === matching.on
  if (operator === 'and' || operator === 'unless') return alsoBy(first, second, matched)
  const [inner, outer] = matching?.group === 'right' ? [second, first] : [first, second]
  if (matching?.group !== undefined) {
    const { include } = matching
    return alsoBy(more(inner, include), outer, (label) => matched(label) || include.includes(label))
  }
  if (matching === undefined) return alsoBy(COMPARISONS.has(operator) && !bool ? first : { ...first, fixed: new Map([...second.fixed, ...first.fixed]) }, second, matched)
  return alsoBy(matching.on ? only(first, matching.labels) : less(first, matching.labels), second, matched)
}

/** Which object the other side is about decides as well, where they are matched by it. */
function alsoBy(set: LabelSet, other: LabelSet, matched: (label: string) => boolean): LabelSet {
  if (other.claimed.size === 0 && other.written.size === 0) return set
  const of = (mine: ReadonlySet<string>, others: ReadonlySet<string>): ReadonlySet<string> => new Set([...mine, ...[...others].filter((label) => matched(label) && mayHave(set, label))])
  return { ...set, claimed: of(set.claimed, other.claimed), written: of(set.written, other.written) }
}

/** Of two results beside each other: what one of them may have. */
function either(a: LabelSet, b: LabelSet): LabelSet {
  const fixed = new Map([...a.fixed].filter(([label, value]) => b.fixed.get(label) === value))
  const told = { fixed, claimed: new Set([...a.claimed, ...b.claimed]), written: new Set([...a.written, ...b.written]) }
  if (!a.open && !b.open) return { open: false, names: new Set([...a.names, ...b.names]), ...told }
  const lacking = (a.open ? a : b).names
  const other = a.open ? b : a
  return { open: true, names: new Set([...lacking].filter((label) => !mayHave(other, label))), ...told }
}
