/**
 * The last look before a write, on live objects: everything that led to the decision must still hold. Admission is not
 * a transaction, and neither is a decision.
 */
import { sameJson } from '../../shared/lib/json.ts'
import { after, parseInstant, seconds } from '../../shared/lib/time.ts'
import type { HealingActionSpec } from '../../shared/api/v1alpha1/types.ts'
import { isTrouble } from '../triggers/trigger.ts'
import { needsApproval } from '../../shared/api/v1alpha1/approval.ts'
import { differsFromApproved } from './approval.ts'
import { look } from './detect.ts'
import { refusalOf } from './guards.ts'
import { describe, indexWorkloads, ownerChain } from './owners.ts'
import { called, causeOf, ladderOf, type Cause, type CompiledPolicy } from './policy.ts'
import type { Refusal } from './refusal.ts'
import { select, type Selected, type Selection } from './select.ts'
import type { Snapshot, TargetView } from './snapshot.ts'
import { refuseForPods } from './spared-pods.ts'

/** Two processes estimate the API server's clock to a second. */
const CLOCKS_APART = seconds(2)

/** `policy` and `target` as read live; undefined: not there. */
export function recheck(spec: HealingActionSpec, policy: CompiledPolicy | undefined, target: TargetView | undefined, snapshot: Snapshot): Refusal | undefined {
  if (policy === undefined || policy.uid !== spec.policyRef.uid) return { reason: 'PolicyDeleted', message: 'the policy that decided is gone' }
  const changed = policyChange(spec, policy)
  if (changed !== undefined) return { reason: 'PolicyChanged', message: changed }
  if (target === undefined) return { reason: 'TargetGone', message: `${describe(spec.targetResource)} is gone` }
  if (target.ref.uid !== spec.targetResource.uid) {
    return { reason: 'TargetGone', message: `${describe(spec.targetResource)} is another object now (uid ${target.ref.uid})` }
  }
  // Of a pod nothing but itself counts; of a workload all that it owns.
  const selection = select(policy, target.shape === 'Pod' ? { ...snapshot, pods: [target] } : snapshot)
  const selected = findSelected(target, selection, snapshot)
  if (selected === undefined) return { reason: 'TargetChanged', message: `${describe(target.ref)} is no longer selected` }
  const refusal = refusalOf(policy, selected, snapshot)
  if (refusal !== undefined) return refusal
  const spared = target.shape === 'Pod' ? undefined : refuseForPods(policy, spec.action, target.ref, snapshot)
  if (spared !== undefined) return spared
  const trigger = causeOf(policy, spec.trigger.name)
  if (trigger === undefined) return { reason: 'PolicyChanged', message: leadsNowhere(spec) }
  const different = differsFromApproved(spec, target)
  if (different !== undefined) return different
  return recovered(spec, trigger, target, policy, selection, snapshot)
}

/** Itself, or as the owner of what is selected. */
function findSelected(target: TargetView, { pods, objects }: Selection, { workloads }: Snapshot): Selected | undefined {
  const itself = [...pods, ...objects].find(({ object }) => object.ref.uid === target.ref.uid)
  if (itself !== undefined) return itself
  const owned = [...pods, ...objects].filter(({ chain }) => chain.subject.uid === target.ref.uid)
  return owned.length === 0 ? undefined : { object: target, chain: ownerChain(target, indexWorkloads(workloads)), by: owned.flatMap(({ by }) => by) }
}

function recovered(spec: HealingActionSpec, trigger: Cause, target: TargetView, policy: CompiledPolicy, selection: Selection, snapshot: Snapshot): Refusal | undefined {
  const { now } = snapshot
  // The decision itself remembers since when, should the status not have been written.
  const since = parseInstant(spec.trigger.since)
  const decided = since === undefined ? undefined : { since, restarts: 0 }
  // An act on a workload is about any of what it owns.
  const about = ({ object, chain }: Selected): boolean => object.ref.uid === target.ref.uid || (target.shape !== 'Pod' && chain.subject.uid === target.ref.uid)
  const looked = look(policy, trigger, selection, snapshot, { decided }).filter(({ selected }) => about(selected))
  const seen = looked.map(({ observation }) => observation).filter(isTrouble)
  if (seen.length === 0) return { reason: 'TargetRecovered', message: `${called(trigger)} no longer sees anything wrong with ${describe(target.ref)}` }
  // Within a crash loop the container is up now and then; what began anew, or must hold for longer now, has not held long enough.
  const held = seen.some((o) => {
    // The trouble that was decided on, not one that began since: its time may have been told by another process.
    const same = since !== undefined && o.since <= after(since, CLOCKS_APART)
    return (same ? after(now, CLOCKS_APART) : now) >= o.firesAt
  })
  return held ? undefined : { reason: 'TargetRecovered', message: `${called(trigger)} has not held for long enough on ${describe(target.ref)}` }
}

const leadsNowhere = ({ trigger: { name } }: HealingActionSpec): string => `${name} leads to no action of the policy any more: its triggers, or triggerMatch, have changed`

/** What of the policy is not as it was when decided. */
export function policyChange(spec: HealingActionSpec, policy: CompiledPolicy): string | undefined {
  if (policy.generation === spec.policyRef.generation) return undefined
  const sameMode = spec.dryRun ? policy.mode === 'dryrun' : policy.mode === 'automatic' || policy.mode === 'manual'
  if (!sameMode) return `the policy's mode is ${policy.mode} now`
  if (causeOf(policy, spec.trigger.name) === undefined) return leadsNowhere(spec)
  if (spec.approvalRequired !== true && needsApproval(policy, spec.action)) return 'the policy asks for approval by now'
  const template = ladderOf(policy, spec.trigger.name).find((a) => a.name === spec.action.name)
  return sameJson(template, spec.action) ? undefined : `action ${spec.action.name} of the policy has changed`
}
