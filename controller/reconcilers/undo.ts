/**
 * Taking back what did not help: a number of replicas, fields of a patch. Once, with preconditions, and only while nobody
 * else has changed what was set. That it begins is written down first; what has landed is found by reading. The pods of a
 * StatefulSet that got the template and are not Ready keep it whatever is taken back: they are evicted after it.
 */
import { after, minutes, parseInstant, seconds, type Millis } from '../../shared/lib/time.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import type { ReconcileResult } from '../../shared/runtime/reconcile-loop.ts'
import type { Operation } from '../actions/action.ts'
import { budgetsOf, severalBudgets } from '../actions/disruption.ts'
import { hasLanded, isUntouched } from '../actions/fields.ts'
import { expectationOf } from '../actions/index.ts'
import { evictionOf, leftBehind } from '../actions/turnover.ts'
import { undoOf } from '../actions/undo.ts'
import { refuseAct } from '../healing/act-guards.ts'
import { GUARDS, refusalOf } from '../healing/guards.ts'
import { livingPods } from '../healing/health.ts'
import { describe, indexWorkloads, ownerChain } from '../healing/owners.ts'
import { compilePolicy, type CompiledPolicy } from '../healing/policy.ts'
import type { Refusal, RefusalReason } from '../healing/refusal.ts'
import { isOfNewestRevision, isSeen } from '../healing/revisions.ts'
import { isFinished, type PodView, type Snapshot, type WorkloadView } from '../healing/snapshot.ts'
import { refuseForPods } from '../healing/spared-pods.ts'
import type { LiveReader, LiveView } from '../ports/cluster.ts'
import type { TargetWriter, WriteResult } from '../ports/target-writer.ts'
import type { ActionRecord } from './action-record.ts'
import type { Ending } from './endings.ts'
import { ANSWER_LIFETIME, LOOK_LIFETIME, lookAge, type LookPorts } from './look-age.ts'
import { lastWord, movedSince, strangerTo } from './stops.ts'

export interface UndoPorts extends LookPorts {
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
  'NoConsent',
  'OptedOut',
  'Protected',
  'TargetTerminating',
  'HealerMissing',
  'HealerForbidden',
])

/** Longer, and it is left to a person. */
const PATIENCE = minutes(1)
/** As many as are listed; the next look takes the others. */
const MOST_PODS = 16

/** `judged`: how verification ended, should it not be undone. */
export async function undo(ports: UndoPorts, record: ActionRecord, asked: HealingAction, policy: CompiledPolicy, judged: Ending, snapshotOf: (view: LiveView) => Snapshot): Promise<ReconcileResult> {
  const { clock, live } = ports
  const action = asked.status?.undo === undefined ? await record.undoing(asked, judged.message, clock.now()) : asked
  const { spec, status } = action
  const intent = status?.intent ?? []
  const notUndone = (why: string): Promise<ReconcileResult> => record.ended(action, policy, { ...judged, message: `${judged.message}; not undone: ${why}` })
  const undone = (): Promise<ReconcileResult> => record.ended(action, policy, { ...judged, outcome: 'Reverted', reason: 'Reverted', message: `${judged.message}; undone` })
  const asOf = clock.now()
  const age = lookAge(ports)
  const begun = parseInstant(status?.undo?.begunAt)
  const view = await live.look(spec)
  const { target, raw, blocked } = view
  if (blocked !== undefined) return notUndone(blocked.message)
  if (target === undefined || target.ref.uid !== spec.targetResource.uid) return notUndone('the object is gone')
  const restored = isUntouched(intent, raw)
  const behind = restored && target.shape === 'Workload' && expectationOf(spec.action, target.ref) === 'turnover' ? stillTurned(target, podsOf(target, view)) : undefined
  if (restored && (behind === undefined || behind.kind === 'None')) return undone()
  const late = begun === undefined || clock.now() >= after(begun, PATIENCE)
  // Those that are Ready are its controller's to replace.
  if (late && behind?.kind === 'Ready') return undone()
  const kept = (why: string): Promise<ReconcileResult> => record.ended(action, policy, { ...judged, message: `${judged.message}; the template was taken back, but not all pods have it: ${why}` })
  if (late && behind !== undefined) return kept(behind.kind === 'NotReady' ? whyKept(behind.pods, view) : 'its controller did not see it in time')
  if (!restored && !hasLanded(intent, raw)) return notUndone('somebody else has changed it since')
  if (late) return notUndone('the API server did not take it in time')
  const forbidden = behind === undefined ? notUndone : kept
  const proposal = { object: target, chain: ownerChain(target, indexWorkloads(view.world.workloads)) }
  // What forbids any write. That a rollout is under way, or the load high, is what is to be taken back.
  const current = view.policy === undefined ? undefined : compilePolicy(view.policy)
  if (current?.uid !== policy.uid) return forbidden('the policy that decided is gone')
  if (current.mode === 'monitor' || current.mode === 'dryrun') return forbidden(`the policy's mode is ${current.mode} now`)
  const snapshot = snapshotOf(view)
  const refusal = GUARDS.map((guard) => refusalOf(current, proposal, snapshot, [guard])).find((found) => found !== undefined && FORBIDDING.has(found.reason))
  if (refusal !== undefined) return forbidden(refusal.message)
  // An autoscaler that came after the act has the number now.
  const owned = target.shape === 'Workload' ? refuseAct({ touches: intent.map(({ path }) => path), target, claims: view.world.claims, now: asOf }) : undefined
  if (owned?.reason === 'OwnedElsewhere') return forbidden(owned.message)
  if (behind !== undefined) {
    if (behind.kind !== 'NotReady') return { requeueAfter: seconds(1) }
    const spared = refuseForPods(current, spec.action, target.ref, snapshot)
    if (spared !== undefined) return kept(spared.message)
    const several = severalBudgets({ operations: behind.pods.map(evictionOf) }, view)
    if (several !== undefined) return kept(several)
    const noted = await record.evicting(action, behind.pods.map(({ ref }) => ref))
    for (const pod of behind.pods) {
      const answer = await writeTwice(ports, evictionOf(pod), noted, { view, age })
      if (typeof answer !== 'string' && answer.reason !== 'ConsentUnknown') return record.ended(noted, policy, { ...judged, message: `${judged.message}; the template was taken back, but not all pods have it: ${answer.message}` })
    }
    return { requeueAfter: seconds(1) }
  }
  const operation = undoOf(spec.action.type, target, intent, raw)
  if (operation === undefined) return notUndone('what was before is not known')
  const answer = await writeTwice(ports, operation, action, { view, age })
  if (typeof answer !== 'string') return answer.reason === 'ConsentUnknown' ? { requeueAfter: seconds(1) } : notUndone(answer.message)
  switch (answer) {
    case 'Done':
      // Looked at again for the pods that keep it.
      return expectationOf(spec.action, target.ref) === 'turnover' ? { requeueAfter: seconds(1) } : undone()
    case 'Forbidden':
    case 'Refused':
      return notUndone(`the API server refused the write (${answer})`)
    case 'Gone':
    case 'Misfit':
    case 'Changed':
    case 'BudgetRefused':
    case 'Later':
    case 'Unknown':
      // Read again: it may have landed, or the object has changed.
      return { requeueAfter: seconds(1) }
    default:
      return answer satisfies never
  }
}

