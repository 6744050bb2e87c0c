/**
 * What a query answers while nothing is wrong: it is evaluated in a few healthy clusters, which differ in how many replicas there are
 * and in what nobody can know. Only what holds in each of them is said of healthy objects.
 */
import { COMPARISONS, type Aggregate, type Binary, type Call, type Expr, type Selector } from './ast.ts'
import { ARITHMETIC } from './constants.ts'
import { holds } from './filters.ts'
import { HEALTHY_SERIES, STILL_COUNTERS, type HealthyValue } from './healthy-series.ts'
import { labelMatches, patternReader, type ReadLabelPattern } from './patterns.ts'

interface World {
  readonly replicas: number
  /** What is measured and cannot be known: from nothing to very much. */
  readonly some: number
  readonly rate: number
  /** What every flag is, whatever is healthy. */
  readonly flag?: 0 | 1
  readonly read: ReadLabelPattern
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface Vector {
  readonly samples: readonly Sample[]
  /** There is one for each of these. */
  readonly each: string
  /** Made up: to compare it with another one would compare two inventions. */
  readonly madeUp: boolean
}

type Value = Vector | number | undefined

/** Bytes of the smallest containers that there are are more than the least of these. */
export const HEALTHY_WORLDS: readonly Omit<World, 'read'>[] = [
  { replicas: 1, some: 4e5, rate: 0 },
  { replicas: 2, some: 1e7, rate: 1e-6 },
  { replicas: 5, some: 1e9, rate: 1 },
  { replicas: 1000, some: 1e13, rate: 1e12 },
]

/** The values of its answer in each of the healthy clusters; undefined: nobody knows. */
export const whenHealthy = (expr: Expr): readonly (readonly number[])[] | undefined => inWorlds(expr, HEALTHY_WORLDS)

/** The same whatever is healthy, of a query by flags alone: all that it can answer. */
export function whatever(expr: Expr): readonly (readonly number[])[] | undefined {
  if (flagsOf(expr) !== 1) return undefined
  return inWorlds(expr, [0, 1].map((flag) => ({ replicas: 1, some: 1, rate: 0, flag: flag === 0 ? 0 : 1 })))
}

function inWorlds(expr: Expr, worlds: readonly Omit<World, 'read'>[]): readonly (readonly number[])[] | undefined {
  const read = patternReader()
  const answers = worlds.map((world) => valueOf(expr, { ...world, read }))
  return answers.every((answer) => typeof answer === 'object') ? answers.map(({ samples }) => samples.map(({ value }) => value)) : undefined
}

/** Of more than one flag the values would have to be combined. */
const flagsOf = (expr: Expr | undefined): number => {
  switch (expr?.type) {
    case undefined:
      return 2
    case 'selector':
      return HEALTHY_SERIES.get(expr.name ?? '')?.flag === true ? 1 : 2
    case 'call':
      return isAbsence(expr) ? 1 : ONE_OF_ITS_VALUES.has(expr.name) ? flagsOf(expr.args[0]) : 2
    case 'aggregate':
      return ['min', 'max'].includes(expr.operator) ? expr.args.reduce((sum, arg) => sum + flagsOf(arg), 0) : 2
    case 'binary':
      return flagsOf(expr.left) + flagsOf(expr.right)
    case 'paren':
    case 'unary':
    case 'modified':
    case 'range':
    case 'subquery':
      return flagsOf(expr.expr)
    case 'number':
    case 'string':
      return 0
    default:
      return expr satisfies never
  }
}

function valueOf(expr: Expr, world: World): Value {
  switch (expr.type) {
    case 'number':
      return expr.value
    case 'paren':
    case 'modified':
    case 'range':
    case 'subquery':
      return valueOf(expr.expr, world)
    case 'unary':
      return expr.negative ? combined(valueOf(expr.expr, world), -1, (a, b) => a * b) : valueOf(expr.expr, world)
    case 'selector':
      return selected(expr, world)
    case 'call':
      return called(expr, world)
    case 'aggregate':
      return aggregated(expr, world)
    case 'binary':
      return binary(expr, world)
    case 'string':
      return undefined
    default:
      return expr satisfies never
  }
}

const numberOf = (value: HealthyValue, { replicas, some }: World): number => (value === 'replicas' ? replicas : value === 'some' ? some : value)

function selected({ name, matchers }: Selector, world: World): Vector | undefined {
  const series = HEALTHY_SERIES.get(name ?? '')
  if (series === undefined) return undefined
  const samples: Sample[] = []
  for (const { labels, value } of series.samples) {
    const verdicts = matchers.filter(({ label }) => Object.hasOwn(labels, label)).map((matcher) => labelMatches(world.read, matcher, labels[matcher.label] ?? ''))
    if (verdicts.includes(undefined)) return undefined
    if (!verdicts.includes(false)) samples.push({ labels, value: world.flag !== undefined && series.flag === true ? world.flag : numberOf(value, world) })
  }
  // Of a state that only comes with trouble nobody knows.
  if (samples.length === 0 && series.complete !== true) return undefined
  return { samples, each: series.each, madeUp: series.samples.some(({ value }) => value === 'some') }
}

/** Of one that changes in between they give one of its values. */
const ONE_OF_ITS_VALUES: ReadonlySet<string> = new Set(['label_replace', 'label_join', 'sort', 'sort_desc', 'sort_by_label', 'sort_by_label_desc', 'max_over_time', 'min_over_time', 'last_over_time'])
const SAME_VALUE: ReadonlySet<string> = new Set([...ONE_OF_ITS_VALUES, 'avg_over_time'])
/** Of what does not move: none. Of a counter that moves: nothing or more. */
const NEVER_NEGATIVE: ReadonlySet<string> = new Set(['rate', 'increase', 'irate', 'changes', 'resets'])
const POINTWISE: ReadonlyMap<string, (value: number) => number> = new Map([['abs', Math.abs], ['sgn', Math.sign], ['ceil', Math.ceil], ['floor', Math.floor]])
const isAbsence = ({ name }: Call): boolean => name === 'absent' || name === 'absent_over_time'

function called(call: Call, world: World): Value {
  const [arg] = call.args
  if (arg === undefined) return undefined
  if (isAbsence(call)) return absent(arg, world)
  if (NEVER_NEGATIVE.has(call.name)) return moved(arg, world)
  const each = POINTWISE.get(call.name)
  if (each !== undefined) return mapped(valueOf(arg, world), each)
  if (call.name === 'clamp_min' || call.name === 'clamp_max') {
    const bound = call.args[1] === undefined ? undefined : valueOf(call.args[1], world)
    return typeof bound !== 'number' ? undefined : mapped(valueOf(arg, world), (value) => (call.name === 'clamp_min' ? Math.max(value, bound) : Math.min(value, bound)))
  }
  return SAME_VALUE.has(call.name) ? valueOf(arg, world) : call.name === 'vector' ? single(valueOf(arg, world)) : undefined
}

const mapped = (value: Value, compute: (value: number) => number): Value =>
  typeof value === 'object' ? { ...value, samples: value.samples.map(({ labels, value: one }) => ({ labels, value: compute(one) })) } : undefined

const single = (value: Value): Vector | undefined => (typeof value === 'number' ? { samples: [{ labels: {}, value }], each: '', madeUp: false } : undefined)

function absent(arg: Expr, world: World): Vector | undefined {
  if (world.flag !== undefined) return single(1)
  const value = valueOf(arg, world)
  return typeof value !== 'object' ? undefined : value.samples.length === 0 ? single(1) : { samples: [], each: '', madeUp: false }
}

function moved(arg: Expr, world: World): Vector | undefined {
  if (arg.type !== 'range' || arg.expr.type !== 'selector') return undefined
  const known = selected(arg.expr, world)
  if (known !== undefined && !known.madeUp) return { ...known, samples: known.samples.map((sample) => ({ ...sample, value: 0 })) }
  const still = STILL_COUNTERS.has(arg.expr.name ?? '')
  return { samples: [{ labels: {}, value: still ? 0 : world.rate }], each: still ? 'container' : '', madeUp: !still }
}

function aggregated({ operator, grouping, args }: Aggregate, world: World): Value {
  // Some of them, each as it is, and one between the least and the largest: where they do not differ, all the same.
  const [parameter, ranked] = args
  if ((operator === 'topk' || operator === 'bottomk') && grouping === undefined && parameter?.type === 'number' && parameter.value >= 1) return ranked === undefined ? undefined : alike(valueOf(ranked, world))
  const value = args.length === 1 && args[0] !== undefined ? valueOf(args[0], world) : undefined
  if (typeof value !== 'object') return undefined
  const { samples, each, madeUp } = value
  // Whether it is there at all is not known either.
  if (madeUp && (operator === 'count' || operator === 'group')) return undefined
  const kept = (label: string): boolean => (grouping === undefined ? false : grouping.labels.includes(label) === grouping.by)
  // Otherwise as many as there are come together.
  const many = kept(each) ? 1 : world.replicas
  const groups = [...Map.groupBy(samples, ({ labels }) => JSON.stringify(Object.entries(labels).filter(([label]) => kept(label)))).values()]
  const joined = groups.map((group): number | undefined => {
    const values = group.map((sample) => sample.value)
    const sum = values.reduce((a, b) => a + b, 0)
    switch (operator) {
      case 'max':
        return Math.max(...values)
      case 'min':
        return Math.min(...values)
      case 'avg':
        return sum / values.length
      case 'sum':
        return sum * many
      case 'count':
        return values.length * many
      case 'group':
        return 1
      default:
        return undefined
    }
  })
  if (joined.includes(undefined)) return undefined
  return { each: kept(each) ? each : '', madeUp, samples: joined.map((one, index) => ({ labels: Object.fromEntries(Object.entries(groups[index]?.[0]?.labels ?? {}).filter(([label]) => kept(label))), value: one ?? Number.NaN })) }
}

const alike = (value: Value): Value => (typeof value === 'object' && new Set(value.samples.map((sample) => sample.value)).size === 1 ? value : undefined)

function binary({ operator, bool, matching, left, right }: Binary, world: World): Value {
  const [a, b] = [valueOf(left, world), valueOf(right, world)]
  if (operator === 'and' || operator === 'unless') return narrowed(a, b, operator === 'and', matching?.on === true)
  const compute = ARITHMETIC[operator]
  if (compute !== undefined) return combined(a, b, compute)
  return COMPARISONS.has(operator) ? compared(a, b, operator, bool) : undefined
}

function narrowed(a: Value, b: Value, wanted: boolean, on: boolean): Value {
  if (typeof a !== 'object' || typeof b !== 'object') return undefined
  if (b.samples.length === 0) return wanted ? b : a
  // Which of them belong together is by labels that are not known here.
  return a.samples.length === 0 ? a : on && b.samples.length === 1 ? (wanted ? a : { ...a, samples: [] }) : undefined
}

function combined(a: Value, b: Value, compute: (a: number, b: number) => number): Value {
  if (a === undefined || b === undefined) return undefined
  if (typeof a === 'number') return typeof b === 'number' ? compute(a, b) : { ...b, samples: b.samples.map(({ labels, value }) => ({ labels, value: compute(a, value) })) }
  if (typeof b === 'number') return { ...a, samples: a.samples.map(({ labels, value }) => ({ labels, value: compute(value, b) })) }
  const pair = pairOf(a, b)
  return pair === undefined ? undefined : { ...a, samples: pair.map(([x, y]) => ({ labels: x.labels, value: compute(x.value, y.value) })) }
}

function compared(a: Value, b: Value, operator: string, bool: boolean): Value {
  if (a === undefined || b === undefined) return undefined
  if (typeof a === 'number' && typeof b === 'number') return undefined
  const kept = (sample: Sample, x: number, y: number): Sample[] => (bool ? [{ ...sample, value: holds(operator, x, y) ? 1 : 0 }] : holds(operator, x, y) ? [sample] : [])
  if (typeof a === 'number') return typeof b === 'number' ? undefined : { ...b, samples: b.samples.flatMap((sample) => kept(sample, a, sample.value)) }
  if (typeof b === 'number') return { ...a, samples: a.samples.flatMap((sample) => kept(sample, sample.value, b)) }
  const pair = pairOf(a, b)
  return pair === undefined ? undefined : { ...a, samples: pair.flatMap(([x, y]) => kept(x, x.value, y.value)) }
}

/** Where there is one of each, or none. */
function pairOf(a: Vector, b: Vector): readonly (readonly [Sample, Sample])[] | undefined {
  if (a.madeUp || b.madeUp || a.samples.length > 1 || b.samples.length > 1 || a.each !== b.each) return undefined
  const [x, y] = [a.samples[0], b.samples[0]]
  return x === undefined || y === undefined ? [] : [[x, y]]
}
