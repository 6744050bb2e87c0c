/** What one try of an action goes by: its policy, what was read live, and its reservation. */
import { TerminalError } from '../../shared/lib/errors.ts'
import type { Instant, Millis } from '../../shared/lib/time.ts'
import type { HealingAction, HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import type { Neighbourhood } from '../../shared/rules/across/neighbours.ts'
import { judge } from '../../shared/rules/judge.ts'
import { confirm, confirmApproved, type Admission, type AdmissionLimits, type Ledger } from '../healing/ledger.ts'
import { compilePolicy, type CompiledPolicy } from '../healing/policy.ts'
import type { RefusalReason } from '../healing/refusal.ts'
import type { Snapshot } from '../healing/snapshot.ts'
import { remembered } from '../healing/status.ts'
import type { LiveView } from '../ports/cluster.ts'
import { AMBIGUOUS } from './action-record.ts'

/** One try: what it goes by, and until when there may be others. */
export interface Attempt {
  readonly action: HealingAction
  readonly policy: CompiledPolicy | undefined
  readonly view: LiveView
  readonly lookAge: () => Millis
  readonly deadline: Instant
  /** An earlier try may have written: that the object is gone now may be its doing. */
  readonly doubt: Instant | undefined
  /** How far an act of several steps has come. */
  readonly steps: string | undefined
  /** How the try before this one ended. */
  readonly previous: string | undefined
}

/** What was approved waits for its turn as long as its write may be tried. */
export const FULL: ReadonlySet<RefusalReason> = new Set<RefusalReason>(['StormGate', 'ClaimedElsewhere', 'ConcurrencyLimit', 'RateLimited', 'BudgetExhausted', 'BreakerOpen'])

/** Unless the last attempt is known to have written nothing. A dry run never has. */
export const mayHaveWritten = ({ spec, status }: HealingAction): boolean => !spec.dryRun && (status?.result === undefined || status.result.reason === AMBIGUOUS)

/** The reservation is for this object; an action that a person made under the name of another one has none. */
export function confirmFor(ledger: Ledger, { metadata, spec, status }: HealingAction, limits: AdmissionLimits, now: Instant): Admission {
  const { policyRef, targetResource, incident } = spec
  const stray = metadata.namespace !== policyRef.namespace
  const other = ledger.entries.some((e) => e.action === metadata.name && e.target !== targetResource.uid)
  if (stray || other) return { refusal: { reason: 'NotReserved', message: `the ledger holds no reservation for ${metadata.name} on this object` } }
  // An act of several steps is one act of its hour, and its first step has been done in it.
  const going = (status?.steps?.done ?? 0) > 0
  if (spec.approvalRequired !== true || going) return confirm(ledger, metadata.name, now, going ? undefined : limits)
  const request = { action: metadata.name, target: targetResource.uid ?? '', dryRun: false, incident: { ...incident, trigger: spec.trigger.name } }
  return confirmApproved(ledger, request, limits, now)
}

export function compiled(stored: HealingPolicy | undefined): CompiledPolicy | undefined {
  if (stored === undefined) return undefined
  try {
    return compilePolicy(stored)
  } catch (error) {
    if (error instanceof TerminalError) return undefined
    throw error
  }
}

/** The world as read just now; since when is remembered by the policy's status, which was read with it. */
export function liveSnapshot({ policy, world }: Pick<LiveView, 'policy' | 'world'>, now: Instant, around?: Neighbourhood): Snapshot {
  return {
    ...world,
    now,
    violations: policy === undefined ? [] : judge(policy, { installation: world.installation, ...(around === undefined ? {} : { around }) }).violations,
    ledger: undefined,
    budgets: [],
    forbidden: new Map(),
    actions: new Set(),
    ...remembered(policy?.status, policy?.metadata.generation),
  }
}
