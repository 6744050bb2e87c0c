/** The controller: puts the parts together. Reads no environment and does not exit; `main.ts` does. */
import { randomUUID } from 'node:crypto'
import { CONTROLLER_LEASE } from '../shared/api/v1alpha1/names.ts'
import type { Logger } from '../shared/runtime/logger.ts'
import type { Metrics } from '../shared/runtime/metrics.ts'
import { Health } from '../shared/runtime/health.ts'
import type { Component } from '../shared/runtime/lifecycle.ts'
import { METRICS } from '../shared/runtime/metric-table.ts'
import { declareLoopMetrics, ReconcileLoop } from '../shared/runtime/reconcile-loop.ts'
import type { Random, Timers } from '../shared/runtime/timers.ts'
import { WorkQueue } from '../shared/runtime/work-queue.ts'
import type { KubeApi } from '../shared/kube/api.ts'
import { EventRecorder } from '../shared/kube/event-recorder.ts'
import { fenced, noFence, type Fence } from '../shared/kube/fence.ts'
import { LeaseElection } from '../shared/kube/lease-election.ts'
import type { KubeConnection } from '../shared/kube/transport.ts'
import { runProgram, type ProgramEnvironment, type ProgramParts } from '../shared/kube/program.ts'
import { declareReflectorAges, declareReflectorMetrics } from '../shared/kube/reflector-metrics.ts'
import { clockRemark } from '../shared/kube/server-clock.ts'
import { apiVerdict } from '../shared/kube/verdict.ts'
import { millis, minutes, seconds, type Clock, type Millis } from '../shared/lib/time.ts'
import { ConfigError } from '../shared/lib/errors.ts'
import { toInstallation } from './limit-options.ts'
import type { Installation } from './healing/installation.ts'
import { parseAddress } from '../shared/runtime/address.ts'
import type { OptionsOf } from '../shared/runtime/options.ts'
import { KnownAlerts } from './adapters/alerts/memory.ts'
import { AlertReceiver, type AlertReceiverOptions } from './adapters/alerts/receiver.ts'
import { clusterClock } from './adapters/cluster-clock.ts'
import { WatchedCluster } from './adapters/cluster-cache.ts'
import { evidenceSource } from './adapters/evidence.ts'
import { LedgerStore } from './adapters/ledger-store.ts'
import { auditedWriter } from './adapters/audited-writer.ts'
import { cloudEvents } from './adapters/cloud-events.ts'
import { ApiLiveReader } from './adapters/live-reader.ts'
import { ApiOwnObjects } from './adapters/own-objects.ts'
import { targetWriter } from './adapters/target-writer.ts'
import { KnownDefinitions } from './adapters/known-definitions.ts'
import { Kubelets } from './adapters/metrics/kubelets.ts'
import { MetricRounds } from './adapters/metrics/rounds.ts'
import { MetricSources } from './adapters/metrics/sources.ts'
import { Traces } from './adapters/traces.ts'
import type { MetricSource } from './ports/metric-source.ts'
import { NO_ALERTS } from './healing/alerts.ts'
import { declareAlertMetrics, declareControllerMetrics } from './metrics.ts'
import { declareStateMetrics } from './state-metrics.ts'
import { CONTROLLER_OPTIONS } from './options.ts'
import type { AuditStream } from './ports/audit.ts'
import type { Events } from './ports/events.ts'
import { AuditTrail } from './reconcilers/audit-trail.ts'
import { ActionReconciler } from './reconcilers/healing-action.ts'
import { HistoryReconciler } from './reconcilers/history.ts'
import { PolicyReconciler } from './reconcilers/healing-policy.ts'
import { byKey, metricsWanted, tellNamespaces, tellPolicies, wire, wireDemand } from './wiring.ts'

export interface ControllerParts {
  readonly api: KubeApi
  readonly events: Events
  readonly installation: Installation
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly log: Logger
  readonly metrics: Metrics
  readonly audit: AuditStream
  /** Absent: none are made. */
  readonly traces?: Pick<Traces, 'tell'>
  /** Which process, and no other one before or after it. */
  readonly instance: string
  /** Policies, and apart from them actions, worked on at the same time. */
  readonly concurrency: number
  /** Who answers what metric triggers ask, and how often they do. */
  readonly metricSource: MetricSource
  readonly syncInterval: Millis
  /** Absent: none are received. */
  readonly alerts?: KnownAlerts
  readonly version: string
  /** Absent: it works alone, or beside others without asking. */
  readonly election?: LeaseElection
  /** In place of the election alone. */
  readonly fence?: Fence
}

