/**
 * Whether an object may be touched at all. Ordered: the first refusal wins and is the one that people see. What depends
 * on the ledger (cooldown, concurrency, breaker, hourly limit) is in `reserve`, which judges and takes in one step.
 */
import { matchesLabels, type Labels } from '../../shared/lib/selector.ts'
import { printable } from '../../shared/lib/text.ts'
import { after, minutes, seconds, type Instant } from '../../shared/lib/time.ts'
import { IGNORE_ANNOTATION, HEALER_ACCOUNT } from '../../shared/api/v1alpha1/names.ts'
import { protectedNamespaces } from '../../shared/rules/rule.ts'
import { describe, type OwnerChain } from './owners.ts'
import { pauseOf } from './pause.ts'
import { placeOf, refuseStranger } from './places.ts'
import type { CompiledPolicy, Protection } from './policy.ts'
import type { Refusal } from './refusal.ts'
import type { NamespaceView, ObjectRef, Snapshot, TargetView } from './snapshot.ts'

export interface Proposal {
  /** What the finding is about. */
  readonly object: TargetView
  readonly chain: OwnerChain
}

/** What guards look at: the live world just before a write, or the cached one of a decision. */
export type GuardView = Pick<Snapshot, 'now' | 'age' | 'namespace' | 'healer' | 'others' | 'killSwitch' | 'clockSkew' | 'installation' | 'violations'>

type Guard = (policy: CompiledPolicy, proposal: Proposal, view: GuardView) => Refusal | undefined

/** Where the two clocks disagree by more, the hour of the limit cannot be told. */
const MAX_CLOCK_SKEW = minutes(1)

/** A quiet watch is heard every minute, and begun anew after 75 seconds of silence. */
export const MAX_AGE = seconds(95)

export const GUARDS: readonly Guard[] = [
  // One object stops everything at once, so it is looked at before anything of the policy.
  (_policy, _proposal, { killSwitch }) => (killSwitch ? { reason: 'KillSwitch', message: 'the kill switch of the installation is on' } : undefined),
  // The author's own switch.
  ({ suspend }) => (suspend ? { reason: 'Suspended', message: 'the policy is suspended (spec.suspend)' } : undefined),
  // Beside the spec, so that whoever runs the namespace can do it too, and a repository does not undo it.
  (policy, _proposal, { namespace }) => pauseOf(policy, namespace),
  // Whoever runs the other namespace that it reaches into.
  (policy, { object }, { others }) => pauseOf({ ...policy, paused: undefined }, others.get(object.ref.namespace)?.namespace),
  // A policy on its way out has no will any more.
  ({ deleting }) => (deleting ? { reason: 'PolicyDeleted', message: 'the policy is being deleted' } : undefined),
  // The door may have been down, or the rules and the ceiling may have changed since.
  (_policy, _proposal, { violations }) => {
    const first = violations[0]
    return first === undefined
      ? undefined
      : { reason: 'NotAccepted', message: `the policy breaks ${first.rule} at ${first.path}: ${first.what}${violations.length === 1 ? '' : ` (and ${violations.length - 1} more)`}` }
  },
  // The promise of "per hour" holds in the API server's clock.
  (_policy, _proposal, { now, clockSkew }) => {
    if (clockSkew !== undefined && Math.abs(clockSkew) <= MAX_CLOCK_SKEW) return undefined
    const message = clockSkew === undefined ? "the API server's clock is not known" : "this clock and the API server's differ by more than a minute"
    return { reason: 'ClockSkew', message, recheckAt: after(now, minutes(1)) }
  },
  // Nothing that we make there would live, and the pods go anyway.
  (_policy, _proposal, { namespace }) =>
    namespace === undefined || namespace.deleting ? { reason: 'NamespaceTerminating', message: 'the namespace is being deleted' } : undefined,
  // The operator, its dependencies and the system are never touched; no policy can lift that (I4).
  (policy, { object }, view) => {
    const closed = protectedNamespaces(view.installation)
    const by = [policy.namespace, object.ref.namespace].find((namespace) => closed.has(namespace))
    return by === undefined ? undefined : { reason: 'ProtectedNamespace', message: `namespace ${by} is protected by the installation` }
  },
  // Only what the policy selects by name (I3); again here, since admission is not a transaction.
  (policy, { object }) =>
    policy.namespaces.includes(object.ref.namespace) ? undefined : { reason: 'ProtectedNamespace', message: `namespace ${object.ref.namespace} is not among the policy's` },
  // Whoever runs another namespace lets the policy in, and may take that back at any time. Before anything is told about what is in it.
  (policy, { object }, view) => refuseStranger(policy.namespace, object.ref.namespace, placeOf(policy, view, object.ref.namespace).consent, view.now),
  // Of what is being deleted there nothing would live either.
  (policy, { object }, { others }) => {
    if (object.ref.namespace === policy.namespace) return undefined
    const namespace = others.get(object.ref.namespace)?.namespace
    return namespace === undefined || namespace.deleting ? { reason: 'NamespaceTerminating', message: `namespace ${object.ref.namespace} is being deleted` } : undefined
  },
  // Whoever owns the workload may opt out without asking whoever wrote the policy.
  (policy, proposal, view) => {
    const by = optedOutBy(proposal, placeOf(policy, view, proposal.object.ref.namespace).namespace)
    return by === undefined ? undefined : { reason: 'OptedOut', message: `${by} carries ${IGNORE_ANNOTATION}` }
  },
  // The policy's own promise; an owner's protection covers its pods.
  (policy, proposal) => {
    const by = protectionOf(policy, proposal)
    return by === undefined ? undefined : { reason: 'Protected', message: `${describe(by)} is protected by safetyRules.protectedResources` }
  },
  // When people want no change, or are there to watch one.
  ({ schedule }, _proposal, { now }) => schedule(now),
  // Whose trouble it is decides over incident and cooldown: never guess it from half a chain.
  (_policy, { object, chain }, { now }) =>
    chain.incomplete ? { reason: 'OwnerUnknown', message: `the owner of ${describe(object.ref)} has not been seen yet`, recheckAt: after(now, seconds(5)) } : undefined,
  // A watch that has gone silent shows what once was.
  (_policy, _proposal, { age, now }) =>
    age <= MAX_AGE ? undefined : { reason: 'StaleData', message: 'the pods of the cluster have not been heard of for more than a minute and a half', recheckAt: after(now, seconds(5)) },
  // Already on its way; a second eviction would do nothing, and a dying owner makes no new pod.
  (_policy, { object, chain }) => {
    const by = [object, ...chain.workloads].find((o) => o.deleting)
    return by === undefined ? undefined : { reason: 'TargetTerminating', message: `${describe(by.ref)} is being deleted` }
  },
  // The kubelet makes it again from its file whatever the API server says.
  (_policy, { object }) => (object.shape === 'Pod' && object.mirror ? { reason: 'Unsupported', message: `${describe(object.ref)} is a static pod of its node` } : undefined),
  // Nobody would make a new one.
  (_policy, { object }) =>
    object.shape === 'Pod' && object.owner === undefined ? { reason: 'NoController', message: `${describe(object.ref)} has no controller: nothing would replace it` } : undefined,
  // A Job counts its pods' ends, and has a back-off of its own.
  (_policy, { object }) =>
    object.owner?.kind === 'Job' ? { reason: 'Unsupported', message: `${describe(object.ref)} belongs to Job/${object.owner.name}, which retries by itself` } : undefined,
  // The identity that acts is the namespace's consent. Last, so that what is refused anyway does not ask for an account.
  (policy, { object: { ref } }, view) => {
    const { healer } = placeOf(policy, view, ref.namespace)
    return healer === 'Ready' ? undefined : healerRefusal(ref.namespace, healer, 'do this', view.now)
  },
]

