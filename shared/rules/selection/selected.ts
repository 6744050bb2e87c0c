/** What a policy selects, as sets of objects of one kind. */
import { isOneOf } from '../../api/v1alpha1/action-kinds.ts'
import type { KindReference } from '../../api/v1alpha1/kinds.ts'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { anyBut, boxOf, oneOf, type Box } from '../../lib/selector-sets.ts'
import { isEmptySelector } from '../../lib/selector.ts'
import { selectedResources } from '../rule.ts'

export interface SelectedSet {
  readonly kind: KindReference
  /** Its entry in `spec.selector.resources`. */
  readonly index: number
  readonly box: Box
}

/** One for each entry that selects by name or label: without either it selects nothing. What one entry excludes no other one brings back. */
export function selectedSets(policy: HealingPolicy): readonly SelectedSet[] {
  const { labelSelector } = policy.spec.selector
  const resources = selectedResources(policy)
  return resources.flatMap(({ apiVersion, kind, names }, index) => {
    if (names === undefined && isEmptySelector(labelSelector)) return []
    const excluded = new Set(resources.filter((other) => isOneOf([other], { apiVersion, kind })).flatMap(({ excludeNames = [] }) => excludeNames))
    const left = names === undefined ? anyBut(excluded) : oneOf(names.filter((name) => !excluded.has(name)))
    return [{ kind: { apiVersion, kind }, index, box: boxOf(labelSelector, left) }]
  })
}
