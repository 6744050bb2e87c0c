/** Decide and record: from a policy and the world to reservations, HealingActions and a status. Carries nothing out. */
import { isPod } from '../../shared/api/v1alpha1/kinds.ts'
import { CORRELATION_LABEL } from '../../shared/api/v1alpha1/names.ts'
import { TerminalError } from '../../shared/lib/errors.ts'
import { sameJson } from '../../shared/lib/json.ts'
import { remembered as rememberedByObject } from '../../shared/lib/remembered.ts'
import { after, between, millis, parseInstant, seconds, type Instant } from '../../shared/lib/time.ts'
import type { HealingPolicy, HealingPolicyStatus } from '../../shared/api/v1alpha1/types.ts'
import { ACCEPTED } from '../../shared/rules/across/standing.ts'
import { grantOf } from '../../shared/rules/exemptions.ts'
import { judge } from '../../shared/rules/judge.ts'
import type { Violation } from '../../shared/rules/violation.ts'
import type { ReconcileResult } from '../../shared/runtime/reconcile-loop.ts'
import { isOpen } from '../healing/budget.ts'
import { concerns, type Change } from '../healing/concern.ts'
import { correlationOf } from '../healing/correlation.ts'
import { evaluate, type Evaluation, type PlannedAction } from '../healing/evaluate.ts'
import { emptyLedger, release, reserve, type Ledger } from '../healing/ledger.ts'
import { healerForbidden } from '../healing/guards.ts'
import { announced, reasonOfEscalation, whyEscalated } from '../healing/incidents.ts'
import { describe, describeFrom } from '../healing/owners.ts'
import { withConsent, withHealer } from '../healing/places.ts'
import { compilePolicy, type CompiledPolicy } from '../healing/policy.ts'
import { QUIET_REASONS, type Refusal } from '../healing/refusal.ts'
import { deadlineOf } from '../healing/retry.ts'
import { claimOf } from '../healing/subject-claims.ts'
import { emptyBudget, scopesOf } from '../healing/shared-budget.ts'
import { actOn, type Snapshot, type WorkloadView } from '../healing/snapshot.ts'
import { CONSENTED, policyStatus, remembered } from '../healing/status.ts'
import { stepStorm, withStorm, type Count } from '../healing/storm.ts'
import type { ClusterCache, LiveReader } from '../ports/cluster.ts'
import { LedgerUnreadable, textOf, type PolicyKey } from '../ports/ledgers.ts'
import { logFields, UNREADABLE_RETRY, type ActionRecordPorts } from './action-record.ts'
import { compiled } from './attempt.ts'
import { CONSENT_LIFETIME, Consents } from './consents.ts'
import { whatForbade } from './endings.ts'
import { Neighbourhoods } from './neighbourhoods.ts'
import { abandonAct, abandonOrphans, ORPHAN_AGE, outlive, settleEnded } from './policy-ledger.ts'
import { takeSlots } from './shared-slots.ts'
import { StormWatch } from './storm-watch.ts'
import { tellBroken, tellUnreadable } from './unjudged.ts'

export interface PolicyReconcilerPorts extends ActionRecordPorts {
  readonly cluster: ClusterCache
  readonly live: Pick<LiveReader, 'readiness' | 'claims' | 'consent'>
  readonly shard: ShardOfPolicies
}

/** What one of these judges of all policies. */
export interface ShardOfPolicies {
  has(namespace: string): boolean
  /** What the other shards select; undefined: not known of all of them. */
  elsewhere(): readonly Count[] | undefined
  /** Tells the other shards what is counted here, and hears what is counted there. */
  exchange(): Promise<void>
}

/** A right is given by a person. */
const FORBIDDEN_RETRY = seconds(15)

export class PolicyReconciler {
  readonly #ports: PolicyReconcilerPorts
  readonly #storms: StormWatch
  readonly #consents: Consents
  readonly #neighbourhoods: Neighbourhoods
  /** Of a policy that is in nobody's way: what its rules say does not change before it does. */
  readonly #judged = rememberedByObject((installation: Snapshot['installation']) => rememberedByObject((stored: HealingPolicy) => judge(stored, { installation })))

  /** Of each policy whom what it selected last belongs to. */
  readonly #subjects = new Map<string, ReadonlySet<string>>()
  readonly #compiled = rememberedByObject((stored: HealingPolicy) => compiled(stored))

