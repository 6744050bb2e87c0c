/**
 * Nodes that only seem to be there, with pods that only seem to run, by kwok: what a control plane can have without root.
 * The API server, the scheduler and the controllers are real.
 */
import { join } from 'node:path'
import { toolDir, type Reporter } from './build.ts'
import type { Cluster } from './cluster.ts'
import { ClusterError } from './errors.ts'
import { Guest } from './guest.ts'
import { ensureSimulationParts } from './parts.ts'
import { simulatedNode } from './spec.ts'
import { waitFor } from './wait.ts'

/** By which kwok knows them. */
const SIMULATED = 'kwok.x-k8s.io/node'
const READY_WITHIN = 60_000
/** More would be a slip of the hand; the benchmark of 10,000 pods has 40. */
export const MOST_SIMULATED_NODES = 200

/** How many are wished for; empty: none. @throws ClusterError */
export function readSimulated(text: string): number {
  const count = text === '' ? 0 : Number(text)
  if (text !== '' && !isCount(count)) throw new ClusterError(`"${text}" simulated nodes there cannot be: write 1 to ${MOST_SIMULATED_NODES}.`)
  return count
}

const isCount = (count: number): boolean => Number.isInteger(count) && count >= 1 && count <= MOST_SIMULATED_NODES

/**
 * Returns kwok's process when all of them are Ready; they end with the cluster. Of a pod on one of them no image is pulled and no container runs: it is Ready at once, and goes at once.
 * @param count 1 to 200
 * @throws ClusterError when it has nodes of its own, or they do not come up
 */
export async function simulateNodes(cluster: Cluster, count: number, report: Reporter): Promise<Guest> {
  if (cluster.node) throw new ClusterError(`The cluster ${cluster.name} has a real node: simulated ones are for a control plane alone.`)
  if (!isCount(count)) throw new ClusterError(`${count} simulated nodes there cannot be: write 1 to ${MOST_SIMULATED_NODES}.`)
  await ensureSimulationParts(report)
  const kwok = new Guest(cluster, { name: 'kwok', file: join(toolDir('kwok'), 'kwok'), isReady: async () => true })
  if (kwok.process === undefined) {
    await kwok.launch(['--kubeconfig', cluster.kubeconfig, '--config', join(import.meta.dirname, 'stages.yaml'), '--manage-nodes-with-annotation-selector', `${SIMULATED}=fake`, '--node-lease-duration-seconds', '40'])
  }
  const items = Array.from({ length: count }, (_, index) => {
    const name = simulatedNode(index)
    // As a kubelet labels its node: schedulers and spreads go by it.
    return { apiVersion: 'v1', kind: 'Node', metadata: { name, annotations: { [SIMULATED]: 'fake' }, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' } } }
  })
  const applied = await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) })
  if (applied.code !== 0) throw new ClusterError(`The simulated nodes could not be made: ${applied.stderr.trim()}`)
  const ready = await waitFor<'ready' | 'dead'>({ timeout: READY_WITHIN, every: 250 }, async () => {
    if (kwok.process === undefined) return 'dead'
    const { stdout } = await cluster.kubectl(['get', 'nodes', '-o', 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}'])
    return stdout.split(' ').filter((status) => status === 'True').length >= count ? 'ready' : undefined
  })
  if (ready !== 'ready') throw new ClusterError(`The simulated nodes did not become Ready${ready === 'dead' ? ', since kwok ended' : ` within ${READY_WITHIN / 1000} s`}: ${kwok.logEnd()}`)
  return kwok
}
