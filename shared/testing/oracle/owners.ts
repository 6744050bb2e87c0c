/** What is written to and who owns it, as far as a history tells. */
import { groupOf, KNOWN_KINDS, type KindReference } from '../../api/v1alpha1/kinds.ts'
import type { KubeObject } from '../../kube/api.ts'
import { controllerOf } from '../../lib/references.ts'
import { uidOf } from './acts.ts'
import type { Call } from './history.ts'
import type { World } from './world.ts'

export interface Owner {
  readonly ref: KindReference & { readonly name: string; readonly uid: string }
  /** All that it has been of late; empty: nothing but its name is known. */
  readonly lately: readonly KubeObject[]
}

/** What a write is to, as it was before it. undefined: it is not in the history. */
export function objectOf(entry: Call, world: World): KubeObject | undefined {
  const { collection, namespace, name, changes } = entry
  const before = changes.find((change) => change.collection === collection)?.before
  if (before !== undefined && before.metadata.uid !== '') return before
  const uid = uidOf(entry)
  return (uid === undefined ? undefined : world.byUid(uid)) ?? (name === undefined ? undefined : world.get(collection, { namespace, name }))
}

/** From its controller to the top. Where nothing is known of the last one, there may be more. */
export function ownersOf(object: KubeObject, world: World, from: number): readonly Owner[] {
  const owners: Owner[] = []
  let ref = controllerOf(object)
  while (ref !== undefined && owners.length < MAX_DEPTH) {
    const lately = world.lately(ref.uid, from)
    owners.push({ ref, lately })
    const last = lately.at(-1)
    ref = last === undefined ? undefined : controllerOf(last)
  }
  return owners
}

/** The first owner that nothing is known of. */
export const unknownAmong = (owners: readonly Owner[]): Owner | undefined => owners.find(({ lately }) => lately.length === 0)

/** Owners above a pod. */
const MAX_DEPTH = 8

/** Of the objects of a collection; a kind that is not Kubernetes' own says so itself. */
export function kindOf({ collection }: Call, object: KubeObject | undefined): KindReference {
  const known = KNOWN_KINDS.find(({ apiVersion, plural }) => `${groupOf(apiVersion)}/${plural}` === collection)
  return known ?? { apiVersion: object?.apiVersion ?? collection, kind: object?.kind ?? collection }
}
