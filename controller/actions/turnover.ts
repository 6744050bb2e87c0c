/**
 * A StatefulSet whose template was written, until all of its pods have the new one. Its controller replaces them from the
 * highest ordinal down, and under OrderedReady only while every pod is Ready: one that is broken keeps the new template
 * from all of them, itself included, for ever. That one is evicted, one at a time, the lowest ordinal first, which is
 * the one that is waited for. How far it has come is told by the pods themselves, so that it goes on after a crash.
 */
import { isOneOf, STATEFUL_SET } from '../../shared/api/v1alpha1/action-kinds.ts'
import type { KindReference } from '../../shared/api/v1alpha1/kinds.ts'
import { plural } from '../../shared/lib/text.ts'
import { after } from '../../shared/lib/time.ts'
import { readySince } from '../healing/health.ts'
import { describe } from '../healing/owners.ts'
import { isOfNewestRevision, isSeen } from '../healing/revisions.ts'
import { isFinished, type PodView, type WorkloadView } from '../healing/snapshot.ts'
import type { Change, Operation, Plan, PlanContext, Unplannable } from './action.ts'
import { goingChanges } from './evict.ts'

/** What a new template of a workload of this kind is waited for by. */
export const rolloutOf = (target: KindReference): 'rollout' | 'turnover' => (isOneOf([STATEFUL_SET], target) ? 'turnover' : 'rollout')

const isReady = (pod: PodView): boolean => readySince([pod]) !== undefined

/** Pods that no new template reaches, as they are not Ready; the lowest ordinal first. */
export const standingStill = ({ podManagement }: WorkloadView, pods: readonly PodView[]): readonly PodView[] =>
  podManagement === 'OrderedReady' ? pods.filter((pod) => !isFinished(pod) && !pod.deleting && !isReady(pod)).toSorted((a, b) => ordinal(a) - ordinal(b)) : []

const ordinal = ({ ref }: PodView): number => Number(/-([0-9]+)$/.exec(ref.name)?.[1] ?? 0)

/** What a plan says of them before the template is written. */
export function laterOf(target: WorkloadView, pods: readonly PodView[]): Pick<Plan, 'later'> {
  const later = standingStill(target, pods).map(({ ref }) => ref)
  return later.length === 0 ? {} : { later }
}

/** What a person is asked to approve beside the template: which pods it will be is known only then. */
export const EVICTS_TOO: Change = { field: 'pods that are not Ready', newValue: 'evicted one after another, once the new template is seen' }

/** Those of them that have an old template. Empty until the controller has seen the new one: it would make them as they were. */
export const leftBehind = (target: WorkloadView, pods: readonly PodView[]): readonly PodView[] => (isSeen(target) ? standingStill(target, pods).filter((pod) => !isOfNewestRevision(target, pod)) : [])

export const evictionOf = ({ ref, resourceVersion }: PodView): Operation => ({ kind: 'evict', target: ref, preconditions: { uid: ref.uid, resourceVersion }, gracePeriodSeconds: undefined })

/** After its first step, which wrote the template. */
export function turnoverPlan(target: WorkloadView, { pods, now, healthCheckTimeout }: PlanContext): Plan | Unplannable {
  const mine = pods.filter((pod) => !isFinished(pod))
  const made = isSeen(target) ? mine.filter((pod) => !pod.deleting && isOfNewestRevision(target, pod)) : []
  const unready = made.filter((pod) => !isReady(pod))
  const progress = `${made.length - unready.length} of ${plural(target.replicas, 'pod')} Ready with the new template`
  // A new pod that is not Ready after this is no improvement: the rest stays.
  const late = unready.find(({ createdAt }) => now >= after(createdAt, healthCheckTimeout))
  const finished = made.length === mine.length && made.length >= target.replicas
  if (late !== undefined && !finished) return { refusal: { reason: 'Stuck', message: `${describe(late.ref)} is not Ready in time with the new template: ${progress}` } }
  // One that is on its way may be all that is waited for.
  const next = unready.length > 0 || mine.some(({ deleting }) => deleting) ? [] : leftBehind(target, mine).slice(0, 1)
  return {
    operations: next.map(evictionOf),
    changes: next.flatMap((pod) => goingChanges(pod, 'eviction', undefined).map((change): Change => ({ ...change, field: `${pod.ref.name}: ${change.field}` }))),
    intent: [],
    steps: finished ? 'Finished' : progress,
  }
}
