/** Wires the door together. Everything of the process comes in; the exit code goes out. */
import { parse } from 'yaml'
import { CertificateKeeper } from '../certs/keeper.ts'
import {
  MUTATING_CONFIGURATION,
  MUTATING_WEBHOOK,
  VALIDATING_CONFIGURATION,
  VALIDATING_WEBHOOK,
  WEBHOOK_SERVICE,
  WEBHOOK_TLS_SECRET,
} from '../shared/api/v1alpha1/names.ts'
import { MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS } from '../shared/kube/resources.ts'
import type { ConnectConfig, KubeConnection } from '../shared/kube/transport.ts'
import { ConfigError, messageOf } from '../shared/lib/errors.ts'
import { seconds, type Clock } from '../shared/lib/time.ts'
import { toInstallation } from '../shared/rules/installation-options.ts'
import { Health } from '../shared/runtime/health.ts'
import { Lifecycle, type Component } from '../shared/runtime/lifecycle.ts'
import type { Logger } from '../shared/runtime/logger.ts'
import type { Metrics } from '../shared/runtime/metrics.ts'
import { optionHelp } from '../shared/runtime/option-help.ts'
import { readFlags, type Flags } from '../shared/runtime/options.ts'
import type { Timers } from '../shared/runtime/timers.ts'
import { declareAdmissionMetrics } from './admission/metrics.ts'
import { createApp, type Exposition } from './app.ts'
import { parseAddress, WEBHOOK_OPTIONS, webhookOptions, type Address, type WebhookOptions } from './options.ts'
import { AdmissionServer } from './server.ts'

export interface ProbeServerConfig extends Address {
  readonly livez: Health
  readonly readyz: Health
  readonly log: Logger
}

/** What `main.ts` takes from the process and the adapters. */
export interface WebhookEnvironment {
  readonly clock: Clock
  readonly timers: Timers
  readonly metrics: Metrics
  readonly exposition: Exposition
  /** Aborts when the process is asked to end. */
  readonly stop: AbortSignal
  readonly createLog: (level: WebhookOptions['log.level']) => Logger
  readonly connect: (config: ConnectConfig) => KubeConnection
  readonly probeServer: (config: ProbeServerConfig) => Component
  /** @throws when it cannot be read */
  readonly readFile: (path: string) => string
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
}

const USAGE = 'kubeskippy webhook [options]'
/** Below the 30 s that a pod has. */
const STOP_TIMEOUT = seconds(25)

/** Runs until it is asked to stop. 0: stopped; 1: wrong configuration, or a part could not start. */
export async function runWebhook(argv: readonly string[], env: WebhookEnvironment): Promise<number> {
  const flags = readFlags(WEBHOOK_OPTIONS, argv)
  if (flags.help) {
    env.stdout(optionHelp(USAGE, WEBHOOK_OPTIONS))
    return 0
  }
  const { config, problems } = readConfig(flags.values.get('config')?.[0], env.readFile)
  const options = attempt(problems, () => webhookOptions(flags, config))
  const log = env.createLog(options?.['log.level'] ?? 'info')
  const api = attempt(problems, () => env.connect({ userAgent: 'kubeskippy-webhook', timers: env.timers, log, ...access(flags) }))
  if (options === undefined || api === undefined || problems.length > 0) {
    for (const problem of problems) env.stderr(`${problem}\n`)
    await api?.close()
    return 1
  }
  const door = build(options, api, log, env)
  const stopped = new Promise<void>((resolve) => {
    const stop = (): void => {
      log.info('stopping')
      void door.stop().then(resolve)
    }
    if (env.stop.aborted) stop()
    else env.stop.addEventListener('abort', stop, { once: true })
  })
  try {
    await door.start()
  } catch {
    // Logged by the lifecycle, which has stopped the parts before it.
    return 1
  }
  await stopped
  log.info('stopped')
  return 0
}

function readConfig(path: string | undefined, readFile: WebhookEnvironment['readFile']): { config?: unknown; problems: string[] } {
  if (path === undefined) return { problems: [] }
  try {
    return { config: parse(readFile(path)) as unknown, problems: [] }
  } catch (error) {
    return { problems: [`--config: ${messageOf(error)}`] }
  }
}

/** The result, or undefined and its problems beside the others: a person corrects all of them at once. */
function attempt<T>(problems: string[], run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    problems.push(...error.problems)
    return undefined
  }
}

const access = ({ values }: Flags): Pick<ConnectConfig, 'kubeconfig' | 'context'> => {
  const [kubeconfig, context] = [values.get('kubeconfig')?.[0], values.get('context')?.[0]]
  return { ...(kubeconfig === undefined ? {} : { kubeconfig }), ...(context === undefined ? {} : { context }) }
}

function build(options: WebhookOptions, api: KubeConnection, log: Logger, env: WebhookEnvironment): Lifecycle {
  const { clock, timers, metrics, exposition } = env
  const livez = new Health()
  const readyz = new Health()
  const app = createApp({
    installation: toInstallation(options),
    metrics: declareAdmissionMetrics(metrics),
    timers,
    log,
    livez,
    readyz,
    exposition,
  })
  const server = new AdmissionServer({ app, ...parseAddress(options['webhook.bindAddress']), timers, log, quietPeriod: options['webhook.quietPeriod'] })
  const keeper = new CertificateKeeper({
    api,
    clock,
    timers,
    log,
    secret: { namespace: options.namespace, name: WEBHOOK_TLS_SECRET },
    names: servedNames(options.namespace),
    targets: [
      { resource: VALIDATING_WEBHOOKS, name: VALIDATING_CONFIGURATION, webhooks: [VALIDATING_WEBHOOK] },
      { resource: MUTATING_WEBHOOKS, name: MUTATING_CONFIGURATION, webhooks: [MUTATING_WEBHOOK] },
    ],
    serve: (material) => server.serve(material),
  })
  livez.add('ping', () => undefined)
  readyz.add('ca bundle in sync', () => keeper.problem)
  readyz.add('admission server', () => (server.listening ? undefined : 'not listening'))
  readyz.add('shutdown', () => (server.stopping ? 'shutting down' : undefined))
  // In this order: probes answer while the first certificate is awaited, and until the last review is answered.
  return new Lifecycle({ timers, log, stopTimeout: STOP_TIMEOUT })
    .add({ name: 'api connection', start: () => {}, stop: () => api.close() })
    .add(env.probeServer({ ...parseAddress(options.healthProbeBindAddress), livez, readyz, log }))
    .add(keeper)
    .add(server)
}

/** Names by which the API server, a developer and a port-forward reach the door. */
const servedNames = (namespace: string) => ({
  dns: [...['', '.svc', '.svc.cluster.local'].map((suffix) => `${WEBHOOK_SERVICE}.${namespace}${suffix}`), WEBHOOK_SERVICE, 'localhost'],
  ips: ['127.0.0.1'],
})
