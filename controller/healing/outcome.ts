/** How an action has ended, read from its status. */
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import type { Outcome } from './incidents.ts'
import type { RefusalReason } from './refusal.ts'

/** By the reason of their ending. */
const UNDECIDED: Readonly<Partial<Record<string, Outcome>>> = { Rejected: 'Rejected', ApprovalExpired: 'Expired' } satisfies Partial<Record<RefusalReason, Outcome>>

/** What the ledger learns from the last status of an action; undefined: it has not ended. */
export function outcomeOf({ status }: HealingAction): Outcome | undefined {
  // It did not help; that it was taken back is no success.
  const outcome = status?.outcome === 'Reverted' ? 'Ineffective' : status?.outcome
  switch (status?.phase) {
    case 'Succeeded':
      return outcome ?? 'Cancelled'
    case 'Cancelled':
      return outcome ?? UNDECIDED[status.result?.reason ?? ''] ?? 'Cancelled'
    case 'Failed':
      return outcome ?? 'Failed'
    // Whatever else it says: it has not ended.
    case undefined:
    case 'Pending':
    case 'Approved':
    case 'InProgress':
    case 'Verifying':
    default:
      return undefined
  }
}

export const isEnded = (action: HealingAction): boolean => outcomeOf(action) !== undefined
