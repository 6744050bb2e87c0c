/**
 * Options of the installation that rules depend on. The door, the controller and the lint read the same keys from the
 * same file, so that they agree; each program checks this list against its option type.
 */
import { OPERATOR_NAMESPACE } from '../api/v1alpha1/names.ts'
import { DEFAULT_INSTALLATION, type Installation } from './rule.ts'

const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const FORMAT = 'a name that a namespace can have, such as shop'

export const INSTALLATION_OPTIONS = [
  {
    key: 'namespace',
    flag: 'namespace',
    type: 'string',
    default: OPERATOR_NAMESPACE,
    pattern: NAMESPACE,
    format: FORMAT,
    placeholder: 'NAME',
    doc: 'Namespace of the operator.',
  },
  {
    key: 'protectedNamespaces',
    flag: 'protected-namespaces',
    type: 'list',
    default: DEFAULT_INSTALLATION.protectedNamespaces,
    // A name with a mistake would protect nothing, and say nothing.
    pattern: NAMESPACE,
    format: FORMAT,
    doc: "Namespaces in which no policy acts by itself, beside kube-system, kube-public, kube-node-lease and the operator's own.",
  },
  {
    key: 'ceiling.maxActionsPerHour',
    flag: 'max-actions-per-hour',
    type: 'integer',
    default: DEFAULT_INSTALLATION.ceiling.maxActionsPerHour,
    min: 1,
    max: 200,
    doc: 'The most that a policy may ask for as maxActionsPerHour.',
  },
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
] as const

export interface InstallationOptions {
  readonly namespace: string
  readonly protectedNamespaces: readonly string[]
  readonly 'ceiling.maxActionsPerHour': number
  readonly 'budgets.namespace': number
  readonly 'budgets.cluster': number
}

export const toInstallation = (options: InstallationOptions): Installation => ({
  operatorNamespace: options.namespace,
  protectedNamespaces: options.protectedNamespaces,
  ceiling: { maxActionsPerHour: options['ceiling.maxActionsPerHour'] },
  budgets: { namespace: options['budgets.namespace'], cluster: options['budgets.cluster'] },
})
