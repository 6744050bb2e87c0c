/** One of our own programs beside the cluster. */
import { join } from 'node:path'
import { answers, Guest } from '../cluster/guest.ts'

const ROOT = join(import.meta.dirname, '../..')

/** Values by flag, without dashes. */
export type Flags = Readonly<Record<string, string>>

export interface ProgramSpec {
  readonly name: string
  /** Relative to the checkout, with the arguments that choose the program. */
  readonly entry: readonly string[]
  readonly flags: Flags
  /** Answers 200 when the program does its work. */
  readonly readyUrl: string
  readonly metricsUrl: string
}

export class Program extends Guest {
  readonly #spec: ProgramSpec

  constructor(cluster: { readonly dir: string }, spec: ProgramSpec) {
    super(cluster, { name: spec.name, file: process.execPath, isReady: async () => answers(spec.readyUrl) })
    this.#spec = spec
  }

  get readyUrl(): string {
    return this.#spec.readyUrl
  }

  get metricsUrl(): string {
    return this.#spec.metricsUrl
  }

  /**
   * Does not wait until it is ready.
   * @param preload a module that is loaded before the program
   */
  async start(more: Flags = {}, preload?: string): Promise<void> {
    const [main = '', ...command] = this.#spec.entry
    const flags = Object.entries({ ...this.#spec.flags, ...more }).map(([flag, value]) => `--${flag}=${value}`)
    await this.launch([...(preload === undefined ? [] : ['--import', preload]), join(ROOT, main), ...command, ...flags])
  }
}
