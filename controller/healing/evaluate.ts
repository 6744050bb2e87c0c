/**
 * `evaluate(policy, snapshot)`: what to do, or why nothing. Pure, total and deterministic; nothing is written here.
 * A reservation is tried on a copy of the ledger, so that the second act of one evaluation is judged after the first.
 */
import { isPod } from '../../shared/api/v1alpha1/kinds.ts'
import { formatDuration } from '../../shared/lib/duration.ts'
import { shortHash } from '../../shared/lib/hash.ts'
import { plural } from '../../shared/lib/text.ts'
import { earliest, formatInstant, instant, parseInstant, wholeSecond, type Instant } from '../../shared/lib/time.ts'
import type { ActionTemplate, HealingActionSpec } from '../../shared/api/v1alpha1/types.ts'
import { fits, timeoutOf } from '../actions/index.ts'
import { isRefusal, targetOf, unfit } from '../actions/targets.ts'
import { refuseAct, touchesOf } from './act-guards.ts'
import { needsApproval } from '../../shared/api/v1alpha1/approval.ts'
import { approvalParts } from './approval.ts'
import { isOpen } from './budget.ts'
import { takeCensus, type Census } from './census.ts'
import { unhealthyLimit } from '../../shared/rules/safety/max-unhealthy.ts'
import { subjectsOf } from './concern.ts'
import { conclude } from './conclude.ts'
import { detectAll, type Detection, type Finding } from './detect.ts'
import { cooldownOf, formerNames, isFormer, refuseFormer } from './former.ts'
import { MAX_AGE, refusalOf } from './guards.ts'
import { escalateLoop, findIncident, incidentId, maintain, nextUpkeep, whyEscalated, type Incident, type Ledger, type Request } from './incidents.ts'
import { emptyLedger, reserve } from './ledger.ts'
import { describe, sameSubject } from './owners.ts'
import { pauseOf } from './pause.ts'
import { closedPlaces } from './places.ts'
import { ladderOf, type CompiledPolicy } from './policy.ts'
import { isAnotherRemedy, recurrence } from './recurrence.ts'
import { deadlineOf, RETRY_POLICY } from './retry.ts'
import type { Refusal } from './refusal.ts'
import { select, type Selected } from './select.ts'
import { countsFor, holdsClaims, sharedLimit, takeSlot } from './shared-budget.ts'
import { refuseForPods } from './spared-pods.ts'
import { CLUSTER_CALM, nextStorm, stepStorm, whenCalm, withStorm, type Weather } from './storm.ts'
import { claimOf } from './subject-claims.ts'
import { countHealed } from './time-to-heal.ts'
import { actOn, objectsOf, type ObjectRef, type Snapshot } from './snapshot.ts'

export interface PlannedAction {
  readonly name: string
  readonly spec: HealingActionSpec
  readonly request: Request
}

export interface RefusedFinding {
  readonly target: ObjectRef
  readonly trigger: string
  readonly refusal: Refusal
}

export type Decision =
  | { readonly kind: 'NoOp'; readonly reason: 'Healthy' | 'Partial' | 'Pending' | 'Monitoring' | 'NoData'; readonly message: string }
  | { readonly kind: 'Blocked'; readonly refusals: readonly [RefusedFinding, ...RefusedFinding[]] }
  | { readonly kind: 'Act'; readonly actions: readonly [PlannedAction, ...PlannedAction[]]; readonly refusals: readonly RefusedFinding[] }

export interface Evaluation {
  readonly decision: Decision
  readonly detection: Detection
  readonly census: Census
  readonly weather: Weather
  /** The ledger after upkeep and escalation, before any reservation; the same object when nothing changed. */
  readonly ledger: Ledger
  readonly matched: number
  readonly healthy: number
  /** Whom what is selected belongs to, as `concern.ts` names them. */
  readonly subjects: ReadonlySet<string>
  /** Told even while there is nothing to do. */
  readonly paused: Refusal | undefined
  /** Selected namespaces that do not let the policy in: nothing of them was looked at. */
  readonly closed: ReadonlyMap<string, Refusal>
  /** When it is worth another look without any new event. */
  readonly recheckAt: Instant | undefined
}

