import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { IGNORE_ANNOTATION, KILL_SWITCH, OPERATOR_NAMESPACE } from '../../api/v1alpha1/names.ts'
import type { KubeObject } from '../../kube/api.ts'
import { minutes } from '../../lib/time.ts'
import { judge, tell, type Checker, type Invariant, type Report } from './checker.ts'
import type { Call, Entry, History } from './history.ts'
import { INVARIANTS } from './invariants/index.ts'
import { act, action, call, evicted, history, inSeconds, ledger, looked, mark, NS, policy, stored, UID, written } from './stories.ts'
import { ACTIONS, LEDGERS, POLICIES } from './world.ts'

const brokenBy = (told: History): readonly string[] => judge(told, INVARIANTS).broken.map(({ invariant }) => invariant)
const usual = policy()
const base = [written.policy(0, usual), ...act(10)]
const withSpec = (spec: object, ...more: readonly Entry[]): Entry[] => [written.policy(0, policy(spec)), ...act(10), ...more]
const without = (entries: readonly Entry[], which: (entry: Entry) => boolean): Entry[] => entries.filter((entry) => !which(entry))
const isLook = (entry: Entry): boolean => entry.kind === 'call' && entry.verb === 'get'
/** One after another, each on a pod of its own, `gap` seconds apart. */
const row = (count: number, gap: number, limit: number, rules: object = {}): Entry[] => {
  const slots = Array.from({ length: count }, (_, n) => [`a${n}`, inSeconds(10 + n * gap)] as const)
  return [written.policy(0, policy({ safetyRules: { maxActionsPerHour: limit, ...rules } })), ...slots.flatMap(([name], n) => act(10 + n * gap, { name, slots: slots.slice(0, n), eviction: { uid: `${UID}-${n}`, preconditions: { uid: `${UID}-${n}`, resourceVersion: '7' } }, spec: { targetResource: { apiVersion: 'v1', kind: 'Pod', namespace: NS, name: 'cart-1', uid: `${UID}-${n}` } } }))]
}
/** An hour from the minute of each day on at which the histories begin, or of another hour. */
const anHourFrom = (minute: number, hour = 0) => ({ schedule: `${minute} ${hour} * * *`, duration: '1h', timeZone: 'UTC' })
/** So many acts, a minute apart. */
const budgeted = (count: number, budget: object, gap = 60): Entry[] => row(count, gap, 10, { budgets: [{ actions: 1, per: '10m', ...budget }] })
const scheduled = (allow: boolean, during: object, ...more: readonly Entry[]): Entry[] => [...row(1, 60, 10, { schedules: [{ allow, during }] }), ...more]
/** One after another, each on a pod of its own, a minute apart; they end so, and the policy bears three that did not help. */
const endings = (...outcomes: readonly string[]): Entry[] => {
  const each = outcomes.flatMap((outcome, n) => {
    const [name, uid] = [`a${n}`, `${UID}-${n}`]
    const spec = { targetResource: { apiVersion: 'v1', kind: 'Pod', namespace: NS, name: 'cart-1', uid } }
    const steps = act(10 + n * 60, { name, spec, eviction: { uid, preconditions: { uid, resourceVersion: '7' } } })
    return [...steps.slice(0, -1), written.status(14 + n * 60, action(spec, { phase: outcome === 'Effective' ? 'Succeeded' : 'Failed', outcome }, name))]
  })
  return [written.policy(0, policy({ safetyRules: { circuitBreaker: { failureThreshold: 3, openDuration: '5m' } } })), ...each]
}
/** One act each, of a limit of one in an hour: its slot is of one second, and its write of another. */
const slotted = (...acts: readonly (readonly [reserved: number, written: number])[]): Entry[] => {
  const each = acts.flatMap(([, s], n) => {
    const [name, uid] = [`a${n}`, `${UID}-${n}`]
    const steps = act(s - 3, { name, spec: { targetResource: { apiVersion: 'v1', kind: 'Pod', namespace: NS, name: 'cart-1', uid } }, eviction: { uid, preconditions: { uid, resourceVersion: '7' } } })
    return [written.ledger(s - 3, ledger(acts.slice(0, n + 1).map(([at], m) => [`a${m}`, inSeconds(at)] as const))), ...steps.slice(1)]
  })
  return [written.policy(0, policy({ safetyRules: { maxActionsPerHour: 1 } })), ...each]
}
const settledIn = (spec: object) => ledger([], { entries: [{ action: 'cart-restart-1', incident: 'i', target: UID, reservedAt: '2030-01-01T00:00:10.000Z', state: 'Settled', outcome: 'Effective', tried: true }], ...spec })
const onRung = (rung: number) => action({ incident: { id: 'incident-cart-restart-1', subject: DEPLOYMENT, ordinal: 0, rung, recurrence: 0 } }, {}, `rung-${rung}`)
const COOLING = { id: 'old', trigger: 'crash', subject: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: NS, name: 'cart' }, ordinal: 0, openedAt: '2030-01-01T00:00:00.000Z', state: 'Ended', rung: 0, cooldownUntil: '2030-01-01T00:05:00.000Z' }
const killSwitch = (s: number): Entry => stored(s, '/configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: KILL_SWITCH, namespace: OPERATOR_NAMESPACE, uid: 'k', resourceVersion: '9', creationTimestamp: '' } }, { user: 'alice' })
const ASKED = { approvalRequired: true, approvalDeadline: '2030-01-01T00:01:00.000Z' }
const APPROVED = { ...ASKED, approval: { decision: 'Approved', decidedBy: 'bob', reason: '' } }
/** @param meanwhile what is changed together with the approval */
const asked = (by: string, parts: object = {}, meanwhile: object = {}): Entry[] => {
  const decided = { ...APPROVED, ...parts, ...meanwhile }
  return [written.policy(0, usual), written.action(5, action({ ...ASKED, ...parts }, {})), written.action(8, action(decided, {}), { verb: 'patch', user: by }), ...act(10, { spec: decided }).filter((entry) => !(entry.collection === ACTIONS && entry.verb === 'create'))]
}
/** Under its name another one. */
const anew = (entry: Entry): Entry =>
  entry.kind !== 'call' || entry.collection !== ACTIONS ? entry : { ...entry, changes: entry.changes.map(({ collection, after }) => ({ collection, after: after === undefined ? undefined : { ...after, metadata: { ...after.metadata, uid: 'uid-again' } } })) }
const RECREATE = { name: 'restart', type: 'restart', priority: 50, target: 'Workload', restartAction: { strategy: 'recreate' } }
const later = (spec: object) => policy(spec, { resourceVersion: '99999', generation: 2 })
const pod = (annotations: object, labels: object = {}): KubeObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'cart-1', namespace: NS, uid: UID, resourceVersion: '7', creationTimestamp: '', annotations, labels } as KubeObject['metadata'] })
const lies = (object: KubeObject, collection = '/pods'): Entry => ({ kind: 'outside', at: inSeconds(1), change: { collection, after: object } })
const owned = (kind: string, name: string, owner?: string): KubeObject => ({ apiVersion: kind === 'Pod' ? 'v1' : 'apps/v1', kind, metadata: { name, namespace: NS, uid: `uid-${name}`, resourceVersion: '7', creationTimestamp: '', ...(owner === undefined ? {} : { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: owner, uid: `uid-${owner}`, controller: true }] }) } })
/** The namespace, and its pod with all that owns it. */
const around = (deployment: object = {}, namespace: object = {}): Entry[] => {
  const [top, set] = [owned('Deployment', 'cart'), owned('ReplicaSet', 'cart-set', 'cart')]
  const home = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NS, uid: 'uid-shop', resourceVersion: '7', creationTimestamp: '', ...namespace } }
  return [lies(home, '/namespaces'), lies({ ...top, metadata: { ...top.metadata, ...deployment } }, 'apps/deployments'), lies(set, 'apps/replicasets'), lies({ ...owned('Pod', 'cart-1', 'cart-set'), metadata: { ...owned('Pod', 'cart-1', 'cart-set').metadata, uid: UID } })]
}
/** Its write has landed, and it is cancelled. */
const denied = (look: Entry, eviction: object = {}): Entry[] => [...base.slice(0, 5), evicted(13, eviction), look, written.status(15, action({}, { phase: 'Cancelled' }))].toSorted((a, b) => a.at - b.at)
/** Its process stands still between the look and the write, and meanwhile somebody edits its policy. */
const stoodStill = (spec: object, ...meanwhile: readonly Entry[]): Entry[] => [...base.slice(0, 5), written.policy(15, policy(spec, { generation: 2 })), ...meanwhile, evicted(50)]
const PROTECTED = { safetyRules: { protectedResources: [{ apiVersion: 'v1', kind: 'Pod', names: ['cart-1'] }] } }
/** Its pod becomes a protected one, and then its write is refused. */
const labelled = (labelledAt: number, refusedAt: number): Entry[] =>
  [lies(pod({})), ...withSpec({ safetyRules: { protectedResources: [{ apiVersion: 'v1', kind: 'Pod', ...CRITICAL }] } }).slice(0, 5), { ...lies(pod({}, { critical: 'true' })), at: inSeconds(labelledAt) }, evicted(refusedAt, { ok: false, answer: 409, changed: false })]
