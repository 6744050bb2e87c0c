/**
 * A person decides on an action that waits (KS702): who it was and when is filled in, and another name is refused. The
 * admission policy of the same rule asks before, and asks for the right to decide as well; this one also holds where
 * somebody has taken that away.
 */
import { GROUP } from '../../shared/api/v1alpha1/fields.ts'
import { healingAction } from '../../shared/api/v1alpha1/healing-action.schema.ts'
import { isObject } from '../../shared/lib/json.ts'
import { quoted } from '../../shared/lib/text.ts'
import { formatInstant, type Instant } from '../../shared/lib/time.ts'
import { allowed, denied, patched, type AdmissionReview } from './answers.ts'
import type { AdmissionRequest } from './review.ts'

/** The decision that the update brings; undefined: it brings none. */
export function decisionOf({ operation, resource, subResource, object, oldObject }: AdmissionRequest): Record<string, unknown> | undefined {
  const ours = resource.group === GROUP && resource.resource === healingAction.plural && subResource === '' && operation === 'UPDATE'
  const decision = approvalIn(object)
  return ours && approvalIn(oldObject) === undefined ? decision : undefined
}

function approvalIn(object: unknown): Record<string, unknown> | undefined {
  const spec = isObject(object) ? object['spec'] : undefined
  const approval = isObject(spec) ? spec['approval'] : undefined
  return isObject(approval) ? approval : undefined
}

/** A name that somebody wrote himself stays: it is refused when it is not his own. The time is always ours. */
export const stampDecision = ({ uid, requester: { username } }: AdmissionRequest, decision: Record<string, unknown>, now: Instant): AdmissionReview =>
  patched(uid, [
    ...(decision['decidedBy'] === undefined && username !== '' ? [{ op: 'add' as const, path: '/spec/approval/decidedBy', value: username }] : []),
    { op: 'add', path: '/spec/approval/decidedAt', value: formatInstant(now) },
  ])

export function verifyDecision({ uid, requester: { username }, namespace, name }: AdmissionRequest, decision: Record<string, unknown>): AdmissionReview {
  const { decidedBy } = decision
  if (username !== '' && decidedBy === username) return allowed(uid)
  const told = typeof decidedBy === 'string' ? quoted(decidedBy) : 'nobody'
  const message = `[KS702] HealingAction ${quoted(`${namespace}/${name}`, 320)}: spec.approval.decidedBy names ${told}, and you are ${quoted(username)} here — the record of who decided would be a forgery — leave decidedBy out`
  return denied(uid, { code: 403, reason: 'Forbidden', message })
}
