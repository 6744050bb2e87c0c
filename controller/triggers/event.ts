/** Events about an object, often enough within a sliding window. */
import type { Trigger } from '../../shared/api/v1alpha1/types.ts'
import { formatDuration, requireDuration } from '../../shared/lib/duration.ts'
import { TerminalError } from '../../shared/lib/errors.ts'
import { isPattern, readPattern, type Pattern } from '../../shared/lib/pattern.ts'
import { plural, printable } from '../../shared/lib/text.ts'
import { after, earliest, millis, type Instant, type Millis } from '../../shared/lib/time.ts'
import { eventsOf, type EventView, type TargetView, type WorkloadView } from '../healing/snapshot.ts'
import { advance, countIn, within, type Span } from './occurrences.ts'
import type { DetectContext, Observation, TriggerKind } from './trigger.ts'

export interface EventArgs {
  readonly reason: string
  /** undefined: either. */
  readonly type: string | undefined
  readonly count: number
  readonly window: Millis
  readonly pattern: Pattern | undefined
}

export const eventTrigger: TriggerKind<EventArgs, NonNullable<Trigger['eventTrigger']>> = {
  type: 'event',
  compile: ({ reason, type, count, window, messagePattern }) => ({ reason, type, count, window: requireDuration('window', window), pattern: compilePattern(messagePattern) }),
  // Whatever is selected: events are about pods, and about what owns them.
  candidates: (_args, { pods, objects }) => [...objects, ...pods],
  detect,
}

function compilePattern(source: string | undefined): Pattern | undefined {
  if (source === undefined) return undefined
  const read = readPattern(source)
  if (!isPattern(read)) throw new TerminalError(`messagePattern cannot be read: ${read.problem}`)
  return read
}

function detect(args: EventArgs, object: TargetView, { now, memory, events, unseen, workloads, occurrences, actedAt }: DetectContext): Observation {
  const blind = unseen.get(eventsOf(args.reason))
  // What was counted before stays so.
  if (blind !== undefined) return { state: 'NoData', why: blind, occurrences }
  const known = new Map(occurrences.map((entry) => [entry.event, entry]))
  for (const event of eventsAbout(object, events, workloads)) {
    if (matches(args, event)) known.set(event.uid, advance(known.get(event.uid), event, now))
  }
  const counted = [...known.values()].map((entry) => ({ ...entry, seen: within(entry.seen, now, args.window) })).filter(({ seen }) => seen.length > 0)
  const spans = counted.flatMap(({ seen }) => seen)
  const remembered = { occurrences: counted }
  const counting = actedAt === undefined ? args.window : millis(Math.min(args.window, Math.max(0, now - actedAt)))
  if (countIn(spans, now, counting) < args.count) return { state: 'Quiet', ...remembered }
  const since = memory?.since ?? reachedAt(spans, args) ?? now
  const next = leaving(spans, now, args.window)
  return {
    state: 'Firing',
    since,
    firesAt: since,
    restarts: 0,
    // Neither the message, which may hold anything, nor a number that moves with every event.
    evidence: `${args.count === 1 ? 'event' : `${plural(args.count, 'event')} or more`} ${printable(args.reason)} within ${formatDuration(args.window)}`,
    ...remembered,
    ...(next === undefined ? {} : { recheckAt: next }),
  }
}

const matches = ({ reason, type, pattern }: EventArgs, event: EventView): boolean =>
  event.reason === reason && (type === undefined || event.type === type) && (pattern === undefined || pattern.matches(event.message))

/** Since when, without a break, there have been enough; as far back as is remembered. */
function reachedAt(spans: readonly Span[], { count, window }: EventArgs): Instant | undefined {
  const ordered = spans.toSorted((a, b) => a.to - b.to)
  let since: Instant | undefined
  for (let i = ordered.length - 1; i >= 0; i--) {
    const at = ordered[i]?.to
    if (at === undefined || countIn(ordered.slice(0, i + 1), at, window) < count) break
    since = at
    // Before this one came there were too few: it is the one that made it enough.
    if (countIn(ordered.slice(0, i), at, window) < count) break
  }
  return since
}

/** When the next one leaves the window. */
function leaving(spans: readonly Span[], now: Instant, window: Millis): Instant | undefined {
  const times = spans.flatMap(({ from, to }) => [after(from, window), after(to, window)]).filter((t) => t > now)
  return times.reduce<Instant | undefined>((a, b) => (a === undefined ? b : earliest(a, b)), undefined)
}

/** About the object itself, or about what it owns and nobody selects (the ReplicaSet of a Deployment). */
function eventsAbout(object: TargetView, events: readonly EventView[], workloads: readonly WorkloadView[]): readonly EventView[] {
  const about = byRegarding(events)
  const owned = object.shape === 'Pod' ? [] : workloads.filter(({ owner }) => owner?.uid === object.ref.uid)
  return [object, ...owned].flatMap(({ ref }) => [...(about.get(ref.uid) ?? []), ...(about.get(`${ref.kind}/${ref.name}`) ?? [])])
}

type ByRegarding = ReadonlyMap<string, readonly EventView[]>
const indexed = new WeakMap<readonly EventView[], ByRegarding>()

/** By uid; who wrote none is found by kind and name. Made once for all objects of an evaluation. */
function byRegarding(events: readonly EventView[]): ByRegarding {
  const found = indexed.get(events)
  if (found !== undefined) return found
  const index = new Map<string, EventView[]>()
  for (const event of events) {
    const { uid, kind, name } = event.regarding
    const key = uid === '' ? `${kind}/${name}` : uid
    const others = index.get(key)
    if (others === undefined) index.set(key, [event])
    else others.push(event)
  }
  indexed.set(events, index)
  return index
}
