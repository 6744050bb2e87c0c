/**
 * What is written of an action while it is carried out, and what people are told of it. Each status is conditional on
 * the one that was read: of two that go on with one action, one is the first, and the other looks again.
 */
import { sameJson } from '../../shared/lib/json.ts'
import { printable } from '../../shared/lib/text.ts'
import { after, between, earliest, formatInstant, millis, parseInstant, seconds, type Clock, type Instant, type Millis } from '../../shared/lib/time.ts'
import { CORRELATION_LABEL } from '../../shared/api/v1alpha1/names.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import type { Constant, Fields, Logger } from '../../shared/runtime/logger.ts'
import { backoffDelay } from '../../shared/runtime/backoff.ts'
import type { ReconcileResult } from '../../shared/runtime/reconcile-loop.ts'
import type { Random } from '../../shared/runtime/timers.ts'
import type { DryRun } from '../actions/action.ts'
import type { Intent } from '../actions/fields.ts'
import { MOST_CHANGES } from '../../shared/rules/patches/changes.ts'
import { correlationOf } from '../healing/correlation.ts'
import { causeOf, type CompiledPolicy } from '../healing/policy.ts'
import { REFUSAL_REASONS, type RefusalReason } from '../healing/refusal.ts'
import type { ObjectRef } from '../healing/snapshot.ts'
import { retryOf } from '../healing/retry.ts'
import type { ControllerMetrics } from '../metrics.ts'
import type { EventNote, Events } from '../ports/events.ts'
import type { Ledgers, PolicyKey } from '../ports/ledgers.ts'
import type { OwnObjects, StatusPatch } from '../ports/objects.ts'
import type { Evidence } from '../analysis/evidence.ts'
import type { AuditTrail } from './audit-trail.ts'
import { finalStatus, settled, withCondition, type Ending } from './endings.ts'
import { endShare, landShare } from './shared-slots.ts'

export interface ActionRecordPorts {
  readonly objects: OwnObjects
  readonly ledgers: Ledgers
  readonly events: Events
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: ControllerMetrics
  readonly random: Random
  readonly trail: AuditTrail
}

/** Why it was not done this time, and when it is tried again: by the action's retry policy, or beginning with `first`. */
export interface Delay {
  readonly reason: string
  readonly message: string
  readonly first?: Millis
  /** What the API server asked for; never less. */
  readonly asked?: Millis | undefined
  /** How the try before it ended. */
  readonly after?: string | undefined
  /** It counts against the attempts that the retry policy allows. */
  readonly failed?: true
}

/** Own state that cannot be read is looked at again: a person may have mended it. */
export const UNREADABLE_RETRY = seconds(30)

/** Of a try: it may have written, as its answer was lost or nobody was there to hear it. */
export const AMBIGUOUS = 'Ambiguous'
export const DISRUPTION_BUDGET = 'DisruptionBudget'

/** What the earlier steps of an act have changed. */
const earlierChanges = ({ status }: HealingAction): NonNullable<Ending['changes']> => status?.result?.changes ?? []

/** As the schema has it. */
const MOST_EVICTIONS = 64

const PENDING_APPROVAL: RefusalReason = 'PendingApproval'
export const isAsked = ({ status }: HealingAction): boolean => status?.result?.reason === PENDING_APPROVAL

/** Between looks at the pods that an act of several steps waits for. */
const STEP = seconds(1)
/** What a person may have to do something about while it waits. That the target changed meanwhile is looked at again at once. */
const TOLD: ReadonlySet<string> = new Set<string>([...REFUSAL_REASONS.filter((reason) => reason !== 'TargetChanged'), DISRUPTION_BUDGET])
/** I16: what is possible again is done within half a minute. */
const LONGEST_RETRY = seconds(30)
/** So that what failed together does not come back together. */
const JITTER = 0.5

export class ActionRecord {
  readonly #ports: ActionRecordPorts

  constructor(ports: ActionRecordPorts) {
    this.#ports = ports
  }

