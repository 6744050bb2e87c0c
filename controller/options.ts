/** The controller's options: flag, key of the configuration file, type, default and help from one literal each. */
import { INSTALLATION_OPTIONS } from '../shared/rules/installation-options.ts'
import { ADDRESS } from '../shared/runtime/address.ts'
import type { OptionsOf, OptionSpec } from '../shared/runtime/options.ts'

export const CONTROLLER_OPTIONS = [
  { key: 'config', flag: 'config', type: 'string', flagOnly: true, placeholder: 'FILE', doc: 'Configuration file (YAML); flags win over it.' },
  { key: 'kubeconfig', flag: 'kubeconfig', type: 'string', flagOnly: true, placeholder: 'FILE', doc: "Kubeconfig; without it the pod's service account." },
  { key: 'context', flag: 'context', type: 'string', flagOnly: true, placeholder: 'NAME', doc: 'Context of the kubeconfig.' },
  ...INSTALLATION_OPTIONS,
  { key: 'concurrency', flag: 'concurrency', type: 'integer', default: 8, min: 1, max: 64, doc: 'Policies, and apart from them actions, worked on at the same time.' },
  {
    key: 'healthProbeBindAddress',
    flag: 'health-probe-bind-address',
    type: 'string',
    default: ':8081',
    pattern: ADDRESS,
    doc: 'Where /livez, /readyz and /metrics are served, by HTTP.',
  },
  { key: 'log.level', flag: 'log-level', type: 'choice', default: 'info', choices: ['debug', 'info', 'warn', 'error'], doc: 'Lowest level that is logged.' },
] as const satisfies readonly OptionSpec[]

export type ControllerOptions = OptionsOf<typeof CONTROLLER_OPTIONS>
