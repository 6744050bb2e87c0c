/** Starts and stops clusters: what tests, the demo and `make` use. */
import { join } from 'node:path'
import { toolDir } from './build.ts'
import { loseNode, removeCluster, removeSharedTraces, sweep } from './cleanup.ts'
import { apiServerReady, ask, backUpEtcd, controllersReady, localServer, readPair, restartApiServer, restartEtcd, restoreEtcd, startApiServer, startControllers, startEtcd, writePki } from './control-plane.ts'
import { ClusterError, messageOf } from './errors.ts'
import { exec, type Finished } from './exec.ts'
import { existing, openExisting } from './existing.ts'
import { arePortsFree, assertPortFree, hostLinks, hostRoutes, joinNodes, moveAddress } from './network.ts'
import { importImage, nodeReady, prepareNode, startKubelet, type Node } from './node.ts'
import { ensureParts, type NodeParts } from './parts.ts'
import { clusterDir, filesOf, keepsFailed } from './paths.ts'
import { makePki, type KeyPair } from './pki.ts'
import { assertMachine } from './preflight.ts'
import { identify, isAlive } from './process-id.ts'
import { isGuest, plainEnv, recorded } from './processes.ts'
import { assertName, assertShort, freeSlots, networkOf, nodePlans, portsOf, sparePortsOf, type ClusterPlan, type NodePlan } from './spec.ts'
import { listClusters, readPlan, withState, writePlan } from './state.ts'

export interface ClusterOptions {
  /** 1 to 16 lower-case letters, digits and dashes; default: made from our process number. */
  readonly name?: string
  /** False: control plane only, which needs no root. Default true. */
  readonly node?: boolean
  /** How many nodes, where there are any: 1 (default) or 2. The loss of one of two is noticed within 12 s. */
  readonly nodes?: 1 | 2
  /** True: one that is there already will do (`KUBESKIPPY_CONTEXT`): the suite asks for nothing but an API server and nodes, and leaves nothing. Default false. */
  readonly anywhere?: boolean
  /** True: it lives until stopCluster, whatever becomes of this process. Default false. */
  readonly persistent?: boolean
  /** Of the API server; default: one of the harness's choice. */
  readonly port?: number
  /** Added to the API server's flags, such as `--feature-gates=...`. */
  readonly apiServerArgs?: readonly string[]
  /** Longest pause between two starts of a crashing container, seconds, 1 to 300; default 8 (Kubernetes: 300). */
  readonly crashLoopSeconds?: number
  /** Default: to stderr. */
  readonly log?: (line: string) => void
  /** Where progress may rewrite its line. */
  readonly terminal?: NodeJS.WriteStream
}

export interface KubectlOptions {
  /** On stdin, for `apply -f -`. */
  readonly input?: string
  /** User to impersonate, such as `system:serviceaccount:shop:default`. */
  readonly as?: string
  /** Added to a plain environment. */
  readonly env?: NodeJS.ProcessEnv
  /** Milliseconds. */
  readonly timeout?: number
}

export interface Cluster {
  readonly name: string
  /** False: control plane only. */
  readonly node: boolean
  /** How many nodes there are. */
  readonly nodes: number
  /** False: somebody else's, by `KUBESKIPPY_CONTEXT`. */
  readonly isOwn: boolean
  /** File of an administrator, with everything inline. */
  readonly kubeconfig: string
  /** URL for processes of this machine. */
  readonly server: string
  readonly caFile: string
  /** Signs what the API server and its clients trust. */
  readonly ca: KeyPair
  readonly dir: string
  /** One JSON object per line, written before the client has its answer. */
  readonly auditLog: string
  /** Directory of kubectl and the other programs of Kubernetes. */
  readonly bin: string
  /** For programs beside the cluster; the harness itself and other clusters use none of them. */
  readonly sparePorts: readonly number[]
  /** Address of this machine as seen from the node and its pods. */
  readonly hostIp: string
  /** Where pods look names up; nobody answers there before `startDns`. */
  readonly dnsIp: string
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<Finished>
  /** Loads an archive made by `docker save` or `buildah push docker-archive:` into every node. */
  loadImage(archive: string): Promise<void>
  /** Ends a node as a failure of its power would, with all that runs on it. It does not come back. */
  loseNode(name: string): Promise<void>
  /** Ends the API server as a crash would, and starts it again. */
  restartApiServer(): Promise<void>
  /** The same of etcd, under a living API server. */
  restartEtcd(): Promise<void>
  /** What `restoreEtcd` goes back to. Etcd restarts for it. Returns when that was, in milliseconds of the epoch. */
  backUpEtcd(): Promise<number>
  /** Versions go back with everything else. */
  restoreEtcd(): Promise<void>
  /** From now on it lives until stopCluster, whatever becomes of this process. */
  keep(): void
  /** Removes every trace. */
  stop(): Promise<void>
}

