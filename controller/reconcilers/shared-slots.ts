/** What one act takes of what policies share: its slots in the budgets, and the claim on its workload. */
import type { Instant } from '../../shared/lib/time.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import type { Installation } from '../healing/installation.ts'
import type { Refusal } from '../healing/refusal.ts'
import { hasSlot, holdsClaims, landed, releaseClaim, releaseSlot, scopesOf, sharedLimit, takeSlot, type BudgetScope, type SharedAct, type SharedRequest } from '../healing/shared-budget.ts'
import type { WantedClaim } from '../healing/subject-claims.ts'
import type { Ledgers } from '../ports/ledgers.ts'
import { landedBy } from './endings.ts'

export interface SharedAsk extends Pick<SharedRequest, 'action' | 'policy'> {
  /** The namespace that it acts in, which holds the claim. */
  readonly target: string
  readonly claim: WantedClaim
}

/**
 * All of them or none; those that the act has already count anew from now. That of the policy's namespace first, that of the
 * target's, with the claim in the same swap, then the cluster's. A crash in between leaves one too many in the first, for an hour;
 * so does a second controller that has taken the same slot since: it may be about to write.
 */
export async function takeSlots(ledgers: Pick<Ledgers, 'admitBudget' | 'updateBudget'>, { action, policy, target, claim }: SharedAsk, installation: Installation, now: Instant): Promise<Refusal | undefined> {
  const taken: { readonly from: BudgetScope; readonly as: SharedAct | undefined }[] = []
  for (const scope of scopesOf(policy.namespace, target)) {
    let fresh = true
    const answer = await ledgers.admitBudget(scope, (budget) => {
      fresh = !budget.acts.some((act) => act.action === action)
      return takeSlot(budget, { action, policy, ...(holdsClaims(budget, target) ? { claim } : {}) }, sharedLimit(installation, scope), now)
    })
    if ('refusal' in answer) {
      for (const { from, as } of taken) await ledgers.updateBudget(from, (budget) => releaseSlot(budget, action, as))
      return answer.refusal
    }
    // What an earlier try has taken is not given back: it may have written.
    if (fresh) taken.push({ from: scope, as: answer.ledger.acts.find((act) => act.action === action) })
  }
  return undefined
}

/** Nothing was written of it, and nothing can be any more: its reservation is gone. */
export async function giveBack(ledgers: Ledgers, namespaces: readonly string[], action: string): Promise<void> {
  for (const scope of scopesOf(...namespaces)) await ledgers.updateBudget(scope, (budget) => releaseSlot(budget, action))
}

/** Its hour begins when its write is known to have landed: it may have taken long after its slot. Mostly nothing is written. */
export async function landShare(ledgers: Ledgers, { metadata: { name }, spec }: Pick<HealingAction, 'metadata' | 'spec'>, by: Instant): Promise<void> {
  for (const scope of scopesOf(spec.policyRef.namespace, spec.targetResource.namespace)) {
    // Another controller may have taken the slot, and a slow watch not have brought it: a refusal has it read.
    await ledgers.admitBudget(scope, (budget) => (hasSlot(budget, name) ? { ledger: landed(budget, name, by) } : { refusal: { reason: 'NotReserved', message: `no slot of ${name}` } }))
  }
}

/** It has ended, so others may act on its workload. What a crash kept from being told of its landing is told. Twice is as good as once. */
export async function endShare(ledgers: Ledgers, action: Pick<HealingAction, 'metadata' | 'spec' | 'status'>, now: Instant): Promise<void> {
  const { metadata, spec } = action
  if (spec.dryRun) return
  const by = landedBy(action, now)
  if (by !== undefined) await landShare(ledgers, action, by)
  await ledgers.updateBudget({ scope: 'Namespace', namespace: spec.targetResource.namespace }, (budget) => releaseClaim(budget, metadata.name))
}
