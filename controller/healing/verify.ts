/**
 * Whether an act helped: the same detector on a second snapshot, and its effect (Ready pods, a rollout that is done).
 * Success is not that the API server answered, but that the workload is well again and stays so.
 */
import { formatDuration } from '../../shared/lib/duration.ts'
import { after, earliest, formatInstant, latest, minutes, type Instant } from '../../shared/lib/time.ts'
import { POD_CONDITIONS } from '../../shared/rules/triggers/pod-conditions.ts'
import type { Expectation } from '../actions/action.ts'
import type { Observation } from '../triggers/trigger.ts'
import { look as lookWith, type Remembered } from './detect.ts'
import { meaningOf } from './former.ts'
import { effectOf, livingPods, type Act } from './health.ts'
import { describe, indexWorkloads, ownerChain, sameSubject } from './owners.ts'
import { called, type Cause, type CompiledPolicy, type CompiledTrigger } from './policy.ts'
import { select } from './select.ts'
import type { PodView, TargetView, World } from './snapshot.ts'

export interface VerifyInput extends Act {
  readonly trigger: string
  /** What an earlier look has found; undefined: it was not healthy then. */
  readonly healthySince: Instant | undefined
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

type Look = Pick<World, 'pods' | 'workloads' | 'objects'> & Remembered

/** Alertmanager tries what nobody took again, at least once a minute. */
const TOLD_AGAIN = minutes(1)

/** Beyond what its windows allow, a verification ends without a verdict (I16). */
const PATIENCE = minutes(1)

export function verify(policy: CompiledPolicy, input: VerifyInput, look: Look): Verification {
  const { now } = look
  const { healthCheckTimeout, stabilizationWindow, requireHealthCheck } = policy.limits
  const deadline = after(input.actedAt, healthCheckTimeout)
  const effect = effectOf(input, deadline, requireHealthCheck ? 'Ready' : 'Made', look)
  const replacements = effect.pods.map((p) => p.ref.name).slice(0, 16)
  const done = (outcome: 'Effective' | 'Ineffective' | 'Inconclusive', message: string, healthySince?: Instant): Verification => ({
    kind: 'Done',
    outcome,
    message,
    replacements,
    ...(healthySince === undefined ? {} : { healthySince }),
  })

  // It is judged as what it was decided for, whatever the policy waits for by now.
  const trigger = meaningOf(policy, input.trigger)
  if (trigger === undefined) return done('Inconclusive', `the policy no longer has trigger ${input.trigger}`)
  const observed = observe(trigger, policy, input, effect.pods, look)
  const wait = (until: Instant, healthySince?: Instant): Verification => ({
    kind: 'Wait',
    // A pending trigger may fire before: then it is known at once.
    until: observed.reduce((t, { observation: o }) => (o.state === 'Pending' && o.firesAt > now ? earliest(t, o.firesAt) : t), until),
    replacements,
    ...(healthySince === undefined ? {} : { healthySince }),
  })
  const made = new Set(effect.pods.map(({ ref }) => ref.uid))
  const firing = observed.flatMap(({ object, observation: o }) => (o.state === 'Firing' ? [{ object, evidence: o.evidence, anew: o.inherited !== true && (made.has(object.ref.uid) || o.since > input.actedAt) }] : []))
  // What starts is not Ready, and a trigger that tells just that has until the deadline too, as long as it has not been Ready yet.
  // What began before the act has until the deadline to end, also when a new pod of that name has it from the old one: a rate looks
  // back over its window, and an alert ends some time after its cause.
  const starting = input.healthySince === undefined && partsOf(trigger).some(tellsReadiness)
  const again = firing.find(({ anew }) => (anew && !starting) || now >= deadline)
  if (again !== undefined) return done('Ineffective', `${called(trigger)} fires ${again.anew ? 'again' : 'still'} on ${describe(again.object.ref)}: ${again.evidence}`)
  if (firing.length > 0) return wait(deadline)

  const since = calmFrom(stretch(input, effect.since, now), observed)
  if (since === undefined) {
    if (now < deadline) return wait(deadline)
    if (effect.pods.length === 0 && input.expectation === 'replacement') return done('Inconclusive', `no replacement pod was seen within ${formatDuration(healthCheckTimeout)}`)
    const which = effect.pods.map((p) => describe(p.ref)).slice(0, 3).join(', ')
    const what = effect.missing === 'pods are not Ready' ? `${which} not Ready` : effect.missing
    return done('Ineffective', `${what} within ${formatDuration(healthCheckTimeout)}`)
  }
  if (since > deadline) return done('Ineffective', `healthy only since ${formatInstant(since)}, after the ${formatDuration(healthCheckTimeout)} of healthCheckTimeout`)

  // What a controller that has just begun was not told yet Alertmanager tells it again.
  const heardAll = partsOf(trigger).some(({ type }) => type === 'alert') ? after(look.alerts.since, TOLD_AGAIN) : since
  const stableAt = latest(after(since, stabilizationWindow), heardAll)
  if (now < stableAt) return wait(stableAt, since)
  const unsure = observed.find(({ observation }) => observation.state !== 'Quiet')
  // Where nothing is left that the trigger could look at, nobody can say that it is quiet (I20).
  if (unsure === undefined && observed.length > 0) {
    const what = replacements.length === 0 ? describe(input.subject) : replacements.slice(0, 3).join(', ')
    return done('Effective', `${what} healthy and ${called(trigger)} quiet for ${formatDuration(stabilizationWindow)}${effect.untold === undefined ? '' : `; ${effect.untold}`}`, since)
  }
  const end = after(latest(deadline, stableAt), PATIENCE)
  if (now < end) return wait(end, since)
  return done('Inconclusive', `${called(trigger)} could not be judged on ${describe(unsure?.object.ref ?? input.subject)}`)
}

/** Acts whose pods are new: what went before tells nothing of them. */
const MAKES_PODS: ReadonlySet<Expectation> = new Set<Expectation>(['replacement', 'rollout', 'turnover', 'renewal'])

/** What a pod that is well has, and the same of a Deployment. */
const READINESS: ReadonlySet<string> = new Set([...Object.entries(POD_CONDITIONS).flatMap(([type, { healthy }]) => (healthy === 'True' ? type : [])), 'Available'])

/** Whether it fires on whatever is not Ready, a new pod that starts as well. */
function tellsReadiness(trigger: CompiledTrigger): boolean {
  if (trigger.type === 'condition') return READINESS.has(trigger.condition.type) && trigger.condition.status !== 'True'
  return trigger.type === 'metric' && (trigger.metric.builtIn === 'ready_percent' || trigger.metric.builtIn === 'availability_percent')
}

const partsOf = (cause: Cause): readonly CompiledTrigger[] => (cause.type === 'all' ? cause.parts : [cause])

/** Where nothing but the detector tells that it is over, the time since when it has been quiet is what the looks have seen. */
function stretch({ expectation, healthySince, actedAt }: VerifyInput, since: Instant | undefined, now: Instant): Instant | undefined {
  if (since === undefined || MAKES_PODS.has(expectation)) return since
  return latest(since, healthySince === undefined || healthySince < actedAt ? now : healthySince)
}

/** What was inherited from before has to be over for as long. */
const calmFrom = (healthy: Instant | undefined, observed: readonly Observed[]): Instant | undefined =>
  healthy === undefined ? undefined : observed.reduce((t, { observation: o }) => (o.state === 'Quiet' && o.since !== undefined ? latest(t, o.since) : t), healthy)

interface Observed {
  readonly object: TargetView
  readonly observation: Observation
}

/** The pods that the act made, or where it made none all of the subject; and the subject's other objects that the trigger looks at. */
function observe(trigger: Cause, policy: CompiledPolicy, { expectation, subject, actedAt, targetUid }: VerifyInput, made: readonly PodView[], look: Look): Observed[] {
  const byUid = indexWorkloads(look.workloads)
  // Whatever their names are now, they stand for the pods that were selected.
  const living = livingPods(subject, look)
  // A pod that was changed and stays tells of itself; its neighbours were not acted on.
  const itself = living.filter(({ ref }) => ref.uid === targetUid)
  const pods = (MAKES_PODS.has(expectation) ? made : itself.length > 0 ? itself : living).map((object) => ({ object, chain: ownerChain(object, byUid), by: [object.ref.uid] }))
  const { pods: selected, objects, matched } = select(policy, look)
  // Who selects what is known by its scale has not selected its pods.
  const byScale = look.workloads.some(({ ref, scale }) => scale !== undefined && ref.uid === targetUid)
  const own = byScale ? selected.filter(({ chain }) => sameSubject(chain.subject, subject)) : pods
  const about = { pods: own, objects: objects.filter(({ chain }) => sameSubject(chain.subject, subject)), matched }
  return lookWith(policy, trigger, about, look, { actedAt }).map(({ selected: { object }, observation }) => ({ object, observation }))
}
