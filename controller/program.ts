/** The controller: puts the parts together. Reads no environment and does not exit; `main.ts` does. */
import { randomUUID } from 'node:crypto'
import { CONTROLLER_LEASE } from '../shared/api/v1alpha1/names.ts'
import { HTTP_URL_FORMAT, isHttpUrl } from '../shared/lib/http-url.ts'
import type { Logger } from '../shared/runtime/logger.ts'
import type { Metrics, Sample } from '../shared/runtime/metrics.ts'
import { Health } from '../shared/runtime/health.ts'
import type { Component } from '../shared/runtime/lifecycle.ts'
import { METRICS } from '../shared/runtime/metric-table.ts'
import { declareLoopMetrics } from '../shared/runtime/reconcile-loop.ts'
import type { Random, Timers } from '../shared/runtime/timers.ts'
import type { KubeApi } from '../shared/kube/api.ts'
import { EventRecorder } from '../shared/kube/event-recorder.ts'
import { fenced, type Fence } from '../shared/kube/fence.ts'
import { declareTransitions, LeaseElection } from '../shared/kube/lease-election.ts'
import type { KubeConnection } from '../shared/kube/transport.ts'
import { runProgram, type ProgramEnvironment, type ProgramParts } from '../shared/kube/program.ts'
import { declareReflectorAges, declareReflectorMetrics } from '../shared/kube/reflector-metrics.ts'
import { clockRemark } from '../shared/kube/server-clock.ts'
import { NOT_KNOWN_YET } from '../shared/kube/trouble.ts'
import { minutes, seconds, type Clock, type Millis } from '../shared/lib/time.ts'
import { ConfigError } from '../shared/lib/errors.ts'
import { toInstallation } from './limit-options.ts'
import type { Installation } from './healing/installation.ts'
import { parseAddress } from '../shared/runtime/address.ts'
import type { OptionsOf } from '../shared/runtime/options.ts'
import { KnownAlerts } from './adapters/alerts/memory.ts'
import { AlertReceiver, type AlertReceiverOptions } from './adapters/alerts/receiver.ts'
import { clusterClock } from './adapters/cluster-clock.ts'
import { WatchedCluster } from './adapters/cluster-cache.ts'
import { cloudEvents } from './adapters/cloud-events.ts'
import { anyShard, ofOneLease, withoutLease } from './adapters/leadership.ts'
import { LedgerStore, ledgerWatch } from './adapters/ledger-store.ts'
import { ApiLiveReader } from './adapters/live-reader.ts'
import { OwnWatches } from './adapters/own-objects.ts'
import { KnownDefinitions } from './adapters/known-definitions.ts'
import { Kubelets } from './adapters/metrics/kubelets.ts'
import { MetricRounds } from './adapters/metrics/rounds.ts'
import { MetricSources } from './adapters/metrics/sources.ts'
import { ShardElections, type ShardElectionsOptions } from './adapters/shard-elections.ts'
import { Traces } from './adapters/traces.ts'
import type { MetricSource } from './ports/metric-source.ts'
import { NO_ALERTS } from './healing/alerts.ts'
import { shardOf, tellCount, toldCount } from './healing/shards.ts'
import type { Count } from './healing/storm.ts'
import { declareAlertMetrics, declareControllerMetrics, declareLeadershipMetrics } from './metrics.ts'
import { declareStateMetrics } from './state-metrics.ts'
import { CONTROLLER_OPTIONS } from './options.ts'
import type { AuditStream } from './ports/audit.ts'
import type { Events } from './ports/events.ts'
import type { Leadership } from './ports/leadership.ts'
import { AuditTrail } from './reconcilers/audit-trail.ts'
import { ShardWork, type SharedParts } from './shard.ts'
import { metricsWanted, wireDemand } from './wiring.ts'

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
  readonly leadership?: Leadership
  /** What every write passes beside the fence of its shard. */
  readonly fence?: (other: Fence) => Fence
}

/** A watch that was silent for longer than two rounds of its watchdog is not going to come back. */
const DEAF = minutes(5)
const STOP_TIMEOUT = seconds(20)
/** Of ledgers, in a probe's answer. */
const MOST_NAMED = 5

