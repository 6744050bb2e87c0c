/**
 * Carry out and verify one HealingAction: look live, reserve its slot for good, write down that it begins, dry run,
 * write as the healer, verify, end. After a crash at any point the same steps are taken again: what has landed is found
 * by reading.
 */
import { parseDuration } from '../../shared/lib/duration.ts'
import { after, between, latest, millis, minutes, parseInstant, seconds, type Instant, type Millis } from '../../shared/lib/time.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import type { Installation } from '../healing/installation.ts'
import type { ReconcileResult } from '../../shared/runtime/reconcile-loop.ts'
import { severalBudgets } from '../actions/disruption.ts'
import { MOST_CHANGES } from '../../shared/rules/patches/changes.ts'
import { hasLanded, isChangedByOthers, isOverwritten } from '../actions/fields.ts'
import { afterDryRun, expectationOf, plan } from '../actions/index.ts'
import type { Operation, Plan } from '../actions/action.ts'
import { isUnrenewed } from '../actions/renewal.ts'
import { done, wouldHave } from '../actions/words.ts'
import { refuseAct } from '../healing/act-guards.ts'
import { confirm } from '../healing/ledger.ts'
import { isEnded } from '../healing/outcome.ts'
import { describe } from '../healing/owners.ts'
import type { CompiledPolicy } from '../healing/policy.ts'
import { recheck } from '../healing/recheck.ts'
import type { Refusal, RefusalReason } from '../healing/refusal.ts'
import { retryOf } from '../healing/retry.ts'
import { claimOf } from '../healing/subject-claims.ts'
import { Unanswered, type ClusterCache, type LiveReader } from '../ports/cluster.ts'
import type { EvidenceSource } from '../ports/evidence.ts'
import { LedgerUnreadable, type PolicyKey } from '../ports/ledgers.ts'
import type { TargetWriter } from '../ports/target-writer.ts'
import { ActionRecord, AMBIGUOUS, DISRUPTION_BUDGET, keyOf, UNREADABLE_RETRY, type ActionRecordPorts } from './action-record.ts'
import { awaitApproval } from './approval.ts'
import { compiled, confirmFor, FULL, liveSnapshot, mayHaveWritten, type Attempt } from './attempt.ts'
import { Consents } from './consents.ts'
import { captureEvidence } from './evidence.ts'
import { cancelled, failed, inconclusive, laterRungs, type Ending } from './endings.ts'
import { ANSWER_LIFETIME, LOOK_LIFETIME, lookAge, type LookPorts } from './look-age.ts'
import { Neighbourhoods } from './neighbourhoods.ts'
import { notDone } from './not-done.ts'
import { planContext } from './plan-context.ts'
import { unlikeShown } from './preview.ts'
import { lastWord, movedSince, strangerTo, type LastWord } from './stops.ts'
import { takeSlots } from './shared-slots.ts'
import { giveUp, verifyAct } from './verification.ts'

export interface ActionReconcilerPorts extends ActionRecordPorts, LookPorts {
  readonly cluster: ClusterCache
  readonly live: LiveReader
  readonly writer: TargetWriter
  readonly evidence: EvidenceSource
}

export class ActionReconciler {
  readonly #ports: ActionReconcilerPorts
  readonly #record: ActionRecord
  readonly #neighbourhoods: Neighbourhoods

  constructor(ports: ActionReconcilerPorts) {
    this.#ports = ports
    this.#neighbourhoods = new Neighbourhoods(ports.objects, new Consents(ports.live, ports.clock))
    this.#record = new ActionRecord(ports)
  }

