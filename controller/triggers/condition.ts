/**
 * A condition that has held for a while. Of a pod's own conditions the API server keeps since when. CrashLoopBackOff and
 * OOMKilled are derived: the waiting reason flaps within each round of a crash loop and carries no time, so the state
 * begins when it is first seen and ends only when the container has been ready for the whole stabilization window.
 */
import { after, latest, type Instant } from '../../shared/lib/time.ts'
import { printable } from '../../shared/lib/text.ts'
import type { ConditionArgs } from '../healing/policy.ts'
import type { ContainerView, PodView } from '../healing/snapshot.ts'
import type { DetectContext, Observation, TriggerKind } from './trigger.ts'

type Symptom = (container: ContainerView, pod: PodView) => string | undefined

const DERIVED: Readonly<Record<string, Symptom>> = {
  /** Crashed at least twice: the first restart comes at once and proves nothing. */
  CrashLoopBackOff: ({ state, restarts, lastTermination }, { restartPolicy }) => {
    if (state.kind === 'waiting' && state.reason === 'CrashLoopBackOff') return 'waits in CrashLoopBackOff'
    if (state.kind === 'terminated') {
      // Exit code 0 under OnFailure or Never is the end of its work.
      const unwanted = state.exitCode !== 0 || restartPolicy === 'Always'
      return unwanted && restarts >= 1 ? `ended again with exit code ${state.exitCode}` : undefined
    }
    if (restarts >= 2 && lastTermination !== undefined) return `ended with exit code ${lastTermination.exitCode}`
    return undefined
  },
  OOMKilled: ({ state, lastTermination }) => {
    const killed = state.kind === 'terminated' ? state.reason === 'OOMKilled' : lastTermination?.reason === 'OOMKilled'
    return killed ? 'was killed for its memory (OOMKilled)' : undefined
  },
}

export const DERIVED_TYPES: readonly string[] = Object.keys(DERIVED)

export const conditionTrigger: TriggerKind<ConditionArgs> = {
  type: 'condition',
  detect: (args, pod, context) => {
    const derived = DERIVED[args.type]
    return derived === undefined ? ownCondition(args, pod, context) : derivedState(args, pod, context, derived)
  },
}

function ownCondition({ type, status, duration }: ConditionArgs, pod: PodView, { now, memory }: DetectContext): Observation {
  const condition = pod.conditions.find((c) => c.type === type)
  if (condition === undefined) return { state: 'NoData', why: `the pod has no condition ${printable(type)}` }
  if (condition.status !== status) return { state: 'Quiet' }
  const since = condition.since ?? memory?.since ?? now
  const firesAt = after(since, duration)
  return {
    state: now >= firesAt ? 'Firing' : 'Pending',
    since,
    firesAt,
    restarts: 0,
    evidence: `condition ${type} is ${status}${condition.reason === '' ? '' : ` (${printable(condition.reason)})`}`,
  }
}

function derivedState(
  { status, duration }: ConditionArgs,
  pod: PodView,
  { now, memory, stabilizationWindow }: DetectContext,
  symptom: Symptom,
): Observation {
  // Only "True" has a meaning for a state that code derives; the door says so.
  if (status !== 'True') return { state: 'Quiet' }
  if (pod.containers.length === 0) return { state: 'NoData', why: 'the pod has no container status yet' }
  const restarts = Math.max(...pod.containers.map((c) => c.restarts))
  for (const container of pod.containers) {
    const what = symptom(container, pod)
    if (what === undefined) continue
    const readyFrom = readySince(pod, container)
    const stableAt = readyFrom === undefined ? undefined : after(readyFrom, stabilizationWindow)
    if (stableAt !== undefined && now >= stableAt) continue
    const since = memory?.since ?? now
    const firesAt = after(since, duration)
    // A lone crash whose successor is ready is not a loop: it must have crashed again since, or not be ready.
    const worse = readyFrom === undefined || restarts > (memory?.restarts ?? restarts)
    return {
      state: now >= firesAt && worse ? 'Firing' : 'Pending',
      since,
      firesAt,
      restarts: memory?.restarts ?? restarts,
      evidence: `container ${printable(container.name)} ${what}, ${container.restarts} restarts`,
      ...(stableAt === undefined ? {} : { recheckAt: stableAt }),
    }
  }
  return { state: 'Quiet' }
}

/** Since when the container has been ready without a break; undefined when it is not ready now. */
export function readySince(pod: PodView, container: ContainerView): Instant | undefined {
  if (!container.ready || container.state.kind !== 'running') return undefined
  const condition = pod.conditions.find((c) => c.type === 'Ready')
  if (condition?.status !== 'True' || condition.since === undefined || container.state.startedAt === undefined) return undefined
  return latest(condition.since, container.state.startedAt)
}
