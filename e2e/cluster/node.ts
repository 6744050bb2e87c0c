/**
 * The node: containerd, kubelet and kube-proxy in a mount and a network namespace of their own. What they mount, and
 * every rule and route they make, ends with the namespaces, and those with their last process.
 */
import { existsSync, mkdirSync, statfsSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { basename, join } from 'node:path'
import { toolDir } from './build.ts'
import { makeCgroup } from './cgroups.ts'
import { cniConfig, containerdConfig, kubeletConfig, kubeProxyConfig, type KubeletSettings } from './configs.ts'
import { ask } from './control-plane.ts'
import { IPTABLES_MODES, type DebianPrograms } from './debian.ts'
import { ClusterError } from './errors.ts'
import { exec } from './exec.ts'
import { makeHostDirs } from './host-dirs.ts'
import { joinNode } from './network.ts'
import { filesOf } from './paths.ts'
import type { ProcessId } from './process-id.ts'
import { plainEnv, startProgram, untilReady } from './processes.ts'
import type { NodePlan } from './spec.ts'
import { waitFor } from './wait.ts'

/** `f_type` of an overlay, as in a container. */
const OVERLAY_MAGIC = 0x794c7630

/** Milliseconds. */
const READY_TIMEOUT = 90_000

export interface Node {
  readonly plan: NodePlan
  /** Holds the namespaces. */
  readonly holder: ProcessId
  readonly env: NodeJS.ProcessEnv
}

/** Up to a containerd that has the demo image: all that needs no API server. */
export async function prepareNode(plan: NodePlan, programs: DebianPrograms, imageArchive: string): Promise<Node> {
  makeCgroup(plan.cgroup)
  const holder = await startHolder(plan)
  await joinNode({ network: plan.network, pid: holder.pid })
  const node: Node = { plan, holder, env: plainEnv([toolDir('containerd'), await iptablesDir(programs, holder)]) }
  writeConfigs(plan, programs)
  await startInNode(node, 'containerd', join(toolDir('containerd'), 'containerd'), ['--config', filesOf(plan.dir).containerdConfig])
  await untilReady(plan.home.dir, plan.programName('containerd'), READY_TIMEOUT, async () => canConnect(filesOf(plan.dir).containerdSocket))
  await importImage(plan, imageArchive)
  return node
}

/** Programs that write to a fixed path of the machine see an empty directory of the cluster's there instead. */
async function startHolder(plan: NodePlan): Promise<ProcessId> {
  const files = filesOf(plan.dir)
  const dirs = makeHostDirs()
  const script = ['set -e', 'mount --make-rshared /']
  for (const dir of dirs) {
    const ours = join(files.hidden, basename(dir))
    mkdirSync(ours, { recursive: true })
    script.push(`mount --bind '${ours}' '${dir}'`)
  }
  script.push(`echo > '${files.nodeReady}'`, 'exec sleep infinity')
  // "slave": mounts of the machine still appear in here, ours never out there.
  const holder = await startProgram(plan.home.dir, {
    name: plan.programName('node'), file: 'unshare', args: ['--mount', '--net', '--propagation', 'slave', 'sh', '-c', script.join('\n')],
  })
  await untilReady(plan.home.dir, plan.programName('node'), READY_TIMEOUT, async () => existsSync(files.nodeReady))
  return holder
}

function writeConfigs(plan: NodePlan, programs: DebianPrograms): void {
  const files = filesOf(plan.dir)
  for (const dir of [files.cniConfig, files.shimSockets, files.containerd]) mkdirSync(dir, { recursive: true })
  writeFileSync(join(files.cniConfig, '10-kubeskippy.conflist'), cniConfig(plan))
  const snapshotter = statfsSync(plan.dir).type === OVERLAY_MAGIC ? 'native' : 'overlayfs'
  writeFileSync(files.containerdConfig, containerdConfig(plan, { runc: programs.runc, cniDir: toolDir('cni'), snapshotter }))
  writeFileSync(files.resolvConf, `nameserver ${plan.network.hostIp}\n`)
}

export async function startKubelet(node: Node, settings: KubeletSettings): Promise<void> {
  const { plan } = node
  const files = filesOf(plan.dir)
  writeFileSync(files.kubeletConfig, kubeletConfig(plan, settings))
  writeFileSync(files.kubeProxyConfig, kubeProxyConfig(plan))
  await startInNode(node, 'kubelet', join(toolDir('kubernetes'), 'kubelet'), [
    '--config', files.kubeletConfig, '--kubeconfig', files.kubeconfig(plan.nodeName), '--root-dir', files.kubelet,
    '--hostname-override', plan.nodeName, '--node-ip', plan.network.nodeIp,
    // its cAdvisor looks at a fixed socket otherwise, and knows no container by name
    '--containerd', files.containerdSocket,
  ])
  await startInNode(node, 'kube-proxy', join(toolDir('kubernetes'), 'kube-proxy'), ['--config', files.kubeProxyConfig])
}

/** Waits until pods can be scheduled to the node and services are routed on it. */
export async function nodeReady({ plan }: Node): Promise<void> {
  await Promise.all([
    untilReady(plan.home.dir, plan.programName('kubelet'), READY_TIMEOUT, async () => isNodeReady((await ask(plan.home, `/api/v1/nodes/${plan.nodeName}`))?.body)),
    untilReady(plan.home.dir, plan.programName('kube-proxy'), READY_TIMEOUT, async () => (await fetch(`http://${plan.network.nodeIp}:10256/healthz`).catch(() => undefined))?.ok === true),
  ])
}

/** From the JSON of a node; false for anything else. */
export function isNodeReady(json: string | undefined): boolean {
  const node = JSON.parse(json ?? '{}') as { status?: { conditions?: readonly { type: string; status: string }[] } }
  return node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
}

/** Loads an archive made by `docker save` or `buildah push docker-archive:` into the node. */
export async function importImage(plan: NodePlan, archive: string): Promise<void> {
  const args = ['--address', filesOf(plan.dir).containerdSocket, '--namespace', 'k8s.io', 'images', 'import', archive]
  // Just after its start containerd may listen before all of its services are up.
  let problem = ''
  const done = await waitFor({ timeout: READY_TIMEOUT, every: 200 }, async () => {
    const { code, stderr } = await exec(join(toolDir('containerd'), 'ctr'), args)
    problem = stderr
    return code === 0
  })
  if (done === undefined) throw new ClusterError(`containerd does not take the image ${archive}: ${problem.trim()}`)
}

async function iptablesDir(programs: DebianPrograms, holder: ProcessId): Promise<string> {
  for (const mode of IPTABLES_MODES) {
    const dir = programs.iptablesDir(mode)
    const { code } = await exec('nsenter', ['--target', String(holder.pid), '--net', join(dir, 'iptables'), '-t', 'nat', '-S'])
    if (code === 0) return dir
  }
  throw new ClusterError('The kernel knows neither nftables nor the older packet filter with NAT: load nf_tables and nft_compat, or ip_tables and iptable_nat, or use a kernel that has them.')
}

/** Not by `ip netns exec`: that mounts /sys anew, without the cgroups below it. */
async function startInNode(node: Node, name: string, file: string, args: readonly string[]): Promise<void> {
  await startProgram(node.plan.home.dir, {
    name: node.plan.programName(name), env: node.env, file: 'nsenter',
    args: ['--target', String(node.holder.pid), '--mount', '--net', file, ...args],
  })
}

async function canConnect(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket)
    connection.once('connect', () => { connection.destroy(); resolve(true) })
    connection.once('error', () => { resolve(false) })
  })
}

