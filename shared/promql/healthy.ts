/**
 * What a query answers while nothing is wrong: it is evaluated in a few healthy clusters, which differ in how many replicas there are
 * and in what nobody can know. Only what holds in each of them is said of healthy objects.
 */
import { COMPARISONS, type Aggregate, type Binary, type Call, type Expr, type Matching, type Selector } from './ast.ts'
import { ARITHMETIC } from './constants.ts'
import { RATES } from './counters.ts'
import { holds } from './filters.ts'
import { countsTrouble, countsWork, isOfTheRest } from './healthy-counters.ts'
import { healthySeries, STILL_COUNTERS } from './healthy-series.ts'
import { HEALTHY_WORLDS, IDLE_WORLDS, isMadeUp, NOW, numberOf, OLD_WORLDS, YOUNG_WORLDS, type Sample, type Value, type Vector, type World } from './healthy-worlds.ts'
import { labelMatches, patternReader } from './patterns.ts'
import { beyondWhole } from './shares.ts'

/** The values of its answer in each of the healthy clusters; undefined: nobody knows. */
export const whenHealthy = (expr: Expr): readonly (readonly number[])[] | undefined => inWorlds(expr, HEALTHY_WORLDS)

/** The same when everything has been there for as long as can be. */
export const whenOld = (expr: Expr): readonly (readonly number[])[] | undefined => inWorlds(expr, OLD_WORLDS)

/** The same when everything has just been made. */
export const whenYoung = (expr: Expr): readonly (readonly number[])[] | undefined => inWorlds(expr, YOUNG_WORLDS)

/** The same when there is nothing to do. */
export const whenIdle = (expr: Expr): readonly (readonly number[])[] | undefined => inWorlds(expr, IDLE_WORLDS)

/** The same whatever is healthy, of a query by one flag, or by what is always 1: all that it can answer. */
export function whatever(expr: Expr): readonly (readonly number[])[] | undefined {
  if (flagsOf(expr) !== 1) return undefined
  return inWorlds(expr, [0, 1].map((flag) => ({ replicas: 1, some: 1, few: 1, age: 1, last: 1, rate: 0, work: 0, flag: flag === 0 ? 0 : 1 })))
}

function inWorlds(expr: Expr, worlds: readonly Omit<World, 'read'>[]): readonly (readonly number[])[] | undefined {
  const read = patternReader()
  const answers = worlds.map((world) => valueOf(expr, { ...world, read }))
  return answers.every((answer) => typeof answer === 'object') ? answers.map(({ samples }) => samples.map(({ value }) => value)) : undefined
}

const isFlag = (series: ReturnType<typeof healthySeries>): boolean => series?.flag === true || series?.constant === true

