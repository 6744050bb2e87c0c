/**
 * A measured value beyond a threshold for a while. Values come from the readings of the snapshot or from the objects' own
 * status; what is missing, old or no number is NoData, which neither fires nor calms.
 */
import { formatDuration } from '../../shared/lib/duration.ts'
import { after, before, between, latest, millis, type Instant, type Millis } from '../../shared/lib/time.ts'
import type { Trigger } from '../../shared/api/v1alpha1/types.ts'
import { questionKey, TICKS_OF_GRACE, type MetricQuestion, type MetricReading, type MetricReadings, type Series } from '../healing/metrics.ts'
import type { Selected, Selection } from '../healing/select.ts'
import { isFinished, type PodView, type TargetView } from '../healing/snapshot.ts'
import { breaches } from '../../shared/rules/triggers/thresholds.ts'
import { asksKubelets, compileMetric, kubeletQuestion, questionFor, type MetricArgs } from './metric/args.ts'
import { calmSince, judgeSeries } from './metric/held.ts'
import { readiness, usage, type Measured } from './metric/measures.ts'
import { countRestarts } from './metric/restarts.ts'
import { seriesOf, whyNone } from './metric/subjects.ts'
import { notYetItsOwn, ofItself } from './metric/successor.ts'
import { isLimited, throttling, whyUnlimited } from './metric/throttling.ts'
import { surelyMade } from './made.ts'
import { namespaceOf } from './object-labels.ts'
import { isTrouble, type DetectContext, type Memory, type Observation, type Signals, type TriggerKind } from './trigger.ts'

/** Values of the object's own status have no gaps. */
const NO_GAP = Number.POSITIVE_INFINITY as Millis

export const metricTrigger: TriggerKind<MetricArgs, NonNullable<Trigger['metricTrigger']>> = {
  type: 'metric',
  compile: compileMetric,
  candidates,
  detect: (args, object, context) => {
    // What has ended for good uses nothing and will not again.
    if (object.shape === 'Pod' && isFinished(object)) return { state: 'Quiet' }
    if (args.builtIn === 'restart_count') return restarts(args, object, context)
    if (object.shape === 'Pod' && asksKubelets(args, context.metrics.kubelets)) return heldBack(args, object, context)
    const question = questionFor(args, object)
    if (question === undefined) return judged(args, context, readiness(object, args.builtIn === 'ready_percent' ? 'ready' : 'available', context.now), NO_GAP)
    return fromReading(args, question, context, {
      measure: (reading) => measure(args, object, reading, context),
      judge: (measured, { gap }) => ofName(args, object, context, measured, gap),
    })
  },
}

/** Pods where it is about pods; else what the policy selects itself. */
function candidates(args: MetricArgs, selection: Selection, { metrics }: Signals): readonly Selected[] {
  switch (args.builtIn) {
    case 'restart_count':
    case 'cpu_usage_percent':
    case 'memory_usage_percent':
    case 'cpu_throttled_percent':
      return selection.pods
    case undefined:
      return named(args, selection, metrics)
    case 'ready_percent':
    case 'availability_percent':
    case 'error_rate_percent':
    case 'latency_p99_seconds':
      return chosen(selection)
    default:
      return args.builtIn satisfies never
  }
}

/** Selected themselves, not by an owner; a pod whose workload is selected too is told by its workload. */
function chosen({ pods, objects }: Selection): readonly Selected[] {
  const uids = new Set(objects.map(({ object }) => object.ref.uid))
  const own = pods.filter(({ object, by, chain }) => by.includes(object.ref.uid) && !chain.workloads.some(({ ref }) => uids.has(ref.uid)))
  return [...own, ...objects]
}

/** What the series are about decides who is looked at: of a series about Deployments no pod is without data. */
function named(args: MetricArgs, selection: Selection, metrics: MetricReadings): readonly Selected[] {
  const all = [...selection.pods, ...selection.objects]
  const kinds = new Set(all.filter(({ object }) => seriesOf(seriesFor(args, object, metrics), object.ref).length > 0).map(({ object }) => object.ref.kind))
  return kinds.size === 0 ? chosen(selection) : all.filter(({ object }) => kinds.has(object.ref.kind))
}

