/** Since when an act has had its effect: what verification waits for, by kind of act. Pure. */
import { latest, wholeSecond, type Instant } from '../../shared/lib/time.ts'
import { plural } from '../../shared/lib/text.ts'
import type { Expectation } from '../actions/action.ts'
import { isOfNewestRevision, isSeen } from './revisions.ts'
import { podsOf, type SubjectName } from './owners.ts'
import { isFinished, type PodView, type WorkloadView, type World } from './snapshot.ts'

export interface Act {
  readonly expectation: Expectation
  readonly subject: SubjectName
  readonly targetUid: string
  /**
   * When the write was made, by the API server's clock, and no later: taken before it was sent, or a replacement that was
   * quicker than the answer would not count.
   */
  readonly actedAt: Instant
}

/** What came of it so far. */
export interface Effect {
  /** The pods that the act made. */
  readonly pods: readonly PodView[]
  /** undefined: not yet. */
  readonly since: Instant | undefined
  /** What is missing. */
  readonly missing: string
  /** What cannot be told of it. */
  readonly untold?: string
}

type Seen = Pick<World, 'pods' | 'workloads'>

/** `deadline`: who comes later (a scale-up) is nobody's replacement. `ready`: whether pods have to be Ready. */
export function effectOf(act: Act, deadline: Instant, ready: 'Ready' | 'Made', seen: Seen): Effect {
  const pods = madePods(act, deadline, seen)
  const since = pods.length === 0 ? undefined : ready === 'Ready' ? readySince(pods) : madeBy(pods)
  const of = (missing: string | undefined, from: Instant | undefined): Effect => ({ pods, since: missing === undefined ? from : undefined, missing: missing ?? 'pods are not Ready' })
  switch (act.expectation) {
    case 'replacement':
      return of(undefined, since)
    case 'renewal': {
      const living = livingPods(act.subject, seen)
      const workload = seen.workloads.find(({ ref }) => ref.uid === act.targetUid)
      const missing = workload === undefined ? 'the workload is gone' : uncounted(workload, living.length)
      return { ...of(missing, living.length === 0 ? undefined : ready === 'Ready' ? readySince(living) : madeBy(living)), pods: living }
    }
    case 'rollout': {
      const workload = seen.workloads.find(({ ref }) => ref.uid === act.targetUid)
      return of(workload === undefined ? 'the workload is gone' : ready === 'Ready' ? unfinished(workload) : unseen(workload), since)
    }
    case 'turnover': {
      const living = livingPods(act.subject, seen)
      const workload = seen.workloads.find(({ ref }) => ref.uid === act.targetUid)
      const missing = workload === undefined ? 'the workload is gone' : (ready === 'Ready' ? unfinished(workload) : unseen(workload)) ?? outdated(workload, living)
      return { ...of(missing, living.length === 0 ? undefined : ready === 'Ready' ? readySince(living) : madeBy(living)), pods: living }
    }
    case 'replicas': {
      const workload = seen.workloads.find(({ ref }) => ref.uid === act.targetUid)
      const living = livingPods(act.subject, seen).length
      const missing = workload === undefined ? 'the workload is gone' : (unseen(workload) ?? uncounted(workload, living))
      const untold = workload?.scale !== undefined && living === 0 ? { untold: `whether its ${workload.replicas} replicas are Ready nobody tells: its scale names no pods` } : {}
      // Fewer replicas make no pod: the number itself is the effect.
      return { ...of(missing, pods.length === 0 ? act.actedAt : since), ...untold }
    }
    case 'quiet':
      return of(undefined, act.actedAt)
    default:
      return act.expectation satisfies never
  }
}

/** As `kubectl rollout status` tells it. */
function unfinished(workload: WorkloadView): string | undefined {
  const { replicas, updatedReplicas, availableReplicas } = workload
  const stale = unseen(workload)
  if (stale !== undefined) return stale
  if (updatedReplicas < replicas) return `${updatedReplicas} of ${replicas} replicas have the new revision`
  return availableReplicas < replicas ? `${availableReplicas} of ${replicas} replicas are available` : undefined
}

const unseen = (workload: WorkloadView): string | undefined => (isSeen(workload) ? undefined : 'its controller has not seen the change')

/** The counts of a StatefulSet look done after its template was put back: its pods tell. */
function outdated(workload: WorkloadView, living: readonly PodView[]): string | undefined {
  const old = living.filter((pod) => !isOfNewestRevision(workload, pod))
  return old.length === 0 ? uncounted(workload, living.length) : `${old.length} of ${plural(living.length, 'pod')} still of an old revision`
}

/** What one replica is of a kind that is known by its scale nobody else knows: it may be several pods, or none. */
function uncounted({ replicas, scale }: WorkloadView, living: number): string | undefined {
  if (scale !== undefined) return scale.replicas === replicas ? undefined : `its status tells of ${scale.replicas} of ${replicas} replicas`
  return living === replicas ? undefined : `${living} pods for ${replicas} replicas`
}

export const livingPods = (subject: SubjectName, seen: Seen): PodView[] => podsOf(subject, seen).filter((pod) => !pod.deleting && !isFinished(pod))

/** Pods of the same owner that came after the act, while there was time to become healthy. Creation times have whole seconds only. */
function madePods({ subject, targetUid, actedAt }: Act, deadline: Instant, seen: Seen): PodView[] {
  const from = wholeSecond(actedAt)
  const came = podsOf(subject, seen).filter((pod) => pod.ref.uid !== targetUid && !pod.deleting && pod.createdAt >= from && pod.createdAt <= deadline)
  // One that the kubelet rejected ends at once, and its controller makes another.
  const alive = came.filter((pod) => !isFinished(pod))
  return alive.length > 0 ? alive : came
}

/** When the last of them was made; undefined when there is none. */
const madeBy = (pods: readonly PodView[]): Instant | undefined =>
  pods.reduce<Instant | undefined>((t, { createdAt }) => (t === undefined ? createdAt : latest(t, createdAt)), undefined)

/** Since when all of them have been Ready without a break; undefined when one is not, or there is none. */
export function readySince(pods: readonly PodView[]): Instant | undefined {
  let since: Instant | undefined
  for (const pod of pods) {
    const ready = pod.conditions.find((c) => c.type === 'Ready')
    if (ready?.status !== 'True' || ready.since === undefined) return undefined
    since = since === undefined ? ready.since : latest(since, ready.since)
    for (const { state } of pod.containers) {
      // Ready comes and goes with whole seconds; a restart in between shows here.
      if (state.kind === 'running' && state.startedAt !== undefined) since = latest(since, state.startedAt)
    }
  }
  return since
}