/** Of more than one flag the values would have to be combined. */
const flagsOf = (expr: Expr | undefined): number => {
  switch (expr?.type) {
    case undefined:
      return 2
    case 'selector':
      return isFlag(healthySeries(expr.name)) ? 1 : 2
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

function selected({ name, matchers }: Selector, world: World): Vector | undefined {
  const series = healthySeries(name)
  if (series === undefined || matchers.some(({ label }) => series.neutral?.(label) === false)) return undefined
  const samples: Sample[] = []
  for (const { labels, value } of series.samples) {
    const verdicts = matchers.filter(({ label }) => Object.hasOwn(labels, label)).map((matcher) => labelMatches(world.read, matcher, labels[matcher.label] ?? ''))
    if (verdicts.includes(undefined)) return undefined
    if (!verdicts.includes(false)) samples.push({ labels, value: world.flag !== undefined && series.flag === true ? world.flag : numberOf(value, world) })
  }
  // Of a state that only comes with trouble nobody knows.
  if (samples.length === 0 && series.complete !== true) return undefined
  return { samples, each: series.each, madeUp: series.samples.some(({ value }) => isMadeUp(value)) }
}

/** Of one that changes in between they give one of its values. */
const ONE_OF_ITS_VALUES: ReadonlySet<string> = new Set(['label_replace', 'label_join', 'sort', 'sort_desc', 'sort_by_label', 'sort_by_label_desc', 'max_over_time', 'min_over_time', 'last_over_time'])
const SAME_VALUE: ReadonlySet<string> = new Set([...ONE_OF_ITS_VALUES, 'avg_over_time', 'first_over_time'])
/** Of a number and what it is taken of: a value between two of its own. */
const BETWEEN: ReadonlySet<string> = new Set(['quantile_over_time'])
/** Of what does not move: none, whichever way. */
const STILL: ReadonlySet<string> = new Set(['delta', 'idelta', 'deriv', 'stddev_over_time', 'stdvar_over_time'])
/** Of what does not move: none. Of a counter that moves: nothing or more. */
const NEVER_NEGATIVE: ReadonlySet<string> = new Set(['rate', 'increase', 'irate', 'changes', 'resets'])
const POINTWISE: ReadonlyMap<string, (value: number) => number> = new Map([['abs', Math.abs], ['sgn', Math.sign], ['ceil', Math.ceil], ['floor', Math.floor], ['sqrt', Math.sqrt], ['exp', Math.exp], ['ln', Math.log], ['log2', Math.log2], ['log10', Math.log10]])
const isAbsence = ({ name }: Call): boolean => name === 'absent' || name === 'absent_over_time'

function called(call: Call, world: World): Value {
  const [arg] = call.args
  if (arg === undefined) return call.name === 'time' ? NOW : undefined
  if (isAbsence(call)) return absent(arg, world)
  if (NEVER_NEGATIVE.has(call.name)) return moved(call, arg, world)
  if (STILL.has(call.name)) return unmoved(arg, world)
  if (call.name === 'count_over_time') return samplesOver(valueOf(arg, world), world, () => 1)
  if (call.name === 'sum_over_time') return samplesOver(valueOf(arg, world), world, (value) => value)
  if (call.name === 'present_over_time') return mapped(valueOf(arg, world), () => 1)
  if (BETWEEN.has(call.name)) return call.args[1] === undefined ? undefined : valueOf(call.args[1], world)
  if (call.name === 'round') return rounded(call, world)
  if (call.name === 'clamp') return clamped(call, world)
  if (call.name === 'scalar') return scalarOf(valueOf(arg, world))
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

/** As many as were scraped in that time: one at least. */
const samplesOver = (value: Value, { few }: World, of: (value: number) => number): Value => {
  const all = mapped(value, (one) => of(one) * few)
  return typeof all === 'object' ? { ...all, madeUp: true } : undefined
}

function rounded({ args }: Call, world: World): Value {
  const [arg, to] = args.map((one) => valueOf(one, world))
  const step = to === undefined && args.length === 1 ? 1 : to
  return typeof step === 'number' && step > 0 ? mapped(arg, (value) => Math.floor(value / step + 0.5) * step) : undefined
}

function clamped({ args }: Call, world: World): Value {
  const [arg, least, most] = args.map((one) => valueOf(one, world))
  return typeof least === 'number' && typeof most === 'number' && least <= most ? mapped(arg, (value) => Math.max(least, Math.min(most, value))) : undefined
}

/** Of one series its value; how many there are is known only of what was joined. */
const scalarOf = (value: Value): number | undefined => (typeof value === 'object' && value.each === '' && value.samples.length === 1 ? value.samples[0]?.value : undefined)

function unmoved(arg: Expr, world: World): Vector | undefined {
  if (arg.type !== 'range' || arg.expr.type !== 'selector') return undefined
  const known = selected(arg.expr, world)
  return known !== undefined && isSteady(arg.expr) ? { ...known, samples: known.samples.map((sample) => ({ ...sample, value: 0 })) } : undefined
}

/** A gauge of what is used moves; when something began does not. */
const isSteady = ({ name }: Selector): boolean => healthySeries(name)?.samples.every(({ value }) => value !== 'some' && value !== 'few' && value !== 'age' && value !== 'last') === true

function absent(arg: Expr, world: World): Vector | undefined {
  if (world.flag !== undefined) return single(1)
  const value = valueOf(arg, world)
  return typeof value !== 'object' ? undefined : value.samples.length === 0 ? single(1) : { samples: [], each: '', madeUp: false }
}

function moved({ name }: Call, arg: Expr, world: World): Vector | undefined {
  if (arg.type !== 'range' || arg.expr.type !== 'selector') return undefined
  const known = selected(arg.expr, world)
  if (known !== undefined && isSteady(arg.expr)) return { ...known, samples: known.samples.map((sample) => ({ ...sample, value: 0 })) }
  if (STILL_COUNTERS.has(arg.expr.name ?? '')) return { samples: [{ labels: {}, value: 0 }], each: 'container', madeUp: false }
  if (RATES.has(name) && countsTrouble(arg.expr)) return { samples: [{ labels: {}, value: 0 }], each: '', madeUp: true }
  return { samples: [{ labels: {}, value: RATES.has(name) && countsWork(arg.expr) ? world.work : world.rate }], each: '', madeUp: true }
}

function aggregated({ operator, grouping, args }: Aggregate, world: World): Value {
  // Some of them, each as it is, and one between the least and the largest: where they do not differ, all the same.
  const [parameter, ranked] = args
  if ((operator === 'topk' || operator === 'bottomk') && grouping === undefined && parameter?.type === 'number' && parameter.value >= 1) return ranked === undefined ? undefined : alike(valueOf(ranked, world))
  const [only, of] = operator === 'quantile' ? [args[1], 2] : [args[0], 1]
  const value = args.length === of && only !== undefined ? valueOf(only, world) : undefined
  if (typeof value !== 'object') return undefined
  const { samples, each, madeUp } = value
  if (each === undefined) return undefined
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
      case 'quantile':
        return values.every((one) => one === values[0]) ? values[0] : undefined
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

function binary(expr: Binary, world: World): Value {
  const { operator, bool, matching, left, right } = expr
  const [a, b] = [valueOf(left, world), valueOf(right, world)]
  if (operator === 'and' || operator === 'unless') return narrowed(a, b, operator === 'and', matching?.on === true)
  if (operator === 'or') return joined(a, b, matching)
  // Of one counter each series finds itself: what is left is no part.
  if (operator === '/' && isNothingOf(a, b)) return countedBy(left) !== undefined && countedBy(left) === countedBy(right) ? undefined : { ...a, madeUp: true }
  // All but the failures is all.
  if (operator === '/' && typeof a === 'object' && beyondWhole(expr)?.every(isOfTheRest) === true) return mapped(a, () => 1)
  const compute = ARITHMETIC[operator]
  if (compute !== undefined) return combined(a, b, compute)
  return COMPARISONS.has(operator) ? compared(a, b, operator, bool) : undefined
}

/** None of what is done: as a share of it 0, if anything is done at all. */
const isNothingOf = (a: Value, b: Value): a is Vector => typeof a === 'object' && typeof b === 'object' && a.madeUp && b.madeUp && a.each === b.each && a.samples.length === 1 && b.samples.length === 1 && a.samples[0]?.value === 0 && b.samples[0]?.value !== undefined

/** The name of the counter of which it is the rate, not summed. */
function countedBy(expr: Expr): string | undefined {
  if (expr.type === 'paren') return countedBy(expr.expr)
  const range = expr.type === 'call' ? expr.args[0] : undefined
  return range?.type === 'range' && range.expr.type === 'selector' ? range.expr.name : undefined
}

function narrowed(a: Value, b: Value, wanted: boolean, on: boolean): Value {
  if (typeof a !== 'object' || typeof b !== 'object') return undefined
  if (b.samples.length === 0) return wanted ? b : a
  // Which of them belong together is by labels that are not known here.
  return a.samples.length === 0 ? a : on && b.samples.length === 1 ? (wanted ? a : { ...a, samples: [] }) : undefined
}

function joined(a: Value, b: Value, matching: Matching | undefined): Value {
  if (typeof a !== 'object' || typeof b !== 'object') return undefined
  if (a.samples.length === 0) return b
  if (b.samples.length === 0) return a
  // With nothing to go by any of the left one is a partner of all of the right one.
  if (matching !== undefined) return matching.on && matching.labels.length === 0 ? a : undefined
  // What has a label that the other has not is no partner of it. Of what was summed up nobody knows which labels are left.
  return a.each === '' || a.each === undefined || b.each !== '' || b.madeUp ? undefined : { samples: [...a.samples, ...b.samples], each: undefined, madeUp: a.madeUp }
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
