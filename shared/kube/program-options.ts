/** Options that every program of ours has. One configuration file serves them all: each skips the others' sections. */
import { ADDRESS, ADDRESS_FORMAT } from '../runtime/address.ts'
import { LOG_LEVELS } from '../runtime/logger.ts'
import type { OptionSpec } from '../runtime/options.ts'

/** Sections and keys of the configuration file that belong to one program. */
export const PROGRAM_SECTIONS = { controller: ['controller', 'alerts', 'tracing', 'budgets', 'storm.clusterPercent', 'storm.minimum', 'syncInterval', 'metrics'], webhook: ['webhook'] } as const

export const PROGRAM_OPTIONS = [
  { key: 'config', flag: 'config', type: 'string', flagOnly: true, placeholder: 'FILE', doc: 'Configuration file (YAML); flags win over it.' },
  { key: 'kubeconfig', flag: 'kubeconfig', type: 'string', flagOnly: true, placeholder: 'FILE', doc: 'Kubeconfig. Default: in a pod its service account; elsewhere KUBECONFIG, then ~/.kube/config.' },
  { key: 'context', flag: 'context', type: 'string', flagOnly: true, placeholder: 'NAME', doc: 'Context of the kubeconfig.' },
  {
    key: 'metricsBindAddress',
    flag: 'metrics-bind-address',
    type: 'string',
    default: ':8080',
    pattern: ADDRESS,
    format: ADDRESS_FORMAT,
    placeholder: 'HOST:PORT',
    doc: 'Where /metrics is served, by HTTP.',
  },
  {
    key: 'healthProbeBindAddress',
    flag: 'health-probe-bind-address',
    type: 'string',
    default: ':8081',
    pattern: ADDRESS,
    format: ADDRESS_FORMAT,
    placeholder: 'HOST:PORT',
    doc: 'Where /livez and /readyz are served, by HTTP.',
  },
  { key: 'log.level', flag: 'log-level', type: 'choice', default: 'info', choices: LOG_LEVELS, doc: 'Lowest level that is logged. A change of the file is taken over while the program runs, within ten seconds.' },
] as const satisfies readonly OptionSpec[]
