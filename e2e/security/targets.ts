/** What is not the tenant's, and the forms in which a policy of his may name it. Pure. */
import { API_VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { CONTROLLER_ACCOUNT, OPERATOR_NAMESPACE, WEBHOOK_TLS_SECRET } from '../../shared/api/v1alpha1/names.ts'
import { OTHER } from './objects.ts'

export interface Target {
  /** The kind of foreign thing; several targets may share one. */
  readonly title: string
  readonly apiVersion: string
  readonly kind: string
  readonly plural: string
  /** Absent: it is of the cluster. */
  readonly namespace?: string
  readonly name: string
}

const RBAC = 'rbac.authorization.k8s.io/v1'
const CHANNEL = "another policy's channel"

export const TARGETS: readonly Target[] = [
  { title: 'another namespace', apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments', namespace: OTHER, name: 'web' },
  { title: 'the cluster scope', apiVersion: 'v1', kind: 'Node', plural: 'nodes', name: 'node-1' },
  { title: 'the cluster scope', apiVersion: RBAC, kind: 'ClusterRole', plural: 'clusterroles', name: 'cluster-admin' },
  { title: 'the cluster scope', apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', name: OTHER },
  { title: "the operator's own namespace", apiVersion: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', namespace: OPERATOR_NAMESPACE, name: CONTROLLER_ACCOUNT },
  { title: 'a Secret', apiVersion: 'v1', kind: 'Secret', plural: 'secrets', namespace: OTHER, name: 'token' },
  { title: 'a Secret', apiVersion: 'v1', kind: 'Secret', plural: 'secrets', namespace: OPERATOR_NAMESPACE, name: WEBHOOK_TLS_SECRET },
  { title: CHANNEL, apiVersion: API_VERSION, kind: 'HealingPolicy', plural: 'healingpolicies', namespace: OTHER, name: 'heal' },
  { title: CHANNEL, apiVersion: API_VERSION, kind: 'HealingLedger', plural: 'healingledgers', namespace: OPERATOR_NAMESPACE, name: 'policy-victim-heal' },
]

export const TITLES: readonly string[] = [...new Set(TARGETS.map(({ title }) => title))]

/** Below its group, as in a URL. */
export const pathOf = ({ namespace, plural, name }: Target): string => `${namespace === undefined ? '' : `namespaces/${namespace}/`}${plural}/${name}`
export const urlOf = (target: Target): string => `https://kubernetes.default.svc/${target.apiVersion === 'v1' ? 'api' : 'apis'}/${target.apiVersion}/${pathOf(target)}`

/** By its name, with its namespace, and by the ways there from one's own. */
export const words = (target: Target): readonly string[] => {
  const { namespace, name } = target
  return [...new Set([name, ...(namespace === undefined ? [] : [namespace, `${namespace}/${name}`]), `../../${pathOf(target)}`, '*'])]
}
