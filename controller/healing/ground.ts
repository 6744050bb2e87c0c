/**
 * What a write stands on beside its object: whose will it is, and what its surroundings allow. The object's own version
 * goes with the write, and the API server refuses another one; of these no write can say what they were, so they are
 * read once more just before it. Pure.
 */
import type { HealingActionSpec, HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { sameJson } from '../../shared/lib/json.ts'
import { describe, indexWorkloads, ownerChain } from './owners.ts'
import { pauseReason } from './pause.ts'
import type { NamespaceView, ObjectRef, TargetView, WorkloadView, World } from './snapshot.ts'

export interface Ground {
  readonly policy: HealingPolicy | undefined
  /** The policy's own, and the target's where that is another one. */
  readonly namespaces: readonly (NamespaceView | undefined)[]
  /** Of what is written to, the nearest first. */
  readonly owners: readonly (WorkloadView | undefined)[]
}

interface Looked {
  readonly policy: HealingPolicy | undefined
  readonly target: TargetView | undefined
  readonly world: Pick<World, 'namespace' | 'others' | 'pods' | 'workloads'>
}

/**
 * What a look has seen of it.
 * @param written the target itself, or a pod of it: then the target is among the owners, since no version of it goes with the write
 */
export function groundOf({ policy, target, world }: Looked, { policyRef, targetResource: { namespace } }: HealingActionSpec, written: Pick<ObjectRef, 'uid'>): Ground {
  const object = target?.ref.uid === written.uid ? target : (world.pods.find(({ ref }) => ref.uid === written.uid) ?? target)
  return {
    policy,
    namespaces: [world.namespace, namespace === policyRef.namespace ? undefined : world.others.get(namespace)?.namespace],
    owners: object === undefined ? [] : ownerChain(object, indexWorkloads(world.workloads)).workloads,
  }
}

/** What of it is not as it was when looked at, for people; undefined: all is. */
export function changedSince(looked: Ground, now: Ground): string | undefined {
  if (!sameJson(willOf(looked.policy), willOf(now.policy))) return 'the policy'
  const namespace = looked.namespaces.findIndex((one, n) => !sameJson(one, now.namespaces[n]))
  if (namespace >= 0) return `namespace ${looked.namespaces[namespace]?.name ?? now.namespaces[namespace]?.name ?? ''}`
  const owner = looked.owners.findIndex((one, n) => !sameJson(wishesOf(one), wishesOf(now.owners[n])))
  const known = looked.owners[owner]
  return known === undefined ? undefined : describe(known.ref)
}

/** Its status is ours, and changes all the time. */
const willOf = (policy: HealingPolicy | undefined): unknown => policy && [policy.metadata.uid, policy.metadata.generation, policy.metadata.deletionTimestamp, pauseReason(policy.metadata)]

/** What guards ask of an owner: how many pods it has is not among it. */
const wishesOf = (owner: WorkloadView | undefined): unknown => owner && [owner.ref.uid, owner.labels, owner.ignored, owner.deleting, owner.owner?.uid]
