/**
 * Carry out and verify one HealingAction: begin (written down), look live, dry run, write as the healer, verify, settle.
 * After a crash at any point the same steps are taken again: what has landed is found by reading.
 */
import { parseDuration } from '../../shared/lib/duration.ts'
import { TerminalError } from '../../shared/lib/errors.ts'
import { printable } from '../../shared/lib/text.ts'
import { after, between, earliest, formatInstant, millis, minutes, parseInstant, seconds, type Clock, type Instant, type Millis } from '../../shared/lib/time.ts'
import type { HealingAction, HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { judge } from '../../shared/rules/judge.ts'
import type { Logger } from '../../shared/runtime/logger.ts'
import type { ReconcileResult } from '../../shared/runtime/reconcile-loop.ts'
import { plan } from '../actions/index.ts'
import type { Plan } from '../actions/action.ts'
import { confirm, settle } from '../healing/ledger.ts'
import { describe } from '../healing/owners.ts'
import { compilePolicy, type CompiledPolicy } from '../healing/policy.ts'
import { recheck } from '../healing/recheck.ts'
import type { Snapshot } from '../healing/snapshot.ts'
import { verify } from '../healing/verify.ts'
import type { ControllerMetrics } from '../metrics.ts'
import type { ClusterCache, LiveReader, LiveView } from '../ports/cluster.ts'
import type { Events } from '../ports/events.ts'
import type { Ledgers, PolicyKey } from '../ports/ledgers.ts'
import type { OwnObjects } from '../ports/objects.ts'
import type { TargetWriter, WriteResult } from '../ports/target-writer.ts'
import { cancelled, failed, finalStatus, inconclusive, laterRungs, verified, withCondition, type Ending } from './endings.ts'

export interface ActionReconcilerPorts {
  readonly cluster: ClusterCache
  readonly live: LiveReader
  readonly objects: OwnObjects
  readonly ledgers: Ledgers
  readonly writer: TargetWriter
  readonly events: Events
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: ControllerMetrics
}

/** A watch that was not heard for longer shows old pods: a verdict waits for it. */
const STALE = seconds(95)
const BREAKER_DEFAULTS = { failureThreshold: 3, openDuration: minutes(10) }
const FIRST_RETRY = seconds(2)
const LONGEST_RETRY = seconds(30)

type Phase = NonNullable<NonNullable<HealingAction['status']>['phase']>

export class ActionReconciler {
  readonly #ports: ActionReconcilerPorts

  constructor(ports: ActionReconcilerPorts) {
    this.#ports = ports
  }

  async reconcile(key: PolicyKey): Promise<ReconcileResult> {
    const action = this.#ports.objects.action(key)
    if (action === undefined) return {}
    const phase: Phase = action.status?.phase ?? 'Pending'
    switch (phase) {
      case 'Pending':
      case 'InProgress':
        return this.#carryOut(action)
      case 'Verifying':
        return this.#verify(action)
      case 'Succeeded':
      case 'Failed':
      case 'Cancelled':
        return {}
      default:
        return phase satisfies never
    }
  }

  async #carryOut(found: HealingAction): Promise<ReconcileResult> {
    const { clock, live, ledgers, objects } = this.#ports
    const now = clock.now()
    const { spec } = found
    const nextAttempt = parseInstant(found.status?.nextAttempt)
    if (nextAttempt !== undefined && now < nextAttempt) return { requeueAfter: between(now, nextAttempt) }

    const begun = parseInstant(found.status?.startTime)
    const view = await live.look(spec)
    const { target } = view
    // Begun before, and the object is going or gone: the write had landed, whether or not its answer was seen (I18).
    if (begun !== undefined && !spec.dryRun && (target === undefined || target.ref.uid !== spec.targetResource.uid || target.deleting)) {
      return this.#landed(found, begun, 'found by reading after an interruption')
    }
    const policy = compiled(view.policy)
    const refusal = recheck(spec, policy, target, liveSnapshot(view, now))
    if (refusal !== undefined) return this.#end(found, policy, cancelled(refusal.reason, refusal.message))
    const deadline = after(begun ?? now, parseDuration(spec.timeout) ?? minutes(10))
    if (now >= deadline) return this.#end(found, policy, failed(found.status?.result?.reason ?? 'Timeout', found.status?.result?.message ?? 'it could not be carried out in time'))
    const planned = target === undefined ? undefined : plan(spec.action, target)
    if (planned === undefined) return this.#end(found, policy, cancelled('NoAction', 'the action has no body for its type'))
    // The API server answers a bare 500 then.
    if (view.budgets.length > 1) {
      return this.#end(found, policy, failed('SeveralDisruptionBudgets', `${view.budgets.join(' and ')} both select the pod, which the eviction API does not support`))
    }

    if (!spec.dryRun) {
      const confirmed = await ledgers.admit(keyOf(spec.policyRef), (ledger) => confirm(ledger, found.metadata.name, now))
      if ('refusal' in confirmed) return this.#end(found, policy, cancelled(confirmed.refusal.reason, confirmed.refusal.message))
    }
    const action = await objects.writeActionStatus(found, {
      phase: 'InProgress',
      startTime: formatInstant(begun ?? now),
      attempts: (found.status?.attempts ?? 0) + 1,
      nextAttempt: null,
    })
    this.#log(action, begun === undefined ? 'began' : 'tried again')
    return this.#write(action, policy, planned, view, deadline)
  }

  async #write(action: HealingAction, policy: CompiledPolicy | undefined, planned: Plan, view: LiveView, deadline: Instant): Promise<ReconcileResult> {
    const { writer, live, clock } = this.#ports
    const { spec } = action
    // Before the write: the replacement may be there (in the second before) when its answer arrives.
    let sentAt: Instant | undefined
    for (const dryRun of spec.dryRun ? [true] : [true, false]) {
      for (const operation of planned.operations) {
        // Read before every write and retry, so that a silent watch cannot hide it (I10).
        if (!dryRun && (await live.killSwitch())) return this.#end(action, policy, cancelled('KillSwitch', 'the kill switch of the installation is on'))
        if (!dryRun) sentAt ??= clock.now()
        const result = await writer.write(operation, { action: action.metadata.name, dryRun })
        if (result.kind !== 'Done') return this.#notDone(action, policy, result, view, deadline, dryRun)
        this.#log(action, dryRun ? 'dry run passed' : 'written', { operation: operation.kind })
      }
    }
    const changes = planned.changes.map((change) => ({ resource: spec.targetResource, ...change }))
    if (spec.dryRun) {
      return this.#end(action, policy, {
        phase: 'Succeeded',
        settled: 'Cancelled',
        success: true,
        reason: 'DryRun',
        message: `would have evicted ${describe(spec.targetResource)}; nothing was written${laterRungs(action, policy)}`,
        changes,
      })
    }
    return this.#landed(action, sentAt ?? clock.now(), `evicted ${describe(spec.targetResource)}`, changes)
  }

  /** A write that did not happen, or may have. */
  async #notDone(
    action: HealingAction,
    policy: CompiledPolicy | undefined,
    result: Exclude<WriteResult, { kind: 'Done' }>,
    view: LiveView,
    deadline: Instant,
    dryRun: boolean,
  ): Promise<ReconcileResult> {
    const target = describe(action.spec.targetResource)
    switch (result.kind) {
      case 'Gone':
        return this.#end(action, policy, cancelled('TargetGone', `${target} went by itself`))
      case 'Forbidden':
        return this.#end(
          action,
          policy,
          failed('HealerForbidden', `the healer of ${action.metadata.namespace} may not do this; apply the output of: kubeskippy enable -n ${action.metadata.namespace} -o yaml`),
        )
      case 'Refused':
        return this.#end(action, policy, failed('WriteRefused', `the API server refused the write (${result.code})`))
      case 'BudgetRefused': {
        const message = `disruption budget ${view.budgets.join(', ')} allows no eviction of ${target} now`
        // A dry run has its answer; there is nothing to wait for.
        return action.spec.dryRun ? this.#end(action, policy, failed('DisruptionBudget', message)) : this.#later(action, 'DisruptionBudget', message, deadline)
      }
      case 'Later':
        return this.#later(action, 'Throttled', 'the API server asked to come back later', deadline, result.retryAfter)
      case 'Changed':
        return this.#later(action, 'TargetChanged', `${target} changed between the look and the write`, deadline, millis(200))
      case 'Unknown':
        return this.#later(action, dryRun ? 'Unreachable' : 'Ambiguous', 'the answer of the API server was lost; the next look tells', deadline, millis(500))
      default:
        return result satisfies never
    }
  }

  async #later(action: HealingAction, reason: string, message: string, deadline: Instant, delay?: Millis): Promise<ReconcileResult> {
    const now = this.#ports.clock.now()
    const backoff = Math.min(FIRST_RETRY * 2 ** Math.min(10, (action.status?.attempts ?? 1) - 1), LONGEST_RETRY)
    const next = earliest(deadline, after(now, delay ?? millis(backoff)))
    this.#log(action, 'will try again', { reason })
    await this.#ports.objects.writeActionStatus(action, { nextAttempt: formatInstant(next), result: { success: false, reason, message: printable(message, 1000) } })
    return { requeueAfter: millis(Math.max(50, between(now, next))) }
  }

  async #landed(action: HealingAction, at: Instant, message: string, changes?: Ending['changes']): Promise<ReconcileResult> {
    const { objects, events, metrics } = this.#ports
    const { spec } = action
    await objects.writeActionStatus(action, {
      phase: 'Verifying',
      actedAt: formatInstant(at),
      nextAttempt: null,
      result: { success: true, reason: 'Executed', message, ...(changes === undefined ? {} : { changes }) },
      conditions: withCondition(action, { type: 'Executed', status: 'True', reason: 'Executed', message }, at),
    })
    this.#log(action, 'acted', { detail: message })
    events.record(action, { type: 'Normal', reason: 'Acted', action: spec.action.type, note: message })
    const since = parseInstant(spec.trigger.since)
    if (since !== undefined) metrics.acted.observe({}, between(since, at) / 1000)
    return { requeueAfter: millis(50) }
  }

  async #verify(action: HealingAction): Promise<ReconcileResult> {
    const { clock, cluster, objects } = this.#ports
    const now = clock.now()
    const { spec, status } = action
    const stored = objects.policy(keyOf(spec.policyRef))
    const policy = compiled(stored)
    const actedAt = parseInstant(status?.actedAt)
    if (policy === undefined || actedAt === undefined) {
      return this.#end(action, policy, inconclusive(policy === undefined ? 'the policy is gone' : 'the time of the act is unreadable'))
    }
    const { healthCheckTimeout, stabilizationWindow } = policy.limits
    if (cluster.age() > STALE) {
      const end = after(actedAt, millis(healthCheckTimeout + stabilizationWindow + minutes(1)))
      return now < end ? { requeueAfter: seconds(5) } : this.#end(action, policy, inconclusive('the pods could not be watched'))
    }
    const verdict = verify(
      policy,
      { trigger: spec.trigger.name, subject: { namespace: spec.policyRef.namespace, ...spec.incident.subject }, targetUid: spec.targetResource.uid ?? '', actedAt },
      { ...cluster.world(spec.policyRef.namespace), now, findings: stored?.status?.findings ?? [] },
    )
    if (verdict.kind === 'Wait') {
      const healthySince = verdict.healthySince === undefined ? null : formatInstant(verdict.healthySince)
      if ((status?.healthySince ?? null) !== healthySince) {
        await objects.writeActionStatus(action, { healthySince, replacements: verdict.replacements.slice() })
      }
      return { requeueAfter: millis(Math.max(50, between(now, verdict.until))) }
    }
    return this.#end(action, policy, verified(verdict))
  }

  /** Settle first: a crash in between settles again, which changes nothing, and then ends the action. */
  async #end(action: HealingAction, policy: CompiledPolicy | undefined, ending: Ending): Promise<ReconcileResult> {
    const { ledgers, objects, events, metrics, clock } = this.#ports
    const now = clock.now()
    const { spec, metadata } = action
    if (!spec.dryRun) {
      const ladder = policy?.triggers.find((t) => t.name === spec.trigger.name)?.ladder.length ?? 0
      await ledgers.update(keyOf(spec.policyRef), (ledger) =>
        settle(
          ledger,
          { action: metadata.name, outcome: ending.settled, rung: spec.incident.rung, ladder, healthySince: ending.healthySince },
          policy?.limits.breaker ?? BREAKER_DEFAULTS,
          now,
        ),
      )
    }
    const { phase, outcome, success, reason, message } = ending
    await objects.writeActionStatus(action, finalStatus(action, ending, now))
    this.#log(action, 'ended', { phase, outcome, reason, detail: message })
    events.record(action, { type: success ? 'Normal' : 'Warning', reason: outcome ?? reason, action: spec.action.type, note: message })
    metrics.actions.inc({ action: spec.action.type, phase, outcome: outcome ?? 'None', dry_run: String(spec.dryRun) })
    const since = parseInstant(spec.trigger.since)
    if (since !== undefined && outcome !== undefined) metrics.verified.observe({}, between(since, now) / 1000)
    return {}
  }

  /** One structured line per step; the action's name is the correlation id. */
  #log(action: HealingAction, step: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const { policyRef, incident, targetResource } = action.spec
    this.#ports.log.info(step, { action: action.metadata.name, policy: `${policyRef.namespace}/${policyRef.name}`, incident: incident.id, target: targetResource.name, ...fields })
  }
}

const keyOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }): PolicyKey => ({ namespace, name })

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
    actions: new Set(),
    findings: policy?.status?.findings ?? [],
  }
}

