/** Options of the installation that the controller alone reads: limits of all policies together, and how metrics are read. */
import { toInstallation as forRules, type InstallationOptions } from '../shared/rules/installation-options.ts'
import type { OptionSpec } from '../shared/runtime/options.ts'
import { DEFAULT_INSTALLATION, type Installation } from './healing/installation.ts'

export const LIMIT_OPTIONS = [
  {
    key: 'budgets.namespace',
    flag: 'namespace-actions-per-hour',
    type: 'integer',
    default: DEFAULT_INSTALLATION.budgets.namespace,
    min: 1,
    max: 200,
    doc: 'Actions in every sliding hour that all policies of one namespace share.',
  },
  {
    key: 'budgets.cluster',
    flag: 'cluster-actions-per-hour',
    type: 'integer',
    default: DEFAULT_INSTALLATION.budgets.cluster,
    min: 1,
    max: 200,
    doc: 'Actions in every sliding hour that all policies share.',
  },
  {
    key: 'storm.clusterPercent',
    flag: 'storm-cluster-percent',
    type: 'integer',
    default: DEFAULT_INSTALLATION.storm.clusterPercent,
    min: 1,
    max: 100,
    doc: 'How much of what all automatic policies select may be unhealthy at once, in percent. When more is, no policy acts.',
  },
  {
    key: 'storm.minimum',
    flag: 'storm-minimum',
    type: 'integer',
    default: DEFAULT_INSTALLATION.storm.minimum,
    min: 1,
    max: 100_000,
    doc: 'How many objects all automatic policies must select before their share counts.',
  },
  {
    key: 'syncInterval',
    flag: 'sync-interval',
    type: 'duration',
    default: '30s',
    min: '1s',
    max: '10m',
    doc: 'How often metric triggers are read. Equal questions of all policies are asked once.',
  },
  {
    key: 'metrics.kubelet.enabled',
    flag: 'kubelet-metrics',
    type: 'boolean',
    default: false,
    doc: 'Ask the kubelets of the nodes themselves for cpu_throttled_percent, where a trigger names no Prometheus source. Needs config/rbac/optional/kubelet-metrics.yaml, and a way to the nodes.',
  },
  {
    key: 'metrics.kubelet.timeout',
    flag: 'kubelet-timeout',
    type: 'duration',
    default: '10s',
    min: '1s',
    max: '2m',
    doc: 'For a whole answer of one kubelet.',
  },
  {
    key: 'metrics.kubelet.caFile',
    flag: 'kubelet-ca-file',
    type: 'string',
    placeholder: 'FILE',
    doc: 'CA (PEM) that signed the serving certificates of the kubelets. Default: the one of the API server.',
  },
  {
    key: 'metrics.kubelet.insecureSkipVerify',
    flag: 'kubelet-insecure-skip-verify',
    type: 'boolean',
    default: false,
    doc: "Do not verify the kubelets' certificates. Whoever stands in their place gets the controller's token, and with it may act as every healer: for clusters that are thrown away.",
  },
] as const satisfies readonly OptionSpec[]

export interface LimitOptions extends InstallationOptions {
  readonly 'budgets.namespace': number
  readonly 'budgets.cluster': number
  readonly 'storm.clusterPercent': number
  readonly 'storm.minimum': number
}

export function toInstallation(options: LimitOptions): Installation {
  const installation = forRules(options)
  return {
    ...installation,
    budgets: { namespace: options['budgets.namespace'], cluster: options['budgets.cluster'] },
    storm: { ...installation.storm, clusterPercent: options['storm.clusterPercent'], minimum: options['storm.minimum'] },
  }
}