const because = (trouble: string | undefined): string => (trouble === undefined ? '' : `: ${trouble}`)
const notListed = (trouble: string | undefined): string => `not listed yet${because(trouble)}`

export function createController(parts: ControllerParts): ProgramParts {
  const { api, installation, clock, timers, random, log, leadership = withoutLease(), fence = (other: Fence) => other } = parts
  const metrics = declareControllerMetrics(parts.metrics)
  const watching = { api, timers, random, log, metrics: declareReflectorMetrics(parts.metrics) }
  const serverClock = clusterClock(clock, api)
  const { operatorNamespace } = installation
  const shards = leadership.shards.length
  const watches = new OwnWatches(watching)
  const ledgersWatched = ledgerWatch({ ...watching, namespace: operatorNamespace })
  // Looks on; each shard has one that writes.
  const ledgers = new LedgerStore({ ...watching, clock, namespace: operatorNamespace, watch: ledgersWatched, keeps: () => false })
  const metricReadings = new MetricRounds({
    source: parts.metricSource,
    clock: serverClock,
    timers,
    log,
    reads: metrics.metricReads,
    tick: parts.syncInterval,
    wanted: metricsWanted(watches, (namespace) => works[shardOf(namespace, shards)]?.working === true, parts.metricSource.kubelets, ({ namespace, namespaces }) => cluster.world(namespace, new Map(namespaces.map((name) => [name, 'Given'])))),
  })
  const cluster = new WatchedCluster({ ...watching, clock, installation, metricReadings, alerts: parts.alerts ?? { readings: () => NO_ALERTS } })
  parts.alerts?.watch((namespace) => watches.policiesIn(namespace).length > 0)
  const live = new ApiLiveReader({ api, clock, installation, metricReadings, demanded: cluster.demanded, ...(parts.alerts === undefined ? {} : { alerts: parts.alerts }) })
  const trail = new AuditTrail(parts.audit, (action) => parts.traces?.tell(action))
  const loopMetrics = declareLoopMetrics(parts.metrics)

  const elsewhere = (here: number): readonly Count[] | undefined => {
    const counts = works.flatMap((work, shard) => (shard === here ? [] : [work.working ? work.counted : toldCount(leadership.told(shard), shards)]))
    return counts.every((count) => count !== undefined) ? counts : undefined
  }
  const shared: SharedParts = { ...parts, operatorNamespace, serverClock, metrics, loopMetrics, watches, ledgerWatch: ledgersWatched, cluster, live, metricReadings, alerts: parts.alerts, trail, shards, elsewhere, exchange: () => leadership.exchange() }
  const works = leadership.shards.map((shard, number) => new ShardWork(shared, number, { fence: fence(shard), leads: () => shard.leading }))
  for (const [shard, work] of works.entries()) {
    leadership.tell(shard, () => {
      const { counted } = work
      return counted === undefined ? undefined : tellCount(counted, shards)
    })
  }
  const leads = (shard: number): boolean => leadership.shards[shard]?.leading === true
  const leadsFor = (namespace = ''): boolean => leads(shardOf(namespace, shards))

  const reflectors = [...cluster.reflectors, watches.policies, watches.actions, ledgersWatched]
  declareReflectorAges(parts.metrics, reflectors)
  watches.actions.subscribe(({ type, object }) => {
    if (type !== 'deleted') return
    if (leadsFor(object.metadata.namespace)) trail.deleted(object, serverClock.now())
    else trail.forget(object.metadata.uid)
  })
  declareLeadershipMetrics(parts.metrics, leadership)
  declareStateMetrics(parts.metrics, { policies: () => watches.allPolicies().filter(({ metadata }) => leadsFor(metadata.namespace)), shards, ledgers, clock: serverClock, leads })
  const depths = (): readonly Sample<'loop'>[] =>
    Object.entries(Object.groupBy(works.flatMap(({ queues }) => Object.entries(queues)), ([loop]) => loop)).map(([loop, queues = []]) => ({ labels: { loop }, value: queues.reduce((sum, [, { depth }]) => sum + depth, 0) }))
  parts.metrics.sampled(METRICS.queueDepth, depths)
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
  readyz.add('kill switch', () => (!started ? NOT_KNOWN_YET : cluster.killSwitch ? 'is on: nothing new is done anywhere' : undefined), 'Warns')
  readyz.add('ledgers', () => (!started ? NOT_KNOWN_YET : ledgers.unreadable.length === 0 ? undefined : `cannot be read, and what they are of does not act: ${ledgers.unreadable.slice(0, MOST_NAMED).join(', ')}`), 'Warns')
  readyz.add('metrics', () => metricReadings.problem, 'Warns')
  livez.add('leadership', () => (leadership.shards.some(({ endingFor }) => endingFor > DEAF) ? 'the work of a lost lease does not end' : undefined))
  const halt = new AbortController()
  const watchers: Component = {
    name: 'watches',
    start: async () => {
      wireDemand(cluster, watches)
      for (const reflector of reflectors) reflector.start()
      await Promise.all(reflectors.map((reflector) => reflector.whenSynced(halt.signal)))
      await cluster.demanded.settled()
    },
    stop: async () => {
      halt.abort()
      await Promise.all([cluster.demanded.stop(), ...reflectors.map((reflector) => reflector.stop())])
    },
  }

  const late = new AbortController()
  const reconcilers: Component = {
    name: 'reconcilers',
    start: () => {
      started = true
      leadership.start(async (shard, term) => works[shard]?.work(term, late.signal))
    },
    stop: async (deadline) => {
      started = false
      const giveUp = (): void => late.abort()
      if (deadline.aborted) giveUp()
      else deadline.addEventListener('abort', giveUp, { once: true })
      await leadership.stop(deadline)
      deadline.removeEventListener('abort', giveUp)
    },
  }
  return { components: [watchers, reconcilers], livez, readyz }
}

