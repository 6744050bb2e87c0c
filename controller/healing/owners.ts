/** From an object to its top controller owner: who a trouble belongs to. */
import { isEmptySelector, matchesLabels } from '../../shared/lib/selector.ts'
import type { ObjectRef, PodView, View, WorkloadView } from './snapshot.ts'

export interface OwnerChain {
  /** Owners found in the snapshot, the nearest first. */
  readonly workloads: readonly WorkloadView[]
  /** The top controller owner, or the object itself when it has none. */
  readonly subject: ObjectRef
  /** An owner of a kind that we watch is not in the snapshot (yet): the subject is not to be trusted. */
  readonly incomplete: boolean
}

const WATCHED = new Set(['apps/v1/ReplicaSet', 'apps/v1/Deployment', 'apps/v1/StatefulSet', 'apps/v1/DaemonSet'])

/** Deeper chains are a loop or an attack on our patience. */
const MAX_DEPTH = 8

export type WorkloadIndex = ReadonlyMap<string, WorkloadView>

/** By its uid, or by whatever else finds it. */
export type OwnerFinder = (owner: NonNullable<View['owner']>, namespace: string) => WorkloadView | undefined

export const indexWorkloads = (workloads: readonly WorkloadView[]): WorkloadIndex => new Map(workloads.map((w) => [w.ref.uid, w]))

export function ownerChain(object: View, owners: WorkloadIndex | OwnerFinder): OwnerChain {
  const find: OwnerFinder = typeof owners === 'function' ? owners : ({ uid }) => owners.get(uid)
  const workloads: WorkloadView[] = []
  let subject = object.ref
  let owner = object.owner
  for (let depth = 0; owner !== undefined && depth < MAX_DEPTH; depth++) {
    subject = { ...owner, namespace: object.ref.namespace }
    const found = find(owner, object.ref.namespace)
    // An owner of a kind that we do not watch (a Rollout, a Job) is the top as far as we can see.
    if (found === undefined) return { workloads, subject, incomplete: WATCHED.has(`${owner.apiVersion}/${owner.kind}`) }
    workloads.push(found)
    // Seen by its scale only while it is acted on: whose trouble it is must not depend on that.
    owner = found.scale === undefined ? found.owner : undefined
  }
  return { workloads, subject, incomplete: owner !== undefined }
}

/** Which pods are the subject's: by their owners, and where it is known by its scale by the labels that this names. */
export function podsOf(subject: SubjectName, { pods, workloads }: { readonly pods: readonly PodView[]; readonly workloads: readonly WorkloadView[] }): readonly PodView[] {
  const byUid = indexWorkloads(workloads)
  const named = workloads.find(({ ref, scale }) => scale !== undefined && sameSubject(ref, subject))?.podSelector
  return pods.filter((pod) => sameSubject(ownerChain(pod, byUid).subject, subject) || (named !== undefined && !isEmptySelector(named) && matchesLabels(named, pod.labels)))
}

/** Same workload by name: a recreated one inherits the incidents and the cooldown of its predecessor. */
export const sameSubject = (a: SubjectName, b: SubjectName): boolean =>
  a.apiVersion === b.apiVersion && a.kind === b.kind && a.namespace === b.namespace && a.name === b.name

export interface SubjectName {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
}

/** `Deployment/cart`, for people. */
export const describe = ({ kind, name }: Pick<ObjectRef, 'kind' | 'name'>): string => `${kind}/${name}`

/** The same, with its namespace where that is not the policy's. */
export const describeFrom = (home: string, ref: Pick<ObjectRef, 'kind' | 'name'> & { readonly namespace?: string }): string => `${describe(ref)}${ref.namespace === undefined || ref.namespace === home ? '' : ` in ${ref.namespace}`}`
