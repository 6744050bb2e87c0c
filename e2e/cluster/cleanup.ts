/** Removes every trace of a cluster, whatever state it is in: running, half started, half removed, or of a run that was killed. */
import { existsSync, readFileSync, readdirSync, readlinkSync, rmSync, rmdirSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { cgroupPids, removeCgroup } from './cgroups.ts'
import { ClusterError } from './errors.ts'
import { exec } from './exec.ts'
import { removeHostDirs } from './host-dirs.ts'
import { removeLink } from './network.ts'
import { filesOf, stateDir } from './paths.ts'
import { identify, type ProcessId } from './process-id.ts'
import { killAll, recorded } from './processes.ts'
import { nodePlans, type NodePlan } from './spec.ts'
import { isLeftover, listClusters, type Found } from './state.ts'

/** What the harness starts, or what those start; anything else that mentions our directory (an editor, a pager) is not ours. */
export const OUR_PROGRAMS: readonly string[] = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'containerd', 'containerd-shim-runc-v2', 'ctr', 'metrics-server', 'prometheus', 'prometheus-alertmanager']

export async function removeCluster({ dir, plan }: Found): Promise<void> {
  const files = filesOf(dir)
  if (existsSync(dir)) writeFileSync(files.stopping, '')
  const nodes = plan === undefined ? [] : nodePlans(plan)
  await endProcesses(dir, recorded(dir).map((program) => program.id), nodes.map(({ cgroup }) => cgroup))
  for (const { network, cgroup } of nodes) {
    // The namespace would take its link along, but only some time after its last process.
    await removeLink(network.link)
    await removeCgroup(cgroup)
  }
  await unmountBelow(dir)
  // The plan goes last: what is interrupted here can be taken up again.
  for (const name of existsSync(dir) ? readdirSync(dir) : []) {
    if (`${dir}/${name}` !== files.plan) rmSync(`${dir}/${name}`, { recursive: true, force: true })
  }
  rmSync(dir, { recursive: true, force: true })
}

/** For the time after a removal, under the lock: the machine is as it was before the first cluster. */
export function removeSharedTraces(): void {
  if (!existsSync(stateDir()) || listClusters().length > 0) return
  removeHostDirs()
  try {
    rmdirSync(stateDir())
  } catch {
    // Something else is in it: not ours to remove.
  }
}

/** Under the lock. Names of what was removed. */
export async function sweep(): Promise<readonly string[]> {
  const leftovers = listClusters().filter(({ plan }) => isLeftover(plan))
  for (const found of leftovers) await removeCluster(found)
  return leftovers.map(({ dir }) => basename(dir))
}

/** As when its power fails: its programs, its pods and its links are gone at once, and nobody has said anything. */
export async function loseNode(plan: NodePlan): Promise<void> {
  const parts = recorded(plan.home.dir).filter(({ name }) => ['node', 'containerd', 'kubelet', 'kube-proxy'].some((part) => name === plan.programName(part)))
  await endProcesses(filesOf(plan.dir).containerd, parts.map(({ id }) => id), [plan.cgroup])
  await removeLink(plan.network.link)
}

/** @param programs kubelet and containerd among them: they are killed first, or they start anew what is killed after them */
async function endProcesses(dir: string, programs: readonly ProcessId[], cgroups: readonly string[]): Promise<void> {
  await killAll(programs)
  const stray = (): readonly ProcessId[] =>
    [...strays(dir), ...cgroups.flatMap(cgroupPids)].map(identify).filter((id) => id !== undefined)
  for (let round = 0; round < 10; round += 1) {
    const ids = stray()
    if (ids.length === 0) return
    await killAll(ids)
  }
  const ids = stray()
  if (ids.length > 0) throw new ClusterError(`The processes ${ids.map((id) => id.pid).join(', ')} of ${dir} do not end: see what they wait for (cat /proc/PID/stack) and run down again.`)
}

/** Shims above all: containerd starts them, they outlive it, and only their arguments say whose they are. */
function strays(dir: string): readonly number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      const program = basename(readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, ''))
      return OUR_PROGRAMS.includes(program) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').some((arg) => arg.includes(`${dir}/`))
    } catch {
      return false
    }
  }).map(Number)
}

/** Mounts are made in the node's own namespace; this is for those that somebody let out. */
async function unmountBelow(dir: string): Promise<void> {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map((line) => line.split(' ')[4] ?? '').filter((mount) => mount.startsWith(`${dir}/`))
  for (const mount of mounts.reverse()) await exec('umount', ['--lazy', mount])
}
