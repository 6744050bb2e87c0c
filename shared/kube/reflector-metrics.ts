import { METRICS } from '../runtime/metric-table.ts'
import { noMetrics, type Counter, type Metrics } from '../runtime/metrics.ts'
import type { Reflector } from './reflector.ts'

export interface ReflectorMetrics {
  readonly lists: Counter<'resource'>
  readonly failures: Counter<'resource' | 'kind'>
}

/** Declared once per process and shared by all reflectors. */
export const declareReflectorMetrics = (metrics: Metrics): ReflectorMetrics => ({
  lists: metrics.counter(METRICS.watchLists),
  failures: metrics.counter(METRICS.watchFailures),
})

export const silentReflectorMetrics: ReflectorMetrics = declareReflectorMetrics(noMetrics)

/** The age of every reflector, read at the scrape. */
export function declareReflectorAges(metrics: Metrics, reflectors: readonly Pick<Reflector<unknown>, 'name' | 'age'>[]): void {
  metrics.sampled(METRICS.watchAge, () =>
    reflectors.map(({ name, age }) => ({ labels: { reflector: name }, value: age / 1000 })),
  )
}
