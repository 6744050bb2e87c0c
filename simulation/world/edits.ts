/** How people change their policies. */
import type { HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import type { Chance } from '../engine/chance.ts'
import type { PolicyEdit } from '../plan/plan.ts'
import { actionsOf } from '../plan/policies.ts'

export type Spec = HealingPolicySpec

/** Members that replace those of the spec. */
export function editOf(edit: PolicyEdit, { safetyRules, selector }: Spec, chance: Chance): Partial<Spec> {
  switch (edit) {
    case 'suspend':
      return { suspend: true }
    case 'resume':
      return { suspend: false }
    case 'tighten':
      return { safetyRules: { ...safetyRules, maxActionsPerHour: 1, maxConcurrent: 1, ...tightened(safetyRules) } }
    case 'loosen':
      return { safetyRules: { ...safetyRules, maxActionsPerHour: 12, maxUnhealthy: '1000' } }
    case 'dryrun':
      return { mode: 'dryrun' }
    case 'automatic':
      return { mode: 'automatic' }
    case 'next-action':
      return { actions: actionsOf(chance, 2) }
    // All that it selects.
    case 'protect':
      return { safetyRules: { ...safetyRules, protectedResources: [{ apiVersion: 'v1', kind: 'Pod', ...(selector.labelSelector === undefined ? {} : { labelSelector: selector.labelSelector }) }] } }
    default:
      return edit satisfies never
  }
}

/** Where the policy has budgets at all. */
const tightened = ({ budgets }: Spec['safetyRules']): Partial<Spec['safetyRules']> => (budgets === undefined ? {} : { budgets: budgets.map((budget) => ({ ...budget, actions: 1 })) })
