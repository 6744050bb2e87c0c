/**
 * Every pod of a workload, one after another (graceful) or all at once (recreate), by eviction. How far it has come is told
 * by the pods themselves, so that it goes on after a crash: those made since it began are new.
 */
import { plural } from '../../shared/lib/text.ts'
import { after, wholeSecond, type Instant } from '../../shared/lib/time.ts'
import { describe } from '../healing/owners.ts'
import { isFinished, type PodView, type WorkloadView } from '../healing/snapshot.ts'
import { readySince } from '../healing/health.ts'
import type { Change, Operation, Plan, PlanContext, Unplannable } from './action.ts'
import { goingChanges, refuse } from './evict.ts'
import { MOST_CHANGES } from '../../shared/rules/patches/changes.ts'

export interface RenewalOptions {
  readonly gracePeriodSeconds: number | undefined
  /** Pods that may be away at the same time. */
  readonly maxConcurrent: number
  /** Whether a replacement has to be Ready before the next pod goes. */
  readonly each: 'Ready' | 'Made'
}

export function renewalPlan(target: WorkloadView, { gracePeriodSeconds, maxConcurrent, each }: RenewalOptions, context: PlanContext): Plan | Unplannable {
  const { begunAt, now, healthCheckTimeout } = context
  const mine = context.pods.filter((pod) => !isFinished(pod))
  const isNew = isMadeSince(begunAt)
  const old = mine.filter((pod) => !pod.deleting && !isNew(pod))
  const going = mine.filter((pod) => pod.deleting)
  const made = mine.filter((pod) => !pod.deleting && isNew(pod))
  const unready = made.filter((pod) => readySince([pod]) === undefined)
  if (mine.length === 0 && begunAt === undefined) return refuse('NothingToDo', `${describe(target.ref)} has no pods`)
  // A replacement that is not Ready after this is no improvement: the rest stays.
  const late = unready.find(({ createdAt }) => now >= after(createdAt, healthCheckTimeout))
  const total = old.length + Math.max(target.replicas - old.length, made.length)
  const progress = `${made.length - unready.length} of ${plural(total, 'pod')} renewed`
  if (each === 'Ready' && late !== undefined) return { refusal: { reason: 'Stuck', message: `${describe(late.ref)} is not Ready in time, so the other pods stay: ${progress}` } }
  // A pod that is gone and has no replacement yet is away as well.
  const away = each === 'Ready' ? Math.max(going.length + unready.length, begunAt === undefined ? 0 : target.replicas - old.length - (made.length - unready.length)) : 0
  const next = old.toSorted(byNeed).slice(0, Math.max(0, maxConcurrent - away))
  const finished = old.length === 0 && (each === 'Made' || (away === 0 && begunAt !== undefined))
  return {
    operations: next.map((pod): Operation => ({ kind: 'evict', target: pod.ref, preconditions: { uid: pod.ref.uid, resourceVersion: pod.resourceVersion }, gracePeriodSeconds })),
    changes: next.flatMap((pod) => goingChanges(pod, 'eviction', gracePeriodSeconds).map((change): Change => ({ ...change, field: `${pod.ref.name}: ${change.field}` }))).slice(0, MOST_CHANGES),
    intent: [],
    steps: finished ? 'Finished' : progress,
  }
}

const isMadeSince = (begunAt: Instant | undefined) => ({ createdAt }: PodView): boolean => begunAt !== undefined && createdAt >= wholeSecond(begunAt)

/** Whether every pod is still there, and none of them has gone or come since it began. */
export function isUnrenewed({ replicas }: Pick<WorkloadView, 'replicas'>, { pods, begunAt }: Pick<PlanContext, 'pods' | 'begunAt'>): boolean {
  const mine = pods.filter((pod) => !isFinished(pod))
  return mine.length >= replicas && !mine.some((pod) => pod.deleting || isMadeSince(begunAt)(pod))
}

/** Those that are not Ready first: they have nothing to lose. */
function byNeed(a: PodView, b: PodView): number {
  const [first, second] = [a, b].map((pod) => Number(readySince([pod]) !== undefined))
  return (first ?? 0) - (second ?? 0) || (a.ref.name < b.ref.name ? -1 : 1)
}
