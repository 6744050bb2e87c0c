import type { Instant } from '../../lib/time.ts'
import type { Resource } from '../../kube/api.ts'
import type { ApiErrorKind } from '../../kube/errors.ts'
import type { Change } from './state.ts'

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
  /** When it was sent; `at` is when the server took it. */
  readonly sent: Instant
  /** What was stored by it, what follows from it at once included. */
  readonly changes: readonly Change[]
}

/** What changed by other hands than those of a client: `seed`, `change`, `drop`, a pod that has had its time. */
export interface OutsideChange {
  readonly at: Instant
  readonly change: Change
}

export type JournalItem = { readonly kind: 'call'; readonly entry: JournalEntry } | ({ readonly kind: 'outside' } & OutsideChange)

/** Every call in the order the server took it: the oracle of simulations. */
export class Journal {
  readonly #entries: JournalEntry[] = []
  readonly #items: JournalItem[] = []
  #changes: OutsideChange[] = []

  /** Calls and what changed beside them, in their order. */
  get items(): readonly JournalItem[] {
    return [...this.#items, ...this.#changes.map((change) => ({ kind: 'outside' as const, ...change }))]
  }

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

  /** Every change, by whomever. */
  note(change: Change, at: Instant): void {
    this.#changes.push({ at, change })
  }

  /** What has changed so far belongs to no call. */
  begin(): void {
    for (const change of this.#changes) this.#items.push({ kind: 'outside', ...change })
    this.#changes = []
  }

  /** What has changed since `begin` belongs to it. */
  record(facts: Omit<JournalEntry, 'changes'>): { answered: JournalEntry['answered'] } {
    const entry = { ...facts, changes: this.#changes.map(({ change }) => change) }
    this.#changes = []
    this.#entries.push(entry)
    this.#items.push({ kind: 'call', entry })
    return entry
  }

  clear(): void {
    this.#entries.length = 0
    this.#items.length = 0
    this.#changes = []
  }
}
