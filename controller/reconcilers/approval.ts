/** An action that a person has to approve: it waits, and is withdrawn when nobody is asked any more. Nothing is written to the target here. */
import { after, between, millis, parseInstant, seconds } from '../../shared/lib/time.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import type { ReconcileResult } from '../../shared/runtime/reconcile-loop.ts'
import { needsApproval } from '../../shared/api/v1alpha1/approval.ts'
import { approvalOf, rolledOutSince } from '../healing/approval.ts'
import { refuseStep } from '../healing/incidents.ts'
import { describe } from '../healing/owners.ts'
import type { CompiledPolicy } from '../healing/policy.ts'
import { policyChange } from '../healing/recheck.ts'
import type { Refusal } from '../healing/refusal.ts'
import type { ClusterCache } from '../ports/cluster.ts'
import { isAsked, keyOf, type ActionRecord, type ActionRecordPorts } from './action-record.ts'
import { cancelled } from './endings.ts'
import { preview, type PreviewPorts } from './preview.ts'

/** Nobody can approve what was not shown: so long, from the decision on, the question waits for the answer of a dry run. */
const PREVIEW_PATIENCE = seconds(30)
const PREVIEW_RETRY = seconds(1)

export interface ApprovalPorts extends ActionRecordPorts, PreviewPorts {
  readonly cluster: ClusterCache
}

export type Permitted =
  /** It may be carried out: nobody has to approve it, or somebody has. */
  | { readonly kind: 'Granted'; readonly action: HealingAction }
  | { readonly kind: 'NotYet'; readonly result: ReconcileResult }

/** @param policy as cached; undefined: gone, or it cannot be read */
export async function awaitApproval(ports: ApprovalPorts, record: ActionRecord, action: HealingAction, policy: CompiledPolicy | undefined): Promise<Permitted> {
  const now = ports.clock.now()
  const approval = approvalOf(action, now)
  const ended = async (reason: Refusal['reason'], message: string): Promise<Permitted> => ({ kind: 'NotYet', result: await record.ended(action, policy, cancelled(reason, message)) })
  switch (approval.kind) {
    case 'Granted':
      return { kind: 'Granted', action }
    case 'Approved':
      return { kind: 'Granted', action: await record.approved(action, approval.by, approval.why, now) }
    case 'Rejected':
      return ended('Rejected', `rejected by ${approval.by}${approval.why === '' ? '' : `: ${approval.why}`}`)
    case 'Expired':
      return ended('ApprovalExpired', `nobody decided until ${action.spec.approvalDeadline ?? 'its deadline'}`)
    case 'Waiting': {
      const moot = await whyMoot(ports, action, policy)
      if (moot !== undefined) return ended(moot.reason, moot.message)
      if (!isAsked(action)) {
        const shown = await preview(ports, action)
        const patience = after(parseInstant(action.metadata.creationTimestamp) ?? now, PREVIEW_PATIENCE)
        if (shown === 'NotYet' && now < patience) return { kind: 'NotYet', result: { requeueAfter: PREVIEW_RETRY } }
        await record.waiting(action, approval.until, shown === 'NotYet' ? undefined : shown)
      }
      return { kind: 'NotYet', result: { requeueAfter: millis(Math.max(50, between(now, approval.until))) } }
    }
    default:
      return approval satisfies never
  }
}

/** Why nobody needs to decide any more. What may change back (a pause, an hour that is full) is judged when it is carried out. */
async function whyMoot({ objects, ledgers, cluster, live }: ApprovalPorts, { spec }: HealingAction, policy: CompiledPolicy | undefined): Promise<Refusal | undefined> {
  const { policyRef, targetResource } = spec
  const stored = objects.policy(keyOf(policyRef))
  if (stored?.metadata.uid !== policyRef.uid) return { reason: 'PolicyDeleted', message: 'the policy that decided is gone' }
  // One that cannot be read now may be mended.
  if (policy === undefined) return undefined
  const changed = policyChange(spec, policy) ?? (needsApproval(policy, spec.action) ? undefined : 'the policy asks for no approval any more')
  if (changed !== undefined) return { reason: 'PolicyChanged', message: changed }
  const step = await ledgers.admit(keyOf(policyRef), (ledger) => {
    const refusal = refuseStep(ledger, spec)
    return refusal === undefined ? { ledger } : { refusal }
  })
  if ('refusal' in step) return step.refusal
  const { pods, workloads, objects: others } = cluster.world(policyRef.namespace, new Map([[targetResource.namespace, 'Given']]))
  const seen = [...pods, ...workloads, ...others].find(({ ref, deleting }) => ref.uid === targetResource.uid && !deleting)
  if (seen !== undefined) return rolledOutSince(spec, seen)
  const { target } = await live.look(spec)
  return target?.ref.uid === targetResource.uid && !target.deleting ? undefined : { reason: 'TargetGone', message: `${describe(targetResource)} is gone` }
}
