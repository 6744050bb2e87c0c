import type { Cluster } from '../cluster/cluster.ts'
import { ClusterError } from '../cluster/errors.ts'
import { isPortFree } from '../cluster/network.ts'

/** KubeSkippy's own programs are given theirs from the beginning of the list. */
const FROM_THE_END = 10

/** One of the cluster's spare ports that nobody listens on. */
export async function sparePort(cluster: Pick<Cluster, 'sparePorts'>): Promise<number> {
  for (const port of cluster.sparePorts.slice(-FROM_THE_END)) if (await isPortFree(port)) return port
  throw new ClusterError(`All ${FROM_THE_END} ports for monitoring programs are taken: stop one of those programs first.`)
}
