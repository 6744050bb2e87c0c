/** The trace of an action, from the fault to what came of it: made from its record alone, so that it survives any crash. Pure. */
import { hexHash } from '../../shared/lib/hash.ts'
import { parseInstant, type Instant } from '../../shared/lib/time.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import { correlationOf } from './correlation.ts'

export interface Span {
  /** 32 hexadecimal digits: the same for all actions of an incident. */
  readonly traceId: string
  /** 16 of them, the same however often it is told. */
  readonly spanId: string
  /** Absent: it is the whole action. */
  readonly parentId?: string
  readonly name: string
  readonly start: Instant
  /** Never before its start. */
  readonly end: Instant
  /** Why it did not do what it should; absent: it did. */
  readonly failure?: string
  readonly attributes: Readonly<Record<string, string | number | boolean>>
}

/** Of an action that has ended: itself, and what it did in between. */
export function spansOf(action: HealingAction): readonly Span[] {
  const { metadata, spec, status } = action
  const at = (text: string | undefined): Instant | undefined => parseInstant(text)
  const decided = at(metadata.creationTimestamp)
  const since = at(spec.trigger.since) ?? decided
  const end = at(status?.completionTime)
  if (since === undefined || decided === undefined || end === undefined) return []
  const traceId = correlationOf(spec)
  const idOf = (name: string): string => hexHash([metadata.uid, name], 16)
  const began = at(status?.startTime)
  const acted = at(status?.actedAt)
  const undo = at(status?.undo?.begunAt)
  const span = (name: string, from: Instant | undefined, to: Instant | undefined, more: Pick<Span, 'failure'> = {}): Span[] =>
    from === undefined ? [] : [{ traceId, spanId: idOf(name), parentId: idOf('action'), name, start: from, end: latestOf(from, to ?? end), attributes: {}, ...more }]
  const { outcome, result } = status ?? {}
  const helped = outcome === 'Effective' || (spec.dryRun && status?.phase === 'Succeeded')
  const failure = helped ? {} : { failure: outcome ?? result?.reason ?? 'Unknown' }
  const asked = spec.approvalRequired === true
  return [
    { traceId, spanId: idOf('action'), name: `${spec.action.type} ${spec.targetResource.kind}`, start: since, end: latestOf(since, end), attributes: attributesOf(action), ...failure },
    ...span('detect', since, decided),
    ...(asked ? span('await approval', decided, at(status?.approvedAt)) : span('decide', decided, began)),
    ...span('act', began, acted),
    ...span('verify', acted, undo, failure),
    ...span('undo', undo, end),
  ]
}

const latestOf = (start: Instant, end: Instant): Instant => (end < start ? start : end)

function attributesOf({ metadata, spec, status }: HealingAction): Span['attributes'] {
  const { targetResource: target, policyRef, incident, trigger } = spec
  return {
    'k8s.namespace.name': target.namespace,
    'kubeskippy.policy': `${policyRef.namespace}/${policyRef.name}`,
    'kubeskippy.healingaction.name': metadata.name,
    'kubeskippy.healingaction.uid': metadata.uid,
    'kubeskippy.incident.id': incident.id,
    'kubeskippy.incident.rung': incident.rung,
    'kubeskippy.trigger': trigger.name,
    'kubeskippy.target.kind': target.kind,
    'kubeskippy.target.name': target.name,
    'kubeskippy.target.uid': target.uid,
    'kubeskippy.dry_run': spec.dryRun,
    'kubeskippy.phase': status?.phase ?? 'Pending',
    'kubeskippy.outcome': status?.outcome ?? 'None',
    'kubeskippy.reason': status?.result?.reason ?? '',
    'kubeskippy.attempts': status?.attempts ?? 0,
  }
}
