/** How an action may end, and how it is told. Pure. */
import { printable } from '../../shared/lib/text.ts'
import { earliest, formatInstant, minutes, parseInstant, type Instant } from '../../shared/lib/time.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import { settle, type Ledger } from '../healing/ledger.ts'
import { outcomeOf } from '../healing/outcome.ts'
import { ladderOf, type CompiledPolicy } from '../healing/policy.ts'
import { cooldownOf } from '../healing/former.ts'
import type { Verification } from '../healing/verify.ts'
import type { StatusPatch } from '../ports/objects.ts'

type Status = NonNullable<HealingAction['status']>

export interface Ending {
  readonly phase: Extract<Status['phase'], 'Succeeded' | 'Failed' | 'Cancelled'>
  readonly outcome?: 'Effective' | 'Ineffective' | 'Inconclusive' | 'Reverted'
  readonly success: boolean
  readonly reason: string
  readonly message: string
  readonly healthySince?: Instant | undefined
  readonly changes?: NonNullable<Status['result']>['changes']
}

export const cancelled = (reason: string, message: string): Ending => ({ phase: 'Cancelled', success: false, reason, message })
export const failed = (reason: string, message: string): Ending => ({ phase: 'Failed', success: false, reason, message })
export const inconclusive = (message: string, reason = 'Inconclusive'): Ending => ({ phase: 'Failed', outcome: 'Inconclusive', success: false, reason, message })

export const verified = ({ outcome, message, healthySince }: Extract<Verification, { kind: 'Done' }>): Ending => ({
  phase: outcome === 'Effective' ? 'Succeeded' : 'Failed',
  outcome,
  success: outcome === 'Effective',
  reason: outcome,
  message,
  healthySince,
})

const BREAKER_DEFAULTS = { failureThreshold: 3, openDuration: minutes(10) }

/** When it was known that the write had landed, as the action tells; undefined: it does not, or tells of a time to come. */
export function landedBy({ status }: Pick<HealingAction, 'status'>, now: Instant): Instant | undefined {
  const executed = status?.conditions?.find(({ type, status: held }) => type === 'Executed' && held === 'True')
  const at = parseInstant(executed?.lastTransitionTime)
  return at === undefined ? undefined : earliest(at, now)
}

/** The ledger once more, with an ended action settled in it. Twice is as good as once. */
export function settled(ledger: Ledger, action: HealingAction, policy: CompiledPolicy | undefined, now: Instant): Ledger {
  const outcome = outcomeOf(action)
  if (outcome === undefined) return ledger
  const { metadata, spec, status } = action
  const ladder = ladderOf(policy, spec.trigger.name).length
  const cooldown = policy === undefined ? undefined : cooldownOf(policy, spec.trigger.name)
  const settlement = { action: metadata.name, outcome, rung: spec.incident.rung, ladder, cooldown, landedBy: landedBy(action, now), healthySince: parseInstant(status?.healthySince) }
  return settle(ledger, settlement, policy?.limits.breaker ?? BREAKER_DEFAULTS, now)
}

/** The last status that the action gets. */
export function finalStatus(action: HealingAction, { phase, outcome, success, reason, message: text, changes, healthySince }: Ending, now: Instant): StatusPatch {
  const kept = changes ?? action.status?.result?.changes
  const message = printable(text, 1000)
  return {
    phase,
    completionTime: formatInstant(now),
    nextAttempt: null,
    result: { success, reason, message, ...(kept === undefined ? {} : { changes: kept }) },
    conditions: withCondition(action, { type: conditionOf(action, outcome), status: success ? 'True' : 'False', reason, message }, now),
    ...(outcome === undefined ? {} : { outcome }),
    ...(healthySince === undefined ? {} : { healthySince: formatInstant(healthySince) }),
  }
}

/** Which question the ending answers. */
function conditionOf({ spec, status }: HealingAction, outcome: Ending['outcome']): string {
  if (outcome !== undefined) return 'Verified'
  return spec.approvalRequired === true && status?.approvedAt === undefined ? 'Approved' : 'Executed'
}

type Condition = NonNullable<Status['conditions']>[number]

/** For `kubectl wait`: Executed says whether the write (or its dry run) was made, Verified whether it helped. */
export function withCondition({ status }: HealingAction, condition: Omit<Condition, 'lastTransitionTime'>, now: Instant): Condition[] {
  const others = (status?.conditions ?? []).filter((c) => c.type !== condition.type)
  return [...others, { ...condition, lastTransitionTime: formatInstant(now) }]
}

/** Of an act that could not be carried out: what stood in its way, a disruption budget by its name. */
export const whatForbade = ({ status }: Pick<HealingAction, 'status'> = {}): string =>
  status?.phase === 'Failed' && status.outcome === undefined && status.result !== undefined ? `: ${printable(status.result.message, 300)}` : ''

/** A dry run heals nothing, so the rest of the ladder is told rather than tried. */
export function laterRungs({ spec }: HealingAction, policy: CompiledPolicy | undefined): string {
  const names = ladderOf(policy, spec.trigger.name).slice(spec.incident.rung + 1).map((a) => a.name)
  return names.length === 0 ? '' : `; if that had not helped: ${names.join(', then ')}`
}
