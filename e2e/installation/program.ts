/** One of our own programs beside the cluster: started, ended in order or as by a crash, and known to the cluster's `down`. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from '../cluster/cluster.ts'
import { ClusterError } from '../cluster/errors.ts'
import { lastLines } from '../cluster/exec.ts'
import { filesOf } from '../cluster/paths.ts'
import { isAlive, type ProcessId } from '../cluster/process-id.ts'
import { killAll, plainEnv, recorded, signal, startProgram } from '../cluster/processes.ts'
import { waitFor } from '../cluster/wait.ts'

const ROOT = join(import.meta.dirname, '../..')

/** Milliseconds. A program that ends in order has 20 s for it. */
const STOP_TIMEOUT = 25_000
const READY_TIMEOUT = 60_000

/** Values by flag, without dashes. */
export type Flags = Readonly<Record<string, string>>

export interface ProgramSpec {
  /** Of its log and its record; begins with `kubeskippy-`. */
  readonly name: string
  /** Relative to the checkout, with the arguments that choose the program. */
  readonly entry: readonly string[]
  readonly flags: Flags
  /** Answers 200 when the program does its work. */
  readonly readyUrl: string
  readonly metricsUrl: string
}

export class Program {
  readonly #cluster: Pick<Cluster, 'dir'>
  readonly #spec: ProgramSpec

  constructor(cluster: Pick<Cluster, 'dir'>, spec: ProgramSpec) {
    this.#cluster = cluster
    this.#spec = spec
  }

  get name(): string {
    return this.#spec.name
  }

  get metricsUrl(): string {
    return this.#spec.metricsUrl
  }

  get logFile(): string {
    return join(filesOf(this.#cluster.dir).logs, `${this.name}.log`)
  }

  /** Undefined when it does not run. */
  get process(): ProcessId | undefined {
    const id = recorded(this.#cluster.dir).find(({ name }) => name === this.name)?.id
    return id !== undefined && isAlive(id) ? id : undefined
  }

  /** Does not wait until it is ready. */
  async start(more: Flags = {}): Promise<void> {
    if (this.process !== undefined) throw new ClusterError(`${this.name} runs already: stop it first.`)
    const [main = '', ...command] = this.#spec.entry
    const flags = Object.entries({ ...this.#spec.flags, ...more }).map(([flag, value]) => `--${flag}=${value}`)
    await startProgram(this.#cluster.dir, { name: this.name, file: process.execPath, args: [join(ROOT, main), ...command, ...flags], env: plainEnv() })
  }

  async ready(timeout = READY_TIMEOUT): Promise<void> {
    const outcome = await waitFor<'ready' | 'dead'>({ timeout, every: 50 }, async () => {
      if (this.process === undefined) return 'dead'
      return (await answers(this.#spec.readyUrl)) ? 'ready' : undefined
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
    rmSync(join(filesOf(this.#cluster.dir).pids, `${this.name}.json`), { force: true })
    return true
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}
