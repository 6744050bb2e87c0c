/**
 * An alert about the object. It fires from its begin until Alertmanager says that it has ended, or has not repeated it for
 * too long. A repetition may be hours away, so after a restart what the status remembers goes on, for as long. What began
 * before the object was made, and was not repeated since, may be about another one of that name: it does not fire.
 */
import type { Trigger } from '../../shared/api/v1alpha1/types.ts'
import { requireDuration } from '../../shared/lib/duration.ts'
import { TerminalError } from '../../shared/lib/errors.ts'
import { isPattern, readPattern } from '../../shared/lib/pattern.ts'
import type { Labels } from '../../shared/lib/selector.ts'
import { printable } from '../../shared/lib/text.ts'
import { after, earliest, instant, latest, type Instant, type Millis } from '../../shared/lib/time.ts'
import { isFinished, type TargetView } from '../healing/snapshot.ts'
import { surelyMade } from './made.ts'
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

function detect(args: AlertArgs, object: TargetView, context: DetectContext): Observation {
  const { now, memory, alerts, actedAt } = context
  if (alerts.problem !== undefined) return { state: 'NoData', why: alerts.problem }
  // What has ended for good is replaced by its controller.
  if (object.shape === 'Pod' && isFinished(object)) return { state: 'Quiet' }
  const { staleAfter } = alerts
  const fits = (labels: Labels): boolean => isAbout(labels, object.ref) && matches(args, labels)
  const mine = inNamespace(alerts.firing, object.ref.namespace).filter(({ labels, heardAt }) => now < after(heardAt, staleAfter) && fits(labels))
  const made = surelyMade(object)
  const own = mine.filter(({ startsAt, heardAt }) => startsAt >= made || (actedAt === undefined && heardAt >= made))
  const told = own.length > 0 ? own : mine
  const [first] = told
  if (first !== undefined) {
    const since = told.reduce((t, { startsAt }) => earliest(t, startsAt), first.startsAt)
    const confirmedAt = told.reduce((t, { heardAt }) => latest(t, heardAt), first.heardAt)
    const names = [...new Set(told.map(({ labels }) => valueOf(labels, 'alertname')))].sort()
    const evidence = `alert ${printable(names.join(', '), 200)} is firing`
    return firing(args, { since: earliest(since, now), confirmedAt, evidence: confirmedAt >= made ? evidence : `${evidence}, and was not repeated since the ${object.ref.kind} was made` }, object, context)
  }
  // What this process has heard itself it knows better than the status does.
  const quiet: Observation = { state: 'Quiet', ...(actedAt === undefined ? {} : lastEnd(alerts.ended.filter(({ labels }) => fits(labels)))) }
  const { confirmedAt, evidence, since } = memory ?? {}
  if (confirmedAt === undefined || since === undefined || evidence === undefined || confirmedAt >= alerts.since || now >= after(confirmedAt, staleAfter)) return quiet
  if (alerts.ended.some(({ labels }) => fits(labels))) return quiet
  return firing(args, { since, confirmedAt, evidence }, object, context)
}

const lastEnd = (ended: DetectContext['alerts']['ended']): { readonly since?: Instant } =>
  ended.length === 0 ? {} : { since: ended.reduce((t, { endedAt }) => latest(t, endedAt), ended[0]?.endedAt ?? instant(0)) }

interface Seen {
  readonly since: Instant
  readonly confirmedAt: Instant
  readonly evidence: string
}

function firing({ duration }: AlertArgs, { since: begin, confirmedAt, evidence }: Seen, object: TargetView, { now, actedAt, alerts }: DetectContext): Observation {
  const made = surelyMade(object)
  const older = begin < made
  const inherited = older && actedAt !== undefined
  const ends = after(confirmedAt, alerts.staleAfter)
  // It lasts as long as the object does, whatever was before.
  const since = older && !inherited ? latest(begin, object.createdAt) : begin
  const firesAt = older && !inherited && confirmedAt < made ? ends : after(since, duration)
  return { state: now >= firesAt ? 'Firing' : 'Pending', since, firesAt, restarts: 0, evidence, confirmedAt, recheckAt: ends, ...(inherited ? { inherited } : {}) }
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
