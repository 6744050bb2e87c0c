/** Why nothing is done: one word for status, event, metric and log, and one sentence for people. */
import type { Instant } from '../../shared/lib/time.ts'

export const REFUSAL_REASONS = [
  'KillSwitch',
  'Suspended',
  'Paused',
  'NotAccepted',
  'PolicyDeleted',
  'PolicyChanged',
  'ClockSkew',
  'NamespaceTerminating',
  'ProtectedNamespace',
  'NoConsent',
  'ConsentUnknown',
  'OptedOut',
  'OutsideSchedule',
  'Protected',
  'TargetGone',
  'TargetChanged',
  'TargetTerminating',
  'TargetRecovered',
  'OwnerUnknown',
  'NoController',
  'StaleData',
  'OwnedElsewhere',
  'ClaimedElsewhere',
  'WorkloadPaused',
  'OnDelete',
  'Partitioned',
  'RolloutInProgress',
  'Unsupported',
  'HealerMissing',
  'HealerForbidden',
  'ControllerForbidden',
  'NoAction',
  'NothingToDo',
  'Stuck',
  'Escalated',
  'DryRunDone',
  'CooldownActive',
  'IncidentInProgress',
  'AlreadyTried',
  'StormGate',
  'ConcurrencyLimit',
  'BreakerOpen',
  'RateLimited',
  'BudgetExhausted',
  'LedgerFull',
  'NotReserved',
  'PendingApproval',
  'ApprovalExpired',
  'Rejected',
] as const

export type RefusalReason = (typeof REFUSAL_REASONS)[number]

export interface Refusal {
  readonly reason: RefusalReason
  readonly message: string
  /** When it is worth another look without any new event. */
  readonly recheckAt?: Instant
}

/** Nothing of the policy can be done until somebody changes it: the policy is not Ready. */
export const DISABLING_REASONS: ReadonlySet<RefusalReason> = new Set<RefusalReason>([
  'KillSwitch',
  'Paused',
  'ClockSkew',
  'NamespaceTerminating',
  'ProtectedNamespace',
  'HealerMissing',
  'HealerForbidden',
  'ControllerForbidden',
  'StormGate',
])

/**
 * Normal course of an incident rather than something that a person should look at: reported in the status when nothing
 * else is, without an event.
 */
export const QUIET_REASONS: ReadonlySet<RefusalReason> = new Set<RefusalReason>(['IncidentInProgress', 'DryRunDone', 'AlreadyTried', 'ConcurrencyLimit', 'ClaimedElsewhere', 'TargetTerminating', 'Escalated', 'PendingApproval', 'ApprovalExpired'])