  constructor(ports: PolicyReconcilerPorts) {
    this.#ports = ports
    this.#storms = new StormWatch(ports.ledgers, () => ports.shard.elsewhere())
    this.#consents = new Consents(ports.live, ports.clock)
    this.#neighbourhoods = new Neighbourhoods(ports.objects, this.#consents)
  }

  /** What the automatic policies of this shard select; undefined: not all of them have been judged yet. */
  get counted(): Count | undefined {
    return this.#storms.counted(this.#automatic)
  }

  get #automatic(): readonly PolicyKey[] {
    const { objects, shard } = this.#ports
    const keys = objects.allPolicies().filter(({ spec }) => spec.mode === 'automatic').map(({ metadata: { namespace = '', name } }) => ({ namespace, name }))
    return keys.filter(({ namespace }) => shard.has(namespace))
  }

  /** Whether a policy looks at what has changed. One that cannot be read is looked at whatever changes: it says so. */
  concerned(stored: HealingPolicy, change: Change): boolean {
    const policy = this.#compiled(stored)
    return policy === undefined || concerns(policy, this.#subjects.get(textOf(policy)), change)
  }

  async reconcile(key: PolicyKey): Promise<ReconcileResult> {
    const { objects, clock, metrics } = this.#ports
    const policy = objects.policy(key)
    const now = clock.now()
    const malformed = policy === undefined ? undefined : objects.malformedStatus(policy)
    if (policy !== undefined && malformed !== undefined) {
      metrics.ledgerUnreadable.inc({})
      this.#storms.report(key)
      tellUnreadable(this.#ports, policy, malformed)
      return { requeueAfter: UNREADABLE_RETRY }
    }
    const broken = async (reason: 'LedgerUnreadable' | 'NotCompiled', message: string, violations?: readonly Violation[]): Promise<void> => {
      if (policy === undefined) return
      this.#storms.report(key)
      await tellBroken(this.#ports, policy, reason, message, now, violations)
    }
    try {
      return policy === undefined ? await this.#gone(key, now) : await this.#judge(policy, key, now)
    } catch (error) {
      if (error instanceof LedgerUnreadable) {
        metrics.ledgerUnreadable.inc({})
        await broken('LedgerUnreadable', error.message)
        return { requeueAfter: UNREADABLE_RETRY }
      }
      if (policy === undefined || !(error instanceof TerminalError)) throw error
      // What does not compile came past the door: the rules say of it what the door would have said.
      const { installation } = this.#ports.cluster.world(key.namespace, new Map())
      await broken('NotCompiled', error.message, judge(policy, { installation }).violations)
      return {}
    }
  }

  async #judge(stored: HealingPolicy, key: PolicyKey, now: Instant): Promise<ReconcileResult> {
    const { cluster, ledgers, metrics } = this.#ports
    const policy = compilePolicy(stored)
    const world = cluster.world(key.namespace, await this.#consents.reach(policy))
    const around = await this.#neighbourhoods.around(stored, world)
    const { violations, warnings } = around === undefined ? this.#judged(world.installation)(stored) : judge(stored, { installation: world.installation, around })
    const exempted = { violations: warnings.filter(({ lowered }) => lowered === 'Exempted'), grant: grantOf(stored) }
    const known = await settleEnded(this.#ports, key, policy, await ledgers.read(key), now)
    const reserved = (known?.entries ?? []).filter(isOpen).map((e) => e.action)
    const snapshot: Snapshot = {
      ...world,
      now,
      violations,
      forbidden: new Map(),
      ledger: known,
      budgets: await Promise.all(scopesOf(key.namespace, ...policy.namespaces).map(async (scope) => (await ledgers.readBudget(scope)) ?? emptyBudget(scope))),
      actions: new Set(reserved.filter((name) => this.#ports.objects.action({ namespace: key.namespace, name }) !== undefined)),
      ...remembered(stored.status, policy.generation),
    }
    const evaluation = await this.#evaluate(policy, snapshot)
    this.#subjects.set(textOf(key), evaluation.subjects)
    metrics.evaluations.inc({ decision: evaluation.decision.kind, reason: reasonOf(evaluation) })

    let ledger = await this.#upkeep(key, policy, snapshot, evaluation)
    let again: Instant | undefined = evaluation.recheckAt
    if (evaluation.decision.kind === 'Act') {
      for (const action of evaluation.decision.actions) {
        const recorded = await this.#record(stored, policy, key, action, snapshot)
        if (recorded === undefined) again = after(now, seconds(1))
        else ledger = recorded
      }
    }
    ledger = await abandonOrphans(this.#ports, key, policy, ledger, now)
    ledger = await this.#announce(stored, key, ledger)
    await this.#writeStatus(stored, policyStatus({ policy, evaluation, ledger, violations, exempted, now, previous: stored.status }))
    const orphan = ledger.entries.some((e) => isOpen(e) && (e.state === 'Reserved' || !snapshot.actions.has(e.action))) ? after(now, ORPHAN_AGE) : undefined
    const ask = world.others.size === 0 ? undefined : after(now, CONSENT_LIFETIME)
    const next = [again, orphan, ask].filter((t) => t !== undefined).sort((a, b) => a - b)[0]
    return next === undefined ? {} : { requeueAfter: millis(Math.max(50, between(now, next))) }
  }

  /** What is asked only when there is something to do costs a quiet cluster neither list nor review. What is refused then may make room for another act, of which it is asked too. */
  async #evaluate(policy: CompiledPolicy, snapshot: Snapshot): Promise<Evaluation> {
    const alone = evaluate(policy, snapshot)
    const asked = new Set<string>()
    let informed = await this.#weathered(policy, snapshot, alone)
    let evaluation = informed === snapshot ? alone : evaluate(policy, informed)
    for (;;) {
      const { decision } = evaluation
      const unasked = decision.kind === 'Act' ? decision.actions.filter(({ name }) => !asked.has(name)) : []
      if (unasked.length === 0) return evaluation
      for (const { name } of unasked) asked.add(name)
      const before = informed
      informed = await this.#informed(policy, unasked, before)
      if (informed !== before) evaluation = evaluate(policy, informed)
    }
  }

  /** The snapshot with the autoscalers, with targets that no watch has, and with who may not do what, and where. */
  async #informed(policy: CompiledPolicy, actions: readonly PlannedAction[], before: Snapshot): Promise<Snapshot> {
    const { live } = this.#ports
    const { now } = before
    const written = new Set(actions.flatMap(({ spec: { targetResource } }) => (isPod(targetResource) ? [] : [targetResource.namespace])))
    const claims = (await Promise.all([...written].map((namespace) => live.claims(namespace)))).flat()
    const forbidden = new Map<string, Refusal>()
    const seen: WorkloadView[] = []
    let snapshot = before
    for (const { spec } of actions) {
      const { namespace } = spec.targetResource
      const consent = namespace === policy.namespace ? 'Given' : await this.#consents.ask(policy.namespace, namespace)
      if (consent !== 'Given') {
        snapshot = withConsent(snapshot, namespace, consent)
        continue
      }
      const { healer, blocked, target } = await live.readiness(spec)
      if (healer === 'Missing') snapshot = withHealer(policy, snapshot, namespace, healer)
      const what = actOn(spec.action, spec.targetResource)
      if (healer === 'Forbidden') forbidden.set(what, healerForbidden(namespace, spec.action.name, now))
      else if (blocked !== undefined) forbidden.set(what, { ...blocked, recheckAt: after(now, FORBIDDEN_RETRY) })
      if (target !== undefined) seen.push(target)
    }
    if (snapshot === before && claims.length + forbidden.size + seen.length === 0) return before
    return { ...snapshot, claims: [...snapshot.claims, ...claims], forbidden: new Map([...snapshot.forbidden, ...forbidden]), workloads: [...snapshot.workloads, ...seen] }
  }

  /** The snapshot with the storm of the whole cluster as it is with what was just seen. */
  async #weathered(policy: CompiledPolicy, snapshot: Snapshot, { census, decision }: Evaluation): Promise<Snapshot> {
    this.#storms.report(policy, policy.mode === 'automatic' ? census : undefined)
    // What is unhealthy everywhere at once must not be healed in each shard because none knows of the others yet.
    if (decision.kind === 'Act') await this.#ports.shard.exchange()
    const cluster = await this.#storms.step(this.#automatic, snapshot.installation, snapshot.now)
    if (cluster === undefined || sameJson(cluster, snapshot.budgets.find(({ scope }) => scope === 'Cluster'))) return snapshot
    return { ...snapshot, budgets: snapshot.budgets.map((budget) => (budget.scope === 'Cluster' ? cluster : budget)) }
  }

  /** Incidents that ended or became quiet. On a lost swap the ledger is left to the next evaluation. */
  async #upkeep(key: PolicyKey, policy: CompiledPolicy, { ledger, now }: Snapshot, evaluation: Evaluation): Promise<Ledger> {
    const before = ledger ?? emptyLedger(policy)
    const gone = before.goneSince !== undefined
    if (!gone && sameJson(evaluation.ledger, before)) return before
    return this.#ports.ledgers.update(key, (fresh) => {
      const { goneSince: _, ...alive } = fresh
      const { incidents, nextOrdinal, timeToHeal, storm } = evaluation.ledger
      if (sameJson(fresh, before)) return withStorm({ ...alive, incidents, nextOrdinal, ...(timeToHeal === undefined ? {} : { timeToHeal }) }, storm)
      // A storm is never lost to a lost swap.
      const kept = gone ? alive : fresh
      return withStorm(kept, policy.mode === 'monitor' ? undefined : stepStorm(kept.storm, evaluation.weather, now))
    })
  }

  /** Reserve, then create (a dry run: the other way round). undefined: refused on the fresh ledger, or its name is taken by another decision. */
  async #record(stored: HealingPolicy, policy: CompiledPolicy, key: PolicyKey, action: PlannedAction, { installation, now }: Snapshot): Promise<Ledger | undefined> {
    const { ledgers, objects, events, log, metrics } = this.#ports
    const fields = logFields(action)
    const dry = action.spec.dryRun
    // A dry run takes no slot, so its record comes first: a crash before the incident is noted makes the same one again.
    const shown = dry ? await objects.createAction(action.name, action.spec) : undefined
    const admission = await ledgers.admit(key, (ledger) => reserve(ledger, action.request, policy.limits, now))
    if ('refusal' in admission) {
      log.info('reservation refused', { ...fields, reason: admission.refusal.reason })
      return undefined
    }
    // What waits for approval takes them when it is carried out.
    if (!dry && action.request.approval !== true) {
      const claim = claimOf(action.spec, policy.limits, deadlineOf(action.spec, now))
      const full = await takeSlots(ledgers, { action: action.name, policy: key, target: action.spec.targetResource.namespace, claim }, installation, now)
      if (full !== undefined) {
        log.info('reservation refused', { ...fields, reason: full.reason })
        await ledgers.update(key, (ledger) => release(ledger, action.name, policy.limits.breaker, now))
        return undefined
      }
    }
    log.info('reserved', fields)
    const created = shown ?? (await objects.createAction(action.name, action.spec))
    if (created === 'Differs') {
      log.error('another decision has this name', fields)
      return abandonAct(ledgers, key, policy, action.name, now)
    }
    if (created === 'Created') {
      const { spec } = action
      log.info('decided', { ...fields, dryRun: spec.dryRun, trigger: spec.trigger.name, evidence: spec.trigger.evidence })
      const asked = spec.approvalRequired === true ? `; kubeskippy approve (or reject) ${action.name} -n ${key.namespace}, until ${spec.approvalDeadline}` : ''
      events.record(stored, {
        type: 'Normal',
        reason: spec.dryRun ? 'DecidedDryRun' : asked === '' ? 'Decided' : 'ApprovalRequested',
        action: spec.action.type,
        labels: { [CORRELATION_LABEL]: correlationOf(spec) },
        note: `${spec.action.name} of ${describeFrom(key.namespace, spec.targetResource)} (${action.name}): ${spec.trigger.evidence}${again(spec.incident.recurrence)}${asked}`,
      })
      const since = parseInstant(spec.trigger.since)
      if ((spec.incident.recurrence ?? 0) > 0) metrics.recurrences.inc({})
      if (since !== undefined) metrics.decided.observe({}, between(since, now) / 1000)
    }
    return admission.ledger
  }

  /** Once per incident: the event first, so that a crash in between repeats it rather than losing it. */
  async #announce(stored: HealingPolicy, key: PolicyKey, ledger: Ledger): Promise<Ledger> {
    const { ledgers, events, log, metrics, objects } = this.#ports
    let current = ledger
    for (const incident of ledger.incidents) {
      if (incident.state !== 'Escalated' || incident.announced === true) continue
      const correlationId = correlationOf({ policyRef: stored.metadata, incident })
      log.warn('escalated', { correlationId, policy: `${key.namespace}/${key.name}`, incident: incident.id, subject: describe(incident.subject) })
      events.record(stored, {
        type: 'Warning',
        reason: 'Escalated',
        action: 'escalate',
        labels: { [CORRELATION_LABEL]: correlationId },
        note: `${whyEscalated(ledger, incident)}${whatForbade(objects.action({ namespace: key.namespace, name: incident.lastAction ?? '' }))} (${incident.trigger}, incident ${incident.id}); nothing more is tried until it has been healthy again`,
      })
      metrics.escalations.inc({ reason: reasonOfEscalation(incident) })
      current = await ledgers.update(key, (fresh) => announced(fresh, incident.id))
    }
    return current
  }

  async #writeStatus(stored: HealingPolicy, status: HealingPolicyStatus): Promise<void> {
    if (sameJson(status, stored.status)) return
    await this.#ports.objects.writePolicyStatus(stored, status)
    this.#tell(stored, status)
  }

  /** An event when the decision becomes a refusal that a person should know of, or begins to see what it may only watch, and one line in the log for every change. */
  #tell(stored: HealingPolicy, { lastDecision, conditions }: HealingPolicyStatus): void {
    const closed = conditions?.find(({ type, status }) => type === CONSENTED && status === 'False')
    const told = stored.status?.conditions?.find(({ type }) => type === CONSENTED)
    if (closed !== undefined && told?.message !== closed.message) this.#ports.events.record(stored, { type: 'Warning', reason: closed.reason, action: 'refuse', note: closed.message })
    this.#tellAccepted(stored, conditions)
    const before = stored.status?.lastDecision
    if (lastDecision?.reason === undefined || sameJson(lastDecision, before)) return
    const { kind, reason, message = '', retryAt } = lastDecision
    const { events, log, metrics } = this.#ports
    log.info('decision', { policy: `${stored.metadata.namespace}/${stored.metadata.name}`, kind, reason, detail: message, ...(retryAt === undefined ? {} : { retryAt }) })
    // Nothing will be done, so no act will tell of it.
    if (reason === 'Monitoring' && before?.reason !== reason) events.record(stored, { type: 'Warning', reason, action: 'monitor', note: message })
    if (kind !== 'Blocked') return
    metrics.refusals.inc({ reason })
    const quiet = QUIET_REASONS.has(reason as Parameters<typeof QUIET_REASONS.has>[0])
    if (!quiet) events.record(stored, { type: 'Warning', reason, action: 'refuse', note: retryAt === undefined || message.includes(retryAt) ? message : `${message}; next try ${retryAt}` })
  }

  /** The rules or the installation have changed, or the door was not asked: who wrote the policy is told what the door would have told him. */
  #tellAccepted(stored: HealingPolicy, conditions: HealingPolicyStatus['conditions']): void {
    const [before, now] = [stored.status?.conditions, conditions].map((list) => list?.find(({ type }) => type === ACCEPTED))
    if (now === undefined || before?.status === now.status) return
    const accepted = now.status === 'True'
    const { events, log, metrics } = this.#ports
    if (accepted && before === undefined) return
    metrics.acceptance.inc({ accepted: String(accepted) })
    log.info('acceptance changed', { policy: `${stored.metadata.namespace}/${stored.metadata.name}`, accepted, detail: now.message })
    events.record(stored, { type: accepted ? 'Normal' : 'Warning', reason: now.reason, action: accepted ? 'accept' : 'refuse', note: now.message })
  }

  #gone(key: PolicyKey, now: Instant): Promise<ReconcileResult> {
    this.#storms.forget(key)
    this.#subjects.delete(textOf(key))
    return outlive(this.#ports, key, now)
  }
}

const again = (recurrence = 0): string => (recurrence === 0 ? '' : `; helped ${recurrence === 1 ? 'once' : `${recurrence} times`} in the last 24 hours`)

const reasonOf = ({ decision }: Evaluation): string => {
  switch (decision.kind) {
    case 'NoOp':
      return decision.reason
    case 'Act':
      return 'Decided'
    case 'Blocked':
      return decision.refusals[0].refusal.reason
    default:
      return decision satisfies never
  }
}