/** A watch that was silent for longer than two rounds of its watchdog is not going to come back. */
const DEAF = minutes(5)
/** After an outage everything goes on within a minute (I16). */
const BACKOFF = { base: millis(500), max: seconds(30), jitter: 0.5 }
const STOP_TIMEOUT = seconds(20)
/** Of ledgers, in a probe's answer. */
const MOST_NAMED = 5

const because = (trouble: string | undefined): string => (trouble === undefined ? '' : `: ${trouble}`)
const notListed = (trouble: string | undefined): string => `not listed yet${because(trouble)}`

export function createController(parts: ControllerParts): ProgramParts {
  const { installation, clock, timers, random, log, version, events, election } = parts
  // Everything below writes through the fence; only the election itself does not.
  const api = fenced(parts.api, parts.fence ?? election ?? noFence)
  const metrics = declareControllerMetrics(parts.metrics)
  const watching = { api, timers, random, log, metrics: declareReflectorMetrics(parts.metrics) }
  const serverClock = clusterClock(clock, api)
  const objects = new ApiOwnObjects(watching)
  const metricReadings = new MetricRounds({
    source: parts.metricSource,
    clock: serverClock,
    timers,
    log,
    reads: metrics.metricReads,
    tick: parts.syncInterval,
    wanted: metricsWanted(objects, parts.metricSource.kubelets, ({ namespace, namespaces }) => cluster.world(namespace, new Map(namespaces.map((name) => [name, 'Given'])))),
  })
  const cluster = new WatchedCluster({ ...watching, clock, installation, metricReadings, alerts: parts.alerts ?? { readings: () => NO_ALERTS } })
  const ledgers = new LedgerStore({ ...watching, clock, namespace: installation.operatorNamespace, ...(election === undefined ? {} : { leads: () => election.leading }) })
  parts.alerts?.watch((namespace) => objects.policiesIn(namespace).length > 0)
  const live = new ApiLiveReader({ api, clock, installation, metricReadings, demanded: cluster.demanded, ...(parts.alerts === undefined ? {} : { alerts: parts.alerts }) })
  const trail = new AuditTrail(parts.audit, (action) => parts.traces?.tell(action))
  const writer = auditedWriter(targetWriter(api, version), parts.audit, serverClock, parts.instance)
  const ports = { cluster, live, objects, ledgers, writer, events, clock: serverClock, log, metrics, random, trail, evidence: evidenceSource(api) }
  const policyReconciler = new PolicyReconciler(ports)
  const actionReconciler = new ActionReconciler(ports)
  const historyReconciler = new HistoryReconciler({ ...ports, timers })
  const loopMetrics = declareLoopMetrics(parts.metrics)

  const reflectors = [...cluster.reflectors, objects.policies, objects.actions, ledgers.watch]
  declareReflectorAges(parts.metrics, reflectors)
  const leads = (): boolean => election?.leading ?? true
  objects.actions.subscribe(({ type, object }) => {
    if (type !== 'deleted') return
    if (leads()) trail.deleted(object, serverClock.now())
    else trail.forget(object.metadata.uid)
  })
  if (election === undefined) parts.metrics.sampled(METRICS.leader, () => [{ labels: {}, value: 1 }])
  declareStateMetrics(parts.metrics, { policies: () => objects.allPolicies(), ledgers, clock: serverClock, leads })
  let queues: Readonly<Record<string, WorkQueue>> = {}
  parts.metrics.sampled(METRICS.queueDepth, () => Object.entries(queues).map(([loop, { depth }]) => ({ labels: { loop }, value: depth })))
  const readyz = new Health()
  const livez = new Health()
  let started = false
  // One that waits for the lease is ready: its watches are complete, and a rollout waits for it. Alerts that it is sent it refuses.
  readyz.add('working', () => (started ? undefined : 'not started'))
  for (const reflector of reflectors) {
    readyz.add(`watch ${reflector.name}`, () => (reflector.synced ? undefined : notListed(reflector.trouble)))
    livez.add(`watch ${reflector.name}`, () => (reflector.age > DEAF ? `the API server was not heard for minutes${because(reflector.trouble)}` : undefined))
  }
  // What keeps it from healing and is no reason to be restarted, or to be sent no alerts.
  readyz.add('kill switch', () => (cluster.killSwitch ? 'is on: nothing new is done anywhere' : undefined), 'Warns')
  readyz.add('ledgers', () => (ledgers.unreadable.length === 0 ? undefined : `cannot be read, and what they are of does not act: ${ledgers.unreadable.slice(0, MOST_NAMED).join(', ')}`), 'Warns')
  readyz.add('metrics', () => metricReadings.problem, 'Warns')
  if (election !== undefined) livez.add('leadership', () => (election.endingFor > DEAF ? 'the work of a lost lease does not end' : undefined))
  const halt = new AbortController()
  const watches: Component = {
    name: 'watches',
    start: async () => {
      wireDemand(cluster, objects)
      for (const reflector of reflectors) reflector.start()
      await Promise.all(reflectors.map((reflector) => reflector.whenSynced(halt.signal)))
      await cluster.demanded.settled()
    },
    stop: async () => {
      halt.abort()
      await Promise.all([cluster.demanded.stop(), ...reflectors.map((reflector) => reflector.stop())])
    },
  }

  /** Decides and acts until the signal aborts. No queue outlives its term: what a successor has done meanwhile is looked at anew. */
  const work = async (term: AbortSignal, deadline: AbortSignal): Promise<void> => {
    const queueOf = (loop: string): WorkQueue => new WorkQueue({ timers, random, backoff: BACKOFF, waited: (time) => loopMetrics.latency.observe({ loop }, time / 1000) })
    const policyQueue = queueOf('healingpolicy')
    const actionQueue = queueOf('healingaction')
    const historyQueue = queueOf('history')
    queues = { healingpolicy: policyQueue, healingaction: actionQueue, history: historyQueue }
    const common = { concurrency: parts.concurrency, verdict: apiVerdict, timers, log, metrics: loopMetrics }
    const loops = [
      new ReconcileLoop({ name: 'healingpolicy', queue: policyQueue, reconcile: byKey((key) => policyReconciler.reconcile(key)), ...common }),
      new ReconcileLoop({ name: 'healingaction', queue: actionQueue, reconcile: byKey((key) => actionReconciler.reconcile(key)), ...common }),
      // One at a time: it is never urgent.
      new ReconcileLoop({ name: 'history', queue: historyQueue, reconcile: byKey((key) => historyReconciler.reconcile(key)), ...common, concurrency: 1 }),
    ]
    ledgers.remakeDeleted()
    trail.tellRecent(objects.actions.store.values(), serverClock.now())
    // No decision before every watch is complete: half a world looks like a quiet one.
    // With it come ledgers whose policy went while nobody watched.
    const unwire = wire(cluster, objects, ledgers, { policy: policyQueue, action: actionQueue, history: historyQueue })
    // Whoever leads asks; nobody else does.
    await metricReadings.start((policies) => tellPolicies(policies, objects, policyQueue, actionQueue))
    const unhear = parts.alerts?.onChange((namespaces) => tellNamespaces(namespaces, objects, policyQueue, actionQueue))
    const unlook = objects.policies.subscribe(() => metricReadings.look())
    for (const loop of loops) loop.start()
    log.info('working', { policies: objects.policies.store.size })
    await aborted(term)
    metricReadings.stop()
    unlook()
    unhear?.()
    unwire()
    await Promise.all(loops.map((loop) => loop.stop(deadline)))
    parts.alerts?.forget()
  }

  const end = new AbortController()
  const late = new AbortController()
  let working: Promise<void> | undefined
  const reconcilers: Component = {
    name: 'reconcilers',
    start: () => {
      started = true
      if (election === undefined) working = work(end.signal, late.signal)
      else election.start((term) => work(term, late.signal))
    },
    stop: async (deadline) => {
      started = false
      const giveUp = (): void => late.abort()
      if (deadline.aborted) giveUp()
      else deadline.addEventListener('abort', giveUp, { once: true })
      end.abort()
      await Promise.all([working, election?.stop(deadline)])
      deadline.removeEventListener('abort', giveUp)
    },
  }
  return { components: [watches, reconcilers], livez, readyz }
}