const optsOut = (said: string): object => ({ annotations: { [IGNORE_ANNOTATION]: said } })
const protecting = (entry: object): Entry[] => withSpec({ safetyRules: { protectedResources: [{ apiVersion: 'apps/v1', kind: 'Deployment', ...entry }] } })
const CRITICAL = { labelSelector: { matchLabels: { critical: 'true' } } }
const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: NS, name: 'cart', uid: 'uid-cart' }
const GRACEFUL = { name: 'restart', type: 'restart', priority: 50, target: 'Workload', restartAction: { strategy: 'graceful' } }
const gracefully = (name: string): Entry[] => [written.policy(0, policy({ actions: [GRACEFUL] })), ...act(10, { spec: { targetResource: DEPLOYMENT, action: GRACEFUL }, eviction: { name, uid: `uid-${name}`, preconditions: { uid: `uid-${name}`, resourceVersion: '7' } } })]
/** Two Deployments with a pod each. */
const town = ['cart', 'bank'].flatMap((name) => [lies(owned('Deployment', name), 'apps/deployments'), lies(owned('ReplicaSet', `${name}-1`, name), 'apps/replicasets'), lies(owned('Pod', `${name}-1-a`, `${name}-1`))])
const policyGoes = (s: number): Entry => call(s, { verb: 'delete', collection: POLICIES, name: 'cart', user: 'alice', changes: [{ collection: POLICIES, before: usual }] })
const SCALE = { name: 'restart', type: 'scale', priority: 50, scaleAction: { direction: 'up', replicas: 2, minReplicas: 1, maxReplicas: 5 } }
const scaled = (replicas: number, { name = 'cart', status = {}, template = SCALE }: { readonly name?: string; readonly status?: object; readonly template?: object } = {}): Entry[] => {
  const spec = { targetResource: DEPLOYMENT, action: template } as object
  const write = { verb: 'patch', collection: 'apps/deployments', subresource: 'scale', name, uid: `uid-${name}`, body: { metadata: { uid: `uid-${name}`, resourceVersion: '7' }, spec: { replicas } } }
  const steps = act(10, { spec, eviction: write })
  const begun = written.status(12.5, action(spec, { phase: 'InProgress', intent: [{ path: '/spec/replicas', before: '2', after: String(replicas) }], ...status }))
  return [written.policy(0, policy({ actions: [template] })), ...steps.toSpliced(3, 1, begun)]
}
const opened = (state: object) => ({ ledgerSpec: { breaker: { state: 'Open', failures: 3, recent: [], openings: 1, openUntil: '2030-01-01T00:10:00.000Z', ...state } } })
const OTHER_POD = { targetResource: { apiVersion: 'v1', kind: 'Pod', namespace: NS, name: 'cart-1', uid: 'uid-other' } }
const EVICTS_OTHER = { uid: 'uid-other', preconditions: { uid: 'uid-other', resourceVersion: '7' } }
const halfOpen = (probe: string) => ({ ledgerSpec: { breaker: { state: 'HalfOpen', failures: 3, recent: [], openings: 1, probe } } })
/** Of a timeout and two windows of a minute each, the minute beyond them, and a look. */
const LEFT = 4 * 60 + 10
/** The breaker opens, and closes again. */
const overAndClosed = [written.ledger(12.8, ledger([['cart-restart-1', inSeconds(10)]], opened({}).ledgerSpec)), written.ledger(80, ledger([['cart-restart-1', inSeconds(10)]]))]
const begun = (phase: string, status: object = {}): Entry[] => [written.policy(0, policy({ safetyRules: { healthCheckTimeout: '1m', stabilizationWindow: '1m' } })), ...act(10).slice(0, -1), mark(20, 'FaultsEnd'), written.status(21, action({ timeout: '1m' }, { phase, ...status }))]

const event = call(30, { verb: 'create', collection: 'events.k8s.io/events', body: { regarding: { namespace: NS, name: 'cart-restart-1' } } })

