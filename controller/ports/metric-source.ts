/** Where metrics come from. A source answers with data or with the reason why it has none; it does not throw. */
import type { MetricQuestion, MetricReadings, Series } from '../healing/metrics.ts'
import type { Instant, Millis } from '../../shared/lib/time.ts'

export type MetricAnswer =
  | { readonly kind: 'Series'; readonly series: readonly Series[]; readonly warnings?: readonly string[] }
  /** A sentence that a person can act on, without secrets. */
  | { readonly kind: 'NoData'; readonly why: string }

/** How much of the past is wanted. */
export interface Lookback {
  readonly span: Millis
  readonly step: Millis
}

export interface MetricSource {
  /** Kubelets can be asked. */
  readonly kubelets?: true | undefined
  /** Sources of one lane share its few connections; a slow lane holds up nobody else. */
  lane(question: MetricQuestion): string
  /** Under which configured name it is asked for; empty, or absent: under none. */
  nameOf?(question: MetricQuestion): string
  /** The newest values. Ends by itself within the source's deadline. */
  ask(question: MetricQuestion, now: Instant): Promise<MetricAnswer>
  /** The newest values with what came before them; undefined: this source keeps no past. */
  recall(question: MetricQuestion, lookback: Lookback, now: Instant): Promise<MetricAnswer> | undefined
}

/** The newest readings, for decisions. */
export interface MetricMemory {
  readings(): MetricReadings
}
