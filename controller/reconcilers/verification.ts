/** What becomes of an act after its write: it is verified, and taken back where it did not help and can be. */
import { between, after, millis, minutes, parseInstant, seconds } from '../../shared/lib/time.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import type { ReconcileResult } from '../../shared/runtime/reconcile-loop.ts'
import { REPLICAS } from '../actions/fields.ts'
import { expectationOf } from '../actions/index.ts'
import { isUndoable } from '../actions/undo.ts'
import type { CompiledPolicy } from '../healing/policy.ts'
import type { Snapshot } from '../healing/snapshot.ts'
import { remembered } from '../healing/status.ts'
import { verify } from '../healing/verify.ts'
import type { ClusterCache, Surroundings } from '../ports/cluster.ts'
import type { Signals } from '../triggers/trigger.ts'
import { keyOf, type ActionRecord, type ActionRecordPorts } from './action-record.ts'
import { compiled, liveSnapshot } from './attempt.ts'
import { inconclusive, verified, type Ending } from './endings.ts'
import { undo, type UndoPorts } from './undo.ts'

export interface VerificationPorts extends UndoPorts, Pick<ActionRecordPorts, 'objects' | 'clock'> {
  readonly cluster: ClusterCache
}

/** A watch that was not heard for longer shows old pods: a verdict waits for it. */
const STALE = seconds(95)

export async function verifyAct(ports: VerificationPorts, record: ActionRecord, action: HealingAction): Promise<ReconcileResult> {
  const { clock, cluster, objects, live } = ports
  const { spec, status } = action
  const stored = objects.policy(keyOf(spec.policyRef))
  const policy = stored?.metadata.uid === spec.policyRef.uid ? compiled(stored) : undefined
  if (policy === undefined) return record.ended(action, policy, inconclusive('the policy that decided is gone or cannot be read'))
  // Begun before: what verification said then holds.
  if (status?.undo !== undefined) return takeBack(ports, record, action, policy, { phase: 'Failed', outcome: 'Ineffective', success: false, reason: 'Ineffective', message: status.undo.because })
  const actedAt = parseInstant(status?.actedAt)
  if (actedAt === undefined) return record.ended(action, policy, inconclusive('the time of the act is unreadable', 'StatusUnreadable'))
  const { namespace } = spec.policyRef
  const { healthCheckTimeout, stabilizationWindow } = policy.limits
  const end = after(actedAt, millis(healthCheckTimeout + stabilizationWindow + minutes(1)))
  const blind = async (why: string): Promise<ReconcileResult> => (clock.now() < end ? { requeueAfter: seconds(5) } : record.ended(action, policy, inconclusive(why)))
  if (cluster.age() > STALE) return blind('the pods could not be watched')
  const input = {
    trigger: spec.trigger.name,
    subject: { namespace, ...spec.incident.subject },
    targetUid: spec.targetResource.uid ?? '',
    actedAt,
    expectation: expectationOf(spec.action, spec.targetResource),
    healthySince: parseInstant(status?.healthySince),
  }
  const judged = (world: Pick<Snapshot, 'pods' | 'workloads' | 'objects' | keyof Signals>) => verify(policy, input, { ...world, now: clock.now(), ...remembered(stored?.status, stored?.metadata.generation) })
  // What was done is looked at to its end, whoever has taken what back meanwhile.
  const cached = cluster.world(namespace, new Map([[spec.targetResource.namespace, 'Given']]))
  // The cache has no workloads of kinds that are not watched.
  const unseen = input.expectation !== 'replacement' && !cached.workloads.some(({ ref }) => ref.uid === input.targetUid)
  const seen: Partial<Surroundings> = unseen ? await live.around(spec) : {}
  if (seen.blocked !== undefined) return blind(seen.blocked.message)
  let world = { ...cached, ...seen }
  let verdict = judged(world)
  // A silent watch shows what once was: no verdict without a look at the pods themselves.
  if (verdict.kind === 'Done' && !unseen) {
    world = { ...cached, ...(await live.around(spec)) }
    verdict = judged(world)
  }
  if (verdict.kind === 'Done') {
    const other = verdict.outcome === 'Effective' ? anotherNumber(action, world) : undefined
    if (other !== undefined) return record.ended(action, policy, inconclusive(other, 'TargetChanged'))
    const ending = verified(verdict)
    return verdict.outcome === 'Ineffective' && isUndoable(action) ? takeBack(ports, record, action, policy, ending) : record.ended(action, policy, ending)
  }
  await record.healthy(action, verdict.healthySince, verdict.replacements)
  return { requeueAfter: millis(Math.max(50, between(clock.now(), verdict.until))) }
}

/** That it is well with a number of replicas that somebody else has set tells nothing of ours. */
function anotherNumber({ spec, status }: HealingAction, { workloads }: Pick<Snapshot, 'workloads'>): string | undefined {
  const set = status?.intent?.find(({ path }) => path === REPLICAS)?.after
  const found = workloads.find(({ ref }) => ref.uid === spec.targetResource.uid)?.replicas
  return set === undefined || found === undefined || set === String(found) ? undefined : `it was scaled to ${set}, and somebody else has set ${found} replicas since`
}

/** What was written on the way is taken back, where that is possible. */
export function giveUp(ports: UndoPorts, record: ActionRecord, action: HealingAction, policy: CompiledPolicy | undefined, ending: Ending): Promise<ReconcileResult> {
  if (policy === undefined || (action.status?.steps?.done ?? 0) === 0 || !isUndoable(action)) return record.ended(action, policy, ending)
  return takeBack(ports, record, action, policy, { ...ending, outcome: 'Ineffective' })
}

const takeBack = (ports: UndoPorts, record: ActionRecord, action: HealingAction, policy: CompiledPolicy, judged: Ending): Promise<ReconcileResult> =>
  undo(ports, record, action, policy, judged, (view) => liveSnapshot(view, ports.clock.now()))
