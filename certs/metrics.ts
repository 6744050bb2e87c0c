import { METRICS } from '../shared/runtime/metric-table.ts'
import type { Metrics } from '../shared/runtime/metrics.ts'
import type { CertificateKeeper } from './keeper.ts'

/** Read at the scrape. */
export function declareCertificateMetrics(metrics: Metrics, keeper: Pick<CertificateKeeper, 'expires' | 'trusted'>): void {
  metrics.sampled(METRICS.certificateEnd, () => (keeper.expires === undefined ? [] : [{ labels: {}, value: keeper.expires / 1000 }]))
  metrics.sampled(METRICS.bundleInSync, () => [
    { labels: { configuration: 'validating' }, value: Number(keeper.trusted.required) },
    { labels: { configuration: 'mutating' }, value: Number(keeper.trusted.optional) },
  ])
}
