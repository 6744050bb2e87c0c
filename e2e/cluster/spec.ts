/**
 * What a cluster is made of, as data. The plan is written to disk before anything is started, so that whoever
 * finds it later (a `down`, or the run after a crash) knows everything there can be to remove.
 */
import { ClusterError } from './errors.ts'
import { overlaps, parseCidr } from './cidr.ts'
import type { ProcessId } from './process-id.ts'

/** Name of the first node, which mostly is the only one. */
export const NODE_NAME = 'node-0'

/** The demo base image, and the sandbox image of every pod. */
export const BUSYBOX_IMAGE = 'kubeskippy.local/busybox:1'

/** As many clusters as one machine runs side by side; the third byte of every network is the slot. */
export const SLOTS = 64

/** Below the usual range of ephemeral ports (from 32768), so that no outgoing connection holds one by chance. */
const FIRST_PORT = 21_000
const PORTS_PER_SLOT = 24

/** A wider route (a VPN's 10.0.0.0/8) gives way to ours by being less specific; a narrower one would fight with it. */
const NARROWEST_HARMLESS_PREFIX = 12

export interface Ports {
  readonly apiServer: number
  readonly etcd: number
  readonly etcdPeer: number
  readonly controllerManager: number
  readonly scheduler: number
}

export interface Network {
  /** Link on the host; its peer is `eth0` in the node's network namespace. At most 15 characters. */
  readonly link: string
  readonly nodeCidr: string
  /** Host end of the link: the API server's address for the node and its pods. */
  readonly hostIp: string
  readonly nodeIp: string
  readonly podCidr: string
  readonly serviceCidr: string
  /** Of the Service `kubernetes`: always the first of the range. */
  readonly serviceIp: string
  readonly dnsIp: string
}

export interface ClusterPlan {
  readonly name: string
  readonly slot: number
  readonly dir: string
  /** False: control plane only, which needs no root and makes no network. */
  readonly node: boolean
  readonly ports: Ports
  readonly network: Network
  /** Flags of the API server on top of the harness's own: a restart needs them again. */
  readonly apiServerArgs: readonly string[]
  /** Below the root of every cgroup hierarchy. */
  readonly cgroup: string
  /** Absent: one, or none. */
  readonly nodes?: 2
  /** The process an ephemeral cluster lives and dies with; absent for one that outlives its maker (`make up`). */
  readonly owner?: ProcessId
}

/** What the machine already uses. */
export interface Occupied {
  readonly slots: readonly number[]
  readonly links: readonly string[]
  /** Destinations of the routing tables, such as `10.0.0.0/8`. */
  readonly routes: readonly string[]
}

export function portsOf(slot: number): Ports {
  const first = FIRST_PORT + slot * PORTS_PER_SLOT
  return { apiServer: first, etcd: first + 1, etcdPeer: first + 2, controllerManager: first + 3, scheduler: first + 4 }
}

export function networkOf(slot: number): Network {
  return {
    link: `kskippy${slot}`,
    nodeCidr: `10.200.${slot}.0/24`,
    hostIp: `10.200.${slot}.1`,
    nodeIp: `10.200.${slot}.2`,
    podCidr: `10.201.${slot}.0/24`,
    serviceCidr: `10.202.${slot}.0/24`,
    serviceIp: `10.202.${slot}.1`,
    dnsIp: `10.202.${slot}.10`,
  }
}

/** One of the nodes. Its `dir`, `network` and `cgroup` are its own, the rest is the cluster's. */
export interface NodePlan extends ClusterPlan {
  readonly nodeName: string
  readonly home: ClusterPlan
  /** In the cluster's list of programs: each node has its own. */
  readonly programName: (program: string) => string
}

/**
 * Where its nodes are. Of two each has half of the cluster's addresses, a link to the host, and one to the other: the
 * host forwards nothing.
 */
export function nodePlans(plan: ClusterPlan): readonly NodePlan[] {
  if (!plan.node) return []
  const { network, slot } = plan
  const first: NodePlan = { ...plan, home: plan, nodeName: NODE_NAME, programName: (program) => program }
  if (plan.nodes === undefined) return [first]
  return [
    { ...first, network: { ...network, podCidr: `10.201.${slot}.0/25` } },
    {
      ...plan, home: plan, nodeName: 'node-1', programName: (program) => `${program}-1`,
      // Short, for the unix sockets in it.
      dir: `${plan.dir}/n1`,
      cgroup: `${plan.cgroup}-1`,
      network: { ...network, link: `${network.link}b`, nodeCidr: `10.200.${slot}.128/25`, hostIp: `10.200.${slot}.129`, nodeIp: `10.200.${slot}.130`, podCidr: `10.201.${slot}.128/25` },
    },
  ]
}

/** For programs beside the cluster, such as KubeSkippy itself: no other cluster uses them. */
export function sparePortsOf(slot: number): readonly number[] {
  const taken = Object.keys(portsOf(slot)).length
  return Array.from({ length: PORTS_PER_SLOT - taken }, (_, index) => FIRST_PORT + slot * PORTS_PER_SLOT + taken + index)
}

/** Slots whose names and networks nobody uses, lowest first. Ports are left to the caller: only binding tells. */
export function freeSlots(occupied: Occupied): readonly number[] {
  const routes = occupied.routes.map(parseCidr).filter((route) => route !== undefined)
  return Array.from({ length: SLOTS }, (_, slot) => slot).filter((slot) => {
    const network = networkOf(slot)
    const ours = [network.nodeCidr, network.podCidr, network.serviceCidr].map(parseCidr).filter((cidr) => cidr !== undefined)
    return !occupied.slots.includes(slot) &&
      !occupied.links.includes(network.link) &&
      !routes.some((route) => route.prefix > NARROWEST_HARMLESS_PREFIX && ours.some((cidr) => overlaps(cidr, route)))
  })
}

/** Containerd refuses a longer directory for its shims' sockets: 107 characters less a slash and a sha256. */
export const MAX_SOCKET_DIR = 42

export function assertName(name: string): void {
  if (!/^[a-z0-9]([a-z0-9-]{0,14}[a-z0-9])?$/.test(name)) {
    throw new ClusterError(`The cluster name "${name}" does not do: use 1 to 16 lower-case letters, digits and dashes.`)
  }
}

/** Of a cluster with a node. @param nodeDir that of its last one */
export function assertShort(nodeDir: string): void {
  const socketDir = `${nodeDir}/s`
  if (socketDir.length > MAX_SOCKET_DIR) {
    throw new ClusterError(`The directory ${nodeDir} is too long for unix sockets: choose a shorter KUBESKIPPY_STATE (${socketDir.length - MAX_SOCKET_DIR} characters less).`)
  }
}

/** Name of a node that kwok plays. */
export const simulatedNode = (index: number): string => `simulated-${index}`
