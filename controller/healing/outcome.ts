/** How an action has ended, read from its status. */
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import type { Outcome } from './incidents.ts'
import type { RefusalReason } from './refusal.ts'

/** By the reason of their ending. */
const UNDECIDED: Readonly<Partial<Record<string, Outcome>>> = { Rejected: 'Rejected', ApprovalExpired: 'Expired' } satisfies Partial<Record<RefusalReason, Outcome>>

/** What the ledger learns from the last status of an action; undefined: it has not ended. */
export function outcomeOf({ status }: HealingAction): Outcome | undefined {
  switch (status?.phase) {
    case 'Succeeded':
      return status.outcome ?? 'Cancelled'
    case 'Cancelled':
      return status.outcome ?? UNDECIDED[status.result?.reason ?? ''] ?? 'Cancelled'
    case 'Failed':
      return status.outcome ?? 'Failed'
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