function seriesFor(args: MetricArgs, object: TargetView, { byQuestion }: MetricReadings): readonly Series[] {
  const question = questionFor(args, object)
  return (question === undefined ? undefined : byQuestion.get(questionKey(question)))?.series ?? []
}

function restarts(args: MetricArgs, object: TargetView, context: DetectContext): Observation {
  if (object.shape !== 'Pod') return { state: 'NoData', why: `a ${object.ref.kind} has no containers that restart` }
  if (object.containers.length === 0) return { state: 'NoData', why: 'the pod has no container status yet' }
  // Of an act that is verified only what came after it: a pod that stayed would be blamed for what was before.
  const window = context.actedAt === undefined ? args.window : millis(Math.min(args.window, Math.max(0, between(context.actedAt, context.now))))
  const { count, remember, changesAt } = countRestarts(object, context.marks, window, context.now)
  const seen = judged(args, context, { series: [{ labels: {}, points: [{ at: context.now, value: count }] }] }, NO_GAP)
  const ends = changesAt !== undefined && breaches(args, count) ? { recheckAt: changesAt } : {}
  return { ...seen, ...(seen.state === 'Pending' || seen.state === 'Firing' ? ends : {}), marks: remember }
}

function heldBack(args: MetricArgs, pod: PodView, context: DetectContext): Observation {
  if (!isLimited(pod)) return { state: 'NoData', why: whyUnlimited(pod) }
  if (pod.node === '') return { state: 'NoData', why: `pod ${pod.ref.name} is on no node yet` }
  const { metrics, actedAt } = context
  const measure = ({ series }: MetricReading): Measured => throttling(pod, series, { window: args.window, actedAt })
  // It is told of uids, so it is about nobody else; and however long the window is, it is read with every tick.
  const judge = (measured: Measured): Observation => judged(args, context, measured, graceOf(metrics))
  return fromReading(args, kubeletQuestion(pod), context, { measure, judge })
}

const graceOf = ({ tick }: MetricReadings): Millis => (tick * TICKS_OF_GRACE) as Millis

interface Reader {
  readonly measure: (reading: MetricReading) => Measured
  readonly judge: (measured: Measured, reading: MetricReading) => Observation
}

function fromReading(args: MetricArgs, question: MetricQuestion, context: DetectContext, { measure, judge }: Reader): Observation {
  const { now, memory, metrics } = context
  const grace = graceOf(metrics)
  const reading = metrics.byQuestion.get(questionKey(question))
  if (reading === undefined || !isFresh(reading, now, grace)) {
    // Right after a start there is no reading yet: what was seen before goes on, but does not fire.
    const waits = reading === undefined || (reading.askedAt === undefined && between(reading.askedFrom, now) <= grace)
    if (waits && memory !== undefined) return waiting(args, memory, after(reading?.askedFrom ?? now, grace))
    return { state: 'NoData', why: whyMissing(reading, now) }
  }
  // What was asked before an act says nothing about whether it helped, even if it was answered after it.
  if (context.actedAt !== undefined && (reading.askedAt ?? context.actedAt) <= context.actedAt) return { state: 'NoData', why: 'it has not been read since the act' }
  const measured = measure(reading)
  // Right after a start what was seen before goes on until there is enough to judge, but does not fire.
  if ('why' in measured && measured.early === true && memory !== undefined && between(reading.askedFrom, now) <= grace) return waiting(args, memory, after(reading.askedFrom, grace))
  const seen = judge(measured, reading)
  // Nor does what was read last while the source is silent.
  if (context.actedAt !== undefined && reading.failure !== undefined && seen.state === 'Quiet') return { state: 'NoData', why: reading.failure }
  // What was read before the source failed goes on, but nothing is done about it until there is news.
  const silent = reading.failure !== undefined && seen.state === 'Firing'
  return silent ? { ...seen, state: 'Pending', firesAt: latest(seen.firesAt, after(reading.askedAt ?? now, grace)) } : seen
}

