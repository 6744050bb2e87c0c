/** Which clusters there are, and which of them nobody will ever stop. */
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ClusterError } from './errors.ts'
import { withLock } from './lock.ts'
import { filesOf, stateDir } from './paths.ts'
import { isAlive, type ProcessId } from './process-id.ts'
import type { ClusterPlan } from './spec.ts'

/** Undefined for a directory without a readable plan: a removal that was cut short. */
export function readPlan(dir: string): ClusterPlan | undefined {
  try {
    const plan = JSON.parse(readFileSync(filesOf(dir).plan, 'utf8')) as ClusterPlan
    return plan.dir === dir && Number.isInteger(plan.slot) ? plan : undefined
  } catch {
    return undefined
  }
}

/** Of a cluster that is there. */
export function planOf({ dir }: { readonly dir: string }): ClusterPlan {
  const plan = readPlan(dir)
  if (plan === undefined) throw new ClusterError(`There is no cluster in ${dir}.`)
  return plan
}

export function writePlan(plan: ClusterPlan): void {
  mkdirSync(plan.dir, { recursive: true, mode: 0o700 })
  const { plan: file } = filesOf(plan.dir)
  writeFileSync(`${file}.new`, JSON.stringify(plan, null, 2))
  renameSync(`${file}.new`, file)
}

export interface Found {
  readonly dir: string
  readonly plan: ClusterPlan | undefined
}

export function listClusters(): readonly Found[] {
  const root = stateDir()
  if (!existsSync(root)) return []
  return readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => {
    const dir = join(root, entry.name)
    return { dir, plan: readPlan(dir) }
  })
}

/** What a crashed run left behind: half a directory, or a cluster whose owner is gone. One without owner stays until `down`. */
export function isLeftover(plan: ClusterPlan | undefined, alive: (id: ProcessId) => boolean = isAlive): boolean {
  return plan === undefined || (plan.owner !== undefined && !alive(plan.owner))
}

/** Choosing a slot and removing leftovers: one run at a time. The lock is on a directory that outlives every cluster. */
export async function withState<T>(log: (line: string) => void, body: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(stateDir()), { recursive: true })
  return withLock(dirname(stateDir()), () => { log('waiting for another run that is choosing a place for its cluster') }, body)
}
