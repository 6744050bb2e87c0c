/** One act's slots in the budgets that policies share. */
import type { Instant } from '../../shared/lib/time.ts'
import type { Installation } from '../../shared/rules/rule.ts'
import type { Refusal } from '../healing/refusal.ts'
import { releaseSlot, scopesOf, sharedLimit, takeSlot, type BudgetScope } from '../healing/shared-budget.ts'
import type { Ledgers, PolicyKey } from '../ports/ledgers.ts'

interface Act {
  readonly action: string
  /** The namespace that it acts in. */
  readonly target: string
}

/**
 * All of them or none; those that the act has already count anew from now. The namespace's first, then the cluster's.
 * A crash in between leaves one too many in the first, for an hour.
 */
export async function takeSlots(ledgers: Ledgers, { namespace, name }: PolicyKey, { action, target }: Act, installation: Installation, now: Instant): Promise<Refusal | undefined> {
  const taken: BudgetScope[] = []
  for (const scope of scopesOf(namespace, target)) {
    const answer = await ledgers.admitBudget(scope, (budget) => takeSlot(budget, { action, policy: { namespace, name } }, sharedLimit(installation, scope), now))
    if ('refusal' in answer) {
      for (const other of taken) await ledgers.updateBudget(other, (budget) => releaseSlot(budget, action))
      return answer.refusal
    }
    taken.push(scope)
  }
  return undefined
}