/** Removed when this process is asked to end. */
const ephemeral = new Set<string>()
let made = 0

export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const there = existing()
  if (there !== undefined) return openExisting(there, options)
  const log = options.log ?? ((line: string) => { console.error(line) })
  const node = options.node ?? true
  const name = options.name ?? `t${process.pid}-${made += 1}`
  assertName(name)
  await assertMachine({ node })
  if (node) assertShort(options.nodes === 2 ? `${clusterDir(name)}/n1` : clusterDir(name))
  const parts = await ensureParts(node, options.terminal === undefined ? { log } : { log, terminal: options.terminal })
  const plan = await withState(log, async () => reserve(name, node, options, log))
  ephemeral.add(name)
  watchSignals()
  try {
    await bringUp(plan, options, parts, log)
  } catch (cause) {
    ephemeral.delete(name)
    if (keepsFailed()) log(`kept for a look: ${plan.dir}`)
    else await stopCluster(name)
    throw cause
  }
  if (options.persistent === true) keep(plan)
  return handleOf(plan)
}

function keep(plan: ClusterPlan): void {
  const { owner: _, ...withoutOwner } = plan
  writePlan(withoutOwner)
  ephemeral.delete(plan.name)
}

/** One that another process started and that is up; undefined if there is none of that name. */
export async function openCluster(name: string): Promise<Cluster | undefined> {
  const plan = readPlan(clusterDir(name))
  if (plan === undefined) return undefined
  const programs = recorded(plan.dir).filter(({ name }) => !isGuest(name))
  const complete = programs.length === 4 + 4 * nodePlans(plan).length && programs.every((program) => isAlive(program.id))
  return complete && (await ask(plan, '/readyz'))?.status === 200 ? handleOf(plan) : undefined
}

/** Ends a cluster, whoever started it, and removes every trace. True if there was one. */
export async function stopCluster(name: string): Promise<boolean> {
  const found = listClusters().find(({ dir }) => dir === clusterDir(name))
  if (found !== undefined) await removeCluster(found)
  ephemeral.delete(name)
  await withState(() => {}, async () => { removeSharedTraces() })
  return found !== undefined
}

/** Removes what crashed runs left behind. Names of what was removed. */
export async function sweepClusters(log: (line: string) => void): Promise<readonly string[]> {
  return withState(log, async () => {
    const names = await sweep()
    removeSharedTraces()
    return names
  })
}

/** Under the lock: a place that nobody else uses, written down before anything is made. */
async function reserve(name: string, node: boolean, options: ClusterOptions, log: (line: string) => void): Promise<ClusterPlan> {
  const { port, persistent } = options
  for (const swept of await sweep()) log(`removed what a run that ended early left behind: ${swept}`)
  const dir = clusterDir(name)
  const clusters = listClusters()
  const same = clusters.find((cluster) => cluster.dir === dir)
  if (same?.plan?.owner !== undefined) throw new ClusterError(`A cluster ${name} is run by process ${same.plan.owner.pid}: choose another name, or end that process.`)
  if (same !== undefined) {
    if (persistent !== true || await openCluster(name) !== undefined) throw new ClusterError(`A cluster ${name} exists: end it first (make down NAME=${name}), or choose another name.`)
    log(`removing the cluster ${name}, which is not up any more`)
    await removeCluster(same)
  }
  if (port !== undefined) await assertPortFree(port)
  const occupied = {
    slots: clusters.flatMap(({ plan }) => plan === undefined || plan.name === name ? [] : [plan.slot]),
    links: node ? await hostLinks() : [],
    routes: node ? await hostRoutes() : [],
  }
  const owner = identify(process.pid)
  if (owner === undefined) throw new ClusterError('This process does not find itself in /proc: mount a proc file system there.')
  for (const slot of freeSlots(occupied)) {
    const ports = { ...portsOf(slot), ...(port === undefined ? {} : { apiServer: port }) }
    if (!await arePortsFree([...Object.values(ports), ...sparePortsOf(slot)])) continue
    const plan: ClusterPlan = { name, slot, dir, node, ports, network: networkOf(slot), apiServerArgs: options.apiServerArgs ?? [], cgroup: `/kubeskippy-${slot}`, owner, ...(node && options.nodes === 2 ? { nodes: 2 } : {}) }
    writePlan(plan)
    return plan
  }
  throw new ClusterError(`No place is left for a cluster: every network 10.200-202.x.0 is routed or its ports (from ${portsOf(0).apiServer}) are taken; end a cluster (list names them), or the routes that are in the way.`)
}

