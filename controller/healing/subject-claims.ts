/**
 * Claims: while an act of one policy on a workload is open, no other policy acts on that workload or on one of its pods.
 * Ledgers are per policy, so none of them alone would know. The act itself holds its claim, by its name: whoever goes on
 * with it after a crash has it already; and should nobody ever give it back, it ends by itself.
 */
import { after, before, formatInstant, millis, minutes, parseInstant, type Instant } from '../../shared/lib/time.ts'
import type { BudgetLedgerSpec, HealingActionSpec, ObjectReference } from '../../shared/api/v1alpha1/types.ts'
import { CLOCK_STEP } from './budget.ts'
import { describe, sameSubject } from './owners.ts'
import type { Limits } from './policy.ts'
import type { Refusal } from './refusal.ts'

export type SubjectClaim = NonNullable<BudgetLedgerSpec['budget']['claims']>[number]

/** What an act asks for: its top owner, and when the act will be over at the latest. */
export interface WantedClaim {
  readonly subject: ObjectReference
  readonly until: Instant
}

/** Who asks. */
export type Claimant = Pick<SubjectClaim, 'action' | 'policy'>

/** Bound of the schema. Acts in flight at once in one namespace; more are refused. */
export const MAX_CLAIMS = 128

/** Beyond its times: the patience of verification, taking back, another controller that takes over. */
const SLACK = minutes(5)

/** Its write may be tried until the deadline; then it is verified, and perhaps taken back (I16). */
export const claimOf = ({ incident }: Pick<HealingActionSpec, 'incident'>, { healthCheckTimeout, stabilizationWindow }: Pick<Limits, 'healthCheckTimeout' | 'stabilizationWindow'>, deadline: Instant): WantedClaim => ({
  subject: incident.subject,
  until: after(deadline, millis(healthCheckTimeout + stabilizationWindow + SLACK)),
})

/** A time that cannot be read is never over (I19). */
export function holds({ until }: SubjectClaim, now: Instant): boolean {
  const end = parseInstant(until)
  return end === undefined || now < end
}

/** By uid: an object that was made anew under its name is another one (I6). */
const isSame = (a: ObjectReference, b: ObjectReference): boolean => (a.uid === undefined || b.uid === undefined ? sameSubject(a, b) : a.uid === b.uid)

const isOf = (a: SubjectClaim['policy'], b: SubjectClaim['policy']): boolean => a.namespace === b.namespace && a.name === b.name

/** Why the subject may not be acted on: another policy does. What one policy may do at once its own ledger knows. */
export function refuseClaim(claims: readonly SubjectClaim[], { policy }: Claimant, subject: ObjectReference, now: Instant): Refusal | undefined {
  const other = claims.find((claim) => holds(claim, now) && !isOf(claim.policy, policy) && isSame(claim.subject, subject))
  if (other === undefined) return undefined
  const until = parseInstant(other.until)
  return {
    reason: 'ClaimedElsewhere',
    message: `${nameOf(other, policy)} acts on ${describe(other.subject)}`,
    ...(until === undefined ? {} : { recheckAt: until }),
  }
}

/** Statuses are read by all who may read the policy: of another namespace not even the action is named, whose name begins with its policy's. */
const nameOf = ({ action, policy: { namespace, name } }: SubjectClaim, reader: SubjectClaim['policy']): string =>
  namespace === reader.namespace ? `${action} of policy ${namespace}/${name}` : 'a policy of another namespace'

/** The claims with this one, taken or kept; or why there can be no more. */
export function takeClaim(claims: readonly SubjectClaim[], { action, policy }: Claimant, { subject, until }: WantedClaim, now: Instant): { readonly claims: readonly SubjectClaim[] } | { readonly refusal: Refusal } {
  const refusal = refuseClaim(claims, { action, policy }, subject, now)
  if (refusal !== undefined) return { refusal }
  // Those that are over stay a little, should the clock go back.
  const others = claims.filter((claim) => claim.action !== action && holds(claim, before(now, CLOCK_STEP)))
  if (others.length >= MAX_CLAIMS) return { refusal: { reason: 'LedgerFull', message: `${others.length} actions of the namespace are in flight` } }
  return { claims: [...others, { action, policy, subject, until: formatInstant(until) }] }
}
