/** Prometheus beside the cluster, on loopback, with data that goes with the cluster. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from '../cluster/cluster.ts'
import { ensureMonitoring } from '../cluster/debian.ts'
import { ClusterError } from '../cluster/errors.ts'
import { must } from '../cluster/exec.ts'
import { answers, Guest } from '../cluster/guest.ts'
import { planOf } from '../cluster/state.ts'
import { makeAccount } from './account.ts'
import { followPods, launchFollower, type Following } from './discovery.ts'
import { sparePort } from './ports.ts'
import { prometheusConfig, type Alerting, type ConfigInput, type Rule, type Target } from './prometheus-config.ts'

const ACCOUNT_RULES = [{ apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] }]
const KUBELET_PORT = 10250

export interface PrometheusOptions {
  /** Of its log and data; several can run beside one cluster. Default `prometheus`. */
  readonly name?: string
  /** Besides every pod that asks for it by annotation. */
  readonly targets?: readonly Target[]
  /** The kubelet's `/metrics/cadvisor`: `container_cpu_usage_seconds_total` and its kin. Default false: it costs the kubelet. */
  readonly cadvisor?: boolean
  readonly rules?: readonly Rule[]
  readonly alertmanager?: Alerting
  /** Of scrapes and of rules, such as `1s`; default `2s`. */
  readonly scrapeInterval?: string
  /** Address of this machine on which it listens; default 127.0.0.1. Pods reach `Cluster.hostIp`. */
  readonly host?: string
  /** True: new pods are found after this process has ended, too. Default false. */
  readonly outlives?: boolean
  /** Added to its command line. */
  readonly flags?: readonly string[]
}

export interface PrometheusSample {
  readonly metric: Readonly<Record<string, string>>
  readonly value: number
}

export interface Prometheus {
  /** `http://127.0.0.1:port`, or with the `host` of the options. */
  readonly url: string
  readonly logFile: string
  /** What is left out stays as it was. Returns when the new configuration is in force. */
  reload(changes: Pick<PrometheusOptions, 'targets' | 'rules' | 'cadvisor' | 'alertmanager'>): Promise<void>
  /** An instant query that answers a vector. */
  query(expression: string): Promise<readonly PrometheusSample[]>
  /** Keeps its data. */
  stop(): Promise<void>
  /** Again, on the same port and data. */
  start(): Promise<void>
  /** SIGSTOP: connections are accepted and nothing is answered, until SIGCONT. SIGKILL: as by a crash. */
  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): Promise<void>
}

export async function startPrometheus(cluster: Cluster, options: PrometheusOptions = {}, log: (line: string) => void = () => {}): Promise<Prometheus> {
  const { name = 'prometheus', host = '127.0.0.1' } = options
  const programs = await ensureMonitoring({ log })
  const { tokenFile } = await makeAccount(cluster, 'prometheus', ACCOUNT_RULES)
  const dir = join(cluster.dir, name)
  const { network } = planOf(cluster)
  const fixed = { caFile: cluster.caFile, tokenFile, kubelet: `${network.nodeIp}:${KUBELET_PORT}`, podsFile: join(dir, 'pods.json') }
  mkdirSync(dir, { recursive: true })
  const port = await sparePort(cluster)
  const url = `http://${host}:${port}`
  let current = options
  await writeConfig(dir, programs.promtool, { ...fixed, ...options })
  const guest = new Guest(cluster, { name, file: programs.prometheus, isReady: async () => answers(`${url}/-/ready`) })
  const follow = async (): Promise<Following> => options.outlives === true ? launchFollower(cluster, name, fixed.podsFile) : followPods(cluster, fixed.podsFile)
  let discovery: Following | undefined
  const start = async (): Promise<void> => {
    discovery ??= await follow()
    await guest.launch([
      '--config.file', join(dir, 'prometheus.json'), '--storage.tsdb.path', join(dir, 'data'), '--web.listen-address', `${host}:${port}`,
      '--web.enable-lifecycle', '--storage.tsdb.retention.time', '6h', ...(options.flags ?? []),
    ])
    await guest.ready()
  }
  await start()
  return {
    url, start,
    logFile: guest.logFile,
    reload: async (changes) => {
      const next = { ...current, ...changes }
      await writeConfig(dir, programs.promtool, { ...fixed, ...next })
      current = next
      const response = await fetch(`${url}/-/reload`, { method: 'POST' })
      if (!response.ok) throw new ClusterError(`Prometheus does not take its new configuration: ${await response.text()}`)
    },
    query: async (expression) => query(url, expression),
    stop: async () => {
      await discovery?.stop()
      discovery = undefined
      await guest.stop()
    },
    signal: async (signal) => { await guest.kill(signal) },
  }
}

/** Checked before anything of the old is written over: Prometheus would start without the rule that does not parse, and an alert never come. */
async function writeConfig(dir: string, promtool: string, input: ConfigInput): Promise<void> {
  const write = (suffix: string): string => {
    const [file, rulesFile] = [join(dir, `prometheus${suffix}`), join(dir, `rules${suffix}`)]
    const config = prometheusConfig(input, rulesFile)
    writeFileSync(rulesFile, JSON.stringify(config.rules, null, 2))
    writeFileSync(file, JSON.stringify(config.main, null, 2))
    return file
  }
  await must(promtool, ['check', 'config', write('.new.json')])
  write('.json')
}

async function query(url: string, expression: string): Promise<readonly PrometheusSample[]> {
  const response = await fetch(`${url}/api/v1/query`, { method: 'POST', body: new URLSearchParams({ query: expression }) })
  const { status, error, data } = await response.json() as { status: string; error?: string; data?: { resultType: string; result: readonly { metric: Record<string, string>; value: [number, string] }[] } }
  if (status !== 'success' || data?.resultType !== 'vector') throw new ClusterError(`Prometheus on ${expression}: ${error ?? data?.resultType ?? status}`)
  return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
}