export function evaluate(policy: CompiledPolicy, snapshot: Snapshot): Evaluation {
  const selection = select(policy, snapshot)
  const detection = detectAll(policy, selection, snapshot)
  const before = snapshot.ledger ?? emptyLedger(policy)
  const census = takeCensus(policy, selection, detection, snapshot)
  const weather = weatherOf(policy, census, snapshot)
  const closed = closedPlaces(policy, snapshot, snapshot.now)
  // Of objects that cannot be seen nobody knows that they are well.
  const blind = snapshot.age > MAX_AGE || policy.kinds.some((kind) => snapshot.unseen.has(objectsOf(kind)))
  const maintained = maintain(before, {
    now: snapshot.now,
    stabilizationWindow: policy.limits.stabilizationWindow,
    dryRun: policy.mode === 'dryrun',
    cooldown: (name) => cooldownOf(policy, name),
    former: (name) => isFormer(policy, name),
    ladder: (name) => ladderOf(policy, name).length,
    troubled: (incident) => blind || closed.has(incident.subject.namespace ?? '') || isTroubled(policy, incident, detection),
  })
  const counted = countHealed(before, maintained, { window: policy.limits.stabilizationWindow, objective: policy.timeToHeal, now: snapshot.now })
  const upkept = withStorm(counted, policy.mode === 'monitor' ? undefined : stepStorm(before.storm, weather, snapshot.now))
  const firing = detection.findings.filter((f) => f.state === 'Firing')
  const { actions, refusals, ledger } = policy.mode === 'monitor' ? { actions: [], refusals: [], ledger: upkept } : proposeOrEscalate(policy, snapshot, upkept, firing, weather)
  const times = [detection.recheckAt, nextUpkeep(ledger, policy.limits.stabilizationWindow), nextStorm(ledger.storm, weather.calmFor), ...snapshot.budgets.map(({ storm }) => nextStorm(storm, CLUSTER_CALM)), ...refusals.map((r) => r.refusal.recheckAt)]
  const troubled = new Set(detection.findings.flatMap((f) => f.by))
  return {
    decision: conclude(policy, detection, actions, refusals),
    detection,
    census,
    weather,
    ledger,
    matched: selection.matched,
    healthy: selection.matched - troubled.size,
    subjects: subjectsOf(selection),
    paused: pauseOf(policy, snapshot.namespace),
    closed,
    recheckAt: times.filter((t) => t !== undefined && t > snapshot.now).reduce((a, b) => (a === undefined || b === undefined ? (a ?? b) : earliest(a, b)), undefined),
  }
}

function weatherOf({ maxUnhealthy, limits }: CompiledPolicy, census: Census, { installation }: Snapshot): Weather {
  const of = census.size
  const limit = unhealthyLimit(maxUnhealthy ?? { percent: installation.storm.policyPercent }, of)
  return { unhealthy: [...census.values()].filter(Boolean).length, of, limit, calmFor: limits.stabilizationWindow }
}

/** One that began before the policy's rule was changed is over when the workload is well by the rule of now. */
function isTroubled(policy: CompiledPolicy, { trigger, subject }: Incident, { findings, noData }: Detection): boolean {
  const former = isFormer(policy, trigger)
  const mine = (name: string, of: Finding | Selected): boolean => (former || name === trigger) && sameSubject(of.chain.subject, subject)
  // What cannot be judged is not healthy.
  return findings.some((f) => mine(f.trigger.name, f)) || noData.some((n) => mine(n.trigger, n.selected))
}

/** What comes back for the fourth time is not acted on: its incident is escalated first, and the rest is judged after that. */
function proposeOrEscalate(policy: CompiledPolicy, snapshot: Snapshot, ledger: Ledger, firing: readonly Finding[], weather: Weather): Pick<Proposal, 'actions' | 'refusals'> & { readonly ledger: Ledger } {
  const first = propose(policy, snapshot, ledger, firing, weather)
  if (first.loops.length === 0) return { ...first, ledger }
  const escalated = first.loops.reduce((l, { trigger, chain }) => escalateLoop(l, trigger.name, chain.subject, snapshot.now, formerNames(policy, trigger)), ledger)
  return { ...propose(policy, snapshot, escalated, firing, weather), ledger: escalated }
}

interface Proposal {
  readonly actions: readonly PlannedAction[]
  readonly refusals: readonly RefusedFinding[]
  readonly loops: readonly Finding[]
}

