/**
 * Whether an act helped: the same detector on a second snapshot, and Ready pods. Success is not that the API server
 * answered, but that the workload is well again and stays so.
 */
import { formatDuration } from '../../shared/lib/duration.ts'
import { after, earliest, formatInstant, latest, minutes, wholeSecond, type Instant } from '../../shared/lib/time.ts'
import { detect } from '../triggers/index.ts'
import { contextFor, type Remembered } from './detect.ts'
import { describe, indexWorkloads, ownerChain, sameSubject, type SubjectName } from './owners.ts'
import type { CompiledPolicy } from './policy.ts'
import { isFinished, type PodView, type World } from './snapshot.ts'

export interface VerifyInput {
  readonly trigger: string
  readonly subject: SubjectName
  readonly targetUid: string
  /**
   * When the write was made, by the API server's clock, and no later: taken before it was sent, or a replacement that was
   * quicker than the answer would not count.
   */
  readonly actedAt: Instant
}

export type Verification =
  | { readonly kind: 'Wait'; readonly until: Instant; readonly healthySince?: Instant; readonly replacements: readonly string[] }
  | {
      readonly kind: 'Done'
      readonly outcome: 'Effective' | 'Ineffective' | 'Inconclusive'
      readonly message: string
      readonly healthySince?: Instant
      readonly replacements: readonly string[]
    }

/** Beyond what its windows allow, a verification ends without a verdict (I16). */
const PATIENCE = minutes(1)

export function verify(policy: CompiledPolicy, input: VerifyInput, snapshot: Pick<World, 'pods' | 'workloads'> & Remembered): Verification {
  const { now } = snapshot
  const { healthCheckTimeout, stabilizationWindow, requireHealthCheck } = policy.limits
  const deadline = after(input.actedAt, healthCheckTimeout)
  const pods = replacementsOf(input, deadline, snapshot)
  const replacements = pods.map((p) => p.ref.name).slice(0, 16)
  const done = (outcome: 'Effective' | 'Ineffective' | 'Inconclusive', message: string, healthySince?: Instant): Verification => ({
    kind: 'Done',
    outcome,
    message,
    replacements,
    ...(healthySince === undefined ? {} : { healthySince }),
  })

  const trigger = policy.triggers.find((t) => t.name === input.trigger)
  if (trigger === undefined) return done('Inconclusive', `the policy no longer has trigger ${input.trigger}`)
  const observations = pods.map((pod) => ({
    pod,
    observation: detect(trigger, pod, contextFor(policy, trigger.name, pod.ref.uid, snapshot)),
  }))
  const wait = (until: Instant, healthySince?: Instant): Verification => ({
    kind: 'Wait',
    // A pending trigger may fire before: then it is known at once.
    until: observations.reduce((t, { observation: o }) => (o.state === 'Pending' && o.firesAt > now ? earliest(t, o.firesAt) : t), until),
    replacements,
    ...(healthySince === undefined ? {} : { healthySince }),
  })
  const again = observations.find(({ observation }) => observation.state === 'Firing')
  if (again?.observation.state === 'Firing') {
    return done('Ineffective', `${trigger.name} fires again on ${describe(again.pod.ref)}: ${again.observation.evidence}`)
  }

  const since = requireHealthCheck ? healthySince(pods) : madeBy(pods)
  if (since === undefined) {
    if (now < deadline) return wait(deadline)
    return pods.length === 0
      ? done('Inconclusive', `no replacement pod was seen within ${formatDuration(healthCheckTimeout)}`)
      : done('Ineffective', `${pods.map((p) => describe(p.ref)).slice(0, 3).join(', ')} not Ready within ${formatDuration(healthCheckTimeout)}`)
  }
  if (since > deadline) return done('Ineffective', `healthy only since ${formatInstant(since)}, after the ${formatDuration(healthCheckTimeout)} of healthCheckTimeout`)

  const stableAt = after(since, stabilizationWindow)
  if (now < stableAt) return wait(stableAt, since)
  const unsure = observations.find(({ observation }) => observation.state !== 'Quiet')
  if (unsure === undefined) {
    return done('Effective', `${replacements.slice(0, 3).join(', ')} healthy and ${trigger.name} quiet for ${formatDuration(stabilizationWindow)}`, since)
  }
  const end = after(latest(deadline, stableAt), PATIENCE)
  if (now < end) return wait(end, since)
  return done('Inconclusive', `${trigger.name} could not be judged on ${describe(unsure.pod.ref)}`)
}

/**
 * Pods of the same owner that came after the act, while there was time to become healthy: who comes later (a scale-up)
 * is nobody's replacement. Creation times have whole seconds only.
 */
function replacementsOf({ subject, targetUid, actedAt }: VerifyInput, deadline: Instant, { pods, workloads }: Pick<World, 'pods' | 'workloads'>): PodView[] {
  const byUid = indexWorkloads(workloads)
  const from = wholeSecond(actedAt)
  const came = pods.filter(
    (pod) =>
      pod.ref.uid !== targetUid && !pod.deleting && pod.createdAt >= from && pod.createdAt <= deadline && sameSubject(ownerChain(pod, byUid).subject, subject),
  )
  // One that the kubelet rejected ends at once, and its controller makes another.
  const alive = came.filter((pod) => !isFinished(pod))
  return alive.length > 0 ? alive : came
}

/** When the last of them was made; undefined when there is none. */
const madeBy = (pods: readonly PodView[]): Instant | undefined =>
  pods.reduce<Instant | undefined>((t, { createdAt }) => (t === undefined ? createdAt : latest(t, createdAt)), undefined)

/** Since when all of them have been Ready without a break; undefined when one is not, or there is none. */
function healthySince(pods: readonly PodView[]): Instant | undefined {
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
