/**
 * A condition that has held for a while. Of a pod's own conditions the API server keeps since when. The states of its
 * containers are derived and carry no time: one begins when it is first seen. A crash loop ends only when the container has
 * been ready for the whole stabilization window, what keeps a container from starting when it has started.
 */
import type { Trigger } from '../../shared/api/v1alpha1/types.ts'
import { requireDuration } from '../../shared/lib/duration.ts'
import { after, latest, minutes, type Instant, type Millis } from '../../shared/lib/time.ts'
import { printable } from '../../shared/lib/text.ts'
import { canHave, podsCanHave } from '../../shared/rules/triggers/kind-conditions.ts'
import type { Selected, Selection } from '../healing/select.ts'
import { isFinished, type ContainerView, type PodView, type View } from '../healing/snapshot.ts'
import { CONTAINER_STATES, isUntried, type ContainerSymptom } from './container-states.ts'
import type { DetectContext, Observation, TriggerKind } from './trigger.ts'

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
  candidates,
  detect: (args, object, context) => {
    if (object.shape !== 'Pod') return ownCondition(args, object, context)
    // What has ended for good is replaced by its controller; its conditions say False for ever.
    if (isFinished(object)) return { state: 'Quiet' }
    const symptom = CONTAINER_STATES.get(args.type)
    return symptom === undefined ? ownCondition(args, object, context) : derivedState(args, object, context, symptom)
  },
}

/**
 * The selected objects that can have the condition themselves; of the others their pods. Where nothing can have it the
 * pods are looked at, which says so (NoData).
 */
function candidates({ type }: ConditionArgs, { pods, objects }: Selection): readonly Selected[] {
  const own = objects.filter(({ object }) => canHave(object.ref, type))
  const looked = new Set(own.map(({ object }) => object.ref.uid))
  if (own.length > 0 && !podsCanHave(type)) return own
  return [...own, ...pods.filter(({ by }) => by.some((uid) => !looked.has(uid)))]
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

function derivedState(args: ConditionArgs, pod: PodView, context: DetectContext, symptom: ContainerSymptom): Observation {
  // Only "True" has a meaning for a state that code derives; the door says so.
  if (args.status !== 'True') return { state: 'Quiet' }
  if (pod.containers.length === 0) return { state: 'NoData', why: 'the pod has no container status yet' }
  return symptom.ends === 'started' ? keptFromStarting(args, pod, context, symptom) : crashing(args, pod, context, symptom)
}

function keptFromStarting({ type, duration }: ConditionArgs, pod: PodView, { now, memory }: DetectContext, { tell }: ContainerSymptom): Observation {
  const since = memory?.since ?? now
  const firesAt = after(since, duration)
  for (const container of pod.containers) {
    const what = tell(container, pod)
    if (what !== undefined) return { state: now >= firesAt ? 'Firing' : 'Pending', since, firesAt, restarts: 0, evidence: `container ${printable(container.name)} ${what}` }
  }
  // A kubelet that was started anew has not tried it again yet: that is neither the end of the trouble nor the trouble.
  const untried = memory === undefined ? undefined : pod.containers.find(isUntried)
  return untried === undefined ? { state: 'Quiet' } : { state: 'Pending', since, firesAt, restarts: 0, evidence: `container ${printable(untried.name)} is tried again after ${type}` }
}

function crashing({ duration }: ConditionArgs, pod: PodView, { now, memory, stabilizationWindow }: DetectContext, { tell }: ContainerSymptom): Observation {
  const crashes = pod.containers.reduce((sum, container) => sum + crashesOf(container), 0)
  for (const container of pod.containers) {
    const what = tell(container, pod)
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