  async reconcile(key: PolicyKey): Promise<ReconcileResult> {
    const { objects, metrics, log, trail } = this.#ports
    const action = objects.action(key)
    if (action === undefined || isEnded(action)) return {}
    const malformed = objects.malformed(action)
    if (malformed === undefined) trail.tell(action)
    try {
      if (malformed !== undefined) return await this.#unreadable(action, malformed)
      return await (action.status?.phase === 'Verifying' || action.status?.undo !== undefined ? verifyAct(this.#ports, this.#record, action) : this.#carryOut(action))
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
    const asOf = clock.now()
    if (nextAttempt !== undefined && asOf < nextAttempt) return { requeueAfter: between(asOf, nextAttempt) }

    // First, since it is known without a call whether it can be read.
    const reserved = (await ledgers.read(policyKey))?.entries.find((e) => e.action === found.metadata.name)
    const age = lookAge(this.#ports)
    const view = await live.look(spec)
    const now = clock.now()
    const begun = parseInstant(status?.startTime)
    const doubt = begun !== undefined && mayHaveWritten(found) ? latest(begun, parseInstant(reserved?.reservedAt) ?? begun) : undefined
    const { target, blocked } = view
    if (blocked !== undefined) return record.ended(found, compiled(view.policy), blockedBy(blocked, doubt))
    // The object is going or gone: the write had landed, whether or not its answer was seen (I18).
    if (doubt !== undefined && (target === undefined || target.ref.uid !== spec.targetResource.uid || target.deleting)) {
      return record.landed(found, doubt, 'found by reading after an interruption')
    }
    // A field that it set: found by what was noted before the write.
    const policy = compiled(view.policy)
    const expectation = expectationOf(spec.action, spec.targetResource)
    const stepsDone = status?.steps?.done ?? 0
    if (doubt !== undefined && status?.intent !== undefined) {
      const said = 'found by reading after an interruption'
      if (hasLanded(status.intent, view.raw) && expectation !== 'turnover') return record.landed(found, doubt, said)
      if (hasLanded(status.intent, view.raw) && stepsDone === 0) return record.stepped(found, said)
      if (isChangedByOthers(status.intent, view.raw)) return record.ended(found, policy, inconclusive(`the answer of the write was lost, and ${describe(spec.targetResource)} is now neither as before nor as intended`))
    }
    // Its own steps have changed the template by now.
    const { template: _, ...going } = spec
    const around = view.policy === undefined ? undefined : await this.#neighbourhoods.around(view.policy, view.world)
    const refusal = recheck(stepsDone > 0 ? going : spec, policy, target, liveSnapshot(view, now, around))
    const context = planContext(view, found.metadata.name, now, { begunAt: begun, stepsDone, healthCheckTimeout: policy?.limits.healthCheckTimeout })
    // Of pods that all had to stay, as a disruption budget says, nothing has helped.
    const untouched = stepsDone === 0 && status?.result?.reason === DISRUPTION_BUDGET && target?.shape === 'Workload' && isUnrenewed(target, context)
    // An act of several steps goes on when the first ones have helped already; what else forbids it ends it half-way.
    const inSteps = begun !== undefined && (expectation === 'renewal' ? !untouched : stepsDone > 0)
    if (expectation === 'turnover' && stepsDone > 0 && isOverwritten(status?.intent ?? [], view.raw)) {
      return record.ended(found, policy, inconclusive(`stopped on its way: somebody else has changed ${describe(spec.targetResource)}`, 'TargetChanged'))
    }
    // What has waited already waits from when it was decided.
    const decided = status?.result === undefined ? now : (parseInstant(found.metadata.creationTimestamp) ?? now)
    const deadline = after(begun ?? parseInstant(status?.approvedAt) ?? decided, parseDuration(spec.timeout) ?? minutes(10))
    // Its only pod has just gone, and no other one is there by which it could be selected.
    if (inSteps && refusal?.reason === 'TargetChanged' && context.pods.length === 0 && now < deadline) return record.progressed(found, `${describe(spec.targetResource)} has no pod yet`)
    if (refusal !== undefined && !(inSteps && refusal.reason === 'TargetRecovered')) {
      return record.ended(found, policy, inSteps ? inconclusive(`stopped on its way: ${refusal.message}`, refusal.reason) : cancelled(refusal.reason, refusal.message))
    }
    const unlike = begun === undefined ? unlikeShown(found, view) : undefined
    if (unlike !== undefined) return record.ended(found, policy, cancelled('TargetChanged', unlike))
    // Without a try nothing has failed; nor has what waited for others.
    const late = begun === undefined || status?.result?.reason === WAITS ? cancelled : failed
    if (now >= deadline) return giveUp(this.#ports, record, found, policy, late(status?.result?.reason ?? 'Timeout', status?.result?.message ?? 'it could not be carried out in time'))
    const failures = status?.failedAttempts ?? 0
    if (failures >= retryOf(spec).maxAttempts) return record.ended(found, policy, failed('RetriesExhausted', `${failures} tries failed, the last one: ${status?.result?.message ?? 'no answer'}`))
    const planned = target === undefined ? undefined : plan(spec.action, target, context)
    if (planned === undefined) return record.ended(found, policy, cancelled('NoAction', 'the action has no body for its type'))
    // Nothing was written, and nothing can be: the next rung follows.
    if ('refusal' in planned) {
      const ending = failed(planned.refusal.reason, planned.refusal.message)
      return giveUp(this.#ports, record, found, policy, inSteps ? { ...ending, outcome: 'Ineffective' } : ending)
    }
    if (planned.steps === 'Finished') return record.landed(found, now, `every pod of ${describe(spec.targetResource)} ${expectation === 'turnover' ? 'has the new template' : 'was evicted'}`, status?.result?.changes)
    if (planned.steps !== undefined && planned.operations.length === 0) return record.progressed(found, planned.steps)
    const touches = planned.touches ?? planned.intent.map(({ path }) => path)
    const conflict = target?.shape === 'Workload' && doubt === undefined ? refuseAct({ touches, target, claims: view.world.claims, now }) : undefined
    if (conflict?.reason === WAITS) return record.delayed(found, { ...conflict, first: seconds(10), asked: between(now, conflict.recheckAt ?? now) }, deadline)
    if (conflict !== undefined) return record.ended(found, policy, failed(conflict.reason, conflict.message))
    // The API server answers a bare 500 then.
    const several = severalBudgets(planned, view)
    if (several !== undefined) {
      const ending = failed('SeveralDisruptionBudgets', several)
      return giveUp(this.#ports, record, found, policy, stepsDone > 0 ? { ...ending, outcome: 'Ineffective' } : ending)
    }

    if (!spec.dryRun) {
      const full = await this.#reserve(found, policy, view.world.installation, { now, deadline })
      if (full !== undefined) {
        const { reason, message } = full
        // Pods have gone already: that is not nothing.
        if (inSteps) return record.ended(found, policy, inconclusive(`stopped on its way: ${message}`, reason))
        if (!FULL.has(reason) || spec.approvalRequired !== true) {
          return record.ended(found, policy, doubt === undefined ? cancelled(reason, message) : inconclusive(`an earlier try may have been written, and it is not tried again: ${message}`, reason))
        }
        return record.delayed(found, { reason: doubt === undefined ? reason : AMBIGUOUS, message, first: seconds(10), asked: askedFor(now, full) }, deadline)
      }
    }
    const evidence = status?.evidence === undefined && target !== undefined ? await captureEvidence(this.#ports.evidence, target, context.pods, now) : undefined
    const action = await record.began(found, now, evidence)
    return this.#write({ action, policy, view, lookAge: age, deadline, doubt, steps: planned.steps, previous: status?.result?.reason }, planned)
  }

  /** Its slots and its claim, by the limits of now; or what is in the way. */
  async #reserve(action: HealingAction, policy: CompiledPolicy | undefined, installation: Installation, { now, deadline }: { readonly now: Instant; readonly deadline: Instant }): Promise<Refusal | undefined> {
    const { ledgers } = this.#ports
    const { metadata, spec } = action
    if (policy === undefined) return { reason: 'PolicyDeleted', message: 'the policy that decided is gone' }
    const key = keyOf(spec.policyRef)
    const confirmed = await ledgers.admit(key, (ledger) => confirmFor(ledger, action, policy.limits, now))
    return 'refusal' in confirmed ? confirmed.refusal : takeSlots(ledgers, { action: metadata.name, policy: key, target: spec.targetResource.namespace, claim: claimOf(spec, policy.limits, deadline) }, installation, now)
  }

  /** Just before a write: another controller may have ended it meanwhile, what others did has closed a gate or opened the breaker (I9), or the time of a budget has begun. The next try says what it was. `limits`: as for `confirm`. */
  async #isHeld({ metadata: { name }, spec: { policyRef } }: HealingAction, limits: CompiledPolicy['limits'] | undefined, asking: () => void): Promise<boolean> {
    const ledger = await this.#ports.ledgers.reread(keyOf(policyRef), asking)
    return ledger !== undefined && !('refusal' in confirm(ledger, name, this.#ports.clock.now(), limits))
  }

  /** What may be in the way by now; undefined: not all of it could be asked. */
  async #stops({ action, policy, view }: Attempt, operation: Operation, { dryRun, wrote }: { readonly dryRun: boolean; readonly wrote: boolean }): Promise<(LastWord & { readonly moved: string | undefined }) | undefined> {
    const { live, clock } = this.#ports
    const asked = lookAge(this.#ports)
    try {
      const [stranger, moved] = await Promise.all([strangerTo(live, action.spec, clock.now()), movedSince(live, action.spec, view, operation)])
      const word = await lastWord(this.#ports, (asking) => (dryRun ? Promise.resolve(true) : this.#isHeld(action, wrote ? undefined : policy?.limits, asking)))
      return word === undefined ? undefined : { stop: word.stop ?? stranger, held: word.held, moved, isFresh: () => word.isFresh() && asked() <= ANSWER_LIFETIME }
    } catch (error) {
      if (error instanceof Unanswered) return undefined
      throw error
    }
  }

  async #write(attempt: Attempt, first: Plan): Promise<ReconcileResult> {
    const { writer, clock } = this.#ports
    const record = this.#record
    const { policy } = attempt
    const { spec } = attempt.action
    let { action } = attempt
    let planned = first
    // Before the write: the replacement may be there (in the second before) when its answer arrives.
    let sentAt: Instant | undefined
    let wrote = (action.status?.steps?.done ?? 0) > 0
    const gone: string[] = []
    for (const dryRun of spec.dryRun ? [true] : [true, false]) {
      if (!dryRun) action = await record.intends(action, planned.intent)
      for (const operation of planned.operations) {
        const answers = await this.#stops({ ...attempt, action }, operation, { dryRun, wrote })
        // After the answers: while they were awaited, the process may have stood still.
        const now = clock.now()
        const soFar = { ...attempt, action: partlyDone(action, planned, gone) }
        // Nothing was sent, and nothing is as long as it is not known whether it may be.
        if (answers?.isFresh() !== true) return notDone(record, soFar, { operation, result: { kind: 'Unknown' }, try: 'DryRun' })
        const stop = answers.stop ?? policy?.schedule(now)
        if (stop !== undefined) return this.#stopped(soFar, stop, wrote)
        if (!answers.held || answers.moved !== undefined || attempt.lookAge() > LOOK_LIFETIME) {
          return notDone(record, soFar, { operation, result: { kind: 'Changed', ...(answers.moved === undefined ? {} : { what: answers.moved }) }, try: dryRun ? 'DryRun' : 'Real' })
        }
        if (!dryRun) sentAt ??= now
        const result = await writer.write(operation, { act: action, dryRun })
        if (result.kind !== 'Done') return notDone(record, { ...attempt, action: partlyDone(action, planned, gone) }, { operation, result, try: dryRun ? 'DryRun' : 'Real' })
        if (!dryRun) wrote = true
        if (!dryRun) gone.push(operation.target.name)
        if (dryRun && result.object !== undefined && attempt.view.target !== undefined) {
          const shown = afterDryRun(spec.action, attempt.view.target, result.object, planContext(attempt.view, action.metadata.name, now))
          // Nothing is left to do where the lost try has done it.
          if ('refusal' in shown && shown.refusal.reason === 'NothingToDo' && attempt.doubt !== undefined) return this.#wrote(action, planned, attempt.doubt, [])
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
    return this.#wrote(action, planned, sentAt ?? clock.now(), changes)
  }

  /** All of it, or one step of several. */
  #wrote(action: HealingAction, planned: Plan, at: Instant, changes: NonNullable<Ending['changes']>): Promise<ReconcileResult> {
    const { spec } = action
    const begins = expectationOf(spec.action, spec.targetResource) === 'turnover' && planned.steps === undefined
    if (begins || planned.steps !== undefined) return this.#record.stepped(action, planned.steps ?? done(planned), changes)
    return this.#record.landed(action, at, done(planned), changes)
  }

  /** Just before a write. What could not be asked is asked again, and nothing is written meanwhile. */
  #stopped({ action, policy, deadline, steps }: Attempt, { reason, message }: Refusal, wrote: boolean): Promise<ReconcileResult> {
    const record = this.#record
    if (reason !== 'ConsentUnknown') return record.ended(action, policy, wrote ? inconclusive(`stopped on its way: ${message}`, reason) : cancelled(reason, message))
    return steps === undefined ? record.delayed(action, { reason, message, failed: true }, deadline) : record.progressed(action, steps)
  }
}

/** Of several pods at once some have gone before one was refused: that stays in the record. */
function partlyDone(action: HealingAction, { changes }: Plan, gone: readonly string[]): HealingAction {
  const made = changes.filter(({ field }) => gone.some((name) => field.startsWith(`${name}: `))).map((change) => ({ resource: action.spec.targetResource, ...change }))
  if (made.length === 0) return action
  const earlier = action.status?.result?.changes ?? []
  return { ...action, status: { ...action.status, result: { success: false, reason: 'InProgress', message: '', ...action.status?.result, changes: [...earlier, ...made].slice(-MOST_CHANGES) } } }
}

/** It passes, and then the act is judged anew: no reason to go on to the next rung. */
const WAITS: RefusalReason = 'RolloutInProgress'

/** When there may be room. A claim is given back long before it would end by itself. */
const askedFor = (now: Instant, { reason, recheckAt = now }: Refusal): Millis => (reason === 'ClaimedElsewhere' ? millis(0) : between(now, recheckAt))

/** A missing right is for a person to give; what is not for such a target leads to the next rung. */
function blockedBy({ reason, message }: Refusal, doubt: Instant | undefined): Ending {
  if (doubt !== undefined) return inconclusive(`the answer of the write was lost, and now: ${message}`, reason)
  return reason === 'Unsupported' ? failed(reason, message) : cancelled(reason, message)
}