/** The account is there, but its rights do not reach to this action of the policy. */
export const healerForbidden = (namespace: string, action: string, now: Instant): Refusal => healerRefusal(namespace, 'Forbidden', `carry out action ${action}`, now)

const healerRefusal = (namespace: string, healer: 'Missing' | 'Forbidden', what: string, now: Instant): Refusal => ({
  reason: healer === 'Missing' ? 'HealerMissing' : 'HealerForbidden',
  message: `ServiceAccount ${namespace}/${HEALER_ACCOUNT} ${healer === 'Missing' ? 'is missing' : `may not ${what}`}; apply the output of: kubeskippy enable -n ${namespace} --print`,
  recheckAt: after(now, seconds(15)),
})

export function refusalOf(policy: CompiledPolicy, proposal: Proposal, view: GuardView, guards: readonly Guard[] = GUARDS): Refusal | undefined {
  for (const guard of guards) {
    const refusal = guard(policy, proposal, view)
    if (refusal !== undefined) return { ...refusal, message: printable(refusal.message, 400) }
  }
  return undefined
}

/** Who opted out: the namespace, the top owner, an owner, the object itself. */
export function optedOutBy({ object, chain }: Proposal, namespace: NamespaceView | undefined): string | undefined {
  if (namespace?.ignored === true) return `Namespace/${namespace.name}`
  const by = [object, ...chain.workloads].findLast((o) => o.ignored)
  return by === undefined ? undefined : describe(by.ref)
}

/** The object, or the owner of it, that the policy protects. */
export function protectionOf({ protectedResources }: CompiledPolicy, { object, chain }: Proposal): Pick<ObjectRef, 'kind' | 'name'> | undefined {
  const seen = [object, ...chain.workloads]
  // Of a top owner of a kind that we do not watch only the name is known; its labels may be any.
  const unseen = chain.incomplete || seen.some(({ ref }) => ref.uid === chain.subject.uid) ? [] : [{ ref: chain.subject, labels: undefined }]
  return [...seen, ...unseen].find((one) => protectedResources.some((entry) => protects(entry, one)))?.ref
}

/** Names and labels must both match where both are given. Labels that cannot be seen match. */
function protects(entry: Protection, object: { readonly ref: ObjectRef; readonly labels: Labels | undefined }): boolean {
  if (entry.kind !== object.ref.kind || entry.apiVersion !== object.ref.apiVersion) return false
  if (entry.names !== undefined && !entry.names.includes(object.ref.name)) return false
  return entry.labelSelector === undefined || object.labels === undefined || matchesLabels(entry.labelSelector, object.labels)
}

