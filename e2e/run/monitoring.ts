/** Prometheus and metrics-server of a cluster that outlives the process which starts it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from '../cluster/cluster.ts'
import { startMetricsServer } from '../monitoring/metrics-server.ts'
import { startPrometheus } from '../monitoring/prometheus.ts'

export interface Monitoring {
  /** URL, for this machine and for pods. */
  readonly prometheus: string
  /** When metrics-server has figures of the node. */
  readonly figures: Promise<unknown>
}

/** Holds the URL; written when both run. */
const fileOf = ({ dir }: Cluster): string => join(dir, 'prometheus.url')

/** Undefined while there is none. */
export const prometheusOf = (cluster: Cluster): string | undefined => (existsSync(fileOf(cluster)) ? readFileSync(fileOf(cluster), 'utf8') : undefined)

/** Once for each cluster: what was started before is taken as it is. */
export async function startMonitoring(cluster: Cluster): Promise<Monitoring> {
  const started = prometheusOf(cluster)
  if (started !== undefined) return { prometheus: started, figures: Promise.resolve() }
  // One after the other, since both look for a port.
  const { url } = await startPrometheus(cluster, { host: cluster.hostIp, outlives: true, scrapeInterval: '1s' })
  const figures = measure(cluster, url)
  // Its failure is told where it is awaited.
  figures.catch(() => {})
  return { prometheus: url, figures }
}

async function measure(cluster: Cluster, url: string): Promise<void> {
  await startMetricsServer(cluster)
  writeFileSync(fileOf(cluster), url)
}
