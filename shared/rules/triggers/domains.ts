/** What values a metric can have, and what thresholds mean on them: exact, by one value of each stretch that the thresholds part. */
import { builtInOf, type BuiltInMetric } from './built-in-metrics.ts'
import { breaches, type Threshold } from './thresholds.ts'

export interface Domain {
  readonly lowest: number
  readonly highest: number
  /** Whole numbers only. */
  readonly whole: boolean
}

const ANY_NUMBER: Domain = { lowest: Number.NEGATIVE_INFINITY, highest: Number.POSITIVE_INFINITY, whole: false }
const NOT_NEGATIVE: Domain = { ...ANY_NUMBER, lowest: 0 }
const PERCENT: Domain = { ...NOT_NEGATIVE, highest: 100 }

/** Beyond their request containers use more than 100 %, so usage has no upper end. */
export const DOMAINS: Readonly<Record<BuiltInMetric, Domain>> = {
  cpu_usage_percent: NOT_NEGATIVE,
  memory_usage_percent: NOT_NEGATIVE,
  cpu_throttled_percent: PERCENT,
  restart_count: { ...NOT_NEGATIVE, whole: true },
  ready_percent: PERCENT,
  availability_percent: PERCENT,
  error_rate_percent: PERCENT,
  latency_p99_seconds: NOT_NEGATIVE,
}

/** Of PromQL, and of what other APIs measure, nothing is known here. */
export function domainOf(metric: Parameters<typeof builtInOf>[0]): Domain {
  const name = builtInOf(metric)
  return name === undefined ? ANY_NUMBER : DOMAINS[name]
}

/** One value of each stretch on which all the thresholds say the same, as far as the domain has it. */
function samplesOf(thresholds: readonly Threshold[], { lowest, highest, whole }: Domain): readonly number[] {
  const bounds = [...thresholds.map(({ threshold }) => threshold), lowest, highest].filter(Number.isFinite).sort((a, b) => a - b)
  const [first = 0, last = 0] = [bounds[0], bounds.at(-1)]
  const between = bounds.slice(1).map((bound, index) => ((bounds[index] ?? bound) + bound) / 2)
  // The next whole number after a bound is the first of the stretch behind it, if that has one.
  const values = whole ? bounds.flatMap((bound) => [Math.ceil(bound) - 1, Math.ceil(bound), Math.floor(bound) + 1]) : [first - 1 - Math.abs(first), ...bounds, ...between, last + 1 + Math.abs(last)]
  return values.filter((value) => value >= lowest && value <= highest)
}

/** Every value that is beyond the inner threshold is beyond the outer one. */
export const within = (inner: Threshold, outer: Threshold, domain: Domain = ANY_NUMBER): boolean => samplesOf([inner, outer], domain).every((value) => !breaches(inner, value) || breaches(outer, value))

/** Some value is beyond all of them. */
export const canMeet = (thresholds: readonly Threshold[], domain: Domain): boolean => samplesOf(thresholds, domain).some((value) => thresholds.every((one) => breaches(one, value)))
