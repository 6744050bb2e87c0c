/** What is there to be selected, as far as its metadata tells, and what of it a policy selects. */
import { isOneOf } from '../../api/v1alpha1/action-kinds.ts'
import { isPod, type KindReference } from '../../api/v1alpha1/kinds.ts'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { remembered } from '../../lib/remembered.ts'
import { isEmptySelector, matchesLabels, type Labels } from '../../lib/selector.ts'
import { selectedNamespaces, selectedResources } from '../rule.ts'

export interface LiveObject extends KindReference {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly labels: Labels
  /** uid of its controller owner. */
  readonly owner: string | undefined
  /** spec.replicas, where it was asked for. */
  readonly replicas?: number
}

/** What decides about the number of replicas of something: a HorizontalPodAutoscaler, or what has made it. */
export interface Autoscaler {
  readonly kind: string
  readonly name: string
  /** `group` is absent where it does not say. */
  readonly of: { readonly group?: string; readonly kind: string; readonly namespace: string; readonly name: string }
}

export interface LiveObjects {
  readonly objects: readonly LiveObject[]
  /** False: there are more, or some could not be listed. */
  readonly complete: boolean
  /** Absent: nobody has looked for them. */
  readonly autoscalers?: readonly Autoscaler[]
}

/** Deeper chains of owners are a loop. */
const MAX_DEPTH = 8

/** The selected objects, and the pods that selected owners have. An exclusion of an owner holds for its pods. */
export const selectedObjects = (policy: HealingPolicy, live: LiveObjects): readonly LiveObject[] => selectionsIn(live)(policy)

/** Those that the other one selects as well. */
export function sharedObjects(one: HealingPolicy, other: HealingPolicy, live: LiveObjects): readonly LiveObject[] {
  const chains = chainsIn(live)
  return selectedObjects(one, live).filter((object) => isSelected(other, object, chains))
}

/** The workload that it belongs to, as far up as is known; itself when it belongs to none. */
export function rootOf(object: LiveObject, live: LiveObjects): LiveObject {
  let root = object
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const owner = root.owner === undefined ? undefined : byUidIn(live).get(root.owner)
    if (owner === undefined) break
    root = owner
  }
  return root
}

const byUidIn = remembered((live: LiveObjects) => new Map(live.objects.map((object) => [object.uid, object])))

/** One's own selection is compared with that of many others. */
const selectionsIn = remembered((live: LiveObjects) => remembered((policy: HealingPolicy) => live.objects.filter((object) => isSelected(policy, object, chainsIn(live)))))

type Chains = (object: LiveObject) => readonly LiveObject[]

/** A pod with its owners, as far as they are known; anything else alone. */
const chainsIn = remembered((live: LiveObjects): Chains => {
  const byUid = byUidIn(live)
  return (object) => {
    const chain = [object]
    for (let owner = isPod(object) ? object.owner : undefined; owner !== undefined && chain.length <= MAX_DEPTH; ) {
      const found = byUid.get(owner)
      if (found === undefined) break
      chain.push(found)
      owner = found.owner
    }
    return chain
  }
})

function isSelected(policy: HealingPolicy, object: LiveObject, chains: Chains): boolean {
  if (!selectedNamespaces(policy).includes(object.namespace)) return false
  const { labelSelector } = policy.spec.selector
  const kinds = selectedResources(policy)
  const excluded = (one: LiveObject): boolean => kinds.some((kind) => isOneOf([kind], one) && kind.excludeNames?.includes(one.name) === true)
  const picked = (one: LiveObject): boolean =>
    kinds.some((kind) => {
      if (!isOneOf([kind], one) || (kind.names !== undefined && !kind.names.includes(one.name))) return false
      return labelSelector === undefined || isEmptySelector(labelSelector) ? kind.names !== undefined : matchesLabels(labelSelector, one.labels)
    })
  const chain = chains(object)
  return chain.some(picked) && !chain.some(excluded)
}
