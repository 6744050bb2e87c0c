/** The product in its real shape: its image on a real node, installed by its chart, measured by a real Prometheus. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureTools, type Reporter } from '../cluster/build.ts'
import { openCluster, startCluster, type Cluster, type ClusterOptions } from '../cluster/cluster.ts'
import { assertKind } from '../cluster/command.ts'
import { keepsFailed } from '../cluster/paths.ts'
import { ensureDnsParts, ensureMonitoringParts } from '../cluster/parts.ts'
import { startDns } from '../dns/coredns.ts'
import { productImage, type ProductImage } from '../image/product.ts'
import { removeInstallation } from '../installation/installation.ts'
import { installRelease, RELEASE } from '../installation/release.ts'
import { SCRAPE, SCRAPE_PORT } from '../monitoring/discovery.ts'
import { startMonitoring } from './monitoring.ts'

const CLI = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))

export interface Product {
  /** URL, for this machine and for pods. */
  readonly prometheus: string
}

/** A person watches: figures are read more often than the half minute of an installation. */
const SYNC_INTERVAL = '5s'

/** What is up already is brought up to date with the sources; what is missing is added. It stays until `down`. */
export async function up(name: string, { nodes }: Pick<ClusterOptions, 'nodes'>, report: Reporter): Promise<{ readonly cluster: Cluster; readonly product: Product }> {
  const image = await prepare(report)
  await ensureDnsParts(report)
  const running = await openCluster(name)
  if (running !== undefined) {
    assertKind(running, true, nodes)
    report.log(`the cluster ${name} is up already`)
  }
  const cluster = running ?? await startCluster({ name, ...(nodes === undefined ? {} : { nodes }), ...report })
  try {
    const product = await startProduct(cluster, image, report)
    await startDns(cluster, report)
    if (running === undefined) cluster.keep()
    return { cluster, product }
  } catch (cause) {
    if (running === undefined) await (keepsFailed() ? cluster.keep() : cluster.stop())
    throw cause
  }
}

/** What may have to be built or fetched, before anything is started. */
export async function prepare(report: Reporter): Promise<ProductImage> {
  await ensureMonitoringParts(report)
  await ensureTools(['helm'], report)
  return productImage(report)
}

export async function startProduct(cluster: Cluster, image: ProductImage, report: Reporter): Promise<Product> {
  // What `make run` has started beside it would act, too.
  if (await removeInstallation(cluster, RELEASE)) report.log('the programs beside the cluster have ended')
  const { prometheus, figures } = await startMonitoring(cluster)
  report.log(`Prometheus is at ${prometheus}`)
  report.log('installing KubeSkippy: its image into the node, then helm upgrade --install kubeskippy chart --wait')
  await installRelease(cluster, {
    image,
    config: { syncInterval: SYNC_INTERVAL, prometheus: { sources: [{ name: 'default', url: prometheus, scrapeInterval: '1s' }] } },
    podAnnotations: { [SCRAPE]: 'true', [SCRAPE_PORT]: '8080' },
  })
  await figures
  report.log('KubeSkippy is ready, two pods of each program; metrics-server has figures')
  return { prometheus }
}

/** Directories for the PATH: kubectl of the same version, and this checkout's `kubeskippy`, also as a plug-in of kubectl. */
export function programsFor({ dir, bin }: Cluster): string {
  const own = join(dir, 'bin')
  mkdirSync(own, { recursive: true })
  for (const name of ['kubeskippy', 'kubectl-kubeskippy']) {
    writeFileSync(join(own, name), `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`)
    chmodSync(join(own, name), 0o755)
  }
  return `${own}:${bin}`
}