/** @throws ConfigError when what it needs is missing */
function alertReceiver(options: OptionsOf<typeof CONTROLLER_OPTIONS>, parts: Omit<AlertReceiverOptions, 'host' | 'port' | 'tokenFile' | 'tls'>): AlertReceiver {
  const { 'alerts.bindAddress': address = '', 'alerts.tokenFile': tokenFile, 'alerts.tlsCertFile': certFile, 'alerts.tlsKeyFile': keyFile } = options
  if (tokenFile === undefined) throw new ConfigError(['alerts.tokenFile (--alerts-token-file) is missing: with alerts.bindAddress anybody could say what is broken'])
  if ((certFile === undefined) !== (keyFile === undefined)) throw new ConfigError(['alerts.tlsCertFile and alerts.tlsKeyFile go together'])
  return new AlertReceiver({ ...parts, ...parseAddress(address), tokenFile, ...(certFile === undefined || keyFile === undefined ? {} : { tls: { certFile, keyFile } }) })
}

/** @throws ConfigError when two options exclude each other */
function metricSources(options: OptionsOf<typeof CONTROLLER_OPTIONS>, api: KubeConnection, timers: Timers): MetricSources {
  const { 'metrics.kubelet.enabled': enabled, 'metrics.kubelet.timeout': timeout, 'metrics.kubelet.caFile': caFile, 'metrics.kubelet.insecureSkipVerify': insecureSkipVerify } = options
  if (caFile !== undefined && insecureSkipVerify) throw new ConfigError(['metrics.kubelet.caFile and metrics.kubelet.insecureSkipVerify exclude each other: a certificate is verified, or it is not'])
  const kubelets = enabled ? new Kubelets({ config: { timeout, caFile, insecureSkipVerify }, api, timers }) : undefined
  return new MetricSources({ api, timers, prometheus: options['prometheus.sources'], ...(kubelets === undefined ? {} : { kubelets }) })
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Runs until it is asked to stop; answers the exit code. */
export const runController = (argv: readonly string[], env: ProgramEnvironment): Promise<number> =>
  runProgram(
    {
      name: 'controller',
      options: CONTROLLER_OPTIONS,
      stopTimeout: STOP_TIMEOUT,
      build: (options, api, log) => {
        const { clock, timers, random, metrics, version, instance } = env
        const installation = toInstallation(options)
        // The name of the pod, for people; the rest since the next process in it is another one.
        const identity = `${instance}_${randomUUID()}`
        const lease = { namespace: installation.operatorNamespace, name: CONTROLLER_LEASE }
        const election = options['controller.leaderElect'] ? new LeaseElection({ api, lease, identity, clock, timers, random, log, metrics }) : undefined
        const definitions = new KnownDefinitions({ api, timers, log })
        const fence = definitions.fence(election ?? noFence)
        const events = new EventRecorder({ api: fenced(api, fence), controller: 'kubeskippy.io/controller', instance, clock, timers, log, metrics })
        const concurrency = options['controller.concurrency']
        const metricSource = metricSources(options, api, timers)
        const sources: Component = { name: 'sources of metrics', start: () => {}, stop: () => metricSource.close() }
        const syncInterval = options.syncInterval
        const alerts = options['alerts.bindAddress'] === undefined ? undefined : new KnownAlerts(clusterClock(clock, api), options['alerts.staleAfter'])
        const receiver = alerts === undefined ? undefined : alertReceiver(options, { memory: alerts, leads: () => election?.leading ?? true, clock: clusterClock(clock, api), log, received: declareAlertMetrics(metrics) })
        const parts = { api, events, installation, clock, timers, random, log, metrics, concurrency, version, metricSource, syncInterval, fence, instance: identity, audit: cloudEvents(env.stdout) }
        const endpoint = options['tracing.endpoint'] ?? env.defaultTracesEndpoint?.()
        const traces = endpoint === undefined ? undefined : new Traces({ endpoint, version, instance, log })
        const controller = createController({ ...parts, ...(traces === undefined ? {} : { traces }), ...(alerts === undefined ? {} : { alerts }), ...(election === undefined ? {} : { election }) })
        controller.readyz.add('definitions', () => definitions.problem)
        controller.readyz.add('openapi', () => definitions.remark, 'Warns')
        controller.readyz.add('clock', () => clockRemark(clock.now(), api.serverTime()), 'Warns')
        if (traces !== undefined) controller.readyz.add('traces', () => traces.problem, 'Warns')
        if (receiver !== undefined) controller.readyz.add('alerts', () => (receiver.port() === 0 ? 'not listening' : undefined))
        // First of all and so last: while events are still being sent, nobody else leads.
        const release: Component = { name: 'lease', start: () => {}, stop: (deadline) => (deadline.aborted ? undefined : election?.release()) }
        return { ...controller, components: [release, definitions, events, sources, ...(traces === undefined ? [] : [traces]), ...controller.components, ...(receiver === undefined ? [] : [receiver])] }
      },
    },
    argv,
    env,
  )
