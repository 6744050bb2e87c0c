/** Long-running programs of a cluster: started apart from us, remembered on disk by number and start time, ended by them. */
import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClusterError, messageOf } from './errors.ts'
import { lastLines } from './exec.ts'
import { filesOf } from './paths.ts'
import { identify, isAlive, type ProcessId } from './process-id.ts'
import { waitFor } from './wait.ts'

export interface Program {
  /** Name of its log and of its record. */
  readonly name: string
  readonly file: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

/** Programs get this and what they ask for: no proxy, locale or option of the caller's shell. */
export function plainEnv(path: readonly string[] = []): NodeJS.ProcessEnv {
  return { PATH: [...path, '/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(':'), HOME: '/nonexistent', LANG: 'C' }
}

/** Starts a program in a session of its own, so that neither our end nor a terminal's Ctrl-C ends it. */
export async function startProgram(dir: string, program: Program): Promise<ProcessId> {
  const files = filesOf(dir)
  // A start that is overtaken by a stop must not bring to life what the stop has looked for already.
  if (!existsSync(files.plan) || existsSync(files.stopping)) throw new ClusterError(`The cluster in ${dir} was stopped while it was starting.`)
  mkdirSync(files.logs, { recursive: true })
  mkdirSync(files.pids, { recursive: true })
  const log = openSync(join(files.logs, `${program.name}.log`), 'a')
  const child = spawn(program.file, program.args, { detached: true, stdio: ['ignore', log, log], env: program.env ?? plainEnv(), cwd: '/' })
  // Before anything is awaited: whoever finds this directory after we were killed must know this process.
  const id = child.pid === undefined ? undefined : identify(child.pid)
  if (id !== undefined) writeFileSync(pidFile(dir, program.name), JSON.stringify(id))
  closeSync(log)
  child.unref()
  if (id !== undefined) return id
  const cause = await new Promise<unknown>((resolve) => {
    child.once('error', resolve)
    child.once('exit', (code) => { resolve(new Error(`it ended at once with code ${String(code)}`)) })
  })
  throw new ClusterError(`Cannot start ${program.name}: ${messageOf(cause)}.`)
}

/** A program beside the cluster rather than a part of it: `down` ends it too, but the cluster is up without it. */
export function isGuest(name: string): boolean {
  return !PARTS.has(name)
}

/** Names of the programs that a cluster is made of. */
const PARTS: ReadonlySet<string> = new Set(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'node', 'containerd', 'kubelet', 'kube-proxy', 'node-1', 'containerd-1', 'kubelet-1', 'kube-proxy-1'])

export interface Recorded {
  readonly name: string
  readonly id: ProcessId
}

export function recorded(dir: string): readonly Recorded[] {
  const { pids } = filesOf(dir)
  if (!existsSync(pids)) return []
  return readdirSync(pids).flatMap((file) => {
    const id = parseProcessId(readFileSync(join(pids, file), 'utf8'))
    return id === undefined ? [] : [{ name: file.replace(/\.json$/, ''), id }]
  })
}

/** Undefined for a record that was cut short. */
export function parseProcessId(text: string): ProcessId | undefined {
  try {
    const { pid, startTicks, bootId } = JSON.parse(text) as Partial<ProcessId>
    return typeof pid === 'number' && pid > 1 && typeof startTicks === 'number' && typeof bootId === 'string' ? { pid, startTicks, bootId } : undefined
  } catch {
    return undefined
  }
}

/** Waits until a check passes; fails at once, with the end of the log, when the program dies first. */
export async function untilReady(dir: string, name: string, timeout: number, check: () => Promise<boolean>): Promise<void> {
  const id = recorded(dir).find((program) => program.name === name)?.id
  const outcome = await waitFor<'ready' | 'dead'>({ timeout, every: 50 }, async () => {
    if (await check()) return 'ready'
    return id !== undefined && isAlive(id) ? undefined : 'dead'
  })
  if (outcome === 'ready') return
  const state = outcome === 'dead' ? 'ended' : `was not ready after ${timeout / 1000} s`
  throw new ClusterError(`${name} ${state}: ${logEnd(dir, name)}`)
}

export function logEnd(dir: string, name: string): string {
  const file = join(filesOf(dir).logs, `${name}.log`)
  return existsSync(file) ? lastLines(readFileSync(file, 'utf8'), 3) : '(no log)'
}

/** Sends a signal if the process is still the one recorded. */
export function signal(id: ProcessId, name: 'SIGTERM' | 'SIGKILL'): void {
  if (!isAlive(id)) return
  try {
    process.kill(id.pid, name)
  } catch {
    // It ended in between.
  }
}

/** Kills and waits for the end; true when all are gone. Nothing here is worth a graceful end: the data goes too. */
export async function killAll(ids: readonly ProcessId[]): Promise<boolean> {
  for (const id of ids) signal(id, 'SIGKILL')
  const gone = await waitFor({ timeout: 10_000, every: 20 }, async () => !ids.some(isAlive))
  return gone === true
}

function pidFile(dir: string, name: string): string {
  return join(filesOf(dir).pids, `${name}.json`)
}