/** What is done to the pod at `version`, after an own write that has left it at version 9. */
const again = (version: string, parts: Partial<Call> = {}, first: Partial<Call> = {}): Entry[] => {
  const body = { metadata: { uid: UID, resourceVersion: '7' } }
  return [...base.slice(0, 5), evicted(13, { verb: 'patch', subresource: undefined, body, changes: [{ collection: '/pods', after: atVersion('9') }], ...first }), looked(14), evicted(15, { preconditions: { uid: UID, resourceVersion: version }, ...parts })]
}
const OF_SCALE = { verb: 'patch', collection: 'apps/deployments', subresource: 'scale' } as const
const atVersion = (resourceVersion: string): KubeObject => ({ ...pod({}), metadata: { ...pod({}).metadata, resourceVersion } })
/** It lands on the pod as it is at `version`, and was judged at version 7. */
const landing = (version: string): Entry[] => [...base.slice(0, 5), evicted(13, { changes: [{ collection: '/pods', before: atVersion(version) }] })]
const BUDGET: KubeObject = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'cart', namespace: NS, uid: 'uid-budget', resourceVersion: '7', creationTimestamp: '' } }
const ofPod = written.action(20, action({ incident: { id: 'incident-b', subject: { apiVersion: 'v1', kind: 'Pod', namespace: NS, name: 'cart-1', uid: UID }, ordinal: 0, rung: 0, recurrence: 0 } }, {}, 'b'))
const limited = (limits: object): History => history(row(3, 60, 10), { limits: { ceiling: 60, namespace: Number.POSITIVE_INFINITY, cluster: Number.POSITIVE_INFINITY, ...limits } })
const elsewhere = { targetResource: { apiVersion: 'v1', kind: 'Pod', namespace: 'other', name: 'cart-1', uid: UID } }
const NODE = { verb: 'delete', collection: '/nodes', subresource: undefined, namespace: undefined, name: 'node-1' } as const
const SECRET = { secrets: ['hunter22'] }

type Told = readonly Entry[] | History
interface Reasoned {
  readonly told: Told
  /** Part of what is said of it. */
  readonly why: string
}
/** Where another clause of the same invariant may see it as well. */
const because = (why: string, told: Told): Reasoned => ({ told, why })