/** @throws ConfigError when what it needs is missing */
function alertReceiver(options: OptionsOf<typeof CONTROLLER_OPTIONS>, parts: Omit<AlertReceiverOptions, 'host' | 'port' | 'tokenFile' | 'tls'>): AlertReceiver {
  const { 'alerts.bindAddress': address = '', 'alerts.tokenFile': tokenFile, 'alerts.tlsCertFile': certFile, 'alerts.tlsKeyFile': keyFile } = options
  if (tokenFile === undefined) throw new ConfigError(['alerts.tokenFile (--alerts-token-file) is missing: with alerts.bindAddress anybody could say what is broken'])
  if ((certFile === undefined) !== (keyFile === undefined)) throw new ConfigError(['alerts.tlsCertFile and alerts.tlsKeyFile go together'])
  return new AlertReceiver({ ...parts, ...parseAddress(address), tokenFile, ...(certFile === undefined || keyFile === undefined ? {} : { tls: { certFile, keyFile } }) })
}

/** OpenTelemetry's own variable is held to what the option is. @throws ConfigError */
function checkTracesEndpoint({ defaultTracesEndpoint }: ProgramEnvironment): void {
  const endpoint = defaultTracesEndpoint?.()
  if (endpoint !== undefined && !isHttpUrl(endpoint)) throw new ConfigError([`OTEL_EXPORTER_OTLP_ENDPOINT is not ${HTTP_URL_FORMAT}: write credentials into OTEL_EXPORTER_OTLP_HEADERS, or the address into tracing.endpoint (--tracing-endpoint)`])
}

/** @throws ConfigError when two options exclude each other */
function metricSources(options: OptionsOf<typeof CONTROLLER_OPTIONS>, api: KubeConnection, timers: Timers): MetricSources {
  const { 'metrics.kubelet.enabled': enabled, 'metrics.kubelet.timeout': timeout, 'metrics.kubelet.caFile': caFile, 'metrics.kubelet.insecureSkipVerify': insecureSkipVerify } = options
  if (caFile !== undefined && insecureSkipVerify) throw new ConfigError(['metrics.kubelet.caFile and metrics.kubelet.insecureSkipVerify exclude each other: a certificate is verified, or it is not'])
  const kubelets = enabled ? new Kubelets({ config: { timeout, caFile, insecureSkipVerify }, api, timers }) : undefined
  return new MetricSources({ api, timers, prometheus: options['prometheus.sources'], ...(kubelets === undefined ? {} : { kubelets }) })
}