/** What is told of the object's name, as far as it is about the object. */
function ofName(args: MetricArgs, object: TargetView, context: DetectContext, measured: Measured, gap: Millis): Observation {
  if ('why' in measured) return { state: 'NoData', why: measured.why }
  const made = surelyMade(object)
  const own = ofItself(measured.series, made)
  const seen: Observation =
    own.length === 0
      ? { state: 'NoData', why: `it has not been measured since the ${object.ref.kind} was made` }
      : notYetItsOwn(judged(args, context, { series: own }, gap), object, own, { made, looksBack: args.looksBack, now: context.now })
  if (context.actedAt === undefined) return seen
  // A source may go on telling what was before the act, of whatever has the name since: that has begun no trouble anew.
  const told = judged(args, context, measured, gap)
  if (isTrouble(told) && told.since < made) return { ...told, inherited: true }
  const since = calmSince(measured.series, (value) => breaches(args, value), context.actedAt)
  return seen.state === 'Quiet' && since !== undefined ? { ...seen, since } : seen
}

const isFresh = ({ askedAt }: MetricReading, now: Instant, grace: Millis): boolean => askedAt !== undefined && askedAt >= before(now, grace)

/** Not to be acted on before there is data: it would fire when the waiting is over at the earliest. */
function waiting({ query, duration }: MetricArgs, { since, value, evidence }: Memory, until: Instant): Observation {
  const firesAt = latest(after(since, duration), until)
  return { state: 'Pending', since, firesAt, restarts: 0, ...(value === undefined ? {} : { value }), evidence: evidence ?? `${query} is read again` }
}

function whyMissing(reading: MetricReading | undefined, now: Instant): string {
  if (reading?.failure !== undefined) return reading.failure
  if (reading?.askedAt === undefined) return 'it has not been read yet'
  return `the last reading is ${formatDuration(between(reading.askedAt, now))} old`
}

function measure(args: MetricArgs, object: TargetView, { series }: MetricReading, { single }: DetectContext): Measured {
  if (args.builtIn === 'cpu_usage_percent' || args.builtIn === 'memory_usage_percent') {
    return object.shape === 'Pod' ? usage(object, args.builtIn === 'cpu_usage_percent' ? 'cpu' : 'memory', series) : { why: `a ${object.ref.kind} has no containers that use anything` }
  }
  const own = seriesOf(series, object.ref)
  if (own.length > 0) return { series: own }
  // A value that names nothing is about the one object that the policy names.
  const nameless = single && series.length > 0 && series.every(({ labels }) => namespaceOf(labels) === undefined && labels['exported_namespace'] === undefined)
  return nameless ? { series } : { why: absence(args, object) ?? whyNone(series, object.ref, args.query) }
}

/** Of a built-in metric the author does not know the series: where they would come from is told. */
function absence({ builtIn }: MetricArgs, object: TargetView): string | undefined {
  const { kind, namespace, name } = object.ref
  const of = `${kind} ${name} in namespace ${namespace}`
  if (builtIn === 'error_rate_percent' || builtIn === 'latency_p99_seconds') return `neither Istio nor Linkerd tells of ${of}: it is not in the mesh, has no traffic, or the Prometheus does not scrape its proxy`
  if (builtIn === 'cpu_throttled_percent' && object.shape === 'Pod' && !isLimited(object)) return whyUnlimited(object)
  if (builtIn === 'cpu_throttled_percent') return `no series container_cpu_cfs_periods_total of ${of}: the Prometheus does not scrape the kubelets (/metrics/cadvisor)`
  if (builtIn === 'availability_percent' || builtIn === 'ready_percent') return `${of} has no endpoints`
  return undefined
}

const judged = (args: MetricArgs, { now, memory }: DetectContext, measured: Measured, gap: Millis): Observation =>
  'why' in measured ? { state: 'NoData', why: measured.why } : judgeSeries(args, measured.series, { now, memory, gap, otherwise: 'it has no value' })