function propose(policy: CompiledPolicy, snapshot: Snapshot, start: Ledger, firing: readonly Finding[], weather: Weather): Proposal {
  const actions: PlannedAction[] = []
  const refusals: RefusedFinding[] = []
  const loops: Finding[] = []
  let ledger = start
  let { budgets } = snapshot
  for (const finding of firing) {
    const refuse = (refusal: Refusal): void => {
      refusals.push({ target: finding.object.ref, trigger: finding.trigger.name, refusal })
    }
    const guarded = refusalOf(policy, finding, snapshot)
    if (guarded !== undefined) {
      refuse(guarded)
      continue
    }
    const next = nextStep(policy, ledger, finding, snapshot)
    if ('refusal' in next) {
      // Nobody should be asked to approve what is not done then: why not comes before the question.
      refuse((next.asked === undefined ? undefined : refuseWrite(policy, next.asked, snapshot)) ?? next.refusal)
      continue
    }
    const conflict = refuseWrite(policy, next.action.spec, snapshot)
    if (conflict !== undefined) {
      refuse(conflict)
      continue
    }
    // Several pods of one workload lead to one act on it.
    if (actions.some(({ name }) => name === next.action.name)) continue
    const { action, targetResource } = next.action.spec
    const forbidden = snapshot.forbidden.get(actOn(action, targetResource))
    if (forbidden !== undefined) {
      refuse(forbidden.reason === 'Unsupported' ? unfit(action, targetResource, finding.chain, forbidden) : forbidden)
      continue
    }
    const { request } = next.action
    const shared = takeAll(policy, budgets, next.action, snapshot)
    const admission = reserve(ledger, request, { ...policy.limits, shared: 'refusal' in shared ? shared.refusal : undefined, calm: whenCalm(weather) }, snapshot.now)
    if ('refusal' in admission) {
      if (admission.loop === true) loops.push(finding)
      refuse(admission.refusal)
      continue
    }
    ledger = admission.ledger
    if ('budgets' in shared && !request.dryRun && request.approval !== true) ({ budgets } = shared)
    actions.push(next.action)
  }
  return { actions, refusals, loops }
}

/** What a person was asked to approve. */
type Asked = Pick<HealingActionSpec, 'action' | 'targetResource'>

/** Why the workload that it is for may not be written now; the plan is asked again, live, before the write. */
function refuseWrite(policy: CompiledPolicy, { action, targetResource }: Asked, snapshot: Snapshot): Refusal | undefined {
  const { workloads, claims, now } = snapshot
  const spared = isPod(targetResource) ? undefined : refuseForPods(policy, action, targetResource, snapshot)
  if (spared !== undefined) return spared
  const target = workloads.find(({ ref }) => ref.uid === targetResource.uid)
  return target === undefined ? undefined : refuseAct({ touches: touchesOf(action), target, claims, now })
}

/** A slot in each of the budgets that policies share, and the claim where it acts; or why not: the first reason by the order of the limits. */
function takeAll({ namespace, name, limits }: CompiledPolicy, budgets: Snapshot['budgets'], { name: action, spec }: PlannedAction, { installation, now }: Snapshot) {
  const claim = claimOf(spec, limits, deadlineOf(spec, now))
  const where = spec.targetResource.namespace
  const answers = budgets.map((budget) => {
    if (!countsFor(budget, namespace, where)) return { ledger: budget }
    return takeSlot(budget, { action, policy: { namespace, name }, ...(holdsClaims(budget, where) ? { claim } : {}) }, sharedLimit(installation, budget), now)
  })
  const refusals = answers.flatMap((answer) => ('refusal' in answer ? answer.refusal : []))
  const refusal = refusals.find(({ reason }) => reason === 'StormGate') ?? refusals.find(({ reason }) => reason === 'ClaimedElsewhere') ?? refusals[0]
  return refusal === undefined ? { budgets: answers.flatMap((answer) => ('ledger' in answer ? answer.ledger : [])) } : { refusal }
}

