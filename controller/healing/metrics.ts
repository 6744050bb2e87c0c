/** Metrics as a decision sees them: what was asked, and what came back with its time. Data only; adapters do the asking. */
import type { Labels } from '../../shared/lib/selector.ts'
import type { Instant, Millis } from '../../shared/lib/time.ts'

/** One thing to ask of one source. Equal questions of all policies are asked once. */
export type MetricQuestion =
  /** `source` is a name from the installation's configuration; undefined: the only one, or the one called `default`. */
  | { readonly kind: 'promql'; readonly source: string | undefined; readonly expression: string }
  /** CPU and memory of the containers of a namespace, from metrics.k8s.io. */
  | { readonly kind: 'podUsage'; readonly namespace: string }
  /** Of every object of a resource (`pods`, `deployments.apps`) in a namespace, from custom.metrics.k8s.io. */
  | { readonly kind: 'customMetric'; readonly namespace: string; readonly resource: string; readonly metric: string }
  /** From external.metrics.k8s.io. */
  | { readonly kind: 'externalMetric'; readonly namespace: string; readonly metric: string; readonly selector: string }
  /** Endpoints of the Services of a namespace: how many of them are ready. */
  | { readonly kind: 'endpoints'; readonly namespace: string }
  /** Counters of CPU periods of the containers of a namespace that run on a node, from its kubelet. */
  | { readonly kind: 'kubelet'; readonly node: string; readonly namespace: string }

export const questionKey = (question: MetricQuestion): string => JSON.stringify(question)

export interface Point {
  readonly at: Instant
  /** May be NaN or infinite: sources say so, and it counts as no data. */
  readonly value: number
  /** No reading since the point before it has failed: the source has had nothing in between, and that is no break. */
  readonly unbroken?: true
  /** Where the source says it: the time before it over which it was measured. */
  readonly over?: Millis
}

export interface Series {
  readonly labels: Labels
  /** In order of time, the newest last; never empty. */
  readonly points: readonly Point[]
}

/** All that is known of one question. */
export interface MetricReading {
  /** When the last good answer was asked for: it knows of nothing that came later, however long it took. */
  readonly askedAt: Instant | undefined
  /** Since when there has been no good answer: the first asking. Of no meaning after a good one. */
  readonly askedFrom: Instant
  /** With what came before the last answer, as far back as triggers need. */
  readonly series: readonly Series[]
  /** Points of one series that are further apart have something missing between them. */
  readonly gap: Millis
  /** Why the newest try failed. */
  readonly failure: string | undefined
}

/** Of all questions; those that were never asked are not in it. */
export interface MetricReadings {
  /** Time between two askings. */
  readonly tick: Millis
  /** The kubelets tell how much containers are held back, where a trigger names no source. */
  readonly kubelets?: true
  readonly byQuestion: ReadonlyMap<string, MetricReading>
}

/** Missing for longer, a reading is no data; one tick may be missed, and the asking itself takes its time. */
export const TICKS_OF_GRACE = 2.5

/** A sample that is older than this says nothing of now: the time after which Prometheus itself calls a series stale. */
export const OLDEST_SAMPLE = 300_000 as Millis

/** Before anything was asked. */
export const NO_READINGS: MetricReadings = { tick: 30_000 as Millis, byQuestion: new Map() }
