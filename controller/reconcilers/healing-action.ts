/**
 * Carry out and verify one HealingAction: look live, reserve its slot for good, write down that it begins, dry run,
 * write as the healer, verify, end. After a crash at any point the same steps are taken again: what has landed is found
 * by reading.
 */
import { parseDuration } from '../../shared/lib/duration.ts'
import { TerminalError } from '../../shared/lib/errors.ts'
import { after, between, latest, millis, minutes, parseInstant, seconds, type Instant } from '../../shared/lib/time.ts'
import type { HealingAction, HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { judge } from '../../shared/rules/judge.ts'
import type { ReconcileResult } from '../../shared/runtime/reconcile-loop.ts'
import { hasLanded, isChangedByOthers } from '../actions/fields.ts'
import { afterDryRun, expectationOf, plan } from '../actions/index.ts'
import type { Plan } from '../actions/action.ts'
import { isUndoable } from '../actions/undo.ts'
import { done, wouldHave } from '../actions/words.ts'
import { refuseAct } from '../healing/act-guards.ts'
import { confirm, confirmApproved, type Admission, type AdmissionLimits, type Ledger } from '../healing/ledger.ts'
import { isEnded } from '../healing/outcome.ts'
import { describe } from '../healing/owners.ts'
import { compilePolicy, type CompiledPolicy } from '../healing/policy.ts'
import { recheck } from '../healing/recheck.ts'
import type { RefusalReason } from '../healing/refusal.ts'
import { retryOf } from '../healing/retry.ts'
import type { Snapshot } from '../healing/snapshot.ts'
import type { Signals } from '../triggers/trigger.ts'
import { remembered } from '../healing/status.ts'
import { verify } from '../healing/verify.ts'
import type { ClusterCache, LiveReader, LiveView } from '../ports/cluster.ts'
import type { EvidenceSource } from '../ports/evidence.ts'
import { LedgerUnreadable, type PolicyKey } from '../ports/ledgers.ts'
import type { TargetWriter, WriteResult } from '../ports/target-writer.ts'
import { ActionRecord, keyOf, UNREADABLE_RETRY, type ActionRecordPorts } from './action-record.ts'
import { awaitApproval } from './approval.ts'
import { captureEvidence } from './evidence.ts'
import { cancelled, failed, inconclusive, laterRungs, verified, type Ending } from './endings.ts'
import { planContext } from './plan-context.ts'
import { undo } from './undo.ts'
import { takeSlots } from './shared-slots.ts'

export interface ActionReconcilerPorts extends ActionRecordPorts {
  readonly cluster: ClusterCache
  readonly live: LiveReader
  readonly writer: TargetWriter
  readonly evidence: EvidenceSource
}

/** A watch that was not heard for longer shows old pods: a verdict waits for it. */
const STALE = seconds(95)
/** A look that is older is none: the process stood still meanwhile, and somebody else may have acted (I7). */
const LOOK_LIFETIME = minutes(1)

/** One try: what it goes by, and until when there may be others. */
interface Attempt {
  readonly action: HealingAction
  readonly policy: CompiledPolicy | undefined
  readonly view: LiveView
  readonly lookedAt: Instant
  readonly deadline: Instant
  /** An earlier try may have written: that the object is gone now may be its doing. */
  readonly doubt: Instant | undefined
  /** How far an act of several steps has come. */
  readonly steps: string | undefined
  /** What its earlier steps have changed. */
  readonly earlier: NonNullable<Ending['changes']>
}

export class ActionReconciler {
  readonly #ports: ActionReconcilerPorts
  readonly #record: ActionRecord

  constructor(ports: ActionReconcilerPorts) {
    this.#ports = ports
    this.#record = new ActionRecord(ports)
  }

  async reconcile(key: PolicyKey): Promise<ReconcileResult> {
    const { objects, metrics, log } = this.#ports
    const action = objects.action(key)
    if (action === undefined || isEnded(action)) return {}
    const malformed = objects.malformed(action)
    try {
      if (malformed !== undefined) return await this.#unreadable(action, malformed)
      return await (action.status?.phase === 'Verifying' ? this.#verify(action) : this.#carryOut(action))
    } catch (error) {
      if (!(error instanceof LedgerUnreadable)) throw error
      metrics.ledgerUnreadable.inc({})
      log.error('action waits for its ledger', { action: key.name, detail: error.message })
      return { requeueAfter: UNREADABLE_RETRY }
    }
  }

  /** I19: it stops. Whether anything was written is not known, and that is its outcome. */
  async #unreadable(action: HealingAction, { in: part, message }: { readonly in: 'spec' | 'status'; readonly message: string }): Promise<ReconcileResult> {
    const { objects, log } = this.#ports
    log.error('action is malformed', { action: action.metadata.name, detail: message })
    // Nobody can tell whose it is; the schema keeps it out.
    if (part === 'spec') return {}
    return this.#record.unreadable(action, compiled(objects.policy(keyOf(action.spec.policyRef))), inconclusive(message, 'StatusUnreadable'))
  }

  async #carryOut(asked: HealingAction): Promise<ReconcileResult> {
    const { clock, live, ledgers, objects } = this.#ports
    const record = this.#record
    const policyKey = keyOf(asked.spec.policyRef)
    const permitted = await awaitApproval(this.#ports, record, asked, compiled(objects.policy(policyKey)))
    if (permitted.kind === 'NotYet') return permitted.result
    const { action: found } = permitted
    const { spec, status } = found
    const nextAttempt = parseInstant(status?.nextAttempt)
    const lookedAt = clock.now()
    if (nextAttempt !== undefined && lookedAt < nextAttempt) return { requeueAfter: between(lookedAt, nextAttempt) }

    // First, since it is known without a call whether it can be read.
    const reserved = (await ledgers.read(policyKey))?.entries.find((e) => e.action === found.metadata.name)
    const view = await live.look(spec)
    const now = clock.now()
    const begun = parseInstant(status?.startTime)
    const doubt = begun !== undefined && mayHaveWritten(found) ? latest(begun, parseInstant(reserved?.reservedAt) ?? begun) : undefined
    const { target } = view
    // The object is going or gone: the write had landed, whether or not its answer was seen (I18).
    if (doubt !== undefined && (target === undefined || target.ref.uid !== spec.targetResource.uid || target.deleting)) {
      return record.landed(found, doubt, 'found by reading after an interruption')
    }
    // A field that it set: found by what was noted before the write.
    const policy = compiled(view.policy)
    if (doubt !== undefined && status?.intent !== undefined) {
      if (hasLanded(status.intent, view.raw)) return record.landed(found, doubt, 'found by reading after an interruption')
      if (isChangedByOthers(status.intent, view.raw)) return record.ended(found, policy, inconclusive(`the answer of the write was lost, and ${describe(spec.targetResource)} is now neither as before nor as intended`))
    }
    const refusal = recheck(spec, policy, target, liveSnapshot(view, now))
    // An act of several steps goes on when the first ones have helped already; what else forbids it ends it half-way.
    const inSteps = begun !== undefined && expectationOf(spec.action, spec.targetResource) === 'renewal'
    if (refusal !== undefined && !(inSteps && refusal.reason === 'TargetRecovered')) {
      return record.ended(found, policy, inSteps ? inconclusive(`stopped on its way: ${refusal.message}`, refusal.reason) : cancelled(refusal.reason, refusal.message))
    }
    // What has waited already waits from when it was decided.
    const decided = status?.result === undefined ? now : (parseInstant(found.metadata.creationTimestamp) ?? now)
    const deadline = after(begun ?? parseInstant(status?.approvedAt) ?? decided, parseDuration(spec.timeout) ?? minutes(10))
    // Without a try nothing has failed; nor has what waited for others.
    const late = begun === undefined || status?.result?.reason === WAITS ? cancelled : failed
    if (now >= deadline) return record.ended(found, policy, late(status?.result?.reason ?? 'Timeout', status?.result?.message ?? 'it could not be carried out in time'))
    const failures = status?.failedAttempts ?? 0
    if (failures >= retryOf(spec).maxAttempts) return record.ended(found, policy, failed('RetriesExhausted', `${failures} tries failed, the last one: ${status?.result?.message ?? 'no answer'}`))
    const context = planContext(view, found.metadata.name, now, { begunAt: begun, healthCheckTimeout: policy?.limits.healthCheckTimeout })
    const planned = target === undefined ? undefined : plan(spec.action, target, context)
    if (planned === undefined) return record.ended(found, policy, cancelled('NoAction', 'the action has no body for its type'))
    // Nothing was written, and nothing can be: the next rung follows.
    if ('refusal' in planned) {
      const ending = failed(planned.refusal.reason, planned.refusal.message)
      return record.ended(found, policy, inSteps ? { ...ending, outcome: 'Ineffective' } : ending)
    }
    if (planned.steps === 'Finished') return record.landed(found, now, `every pod of ${describe(spec.targetResource)} was evicted`, status?.result?.changes)
    if (planned.steps !== undefined && planned.operations.length === 0) return record.progressed(found, planned.steps, status?.result?.changes)
    const touches = planned.touches ?? planned.intent.map(({ path }) => path)
    const conflict = target?.shape === 'Workload' && doubt === undefined ? refuseAct({ touches, target, claims: view.world.claims, now }) : undefined
    if (conflict?.reason === WAITS) return record.delayed(found, { ...conflict, first: seconds(10), asked: between(now, conflict.recheckAt ?? now) }, deadline)
    if (conflict !== undefined) return record.ended(found, policy, failed(conflict.reason, conflict.message))
    // The API server answers a bare 500 then.
    if (view.budgets.length > 1) {
      return record.ended(found, policy, failed('SeveralDisruptionBudgets', `${view.budgets.join(' and ')} both select the pod, which the eviction API does not support`))
    }

    if (!spec.dryRun) {
      const confirmed = await ledgers.admit(policyKey, (ledger) => confirmFor(ledger, found, policy?.limits, now))
      const full = 'refusal' in confirmed ? confirmed.refusal : await takeSlots(ledgers, policyKey, found.metadata.name, view.world.installation, now)
      if (full !== undefined) {
        const { reason, message, recheckAt } = full
        // Pods have gone already: that is not nothing.
        if (inSteps) return record.ended(found, policy, inconclusive(`stopped on its way: ${message}`, reason))
        if (!FULL.has(reason) || spec.approvalRequired !== true) return record.ended(found, policy, cancelled(reason, message))
        return record.delayed(found, { reason, message, first: seconds(10), asked: between(now, recheckAt ?? now) }, deadline)
      }
    }
    const evidence = status?.evidence === undefined && target !== undefined ? await captureEvidence(this.#ports.evidence, target, now) : undefined
    const action = await record.began(found, now, evidence)
    return this.#write({ action, policy, view, lookedAt, deadline, doubt, steps: planned.steps, earlier: status?.result?.changes ?? [] }, planned)
  }

  async #write(attempt: Attempt, first: Plan): Promise<ReconcileResult> {
    const { writer, live, clock } = this.#ports
    const record = this.#record
    const { policy, lookedAt } = attempt
    const { spec } = attempt.action
    let { action } = attempt
    let planned = first
    // Before the write: the replacement may be there (in the second before) when its answer arrives.
    let sentAt: Instant | undefined
    let wrote = attempt.earlier.length > 0
    for (const dryRun of spec.dryRun ? [true] : [true, false]) {
      if (!dryRun) action = await record.intends(action, planned.intent)
      for (const operation of planned.operations) {
        // Read before every write and retry, so that a silent watch cannot hide it (I10).
        if (!dryRun && (await live.killSwitch())) {
        const why = 'the kill switch of the installation is on'
        return record.ended(action, policy, wrote ? inconclusive(`stopped on its way: ${why}`, 'KillSwitch') : cancelled('KillSwitch', why))
      }
        const now = clock.now()
        if (between(lookedAt, now) > LOOK_LIFETIME) return this.#notDone({ ...attempt, action }, { kind: 'Changed' }, dryRun)
        if (!dryRun) sentAt ??= now
        const result = await writer.write(operation, { action: action.metadata.name, dryRun })
        if (result.kind !== 'Done') return this.#notDone({ ...attempt, action }, result, dryRun)
        if (!dryRun) wrote = true
        if (dryRun && result.object !== undefined && attempt.view.target !== undefined) {
          const shown = afterDryRun(spec.action, attempt.view.target, result.object, planContext(attempt.view, action.metadata.name, now))
          if ('refusal' in shown) return record.ended(action, policy, failed(shown.refusal.reason, shown.refusal.message))
          planned = { ...planned, ...shown }
        }
        record.log(action, dryRun ? 'dry run passed' : 'written', { operation: operation.kind })
      }
    }
    const changes = planned.changes.map((change) => ({ resource: spec.targetResource, ...change }))
    if (spec.dryRun) {
      const message = `${wouldHave(planned)}${spec.action.requiresApproval === true ? ' after approval' : ''}; nothing was written${laterRungs(action, policy)}`
      return record.ended(action, policy, { phase: 'Succeeded', success: true, reason: 'DryRun', message, changes })
    }
    if (planned.steps !== undefined) return record.progressed(action, planned.steps, [...attempt.earlier, ...changes])
    return record.landed(action, sentAt ?? clock.now(), done(planned), changes)
  }

  #takeBack(action: HealingAction, policy: CompiledPolicy, judged: Ending): Promise<ReconcileResult> {
    const { clock } = this.#ports
    return undo(this.#ports, this.#record, action, policy, judged, (view) => liveSnapshot(view, clock.now()))
  }

  /** A write that did not happen, or may have. */
  async #notDone({ action, policy, view, deadline, doubt, steps, earlier }: Attempt, result: Exclude<WriteResult, { kind: 'Done' }>, dryRun: boolean): Promise<ReconcileResult> {
    const record = this.#record
    const { namespace } = action.metadata
    const target = describe(action.spec.targetResource)
    // While another try may still land (of a controller beside this one), a refusal may be its doing: the doubt stays.
    const because = (reason: string): string => (doubt === undefined ? reason : AMBIGUOUS)
    // The pods themselves tell what has become of each.
    if (steps !== undefined && ['Gone', 'Changed', 'Unknown'].includes(result.kind)) return record.progressed(action, steps, earlier)
    switch (result.kind) {
      case 'Gone':
        return doubt === undefined
          ? record.ended(action, policy, cancelled('TargetGone', `${target} went by itself`))
          : record.landed(action, doubt, 'found by reading after an interruption')
      case 'Forbidden':
        return record.ended(action, policy, failed('HealerForbidden', `the healer of ${namespace} may not do this; apply the output of: kubeskippy enable -n ${namespace} -o yaml`))
      case 'Refused':
        return record.ended(action, policy, failed('WriteRefused', `the API server refused the write (${result.code})`))
      case 'BudgetRefused': {
        const message = `disruption budget ${view.budgets.join(', ')} allows no eviction of ${target} now`
        // A dry run has its answer; there is nothing to wait for.
        return action.spec.dryRun
          ? record.ended(action, policy, failed('DisruptionBudget', message))
          : record.delayed(action, { reason: because('DisruptionBudget'), message }, deadline)
      }
      case 'Later':
        return record.delayed(action, { reason: because('Throttled'), message: 'the API server asked to come back later', asked: result.retryAfter }, deadline)
      case 'Changed':
        return record.delayed(action, { reason: because('TargetChanged'), message: `${target} changed between the look and the write`, first: millis(200) }, deadline)
      case 'Unknown':
        return record.delayed(
          action,
          { reason: dryRun ? because('Unreachable') : AMBIGUOUS, message: 'the answer of the API server was lost; the next look tells', first: millis(500), failed: true },
          deadline,
        )
      default:
        return result satisfies never
    }
  }

  async #verify(action: HealingAction): Promise<ReconcileResult> {
    const { clock, cluster, objects, live } = this.#ports
    const record = this.#record
    const { spec, status } = action
    const stored = objects.policy(keyOf(spec.policyRef))
    const policy = stored?.metadata.uid === spec.policyRef.uid ? compiled(stored) : undefined
    if (policy === undefined) return record.ended(action, policy, inconclusive('the policy that decided is gone or cannot be read'))
    const actedAt = parseInstant(status?.actedAt)
    if (actedAt === undefined) return record.ended(action, policy, inconclusive('the time of the act is unreadable', 'StatusUnreadable'))
    const { namespace } = spec.policyRef
    const { healthCheckTimeout, stabilizationWindow } = policy.limits
    // Begun before: what verification said then holds.
    if (status?.undo !== undefined) return this.#takeBack(action, policy, { phase: 'Failed', outcome: 'Ineffective', success: false, reason: 'Ineffective', message: status.undo.because })
    if (cluster.age() > STALE) {
      const end = after(actedAt, millis(healthCheckTimeout + stabilizationWindow + minutes(1)))
      return clock.now() < end ? { requeueAfter: seconds(5) } : record.ended(action, policy, inconclusive('the pods could not be watched'))
    }
    const input = {
      trigger: spec.trigger.name,
      subject: { namespace, ...spec.incident.subject },
      targetUid: spec.targetResource.uid ?? '',
      actedAt,
      expectation: expectationOf(spec.action, spec.targetResource),
      healthySince: parseInstant(status?.healthySince),
    }
    const judged = (world: Pick<Snapshot, 'pods' | 'workloads' | 'objects' | keyof Signals>) => verify(policy, input, { ...world, now: clock.now(), ...remembered(stored?.status) })
    const cached = cluster.world(namespace)
    // The cache has no workloads of kinds that are not watched.
    const unseen = input.expectation !== 'replacement' && !cached.workloads.some(({ ref }) => ref.uid === input.targetUid)
    let verdict = judged(unseen ? { ...cached, ...(await live.around(spec)) } : cached)
    // A silent watch shows what once was: no verdict without a look at the pods themselves.
    if (verdict.kind === 'Done') verdict = judged({ ...cached, ...(await live.around(spec)) })
    if (verdict.kind === 'Done') {
      const ending = verified(verdict)
      return verdict.outcome === 'Ineffective' && isUndoable(action) ? this.#takeBack(action, policy, ending) : record.ended(action, policy, ending)
    }
    await record.healthy(action, verdict.healthySince, verdict.replacements)
    return { requeueAfter: millis(Math.max(50, between(clock.now(), verdict.until))) }
  }
}

