/**
 * Fixed paths that kubelet and the CNI library write to whatever they are told. A node sees directories of its own
 * there, but something must be there to mount them on: what the machine lacks is made, noted, and taken away with
 * the last cluster.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stateDir } from './paths.ts'

const HOST_DIRS = ['/var/lib/cni', '/var/lib/kubelet', '/var/log/containers']

const ledger = () => join(stateDir(), 'host-dirs.json')

/** All of them, made where missing. */
export function makeHostDirs(): readonly string[] {
  const missing = HOST_DIRS.filter((dir) => !existsSync(dir))
  if (missing.length > 0) writeFileSync(ledger(), JSON.stringify([...new Set([...readLedger(), ...missing])]))
  for (const dir of missing) mkdirSync(dir, { recursive: true })
  return HOST_DIRS
}

/** For the time after the last cluster of this state directory. */
export function removeHostDirs(): void {
  for (const dir of readLedger()) {
    // Removing a directory takes away what others have mounted on it, in whatever namespace.
    if (isMountpointSomewhere(dir)) continue
    try {
      rmdirSync(dir)
    } catch {
      // Somebody else's by now: not empty, or gone.
    }
  }
  rmSync(ledger(), { force: true })
}

function readLedger(): readonly string[] {
  try {
    const dirs: unknown = JSON.parse(readFileSync(ledger(), 'utf8'))
    return Array.isArray(dirs) ? HOST_DIRS.filter((dir) => dirs.includes(dir)) : []
  } catch {
    return []
  }
}

function isMountpointSomewhere(dir: string): boolean {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).some((pid) => {
    try {
      return readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(` ${dir} `)
    } catch {
      return false
    }
  })
}
