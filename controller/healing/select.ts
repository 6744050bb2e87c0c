/** Which objects a policy looks at. Empty is never all (I8), and what one entry excludes no other one brings back. */
import { isEmptySelector, matchesLabels, type Labels } from '../../shared/lib/selector.ts'
import { ownerChain, indexWorkloads, type OwnerChain } from './owners.ts'
import type { CompiledPolicy, SelectedKind } from './policy.ts'
import type { ObjectRef, ObjectView, PodView, TargetView, WorkloadView, World } from './snapshot.ts'

export interface Selected<Seen extends TargetView = TargetView> {
  readonly object: Seen
  readonly chain: OwnerChain
  /** uids of the selected objects that it stands for: its own, those of its owners, or both. */
  readonly by: readonly string[]
}

export interface Selection {
  /** Selected themselves, or by an owner. */
  readonly pods: readonly Selected<PodView>[]
  /** Selected objects that are no pods. */
  readonly objects: readonly Selected[]
  /** Selected objects, of whatever kind. */
  readonly matched: number
}

type Named = { readonly ref: ObjectRef; readonly labels: Labels }

export function select(policy: CompiledPolicy, world: Pick<World, 'pods' | 'workloads' | 'objects'>): Selection {
  const byUid = indexWorkloads(world.workloads)
  const selected = (object: Named): boolean => selects(policy, object)
  const pods = world.pods.flatMap((pod): Selected<PodView>[] => {
    const chain = ownerChain(pod, byUid)
    const objects = [pod, ...chain.workloads]
    // An owner that is known by its scale is not always seen: its pods are not selected by it.
    const by = objects.filter((object) => (object.shape === 'Pod' || object.scale === undefined) && selected(object)).map(({ ref }) => ref.uid)
    return by.length === 0 || objects.some((object) => excludes(policy, object)) ? [] : [{ object: pod, chain, by }]
  })
  // What was read just now in place of what is watched.
  const objects = [...world.workloads.map(asWatched), ...world.objects.filter(({ ref }) => !byUid.has(ref.uid))].filter(selected).map((object): Selected => ({ object, chain: ownerChain(object, byUid), by: [object.ref.uid] }))
  const matched = new Set([...pods, ...objects].flatMap(({ by }) => by))
  return { pods, objects, matched: matched.size }
}

/** The object itself; that its owner is selected, or excluded, is not looked at. */
export const selects = (policy: CompiledPolicy, object: Named): boolean =>
  policy.namespaces.includes(object.ref.namespace) && !excludes(policy, object) && policy.kinds.some((kind) => picks(kind, policy, object))

/** A trigger sees the same of an object whether its scale was read or not: else it would judge another value before the write than when it was decided. */
function asWatched(workload: WorkloadView): WorkloadView | ObjectView {
  if (workload.scale === undefined) return workload
  const { ref, resourceVersion, labels, ignored, deleting, createdAt, owner, conditions } = workload
  return { shape: 'Object', ref, resourceVersion, labels, ignored, deleting, createdAt, owner, conditions }
}

const excludes = ({ kinds }: CompiledPolicy, { ref }: Named): boolean =>
  kinds.some((kind) => isOf(kind, ref) && kind.excludeNames.has(ref.name))

const isOf = (kind: SelectedKind, ref: ObjectRef): boolean => ref.kind === kind.kind && ref.apiVersion === kind.apiVersion

function picks(kind: SelectedKind, { labelSelector }: CompiledPolicy, { ref, labels }: Named): boolean {
  if (!isOf(kind, ref)) return false
  if (kind.names !== undefined && !kind.names.has(ref.name)) return false
  if (labelSelector === undefined || isEmptySelector(labelSelector)) return kind.names !== undefined
  return matchesLabels(labelSelector, labels)
}
