/**
 * Configuration of Prometheus, as data. It reads YAML, so JSON too. Pure. Debian's Prometheus is built without
 * discovery by Kubernetes' API: the pods come by a file that `discovery.ts` keeps.
 */

import { NODE_NAME } from '../cluster/spec.ts'

/** What answers to GET with samples in Prometheus' text format. */
export interface Target {
  /** `10.201.0.7:8080` */
  readonly address: string
  /** Label `job`; default `static`. */
  readonly job?: string
  /** Default `/metrics`. */
  readonly path?: string
  readonly labels?: Readonly<Record<string, string>>
}

/** An alerting rule has `alert`, a recording rule has `record`; as in Prometheus' own files. */
export type Rule =
  | { readonly alert: string; readonly expr: string; readonly for?: string; readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> }
  | { readonly record: string; readonly expr: string; readonly labels?: Readonly<Record<string, string>> }

/** Where alerts are sent. */
export interface Alerting {
  readonly url: string
}

export interface ConfigInput {
  readonly caFile: string
  /** Of an account that may read the kubelet's metrics. */
  readonly tokenFile: string
  /** `address:port` of the kubelet. */
  readonly kubelet: string
  /** Written by `discovery.ts`. */
  readonly podsFile: string
  readonly targets?: readonly Target[]
  readonly rules?: readonly Rule[]
  readonly cadvisor?: boolean
  readonly alertmanager?: Alerting
  readonly scrapeInterval?: string
}

export function prometheusConfig(input: ConfigInput, rulesFile: string): { readonly main: object; readonly rules: object } {
  const { scrapeInterval = '2s', rules = [], alertmanager } = input
  return {
    main: {
      global: { scrape_interval: scrapeInterval, scrape_timeout: scrapeInterval, evaluation_interval: scrapeInterval },
      rule_files: [rulesFile],
      ...(alertmanager === undefined ? {} : { alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(alertmanager.url).host] }] }] } }),
      scrape_configs: [podScrape(input), ...(input.cadvisor === true ? [cadvisorScrape(input)] : []), ...(input.targets ?? []).map(targetScrape)],
    },
    rules: { groups: [{ name: 'rules', rules }] },
  }
}

const podScrape = ({ podsFile }: ConfigInput): object => ({ job_name: 'pods', file_sd_configs: [{ files: [podsFile] }] })

/** Its series have namespace, pod and container already. */
const cadvisorScrape = ({ kubelet, tokenFile, caFile }: ConfigInput): object => ({
  job_name: 'cadvisor',
  scheme: 'https',
  metrics_path: '/metrics/cadvisor',
  authorization: { credentials_file: tokenFile },
  tls_config: { ca_file: caFile },
  static_configs: [{ targets: [kubelet], labels: { node: NODE_NAME } }],
})

const targetScrape = ({ address, job, path, labels }: Target, index: number): object => ({
  job_name: `static-${index}`,
  ...(path === undefined ? {} : { metrics_path: path }),
  static_configs: [{ targets: [address], labels: { job: job ?? 'static', ...labels } }],
})
