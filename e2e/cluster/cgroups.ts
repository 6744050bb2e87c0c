/**
 * A cgroup of the cluster's own below the root of every hierarchy: what runs in it is ours to kill.
 *
 * Tested on the v1 hierarchies of a hybrid system only; the part for unified v2 follows the kernel's documentation.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClusterError, codeOf } from './errors.ts'
import { waitFor } from './wait.ts'

export interface Hierarchy {
  readonly mount: string
  readonly version: 1 | 2
}

/** From `/proc/self/mountinfo`: the file system's type follows a lone dash. */
export function parseHierarchies(mountinfo: string): readonly Hierarchy[] {
  return mountinfo.split('\n').flatMap((line): Hierarchy[] => {
    const [before, after] = line.split(' - ')
    const mount = before?.split(' ')[4]
    const type = after?.split(' ')[0]
    if (mount === undefined) return []
    return type === 'cgroup' ? [{ mount, version: 1 }] : type === 'cgroup2' ? [{ mount, version: 2 }] : []
  })
}

export function hierarchies(): readonly Hierarchy[] {
  return parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'))
}

/** What a node cannot do without. */
const CONTROLLERS = ['cpu', 'memory', 'pids', 'cpuset']

export function makeCgroup(name: string): void {
  const all = hierarchies()
  if (all.length === 0) throw new ClusterError('No cgroup hierarchy is mounted: mount one on /sys/fs/cgroup, which containers need.')
  for (const { mount, version } of all) {
    // Unified: a child has only the controllers that its parent hands down. Left on at the end: others may rely on it by then.
    if (version === 2 && all.length === 1) handDown(mount)
    const dir = join(mount, name)
    mkdirSync(dir, { recursive: true })
    // v1: without processors and memory nodes of its own no process can enter.
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if (version === 1 && existsSync(join(dir, file))) writeFileSync(join(dir, file), readFileSync(join(mount, file)))
    }
  }
}

function handDown(mount: string): void {
  const control = join(mount, 'cgroup.subtree_control')
  const lacking = () => CONTROLLERS.filter((controller) => !readFileSync(control, 'utf8').trim().split(' ').includes(controller))
  for (const controller of lacking()) {
    try {
      writeFileSync(control, `+${controller}`)
    } catch {
      // Told below, with the others.
    }
  }
  const still = lacking()
  if (still.length > 0) throw new ClusterError(`The cgroup controllers ${still.join(', ')} cannot be enabled in ${control}: run on the machine itself, or in a container with cgroups of its own and no process in their root.`)
}

/** Processes inside, in any hierarchy. */
export function cgroupPids(name: string): readonly number[] {
  const pids = hierarchies().flatMap(({ mount }) => tree(join(mount, name))).flatMap((dir) => {
    try {
      return readFileSync(join(dir, 'cgroup.procs'), 'utf8').split('\n').filter((line) => line !== '').map(Number)
    } catch {
      return []
    }
  })
  return [...new Set(pids)].filter((pid) => pid > 1)
}

/** The kernel lets a group go a moment after its last process; on a machine that is short of memory or time that can be long. */
export async function removeCgroup(name: string): Promise<void> {
  let left: readonly string[] = []
  const gone = await waitFor({ timeout: 60_000, every: 50 }, async () => {
    left = hierarchies().flatMap(({ mount }) => tree(join(mount, name))).filter((dir) => {
      try {
        rmdirSync(dir)
        return false
      } catch (cause) {
        return codeOf(cause) !== 'ENOENT'
      }
    })
    return left.length === 0
  })
  if (gone === undefined) throw new ClusterError(`The cgroup ${left.at(-1) ?? name} cannot be removed: see which processes are in it (cat ${left[0] ?? name}/cgroup.procs) and run down again.`)
}

/** Deepest first. */
function tree(dir: string): readonly string[] {
  let entries
  try {
    entries = readdirSync(dir, { withFileTypes: true })
  } catch {
    // Not there, or removed by somebody else just now.
    return []
  }
  return [...entries.filter((entry) => entry.isDirectory()).flatMap((entry) => tree(join(dir, entry.name))), dir]
}
