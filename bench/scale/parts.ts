/** What runs: a control plane with simulated nodes and pods, the bare client and the controller. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startCluster, type Cluster } from '../../e2e/cluster/cluster.ts'
import { answers, Guest } from '../../e2e/cluster/guest.ts'
import { simulateNodes } from '../../e2e/cluster/simulated.ts'
import { install, type Installation } from '../../e2e/installation/installation.ts'
import { inLanes } from '../../hack/ci/lanes.ts'
import { systemTimers } from '../../shared/adapters/system-clock.ts'
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import type { KubeManifest, KubeObject, ObjectList, Resource } from '../../shared/kube/api.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import { collectionPath } from '../../shared/kube/paths.ts'
import { HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES, NAMESPACES, PODS, REPLICA_SETS, WORKLOADS } from '../../shared/kube/resources.ts'
import { connect, type KubeConnection } from '../../shared/kube/transport.ts'
import { millis } from '../../shared/lib/time.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { bundle } from '../../hack/bundle.ts'
import { inOrder, namespaces, nodeCount, workloads, type PodKey } from './world.ts'

/** Writes of the benchmark itself that are under way at once: enough for 1,000 in a second. */
const LANES = 48

export interface Stage {
  readonly cluster: Cluster
  readonly installation: Installation
  /** An administrator with a connection for every lane. */
  readonly api: KubeConnection
  /** Where the bundled programs are. */
  readonly folder: string
  readonly say: (line: string) => void
}

export async function startStage(folder: string, say: (line: string) => void): Promise<Stage> {
  await bundle(folder)
  const cluster = await startCluster({ node: false, log: say })
  try {
    const installation = await install(cluster, { controller: false, webhook: false })
    const api = connect({ kubeconfig: cluster.kubeconfig, userAgent: 'benchmark', timers: systemTimers, log: silentLogger, connections: LANES })
    return { cluster, installation, api, folder, say }
  } catch (error) {
    await cluster.stop()
    throw error
  }
}

/** Namespaces with their healers, nodes, workloads, and pods that run: these in an order of their workloads. */
export async function populate({ cluster, installation, api, say }: Stage, count: number, policyCounts: readonly number[]): Promise<readonly PodKey[]> {
  for (const name of namespaces) {
    await api.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    await installation.enable(name)
  }
  const kwok = await simulateNodes(cluster, nodeCount(count), { log: say })
  await createAll(api, REPLICA_SETS, workloads(count, policyCounts))
  for (;;) {
    const pods = await listAll(api, PODS, 'status.phase=Running')
    if (pods.length === count) return inOrder(pods)
    if (kwok.process === undefined) throw new Error(`kwok ended: ${kwok.logEnd()}`)
    say(`${pods.length} of ${count} pods run`)
    await sleep(5000)
  }
}

export const createAll = (api: KubeConnection, resource: Resource, manifests: readonly KubeManifest[]): Promise<void> =>
  inLanes(manifests, LANES, async (manifest) => {
    await api.create(resource, manifest, { timeout: millis(60_000) })
  })

export const patchStatuses = (api: KubeConnection, of: readonly PodKey[], status: () => object, sent: (pod: string) => void = () => {}): Promise<void> =>
  inLanes(of, LANES, async (key) => {
    sent(`${key.namespace}/${key.name}`)
    await api.patch(PODS, key, { type: 'merge', body: { status: status() } }, { subresource: 'status', timeout: millis(60_000) })
  })

export async function listAll<T extends KubeObject>(api: KubeConnection, resource: Resource, fieldSelector?: string): Promise<readonly T[]> {
  const items: T[] = []
  for (let token: string | undefined = ''; token !== undefined;) {
    const page: ObjectList<T> = await api.list<T>(resource, { limit: 500, ...(token === '' ? {} : { continue: token }), ...(fieldSelector === undefined ? {} : { fieldSelector }) })
    items.push(...page.items)
    token = page.continue
  }
  return items
}

/** Everything of the last cell, so that the next one begins as the first one did. */
export async function clear({ api }: Stage): Promise<void> {
  for (const resource of [HEALING_POLICIES, HEALING_ACTIONS, HEALING_LEDGERS]) {
    await inLanes(await listAll(api, resource), LANES, async ({ metadata: { namespace, name } }) => {
      try {
        await api.delete(resource, { namespace, name }, { timeout: millis(60_000) })
      } catch (error) {
        if (!isApiError(error, 'NotFound')) throw error
      }
    })
  }
}

export interface Running {
  readonly guest: Guest
  readonly pid: number
  /** Milliseconds of the epoch at which its process was asked for. */
  readonly from: number
}

export const now = (): number => performance.timeOrigin + performance.now()

async function run(guest: Guest, args: readonly string[]): Promise<Running> {
  const from = now()
  await guest.launch(args)
  const { process } = guest
  if (process === undefined) throw new Error(`${guest.name} ended: ${guest.logEnd()}`)
  return { guest, pid: process.pid, from }
}

/** What the controller watches, but for the two watches of single names. */
const WATCHED = [...[PODS, ...WORKLOADS, NAMESPACES, HEALING_POLICIES, HEALING_ACTIONS].map((resource) => collectionPath(resource, undefined, 'path')), collectionPath(HEALING_LEDGERS, OPERATOR_NAMESPACE, 'path')]

/** Its log is what it says. */
export const startBare = ({ cluster, installation }: Stage, name: string): Promise<Running> =>
  run(new Guest(cluster, { name, file: process.execPath, isReady: async () => true }), [fileURLToPath(new URL('bare.ts', import.meta.url)), installation.controllerKubeconfig(), ...WATCHED])

export interface Controller extends Running {
  readonly readyUrl: string
  readonly metricsUrl: string
}

export interface ControllerOptions {
  /** Folder in which V8 leaves a profile of it when it ends. */
  readonly profile?: string | undefined
  /** Beside the ones of the benchmark. */
  readonly flags?: readonly string[]
  /** Counts from 0 where several run at once: each has ports of its own. */
  readonly place?: number
}

/** The bundled program, as in the image, with a raised ceiling. */
export async function startController({ cluster, installation, folder }: Stage, name: string, { profile, flags = [], place = 0 }: ControllerOptions = {}): Promise<Controller> {
  const [health, metrics] = cluster.sparePorts.slice(2 * place)
  const readyUrl = `http://127.0.0.1:${health}/readyz`
  const guest = new Guest(cluster, { name, file: process.execPath, isReady: () => answers(readyUrl) })
  const running = await run(guest, [
    ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]), join(folder, 'kubeskippy.js'), 'controller', `--kubeconfig=${installation.controllerKubeconfig()}`,
    `--health-probe-bind-address=127.0.0.1:${health}`, `--metrics-bind-address=127.0.0.1:${metrics}`, '--max-actions-per-hour=200', ...flags,
  ])
  return { ...running, readyUrl, metricsUrl: `http://127.0.0.1:${metrics}/metrics` }
}