/** What breaks each invariant, and what comes close to it and does not. */
const CASES: Readonly<Record<string, { readonly breaks: Readonly<Record<string, Told | Reasoned>>; readonly keeps: Readonly<Record<string, Told>> }>> = {
  I1: {
    breaks: {
      'a second eviction of the same pod by the same action': [...base.slice(0, -1), looked(14), evicted(15)],
      'an eviction of another pod than the planned one': [written.policy(0, usual), ...act(10, { eviction: { uid: 'other', preconditions: { uid: 'other', resourceVersion: '7' } } })],
    },
    keeps: {
      'a second one that stores nothing': [...base.slice(0, -1), looked(14), evicted(15, { changed: false })],
      'a dry run before it': [...base.slice(0, 5), evicted(12.8, { dryRun: true }), ...base.slice(5)],
      'a refused one before it': [...base.slice(0, 5), evicted(12.8, { ok: false, answer: 429 }), looked(12.9), ...base.slice(5)],
    },
  },
  I2: {
    breaks: { 'one more than the limit in 59 minutes': row(3, 60 * 29.5, 2), 'a write without a reservation': [base[0] as Entry, ...base.slice(2)], 'a write an hour after its slot': slotted([10, 10 + 3601]), 'a write before its slot': slotted([48, 35]), 'slots an hour apart, and their writes less': slotted([10, 10 + 60], [10 + 3601, 10 + 3602]), 'slots out of their order': slotted([6000, 6010], [5940, 6030]),
      'one more than the limit of the namespace': because('actions of namespace shop', limited({ namespace: 2 })),
      'one more than the limit of the cluster': because('actions of the cluster', limited({ cluster: 2 })),
      'a slot that was settled before its write': [...base.slice(0, 5), written.ledger(12.8, settledIn({})), ...base.slice(5)],
      'a ledger that forgets what was tried': [...base, written.ledger(20, ledger([]))],
      'a ledger whose number goes back': [...base, written.ledger(20, settledIn({ nextOrdinal: 0 }))],
      'a ledger that forgets what came of it': [...base, written.ledger(20, settledIn({ outcomes: { effective: 3, ineffective: 0, inconclusive: 0, failed: 0 } })), written.ledger(21, settledIn({}))],
      'a slot that is opened again': [...base, written.ledger(20, settledIn({})), written.ledger(21, ledger([['cart-restart-1', inSeconds(10)]]))],
      'one more than a budget lets through': because('budgets[0]', budgeted(2, {})),
      'one more than a budget lets through that is in force by turns': because('budgets[0]', budgeted(2, { during: anHourFrom(0) })),
      'an act at a forbidden time': because('forbids it', scheduled(false, anHourFrom(0))),
      'an act that goes on at a forbidden time': because('forbids it', scheduled(false, anHourFrom(2), looked(190), evicted(191, { of: 'a0' }))),
      'an act when no time allows it': because('no allowing time', scheduled(true, anHourFrom(0, 12))),
      'a write long after the limit was lowered': [...row(2, 60, 2).slice(0, -4), written.policy(14, policy({ safetyRules: { maxActionsPerHour: 1 } }, { generation: 2 })), ...row(2, 60, 2).slice(-4)],
    },
    keeps: { 'as many as a budget lets through': budgeted(2, { actions: 2 }), 'as many again when its time is over': budgeted(2, {}, 601), 'a budget that is not in force': budgeted(2, { during: anHourFrom(0, 12) }), 'a write on its way when a budget came into force': budgeted(2, { during: anHourFrom(1) }, 50), 'an act at an allowed time': scheduled(true, anHourFrom(0)), 'a write on its way when a forbidden time began': row(2, 50, 10, { schedules: [{ allow: false, during: anHourFrom(1) }] }), 'as many as namespace and cluster bear': limited({ namespace: 3, cluster: 3 }), 'a slot from before the clock was set back': [call(60, {}), ...slotted([48, 35])], 'a slot that is settled after its write': [...base, written.ledger(20, settledIn({}))], 'a ledger that somebody else repairs': [...base, written.ledger(20, ledger([]), { user: 'alice' })], 'a write on its way when the limit was lowered': [...row(2, 60, 2).slice(0, -2), written.policy(72.5, policy({ safetyRules: { maxActionsPerHour: 1 } }, { generation: 2 })), ...row(2, 60, 2).slice(-2)], 'a write a minute after its slot': slotted([10, 10 + 60]), 'a write of a process that stood still after its slot': slotted([10, 10 + 120]), 'writes an hour apart': slotted([10, 10 + 60], [10 + 3660, 10 + 3661]), 'one more than the limit in an hour and a second': row(3, 60 * 30 + 1, 2) },
  },
  I3: {
    breaks: {
      'a pod that the policy protects by name': withSpec({ safetyRules: { protectedResources: [{ apiVersion: 'v1', kind: 'Pod', names: ['cart-1'] }] } }),
      'a pod that it protects by label': [lies(pod({}, { critical: 'true' })), ...withSpec({ safetyRules: { protectedResources: [{ apiVersion: 'v1', kind: 'Pod', labelSelector: { matchLabels: { critical: 'true' } } }] } })],
      'a namespace that the policy does not name': withSpec({ selector: { namespaces: ['other'], labelSelector: { matchLabels: { app: 'cart' } } } }),
      'a pod whose Deployment opted out': [...around(optsOut('true')), ...base],
      'a pod whose Deployment opted out in other words': [...around(optsOut('yes')), ...base],
      'a pod whose namespace opted out': [...around({}, optsOut('true')), ...base],
      'a pod of a Deployment that the policy protects by name': [...around(), ...protecting({ names: ['cart'] })],
      'a pod of a Deployment that it protects by label': [...around({ labels: { critical: 'true' } }), ...protecting(CRITICAL)],
      'a pod that was protected while the process stood still after its look': stoodStill(PROTECTED),
      'a pod that opted out': [lies(pod({ [IGNORE_ANNOTATION]: 'true' })), ...base],
    },
    keeps: {
      'a pod that was protected while the write was on its way': [...base.slice(0, 5), written.policy(12.9, policy({ safetyRules: { protectedResources: [{ apiVersion: 'v1', kind: 'Pod', names: ['cart-1'] }] } }, { generation: 2 })), ...base.slice(5)],
      'a write that is refused, since its pod has just been labelled': labelled(12.9, 13),
      'a write that is refused, since its pod was labelled while the process stood still after its look': labelled(20, 60),
      'another Deployment is protected': [...around(), ...protecting({ names: ['bank'] }), ...protecting(CRITICAL)], 'a Deployment that opted out while the write was on its way': [...base.slice(0, 5), ...around(), { ...(around(optsOut('true'))[1] as Entry), at: inSeconds(12.9) }, ...base.slice(5)], 'another pod is protected': withSpec({ safetyRules: { protectedResources: [{ apiVersion: 'v1', kind: 'Pod', names: ['cart-2'] }] } }), 'an opt-out that says false': [lies(pod({ [IGNORE_ANNOTATION]: 'false' })), ...base] },
  },
  I4: {
    breaks: { 'a pod of the operator': [...base, evicted(20, { namespace: OPERATOR_NAMESPACE, name: 'x' })], 'a pod of kube-system, even in a dry run': [...base, evicted(20, { namespace: 'kube-system', name: 'x', dryRun: true })], 'what is of no namespace': because('of no namespace', [...base, evicted(20, NODE)]) },
    keeps: { 'somebody else deletes what is of no namespace': [...base, evicted(20, { ...NODE, user: 'alice', impersonated: undefined })], 'somebody else evicts a pod of kube-system': [...base, evicted(20, { user: 'alice', impersonated: undefined, namespace: 'kube-system', name: 'x' })] },
  },
  I5: {
    breaks: { 'a write to a later version than was judged': because('judged at version 7 and written at 8', landing('8')), ...Object.fromEntries([{ uid: UID }, { resourceVersion: '7' }, { uid: UID, resourceVersion: '0' }, { uid: UID, resourceVersion: '' }, { uid: '', resourceVersion: '7' }].map((preconditions) => [`preconditions ${JSON.stringify(preconditions)}`, [...base.slice(0, 5), evicted(13, { preconditions })]])) },
    keeps: {
      'a write to the version that was judged': landing('7'),
      'an eviction to a later version, beside a budget': [lies(BUDGET, 'policy/poddisruptionbudgets'), ...landing('8')],
      'a JSON patch that begins with the version': [...base.slice(0, 5), evicted(13, { verb: 'patch', subresource: undefined, body: [{ op: 'replace', path: '/metadata/resourceVersion', value: '7' }, { op: 'test', path: '/metadata/uid', value: UID }], ok: false })],
      'a merge patch with both': [...base.slice(0, 5), evicted(13, { verb: 'patch', subresource: undefined, body: { metadata: { uid: UID, resourceVersion: '7' } }, ok: false })],
    },
  },
  I6: {
    breaks: { 'another pod under the name': [...base.slice(0, 5), evicted(13, { preconditions: { uid: 'new', resourceVersion: '7' }, uid: 'new' })], 'a write that landed on another uid than it demanded': [...base.slice(0, 5), evicted(13, { uid: 'new' })] },
    keeps: { 'the same uid': base },
  },
  I7: {
    breaks: {
      'nothing was read before': without(base, isLook),
      'only all namespaces were listed, which fills a cache': [...without(base, isLook).slice(0, 4), call(12.7, { verb: 'list', namespace: undefined }), ...without(base, isLook).slice(4)],
      'another process has looked': base.map((entry) => (isLook(entry) && entry.kind === 'call' ? { ...entry, process: 'another' } : entry)),
      'the last look is older than a minute and the time of a request': [...without(base, isLook).slice(0, 2), looked(13 - 71), ...without(base, isLook).slice(2)],
      'an older version than that of the own last write': because('older than the own last write', again('8')),
      'an older version than that of the own last scale': because('older than the own last write', again('8', { ...OF_SCALE, body: { metadata: { uid: UID, resourceVersion: '8' } } }, { ...OF_SCALE, changes: [{ collection: 'apps/deployments', after: atVersion('9') }] })),
      'an incident of a pod that somebody owns': because('belongs to a pod', [...around(), ...base, ofPod]),
      'a new incident whose slot has taken the place of what cools down': [written.policy(0, usual), written.ledger(5, ledger([], { incidents: [COOLING] })), written.ledger(10, ledger([['cart-restart-1', inSeconds(10)]])), written.action(11, action())],
      'a new incident while its workload cools down': [written.policy(0, usual), written.ledger(5, ledger([], { incidents: [{ id: 'old', trigger: 'crash', subject: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: NS, name: 'cart' }, ordinal: 0, openedAt: '2030-01-01T00:00:00.000Z', state: 'Ended', rung: 0, cooldownUntil: '2030-01-01T00:05:00.000Z' }] })), written.action(11, action())],
    },
    keeps: {
      'the version of the own last write': again('9'),
      'an older one, which is refused: it may have been looked at before that write': again('8', { ok: false, answer: 409, changed: false }),
      'an incident of a pod that nobody owns': [lies(pod({})), ...base, ofPod],
      'a list of the namespace': [...without(base, isLook).slice(0, 4), call(12.7, { verb: 'list' }), ...without(base, isLook).slice(4)],
      'a clock that was set back since': [written.policy(0, usual), written.ledger(5000, ledger([], { incidents: [{ ...COOLING, cooldownUntil: '2030-01-01T02:00:00.000Z' }] })), written.action(11, action())],
      'the cooldown has just ended': [written.policy(0, usual), written.ledger(5, ledger([], { incidents: [{ id: 'old', trigger: 'crash', subject: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: NS, name: 'cart' }, ordinal: 0, openedAt: '2030-01-01T00:00:00.000Z', state: 'Ended', rung: 0, cooldownUntil: '2030-01-01T00:00:11.000Z' }] })), written.action(11, action())],
    },
  },
  I8: {
    breaks: {
      'a target without a uid': [...base, written.action(20, action({ targetResource: { apiVersion: 'v1', kind: 'Pod', namespace: NS, name: 'cart-1', uid: '' } }, {}, 'b'))],
      'a decision by a policy that selects nothing': withSpec({ selector: { labelSelector: {} } }),
      'an empty list of namespaces': withSpec({ selector: { namespaces: [], labelSelector: { matchLabels: { app: 'cart' } } } }),
      'a delete of a collection': [...base, evicted(20, { verb: 'deletecollection', subresource: undefined, name: undefined })],
    },
    keeps: { 'names without a label selector': withSpec({ selector: { resources: [{ apiVersion: 'v1', kind: 'Pod', names: ['cart-1'] }] } }) },
  },
  I9: {
    breaks: {
      'an act that was decided before the breaker opened, when it has closed': [...base.slice(0, 5), ...overAndClosed, looked(89), evicted(90)],
      'an act while the breaker is open': [written.policy(0, usual), ...act(10, opened({}))], 'a second act of a half-open breaker that names another probe': because('cart-restart-1 and second through', [written.policy(0, usual), ...act(10, halfOpen('cart-restart-1')), ...act(60, { ...halfOpen('second'), name: 'second', spec: OTHER_POD, eviction: EVICTS_OTHER })]), 'an act beside the probe': [written.policy(0, usual), ...act(10, halfOpen('another'))], 'an act after as many in a row that did not help, and the breaker never opened': endings('Ineffective', 'Reverted', 'Ineffective', 'Effective') },
    keeps: {
      'a step of an act that had begun before': [...base.slice(0, 6), ...overAndClosed, looked(89), evicted(90)],
      'an act that was on its way when the breaker opened': [...base.slice(0, 5), written.ledger(12.5, ledger([['cart-restart-1', inSeconds(10)]], opened({}).ledgerSpec)), ...base.slice(5)], 'a second probe, after it has opened again': [written.policy(0, usual), ...act(10, halfOpen('cart-restart-1')), written.ledger(30, ledger([], opened({}).ledgerSpec)), ...act(700, { ...halfOpen('second'), name: 'second', spec: OTHER_POD, eviction: EVICTS_OTHER })], 'one that helped among them': endings('Ineffective', 'Effective', 'Ineffective', 'Ineffective', 'Effective'), 'one that neither helped nor failed to': endings('Ineffective', 'Inconclusive', 'Ineffective', 'Inconclusive'), 'as many, and no act after them': endings('Ineffective', 'Ineffective', 'Ineffective'), 'a breaker that opened and has closed': [...endings('Ineffective', 'Ineffective', 'Ineffective'), written.ledger(140, ledger([], opened({}).ledgerSpec)), ...act(800, { ...halfOpen('probe'), name: 'probe', spec: OTHER_POD, eviction: EVICTS_OTHER }), ...act(900, { name: 'later', spec: OTHER_POD, eviction: EVICTS_OTHER })], 'the probe itself': [written.policy(0, usual), ...act(10, halfOpen('cart-restart-1'))] },
  },
  I10: {
    breaks: { 'a write more than a second after it was turned on': [...base.slice(0, 5), killSwitch(11.9), ...base.slice(5)] },
    keeps: { 'one within the second': [...base.slice(0, 5), killSwitch(12.9), ...base.slice(5)], 'a dry run': [...base, killSwitch(15), looked(29), evicted(30, { dryRun: true })] },
  },
  I11: {
    breaks: {
      'a User-Agent that names nothing': [...base.slice(0, 5), evicted(13, { userAgent: 'kubeskippy' })],
      'no event, where every act has one': history(base, { everyEvent: true }),
      'an action that is not there': [...base, looked(19), evicted(20, { of: 'nobody', name: 'cart-2', ok: false })],
      'another identity than the healer': [...base.slice(0, 5), evicted(13, { impersonated: undefined })],
      'a patch without a field manager': [...base.slice(0, 5), evicted(13, { verb: 'patch', subresource: undefined, fieldManager: undefined, body: { metadata: { uid: UID, resourceVersion: '7' } } })],
    },
    keeps: { 'all of them': base, 'an event that tells of it': history([...base, event], { everyEvent: true }), 'no event, where they are bounded': base },
  },
  I12: {
    breaks: { 'a write by an action that is a dry run': [written.policy(0, usual), ...act(10, { spec: { dryRun: true } })], 'a write for a policy in monitor': withSpec({ mode: 'monitor' }), 'one of a process that stood still after its look while the policy was set to dryrun': stoodStill({ mode: 'dryrun' }), 'a write that was decided in dryrun, whatever its action says and its policy by now': [written.policy(0, policy({ mode: 'dryrun' })), ...act(10).flatMap((entry, n) => (n === 2 ? [written.policy(12, later({})), entry] : [entry]))] },
    keeps: { 'one that was decided after the policy left dryrun': [written.policy(0, policy({ mode: 'dryrun' })), written.policy(1, later({})), ...act(30, { spec: { policyRef: { name: 'cart', namespace: NS, uid: 'uid-policy', generation: 2 } } })], 'a dry run of it': [written.policy(0, policy({ mode: 'dryrun' })), ...act(10, { spec: { dryRun: true }, eviction: { dryRun: true } })], 'a policy that was edited while its write was on its way': [...base.slice(0, 5), written.policy(12, later({ mode: 'dryrun' })), ...base.slice(5)] },
  },
  I13: {
    breaks: {
      'an act that nobody has approved': [written.policy(0, usual), ...act(10, { spec: { approvalRequired: true } })],
      'an act of a policy that asks about every act, whatever the action says': withSpec({ mode: 'manual' }),
      'an act that the policy asks about, whatever the action says': withSpec({ actions: [{ name: 'restart', type: 'restart', priority: 50, requiresApproval: true, restartAction: { strategy: 'rolling' } }] }),
      'an act that was decided in mode manual, whatever the policy says by now': [written.policy(0, policy({ mode: 'manual' })), ...act(10).flatMap((entry, n) => (n === 2 ? [written.policy(12, later({})), entry] : [entry]))],
      'all pods of a workload at once, and nobody was asked': [written.policy(0, policy({ actions: [RECREATE] })), ...act(10, { spec: { action: RECREATE } })],
      'an act that nobody has approved, of a policy that has asked for it for a minute': [written.policy(0, usual), written.policy(1, later({ mode: 'manual' })), ...act(60)],
      'an approval of something else than is done': asked('bob').map((entry, n) => (n > 2 && entry.kind === 'call' && entry.collection === ACTIONS ? written.status(entry.at / 1000 - inSeconds(0) / 1000, action({ ...APPROVED, timeout: '11m' })) : entry)),
      'an approval that changes what it is about': asked('bob', {}, { timeout: '11m' }),
      'an approval of an earlier action of that name': [...asked('bob').slice(0, 3), call(9, { verb: 'delete', collection: ACTIONS, name: 'cart-restart-1', changes: [{ collection: ACTIONS, before: action() }] }), ...asked('bob').slice(3).map((entry) => anew(entry))],
      'an approval after the time that the policy gives, whatever the action says': [written.policy(0, policy({ mode: 'manual', safetyRules: { ...usual.spec.safetyRules, approvalTimeout: '2s' } })), ...asked('bob').slice(1)],
      'an approval that is another one by now': asked('bob').map((entry, n) => (n > 2 && entry.kind === 'call' && entry.collection === ACTIONS ? written.status(entry.at / 1000 - inSeconds(0) / 1000, action({ ...APPROVED, approval: { decision: 'Approved', decidedBy: 'eve', reason: '' } })) : entry)),
      'an approval in the name of somebody else': asked('mallory'),
      'an approval after its deadline': asked('bob', { approvalDeadline: '2030-01-01T00:00:07.000Z' }),
      'an approval by somebody without the right': history(asked('bob'), { mayApprove: () => false }),
      'a HealingAction that somebody else made': [...base, written.action(20, action({}, {}, 'forged'), { user: 'mallory' })],
      'a status that somebody else wrote': [...base, written.status(20, action(), { user: 'mallory' })],
      'a ledger that somebody else wrote': [...base, written.ledger(20, ledger([]), { user: 'mallory' })],
    },
    keeps: { 'an act of a policy that turned manual while it was on its way': [...base.slice(0, 5), written.policy(12.8, later({ mode: 'manual' })), ...base.slice(5)], 'an approval that a policy in mode manual asked for': history([written.policy(0, policy({ mode: 'manual' })), ...asked('bob').slice(1)]), 'in time and in the own name': history(asked('bob'), { mayApprove: (user) => user === 'bob' }), 'what was refused': [...base, written.action(20, action({}, {}, 'forged'), { user: 'mallory', ok: false, changes: [] })], 'a ledger that an administrator deletes': [...base, call(20, { verb: 'delete', collection: LEDGERS, user: 'alice', name: 'ledger', namespace: OPERATOR_NAMESPACE })] },
  },
  I14: {
    breaks: {
      'a delete by an action that evicts': [...base.slice(0, 5), evicted(13, { verb: 'delete', subresource: undefined, body: { preconditions: { uid: UID, resourceVersion: '7' } } })],
      'a pod of its name in another namespace': because('about namespace shop', [...base.slice(0, 5), evicted(13, { namespace: 'other' })]),
      'an action that the policy does not have': withSpec({ actions: [{ name: 'other', type: 'restart', priority: 50 }] }),
      'a graceful restart that evicts a pod of another Deployment': [...town, ...gracefully('bank-1-a')],
      'one that evicts a pod of nobody': [...town, lies(owned('Pod', 'stray')), ...gracefully('stray')],
      'one of a pod by another name, where owners are not in the history': gracefully('bank-1-a'),
      'an act long after its policy was deleted': [written.policy(0, usual), policyGoes(5), ...act(5 + 71)],
      'an act long after its policy was made anew': [written.policy(0, usual), policyGoes(5), written.policy(6, policy({}, { uid: 'another' })), ...act(5 + 71)],
      'an act of a policy that never was': [written.policy(0, policy({}, { uid: 'another' })), ...act(10)],
      'a rung before the one below it was tried': [...base, written.action(20, onRung(2), { verb: 'create' })],
      'another Deployment is scaled': scaled(3, { name: 'bank' }),
      'a scale beyond its maxReplicas': scaled(6),
      'a scale by more than its step': scaled(5),
      'a scale the other way': scaled(1),
      'a scale to another number than the one it names': scaled(4, { template: { ...SCALE, scaleAction: { direction: 'absolute', replicas: 3, minReplicas: 1 } } }),
      'a scale that is taken back to another number': scaled(1, { status: { undo: { begunAt: '2030-01-01T00:00:12.000Z', because: 'it did not help' } } }),
    },
    keeps: {
      'what it names': base,
      'a pod of the other namespace that it names': [written.policy(0, usual), ...act(10, { spec: elsewhere, eviction: { namespace: 'other' } })],
      'a graceful restart of a pod of its ReplicaSet': [...town, ...gracefully('cart-1-a')],
      'one of a pod by its name, where owners are not in the history': gracefully('cart-1-a'),
      'an act that was on its way when its policy was deleted': [...base.slice(0, 5), policyGoes(12.9), ...base.slice(5)],
      'what is taken back after its policy was deleted': [written.policy(0, usual), policyGoes(5), ...act(100).map((entry) => (entry.subresource === 'status' ? written.status(102.5, action({}, { phase: 'Verifying', undo: { begunAt: '2030-01-01T00:01:42.000Z', because: 'it did not help' } })) : entry))],
      'the next rung': [...base, written.action(20, onRung(1), { verb: 'create' })],
      'a scale within its bounds': scaled(4),
      'a scale that is taken back': scaled(2, { status: { undo: { begunAt: '2030-01-01T00:00:12.000Z', because: 'it did not help' } } }),
    },
  },
  I15: {
    breaks: { 'a secret in what is written': history([...base, written.status(30, action({}, { result: { success: false, reason: 'x', message: 'password is hunter22' } }))], SECRET), 'a secret for a name': history([...base, call(30, { name: 'hunter22' })], SECRET), 'a secret for a namespace': history([...base, call(30, { verb: 'list', namespace: 'of-hunter22' })], SECRET), 'a secret in a User-Agent': history([...base, call(30, { userAgent: 'kubeskippy hunter22' })], SECRET), 'a secret in what has no end': history([...base, { kind: 'open', at: inSeconds(30), call: call(30, { verb: 'create', name: 'hunter22' }) }], SECRET), 'a secret in a log': history([...base, { kind: 'output', at: inSeconds(30), stream: 'log', text: '{"env":"hunter22"}' }], SECRET) },
    keeps: { 'a secret that its owner wrote': history([...base, stored(30, '/pods', pod({ password: 'hunter22' }), { user: 'alice' })], SECRET), 'a secret that somebody else sends': history([...base, call(30, { user: 'alice', name: 'hunter22' })], SECRET), 'a secret that the server answers with': history([...base, call(30, { changes: [{ collection: '/pods', after: pod({ password: 'hunter22' }) }] })], SECRET) },
  },
  I16: {
    breaks: {
      'an action that is still verified when its time is over': history(begun('Verifying'), {}, inSeconds(20 + LEFT + 1)),
      'one that ends too late': [...begun('Verifying'), written.status(20 + LEFT + 2, action({ timeout: '1m' }, { phase: 'Failed' }))],
      'one that has acted, when its verification is over': history(begun('Verifying', { actedAt: '2030-01-01T00:00:13.000Z' }), {}, inSeconds(20 + LEFT - 60 + 1)),
      'one that is tried for longer than it may': history(begun('InProgress', { startTime: '2030-01-01T00:00:12.000Z' }), {}, inSeconds(12 + LEFT + 1)),
    },
    keeps: {
      'one that has a second left': history(begun('Verifying'), {}, inSeconds(20 + LEFT - 1)),
      'one that ended at its last second': [...begun('Verifying'), written.status(20 + LEFT, action({ timeout: '1m' }, { phase: 'Failed' }))],
      'one that has acted and has a second left': history(begun('Verifying', { actedAt: '2030-01-01T00:00:13.000Z' }), {}, inSeconds(20 + LEFT - 60 - 1)),
      'one that is tried and has a second left': history(begun('InProgress', { startTime: '2030-01-01T00:00:12.000Z' }), {}, inSeconds(12 + LEFT - 1)),
    },
  },
  I17: {
    breaks: { 'a status while all is quiet': [...base, mark(100, 'Quiet'), written.status(101, action())], 'a list of pods': [...base, mark(100, 'Quiet'), call(101, { verb: 'list' })] },
    keeps: {
      'the lease, a review, and an old action that goes': [...base, mark(100, 'Quiet'), call(101, { verb: 'patch', collection: 'coordination.k8s.io/leases' }), call(102, { verb: 'create', collection: 'authorization.k8s.io/subjectaccessreviews' }), call(103, { verb: 'delete', collection: ACTIONS, name: 'cart-restart-1' })],
      'work after the quiet': [...base, mark(100, 'Quiet'), mark(101, 'Disturbed'), written.status(102, action())],
    },
  },
  I18: {
    breaks: {
      'the same write again without a look': [...base.slice(0, 5), evicted(12.8, { ok: false, answer: 500, changed: false }), ...base.slice(5)],
      'the same write again after it was turned away': [...base.slice(0, 5), evicted(12.8, { ok: false, answer: 429, changed: false }), ...base.slice(5)],
      'the same write again, and only another process has looked': [...base.slice(0, 5), evicted(12.8, { ok: false, answer: 500, changed: false }), looked(12.9, { process: 'another' }), ...base.slice(5)],
      'the same write again after one without an end': [...base.slice(0, 5), { kind: 'open', at: inSeconds(12.8), call: evicted(12.8, { ok: false, answer: 0 }) }, ...base.slice(5)],
      'an act that is cancelled after its write has landed and was looked at': denied(looked(14)),
      'one whose target is found to be gone': denied(looked(14, { ok: false, answer: 404 })),
      'the same write again after a list of all namespaces': [...base.slice(0, 5), evicted(12.8, { ok: false, answer: 500, changed: false }), call(12.9, { verb: 'list', namespace: undefined }), ...base.slice(5)],
      'the same again, while two act, and it is let through': [mark(1, 'TwoLeaders'), ...base.slice(0, 5), evicted(12.8, { ok: false, answer: 500, changed: false }), ...base.slice(5)],
      'the same again after two have acted': [mark(1, 'TwoLeaders'), mark(2, 'OneLeader'), ...base, evicted(13.5, { ok: false, answer: 409, changed: false })],
      'a later version, while two act': [mark(1, 'TwoLeaders'), ...base, evicted(13.5, { ok: false, answer: 409, changed: false, preconditions: { uid: UID, resourceVersion: '8' } })],
    },
    keeps: { 'an act that is cancelled by who had looked before its write landed': denied(looked(12.9)), 'one that another process has looked at since': denied(looked(14, { process: 'another' })), 'one that is found to have landed': [...base.slice(0, -1), looked(14), ...base.slice(-1)], 'one whose write was refused': denied(looked(14), { ok: false, answer: 409, changed: false }), 'an earlier version, while two act': [mark(1, 'TwoLeaders'), ...base, evicted(13.5, { ok: false, answer: 404, changed: false, preconditions: { uid: UID, resourceVersion: '6' } })], 'what another one has read before, after the first one was turned away': [mark(1, 'TwoLeaders'), ...base.slice(0, 5), evicted(12.8, { ok: false, answer: 429, changed: false }), ...base.slice(5)], 'what another one has read before, and is refused': [mark(1, 'TwoLeaders'), ...base, evicted(13.5, { ok: false, answer: 409, changed: false })], 'with a look after one without an end': [...base.slice(0, 4), { kind: 'open', at: inSeconds(12.2), call: evicted(12.2, { ok: false, answer: 0 }) }, looked(12.4), ...base.slice(4)], 'with a look between': [...base.slice(0, 5), evicted(12.8, { ok: false, answer: 500, changed: false }), looked(12.9), ...base.slice(5)], 'after a dry run': [...base.slice(0, 5), evicted(12.8, { dryRun: true }), ...base.slice(5)] },
  },
  I19: {
    breaks: {
      'a malformed ledger that is written over': [...base, written.ledger(20, ledger([], { entries: 'none' }), { user: 'alice' }), written.ledger(21, ledger([]))],
      'an act while the status of its policy is malformed': [written.policy(0, { ...policy(), status: { findings: 'none' } } as never), ...act(30)],
    },
    keeps: { 'a malformed ledger that is left alone': [...base, written.ledger(20, ledger([], { entries: 'none' }), { user: 'admin' })] },
  },
  I20: {
    breaks: { 'a decision while its trigger has no data': [mark(1, 'NoData', { of: `${NS}/cart/crash` }), ...base], 'a decision that says nothing of what was seen': [...base, written.action(20, action({ trigger: { name: 'crash', since: '2030-01-01T00:00:00.000Z', evidence: ' ' } }, {}, 'b'))], 'a decision whose trigger fires since later': [...base, written.action(20, action({ trigger: { name: 'crash', since: '2030-01-01T00:00:50.000Z', evidence: 'seen' } }, {}, 'b'))] },
    keeps: { 'the clock was set back before it was written down': [...base, mark(55, 'Quiet'), call(55, { verb: 'get' }), mark(56, 'Disturbed'), written.action(20, action({ trigger: { name: 'crash', since: '2030-01-01T00:00:50.000Z', evidence: 'seen' } }, {}, 'b'))], 'the data are back': [mark(1, 'NoData', { of: `${NS}/cart/crash` }), mark(9, 'Data', { of: `${NS}/cart/crash` }), ...base], 'another trigger has none': [mark(1, 'NoData', { of: `${NS}/cart/other` }), ...base] },
  },
}

