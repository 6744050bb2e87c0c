/**
 * The controller of one shard: what it writes passes the fence of the shard, and what it wrote it remembers itself, as if
 * each shard were another process. What is watched and asked, the shards of a process share.
 */
import type { KubeApi } from '../shared/kube/api.ts'
import { fenced, type Fence } from '../shared/kube/fence.ts'
import type { Reflector } from '../shared/kube/reflector.ts'
import { apiVerdict } from '../shared/kube/verdict.ts'
import type { HealingLedger } from '../shared/api/v1alpha1/types.ts'
import { millis, seconds, type Clock } from '../shared/lib/time.ts'
import type { Logger } from '../shared/runtime/logger.ts'
import { ReconcileLoop, type LoopMetrics } from '../shared/runtime/reconcile-loop.ts'
import { untilAborted, type Random, type Timers } from '../shared/runtime/timers.ts'
import { WorkQueue } from '../shared/runtime/work-queue.ts'
import type { KnownAlerts } from './adapters/alerts/memory.ts'
import { auditedWriter } from './adapters/audited-writer.ts'
import type { WatchedCluster } from './adapters/cluster-cache.ts'
import { evidenceSource } from './adapters/evidence.ts'
import { LedgerStore } from './adapters/ledger-store.ts'
import type { ApiLiveReader } from './adapters/live-reader.ts'
import type { MetricRounds } from './adapters/metrics/rounds.ts'
import { ApiOwnObjects, type OwnWatches } from './adapters/own-objects.ts'
import { targetWriter } from './adapters/target-writer.ts'
import { shardOf } from './healing/shards.ts'
import type { Count } from './healing/storm.ts'
import type { ControllerMetrics } from './metrics.ts'
import type { AuditStream } from './ports/audit.ts'
import type { Events } from './ports/events.ts'
import type { AuditTrail } from './reconcilers/audit-trail.ts'
import { ActionReconciler } from './reconcilers/healing-action.ts'
import { PolicyReconciler } from './reconcilers/healing-policy.ts'
import { HistoryReconciler } from './reconcilers/history.ts'
import { byKey, tellNamespaces, tellPolicies, wire, within } from './wiring.ts'

/** What the shards of a process share. */
export interface SharedParts {
  /** Without a fence. */
  readonly api: KubeApi
  readonly operatorNamespace: string
  readonly clock: Clock
  readonly serverClock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly log: Logger
  readonly metrics: ControllerMetrics
  readonly loopMetrics: LoopMetrics
  readonly watches: OwnWatches
  readonly ledgerWatch: Reflector<HealingLedger>
  readonly cluster: WatchedCluster
  readonly live: ApiLiveReader
  readonly metricReadings: MetricRounds
  readonly alerts: KnownAlerts | undefined
  readonly events: Events
  readonly trail: AuditTrail
  readonly audit: AuditStream
  readonly instance: string
  readonly version: string
  readonly concurrency: number
  readonly shards: number
  /** What the shards but this one select; undefined: not known of all of them. */
  readonly elsewhere: (shard: number) => readonly Count[] | undefined
  readonly exchange: () => Promise<void>
}

/** After an outage everything goes on within a minute (I16). */
const BACKOFF = { base: millis(500), max: seconds(30), jitter: 0.5 }

export class ShardWork {
  readonly #parts: SharedParts
  readonly #number: number
  readonly #policies: PolicyReconciler
  readonly #actions: ActionReconciler
  readonly #history: HistoryReconciler
  readonly ledgers: LedgerStore
  queues: Readonly<Record<string, WorkQueue>> = {}
  /** From the first decision of a term to the end of its last. */
  working = false

