/** The whole controller on a fake cluster and a fake clock, with one Deployment whose ReplicaSet the test plays. */
import { HEALER_ACCOUNT } from '../../shared/api/v1alpha1/names.ts'
import type { HealingAction, HealingLedgerSpec, HealingPolicy, HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import { DEPLOYMENTS, HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES, NAMESPACES, PODS, REPLICA_SETS, SERVICE_ACCOUNTS } from '../../shared/kube/resources.ts'
import { after, formatInstant, millis, seconds, type Millis } from '../../shared/lib/time.ts'
import { DEFAULT_INSTALLATION } from '../../shared/rules/rule.ts'
import { Lifecycle } from '../../shared/runtime/lifecycle.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { noMetrics } from '../../shared/runtime/metrics.ts'
import { buildPolicy, buildTrigger } from '../../shared/testing/builders/objects.ts'
import { FakeClock, seededRandom } from '../../shared/testing/fake-clock.ts'
import { FakeCluster } from '../../shared/testing/fake-cluster/fake-cluster.ts'
import { createController } from '../program.ts'
import type { EventNote } from '../ports/events.ts'
import { forbidden } from './rbac.ts'

export const NAMESPACE = 'shop'
const SELECTOR = { app: 'cart' }

export interface TownOptions {
  /** What a new pod is like. */
  readonly replacement?: 'healthy' | 'broken'
  readonly spec?: Partial<HealingPolicySpec>
  readonly seed?: number
  readonly healer?: boolean
  /** How far the controller's clock is ahead of the API server's. */
  readonly ahead?: Millis
}

export class Town {
  readonly clock = new FakeClock()
  readonly cluster: FakeCluster
  readonly events: EventNote[] = []
  readonly #options: TownOptions
  readonly #random: () => number
  readonly #controllers: Lifecycle[] = []
  #pods = 0

  constructor(options: TownOptions = {}) {
    this.#options = options
    this.#random = seededRandom(options.seed ?? 1)
    this.cluster = new FakeCluster({
      clock: this.clock,
      timers: this.clock,
      post: () => ({ status: { allowed: true } }),
      // The cluster itself and the tests may do everything.
      deny: (call) => (call.user === 'admin' ? undefined : forbidden(call)),
    })
    const { cluster } = this
    cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: DEFAULT_INSTALLATION.operatorNamespace } })
    cluster.seed(DEPLOYMENTS, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'cart', namespace: NAMESPACE, uid: 'uid-cart', labels: SELECTOR } })
    cluster.seed(REPLICA_SETS, { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'cart-1', namespace: NAMESPACE, uid: 'uid-cart-1', ownerReferences: [owner('Deployment', 'cart', 'uid-cart')] } })
    if (options.healer !== false) cluster.seed(SERVICE_ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: HEALER_ACCOUNT, namespace: NAMESPACE } })
    const { apiVersion, kind, spec } = buildPolicy({
      spec: {
        selector: { labelSelector: { matchLabels: SELECTOR } },
        triggers: [buildTrigger({ cooldownPeriod: '0s', conditionTrigger: { type: 'CrashLoopBackOff', status: 'True', duration: '5s' } })],
        ...options.spec,
      },
    })
    cluster.seed(HEALING_POLICIES, { apiVersion, kind, metadata: { name: 'cart', namespace: NAMESPACE, generation: 1 }, spec })
    this.pod('broken')
  }

  pod(state: 'healthy' | 'broken'): void {
    const ready = state === 'healthy'
    const at = formatInstant(this.clock.now()).replace(/\.\d+Z/, 'Z')
    const container = ready
      ? { name: 'app', ready, restartCount: 0, state: { running: { startedAt: at } } }
      : { name: 'app', ready, restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 1, reason: 'Error', finishedAt: at } } }
    this.cluster.seed(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `cart-1-${this.#pods++}`, namespace: NAMESPACE, labels: SELECTOR, ownerReferences: [owner('ReplicaSet', 'cart-1', 'uid-cart-1')] },
      spec: { restartPolicy: 'Always' },
      status: { phase: 'Running', containerStatuses: [container], conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: at }] },
    })
  }

  async start(name = 'controller-1'): Promise<Lifecycle> {
    const { clock } = this
    const { ahead = millis(0) } = this.#options
    const { components } = createController({
      api: this.cluster.client(name),
      events: { record: (_regarding, note) => this.events.push(note) },
      installation: DEFAULT_INSTALLATION,
      clock: { now: () => after(clock.now(), ahead) },
      timers: clock,
      random: this.#random,
      log: silentLogger,
      metrics: noMetrics,
      concurrency: 2,
      version: 'test',
    })
    const lifecycle = new Lifecycle({ timers: clock, log: silentLogger, stopTimeout: seconds(5) })
    for (const component of components) lifecycle.add(component)
    this.#controllers.push(lifecycle)
    const started = lifecycle.start()
    await clock.advance(seconds(1))
    // Under faults the lists may need longer; the caller lets time pass.
    void started.catch(() => {})
    return lifecycle
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

  get actions(): readonly HealingAction[] {
    return this.cluster.all(HEALING_ACTIONS) as unknown as HealingAction[]
  }

  get ledger(): HealingLedgerSpec | undefined {
    return (this.cluster.all(HEALING_LEDGERS)[0] as unknown as { spec: HealingLedgerSpec } | undefined)?.spec
  }

  get policy(): HealingPolicy {
    return this.cluster.must(HEALING_POLICIES, { namespace: NAMESPACE, name: 'cart' }) as unknown as HealingPolicy
  }

  /** Evictions that changed something, by the uid of the pod. */
  get evictions(): readonly string[] {
    return this.cluster.journal.effects.filter(({ call }) => call.subresource === 'eviction').map(({ uid }) => uid ?? '')
  }
}

const owner = (kind: string, name: string, uid: string) => ({ apiVersion: 'apps/v1', kind, name, uid, controller: true })
