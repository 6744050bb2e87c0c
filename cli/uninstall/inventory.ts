/** What an installation leaves in a cluster, in the order in which it goes. Pure. */
import { GROUP } from '../../shared/api/v1alpha1/fields.ts'
import { CONTROLLER_LEASES, OPERATOR_NAMESPACE, WEBHOOK_TLS_SECRET } from '../../shared/api/v1alpha1/names.ts'
import { resources } from '../../shared/api/v1alpha1/resources.ts'
import type { Resource } from '../../shared/kube/api.ts'
import {
  CERTIFICATES,
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  CONFIG_MAPS,
  CUSTOM_RESOURCE_DEFINITIONS,
  DEPLOYMENTS,
  ISSUERS,
  LEASES,
  MUTATING_WEBHOOKS,
  NAMESPACES,
  NETWORK_POLICIES,
  POD_DISRUPTION_BUDGETS,
  RESOURCE_QUOTAS,
  PROMETHEUS_RULES,
  ROLE_BINDINGS,
  ROLES,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICE_MONITORS,
  SERVICES,
  VALIDATING_ADMISSION_POLICIES,
  VALIDATING_ADMISSION_POLICY_BINDINGS,
  VALIDATING_WEBHOOKS,
} from '../../shared/kube/resources.ts'
import { isObject } from '../../shared/lib/json.ts'

/** On all that `config/`, the chart and `enable` make. */
export const OURS = 'app.kubernetes.io/name=kubeskippy,app.kubernetes.io/part-of=kubeskippy'

/** Of cert-manager's own authority in the chart; cert-manager makes it, and labels it as it likes. */
const AUTHORITY_SECRET = 'kubeskippy-webhook-ca'

export interface Place {
  readonly resource: Resource
  /** Absent: of the cluster, or in every namespace. */
  readonly namespace?: string
  /** Absent: all that are labelled as ours. */
  readonly names?: readonly string[]
}

const own = (resource: Resource, names?: readonly string[]): Place => ({ resource, namespace: OPERATOR_NAMESPACE, ...(names === undefined ? {} : { names }) })

/** Everything but what policies have led to. */
export const PROGRAMS: readonly Place[] = [
  // First the rights, healers' included: from then on nobody acts, whatever becomes of the rest.
  { resource: ROLE_BINDINGS },
  { resource: CLUSTER_ROLE_BINDINGS },
  own(DEPLOYMENTS),
  // Without a webhook they would refuse every policy.
  { resource: VALIDATING_WEBHOOKS },
  { resource: MUTATING_WEBHOOKS },
  { resource: VALIDATING_ADMISSION_POLICY_BINDINGS },
  { resource: VALIDATING_ADMISSION_POLICIES },
  ...[POD_DISRUPTION_BUDGETS, RESOURCE_QUOTAS, SERVICES, NETWORK_POLICIES, CONFIG_MAPS, SERVICE_MONITORS, PROMETHEUS_RULES, CERTIFICATES, ISSUERS].map((resource) => own(resource)),
  { resource: ROLES },
  { resource: CLUSTER_ROLES },
  { resource: SERVICE_ACCOUNTS },
  own(SECRETS, [WEBHOOK_TLS_SECRET, AUTHORITY_SECRET]),
  own(LEASES, CONTROLLER_LEASES),
]

/** With every policy, action and ledger; the ledgers are in the namespace. */
export const DEFINITIONS: Place = { resource: CUSTOM_RESOURCE_DEFINITIONS, names: resources.map(({ plural }) => `${plural}.${GROUP}`) }
export const NAMESPACE: Place = { resource: NAMESPACES, names: [OPERATOR_NAMESPACE] }

const LABELS = OURS.split(',').map((pair) => pair.split('='))

/** Whether an object of somebody's manifest is of KubeSkippy. */
export function isOurs(object: unknown): boolean {
  if (!isObject(object) || !isObject(object['metadata'])) return false
  const { name, labels } = object['metadata']
  const isDefinition = object['kind'] === DEFINITIONS.resource.kind && (DEFINITIONS.names ?? []).includes(String(name))
  return isDefinition || String(object['apiVersion']).startsWith(`${GROUP}/`) || LABELS.every(([key = '', value]) => isObject(labels) && labels[key] === value)
}
