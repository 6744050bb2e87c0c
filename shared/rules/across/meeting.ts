/** Whether two policies can select the same objects, by what they say. Pure, and exact for objects of one kind. */
import { isPod, type KindReference } from '../../api/v1alpha1/kinds.ts'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { boxOf, contains, intersect, isSatisfiable, NAME, overlap, within, type Box, type ValueSet } from '../../lib/selector-sets.ts'
import { remembered } from '../../lib/remembered.ts'
import { selectedNamespaces } from '../rule.ts'
import { selectedSets } from '../selection/selected.ts'

/**
 * `Implied`: whatever one selects of a kind the other selects too. `Possible`: some object could be selected by both.
 * `ThroughOwners`: pods that one selects could belong to workloads that the other selects; only a look at them tells.
 */
export type Meeting = 'Implied' | 'Possible' | 'ThroughOwners'

interface Selection {
  /** The same for all kinds. */
  readonly labels: Box
  readonly kinds: readonly { readonly kind: KindReference; readonly names: ValueSet }[]
}

const selectionOf = remembered((policy: HealingPolicy): Selection => ({
  labels: boxOf(policy.spec.selector.labelSelector),
  kinds: selectedSets(policy).flatMap(({ kind, box }) => {
    const names = box.get(NAME)
    return names === undefined || !isSatisfiable(box) ? [] : [{ kind, names }]
  }),
}))

/** The namespaces that both select. */
export const sharedNamespaces = (one: HealingPolicy, other: HealingPolicy): readonly string[] => {
  const theirs = selectedNamespaces(other)
  return selectedNamespaces(one).filter((namespace) => theirs.includes(namespace))
}

/** In a namespace that both select. undefined: never. Labels are compared once: many entries of many policies stay cheap. */
export function meetingOf(one: HealingPolicy, other: HealingPolicy): Meeting | undefined {
  const [mine, theirs] = [selectionOf(one), selectionOf(other)]
  if (!overlap(mine.labels, theirs.labels)) return mixes(mine, theirs) ? 'ThroughOwners' : undefined
  const narrower = contains(theirs.labels, mine.labels)
  const wider = contains(mine.labels, theirs.labels)
  let found: Meeting | undefined
  for (const a of mine.kinds) {
    for (const b of theirs.kinds) {
      if (a.kind.kind !== b.kind.kind || a.kind.apiVersion !== b.kind.apiVersion || !intersect(a.names, b.names)) continue
      if ((narrower && within(a.names, b.names)) || (wider && within(b.names, a.names))) return 'Implied'
      found = 'Possible'
    }
  }
  if (found !== undefined || !mixes(mine, theirs)) return found
  // Most pods have the labels of what owns them: then it is likely enough to be said.
  return mine.labels.size + theirs.labels.size > 0 && (narrower || wider) ? 'Possible' : 'ThroughOwners'
}

/** One selects pods where the other selects what may own them. */
const mixes = ({ kinds: mine }: Selection, { kinds: theirs }: Selection): boolean => mine.some((a) => theirs.some((b) => isPod(a.kind) !== isPod(b.kind)))
