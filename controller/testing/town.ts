/** The whole controller on a fake cluster and a fake clock, with one Deployment (or StatefulSet) whose controller the test plays. */
import { CONTROLLER_LEASE, HEAL_VERB, HEALER_ACCOUNT } from '../../shared/api/v1alpha1/names.ts'
import type { HealingAction, HealingLedgerSpec, HealingPolicy, HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import { DEPLOYMENTS, HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES, NAMESPACES, POD_DISRUPTION_BUDGETS, PODS, REPLICA_SETS, SELF_SUBJECT_ACCESS_REVIEWS, SERVICE_ACCOUNTS, STATEFUL_SETS } from '../../shared/kube/resources.ts'
import { LeaseElection } from '../../shared/kube/lease-election.ts'
import type { ObjectMeta } from '../../shared/lib/object.ts'
import { after, before, formatInstant, millis, seconds, type Instant, type Millis } from '../../shared/lib/time.ts'
import { DEFAULT_INSTALLATION, type Installation } from '../healing/installation.ts'
import type { Health } from '../../shared/runtime/health.ts'
import { Lifecycle } from '../../shared/runtime/lifecycle.ts'
import { silentLogger, type Fields, type Logger } from '../../shared/runtime/logger.ts'
import { noMetrics, type Metrics } from '../../shared/runtime/metrics.ts'
import { buildPolicy, buildTrigger } from '../../shared/testing/builders/objects.ts'
import { FakeClock, seededRandom } from '../../shared/testing/fake-clock.ts'
import { isWrite, type Call } from '../../shared/testing/fake-cluster/calls.ts'
import type { StoredObject } from '../../shared/testing/fake-cluster/objects.ts'
import { FakeCluster } from '../../shared/testing/fake-cluster/fake-cluster.ts'
import { METRICS } from '../../shared/runtime/metric-table.ts'
import { ofOneLease, withoutLease } from '../adapters/leadership.ts'
import { ShardElections, type ShardElectionsOptions } from '../adapters/shard-elections.ts'
import type { Leadership } from '../ports/leadership.ts'
import { MetricSources } from '../adapters/metrics/sources.ts'
import type { KnownAlerts } from '../adapters/alerts/memory.ts'
import { createController } from '../program.ts'
import type { AuditEvent } from '../healing/audit.ts'
import type { MetricSource } from '../ports/metric-source.ts'
import type { EventNote } from '../ports/events.ts'
import { forbidden } from './rbac.ts'

export const NAMESPACE = 'shop'
const SELECTOR = { app: 'cart' }

export interface TownOptions {
  /** What the API server makes of an update of a Deployment, as a webhook of somebody else would. */
  readonly admit?: (object: StoredObject) => StoredObject
  /** What a new pod is like. */
  readonly replacement?: 'healthy' | 'broken'
  /** Whose pods they are; those of a StatefulSet come back under the same name. Default: of a Deployment. */
  readonly workload?: 'Deployment' | 'StatefulSet'
  readonly spec?: Partial<HealingPolicySpec>
  readonly seed?: number
  readonly healer?: boolean
  /** How far the controller's clock is ahead of the API server's. */
  readonly ahead?: Millis
  /** Rights beyond those of the controller's own rules: why a call is forbidden. */
  readonly deny?: (call: Call) => string | undefined
  /** Rights beyond those, which somebody has granted. */
  readonly allow?: (call: Call) => boolean
  /** Whether the healer may act, as the review says. */
  readonly healerMay?: boolean
  /** The namespace of the policy, where it is not that of the Deployment. */
  readonly home?: string
  /** Whether a namespace consents to policies of another one; throws what a review that fails answers. */
  readonly consents?: (namespace: string) => boolean
  readonly podTermination?: Millis
  readonly name?: string
  /** What each controller hears of Alertmanager; default: nothing can be heard. */
  readonly alerts?: (controller: string, clock: FakeClock) => KnownAlerts
  readonly installation?: Partial<Installation>
  /** Who answers metric triggers; default: the cluster's own APIs, and no Prometheus. */
  readonly metrics?: MetricSource
  /** Of each way of a call, in milliseconds. */
  readonly latency?: (call: Call) => number
  /** What the previous run of a container wrote, or a given one; absent: there was none. */
  readonly log?: string | ((run: 'current' | 'previous') => string | undefined) | undefined
  /** Of several controllers only the holder of the lease acts. */
  readonly elected?: boolean
  /** Above one each controller acts for the shards that it holds. */
  readonly shards?: number
}

/** A review is a question, though it is posted. */
export const isWriteOf = (name: string, call: Call): boolean => call.user === name && isWrite(call) && call.resource.plural !== 'subjectaccessreviews'

export class Town {
  readonly clock = new FakeClock()
  readonly cluster: FakeCluster
  readonly events: EventNote[] = []
  /** What each of them is about. */
  readonly told: string[] = []
  /** Counters by name and labels. */
  readonly counts = new Map<string, number>()
  readonly audit: AuditEvent[] = []
  /** Of each controller. */
  readonly readyz = new Map<string, Health>()
  /** Everything that was logged, as text. */
  readonly logged: string[] = []
  /** How far the controllers' clock is ahead; changing it is a jump. */
  ahead: Millis
  readonly #options: TownOptions
  readonly #random: () => number
  readonly #controllers: Lifecycle[] = []
  readonly #dead = new Set<string>()
  #pods = 0

  constructor(options: TownOptions = {}) {
    this.#options = options
    this.ahead = options.ahead ?? millis(0)
    this.#random = seededRandom(options.seed ?? 1)
    this.cluster = new FakeCluster({
      clock: this.clock,
      timers: this.clock,
      log: (_pod, { previous }) => (typeof options.log === 'function' ? options.log(previous === true ? 'previous' : 'current') : previous === true ? options.log : undefined),
      post: ({ resource, user }, body) => {
        if (resource === SELF_SUBJECT_ACCESS_REVIEWS) return { status: { allowed: this.#may(user, body) } }
        const { verb, namespace = '' } = (body as { spec: { resourceAttributes: { verb: string; namespace?: string } } }).spec.resourceAttributes
        return { status: { allowed: verb === HEAL_VERB ? options.consents?.(namespace) === true : options.healerMay !== false } }
      },
      // The cluster itself and the tests may do everything.
      deny: (call) => (call.user === 'admin' ? undefined : ((options.allow?.(call) === true ? undefined : forbidden(call)) ?? options.deny?.(call))),
      latency: (call) => millis(call.user === 'admin' ? 0 : (options.latency?.(call) ?? 0)),
      ...(options.admit === undefined ? {} : { admit: (resource, object, old) => ({ object: resource === DEPLOYMENTS && old !== undefined ? (options.admit?.(object) ?? object) : object }) }),
      ...(options.podTermination === undefined ? {} : { podTermination: options.podTermination }),
    })
    const { cluster } = this
    cluster.faults.add(({ user }) => (this.#dead.has(user) ? { when: 'before', answer: 'reset' } : undefined))
    cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: DEFAULT_INSTALLATION.operatorNamespace } })
    if (this.home !== NAMESPACE) cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: this.home } })
    if (options.workload === 'StatefulSet') cluster.seed(STATEFUL_SETS, { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'cart', namespace: NAMESPACE, uid: 'uid-cart', labels: SELECTOR } })
    else cluster.seed(DEPLOYMENTS, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'cart', namespace: NAMESPACE, uid: 'uid-cart', labels: SELECTOR } })
    cluster.seed(REPLICA_SETS, { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'cart-1', namespace: NAMESPACE, uid: 'uid-cart-1', ownerReferences: [owner('Deployment', 'cart', 'uid-cart')] } })
    if (options.healer !== false) cluster.seed(SERVICE_ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: HEALER_ACCOUNT, namespace: NAMESPACE } })
    const { apiVersion, kind, spec } = buildPolicy({
      spec: {
        selector: { labelSelector: { matchLabels: SELECTOR } },
        triggers: [buildTrigger({ cooldownPeriod: '0s', conditionTrigger: { type: 'CrashLoopBackOff', status: 'True', duration: '5s' } })],
        ...options.spec,
      },
    })
    cluster.seed(HEALING_POLICIES, { apiVersion, kind, metadata: { name: this.policyName, namespace: this.home, generation: 1 }, spec })
    this.pod('broken')
  }

  pod(state: 'healthy' | 'broken'): void {
    const ready = state === 'healthy'
    const at = wholeSeconds(this.clock.now())
    const container = ready
      ? { name: 'app', ready, restartCount: 0, state: { running: { startedAt: at } } }
      : { name: 'app', ready, restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 1, reason: 'Error', finishedAt: at } } }
    this.cluster.seed(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: NAMESPACE, labels: SELECTOR, ...this.#identity() },
      spec: { restartPolicy: 'Always' },
      status: { phase: 'Running', containerStatuses: [container], conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: at }] },
    })
  }

  #identity(): Pick<ObjectMeta, 'name' | 'ownerReferences'> & Partial<ObjectMeta> {
    const number = this.#pods++
    const owned = this.#options.workload === 'StatefulSet'
      ? { name: 'cart-0', ownerReferences: [owner('StatefulSet', 'cart', 'uid-cart')] }
      : { name: `cart-1-${number}`, ownerReferences: [owner('ReplicaSet', 'cart-1', 'uid-cart-1')] }
    // Nobody is measured in the second in which it is made: the first one has been there for a while.
    return number === 0 ? { ...owned, creationTimestamp: wholeSeconds(before(this.clock.now(), seconds(2))) } : owned
  }

  /** @param installation as this one is configured; default: as the town says */
  async start(name = 'controller-1', installation = this.#options.installation): Promise<Lifecycle> {
    const { clock } = this
    const api = this.cluster.client(name)
    const common = { clock: { now: () => after(clock.now(), this.ahead) }, timers: clock, random: this.#random, log: this.#logger, metrics: this.#metrics }
    const leadership = this.#leadership({ ...common, api, identity: name, namespace: DEFAULT_INSTALLATION.operatorNamespace, transitions: noMetrics.counter(METRICS.leaderTransitions) })
    const { components, readyz } = createController({
      ...common,
      api,
      leadership,
      events: { record: ({ kind, metadata: { namespace = '' } }, note) => {
        if (this.#dead.has(name)) return
        this.events.push(note)
        this.told.push(`${note.reason} of ${kind} in ${namespace}`)
      } },
      installation: { ...DEFAULT_INSTALLATION, ...installation },
      concurrency: 2,
      instance: name,
      audit: { emit: (event) => void (this.#dead.has(name) || this.audit.push(event)) },
      version: 'test',
      metricSource: this.#options.metrics ?? new MetricSources({ api: this.cluster.client(name), timers: clock, prometheus: [] }),
      syncInterval: seconds(30),
      ...(this.#options.alerts === undefined ? {} : { alerts: this.#options.alerts(name, clock) }),
    })
    this.readyz.set(name, readyz)
    const lifecycle = new Lifecycle({ timers: clock, log: silentLogger, stopTimeout: seconds(5) })
    lifecycle.add({ name: 'lease', start: () => {}, stop: () => leadership.release() })
    for (const component of components) lifecycle.add(component)
    this.#controllers.push(lifecycle)
    const started = lifecycle.start()
    await clock.advance(seconds(1))
    // Under faults the lists may need longer; the caller lets time pass.
    void started.catch(() => {})
    return lifecycle
  }

  #leadership(parts: Omit<ShardElectionsOptions, 'shards'>): Leadership {
    const { elected = false, shards = 1 } = this.#options
    if (!elected) return withoutLease()
    return shards === 1 ? ofOneLease(new LeaseElection({ ...parts, lease: { namespace: parts.namespace, name: CONTROLLER_LEASE } })) : new ShardElections({ ...parts, shards })
  }

  /** What the user may do himself, as a review asks it. */
  #may(user: string, body: unknown): boolean {
    const { verb, namespace, group, resource, subresource } = (body as { spec: { resourceAttributes: { verb: string; namespace: string; group: string; resource: string; subresource?: string } } }).spec.resourceAttributes
    const call = { verb, resource: { group, version: '', kind: '', plural: resource, namespaced: true }, namespace, user, userAgent: '', dryRun: false, ...(subresource === undefined ? {} : { subresource }) } as unknown as Call
    return this.#options.allow?.(call) === true || forbidden(call) === undefined
  }

  /** The process is gone from here on: none of its calls arrives any more. */
  crash(name: string): void {
    this.#dead.add(name)
  }

  /** It dies at its nth write, of which every second one still lands. */
  crashAtWrite(name: string, nth: number): void {
    let seen = 0
    this.cluster.faults.add((call) => {
      if (!isWriteOf(name, call) || ++seen !== nth) return undefined
      this.crash(name)
      return { when: nth % 2 === 0 ? 'before' : 'after', answer: 'reset' }
    })
  }

  /** Evictions that were asked for, dry runs included. */
  get attempts(): number {
    return this.cluster.journal.writes.filter(({ call }) => call.subresource === 'eviction').length
  }

  /** A disruption budget that lets no pod of the Deployment go. */
  budget(name: string): void {
    this.cluster.seed(POD_DISRUPTION_BUDGETS, {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name, namespace: NAMESPACE, generation: 1 },
      spec: { minAvailable: 1, selector: { matchLabels: SELECTOR } },
    })
  }

  /** As its author does it. */
  editPolicy(edit: (spec: Record<string, unknown>) => Record<string, unknown>): void {
    this.cluster.change(HEALING_POLICIES, { namespace: this.home, name: this.policyName }, (policy) => ({
      ...policy,
      metadata: { ...policy.metadata, generation: (policy.metadata.generation ?? 1) + 1 },
      spec: edit(policy['spec'] as Record<string, unknown>),
    }))
  }

  /** The status of the first action, as nobody should write it. */
  editAction(status: Record<string, unknown>): void {
    const [action] = this.actions
    if (action === undefined) throw new Error('no action yet')
    this.cluster.change(HEALING_ACTIONS, { namespace: this.home, name: action.metadata.name }, (o) => ({ ...o, status: { ...(o['status'] as object), ...status } }))
  }

  /** As whoever may approve: what the API server lets through is not asked here. */
  decide(decision: 'Approved' | 'Rejected', reason?: string, index = -1): void {
    const action = this.actions.at(index)
    if (action === undefined) throw new Error('no action yet')
    const approval = { decision, decidedBy: 'alice', ...(reason === undefined ? {} : { reason }) }
    this.cluster.change(HEALING_ACTIONS, { namespace: this.home, name: action.metadata.name }, (o) => ({ ...o, spec: { ...(o['spec'] as object), approval } }))
  }

  /** Of the first action, past the API server's rules. */
  editSpec(spec: Record<string, unknown>): void {
    const [action] = this.actions
    if (action === undefined) throw new Error('no action yet')
    this.cluster.change(HEALING_ACTIONS, { namespace: this.home, name: action.metadata.name }, (o) => ({ ...o, spec: { ...(o['spec'] as object), ...spec } }))
  }

  /** What was counted under names that begin so. */
  count(prefix: string): number {
    return [...this.counts].reduce((sum, [key, n]) => (key.startsWith(prefix) ? sum + n : sum), 0)
  }

  get #logger(): Logger {
    const write = (message: string, fields: Fields = {}): void => void this.logged.push(`${message} ${JSON.stringify(fields)}`)
    const logger: Logger = { debug: write, info: write, warn: write, error: write, child: () => logger }
    return logger
  }

  get #metrics(): Metrics {
    const counter: Metrics['counter'] = ({ name }) => ({
      inc: (labels, n = 1) => {
        const key = `${name} ${JSON.stringify(labels)}`
        this.counts.set(key, (this.counts.get(key) ?? 0) + n)
      },
    })
    return { ...noMetrics, counter }
  }

  /** Time passes, and the ReplicaSet makes a new pod when there is none. */
  async live(span: Millis): Promise<void> {
    for (let passed = 0; passed < span; passed += 500) {
      await this.clock.advance(seconds(0.5))
      const pods = this.cluster.all(PODS).filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      if (pods.length === 0) this.pod(this.#options.replacement ?? 'healthy')
    }
  }

  async stop(): Promise<void> {
    const stopping = Promise.all(this.#controllers.map((controller) => controller.stop()))
    await this.clock.advance(seconds(40))
    await stopping
  }

  /** In the order in which they were decided. */
  get actions(): readonly HealingAction[] {
    const all = this.cluster.all(HEALING_ACTIONS) as unknown as HealingAction[]
    return all.toSorted((a, b) => a.spec.incident.ordinal - b.spec.incident.ordinal || a.spec.incident.rung - b.spec.incident.rung)
  }

  get home(): string {
    return this.#options.home ?? NAMESPACE
  }

  get policyName(): string {
    return this.#options.name ?? 'cart'
  }

  get ledger(): HealingLedgerSpec | undefined {
    return (this.cluster.all(HEALING_LEDGERS) as unknown as { spec: HealingLedgerSpec }[]).find(({ spec }) => 'policy' in spec)?.spec
  }

  get policy(): HealingPolicy {
    return this.cluster.must(HEALING_POLICIES, { namespace: this.home, name: this.policyName }) as unknown as HealingPolicy
  }

  /** Evictions that changed something, by the uid of the pod. */
  get evictions(): readonly string[] {
    return this.cluster.journal.effects.filter(({ call }) => call.subresource === 'eviction').map(({ uid }) => uid ?? '')
  }
}

/** As the API server writes times. */
const wholeSeconds = (t: Instant): string => formatInstant(t).replace(/\.\d+Z/, 'Z')

const owner = (kind: string, name: string, uid: string) => ({ apiVersion: 'apps/v1', kind, name, uid, controller: true })
