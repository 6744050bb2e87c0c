import type { Instant } from '../../lib/time.ts'
import type { Resource } from '../../kube/api.ts'
import type { ApiErrorKind } from '../../kube/errors.ts'

/** Verbs as RBAC and the audit log name them. An eviction is a create of `pods/eviction`. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete'

/** One request, as hooks and the journal see it. */
export interface Call {
  readonly verb: Verb
  readonly resource: Resource
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
  /** The client's own identity. */
  readonly user: string
  readonly impersonate?: string
  readonly userAgent: string
  readonly fieldManager?: string
  readonly dryRun: boolean
}

export const isWrite = ({ verb }: Call): boolean => verb !== 'get' && verb !== 'list' && verb !== 'watch'

/** What the server did and what the client was told: they differ when an answer is lost. */
export interface JournalEntry {
  readonly at: Instant
  readonly call: Call
  /** What was sent; undefined for reads. */
  readonly body?: unknown
  readonly outcome: 'ok' | ApiErrorKind
  readonly answered: 'ok' | ApiErrorKind
  /** Whether anything was stored: false for dry runs, refusals and writes that change nothing. */
  readonly changed: boolean
  /** Uid of the object before the call, or of what was created. */
  readonly uid?: string
}

/** Every call in the order the server took it: the oracle of simulations. */
export class Journal {
  readonly #entries: JournalEntry[] = []

  get entries(): readonly JournalEntry[] {
    return this.#entries
  }

  /** Writes, dry runs and refused ones included. */
  get writes(): readonly JournalEntry[] {
    return this.#entries.filter(({ call }) => isWrite(call))
  }

  /** Writes that have changed something. */
  get effects(): readonly JournalEntry[] {
    return this.#entries.filter(({ call, changed }) => changed && isWrite(call))
  }

  record(entry: JournalEntry): void {
    this.#entries.push(entry)
  }

  clear(): void {
    this.#entries.length = 0
  }
}
