/** Metrics that a trigger can name without knowing PromQL. */

export const BUILT_IN_METRICS = [
  'cpu_usage_percent',
  'memory_usage_percent',
  'cpu_throttled_percent',
  'restart_count',
  'ready_percent',
  'availability_percent',
  'error_rate_percent',
  'latency_p99_seconds',
] as const

export type BuiltInMetric = (typeof BUILT_IN_METRICS)[number]

export const isBuiltIn = (query: string): query is BuiltInMetric => (BUILT_IN_METRICS as readonly string[]).includes(query)

/** Sources with a name of their own; others are Prometheus. No configured name has a dot. */
export const CUSTOM_METRICS = 'custom.metrics.k8s.io'
export const EXTERNAL_METRICS = 'external.metrics.k8s.io'

/** A word alone: the name of a built-in metric, or of a series. */
export const isBareWord = (query: string): boolean => /^[A-Za-z_:][A-Za-z0-9_:]*$/.test(query)

/** Which built-in metric a trigger names. A source that is no Prometheus makes it a metric of that API, whatever it is called. */
export function builtInOf({ query, source }: { readonly query: string; readonly source?: string | undefined }): BuiltInMetric | undefined {
  const name = query.trim()
  return source !== CUSTOM_METRICS && source !== EXTERNAL_METRICS && isBuiltIn(name) ? name : undefined
}

/** Their value is about the whole `window` up to now. */
export const OVER_WINDOW: ReadonlySet<BuiltInMetric> = new Set<BuiltInMetric>(['cpu_throttled_percent', 'error_rate_percent', 'latency_p99_seconds'])
