/** What the policies of a namespace need to be watched beside pods and workloads: nothing is watched that nobody asks for. */
import { isCustom, knownKind, nameOf, type KindReference } from '../../shared/api/v1alpha1/kinds.ts'
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'

export interface Demand {
  /** Reasons of events. */
  readonly reasons: ReadonlySet<string>
  /** Kinds that are not watched anyway. */
  readonly kinds: readonly KindReference[]
}

/** Suspended policies too: their findings are still reported. */
export function demandOf(policies: readonly HealingPolicy[]): Demand {
  const triggers = policies.flatMap(({ spec }) => spec.triggers)
  const selected = policies.flatMap(({ spec }) => spec.selector.resources ?? []).filter((kind) => isCustom(kind) || knownKind(kind)?.observed === true)
  return {
    reasons: new Set(triggers.flatMap(({ eventTrigger }) => (eventTrigger === undefined ? [] : [eventTrigger.reason]))),
    kinds: [...new Map(selected.map(({ apiVersion, kind }) => [nameOf({ apiVersion, kind }), { apiVersion, kind }])).values()],
  }
}
