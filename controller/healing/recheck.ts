/**
 * The last look before a write, on live objects: everything that led to the decision must still hold. Admission is not
 * a transaction, and neither is a decision.
 */
import { sameJson } from '../../shared/lib/json.ts'
import { after, parseInstant, seconds } from '../../shared/lib/time.ts'
import type { HealingActionSpec } from '../../shared/api/v1alpha1/types.ts'
import { detect } from '../triggers/index.ts'
import { recall } from './detect.ts'
import { refusalOf } from './guards.ts'
import { describe } from './owners.ts'
import { ladderOf, type CompiledPolicy, type CompiledTrigger } from './policy.ts'
import type { Refusal } from './refusal.ts'
import { select } from './select.ts'
import type { PodView, Snapshot } from './snapshot.ts'

/** Two processes estimate the API server's clock to a second. */
const CLOCKS_APART = seconds(2)

/** `policy` and `target` as read live; undefined: not there. */
export function recheck(spec: HealingActionSpec, policy: CompiledPolicy | undefined, target: PodView | undefined, snapshot: Snapshot): Refusal | undefined {
  if (policy === undefined || policy.uid !== spec.policyRef.uid) return { reason: 'PolicyDeleted', message: 'the policy that decided is gone' }
  const changed = policyChange(spec, policy)
  if (changed !== undefined) return { reason: 'PolicyChanged', message: changed }
  if (target === undefined) return { reason: 'TargetGone', message: `${describe(spec.targetResource)} is gone` }
  if (target.ref.uid !== spec.targetResource.uid) {
    return { reason: 'TargetGone', message: `${describe(spec.targetResource)} is another object now (uid ${target.ref.uid})` }
  }
  const [selected] = select(policy, { ...snapshot, pods: [target] }).pods
  if (selected === undefined) return { reason: 'TargetChanged', message: `${describe(target.ref)} is no longer selected` }
  const refusal = refusalOf(policy, selected, snapshot)
  if (refusal !== undefined) return refusal
  const trigger = policy.triggers.find((t) => t.name === spec.trigger.name)
  if (trigger === undefined) return { reason: 'PolicyChanged', message: `trigger ${spec.trigger.name} is gone from the policy` }
  return recovered(spec, trigger, target, policy, snapshot)
}

function recovered(spec: HealingActionSpec, trigger: CompiledTrigger, target: PodView, policy: CompiledPolicy, { now, findings }: Snapshot): Refusal | undefined {
  // The decision itself remembers since when, should the status not have been written.
  const since = parseInstant(spec.trigger.since)
  const memory = recall(findings, trigger.name, target.ref.uid) ?? (since === undefined ? undefined : { since, restarts: 0 })
  const seen = detect(trigger, target, { now, stabilizationWindow: policy.limits.stabilizationWindow, memory })
  if (seen.state === 'Quiet' || seen.state === 'NoData') {
    return { reason: 'TargetRecovered', message: `${trigger.name} no longer sees anything wrong with ${describe(target.ref)}` }
  }
  // The trouble that was decided on, not one that began since: its time may have been told by another process.
  const same = since !== undefined && seen.since <= after(since, CLOCKS_APART)
  // Within a crash loop the container is up now and then; what began anew, or must hold for longer now, has not held long enough.
  return (same ? after(now, CLOCKS_APART) : now) < seen.firesAt ? { reason: 'TargetRecovered', message: `${trigger.name} has not held for long enough on ${describe(target.ref)}` } : undefined
}

function policyChange(spec: HealingActionSpec, policy: CompiledPolicy): string | undefined {
  if (policy.generation === spec.policyRef.generation) return undefined
  const mode = spec.dryRun ? 'dryrun' : 'automatic'
  if (policy.mode !== mode) return `the policy's mode is ${policy.mode} now`
  const template = ladderOf(policy, spec.trigger.name).find((a) => a.name === spec.action.name)
  return sameJson(template, spec.action) ? undefined : `action ${spec.action.name} of the policy has changed`
}