const asReasoned = (story: Told | Reasoned): Reasoned => ('told' in story ? story : { told: story, why: '' })
const asHistory = (told: Told): History => ('setting' in told ? told : history(told))

const SAYS_BROKEN = /\breport(\.broken|\[.*'broken'.*\])\(/u
/** `bounds.ts:63`, of each line that may say that something is broken. */
const CLAUSES = readdirSync(new URL('invariants/', import.meta.url)).flatMap((file) =>
  readFileSync(new URL(`invariants/${file}`, import.meta.url), 'utf8').split('\n').flatMap((line, n) => (SAYS_BROKEN.test(line) ? [`${file}:${n + 1}`] : [])))
/** The same checker, which tells of each of its findings from which clause it came. */
const traced = ({ begin, ...rest }: Checker, tellOf: (clause: string, why: string) => void): Checker => ({
  ...rest,
  begin: (setting) => {
    const watch = begin(setting)
    const through = (report: Report): Report => ({
      ...report,
      broken: (why) => { tellOf(/invariants\/([^/:]+:[0-9]+)/.exec(new Error('clause').stack ?? '')?.[1] ?? '', why) },
    })
    return {
      see: (entry, world, report) => watch.see?.(entry, world, through(report)),
      end: (world, until, report) => watch.end?.(world, until, through(report)),
    }
  },
})

describe('the checkers of invariants', () => {
  it('are those of I1 to I20, in this order', () => {
    expect(INVARIANTS.map(({ invariant }) => invariant)).to.deep.equal(Array.from({ length: 20 }, (_, n) => `I${n + 1}`))
    expect(Object.keys(CASES)).to.deep.equal(INVARIANTS.map(({ invariant }) => invariant))
  })

  it('find nothing in an act as it should be', () => {
    const { broken, undecided } = judge(history([...around(), ...base]), INVARIANTS)
    expect(tell(broken)).to.equal('')
    expect(tell(undecided)).to.equal('')
  })

  for (const { invariant, title } of INVARIANTS) {
    const { breaks, keeps } = CASES[invariant] ?? { breaks: {}, keeps: {} }
    describe(`of ${invariant}: ${title}`, () => {
      for (const [what, story] of Object.entries(breaks)) {
        const { told, why } = asReasoned(story)
        it(`sees ${what}`, () => {
          const { broken } = judge(asHistory(told), INVARIANTS)
          expect(broken.some((found) => found.invariant === invariant && found.why.includes(why)), tell(broken)).to.equal(true)
        })
      }
      for (const [what, told] of Object.entries(keeps)) it(`lets pass: ${what}`, () => expect(brokenBy(asHistory(told)), tell(judge(asHistory(told), INVARIANTS).broken)).not.to.include(invariant))
    })
  }

  it('have a story for each of their clauses that no other one sees', () => {
    const needed = new Set(INVARIANTS.flatMap((checker) => Object.values(CASES[checker.invariant]?.breaks ?? {}).flatMap((story) => {
      const { told, why } = asReasoned(story)
      const saw = new Set<string>()
      judge(asHistory(told), [traced(checker, (clause, said) => { if (said.includes(why)) saw.add(clause) })])
      return saw.size === 1 ? [...saw] : []
    })))
    expect(CLAUSES.filter((clause) => !needed.has(clause))).to.deep.equal([])
  })

  it('say where it was broken, and by which action', () => {
    const [found] = judge(history([...base.slice(0, -1), looked(14), evicted(15)]), INVARIANTS).broken
    expect(found).to.include({ invariant: 'I1' satisfies Invariant, index: 7, where: 'create pods/eviction shop/cart-1', action: 'shop/cart-restart-1' })
    expect(found?.at).to.equal(inSeconds(15))
  })

  it('judge what a restored backup has undone by itself, and what came after without it', () => {
    const again = [mark(20, 'Restored', { asOf: inSeconds(9) }), ...act(30)]
    expect(brokenBy(history([...base, ...again]))).to.deep.equal([])
    expect(brokenBy(history([...base, ...act(30)]))).to.include('I1')
    expect(brokenBy(history([...base.slice(0, 5), evicted(13, { preconditions: {} }), ...again]))).to.include('I5')
  })

  it('leave open what a history without reads cannot tell', () => {
    const { broken, undecided } = judge(history([...around(), ...without(base, isLook)], { seesReads: false }), INVARIANTS)
    expect(tell(broken)).to.equal('')
    expect(undecided.map(({ invariant }) => invariant)).to.deep.equal(['I7'])
  })

  it('leave open who approved what was approved as a backup was made', () => {
    const [decided, made, approving, ...done] = asked('bob')
    if (decided === undefined || made === undefined || approving === undefined) throw new RangeError('it is not asked for')
    const verdict = (...before: readonly Entry[]) => judge(history([decided, made, ...before, ...done], { mayApprove: (user) => user === 'bob' }), INVARIANTS)
    const { broken, undecided } = verdict({ ...approving, at: inSeconds(8.5) }, mark(9, 'Restored', { asOf: inSeconds(8.4) }))
    expect(tell(broken)).to.equal('')
    expect(undecided.map(({ invariant, why }) => `${invariant} ${why}`)).to.include('I13 who approved it is not in the history')
    expect(verdict().broken.map(({ invariant }) => invariant)).to.include('I13')
  })

  it('leave open what a policy that is not in the history has asked for', () => {
    const { broken, undecided } = judge(history([...around(), ...base.slice(1)]), INVARIANTS)
    expect(tell(broken)).to.equal('')
    expect(undecided.map(({ invariant }) => invariant)).to.have.members(['I3', 'I12', 'I13'])
  })

  describe('leave open whom a write has touched', () => {
    const [home, top, set, itself] = around() as [Entry, Entry, Entry, Entry]
    const openOf = (...entries: readonly Entry[]): readonly string[] => {
      const { broken, undecided } = judge(history(entries), INVARIANTS)
      expect(tell(broken)).to.equal('')
      return undecided.map(({ invariant, why }) => `${invariant} ${why}`)
    }
    it('where its pod is not in the history', () => expect(openOf(home, top, set, ...base)).to.deep.equal(['I3 whether Pod/cart-1 is protected or has opted out is not in the history']))
    it('where an owner is not', () => expect(openOf(home, set, itself, ...base)[0]).to.equal('I3 whether Deployment/cart is protected or has opted out is not in the history'))
    it('where its namespace is not', () => expect(openOf(top, set, itself, ...base)).to.deep.equal(['I3 /namespaces shop is not in the history']))
    it('and nothing of a dry run', () => expect(openOf(...base.map((entry) => (entry.kind === 'call' && entry.subresource === 'eviction' ? { ...entry, dryRun: true } : entry)))).to.deep.equal([]))
    it('where only its name tells whose pod it is', () => expect(openOf(looked(12, { name: 'cart-1-a' }), ...gracefully('cart-1-a'))).to.include('I14 who owns pod cart-1-a is not in the history'))
  })

  it('leave open whether an action will end that has time left', () => {
    expect(judge(history([...around(), ...begun('Verifying')], {}, inSeconds(20 + minutes(3) / 1000)), INVARIANTS).undecided.map(({ invariant }) => invariant)).to.deep.equal(['I16'])
  })
})