  constructor(parts: SharedParts, number: number, { fence, leads }: { readonly fence: Fence; readonly leads: () => boolean }) {
    this.#parts = parts
    this.#number = number
    const { clock, timers, random, log, watches, serverClock, operatorNamespace, version, audit, instance, shards, elsewhere } = parts
    const api = fenced(parts.api, fence)
    // That of the whole cluster is made again by one of them.
    const homeOf = ({ policy, budget }: HealingLedger['spec']): string | undefined => policy?.namespace ?? budget?.namespace
    const keeps = (about: HealingLedger['spec']): boolean => {
      const home = homeOf(about)
      return leads() && (home === undefined ? number === 0 : this.has(home))
    }
    this.ledgers = new LedgerStore({ api, timers, random, log, clock, namespace: operatorNamespace, watch: parts.ledgerWatch, keeps })
    const ports = {
      ...parts,
      clock: serverClock,
      objects: new ApiOwnObjects(api, watches),
      ledgers: this.ledgers,
      writer: auditedWriter(targetWriter(api, version), audit, serverClock, instance),
      evidence: evidenceSource(api),
      shard: { has: (namespace: string) => this.has(namespace), elsewhere: () => elsewhere(number), exchange: parts.exchange },
    }
    this.#policies = new PolicyReconciler(ports)
    this.#actions = new ActionReconciler(ports)
    this.#history = new HistoryReconciler({ ...ports, shards })
  }

  has(namespace: string): boolean {
    return shardOf(namespace, this.#parts.shards) === this.#number
  }

  /** What its automatic policies select; undefined: they are not judged here, or not all of them yet. */
  get counted(): Count | undefined {
    return this.working ? this.#policies.counted : undefined
  }

  /** Decides and acts until the signal aborts. No queue outlives its term: what a successor has done meanwhile is looked at anew. */
  async work(term: AbortSignal, deadline: AbortSignal): Promise<void> {
    const { timers, random, log, loopMetrics, concurrency, watches, cluster, trail, serverClock, metricReadings, alerts } = this.#parts
    const queueOf = (loop: string): WorkQueue => new WorkQueue({ timers, random, backoff: BACKOFF, waited: (time) => loopMetrics.latency.observe({ loop }, time / 1000) })
    const [policyQueue, actionQueue, historyQueue] = [queueOf('healingpolicy'), queueOf('healingaction'), queueOf('history')]
    this.queues = { healingpolicy: policyQueue, healingaction: actionQueue, history: historyQueue }
    const common = { concurrency, verdict: apiVerdict, timers, log, metrics: loopMetrics }
    const loops = [
      new ReconcileLoop({ name: 'healingpolicy', queue: policyQueue, reconcile: byKey((key) => this.#policies.reconcile(key)), ...common }),
      new ReconcileLoop({ name: 'healingaction', queue: actionQueue, reconcile: byKey((key) => this.#actions.reconcile(key)), ...common }),
      // One at a time: it is never urgent.
      new ReconcileLoop({ name: 'history', queue: historyQueue, reconcile: byKey((key) => this.#history.reconcile(key)), ...common, concurrency: 1 }),
    ]
    this.working = true
    this.ledgers.remakeDeleted()
    trail.tellRecent([...watches.actions.store.values()].filter(({ metadata }) => this.has(metadata.namespace ?? '')), serverClock.now())
    const mine = (queue: WorkQueue) => within((namespace) => this.has(namespace), queue)
    const [policies, actions, history] = [mine(policyQueue), mine(actionQueue), mine(historyQueue)]
    // No decision before every watch is complete: half a world looks like a quiet one.
    // With it come ledgers whose policy went while nobody watched.
    const unwire = wire(cluster, watches, this.ledgers, { policy: policies, action: actions, history }, (policy, change) => this.#policies.concerned(policy, change))
    const told = (keys: readonly string[]): void => tellPolicies(keys, watches, policies, actions)
    // Whoever leads asks; nobody else does.
    await metricReadings.start(told)
    const unhear = alerts?.onChange((namespaces) => tellNamespaces(namespaces, watches, policies, actions))
    const unlook = watches.policies.subscribe(() => metricReadings.look())
    for (const loop of loops) loop.start()
    log.info('working', { policies: watches.allPolicies().filter(({ metadata }) => this.has(metadata.namespace ?? '')).length, ...(this.#parts.shards === 1 ? {} : { shard: this.#number }) })
    await untilAborted(term)
    metricReadings.stop(told)
    unlook()
    unhear?.()
    unwire()
    await Promise.all(loops.map((loop) => loop.stop(deadline)))
    this.working = false
    alerts?.forget()
  }
}
