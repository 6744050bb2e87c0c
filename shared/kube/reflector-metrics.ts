import { noMetrics, type Counter, type Metrics } from '../runtime/metrics.ts'
import type { Reflector } from './reflector.ts'

export interface ReflectorMetrics {
  readonly lists: Counter<'resource'>
  readonly failures: Counter<'resource' | 'kind'>
}

/** Declared once per process and shared by all reflectors. */
export const declareReflectorMetrics = (metrics: Metrics): ReflectorMetrics => ({
  lists: metrics.counter('kubeskippy_reflector_lists_total', 'Full lists by resource. Each after the first repairs a fault.', ['resource']),
  failures: metrics.counter('kubeskippy_reflector_failures_total', 'Failed lists and watches by resource and kind.', ['resource', 'kind']),
})

export const silentReflectorMetrics: ReflectorMetrics = declareReflectorMetrics(noMetrics)

/** The age of every reflector, read at the scrape. */
export function declareReflectorAges(metrics: Metrics, reflectors: readonly Pick<Reflector<unknown>, 'name' | 'age'>[]): void {
  metrics.sampled('kubeskippy_reflector_age_seconds', 'Time since the API server was last heard, by reflector.', ['reflector'], () =>
    reflectors.map(({ name, age }) => ({ labels: { reflector: name }, value: age / 1000 })),
  )
}
