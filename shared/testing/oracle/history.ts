/**
 * What an API server was asked, in the order in which it committed it: the only witness of the checkers. A history comes
 * from the audit log of a real server (`from-audit.ts`) or from the journal of the fake one (`from-journal.ts`).
 */
import type { Instant, Millis } from '../../lib/time.ts'
import type { KubeObject } from '../../kube/api.ts'

/** A group and a plural, as `apps/deployments`; of the core group `/pods`. */
export type Collection = string

/** An object before and after. `before` undefined: made, or not known; `after` undefined: gone. */
export interface Change {
  readonly collection: Collection
  readonly before?: KubeObject | undefined
  readonly after?: KubeObject | undefined
}

export interface Call {
  readonly kind: 'call'
  /** When it was committed; of a read, when it was answered. */
  readonly at: Instant
  /** When it arrived. */
  readonly received: Instant
  readonly user: string
  /** Which of the processes of this user it was, by its credential. Absent: it has one. */
  readonly process?: string | undefined
  /** As whom it was done, when not as the user itself. */
  readonly impersonated?: string | undefined
  readonly userAgent: string
  readonly fieldManager?: string | undefined
  /** As RBAC names it; an eviction is a `create` of `pods/eviction`. */
  readonly verb: string
  readonly collection: Collection
  readonly subresource?: string | undefined
  readonly namespace?: string | undefined
  /** Absent: of a collection. */
  readonly name?: string | undefined
  readonly dryRun: boolean
  /** As sent, preconditions included; of a patch its operations or its document. undefined: none, or not known. */
  readonly body?: unknown
  /** Whether the server accepted it. */
  readonly ok: boolean
  /** HTTP status where it is known, else the kind of error. */
  readonly answer: number | string
  /** False: nothing was stored, as by a write of what was there already. undefined: not known. */
  readonly changed?: boolean | undefined
  /** Uid of the object that it was about, where known. */
  readonly uid?: string | undefined
  readonly changes: readonly Change[]
}

/**
 * What changed by other hands than those of an API client (a kubelet, a controller that the test plays), or was seen as it
 * was: a server that is cut off amid a write may store it and note that it failed.
 */
export interface Outside {
  readonly kind: 'outside'
  readonly at: Instant
  readonly change: Change
}

/** What only the test knows. */
export interface Mark {
  readonly kind: 'mark'
  readonly at: Instant
  /**
   * FaultsEnd: nothing goes wrong from here on. Quiet: nothing happens that our programs need to answer, until Disturbed.
   * NoData: a trigger of a policy has no data, until Data. Restored: the store is as it was at `asOf`, and nothing that
   * was written since ever happened. TwoLeaders: two controllers act under one account, until OneLeader.
   */
  readonly mark: 'FaultsEnd' | 'Quiet' | 'Disturbed' | 'NoData' | 'Data' | 'Restored' | 'TwoLeaders' | 'OneLeader'
  readonly asOf?: Instant
  /** Of NoData and Data: `namespace/policy/trigger`. */
  readonly of?: string
}

/** What a process of ours said: log, metrics, a request to a third party. */
export interface Output {
  readonly kind: 'output'
  readonly at: Instant
  readonly stream: string
  readonly text: string
}

/** It arrived, and nothing tells how it ended: it may have landed. */
export interface Open {
  readonly kind: 'open'
  readonly at: Instant
  readonly call: Call
}

/** Something is missing here, nobody knows what. */
export interface Gap {
  readonly kind: 'gap'
  readonly at: Instant
  readonly why: string
}

/** What is put in beside what the server tells. */
export type Note = Mark | Output | Outside

export type Entry = Call | Outside | Mark | Output | Open | Gap

export interface Setting {
  readonly operatorNamespace: string
  /** Namespaces in which nothing of ours may ever write to a workload, beside the operator's own. */
  readonly protectedNamespaces: readonly string[]
  /** Whether a user, or who it acts as, is our controller. */
  readonly isController: (user: string) => boolean
  /** Actions in an hour: of a policy at most, of all policies of a namespace, of all. */
  readonly limits: { readonly ceiling: number; readonly namespace: number; readonly cluster: number }
  /** Whether somebody holds the verb `approve` there. Absent: not known, and not judged. */
  readonly mayApprove?: (user: string, namespace: string) => boolean
  /** Values that nobody may read anywhere. */
  readonly secrets: readonly string[]
  /** Whether reads are part of the history; without them what needs them is undecided. */
  readonly seesReads: boolean
  /** Whether an event is owed for every act. They are bounded: in a storm of them, or when its process dies, one may be missing. Default false. */
  readonly everyEvent?: boolean
  /** How far the clocks of history and controller may lie apart, and how late the order of the log may be. */
  readonly slack: Millis
  /** The history begins with a backup, which may hold what was on its way when it was made. */
  readonly restored?: true
}

export interface History {
  readonly setting: Setting
  readonly entries: readonly Entry[]
  /** How long it was watched. */
  readonly until: Instant
}

const READS = new Set(['get', 'list', 'watch'])
export const isWrite = ({ verb, collection }: Call): boolean => !READS.has(verb) && !collection.startsWith('authorization.k8s.io/') && !collection.startsWith('authentication.k8s.io/')
/** Who counts for the server's rights. */
export const actor = ({ user, impersonated }: Call): string => impersonated ?? user

export const processOf = ({ user, process = user }: Call): string => process

/** `create pods/eviction shop/cart-1`, for people. */
export function describe(entry: Entry): string {
  if (entry.kind === 'mark') return entry.of === undefined ? entry.mark : `${entry.mark} ${entry.of}`
  if (entry.kind === 'output') return entry.stream
  if (entry.kind === 'gap') return 'the log'
  if (entry.kind === 'open') return `${describe(entry.call)}, without an end`
  if (entry.kind === 'outside') {
    const { metadata } = entry.change.after ?? entry.change.before ?? { metadata: { name: '', namespace: '' } }
    return `${entry.change.collection} ${metadata.namespace ?? ''}/${metadata.name}, by other hands`
  }
  const { verb, collection, subresource, namespace, name, dryRun } = entry
  return `${verb} ${collection.replace(/^\//, '')}${subresource === undefined ? '' : `/${subresource}`} ${[namespace, name].filter(Boolean).join('/')}${dryRun ? ' (dry run)' : ''}`
}
