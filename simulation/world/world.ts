/** The cluster of one simulation, with nobody in it but its own controllers: what they do, and who may do what. */
import { DEFAULT_INSTALLATION, type Installation } from '../../controller/healing/installation.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import { HEALER_ACCOUNT } from '../../shared/api/v1alpha1/names.ts'
import { HEALING_ACTIONS, HEALING_POLICIES, NAMESPACES, SELF_SUBJECT_ACCESS_REVIEWS, SERVICE_ACCOUNTS } from '../../shared/kube/resources.ts'
import { millis } from '../../shared/lib/time.ts'
import { buildPolicy } from '../../shared/testing/builders/objects.ts'
import { FakeCluster } from '../../shared/testing/fake-cluster/fake-cluster.ts'
import { forbidden } from '../../controller/testing/rbac.ts'
import { chanceOf } from '../engine/chance.ts'
import { SimulatedClock } from '../engine/clock.ts'
import type { Plan, PolicyPlan } from '../plan/plan.ts'
import { CallFaults } from './call-faults.ts'
import { Gauges } from './metrics.ts'
import { Workloads } from './workloads.ts'

/** The one person who may decide. */
export const APPROVER = 'approver'

/** Everybody else is the cluster itself, or a person. */
export const isController = (user: string): boolean => user.startsWith('controller-')

export class World {
  readonly clock: SimulatedClock
  readonly cluster: FakeCluster
  readonly installation: Installation
  readonly faults: CallFaults
  readonly workloads: Workloads
  readonly gauges: Gauges

  constructor({ seed, limits, workloads, policies }: Pick<Plan, 'seed' | 'limits' | 'workloads' | 'policies'>, kill: (user: string) => void) {
    this.installation = limits === undefined ? DEFAULT_INSTALLATION : { ...DEFAULT_INSTALLATION, budgets: limits }
    const clock = new SimulatedClock(chanceOf(seed, 'order'))
    this.clock = clock
    this.faults = new CallFaults({ chance: chanceOf(seed, 'network'), now: () => clock.monotonic(), kill })
    this.cluster = new FakeCluster({
      clock,
      timers: clock,
      log: () => 'panic: out of luck',
      post: ({ resource }) => ({ status: { allowed: resource !== SELF_SUBJECT_ACCESS_REVIEWS } }),
      deny: (call) => (isController(call.user) ? forbidden(call) : undefined),
      latency: ({ user }) => (isController(user) ? this.faults.latency() : millis(0)),
      podTermination: millis(1500),
    })
    const { cluster } = this
    cluster.faults.add((call) => (isController(call.user) ? this.faults.next(call) : undefined))
    cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: DEFAULT_INSTALLATION.operatorNamespace } })
    this.workloads = new Workloads(cluster, clock, workloads)
    this.gauges = new Gauges(cluster, this.workloads)
    for (const namespace of new Set(workloads.map((one) => one.namespace))) this.enable(namespace)
    for (const policy of policies) this.apply(policy)
  }

  /** Some action has not ended. */
  get busy(): boolean {
    return (this.cluster.all(HEALING_ACTIONS) as unknown as HealingAction[]).some(({ status }) => status?.completionTime === undefined)
  }

  enable(namespace: string): void {
    const key = { namespace, name: HEALER_ACCOUNT }
    if (this.cluster.peek(NAMESPACES, { name: namespace }) !== undefined && this.cluster.peek(SERVICE_ACCOUNTS, key) === undefined) {
      this.cluster.seed(SERVICE_ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: key })
    }
  }

  /** A policy as its author applies it, with the defaults of the API server. */
  apply({ namespace, name, spec }: PolicyPlan): void {
    if (this.cluster.peek(NAMESPACES, { name: namespace }) === undefined || this.cluster.peek(HEALING_POLICIES, { namespace, name }) !== undefined) return
    const { apiVersion, kind, spec: whole } = buildPolicy({ spec })
    this.cluster.seed(HEALING_POLICIES, { apiVersion, kind, metadata: { namespace, name, generation: 1 }, spec: whole })
  }
}
