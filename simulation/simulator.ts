/** A process that simulates trials, one after another: with a planted bug, or as the sources are. */
import { fork, type ChildProcess } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Told, Trial } from './worker.ts'

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url))
const LOADER = new URL('planted/loader.ts', import.meta.url).href

/** By the content of each file: what one process has compiled, the next ones need not, and most of a short trial is its beginning. */
const COMPILED = join(tmpdir(), 'kubeskippy-simulation')

export class Simulator {
  readonly #worker: ChildProcess
  #said = ''
  #ended: string | undefined
  /** Of the trial under way. */
  #fail: ((reason: string) => void) | undefined

  /** @param planted id of a bug */
  constructor(planted?: string) {
    const bug = planted === undefined ? {} : { execArgv: ['--import', LOADER] }
    const env = { NODE_COMPILE_CACHE: COMPILED, ...process.env, ...(planted === undefined ? {} : { PLANTED: planted }) }
    this.#worker = fork(WORKER, { ...bug, env, stdio: ['ignore', 'inherit', 'pipe', 'ipc'] })
    this.#worker.stderr?.on('data', (part: Buffer) => {
      this.#said += part.toString()
    })
    this.#worker.on('error', (error) => this.#end(error.message))
    // After its last word on stderr.
    this.#worker.on('close', (code, signal) => this.#end(`its process ended with ${code ?? signal}: ${this.#said}`))
  }

  /** One at a time. @throws Error that names the seed, when the process ends meanwhile or has ended */
  async run(trial: Trial): Promise<Told> {
    return new Promise((resolve, reject) => {
      this.#fail = (reason) => reject(new Error(`seed ${trial.seed} was not simulated to its end: ${reason}`))
      if (this.#ended !== undefined) {
        this.#fail(this.#ended)
        return
      }
      this.#worker.once('message', (told) => resolve(told as Told))
      this.#worker.send(trial, (error) => {
        if (error !== null) this.#worker.disconnect()
      })
    })
  }

  close(): void {
    if (this.#worker.connected) this.#worker.disconnect()
  }

  #end(reason: string): void {
    this.#ended ??= reason
    this.#fail?.(this.#ended)
  }
}
