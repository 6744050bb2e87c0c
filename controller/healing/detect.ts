/** Every trigger on every selected object: findings about objects, never about "everything that the selector matches". */
import { earliest, parseInstant, type Instant } from '../../shared/lib/time.ts'
import { printable } from '../../shared/lib/text.ts'
import { candidates, detect } from '../triggers/index.ts'
import type { RestartMarks } from '../triggers/metric/restarts.ts'
import type { RememberedOccurrences } from '../triggers/occurrences.ts'
import { isTrouble, type DetectContext, type Memory } from '../triggers/trigger.ts'
import type { Cause, CompiledPolicy } from './policy.ts'
import type { Selected, Selection } from './select.ts'
import { objectsOf, type Snapshot } from './snapshot.ts'
import { MOST_EVIDENCE, together, type Looked, type Sight } from './together.ts'

export interface Finding extends Selected {
  readonly trigger: Cause
  readonly state: 'Pending' | 'Firing'
  readonly since: Instant
  readonly firesAt: Instant
  readonly restarts: number
  /** Restarts so far, where they are what it is about. */
  readonly seen: number | undefined
  /** The measured value, where there is one. */
  readonly value: number | undefined
  readonly evidence: string
  /** Of an alert: when it was told last. */
  readonly confirmedAt: Instant | undefined
}

export interface TriggerReport {
  readonly name: string
  readonly state: 'Quiet' | 'Pending' | 'Firing' | 'NoData'
  readonly objects: number
  readonly since: Instant | undefined
  readonly firesAt: Instant | undefined
  readonly message: string
  /** Of the object that the message is about. */
  readonly value?: number
}

export interface NoData {
  readonly trigger: string
  readonly selected: Selected
  readonly why: string
}

export interface Detection {
  /** What can lead to acts. The oldest first, so that the longest trouble is the first to get a slot. */
  readonly findings: readonly Finding[]
  readonly noData: readonly NoData[]
  /** Of each trigger by itself: to be remembered. The same as `findings` unless all of them have to meet. */
  readonly single: readonly Finding[]
  /** That of all triggers together comes first. */
  readonly reports: readonly TriggerReport[]
  /** To be remembered. */
  readonly restarts: readonly RestartMarks[]
  readonly occurrences: readonly RememberedOccurrences[]
  readonly recheckAt: Instant | undefined
}

/**
 * What the last status remembered of this trigger on this object. An unreadable time is no memory: the state begins anew.
 * One that lies ahead is of a clock that was set back since: it began before now, and nobody knows when.
 */
export function recall(remembered: Snapshot['findings'], trigger: string, uid: string, now: Instant): Memory | undefined {
  const entry = remembered.find((f) => f.trigger === trigger && f.object.uid === uid)
  const since = parseInstant(entry?.since)
  if (entry === undefined || since === undefined) return undefined
  const { restarts = 0, state, value, message } = entry
  const confirmedAt = parseInstant(entry.confirmedAt)
  return { since: earliest(since, now), restarts, state, ...(value === undefined ? {} : { value }), ...(message === undefined ? {} : { evidence: message }), ...(confirmedAt === undefined ? {} : { confirmedAt: earliest(confirmedAt, now) }) }
}

/** What a detector may look at beside the object. `decided`: in place of what the status does not remember. */
export function contextFor(policy: CompiledPolicy, trigger: string, uid: string, seen: Remembered, decided?: Memory): DetectContext {
  const [kind, ...others] = policy.kinds
  return {
    now: seen.now,
    stabilizationWindow: policy.limits.stabilizationWindow,
    memory: recall(seen.findings, trigger, uid, seen.now) ?? decided,
    metrics: seen.metrics,
    alerts: seen.alerts,
    marks: seen.restarts.filter(({ pod }) => pod.uid === uid),
    single: others.length === 0 && kind?.names?.size === 1 && policy.namespaces.length === 1,
    events: seen.events,
    unseen: seen.unseen,
    workloads: seen.workloads,
    occurrences: seen.occurrences.filter((entry) => entry.trigger === trigger && entry.object === uid),
  }
}

/** What the detectors need of a snapshot, the objects apart. */
export type Remembered = Pick<Snapshot, 'now' | 'findings' | 'metrics' | 'alerts' | 'restarts' | 'events' | 'unseen' | 'workloads' | 'occurrences'>

/** What a trigger sees of everything that it looks at, or all of them see together. */
export function look(policy: CompiledPolicy, cause: Cause, selection: Selection, seen: Remembered, more: { readonly decided?: Memory | undefined; readonly actedAt?: Instant } = {}): readonly Looked[] {
  if (cause.type === 'all') return together(cause.parts.map((trigger) => ({ trigger, looked: look(policy, trigger, selection, seen, more) })))
  const { decided, ...when } = more
  return candidates(cause, selection, seen).map((selected) => {
    const { object } = selected
    return { selected, observation: detect(cause, object, { ...contextFor(policy, cause.name, object.ref.uid, seen, decided), ...when }) }
  })
}

