/** Every write to a workload is told before it is sent, and with its answer: what was sent and never answered can be seen. */
import { HEALER_ACCOUNT, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import { NotLeading } from '../../shared/kube/errors.ts'
import { formatInstant, type Clock } from '../../shared/lib/time.ts'
import type { Operation } from '../actions/action.ts'
import { auditEvent } from '../healing/audit.ts'
import type { AuditStream } from '../ports/audit.ts'
import type { TargetWriter, WriteResult } from '../ports/target-writer.ts'

/** Dry runs change nothing, and are not told. `instance`: two processes may try the same write. */
export function auditedWriter(writer: TargetWriter, stream: AuditStream, clock: Clock, instance: string): TargetWriter {
  let writes = 0
  return {
    write: async (operation, context) => {
      if (context.dryRun) return writer.write(operation, context)
      const { act } = context
      const id = `write/${instance}/${++writes}`
      const say = (type: 'requested' | 'answered', data: Readonly<Record<string, unknown>>): void =>
        stream.emit(auditEvent(act, type, { id: `${id}/${type}`, time: formatInstant(clock.now()), object: operation.target, data: { write: { id, ...described(operation) }, attempt: act.status?.attempts ?? 0, ...data } }))
      say('requested', { as: serviceAccountUser(operation.target.namespace, HEALER_ACCOUNT), decidedBy: decidedBy(act) })
      try {
        const result = await writer.write(operation, context)
        say('answered', answerOf(result))
        return result
      } catch (error) {
        say('answered', { answer: error instanceof NotLeading ? 'NotSent' : 'Unknown' })
        throw error
      }
    },
  }
}

const described = ({ kind, target, preconditions }: Operation) => ({ operation: kind, object: target, preconditions })

const answerOf = (result: WriteResult) => ({ answer: result.kind, ...(result.kind === 'Refused' ? { code: result.code } : {}) })

const decidedBy = ({ spec: { approval, policyRef } }: HealingAction) => (approval === undefined ? { kind: 'policy', name: `${policyRef.namespace}/${policyRef.name}` } : { kind: 'user', name: approval.decidedBy })
