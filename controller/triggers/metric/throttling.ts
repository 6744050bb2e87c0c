/**
 * In which share of the scheduler's periods the containers of a pod were held back, from the counters that its kubelet
 * keeps. A counter says nothing by itself: it takes two readings, and what begins anew is not counted on.
 */
import { formatDuration } from '../../../shared/lib/duration.ts'
import { before, between, type Instant, type Millis } from '../../../shared/lib/time.ts'
import type { Point, Series } from '../../healing/metrics.ts'
import type { PodView } from '../../healing/snapshot.ts'
import type { Measured } from './measures.ts'
import { seriesOf } from './subjects.ts'

/** What a series of a kubelet counts: periods in which the container wanted to run, and those of them in which it was held back. */
export type Counter = 'periods' | 'throttled'

export interface Over {
  readonly window: Millis
  /** Of an act that is verified: what was counted before it does not tell whether it helped. */
  readonly actedAt: Instant | undefined
}

/** The kernel holds nobody back without a limit. */
export const isLimited = ({ resources: { pod, containers } }: PodView): boolean => [pod, ...Object.values(containers)].some(({ limits }) => (limits.cpu ?? 0) > 0)

export const whyUnlimited = ({ ref }: PodView): string => `no container of pod ${ref.name} has a CPU limit: there is nothing that holds it back`

/** Between two readings of one container. */
interface Step {
  readonly from: Instant
  readonly at: Instant
  readonly periods: number
  readonly throttled: number
  readonly unbroken: boolean
  /** The counters began anew or contradict each other. */
  readonly anew: boolean
}

/** One series of percentages for each container; a container that was restarted goes on. */
export function throttling(pod: PodView, readings: readonly Series[], over: Over): Measured {
  const own = seriesOf(readings, pod.ref).filter(({ labels }) => isOf(labels, pod))
  if (own.length === 0) return { why: `the kubelet of node ${pod.node} tells nothing yet of the CPU periods of pod ${pod.ref.name}` }
  const steps = Map.groupBy(stepsOf(own), ({ container }) => container)
  const series = [...steps].flatMap(([container, all]): Series[] => {
    const points = shares(all.map(({ step }) => step), over)
    return points.length === 0 ? [] : [{ labels: { container }, points }]
  })
  if (series.some(({ points }) => Number.isFinite(points.at(-1)?.value))) return { series }
  return whyNone(pod, own, [...steps.values()].flatMap((all) => all.map(({ step }) => step)), over)
}

/** By the uid, since a pod of the same name may have been there before. What stands for a file of the node has another uid there. */
const isOf = ({ uid, container }: Series['labels'], { ref, mirror, resources }: PodView): boolean =>
  (mirror || uid === ref.uid) && (container !== '' || (resources.pod.limits.cpu ?? 0) > 0)

/** Of every cgroup by itself: a container that was restarted has another one. */
function stepsOf(all: readonly Series[]): { readonly container: string; readonly step: Step }[] {
  return [...Map.groupBy(all, ({ labels }) => labels['cgroup'] ?? '').values()].flatMap((counters) => {
    const of = (counter: Counter): readonly Point[] => counters.find(({ labels }) => labels['counter'] === counter)?.points ?? []
    const container = counters[0]?.labels['container'] ?? ''
    return growth(of('periods'), of('throttled')).map((step) => ({ container, step }))
  })
}

function growth(periods: readonly Point[], throttled: readonly Point[]): Step[] {
  const heldBack = new Map(throttled.map((point) => [point.at, point]))
  const both = periods.flatMap((all) => {
    const some = heldBack.get(all.at)
    return some === undefined ? [] : [{ at: all.at, periods: all.value, throttled: some.value, unbroken: all.unbroken === true && some.unbroken === true }]
  })
  return both.flatMap((later, i): Step[] => {
    const earlier = both[i - 1]
    if (earlier === undefined) return []
    const grown = { periods: later.periods - earlier.periods, throttled: later.throttled - earlier.throttled }
    const anew = !(grown.periods >= 0 && grown.throttled >= 0 && grown.throttled <= grown.periods)
    return [{ from: earlier.at, at: later.at, ...grown, unbroken: later.unbroken, anew }]
  })
}

/** At the end of each step the share over the window that ends there; NaN: nothing ran, or nobody can tell. */
function shares(steps: readonly Step[], { window, actedAt }: Over): Point[] {
  const fitting = steps.filter(({ from, at }) => between(from, at) <= window && (actedAt === undefined || from >= actedAt))
  const leaving = fitting.toSorted((a, b) => a.from - b.from)
  const sum = { periods: 0, throttled: 0 }
  const add = (step: Step, sign: 1 | -1): void => {
    if (step.anew) return
    sum.periods += sign * step.periods
    sum.throttled += sign * step.throttled
  }
  let left = 0
  return fitting
    .toSorted((a, b) => a.at - b.at)
    .map((step): Point => {
      add(step, 1)
      // All that leave have come before: none is longer than the window.
      for (let next = leaving[left]; next !== undefined && next.from < before(step.at, window); next = leaving[++left]) add(next, -1)
      const value = step.anew ? Number.NaN : (100 * sum.throttled) / sum.periods
      return { at: step.at, value, ...(step.unbroken ? { unbroken: true as const } : {}) }
    })
}

function whyNone({ ref }: PodView, own: readonly Series[], steps: readonly Step[], { window, actedAt }: Over): Extract<Measured, { readonly why: string }> {
  const span = formatDuration(window)
  const what = `the CPU periods of pod ${ref.name}`
  const newest = steps.reduce<Step | undefined>((last, step) => (last === undefined || step.at >= last.at ? step : last), undefined)
  if (newest === undefined) {
    if (own.some(({ points }) => points.length > 1)) return { why: `${what} are told without those in which it was held back, or the other way round` }
    return { why: `${what} have been read once: their share over ${span} needs two readings`, early: true }
  }
  if (actedAt !== undefined && newest.from < actedAt) return { why: `${what} have not been read twice since the act` }
  if (newest.anew) return { why: `${what} are counted anew: their share over ${span} needs two readings` }
  const apart = between(newest.from, newest.at)
  if (apart > window) return { why: `the last two readings of ${what} are ${formatDuration(apart)} apart and its window is ${span}: take a longer one` }
  return { why: `no container of pod ${ref.name} with a CPU limit has run within ${span}: there is nothing to take a share of` }
}
