/** Metrics by prom-client, in a registry of their own. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Metrics } from '../runtime/metrics.ts'

export interface PromMetrics extends Metrics {
  /** The text that a scrape gets. */
  exposition(): Promise<{ readonly contentType: string; readonly text: string }>
}

export function promMetrics(): PromMetrics {
  const registry = new Registry()
  // CPU, memory, event loop lag of the process: every 100 ms, since 10 (the default) wakes one that has nothing to do a hundred times a second.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 })
  // Thirteen spaces of V8's heap, three series each: more than half of what a process says of itself, and nobody asks for it.
  for (const what of ['total', 'used', 'available']) registry.removeSingleMetric(`nodejs_heap_space_size_${what}_bytes`)
  const registers = [registry]
  return {
    counter: ({ name, help, labels }) => {
      const counter = new Counter({ name, help, labelNames: Object.keys(labels), registers })
      return { inc: (values, n = 1) => counter.inc({ ...values }, n) }
    },
    gauge: ({ name, help, labels }) => {
      const gauge = new Gauge({ name, help, labelNames: Object.keys(labels), registers })
      return { set: (values, value) => gauge.set({ ...values }, value), remove: (values) => gauge.remove({ ...values }) }
    },
    histogram: ({ name, help, buckets, labels }) => {
      const histogram = new Histogram({ name, help, buckets: [...buckets], labelNames: Object.keys(labels), registers })
      return { observe: (values, value) => histogram.observe({ ...values }, value) }
    },
    sampled: ({ name, help, labels }, read) => {
      const gauge = new Gauge({
        name,
        help,
        labelNames: Object.keys(labels),
        registers: [],
        collect() {
          this.reset()
          for (const { labels: values, value } of read()) this.set({ ...values }, value)
        },
      })
      registry.registerMetric(gauge)
    },
    exposition: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  }
}
