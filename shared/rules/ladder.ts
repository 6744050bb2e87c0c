/** Which actions a trigger leads to, and which of them nobody is asked about. */
import { needsApproval } from '../api/v1alpha1/approval.ts'
import { needsAll } from '../api/v1alpha1/trigger-match.ts'
import type { ActionTemplate, HealingPolicy } from '../api/v1alpha1/types.ts'

export interface Rung {
  /** Place in `spec.actions`. */
  readonly index: number
  readonly action: ActionTemplate
}

/** In the order in which they are written. Where all triggers have to meet, every action is for every trigger. */
export const rungsOf = ({ spec }: HealingPolicy, trigger: string): readonly Rung[] =>
  spec.actions.flatMap((action, index) => (needsAll(spec) || action.triggers === undefined || action.triggers.includes(trigger) ? [{ index, action }] : []))

/** The policy carries it out before anybody has looked. */
export const actsAlone = ({ spec }: HealingPolicy, action: ActionTemplate): boolean => spec.mode === 'automatic' && !needsApproval(spec, action)
