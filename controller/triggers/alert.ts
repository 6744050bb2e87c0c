/**
 * An alert about the object. It fires from its begin until Alertmanager says that it has ended, or has not repeated it for
 * too long. A repetition may be hours away, so after a restart what the status remembers goes on, for as long.
 */
import type { Trigger } from '../../shared/api/v1alpha1/types.ts'
import { requireDuration } from '../../shared/lib/duration.ts'
import { TerminalError } from '../../shared/lib/errors.ts'
import { isPattern, readPattern } from '../../shared/lib/pattern.ts'
import type { Labels } from '../../shared/lib/selector.ts'
import { printable } from '../../shared/lib/text.ts'
import { after, earliest, latest, type Instant, type Millis } from '../../shared/lib/time.ts'
import { isFinished, type TargetView } from '../healing/snapshot.ts'
import { isAbout, namespaceOf } from './object-labels.ts'
import type { DetectContext, Observation, TriggerKind } from './trigger.ts'

type Body = NonNullable<Trigger['alertTrigger']>
type Matcher = NonNullable<Body['matchers']>[number]

export interface AlertArgs {
  readonly alertname: string | undefined
  readonly matchers: readonly ((labels: Labels) => boolean)[]
  readonly duration: Millis
}

export const alertTrigger: TriggerKind<AlertArgs, Body> = {
  type: 'alert',
  compile: ({ alertname, matchers = [], duration }) => ({ alertname, matchers: matchers.map(compileMatcher), duration: requireDuration('duration', duration) }),
  candidates: (_args, { pods, objects }) => [...objects, ...pods],
  detect,
}

/** A label that is not there is empty, as in Alertmanager. */
const valueOf = (labels: Labels, name: string): string => (Object.hasOwn(labels, name) ? (labels[name] ?? '') : '')

function compileMatcher({ name, operator, value }: Matcher): AlertArgs['matchers'][number] {
  if (operator === '=' || operator === '!=') return (labels) => (valueOf(labels, name) === value) === (operator === '=')
  const read = readPattern(wholeValue(value))
  if (!isPattern(read)) throw new TerminalError(`the matcher of ${name} cannot be read: ${read.problem}`)
  return (labels) => read.matches(valueOf(labels, name)) === (operator === '=~')
}

/** Anchored, as in Alertmanager: over line breaks too. */
export const wholeValue = (pattern: string): string => `^(?s:${pattern})$`

function detect(args: AlertArgs, object: TargetView, { now, memory, alerts }: DetectContext): Observation {
  if (alerts.problem !== undefined) return { state: 'NoData', why: alerts.problem }
  // What has ended for good is replaced by its controller.
  if (object.shape === 'Pod' && isFinished(object)) return { state: 'Quiet' }
  const { staleAfter } = alerts
  const fits = (labels: Labels): boolean => isAbout(labels, object.ref) && matches(args, labels)
  const mine = inNamespace(alerts.firing, object.ref.namespace).filter(({ labels, heardAt }) => now < after(heardAt, staleAfter) && fits(labels))
  const [first] = mine
  if (first !== undefined) {
    const since = mine.reduce((t, { startsAt }) => earliest(t, startsAt), first.startsAt)
    const confirmedAt = mine.reduce((t, { heardAt }) => latest(t, heardAt), first.heardAt)
    const names = [...new Set(mine.map(({ labels }) => valueOf(labels, 'alertname')))].sort()
    return firing(args, { since: earliest(since, now), confirmedAt, evidence: `alert ${printable(names.join(', '), 200)} is firing` }, now, staleAfter)
  }
  // What this process has heard itself it knows better than the status does.
  const { confirmedAt, evidence, since } = memory ?? {}
  if (confirmedAt === undefined || since === undefined || evidence === undefined || confirmedAt >= alerts.since || now >= after(confirmedAt, staleAfter)) return { state: 'Quiet' }
  if (alerts.ended.some(({ labels }) => fits(labels))) return { state: 'Quiet' }
  return firing(args, { since, confirmedAt, evidence }, now, staleAfter)
}

interface Seen {
  readonly since: Instant
  readonly confirmedAt: Instant
  readonly evidence: string
}

function firing({ duration }: AlertArgs, { since, confirmedAt, evidence }: Seen, now: Instant, staleAfter: Millis): Observation {
  const firesAt = after(since, duration)
  return { state: now >= firesAt ? 'Firing' : 'Pending', since, firesAt, restarts: 0, evidence, confirmedAt, recheckAt: after(confirmedAt, staleAfter) }
}

const matches = ({ alertname, matchers }: AlertArgs, labels: Labels): boolean =>
  (alertname === undefined || valueOf(labels, 'alertname') === alertname) && matchers.every((matcher) => matcher(labels))

type Firing = DetectContext['alerts']['firing']
const indexed = new WeakMap<Firing, ReadonlyMap<string, Firing>>()

/** Made once for all objects of an evaluation. */
function inNamespace(all: Firing, namespace: string): Firing {
  const found = indexed.get(all) ?? Map.groupBy(all, ({ labels }) => namespaceOf(labels) ?? '')
  indexed.set(all, found)
  return found.get(namespace) ?? []
}