/** Which incident the finding belongs to, and which rung of the ladder is next for it. */
function nextStep(policy: CompiledPolicy, ledger: Ledger, finding: Finding, { actions: recorded, now, workloads }: Pick<Snapshot, 'actions' | 'now' | 'workloads'>): { action: PlannedAction } | { refusal: Refusal; asked?: Asked } {
  const { trigger, chain, object } = finding
  const dryRun = policy.mode === 'dryrun'
  const before = refuseFormer(policy, ledger, chain.subject, now)
  if (before !== undefined) return { refusal: before }
  const found = findIncident(ledger, trigger.name, chain.subject)
  const open = found?.state === 'Ended' ? undefined : found
  const ordinal = open?.ordinal ?? ledger.nextOrdinal
  const id = open?.id ?? incidentId(ledger, trigger.name, chain.subject, ordinal)
  const rung = open?.rung ?? 0
  if (open?.state === 'Escalated') {
    return { refusal: { reason: 'Escalated', message: `${whyEscalated(ledger, open)}: a person has to look` } }
  }
  if (open?.dryRun === true) {
    return { refusal: { reason: 'DryRunDone', message: `${open.lastAction ?? 'a dry run'} shows what would be done` } }
  }
  const template = trigger.ladder[rung]
  if (template === undefined) {
    return { refusal: { reason: 'NoAction', message: `no action of the policy is for ${trigger.type === 'all' ? 'all triggers together' : `trigger ${trigger.name}`}` } }
  }
  const target = targetOf(template, object, chain)
  if (isRefusal(target)) return { refusal: target }
  if (!fits(template, target)) return { refusal: unfit(template, target, chain) }
  const name = actionName(policy.name, template.name, [id, String(ordinal), String(rung), target.uid])
  // Of any trigger: what one of them is healing is not for another one to disturb.
  const mine = new Set(ledger.incidents.filter((i) => sameSubject(i.subject, chain.subject)).map((i) => i.id))
  const busy = ledger.entries.filter((e) => isOpen(e) && mine.has(e.incident))
  const held = busy.find((e) => e.target === target.uid)
  // A reservation of this very name without an action is what a crash leaves behind: it is taken over.
  // One that may have been written is not: somebody deleted its action.
  const takenOver = held?.action === name && held.tried !== true && !recorded.has(name)
  // An object that came after an act on this workload is its replacement: verification judges it.
  const replacement = busy.some((e) => e.state === 'Reserved' && object.createdAt >= wholeSecond(parseInstant(e.reservedAt) ?? instant(0)))
  if (held?.state === 'Waiting' && !takenOver) {
    return { asked: { action: template, targetResource: target }, refusal: { reason: 'PendingApproval', message: `${held.action} waits for approval: kubeskippy approve (or reject) ${held.action} -n ${policy.namespace}` } }
  }
  // One of its pods may not be acted on while the workload is, nor the other way round.
  const whole = busy.some((e) => e.state === 'Reserved' && e.target !== target.uid && [e.target, target.uid].includes(chain.subject.uid))
  if (held === undefined ? replacement || whole : !takenOver) {
    return { refusal: { reason: 'IncidentInProgress', message: `an action for ${describe(chain.subject)} is under way` } }
  }
  const approval = needsApproval(policy, template)
  const { subject } = chain
  const formerly = formerNames(policy, trigger)
  const request: Request = {
    action: name,
    target: target.uid,
    dryRun,
    ...(approval ? { approval } : {}),
    incident: { id, trigger: trigger.name, subject, ordinal, rung, recurrence: recurrence(ledger, trigger.name, subject, now, formerly), since: formatInstant(finding.since) },
    formerly,
    ...(isAnotherRemedy(ledger, trigger.name, subject, { openedAt: open?.openedAt, createdAt: object.createdAt }) ? { remedy: true } : {}),
  }
  return { action: { name, request, spec: { ...specOf(policy, finding, template, target, request), ...approvalParts(policy, template, workloads.find(({ ref }) => ref.uid === target.uid) ?? object, name, now) } } }
}

/** The ordinal changes with every new try of one rung on one object: no name may come twice. 80 bits of hash: a collision would read as "already decided" and lose an act in silence. */
const actionName = (policy: string, action: string, parts: readonly string[]): string => `${policy}-${action}-${shortHash(parts)}`

function specOf(policy: CompiledPolicy, finding: Finding, template: ActionTemplate, target: ObjectRef, { incident, dryRun }: Request): HealingActionSpec {
  return {
    policyRef: { name: policy.name, namespace: policy.namespace, uid: policy.uid, generation: policy.generation },
    incident: { id: incident.id, ordinal: incident.ordinal, rung: incident.rung, recurrence: incident.recurrence ?? 0, subject: finding.chain.subject },
    targetResource: target,
    trigger: {
      name: finding.trigger.name,
      since: formatInstant(finding.since),
      evidence: finding.seen === undefined ? finding.evidence : `${finding.evidence}; ${plural(finding.seen, 'restart')}`,
    },
    action: template,
    dryRun,
    retryPolicy: RETRY_POLICY,
    timeout: formatDuration(timeoutOf(template, target)),
  }
}
