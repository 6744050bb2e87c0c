/** Every trigger on every selected object: findings about objects, never about "everything that the selector matches". */
import { earliest, parseInstant, type Instant } from '../../shared/lib/time.ts'
import { printable } from '../../shared/lib/text.ts'
import { candidates, detect } from '../triggers/index.ts'
import type { RestartMarks } from '../triggers/metric/restarts.ts'
import type { RememberedOccurrences } from '../triggers/occurrences.ts'
import { isTrouble, type DetectContext, type Memory, type Observation } from '../triggers/trigger.ts'
import type { CompiledPolicy, CompiledTrigger } from './policy.ts'
import type { Selected, Selection } from './select.ts'
import { objectsOf, type Snapshot } from './snapshot.ts'

export interface Finding extends Selected {
  readonly trigger: CompiledTrigger
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

export interface Detection {
  /** The oldest first, so that the longest trouble is the first to get a slot. */
  readonly findings: readonly Finding[]
  readonly noData: readonly { readonly trigger: string; readonly selected: Selected }[]
  readonly reports: readonly TriggerReport[]
  /** To be remembered. */
  readonly restarts: readonly RestartMarks[]
  readonly occurrences: readonly RememberedOccurrences[]
  readonly recheckAt: Instant | undefined
}

/** What the last status remembered of this trigger on this object. An unreadable time is no memory: the state begins anew. */
export function recall(remembered: Snapshot['findings'], trigger: string, uid: string): Memory | undefined {
  const entry = remembered.find((f) => f.trigger === trigger && f.object.uid === uid)
  const since = parseInstant(entry?.since)
  if (entry === undefined || since === undefined) return undefined
  const { restarts = 0, state, value, message } = entry
  const confirmedAt = parseInstant(entry.confirmedAt)
  return { since, restarts, state, ...(value === undefined ? {} : { value }), ...(message === undefined ? {} : { evidence: message }), ...(confirmedAt === undefined ? {} : { confirmedAt }) }
}

/** What a detector may look at beside the object. `decided`: in place of what the status does not remember. */
export function contextFor(policy: CompiledPolicy, trigger: string, uid: string, seen: Remembered, decided?: Memory): DetectContext {
  const [kind, ...others] = policy.kinds
  return {
    now: seen.now,
    stabilizationWindow: policy.limits.stabilizationWindow,
    memory: recall(seen.findings, trigger, uid) ?? decided,
    metrics: seen.metrics,
    alerts: seen.alerts,
    marks: seen.restarts.filter(({ pod }) => pod.uid === uid),
    single: others.length === 0 && kind?.names?.size === 1,
    events: seen.events,
    unseen: seen.unseen,
    workloads: seen.workloads,
    occurrences: seen.occurrences.filter((entry) => entry.trigger === trigger && entry.object === uid),
  }
}

/** What the detectors need of a snapshot, the objects apart. */
export type Remembered = Pick<Snapshot, 'now' | 'findings' | 'metrics' | 'alerts' | 'restarts' | 'events' | 'unseen' | 'workloads' | 'occurrences'>

export function detectAll(policy: CompiledPolicy, selection: Selection, snapshot: Remembered): Detection {
  const findings: Finding[] = []
  const noData: Detection['noData'][number][] = []
  const reports: TriggerReport[] = []
  const restarts: RestartMarks[] = []
  const occurrences: RememberedOccurrences[] = []
  let recheckAt: Instant | undefined
  const soon = (t: Instant | undefined): void => {
    if (t !== undefined && t > snapshot.now) recheckAt = recheckAt === undefined ? t : earliest(recheckAt, t)
  }
  const blind = policy.kinds.map((kind) => snapshot.unseen.get(objectsOf(kind))).find((why) => why !== undefined)
  for (const trigger of policy.triggers) {
    const seen: Observation[] = []
    for (const item of candidates(trigger, selection, snapshot)) {
      const observation = detect(trigger, item.object, contextFor(policy, trigger.name, item.object.ref.uid, snapshot))
      seen.push(observation)
      if (observation.marks !== undefined) restarts.push(...observation.marks)
      occurrences.push(...(observation.occurrences ?? []).map(({ event, count, seen: spans }) => ({ trigger: trigger.name, object: item.object.ref.uid, event, count, seen: spans })))
      if (observation.state === 'NoData') noData.push({ trigger: trigger.name, selected: item })
      if (!isTrouble(observation)) continue
      soon(observation.firesAt)
      soon(observation.recheckAt)
      const { state, since, firesAt, restarts: crashes, seen: total, value, evidence, confirmedAt } = observation
      findings.push({ ...item, trigger, state, since, firesAt, restarts: crashes, seen: total, value, evidence: printable(evidence, 400), confirmedAt })
    }
    reports.push(report(trigger.name, seen, blind))
  }
  // sort() is stable: several triggers on one pod stay in the order of the policy.
  findings.sort((a, b) => a.since - b.since || byName(a.object.ref.name, b.object.ref.name))
  return { findings, noData, reports, restarts: longestMarks(restarts), occurrences, recheckAt }
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
function report(name: string, seen: readonly Observation[], unseen: string | undefined): TriggerReport {
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
