/** Views of a small shop: Deployment cart with its ReplicaSet and pods. A test names what it is about and nothing else. */
import { after, instant, minutes, type Instant, type Millis } from '../../../shared/lib/time.ts'
import type { HealingPolicySpec } from '../../../shared/api/v1alpha1/types.ts'
import { DEFAULT_INSTALLATION } from '../installation.ts'
import type { ObjectMeta } from '../../../shared/lib/object.ts'
import { buildPolicy } from '../../../shared/testing/builders/objects.ts'
import type { DetectContext } from '../../triggers/trigger.ts'
import { NO_ALERTS } from '../alerts.ts'
import { NO_READINGS } from '../metrics.ts'
import { compilePolicy, type CompiledPolicy } from '../policy.ts'
import { emptyBudget, scopesOf } from '../shared-budget.ts'
import { ownerChain, indexWorkloads } from '../owners.ts'
import type { Selected } from '../select.ts'
import type { ConditionView, ContainerState, ContainerView, ObjectRef, PodView, Snapshot, WorkloadView } from '../snapshot.ts'

/** A whole second, as creation times are. */
export const T0 = instant(Date.UTC(2030, 0, 1, 12))
export const at = (span: Millis | number): Instant => after(T0, span as Millis)

export const NAMESPACE = 'shop'

export const workload = (kind: string, name: string, overrides: Partial<WorkloadView> = {}): WorkloadView => ({
  ref: { apiVersion: 'apps/v1', kind, namespace: NAMESPACE, name, uid: `uid-${kind.toLowerCase()}-${name}` },
  resourceVersion: '7',
  labels: { app: name },
  ignored: false,
  deleting: false,
  createdAt: at(-3_600_000),
  owner: undefined,
  conditions: [],
  shape: 'Workload',
  generation: 1,
  observedGeneration: 1,
  replicas: 1,
  readyReplicas: 1,
  availableReplicas: 1,
  updatedReplicas: 1,
  paused: false,
  updateStrategy: 'RollingUpdate',
  partition: 0,
  podManagement: '',
  updateRevision: '',
  podSelector: { matchLabels: { app: name } },
  template: { hash: 'first', images: { app: 'cart:1' } },
  annotations: {},
  ...overrides,
})

export const ownedBy = ({ ref: { apiVersion, kind, name, uid } }: WorkloadView): Omit<ObjectRef, 'namespace'> => ({ apiVersion, kind, name, uid })

/** A Deployment and its ReplicaSet. */
export function deployment(name: string, overrides: Partial<WorkloadView> = {}): readonly [WorkloadView, WorkloadView] {
  const top = workload('Deployment', name, overrides)
  return [top, workload('ReplicaSet', `${name}-5d`, { labels: { app: name }, owner: ownedBy(top) })]
}

const [CART, CART_SET] = deployment('cart')
export const cart = CART
export const cartSet = CART_SET

export const condition = (type: string, status: string, since: Instant | undefined = at(-3_600_000), reason = ''): ConditionView => ({ type, status, since, reason })

export const container = (overrides: Partial<ContainerView> = {}): ContainerView => ({
  name: 'app',
  ready: true,
  restarts: 0,
  state: { kind: 'running', startedAt: at(-3_600_000) },
  lastTermination: undefined,
  ...overrides,
})

export const running = (startedAt: Instant): ContainerState => ({ kind: 'running', startedAt })
export const waiting = (reason: string): ContainerState => ({ kind: 'waiting', reason })
export const ended = (exitCode = 1, reason = 'Error'): ContainerState => ({ kind: 'terminated', reason, exitCode, finishedAt: T0 })
export const crashed = (reason = 'Error', exitCode = 1): ContainerView['lastTermination'] => ({ reason, exitCode, finishedAt: at(-1000) })

