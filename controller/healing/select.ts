/** Which pods a policy looks at. Empty is never all (I8). */
import { isEmptySelector, matchesLabels } from '../../shared/lib/selector.ts'
import { ownerChain, indexWorkloads, type OwnerChain } from './owners.ts'
import type { CompiledPolicy, SelectedKind } from './policy.ts'
import type { ObjectRef, PodView, World } from './snapshot.ts'
import type { Labels } from '../../shared/lib/selector.ts'

export interface SelectedPod {
  readonly pod: PodView
  readonly chain: OwnerChain
}

export interface Selection {
  readonly pods: readonly SelectedPod[]
  /** Selected objects, of whatever kind. */
  readonly matched: number
}

export function select(policy: CompiledPolicy, world: World): Selection {
  const byUid = indexWorkloads(world.workloads)
  // The door keeps other namespaces out; here it is checked again, since admission is not a transaction.
  const here = policy.namespaces.includes(policy.namespace)
  const selected = (object: { ref: ObjectRef; labels: Labels }): boolean =>
    here && object.ref.namespace === policy.namespace && policy.kinds.some((kind) => picks(kind, policy, object))
  const pods = world.pods
    .map((pod) => ({ pod, chain: ownerChain(pod, byUid) }))
    .filter(({ pod, chain }) => selected(pod) || chain.workloads.some(selected))
  const workloads = world.workloads.filter(selected).length
  return { pods, matched: workloads + world.pods.filter(selected).length }
}

function picks(kind: SelectedKind, policy: CompiledPolicy, { ref, labels }: { ref: ObjectRef; labels: Labels }): boolean {
  if (ref.kind !== kind.kind || ref.apiVersion !== kind.apiVersion) return false
  if (kind.excludeNames.has(ref.name)) return false
  if (kind.names !== undefined && !kind.names.has(ref.name)) return false
  if (isEmptySelector(policy.labelSelector)) return kind.names !== undefined
  return policy.labelSelector !== undefined && matchesLabels(policy.labelSelector, labels)
}
