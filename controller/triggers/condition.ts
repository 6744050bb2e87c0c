/**
 * A condition that has held for a while. Of a pod's own conditions the API server keeps since when. CrashLoopBackOff and
 * OOMKilled are derived: the waiting reason flaps within each round of a crash loop and carries no time, so the state
 * begins when it is first seen and ends only when the container has been ready for the whole stabilization window.
 */
import type { Trigger } from '../../shared/api/v1alpha1/types.ts'
import { requireDuration } from '../../shared/lib/duration.ts'
import { after, latest, minutes, type Instant, type Millis } from '../../shared/lib/time.ts'
import { printable } from '../../shared/lib/text.ts'
import { isFinished, type ContainerView, type PodView, type View } from '../healing/snapshot.ts'
import type { DetectContext, Observation, TriggerKind } from './trigger.ts'

type Symptom = (container: ContainerView, pod: PodView) => string | undefined

// A Map, since a type may be called like a member of every object.
const DERIVED: ReadonlyMap<string, Symptom> = new Map<string, Symptom>([
  [
    'CrashLoopBackOff',
    /** Crashed at least twice: the first restart comes at once and proves nothing. */
    ({ state, restarts, lastTermination }, { restartPolicy }) => {
      const last = state.kind === 'terminated' ? state : lastTermination
      // One sentence for every moment of a round, or the status would be written at each.
      const says = `keeps ending${last === undefined ? '' : `, last with exit code ${last.exitCode}`}`
      if (state.kind === 'waiting' && state.reason === 'CrashLoopBackOff') return says
      if (state.kind === 'terminated') {
        // Exit code 0 under OnFailure or Never is the end of its work.
        const unwanted = state.exitCode !== 0 || restartPolicy === 'Always'
        return unwanted && restarts >= 1 ? says : undefined
      }
      return restarts >= 2 && last !== undefined ? says : undefined
    },
  ],
  [
    'OOMKilled',
    ({ state, lastTermination }) => {
      const killed = state.kind === 'terminated' ? state.reason === 'OOMKilled' : lastTermination?.reason === 'OOMKilled'
      return killed ? 'was killed for its memory (OOMKilled)' : undefined
    },
  ],
])

export const DERIVED_TYPES: readonly string[] = [...DERIVED.keys()]

/** The kubelet forgets a container's back-off when it has run for this long: an older crash is no sign of a loop. */
const FORGOTTEN = minutes(10)

export interface ConditionArgs {
  readonly type: string
  readonly status: string
  readonly duration: Millis
}

export const conditionTrigger: TriggerKind<ConditionArgs, NonNullable<Trigger['conditionTrigger']>> = {
  type: 'condition',
  compile: ({ type, status, duration }) => ({ type, status, duration: requireDuration('duration', duration) }),
  candidates: (_args, { pods }) => pods,
  detect: (args, object, context) => {
    if (object.shape !== 'Pod') return ownCondition(args, object, context)
    // What has ended for good is replaced by its controller; its conditions say False for ever.
    if (isFinished(object)) return { state: 'Quiet' }
    const derived = DERIVED.get(args.type)
    return derived === undefined ? ownCondition(args, object, context) : derivedState(args, object, context, derived)
  },
}

function ownCondition({ type, status, duration }: ConditionArgs, object: View, { now, memory }: DetectContext): Observation {
  const condition = object.conditions.find((c) => c.type === type)
  if (condition === undefined) return { state: 'NoData', why: `${object.ref.kind === 'Pod' ? 'the pod' : object.ref.kind} has no condition ${printable(type)}` }
  if (condition.status !== status) return { state: 'Quiet' }
  // Anybody who writes pod statuses writes this time: one in the future says nothing.
  const told = condition.since !== undefined && condition.since <= now ? condition.since : undefined
  const since = told ?? memory?.since ?? now
  const firesAt = after(since, duration)
  return {
    state: now >= firesAt ? 'Firing' : 'Pending',
    since,
    firesAt,
    restarts: 0,
    evidence: `condition ${type} is ${status}${condition.reason === '' ? '' : ` (${printable(condition.reason)})`}`,
  }
}

function derivedState({ status, duration }: ConditionArgs, pod: PodView, { now, memory, stabilizationWindow }: DetectContext, symptom: Symptom): Observation {
  // Only "True" has a meaning for a state that code derives; the door says so.
  if (status !== 'True') return { state: 'Quiet' }
  if (pod.containers.length === 0) return { state: 'NoData', why: 'the pod has no container status yet' }
  const crashes = pod.containers.reduce((sum, container) => sum + crashesOf(container), 0)
  for (const container of pod.containers) {
    const what = symptom(container, pod)
    if (what === undefined) continue
    const ranSince = container.state.kind === 'running' ? container.state.startedAt : undefined
    if (memory === undefined && ranSince !== undefined && now >= after(ranSince, FORGOTTEN)) continue
    const readyFrom = readySince(pod, container)
    const stableAt = readyFrom === undefined ? undefined : after(readyFrom, stabilizationWindow)
    if (stableAt !== undefined && now >= stableAt) continue
    const since = memory?.since ?? now
    const firesAt = after(since, duration)
    const before = memory?.restarts ?? crashes
    // A lone crash that recovers is no loop, however long its successor takes to start: it is down, or crashed once more.
    const looping = container.state.kind !== 'running' || crashes > before
    return {
      state: now >= firesAt && looping ? 'Firing' : 'Pending',
      since,
      firesAt,
      restarts: before,
      evidence: `container ${printable(container.name)} ${what}`,
      seen: container.restarts,
      ...(stableAt === undefined ? {} : { recheckAt: stableAt }),
    }
  }
  return { state: 'Quiet' }
}

/** Restarts, and the one that is due: a crash counts from the moment it happened. */
function crashesOf({ state, restarts, lastTermination }: ContainerView): number {
  const down = state.kind === 'terminated' || (state.kind === 'waiting' && lastTermination !== undefined)
  return down ? restarts + 1 : restarts
}

/** Since when the container has been ready without a break; undefined when it is not ready now. */
export function readySince(pod: PodView, container: ContainerView): Instant | undefined {
  if (!container.ready || container.state.kind !== 'running') return undefined
  const condition = pod.conditions.find((c) => c.type === 'Ready')
  if (condition?.status !== 'True' || condition.since === undefined || container.state.startedAt === undefined) return undefined
  return latest(condition.since, container.state.startedAt)
}
