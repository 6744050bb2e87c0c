/**
 * Metrics as a port. A metric is declared once, from its line in `metric-table.ts`; the values are an object of exactly its labels.
 * Declaring a name twice is a bug and throws. Counters start at zero when `inc(labels, 0)` is called for known labels.
 */
export type LabelValues<L extends string> = Readonly<Record<L, string>>

export interface Counter<L extends string = never> {
  /** `n` is 1 when absent, never negative. */
  inc(labels: LabelValues<L>, n?: number): void
}

export interface Gauge<L extends string = never> {
  set(labels: LabelValues<L>, value: number): void
  /** Forgets the series, so that a deleted object does not report its last value for ever. */
  remove(labels: LabelValues<L>): void
}

export interface Histogram<L extends string = never> {
  observe(labels: LabelValues<L>, value: number): void
}

/** One sample of a gauge that is read when it is scraped. */
export interface Sample<L extends string = never> {
  readonly labels: LabelValues<L>
  readonly value: number
}

/** The values that a label may have: all of them, or how many at most and of what. Never names of pods. */
export type LabelDomain = readonly string[] | { readonly atMost: number; readonly of: string }

export type Unit = 'count' | 'seconds' | 'unix seconds' | 'bool' | 'state' | 'share'

export interface MetricDefinition<L extends string = string> {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly unit: Unit
  readonly labels: Readonly<Record<L, LabelDomain>>
  readonly help: string
}

export interface HistogramDefinition<L extends string = string> extends MetricDefinition<L> {
  readonly type: 'histogram'
  /** Upper bounds in the metric's unit, ascending. */
  readonly buckets: readonly number[]
}

type Of<T extends MetricDefinition['type'], L extends string> = MetricDefinition<L> & { readonly type: T }

export interface Metrics {
  counter<const L extends string = never>(definition: Of<'counter', L>): Counter<L>
  gauge<const L extends string = never>(definition: Of<'gauge', L>): Gauge<L>
  histogram<const L extends string = never>(definition: HistogramDefinition<L>): Histogram<L>
  /** A gauge whose values are read at the scrape: ages and depths need no timer. `read` must not throw. */
  sampled<const L extends string = never>(definition: Of<'gauge', L>, read: () => readonly Sample<L>[]): void
}

/** Counts nothing: for tests and tools. */
export const noMetrics: Metrics = {
  counter: () => ({ inc: () => {} }),
  gauge: () => ({ set: () => {}, remove: () => {} }),
  histogram: () => ({ observe: () => {} }),
  sampled: () => {},
}