  /** Before the first write of every attempt. How the last one ended is taken away: until this one has an end, it may have written. */
  async began(action: HealingAction, at: Instant, evidence?: Evidence): Promise<HealingAction> {
    const before = action.status?.startTime
    const changes = earlierChanges(action)
    const begun = await this.#ports.objects.writeActionStatus(action, {
      phase: 'InProgress',
      startTime: before ?? formatInstant(at),
      attempts: (action.status?.attempts ?? 0) + 1,
      nextAttempt: null,
      // What earlier steps have changed is kept.
      result: changes.length === 0 ? null : { success: false, reason: AMBIGUOUS, message: 'the next step is under way', changes: [...changes] },
      ...(evidence === undefined ? {} : { evidence }),
    })
    this.log(begun, before === undefined ? 'began' : 'tried again')
    return begun
  }

  /** For `kubectl get` and `kubectl wait`: it waits for a person. Written once. `shown`: what would be changed, where the decision could not say. */
  async waiting(action: HealingAction, until: Instant, shown?: DryRun): Promise<void> {
    const { name, namespace } = action.metadata
    const message = `waits for approval until ${formatInstant(until)}: kubeskippy approve ${name} -n ${namespace}`
    await this.#ports.objects.writeActionStatus(action, {
      phase: 'Pending',
      result: { success: false, reason: PENDING_APPROVAL, message, ...(shown === undefined ? {} : { changes: shown.changes.map((change) => ({ resource: action.spec.targetResource, ...change })) }) },
      ...(shown === undefined ? {} : { intent: shown.intent.slice() }),
      conditions: withCondition(action, { type: 'Approved', status: 'Unknown', reason: PENDING_APPROVAL, message }, this.#ports.clock.now()),
    })
    this.log(action, 'waits for approval', { until: formatInstant(until) })
  }

  /** The approval came in time, and its deadline does not matter any more. */
  async approved(action: HealingAction, by: string, why: string, at: Instant): Promise<HealingAction> {
    const message = printable(`approved by ${by}${why === '' ? '' : `: ${why}`}`, 1000)
    const noted = await this.#ports.objects.writeActionStatus(action, {
      phase: 'Approved',
      approvedAt: formatInstant(at),
      result: null,
      conditions: withCondition(action, { type: 'Approved', status: 'True', reason: 'Approved', message }, at),
    })
    this.log(action, 'approved', { by: printable(by, 253) })
    this.#ports.trail.tell(noted)
    this.#tell(action, { type: 'Normal', reason: 'Approved', action: action.spec.action.type, note: message })
    return noted
  }

  /** Before the first real write of fields. Noted once: a later try is to make the same. */
  async intends(action: HealingAction, intent: readonly Intent[]): Promise<HealingAction> {
    if (intent.length === 0 || sameJson(action.status?.intent, intent)) return action
    return this.#ports.objects.writeActionStatus(action, { intent: intent.slice() })
  }

  /** Before the write that takes it back. */
  async undoing(action: HealingAction, because: string, at: Instant): Promise<HealingAction> {
    const noted = await this.#ports.objects.writeActionStatus(action, { undo: { begunAt: formatInstant(at), because: printable(because, 1000) } })
    this.log(noted, 'takes it back', { detail: because })
    // Before the writes that follow at once.
    this.#ports.trail.tell(noted)
    return noted
  }

  /** Before the evictions that follow it. A longer list than is kept leaves its beginning out. */
  async evicting(action: HealingAction, pods: readonly ObjectRef[]): Promise<HealingAction> {
    const undo = action.status?.undo
    const evicts = [...(undo?.evicts ?? []).filter(({ uid }) => !pods.some((pod) => pod.uid === uid)), ...pods].slice(-MOST_EVICTIONS)
    if (undo === undefined || sameJson(undo.evicts, evicts)) return action
    const noted = await this.#ports.objects.writeActionStatus(action, { undo: { ...undo, evicts } })
    this.log(noted, 'evicts pods that keep what was taken back', { pods: pods.map(({ name }) => name) })
    return noted
  }

  /** Nothing can be written before what came of the last step is there. */
  async progressed(action: HealingAction, message: string): Promise<ReconcileResult> {
    const result = { success: false, reason: 'InProgress', message, changes: [...earlierChanges(action)] }
    if (!sameJson(action.status?.result, result)) await this.#ports.objects.writeActionStatus(action, { result })
    return { requeueAfter: STEP }
  }

  /** One step of several has landed. */
  async stepped(action: HealingAction, message: string, changes: NonNullable<Ending['changes']> = []): Promise<ReconcileResult> {
    const { attempts = 0, steps } = action.status ?? {}
    const done = (steps?.done ?? 0) + 1
    const result = { success: false, reason: 'InProgress', message: printable(message, 1000), changes: [...earlierChanges(action), ...changes].slice(-MOST_CHANGES) }
    await this.#ports.objects.writeActionStatus(action, { steps: { done, attempts }, nextAttempt: null, result })
    this.log(action, 'step done', { step: done, detail: message })
    return { requeueAfter: STEP }
  }

  async delayed(action: HealingAction, { reason, message, first, asked = millis(0), failed, after: previous }: Delay, deadline: Instant): Promise<ReconcileResult> {
    const { clock, metrics } = this.#ports
    const now = clock.now()
    const { attempts: tries = 1, steps } = action.status ?? {}
    // Every step has its own patience: that the ones before it had to wait tells nothing of it.
    const attempts = Math.max(1, tries - (steps?.attempts ?? 0))
    const { delay, multiplier } = retryOf(action.spec)
    const base = first ?? delay
    const pause = backoffDelay({ base, multiplier, max: millis(Math.max(LONGEST_RETRY, base)), jitter: JITTER }, attempts, this.#ports.random)
    const next = earliest(deadline, after(now, millis(Math.max(asked, pause))))
    this.log(action, 'will try again', { reason, retryAt: formatInstant(next) })
    metrics.refusals.inc({ reason })
    // Told once: what follows are repeats of the same answer.
    if (TOLD.has(reason) && (previous ?? action.status?.result?.reason) !== reason) this.#tell(action, { type: 'Warning', reason, action: action.spec.action.type, note: `${message}; trying again until ${formatInstant(deadline)}` })
    await this.#ports.objects.writeActionStatus(action, {
      nextAttempt: formatInstant(next),
      result: { success: false, reason, message: printable(message, 1000), ...(earlierChanges(action).length === 0 ? {} : { changes: [...earlierChanges(action)] }) },
      ...(failed === true ? { failedAttempts: (action.status?.failedAttempts ?? 0) + 1 } : {}),
    })
    return { requeueAfter: millis(Math.max(50, between(now, next))) }
  }

  async landed(action: HealingAction, at: Instant, message: string, changes?: Ending['changes']): Promise<ReconcileResult> {
    const { objects, metrics, ledgers, clock } = this.#ports
    const { spec } = action
    const known = clock.now()
    await objects.writeActionStatus(action, {
      phase: 'Verifying',
      actedAt: formatInstant(at),
      nextAttempt: null,
      result: { success: true, reason: 'Executed', message, ...(changes === undefined ? {} : { changes }) },
      // Which may be later: it was found by looking.
      conditions: withCondition(action, { type: 'Executed', status: 'True', reason: 'Executed', message }, known),
    })
    if (!spec.dryRun) await landShare(ledgers, action, known)
    this.log(action, 'acted', { detail: message })
    this.#tell(action, { type: 'Normal', reason: 'Acted', action: spec.action.type, note: message })
    const { apiVersion, kind, namespace, name, uid } = spec.targetResource
    // Whoever runs another namespace sees there who did it: he may not read the action.
    if (namespace !== spec.policyRef.namespace) this.#tell(action, { type: 'Normal', reason: 'Acted', action: spec.action.type, note: `${message} (HealingAction ${action.metadata.namespace}/${action.metadata.name})` }, { apiVersion, kind, metadata: { namespace, name, uid } })
    const since = parseInstant(spec.trigger.since)
    if (since !== undefined) metrics.acted.observe({}, between(since, at) / 1000)
    return { requeueAfter: millis(50) }
  }

  async healthy(action: HealingAction, since: Instant | undefined, replacements: readonly string[]): Promise<void> {
    const healthySince = since === undefined ? null : formatInstant(since)
    if ((action.status?.healthySince ?? null) === healthySince) return
    await this.#ports.objects.writeActionStatus(action, { healthySince, replacements: replacements.slice() })
  }

  /** The status decides, since only one writer can win it; the ledger follows. After a crash in between the policy's reconcile settles. */
  async ended(action: HealingAction, policy: CompiledPolicy | undefined, ending: Ending): Promise<ReconcileResult> {
    const { ledgers, objects, metrics, clock } = this.#ports
    const now = clock.now()
    const { spec } = action
    const { phase, outcome, success, reason, message } = ending
    const last = await objects.writeActionStatus(action, finalStatus(action, ending, now))
    this.log(action, 'ended', { phase, outcome, reason, detail: message })
    this.#tell(action, { type: success ? 'Normal' : 'Warning', reason, action: spec.action.type, note: message })
    if (!success && reason !== outcome) metrics.refusals.inc({ reason })
    metrics.actions.inc({ action: spec.action.type, trigger_type: (policy === undefined ? undefined : causeOf(policy, spec.trigger.name)?.type) ?? 'none', phase, outcome: outcome ?? 'None', dry_run: String(spec.dryRun) })
    const since = parseInstant(spec.trigger.since)
    if (since !== undefined && outcome !== undefined) metrics.verified.observe({}, between(since, now) / 1000)
    // Before it is settled, which is done again until it has been done: so is this.
    this.#ports.trail.tell(last)
    await endShare(ledgers, last, now)
    await ledgers.update(keyOf(spec.policyRef), (ledger) => settled(ledger, last, policy, now))
    return {}
  }

  /** A status that nobody can have written in good faith is replaced whole: nothing of it is believed. */
  async unreadable(action: HealingAction, policy: CompiledPolicy | undefined, ending: Ending): Promise<ReconcileResult> {
    const nothing = { attempts: null, failedAttempts: null, evidence: null, approvedAt: null, startTime: null, actedAt: null, steps: null, nextAttempt: null, healthySince: null, replacements: null, intent: null, undo: null, completionTime: null, result: null } satisfies StatusPatch
    const { status: _, ...bare } = action
    // Ended at once, should there be no second write.
    const { phase, outcome = null } = ending
    const cleared = await this.#ports.objects.writeActionStatus(action, { ...nothing, phase, outcome, conditions: null })
    return this.ended({ ...bare, metadata: cleared.metadata }, policy, ending)
  }

  #tell(action: HealingAction, note: EventNote, regarding: Parameters<Events['record']>[0] = action): void {
    this.#ports.events.record(regarding, { ...note, labels: { [CORRELATION_LABEL]: correlationOf(action.spec) } })
  }

  /** One structured line per step. */
  log<S extends string>({ metadata, spec }: HealingAction, step: Constant<S>, fields: Fields = {}): void {
    this.#ports.log.info(step, { ...logFields({ name: metadata.name, spec }), ...fields })
  }
}

/** By these an action is found in the log. */
export const logFields = ({ name, spec }: { readonly name: string; readonly spec: HealingAction['spec'] }): Fields => ({
  correlationId: correlationOf(spec),
  action: name,
  policy: `${spec.policyRef.namespace}/${spec.policyRef.name}`,
  incident: spec.incident.id,
  target: spec.targetResource.name,
})

export const keyOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }): PolicyKey => ({ namespace, name })
