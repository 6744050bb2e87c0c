import type { Resource } from './api.ts'

const core = (kind: string, plural: string, namespaced = true): Resource => ({ group: '', version: 'v1', kind, plural, namespaced })
const apps = (kind: string, plural: string): Resource => ({ group: 'apps', version: 'v1', kind, plural, namespaced: true })
const ours = (kind: string, plural: string): Resource => ({ group: 'kubeskippy.io', version: 'v1alpha1', kind, plural, namespaced: true })
const admission = (kind: string, plural: string): Resource => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind,
  plural,
  namespaced: false,
})
const rbac = (kind: string, plural: string): Resource => ({ group: 'rbac.authorization.k8s.io', version: 'v1', kind, plural, namespaced: true })

/** Every resource that our programs read or write, once. */
export const PODS = core('Pod', 'pods')
export const NAMESPACES = core('Namespace', 'namespaces', false)
export const NODES = core('Node', 'nodes', false)
export const CONFIG_MAPS = core('ConfigMap', 'configmaps')
export const SECRETS = core('Secret', 'secrets')
export const RESOURCE_QUOTAS = core('ResourceQuota', 'resourcequotas')
export const SERVICE_ACCOUNTS = core('ServiceAccount', 'serviceaccounts')
export const REPLICA_SETS = apps('ReplicaSet', 'replicasets')
export const DEPLOYMENTS = apps('Deployment', 'deployments')
export const STATEFUL_SETS = apps('StatefulSet', 'statefulsets')
export const DAEMON_SETS = apps('DaemonSet', 'daemonsets')
/** Of Argo Rollouts; there may be no such kind. */
export const ROLLOUTS: Resource = { group: 'argoproj.io', version: 'v1alpha1', kind: 'Rollout', plural: 'rollouts', namespaced: true }
/** What owns pods, and what actions write to beside them. */
export const WORKLOADS: readonly Resource[] = [REPLICA_SETS, DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS]
export const HORIZONTAL_POD_AUTOSCALERS: Resource = { group: 'autoscaling', version: 'v2', kind: 'HorizontalPodAutoscaler', plural: 'horizontalpodautoscalers', namespaced: true }
/** Of KEDA, where it is installed. */
export const SCALED_OBJECTS: Resource = { group: 'keda.sh', version: 'v1alpha1', kind: 'ScaledObject', plural: 'scaledobjects', namespaced: true }
/** Where its project is installed. */
export const VERTICAL_POD_AUTOSCALERS: Resource = { group: 'autoscaling.k8s.io', version: 'v1', kind: 'VerticalPodAutoscaler', plural: 'verticalpodautoscalers', namespaced: true }
export const POD_DISRUPTION_BUDGETS: Resource = {
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  namespaced: true,
}
/** The same objects as `EVENTS`, by the older group: only there the server selects by the object that they are about. */
export const CORE_EVENTS = core('Event', 'events')
export const EVENTS: Resource = { group: 'events.k8s.io', version: 'v1', kind: 'Event', plural: 'events', namespaced: true }
export const LEASES: Resource = { group: 'coordination.k8s.io', version: 'v1', kind: 'Lease', plural: 'leases', namespaced: true }
export const SERVICES = core('Service', 'services')
export const ENDPOINT_SLICES: Resource = { group: 'discovery.k8s.io', version: 'v1', kind: 'EndpointSlice', plural: 'endpointslices', namespaced: true }
export const NETWORK_POLICIES: Resource = { group: 'networking.k8s.io', version: 'v1', kind: 'NetworkPolicy', plural: 'networkpolicies', namespaced: true }
/** Of cert-manager and Prometheus Operator, where they are installed. */
export const CERTIFICATES: Resource = { group: 'cert-manager.io', version: 'v1', kind: 'Certificate', plural: 'certificates', namespaced: true }
export const ISSUERS: Resource = { group: 'cert-manager.io', version: 'v1', kind: 'Issuer', plural: 'issuers', namespaced: true }
export const SERVICE_MONITORS: Resource = { group: 'monitoring.coreos.com', version: 'v1', kind: 'ServiceMonitor', plural: 'servicemonitors', namespaced: true }
export const PROMETHEUS_RULES: Resource = { group: 'monitoring.coreos.com', version: 'v1', kind: 'PrometheusRule', plural: 'prometheusrules', namespaced: true }
export const ROLES = rbac('Role', 'roles')
export const CLUSTER_ROLES: Resource = { ...rbac('ClusterRole', 'clusterroles'), namespaced: false }
export const CLUSTER_ROLE_BINDINGS: Resource = { ...rbac('ClusterRoleBinding', 'clusterrolebindings'), namespaced: false }
export const ROLE_BINDINGS = rbac('RoleBinding', 'rolebindings')
/** What whoever asks may do himself. */
export const SELF_SUBJECT_ACCESS_REVIEWS: Resource = { group: 'authorization.k8s.io', version: 'v1', kind: 'SelfSubjectAccessReview', plural: 'selfsubjectaccessreviews', namespaced: false }
export const SUBJECT_ACCESS_REVIEWS: Resource = { group: 'authorization.k8s.io', version: 'v1', kind: 'SubjectAccessReview', plural: 'subjectaccessreviews', namespaced: false }
export const MUTATING_WEBHOOKS = admission('MutatingWebhookConfiguration', 'mutatingwebhookconfigurations')
export const VALIDATING_WEBHOOKS = admission('ValidatingWebhookConfiguration', 'validatingwebhookconfigurations')
export const VALIDATING_ADMISSION_POLICIES = admission('ValidatingAdmissionPolicy', 'validatingadmissionpolicies')
export const VALIDATING_ADMISSION_POLICY_BINDINGS = admission('ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings')
export const CUSTOM_RESOURCE_DEFINITIONS: Resource = { group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition', plural: 'customresourcedefinitions', namespaced: false }
/** Served by metrics-server or its like, where there is one. */
export const POD_METRICS: Resource = { group: 'metrics.k8s.io', version: 'v1beta1', kind: 'PodMetrics', plural: 'pods', namespaced: true }
export const HEALING_POLICIES = ours('HealingPolicy', 'healingpolicies')
export const HEALING_ACTIONS = ours('HealingAction', 'healingactions')
export const HEALING_LEDGERS = ours('HealingLedger', 'healingledgers')

/** `v1`, `apps/v1`. */
export const apiVersionOf = ({ group, version }: Pick<Resource, 'group' | 'version'>): string =>
  group === '' ? version : `${group}/${version}`