/** A pod of Deployment cart that has been ready for an hour. */
export function pod(name = 'cart-0', overrides: Partial<PodView> = {}): PodView {
  return {
    shape: 'Pod',
    ref: { apiVersion: 'v1', kind: 'Pod', namespace: NAMESPACE, name, uid: `uid-${name}` },
    resourceVersion: '42',
    labels: { app: 'cart' },
    ignored: false,
    deleting: false,
    createdAt: at(-3_600_000),
    owner: ownedBy(cartSet),
    phase: 'Running',
    node: 'worker-1',
    restartPolicy: 'Always',
    mirror: false,
    containers: [container()],
    resources: { pod: { limits: {}, requests: {} }, containers: {} },
    conditions: [condition('Ready', 'True')],
    ...overrides,
  }
}

/** Down in the back-off of its sixth crash. */
export const crashing = (name = 'cart-0', overrides: Partial<PodView> = {}): PodView =>
  pod(name, {
    containers: [container({ ready: false, restarts: 5, state: waiting('CrashLoopBackOff'), lastTermination: crashed() })],
    conditions: [condition('Ready', 'False', at(-3_600_000), 'ContainersNotReady')],
    ...overrides,
  })

/** Made at `made` and ready since. */
export const fresh = (name: string, made: Instant, readySince: Instant = made): PodView =>
  pod(name, { createdAt: made, containers: [container({ state: running(readySince) })], conditions: [condition('Ready', 'True', readySince)] })

/** The trigger has been pending or firing on the pod since then. */
export const remembered = (of: PodView, since: Instant, restarts = 0, trigger = 'crashing'): Snapshot['findings'][number] => ({
  trigger,
  object: of.ref,
  since: new Date(since).toISOString(),
  restarts,
  state: 'Pending',
})

export const snapshot = (overrides: Partial<Snapshot> = {}): Snapshot => ({
  now: T0,
  namespace: { name: NAMESPACE, ignored: false, paused: undefined, deleting: false },
  pods: [],
  workloads: [cart, cartSet],
  objects: [],
  healer: 'Ready',
  others: new Map(),
  claims: [],
  age: 0 as Millis,
  killSwitch: false,
  clockSkew: 0 as Millis,
  installation: DEFAULT_INSTALLATION,
  violations: [],
  ledger: undefined,
  budgets: scopesOf(NAMESPACE).map(emptyBudget),
  forbidden: new Map(),
  actions: new Set(),
  findings: [],
  restarts: [],
  metrics: NO_READINGS,
  alerts: NO_ALERTS,
  events: [],
  unseen: new Map(),
  occurrences: [],
  ...overrides,
})

/** What a detector looks at: without readings and events, and nothing remembered. */
export const context = (overrides: Partial<DetectContext> = {}): DetectContext => ({
  now: T0,
  stabilizationWindow: minutes(2),
  memory: undefined,
  metrics: NO_READINGS,
  alerts: NO_ALERTS,
  marks: [],
  single: false,
  events: [],
  unseen: new Map(),
  workloads: [cart, cartSet],
  occurrences: [],
  ...overrides,
})

/** The pods have been crashing for five minutes: the trigger of {@link policy} fires on each. */
export const broken = (pods: readonly PodView[], overrides: Partial<Snapshot> = {}): Snapshot =>
  snapshot({ pods, findings: pods.map((p) => remembered(p, at(-300_000))), ...overrides })

export const policy = (spec: Partial<HealingPolicySpec> = {}, metadata: Partial<ObjectMeta> = {}): CompiledPolicy => compilePolicy(buildPolicy({ metadata, spec }))

/** Safety rules over the defaults of the schema. */
export const rules = (overrides: Partial<HealingPolicySpec['safetyRules']>): Pick<HealingPolicySpec, 'safetyRules'> => ({
  safetyRules: { ...buildPolicy().spec.safetyRules, ...overrides },
})

export const chained = (of: PodView, workloads: readonly WorkloadView[] = [cart, cartSet]): Selected<PodView> => ({
  object: of,
  chain: ownerChain(of, indexWorkloads(workloads)),
  by: [of.ref.uid],
})

/** Nobody writes into what a decision was made from. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value).forEach(deepFreeze)
  }
  return value
}
