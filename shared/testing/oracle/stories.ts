/** A history that keeps every invariant, in parts that a test of the checkers exchanges or leaves out. */
import { HEALER_ACCOUNT, OPERATOR_NAMESPACE, PROTECTED_NAMESPACES, serviceAccountUser } from '../../api/v1alpha1/names.ts'
import type { HealingAction, HealingLedger, HealingPolicy } from '../../api/v1alpha1/types.ts'
import type { KubeObject } from '../../kube/api.ts'
import { after, formatInstant, instant, millis, type Instant, type Millis } from '../../lib/time.ts'
import { buildPolicy } from '../builders/objects.ts'
import type { Call, Entry, History, Mark, Setting } from './history.ts'
import { ACTIONS, LEDGERS, POLICIES } from './world.ts'

export const BEGIN = instant(Date.parse('2030-01-01T00:00:00Z'))
export const NS = 'shop'
export const UID = 'uid-cart-1'
const POLICY_UID = 'uid-policy'
const CONTROLLER = 'controller-1'
const HEALER = serviceAccountUser(NS, HEALER_ACCOUNT)
export const inSeconds = (s: number): Instant => after(BEGIN, millis(s * 1000))

let versions = 100
type Parts<T> = { readonly [K in keyof T]?: unknown }

const meta = (name: string, namespace: string, uid = `uid-${name}`) => ({ name, namespace, uid, resourceVersion: String(++versions), creationTimestamp: formatInstant(BEGIN).replace('.000', ''), generation: 1 })

export function policy(spec: Parts<HealingPolicy['spec']> = {}, metadata: object = {}): HealingPolicy {
  const built = buildPolicy({ spec: { mode: 'automatic', selector: { labelSelector: { matchLabels: { app: 'cart' } } } } })
  return { ...built, metadata: { ...meta('cart', NS, POLICY_UID), ...metadata }, spec: { ...built.spec, actions: [{ name: 'restart', type: 'restart', priority: 50, restartAction: { strategy: 'rolling' } }], ...spec } } as HealingPolicy
}

export function action(spec: Parts<HealingAction['spec']> = {}, status: Parts<NonNullable<HealingAction['status']>> = { phase: 'InProgress' }, name = 'cart-restart-1'): HealingAction {
  return {
    apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingAction', metadata: meta(name, NS),
    spec: {
      policyRef: { name: 'cart', namespace: NS, uid: POLICY_UID, generation: 1 },
      incident: { id: `incident-${name}`, subject: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: NS, name: 'cart', uid: 'uid-cart' }, ordinal: 0, rung: 0, recurrence: 0 },
      targetResource: { apiVersion: 'v1', kind: 'Pod', namespace: NS, name: 'cart-1', uid: UID },
      trigger: { name: 'crash', since: formatInstant(BEGIN), evidence: 'it crashed' },
      action: { name: 'restart', type: 'restart', priority: 50, restartAction: { strategy: 'rolling' } },
      dryRun: false, timeout: '10m',
      ...spec,
    },
    status,
  } as unknown as HealingAction
}

/** With a slot of each of these actions, reserved just before. */
export function ledger(slots: readonly (readonly [action: string, at: Instant])[], spec: Parts<HealingLedger['spec']> = {}): HealingLedger {
  return {
    apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingLedger', metadata: meta('ledger', OPERATOR_NAMESPACE),
    spec: {
      policy: { namespace: NS, name: 'cart' }, nextOrdinal: 1, incidents: [], outcomes: { effective: 0, ineffective: 0, inconclusive: 0, failed: 0 },
      breaker: { state: 'Closed', failures: 0, recent: [], openings: 0 },
      entries: slots.map(([name, at]) => ({ action: name, incident: 'i', target: UID, reservedAt: formatInstant(at), state: 'Reserved', tried: true })),
      ...spec,
    },
  } as unknown as HealingLedger
}

export const call = (s: number, parts: Partial<Call>): Call => ({
  kind: 'call', at: inSeconds(s), received: parts.at ?? inSeconds(s), user: CONTROLLER, userAgent: 'kubeskippy', verb: 'get', collection: '/pods', namespace: NS, dryRun: false, ok: true, answer: 200, changes: [], ...parts,
})

/** Of our own kinds and others: a write that stored `object`. */
export const stored = (s: number, collection: string, object: KubeObject, parts: Partial<Call> = {}): Call =>
  call(s, { verb: 'create', collection, namespace: object.metadata.namespace, name: object.metadata.name, uid: object.metadata.uid, body: object, changes: [{ collection, after: object }], ...parts })

export const written = {
  policy: (s: number, object: HealingPolicy, parts: Partial<Call> = {}): Call => stored(s, POLICIES, object, { user: 'alice', ...parts }),
  ledger: (s: number, object: HealingLedger, parts: Partial<Call> = {}): Call => stored(s, LEDGERS, object, { verb: 'update', ...parts }),
  action: (s: number, object: HealingAction, parts: Partial<Call> = {}): Call => stored(s, ACTIONS, object, parts),
  status: (s: number, object: HealingAction, parts: Partial<Call> = {}): Call => stored(s, ACTIONS, object, { verb: 'patch', subresource: 'status', ...parts }),
}

export const looked = (s: number, parts: Partial<Call> = {}): Call => call(s, { name: 'cart-1', ...parts })

export interface EvictionOptions extends Partial<Call> {
  readonly of?: string
  readonly preconditions?: object
}

/** Of the pod, as the healer and by its action. */
export const evicted = (s: number, { of = 'cart-restart-1', preconditions = { uid: UID, resourceVersion: '7' }, ...parts }: EvictionOptions = {}): Call =>
  call(s, {
    verb: 'create', subresource: 'eviction', name: 'cart-1', impersonated: HEALER, fieldManager: 'kubeskippy', changed: true, uid: UID,
    userAgent: `kubeskippy/1 (healingaction ${NS}/${of}; correlation-id 1)`, body: { deleteOptions: { preconditions } }, ...parts,
  })

export const mark = (s: number, what: Mark['mark'], more: Partial<Mark> = {}): Mark => ({ kind: 'mark', at: inSeconds(s), mark: what, ...more })

export const history = (entries: readonly Entry[], setting: Partial<Setting> = {}, until?: Instant): History => ({
  entries,
  until: until ?? after(entries.at(-1)?.at ?? BEGIN, millis(1000)),
  setting: {
    operatorNamespace: OPERATOR_NAMESPACE, protectedNamespaces: PROTECTED_NAMESPACES, isController: (user) => user === CONTROLLER,
    limits: { ceiling: 60, namespace: Infinity, cluster: Infinity }, secrets: [], seesReads: true, slack: 0 as Millis, ...setting,
  },
})

/** One act as it should be, at `s` seconds: looked, reserved, decided, begun, written, ended. */
export function act(s: number, { name = 'cart-restart-1', eviction = {}, spec = {}, ledgerSpec = {}, slots = [] as readonly (readonly [string, Instant])[] } = {}): Call[] {
  const target = { spec: { targetResource: { apiVersion: 'v1', kind: 'Pod', namespace: NS, name: 'cart-1', uid: UID }, ...spec } }.spec
  return [
    written.ledger(s, ledger([...slots, [name, inSeconds(s)]], ledgerSpec)),
    written.action(s + 1, action(target, {}, name)),
    looked(s + 2),
    written.status(s + 2.5, action(target, { phase: 'InProgress' }, name)),
    evicted(s + 3, { of: name, ...eviction }),
    written.status(s + 4, action(target, { phase: 'Succeeded', outcome: 'Effective' }, name)),
  ]
}
