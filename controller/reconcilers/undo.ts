/**
 * Taking back what did not help: a number of replicas, fields of a patch. Once, with preconditions, and only while nobody
 * else has changed what was set. That it begins is written down first; what has landed is found by reading.
 */
import { after, millis, minutes, parseInstant, seconds } from '../../shared/lib/time.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import type { ReconcileResult } from '../../shared/runtime/reconcile-loop.ts'
import type { Operation } from '../actions/action.ts'
import { hasLanded, isUntouched } from '../actions/fields.ts'
import { undoOf } from '../actions/undo.ts'
import { indexWorkloads, ownerChain } from '../healing/owners.ts'
import { GUARDS, refusalOf } from '../healing/guards.ts'
import { compilePolicy, type CompiledPolicy } from '../healing/policy.ts'
import type { RefusalReason } from '../healing/refusal.ts'
import type { Snapshot } from '../healing/snapshot.ts'
import type { LiveReader, LiveView } from '../ports/cluster.ts'
import type { TargetWriter } from '../ports/target-writer.ts'
import type { ActionRecord, ActionRecordPorts } from './action-record.ts'
import type { Ending } from './endings.ts'

export interface UndoPorts extends Pick<ActionRecordPorts, 'clock'> {
  readonly live: LiveReader
  readonly writer: TargetWriter
}

const FORBIDDING: ReadonlySet<RefusalReason> = new Set<RefusalReason>([
  'KillSwitch',
  'Suspended',
  'Paused',
  'PolicyDeleted',
  'NamespaceTerminating',
  'ProtectedNamespace',
  'OptedOut',
  'Protected',
  'TargetTerminating',
  'HealerMissing',
  'HealerForbidden',
])

/** Longer, and it is left to a person. */
const PATIENCE = minutes(1)

/** `judged`: how verification ended, should it not be undone. */
export async function undo(ports: UndoPorts, record: ActionRecord, asked: HealingAction, policy: CompiledPolicy, judged: Ending, snapshotOf: (view: LiveView) => Snapshot): Promise<ReconcileResult> {
  const { clock, live } = ports
  const action = asked.status?.undo === undefined ? await record.undoing(asked, judged.message, clock.now()) : asked
  const { spec, status } = action
  const intent = status?.intent ?? []
  const notUndone = (why: string): Promise<ReconcileResult> => record.ended(action, policy, { ...judged, message: `${judged.message}; not undone: ${why}` })
  const undone = (): Promise<ReconcileResult> => record.ended(action, policy, { ...judged, outcome: 'Reverted', reason: 'Reverted', message: `${judged.message}; undone` })
  const lookedAt = clock.now()
  const begun = parseInstant(status?.undo?.begunAt)
  const view = await live.look(spec)
  const { target, raw } = view
  if (target === undefined || target.ref.uid !== spec.targetResource.uid) return notUndone('the object is gone')
  if (isUntouched(intent, raw)) return undone()
  if (!hasLanded(intent, raw)) return notUndone('somebody else has changed it since')
  if (begun === undefined || clock.now() >= after(begun, PATIENCE)) return notUndone('the API server did not take it in time')
  const proposal = { object: target, chain: ownerChain(target, indexWorkloads(view.world.workloads)) }
  // What forbids any write. That a rollout is under way, or the load high, is what is to be taken back.
  const current = view.policy === undefined ? undefined : compilePolicy(view.policy)
  if (current?.uid !== policy.uid) return notUndone('the policy that decided is gone')
  if (current.mode === 'monitor' || current.mode === 'dryrun') return notUndone(`the policy's mode is ${current.mode} now`)
  const snapshot = snapshotOf(view)
  const refusal = GUARDS.map((guard) => refusalOf(current, proposal, snapshot, [guard])).find((found) => found !== undefined && FORBIDDING.has(found.reason))
  if (refusal !== undefined) return notUndone(refusal.message)
  const operation = undoOf(spec.action.type, target, intent)
  if (operation === undefined) return notUndone('what was before is not known')
  if (clock.now() > after(lookedAt, PATIENCE)) return { requeueAfter: millis(50) }
  const answer = await writeTwice(ports, operation, action.metadata.name)
  switch (answer) {
    case 'Done':
      return undone()
    case 'KillSwitch':
      return notUndone('the kill switch of the installation is on')
    case 'Forbidden':
    case 'Refused':
      return notUndone(`the API server refused the write (${answer})`)
    default:
      // Read again: it may have landed, or the object has changed.
      return { requeueAfter: seconds(1) }
  }
}

async function writeTwice({ live, writer }: UndoPorts, operation: Operation, action: string): Promise<string> {
  const tried = await writer.write(operation, { action, dryRun: true })
  if (tried.kind !== 'Done') return tried.kind
  if (await live.killSwitch()) return 'KillSwitch'
  return (await writer.write(operation, { action, dryRun: false })).kind
}