/** @throws ConfigError when two options exclude each other */
function leadershipOf(options: OptionsOf<typeof CONTROLLER_OPTIONS>, parts: Omit<ShardElectionsOptions, 'shards' | 'transitions'>, metrics: Metrics): Leadership {
  const { 'controller.leaderElect': elected, 'controller.shards': shards, 'alerts.bindAddress': alerts } = options
  if (shards > 1 && !elected) throw new ConfigError(['controller.shards needs controller.leaderElect: a shard is what a lease is held for'])
  if (shards > 1 && alerts !== undefined) throw new ConfigError(['alerts.bindAddress and controller.shards above 1 exclude each other: an alert would be told to one replica, and its namespace may be the shard of another'])
  const transitions = declareTransitions(metrics)
  if (!elected) return withoutLease()
  return shards > 1 ? new ShardElections({ ...parts, transitions, shards }) : ofOneLease(new LeaseElection({ ...parts, transitions, lease: { namespace: parts.namespace, name: CONTROLLER_LEASE } }))
}

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
        if (options['tracing.endpoint'] === undefined) checkTracesEndpoint(env)
        // The name of the pod, for people; the rest since the next process in it is another one.
        const identity = `${instance}_${randomUUID()}`
        const leadership = leadershipOf(options, { api, namespace: installation.operatorNamespace, identity, clock, timers, random, log }, metrics)
        const definitions = new KnownDefinitions({ api, timers, log })
        const fence = (other: Fence): Fence => definitions.fence(other)
        const events = new EventRecorder({ api: fenced(api, fence(anyShard(leadership))), controller: 'kubeskippy.io/controller', instance, clock, timers, log, metrics })
        const concurrency = options['controller.concurrency']
        const metricSource = metricSources(options, api, timers)
        const sources: Component = { name: 'sources of metrics', start: () => {}, stop: () => metricSource.close() }
        const syncInterval = options.syncInterval
        const alerts = options['alerts.bindAddress'] === undefined ? undefined : new KnownAlerts(clusterClock(clock, api), options['alerts.staleAfter'])
        const receiver = alerts === undefined ? undefined : alertReceiver(options, { memory: alerts, leads: () => leadership.shards.some(({ leading }) => leading), clock: clusterClock(clock, api), log, received: declareAlertMetrics(metrics) })
        const parts = { api, events, installation, clock, timers, random, log, metrics, concurrency, version, metricSource, syncInterval, fence, leadership, instance: identity, audit: cloudEvents(env.stdout) }
        const endpoint = options['tracing.endpoint'] ?? env.defaultTracesEndpoint?.()
        const traces = endpoint === undefined ? undefined : new Traces({ endpoint, version, instance, log })
        const controller = createController({ ...parts, ...(traces === undefined ? {} : { traces }), ...(alerts === undefined ? {} : { alerts }) })
        controller.readyz.add('definitions', () => definitions.problem)
        controller.readyz.add('openapi', () => definitions.remark, 'Warns')
        controller.readyz.add('clock', () => clockRemark(clock.now(), api.serverTime()), 'Warns')
        if (traces !== undefined) controller.readyz.add('traces', () => traces.problem, 'Warns')
        if (receiver !== undefined) controller.readyz.add('alerts', () => (receiver.port() === 0 ? 'not listening' : undefined))
        // First of all and so last: while events are still being sent, nobody else leads.
        const release: Component = { name: 'lease', start: () => {}, stop: (deadline) => (deadline.aborted ? undefined : leadership.release()) }
        return { ...controller, components: [release, ...(receiver === undefined ? [] : [receiver.address]), definitions, events, sources, ...(traces === undefined ? [] : [traces]), ...controller.components, ...(receiver === undefined ? [] : [receiver])] }
      },
    },
    argv,
    env,
  )
