/**
 * The functions and aggregations of Prometheus, by their published signatures. Those of 2.x that 3.x has renamed are
 * known too.
 */

export type ValueType = 'scalar' | 'string' | 'instant vector' | 'range vector'

export interface Signature {
  readonly args: readonly ValueType[]
  readonly returns: ValueType
  /** How many of `args` have to be there. */
  readonly least: number
  /** The last one may be given any number of times. */
  readonly repeats: boolean
  /** Only with this among `--enable-feature` of the server, or in this version. */
  readonly only?: string
}

const TYPES: Readonly<Record<string, ValueType>> = { number: 'scalar', text: 'string', vector: 'instant vector', range: 'range vector' }

/** `vector, number?` has an argument that may be left out, `vector, text*` any number of texts. */
function signature(written: string, returns: ValueType, only?: string): Signature {
  const args = written.split(', ').filter((arg) => arg !== '')
  return {
    args: args.map((arg) => TYPES[arg.replace(/[?*]$/, '')] ?? 'scalar'),
    returns,
    least: args.filter((arg) => !/[?*]$/.test(arg)).length,
    repeats: written.endsWith('*'),
    ...(only === undefined ? {} : { only }),
  }
}

/** The feature that most experimental functions wait for. */
const EXPERIMENTAL = '--enable-feature=promql-experimental-functions'

const VECTORS: readonly (readonly [string, string, string?])[] = [
  ['vector', 'abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_avg histogram_count histogram_stddev histogram_stdvar histogram_sum ln log10 log2 rad sgn sin sinh sort sort_desc sqrt tan tanh timestamp'],
  ['vector?', 'day_of_month day_of_week day_of_year days_in_month hour minute month year'],
  ['range', 'absent_over_time avg_over_time changes count_over_time delta deriv idelta increase irate last_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time stdvar_over_time sum_over_time'],
  ['range', 'first_over_time mad_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time', EXPERIMENTAL],
  ['range, number?', 'integral', EXPERIMENTAL],
  ['range, number', 'predict_linear'],
  ['range, number, number', 'double_exponential_smoothing', EXPERIMENTAL],
  ['range, number, number', 'holt_winters', 'Prometheus 2 (in 3 it is double_exponential_smoothing)'],
  ['number, range', 'quantile_over_time'],
  ['vector, number, number', 'clamp'],
  ['vector, number', 'clamp_max clamp_min'],
  ['vector, number?', 'round'],
  ['number, vector', 'histogram_quantile'],
  ['number, number, vector', 'histogram_fraction'],
  ['vector, text, number, number*', 'histogram_quantiles', EXPERIMENTAL],
  ['vector, text, text, text, text', 'label_replace'],
  ['vector, text, text, text*', 'label_join'],
  ['vector, text*', 'sort_by_label sort_by_label_desc', EXPERIMENTAL],
  ['vector, vector?', 'info', EXPERIMENTAL],
  ['number', 'vector'],
]

const SCALARS: readonly (readonly [string, string, string?])[] = [
  ['', 'pi time'],
  ['', 'end range start step', EXPERIMENTAL],
  ['vector', 'scalar'],
]

const rows = (groups: typeof VECTORS, returns: ValueType): readonly (readonly [string, Signature])[] =>
  groups.flatMap(([written, names, only]) => names.split(' ').map((name) => [name, signature(written, returns, only)] as const))

/** Without a prototype: names come from people. */
export const FUNCTIONS: Readonly<Record<string, Signature>> = Object.assign(Object.create(null) as Record<string, Signature>, Object.fromEntries([...rows(VECTORS, 'instant vector'), ...rows(SCALARS, 'scalar')]))

export const AGGREGATIONS: Readonly<Record<string, Signature>> = Object.assign(
  Object.create(null) as Record<string, Signature>,
  Object.fromEntries(rows([
    ['vector', 'sum avg min max group stddev stdvar count'],
    ['number, vector', 'topk bottomk quantile'],
    ['number, vector', 'limitk limit_ratio', EXPERIMENTAL],
    ['text, vector', 'count_values'],
  ], 'instant vector')),
)
