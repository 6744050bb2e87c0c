/**
 * Metrics as a port. A metric is declared once, with its label names; the values are an object of exactly those names.
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

export interface Metrics {
  counter<const L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>
  gauge<const L extends string = never>(name: string, help: string, labels?: readonly L[]): Gauge<L>
  /** `buckets` are upper bounds in the metric's unit, ascending. */
  histogram<const L extends string = never>(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly L[],
  ): Histogram<L>
  /** A gauge whose values are read at the scrape: ages and depths need no timer. `read` must not throw. */
  sampled<const L extends string = never>(
    name: string,
    help: string,
    labels: readonly L[],
    read: () => readonly Sample<L>[],
  ): void
}

/** Counts nothing: for tests and tools. */
export const noMetrics: Metrics = {
  counter: () => ({ inc: () => {} }),
  gauge: () => ({ set: () => {}, remove: () => {} }),
  histogram: () => ({ observe: () => {} }),
  sampled: () => {},
}
