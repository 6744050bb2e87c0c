/** Alertmanager beside the cluster, on loopback, with data that goes with the cluster. Needs root. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from '../cluster/cluster.ts'
import { ensureMonitoring } from '../cluster/debian.ts'
import { answers, Guest } from '../cluster/guest.ts'
import { sparePort } from './ports.ts'

export interface Webhook {
  readonly url: string
  /** Sent as `Authorization: Bearer`. */
  readonly bearerToken?: string
  /** PEM of who signed the receiver's certificate. */
  readonly caPem?: string
  /** Most alerts in one message; default: all. */
  readonly maxAlerts?: number
}

export interface AlertmanagerOptions {
  /** Of its log and data. Default `alertmanager`. */
  readonly name?: string
  /** Each gets every alert, and its end. */
  readonly webhooks: readonly Webhook[]
  /** Labels that make one message; default the alert's name. */
  readonly groupBy?: readonly string[]
  /** How long the first message of a group waits for others; default `1s`. */
  readonly groupWait?: string
  /** Between two messages of a group that changed, so also until its end is told; default `1s`. */
  readonly groupInterval?: string
  /** Until a message is sent again while nothing changes; default `5m`. */
  readonly repeatInterval?: string
}

export interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  /** RFC 3339. */
  readonly startsAt?: string
  /** RFC 3339; in the past: the alert has ended. */
  readonly endsAt?: string
}

export interface Alertmanager {
  /** `http://127.0.0.1:port`, for `startPrometheus`. */
  readonly url: string
  readonly logFile: string
  /** As Prometheus would, without waiting for a rule. */
  post(alerts: readonly PostedAlert[]): Promise<void>
  stop(): Promise<void>
  /** Again, on the same port and data. */
  start(): Promise<void>
}

export async function startAlertmanager(cluster: Cluster, options: AlertmanagerOptions, log: (line: string) => void = () => {}): Promise<Alertmanager> {
  const { name = 'alertmanager' } = options
  const programs = await ensureMonitoring({ log })
  const dir = join(cluster.dir, name)
  mkdirSync(dir, { recursive: true })
  const port = await sparePort(cluster)
  const url = `http://127.0.0.1:${port}`
  const configFile = join(dir, 'alertmanager.json')
  writeFileSync(configFile, JSON.stringify(alertmanagerConfig(dir, options), null, 2), { mode: 0o600 })
  // Debian's reads its templates from a fixed path: it sees its own package there, in a mount namespace that ends with it.
  const inPlace = ['--mount', '--propagation', 'private', 'sh', '-c', 'mount --bind "$0" /usr/share && exec "$@"', programs.alertmanagerShare, programs.alertmanager]
  const guest = new Guest(cluster, { name, file: 'unshare', isReady: async () => answers(`${url}/-/ready`) })
  const start = async (): Promise<void> => {
    // An empty address: no cluster of its own kind, which would listen on all addresses.
    await guest.launch([...inPlace, '--config.file', configFile, '--storage.path', join(dir, 'data'), '--web.listen-address', `127.0.0.1:${port}`, '--cluster.listen-address', ''])
    await guest.ready()
  }
  await start()
  return {
    url, start,
    logFile: guest.logFile,
    post: async (alerts) => {
      const response = await fetch(`${url}/api/v2/alerts`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(alerts) })
      if (!response.ok) throw new Error(`Alertmanager refused the alerts: ${response.status} ${await response.text()}`)
    },
    stop: async () => { await guest.stop() },
  }
}

/** It reads YAML, so JSON too. Secrets are in files beside it. */
function alertmanagerConfig(dir: string, options: AlertmanagerOptions): object {
  const { groupBy = ['alertname'], groupWait = '1s', groupInterval = '1s', repeatInterval = '5m' } = options
  return {
    route: { receiver: 'webhooks', group_by: groupBy, group_wait: groupWait, group_interval: groupInterval, repeat_interval: repeatInterval },
    receivers: [{ name: 'webhooks', webhook_configs: options.webhooks.map((webhook, index) => webhookConfig(dir, webhook, index)) }],
  }
}

function webhookConfig(dir: string, { url, bearerToken, caPem, maxAlerts = 0 }: Webhook, index: number): object {
  const put = (file: string, text: string): string => {
    const path = join(dir, file)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }
  return {
    url, send_resolved: true, max_alerts: maxAlerts,
    http_config: {
      ...(bearerToken === undefined ? {} : { authorization: { credentials_file: put(`webhook-${index}.token`, bearerToken) } }),
      ...(caPem === undefined ? {} : { tls_config: { ca_file: put(`webhook-${index}.crt`, caPem) } }),
    },
  }
}