async function bringUp(plan: ClusterPlan, options: ClusterOptions, parts: NodeParts | undefined, log: (line: string) => void): Promise<void> {
  const begin = performance.now()
  const took = () => `${((performance.now() - begin) / 1000).toFixed(1)} s`
  log(`starting the cluster ${plan.name} (usually about ${plan.node ? 6 : 4} s)`)
  // The node's own part needs no API server: both at once. Its failure is told where it is awaited.
  const nodes = nodePlans(plan)
  const preparing = parts === undefined ? undefined : prepareNodes(nodes, parts)
  preparing?.catch(() => {})
  try {
    writePki(plan, await makePki({ ...plan.network, nodes: nodes.map(({ nodeName, network: { nodeIp } }) => ({ nodeName, nodeIp })) }))
    await startEtcd(plan)
    await startApiServer(plan)
    await apiServerReady(plan)
    await startControllers(plan)
    const prepared = (await preparing) ?? []
    for (const node of prepared) await startKubelet(node, { crashLoopSeconds: options.crashLoopSeconds ?? 8 })
    await controllersReady(plan)
    log(`control plane ready after ${took()}`)
    if (prepared.length === 0) return
    await Promise.all(prepared.map(nodeReady))
    log(`${prepared.length === 1 ? 'node' : 'nodes'} ready after ${took()}`)
  } catch (cause) {
    // Nothing may go on in the background while the caller cleans up.
    await preparing?.catch(() => {})
    throw cause
  }
}

async function prepareNodes(plans: readonly NodePlan[], { programs, image }: NodeParts): Promise<readonly Node[]> {
  const prepared = await Promise.all(plans.map((plan) => prepareNode(plan, programs, image)))
  const [one, other] = prepared.map(({ plan: { network }, holder: { pid } }) => ({ network, pid }))
  if (one !== undefined && other !== undefined) await joinNodes([one, other])
  return prepared
}

function handleOf(plan: ClusterPlan): Cluster {
  const files = filesOf(plan.dir)
  return {
    name: plan.name,
    node: plan.node,
    nodes: nodePlans(plan).length,
    isOwn: true,
    kubeconfig: files.kubeconfig('admin'),
    server: localServer(plan),
    caFile: join(files.pki, 'ca.crt'),
    ca: readPair(plan, 'ca'),
    dir: plan.dir,
    auditLog: files.auditLog,
    bin: toolDir('kubernetes'),
    sparePorts: sparePortsOf(plan.slot),
    hostIp: plan.network.hostIp,
    dnsIp: plan.network.dnsIp,
    kubectl: async (args, options) => kubectl(plan, args, options),
    loadImage: async (archive) => { await Promise.all(nodePlans(plan).map(async (node) => importImage(node, archive))) },
    loseNode: async (name) => {
      const found = nodePlans(plan).find(({ nodeName }) => nodeName === name)
      if (found === undefined) throw new ClusterError(`The cluster ${plan.name} has no node ${name}.`)
      await loseNode(found)
      // The API server and this machine are dialled by an address of the first link, from the other node too.
      const [left] = nodePlans(plan).filter(({ nodeName }) => nodeName !== name)
      if (left !== undefined && found.network.hostIp === plan.network.hostIp) await moveAddress(plan.network.hostIp, left.network.link)
    },
    restartApiServer: async () => restartApiServer(plan),
    restartEtcd: async () => restartEtcd(plan),
    backUpEtcd: async () => backUpEtcd(plan),
    restoreEtcd: async () => restoreEtcd(plan),
    keep: () => { keep(plan) },
    stop: async () => { await stopCluster(plan.name) },
  }
}

async function kubectl(plan: ClusterPlan, args: readonly string[], options: KubectlOptions = {}): Promise<Finished> {
  const files = filesOf(plan.dir)
  const { as, env, ...rest } = options
  const common = ['--kubeconfig', files.kubeconfig('admin'), '--cache-dir', files.kubectlCache, ...(as === undefined ? [] : ['--as', as])]
  return exec(join(toolDir('kubernetes'), 'kubectl'), [...common, ...args], { ...rest, env: { ...plainEnv(), ...env } })
}

let watching = false

/** A killed run cleans up nothing (the next one does); one that is asked to end does so itself. */
function watchSignals(): void {
  if (watching) return
  watching = true
  for (const [name, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const) {
    process.once(name, () => {
      void Promise.allSettled([...ephemeral].map(stopCluster)).then((results) => {
        for (const result of results) if (result.status === 'rejected') console.error(messageOf(result.reason))
        process.exit(code)
      })
    })
  }
}