/** What was approved waits for its turn as long as its write may be tried. */
const FULL: ReadonlySet<RefusalReason> = new Set<RefusalReason>(['StormGate', 'ConcurrencyLimit', 'RateLimited', 'BudgetExhausted', 'BreakerOpen'])

/** It passes, and then the act is judged anew: no reason to go on to the next rung. */
const WAITS: RefusalReason = 'RolloutInProgress'

const AMBIGUOUS = 'Ambiguous'

/** Unless the last attempt is known to have written nothing. A dry run never has. */
const mayHaveWritten = ({ spec, status }: HealingAction): boolean => !spec.dryRun && (status?.result === undefined || status.result.reason === AMBIGUOUS)

/** The reservation is for this object; an action that a person made under the name of another one has none. */
function confirmFor(ledger: Ledger, { metadata, spec }: HealingAction, limits: AdmissionLimits | undefined, now: Instant): Admission {
  const { policyRef, targetResource, incident } = spec
  const stray = metadata.namespace !== policyRef.namespace || metadata.namespace !== targetResource.namespace
  const other = ledger.entries.some((e) => e.action === metadata.name && e.target !== targetResource.uid)
  if (stray || other) return { refusal: { reason: 'NotReserved', message: `the ledger holds no reservation for ${metadata.name} on this object` } }
  if (spec.approvalRequired !== true || limits === undefined) return confirm(ledger, metadata.name, now)
  const request = { action: metadata.name, target: targetResource.uid ?? '', dryRun: false, incident: { ...incident, trigger: spec.trigger.name } }
  return confirmApproved(ledger, request, limits, now)
}

function compiled(stored: HealingPolicy | undefined): CompiledPolicy | undefined {
  if (stored === undefined) return undefined
  try {
    return compilePolicy(stored)
  } catch (error) {
    if (error instanceof TerminalError) return undefined
    throw error
  }
}

/** The world as read just now; since when is remembered by the policy's status, which was read with it. */
function liveSnapshot({ policy, world }: LiveView, now: Instant): Snapshot {
  return {
    ...world,
    now,
    violations: policy === undefined ? [] : judge(policy, { installation: world.installation }).violations,
    ledger: undefined,
    budgets: [],
    forbidden: new Set(),
    actions: new Set(),
    ...remembered(policy?.status),
  }
}
