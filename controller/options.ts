/** The controller's options: flag, key of the configuration file, type, default and help from one literal each. */
import { PROTECTED_NAMESPACES } from '../shared/api/v1alpha1/names.ts'
import { DEFAULT_INSTALLATION, type Installation } from '../shared/rules/rule.ts'
import type { OptionsOf, OptionSpec } from '../shared/runtime/options.ts'

export const CONTROLLER_OPTIONS = [
  { key: 'config', flag: 'config', type: 'string', placeholder: 'FILE', flagOnly: true, doc: 'Configuration file (YAML or JSON). Flags win over it.' },
  { key: 'kubeconfig', flag: 'kubeconfig', type: 'string', placeholder: 'FILE', flagOnly: true, doc: "Kubeconfig file. Default: the pod's own account, then KUBECONFIG and ~/.kube/config." },
  { key: 'context', flag: 'context', type: 'string', placeholder: 'NAME', flagOnly: true, doc: 'Context of the kubeconfig.' },
  {
    key: 'ceiling.maxActionsPerHour',
    flag: 'ceiling-max-actions-per-hour',
    type: 'integer',
    default: DEFAULT_INSTALLATION.ceiling.maxActionsPerHour,
    min: 1,
    max: 200,
    doc: 'No policy may ask for more actions per hour.',
  },
  {
    key: 'protectedNamespaces',
    flag: 'protected-namespaces',
    type: 'list',
    default: [],
    doc: `Namespaces in which no policy acts, beside the operator's own and ${PROTECTED_NAMESPACES.join(', ')}.`,
  },
  { key: 'concurrency', flag: 'concurrency', type: 'integer', default: 8, min: 1, max: 64, doc: 'Policies, and apart from them actions, worked on at the same time.' },
  { key: 'metrics.bindAddress', flag: 'metrics-bind-address', type: 'string', placeholder: 'HOST:PORT', default: ':8080', doc: 'Where /metrics is served, in plain HTTP.' },
  { key: 'health.bindAddress', flag: 'health-probe-bind-address', type: 'string', placeholder: 'HOST:PORT', default: ':8081', doc: 'Where /livez and /readyz are served.' },
  { key: 'log.level', flag: 'log-level', type: 'choice', choices: ['debug', 'info', 'warn', 'error'], default: 'info', doc: 'Least severe entries that are logged.' },
] as const satisfies readonly OptionSpec[]

export type ControllerOptions = OptionsOf<typeof CONTROLLER_OPTIONS>

export const installationOf = (options: ControllerOptions): Installation => ({
  operatorNamespace: DEFAULT_INSTALLATION.operatorNamespace,
  protectedNamespaces: options.protectedNamespaces,
  ceiling: { maxActionsPerHour: options['ceiling.maxActionsPerHour'] },
})
