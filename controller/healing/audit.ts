/**
 * What the audit stream says of an action. Everything here follows from its record, so that a successor after a crash says the same
 * under the same ids. Pure.
 */
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import { redact } from '../analysis/redact.ts'
import { correlationOf } from './correlation.ts'
import { isEnded } from './outcome.ts'

export const AUDIT_TYPES = {
  /** A policy has decided, and nothing is done yet. */
  decided: 'io.kubeskippy.healingaction.decided',
  /** A person has. */
  approved: 'io.kubeskippy.healingaction.approved',
  rejected: 'io.kubeskippy.healingaction.rejected',
  /** All of its writes have landed. */
  acted: 'io.kubeskippy.healingaction.acted',
  /** They are about to be taken back. */
  undoing: 'io.kubeskippy.healingaction.undoing',
  ended: 'io.kubeskippy.healingaction.ended',
  /** Somebody has deleted it before it ended: nothing more is done of it. */
  deleted: 'io.kubeskippy.healingaction.deleted',
  /** One write is about to be sent. */
  requested: 'io.kubeskippy.write.requested',
  /** It was answered. Without an answer what comes next of its action says what became of it. */
  answered: 'io.kubeskippy.write.answered',
} as const

export interface AuditEvent {
  readonly type: (typeof AUDIT_TYPES)[keyof typeof AUDIT_TYPES]
  /** The same event has the same id, however often it is told. */
  readonly id: string
  /** RFC 3339. */
  readonly time: string
  /** The HealingAction, as a path of the API. */
  readonly source: string
  /** Kind, namespace and name of the object that it is about. */
  readonly subject: string
  readonly correlation: string
  readonly data: Readonly<Record<string, unknown>>
}

type Named = { readonly kind: string; readonly namespace: string; readonly name: string }

/** `id`: within the action. */
export const auditEvent = (action: HealingAction, type: keyof typeof AUDIT_TYPES, { id = type, time, object = action.spec.targetResource, data }: { readonly id?: string; readonly time: string; readonly object?: Named; readonly data: AuditEvent['data'] }): AuditEvent => ({
  type: AUDIT_TYPES[type],
  id: `${action.metadata.uid}/${id}`,
  time,
  source: `/apis/${action.apiVersion}/namespaces/${action.spec.policyRef.namespace}/healingactions/${action.metadata.name}`,
  subject: `${object.kind}/${object.namespace}/${object.name}`,
  correlation: correlationOf(action.spec),
  data: { healingAction: { namespace: action.metadata.namespace, name: action.metadata.name, uid: action.metadata.uid }, policy: action.spec.policyRef, target: action.spec.targetResource, dryRun: action.spec.dryRun, ...data },
})

/** Whoever collects it may not be somebody who may read the object: its values pass the filter of evidence. */
const changesIn = ({ status }: HealingAction): readonly object[] =>
  (status?.result?.changes ?? []).map(({ oldValue, newValue, ...change }) => ({ ...change, ...(oldValue === undefined ? {} : { oldValue: redact(oldValue) }), ...(newValue === undefined ? {} : { newValue: redact(newValue) }) }))

/** All that the last version of an action says that was deleted before it ended. `time`: when that was seen. */
export const deletedOf = (action: HealingAction, time: string): AuditEvent =>
  auditEvent(action, 'deleted', { time, data: { phase: action.status?.phase, attempts: action.status?.attempts, changes: changesIn(action) } })

/** In the order in which it happened. */
export function auditOf(action: HealingAction): readonly AuditEvent[] {
  const { metadata, spec, status } = action
  const { approval, trigger, incident, approvalRequired = false } = spec
  const made = metadata.creationTimestamp ?? trigger.since
  // Without the webhook nobody writes when it was decided: it is told when the record says when note was taken of it, which is before any write.
  const decided = approval?.decidedAt ?? status?.approvedAt ?? status?.completionTime
  return [
    auditEvent(action, 'decided', { time: made, data: { decidedBy: { kind: 'policy', name: `${spec.policyRef.namespace}/${spec.policyRef.name}` }, action: { name: spec.action.name, type: spec.action.type }, incident, trigger, approvalRequired } }),
    ...(approval === undefined || decided === undefined
      ? []
      : [auditEvent(action, approval.decision === 'Approved' ? 'approved' : 'rejected', { time: decided, data: { decidedBy: { kind: 'user', name: approval.decidedBy }, ...(approval.reason === undefined ? {} : { reason: approval.reason }) } })]),
    ...(status?.actedAt === undefined ? [] : [auditEvent(action, 'acted', { time: status.actedAt, data: { attempts: status.attempts, changes: changesIn(action) } })]),
    ...(status?.undo === undefined ? [] : [auditEvent(action, 'undoing', { time: status.undo.begunAt, data: { because: status.undo.because } })]),
    ...(isEnded(action) ? [auditEvent(action, 'ended', { time: status?.completionTime ?? made, data: { phase: status?.phase, outcome: status?.outcome, reason: status?.result?.reason, message: status?.result?.message, attempts: status?.attempts, changes: changesIn(action) } })] : []),
  ]
}