export function detectAll(policy: CompiledPolicy, selection: Selection, snapshot: Remembered): Detection {
  const sights: readonly Sight[] = policy.triggers.map((trigger) => ({ trigger, looked: look(policy, trigger, selection, snapshot) }))
  const all = policy.causes.flatMap((cause) => (cause.type === 'all' ? { trigger: cause, looked: together(sights) } : []))
  const leading = all.length === 0 ? sights : all
  const single = findingsOf(sights)
  const seen = sights.flatMap(({ trigger, looked }) => looked.map(({ selected, observation }) => ({ trigger: trigger.name, object: selected.object.ref.uid, observation })))
  const troubles = seen.map(({ observation }) => observation).filter(isTrouble)
  const times = troubles.flatMap(({ firesAt, recheckAt }) => (recheckAt === undefined ? [firesAt] : [firesAt, recheckAt])).filter((t) => t > snapshot.now)
  const blind = policy.kinds.map((kind) => snapshot.unseen.get(objectsOf(kind))).find((why) => why !== undefined)
  const apart = blind ?? (sights.some(({ looked }) => looked.length > 0) ? 'there is no object that every trigger looks at' : undefined)
  return {
    findings: all.length === 0 ? single : findingsOf(all),
    noData: leading.flatMap(({ trigger, looked }) => looked.flatMap(({ selected, observation: o }) => (o.state === 'NoData' ? { trigger: trigger.name, selected, why: o.why } : []))),
    single,
    reports: [...all.map(({ trigger, looked }) => report(trigger.name, looked, looked.length === 0 ? apart : blind)), ...sights.map(({ trigger, looked }) => report(trigger.name, looked, blind))],
    restarts: longestMarks(seen.flatMap(({ observation }) => observation.marks ?? [])),
    occurrences: seen.flatMap(({ trigger, object, observation }) => (observation.occurrences ?? []).map(({ event, count, seen: spans }) => ({ trigger, object, event, count, seen: spans }))),
    recheckAt: times.reduce<Instant | undefined>((a, b) => (a === undefined ? b : earliest(a, b)), undefined),
  }
}

function findingsOf(sights: readonly { readonly trigger: Cause; readonly looked: readonly Looked[] }[]): Finding[] {
  const findings = sights.flatMap(({ trigger, looked }) =>
    looked.flatMap(({ selected, observation }): Finding[] => {
      if (!isTrouble(observation)) return []
      const { state, since, firesAt, restarts, seen, value, evidence, confirmedAt } = observation
      return [{ ...selected, trigger, state, since, firesAt, restarts, seen, value, evidence: printable(evidence, trigger.type === 'all' ? MOST_EVIDENCE : 400), confirmedAt }]
    }),
  )
  // sort() is stable: several triggers on one pod stay in the order of the policy.
  return findings.sort((a, b) => a.since - b.since || byName(a.object.ref.name, b.object.ref.name))
}

/** Triggers with windows of their own remember the same container for different times: the longest memory serves all. */
function longestMarks(all: readonly RestartMarks[]): readonly RestartMarks[] {
  const kept = new Map<string, RestartMarks>()
  for (const entry of all) {
    const key = `${entry.pod.uid} ${entry.container}`
    const other = kept.get(key)
    if (other === undefined || entry.base < other.base) kept.set(key, entry)
  }
  return [...kept.values()]
}

const byName = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

/** `unseen`: why a selected kind cannot be seen at all. */
function report(name: string, looked: readonly Looked[], unseen: string | undefined): TriggerReport {
  const seen = looked.map(({ observation }) => observation)
  const troubled = seen.filter(isTrouble)
  const firing = troubled.filter((o) => o.state === 'Firing')
  const oldest = troubled.reduce<Instant | undefined>((t, o) => (t === undefined ? o.since : earliest(t, o.since)), undefined)
  const next = troubled
    .filter((o) => o.state === 'Pending')
    .reduce<Instant | undefined>((t, o) => (t === undefined ? o.firesAt : earliest(t, o.firesAt)), undefined)
  const worst = firing[0] ?? troubled[0]
  if (worst !== undefined) {
    return { name, state: worst.state, objects: troubled.length, since: oldest, firesAt: next, message: printable(worst.evidence, 400), ...(worst.value === undefined ? {} : { value: worst.value }) }
  }
  const blind = seen.filter((o) => o.state === 'NoData')
  // One object with data is enough to say that the trigger works; with none it is blind, and that is not quiet.
  const state = seen.length === blind.length ? 'NoData' : 'Quiet'
  const [why] = blind.map((o) => o.why)
  const partly = why === undefined || state === 'NoData' ? why : `no data of ${blind.length} of ${seen.length}: ${why}`
  const message = seen.length === 0 ? (unseen ?? 'nothing is selected') : (partly ?? unseen ?? '')
  return { name, state, objects: 0, since: undefined, firesAt: undefined, message: printable(message, 400) }
}
