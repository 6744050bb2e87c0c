/** What `main.ts` takes from the process for the command line. */
import type { AccessConfig } from '../shared/kube/credentials.ts'
import type { KubeConnection } from '../shared/kube/transport.ts'
import type { Clock } from '../shared/lib/time.ts'
import type { Random, Timers } from '../shared/runtime/timers.ts'

/** Programs that run until they are asked to stop, and what they are for. */
export const PROGRAMS = {
  controller: 'Watches the cluster and heals by the accepted policies.',
  webhook: 'The front door: refuses unsafe policies.',
} as const

export type ProgramName = keyof typeof PROGRAMS

/** The terminal that standard output is. */
export interface Terminal {
  /** Read each time: a window changes its size. */
  size(): { readonly columns: number; readonly rows: number }
  readonly colour: boolean
}

/** Beside reading: for commands that look for files, or change them. */
export interface Folders {
  /** `other`: a pipe, a device or a socket, of which nobody knows whether it ever ends. undefined: there is nothing. @throws when it cannot be looked at */
  readonly kindOf: (path: string) => Promise<'file' | 'folder' | 'other' | undefined>
  /** Names of files and folders, those of folders with a slash at the end. @throws */
  readonly list: (folder: string) => Promise<readonly string[]>
  /** The file itself, behind links and dots. @throws */
  readonly realPath: (path: string) => Promise<string>
  /** For its owner alone. @throws when there is one of that name */
  readonly create: (path: string, bytes: Uint8Array) => Promise<void>
  /** @throws */
  readonly write: (path: string, text: string) => Promise<void>
  /** Of a file that still holds `before`: whole or not at all, with its mode, behind links. @throws */
  readonly replace: (path: string, before: string, after: string) => Promise<void>
  /** Absolute. */
  readonly here: string
}

/** A file that is no text. */
export class NotUtf8 extends Error {
  override readonly name = 'NotUtf8'
  /** What could be made of it, for whoever wants to know what it may be. */
  readonly guess: string
  constructor(guess: string, options?: ErrorOptions) {
    super('it is not UTF-8', options)
    this.guess = guess
  }
}

export interface CliEnvironment {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  /** undefined: standard output is a file or a pipe. */
  readonly terminal: Terminal | undefined
  /** A line of the person at the terminal; undefined: it was closed without one. Absent: nobody can be asked. */
  readonly ask?: (question: string) => Promise<string | undefined>
  /** `-` is standard input. @throws when it cannot be read; {@link NotUtf8} */
  readonly readFile: (path: string) => Promise<string>
  readonly folders: Folders
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  /** Aborts when the process is asked to end. */
  readonly stop: AbortSignal
  readonly version: string
  /** Of the kubeconfig when no flag names one; undefined: the pod's own account. */
  readonly defaultKubeconfig: () => string | undefined
  /** The namespace of the context, as for kubectl. @throws ConfigError */
  readonly defaultNamespace: (access: AccessConfig) => Promise<string>
  /** What a person calls the cluster: its server and the context. @throws ConfigError */
  readonly nameOfCluster: (access: AccessConfig) => Promise<string>
  /** @throws ConfigError */
  readonly connect: (access: AccessConfig) => Promise<KubeConnection>
  /** They read their own flags. */
  readonly programs: Readonly<Record<ProgramName, (argv: readonly string[]) => Promise<number>>>
}
