/** The history of a fake cluster: its journal, reads included, and what changed beside it. */
import { OPERATOR_NAMESPACE, PROTECTED_NAMESPACES } from '../../api/v1alpha1/names.ts'
import { isObject } from '../../lib/json.ts'
import { millis, type Instant } from '../../lib/time.ts'
import type { Journal, JournalEntry } from '../fake-cluster/calls.ts'
import type { Change as StoredChange } from '../fake-cluster/state.ts'
import type { Call, Change, Entry, History, Note, Setting } from './history.ts'
import { collectionOf } from './world.ts'

export interface JournalHistoryOptions extends Partial<Setting> {
  readonly until: Instant
  /** What only the test knows, put in by their time: before what happened at the same instant. */
  readonly notes?: readonly Note[]
}

/** Default: every client whose name begins with `controller` is ours, and the limits are those of an installation without configuration. */
export function historyOfJournal(journal: Journal, { until, notes = [], ...setting }: JournalHistoryOptions): History {
  const items = journal.items.map((item): Entry => (item.kind === 'call' ? toCall(item.entry) : { kind: 'outside', at: item.at, change: toChange(item.change) }))
  return {
    setting: {
      operatorNamespace: OPERATOR_NAMESPACE,
      protectedNamespaces: PROTECTED_NAMESPACES,
      isController: (user) => user.startsWith('controller'),
      limits: { ceiling: 60, namespace: Number.POSITIVE_INFINITY, cluster: Number.POSITIVE_INFINITY },
      secrets: [],
      seesReads: true,
      slack: millis(0),
      ...setting,
    },
    entries: withNotes(items, notes),
    until,
  }
}

/** Both are in their order already; a note stands before what has its time. */
export function withNotes(entries: readonly Entry[], notes: readonly Note[]): readonly Entry[] {
  const left = notes.toSorted((a, b) => a.at - b.at)
  const merged: Entry[] = []
  for (const entry of entries) {
    while (left[0] !== undefined && left[0].at <= entry.at) merged.push(...left.splice(0, 1))
    merged.push(entry)
  }
  return [...merged, ...left]
}

const toChange = ({ collection, before, after }: StoredChange): Change => ({ collection, before, after })

function toCall({ at, sent, call, body, outcome, changed, uid, changes }: JournalEntry): Call {
  const { verb, resource, subresource, namespace, name, user, impersonate, userAgent, fieldManager, dryRun } = call
  return {
    kind: 'call', at, received: sent, user, impersonated: impersonate, userAgent, fieldManager, verb, collection: collectionOf(resource), subresource, namespace, name,
    // An eviction says so in its body.
    dryRun: dryRun || saysDryRun(body),
    // The type of a patch is not part of what is sent.
    body: verb === 'patch' && isObject(body) ? body['body'] : body,
    ok: outcome === 'ok', answer: outcome, changed, uid, changes: changes.map(toChange),
  }
}

function saysDryRun(body: unknown): boolean {
  const options = isObject(body) ? (body['deleteOptions'] ?? body) : undefined
  const dryRun = isObject(options) ? options['dryRun'] : undefined
  return Array.isArray(dryRun) && dryRun.includes('All')
}
