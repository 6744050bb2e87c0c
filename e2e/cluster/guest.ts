/** A program beside the cluster: started, ended in order or as by a crash, and known to the cluster's `down` and to the sweep. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ClusterError } from './errors.ts'
import { lastLines } from './exec.ts'
import { filesOf } from './paths.ts'
import { isAlive, type ProcessId } from './process-id.ts'
import { killAll, plainEnv, recorded, signal, startProgram } from './processes.ts'
import { waitFor } from './wait.ts'

/** Milliseconds. A program that ends in order has 20 s for it. */
const STOP_TIMEOUT = 25_000
/** Milliseconds; a busy machine with cold disks needs a good part of it. */
const READY_TIMEOUT = 90_000

export interface GuestSpec {
  /** Of its log and its record; none of the cluster's own. */
  readonly name: string
  readonly file: string
  /** Asked again and again while it starts. */
  readonly isReady: () => Promise<boolean>
}

export class Guest {
  readonly #dir: string
  readonly #spec: GuestSpec

  constructor(cluster: { readonly dir: string }, spec: GuestSpec) {
    this.#dir = cluster.dir
    this.#spec = spec
  }

  get name(): string {
    return this.#spec.name
  }

  get logFile(): string {
    return join(filesOf(this.#dir).logs, `${this.name}.log`)
  }

  /** Undefined when it does not run. */
  get process(): ProcessId | undefined {
    const id = recorded(this.#dir).find(({ name }) => name === this.name)?.id
    return id !== undefined && isAlive(id) ? id : undefined
  }

  /** Does not wait until it is ready. */
  async launch(args: readonly string[]): Promise<void> {
    if (this.process !== undefined) throw new ClusterError(`${this.name} runs already: stop it first.`)
    await startProgram(this.#dir, { name: this.name, file: this.#spec.file, args, env: plainEnv() })
  }

  async ready(timeout = READY_TIMEOUT): Promise<void> {
    const outcome = await waitFor<'ready' | 'dead'>({ timeout, every: 50 }, async () => {
      if (this.process === undefined) return 'dead'
      return (await this.#spec.isReady()) ? 'ready' : undefined
    })
    if (outcome === 'ready') return
    const state = outcome === 'dead' ? 'ended' : `was not ready after ${timeout / 1000} s`
    throw new ClusterError(`${this.name} ${state}: ${this.logEnd()}`)
  }

  /** In order, and by force when that takes too long. False when it did not run. */
  async stop(): Promise<boolean> {
    return this.#end('SIGTERM')
  }

  /** SIGKILL: as a crash. SIGSTOP and SIGCONT: a leader that is paused and comes back. */
  async kill(how: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' = 'SIGKILL'): Promise<boolean> {
    if (how === 'SIGKILL') return this.#end('SIGKILL')
    const id = this.process
    if (id !== undefined) process.kill(id.pid, how)
    return id !== undefined
  }

  /** Its last words; of a crash the error rather than the end of its stack. */
  logEnd(): string {
    const log = existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8').trimEnd() : '(no log)'
    const lines = log.split('\n')
    const crash = lines.at(-1)?.startsWith('Node.js v') === true ? lines.findLast((line) => /^\w*Error\b/.test(line)) : undefined
    return crash ?? lastLines(log, 2)
  }

  async #end(how: 'SIGTERM' | 'SIGKILL'): Promise<boolean> {
    const id = this.process
    if (id === undefined) return false
    signal(id, how)
    const gone = await waitFor({ timeout: STOP_TIMEOUT, every: 20 }, async () => !isAlive(id))
    if (gone !== true) await killAll([id])
    rmSync(join(filesOf(this.#dir).pids, `${this.name}.json`), { force: true })
    return true
  }
}

/** Whether somebody answers there with a good status. */
export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}