/** Pods of a StatefulSet whose template was put back that have the one before it. */
type Turned =
  | { readonly kind: 'None' }
  /** Its controller has not seen it. */
  | { readonly kind: 'Unseen' }
  | { readonly kind: 'Ready' }
  | { readonly kind: 'NotReady'; readonly pods: readonly PodView[] }

function stillTurned(target: WorkloadView, pods: readonly PodView[]): Turned {
  if (!isSeen(target)) return { kind: 'Unseen' }
  if (pods.every((pod) => pod.deleting || isFinished(pod) || isOfNewestRevision(target, pod))) return { kind: 'None' }
  const stuck = leftBehind(target, pods).slice(0, MOST_PODS)
  return stuck.length === 0 ? { kind: 'Ready' } : { kind: 'NotReady', pods: stuck }
}

const podsOf = (target: WorkloadView, { world }: LiveView): readonly PodView[] => livingPods(target.ref, world)

function whyKept(pods: readonly PodView[], view: LiveView): string {
  const budgets = [...new Set(pods.flatMap((pod) => budgetsOf(evictionOf(pod), view)))]
  const names = pods.map(({ ref }) => describe(ref)).join(', ')
  return budgets.length === 0 ? `${names} could not be evicted in time` : `${names} could not be evicted in time, where disruption budget ${budgets.join(', ')} has a say`
}

/** Tried first, then done. */
async function writeTwice(ports: UndoPorts, operation: Operation, act: HealingAction, { view, age }: { readonly view: LiveView; readonly age: () => Millis }): Promise<WriteResult['kind'] | Refusal> {
  const { live, writer, clock } = ports
  const write = async (dryRun: boolean): Promise<WriteResult['kind'] | Refusal> => {
    const asked = lookAge(ports)
    const [stranger, moved] = await Promise.all([strangerTo(live, act.spec, clock.now()), movedSince(live, act.spec, view, operation)])
    // It takes no slot.
    const word = await lastWord(ports, () => Promise.resolve(true))
    const stop = word?.stop ?? stranger
    if (stop !== undefined) return stop
    // After the answers: while they were awaited, the process may have stood still.
    return moved !== undefined || word?.isFresh() !== true || asked() > ANSWER_LIFETIME || age() > LOOK_LIFETIME ? 'Changed' : (await writer.write(operation, { act, dryRun })).kind
  }
  const tried = await write(true)
  return tried === 'Done' ? write(false) : tried
}
