/** What the policies of a namespace need to be watched beside pods and workloads: nothing is watched that nobody asks for. */
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'

export interface Demand {
  /** Reasons of events. */
  readonly reasons: ReadonlySet<string>
}

/** Suspended policies too: their findings are still reported. */
export function demandOf(policies: readonly HealingPolicy[]): Demand {
  const triggers = policies.flatMap(({ spec }) => spec.triggers)
  return { reasons: new Set(triggers.flatMap(({ eventTrigger }) => (eventTrigger === undefined ? [] : [eventTrigger.reason]))) }
}
