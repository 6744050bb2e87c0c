/**
 * All that the controller's account may do: read workloads, write our own objects and events, and act as the healer of
 * a namespace. It has no write verb on any workload.
 */
import { actingAs, scalerPermissions, type Permission } from '../shared/rules/action-writes.ts'
import { groupOf, OBSERVED_KINDS, type KnownKind } from '../shared/api/v1alpha1/kinds.ts'
import { AGGREGATE_LABEL, APPROVER_ROLE, AUTHOR_ROLE, CONSENT, CONTROLLER_ACCOUNT, CONTROLLER_LEASES, DISCOVERY_ROLE, HEAL_VERB, HEALER_ACCOUNT, KILL_SWITCH, KUBELET_METRICS_ROLE, METRICS_APIS_ROLE, OBSERVER_ROLE, OPERATOR_NAMESPACE, VIEWER_ROLE } from '../shared/api/v1alpha1/names.ts'
import type { KubeManifest, Resource } from '../shared/kube/api.ts'
import {
  CONFIG_MAPS,
  DAEMON_SETS,
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  EVENTS,
  HEALING_ACTIONS,
  HORIZONTAL_POD_AUTOSCALERS,
  VERTICAL_POD_AUTOSCALERS,
  HEALING_LEDGERS,
  HEALING_POLICIES,
  LEASES,
  NAMESPACES,
  NODES,
  POD_DISRUPTION_BUDGETS,
  POD_METRICS,
  PODS,
  REPLICA_SETS,
  ROLE_BINDINGS,
  ROLES,
  ROLLOUTS,
  SCALED_OBJECTS,
  SERVICE_ACCOUNTS,
  STATEFUL_SETS,
} from '../shared/kube/resources.ts'
import { CUSTOM_METRICS, EXTERNAL_METRICS } from '../shared/rules/triggers/built-in-metrics.ts'
import { healerPermissions } from './actions/index.ts'

/** As in a Role: a list of each, never `*`. */
export interface PolicyRule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

export type Manifest = KubeManifest & Readonly<Record<string, unknown>>

const LABELS = { 'app.kubernetes.io/name': 'kubeskippy', 'app.kubernetes.io/part-of': 'kubeskippy', 'app.kubernetes.io/component': 'controller' } as const
const RBAC = ROLES.group
const READ = ['get', 'list', 'watch']

const on = ({ group, plural }: Resource, verbs: readonly string[], resourceNames?: readonly string[]): PolicyRule => ({
  apiGroups: [group],
  resources: [plural],
  ...(resourceNames === undefined ? {} : { resourceNames }),
  verbs,
})
const onStatus = ({ group, plural }: Resource): PolicyRule => ({ apiGroups: [group], resources: [`${plural}/status`], verbs: ['patch'] })

export const ruleOf = ({ apiGroup, resource, verb }: Permission): PolicyRule => ({ apiGroups: [apiGroup], resources: [resource], verbs: [verb] })

/** The minimal Role of a healer: what the actions need, and nothing else. */
export const healerRules: readonly PolicyRule[] = healerPermissions.map(ruleOf)

/** What a healer may do beside, where its namespace lets the end of a crashed container's log be kept (`enable --logs`). */
const logPermissions: readonly Permission[] = [{ apiGroup: PODS.group, resource: `${PODS.plural}/log`, verb: 'get' }]
export const logRules: readonly PolicyRule[] = logPermissions.map(ruleOf)

/**
 * Constrained impersonation, which Kubernetes has had since 1.36: whom, and then what as him. Even where a namespace
 * gives its healer more, no more than this can be done through the controller. The older verb `impersonate` must not
 * stand beside it: it lifts the second half.
 */
const impersonation = (permissions: readonly Permission[]): readonly PolicyRule[] => [
  { apiGroups: ['authentication.k8s.io'], resources: [SERVICE_ACCOUNTS.plural], resourceNames: [HEALER_ACCOUNT], verbs: ['impersonate:serviceaccount'] },
  ...permissions.map(({ verb, ...rest }) => ruleOf({ ...rest, verb: actingAs(verb) })),
]

const observed = (kinds: readonly KnownKind[]): readonly PolicyRule[] =>
  [...new Set(kinds.map(({ apiVersion }) => groupOf(apiVersion)))].map((group) => ({
    apiGroups: [group],
    resources: kinds.filter(({ apiVersion }) => groupOf(apiVersion) === group).map(({ plural }) => plural),
    verbs: ['list', 'watch'],
  }))

/** All that a namespace gives by consenting to policies of another one: no right on any object of it. */
export const consentRules: readonly PolicyRule[] = [on(HEALING_POLICIES, [HEAL_VERB])]

/** In every namespace. */
export const controllerClusterRules: readonly PolicyRule[] = [
  on(PODS, READ),
  on(NAMESPACES, READ),
  // By name: a list or watch with the field selector metadata.name counts as one of that name.
  on(SERVICE_ACCOUNTS, READ, [HEALER_ACCOUNT]),
  { apiGroups: [DEPLOYMENTS.group], resources: [REPLICA_SETS, DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS].map(({ plural }) => plural), verbs: READ },
  on(POD_DISRUPTION_BUDGETS, ['list']),
  // What decides about a workload's replicas or sizes is no longer ours to decide.
  on(HORIZONTAL_POD_AUTOSCALERS, ['list']),
  on(SCALED_OBJECTS, ['list']),
  on(VERTICAL_POD_AUTOSCALERS, ['list']),
  // Sources of metric triggers: reads of numbers.
  on(POD_METRICS, ['list']),
  on(ENDPOINT_SLICES, ['list']),
  on(HEALING_POLICIES, READ),
  onStatus(HEALING_POLICIES),
  on(HEALING_ACTIONS, [...READ, 'create', 'delete']),
  onStatus(HEALING_ACTIONS),
  // Only while a policy selects them, and where it does.
  ...observed(OBSERVED_KINDS),
  // Read only in namespaces where a policy waits for events, and of a target just before it is acted on.
  on(EVENTS, ['list', 'watch', 'create', 'patch']),
  // Whether a healer may act is asked before it does.
  { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
  ...impersonation([...healerPermissions, ...logPermissions]),
  // Argo's, where they are installed. For other kinds with a scale the same is granted by whoever installs them.
  ...scalerPermissions(ROLLOUTS).map(ruleOf),
]

/** In the operator's namespace. */
export const controllerOwnRules: readonly PolicyRule[] = [
  on(HEALING_LEDGERS, [...READ, 'create', 'update', 'delete']),
  on(CONFIG_MAPS, READ, [KILL_SWITCH]),
  // A name cannot limit create: the object has none yet.
  on(LEASES, ['create']),
  on(LEASES, ['get', 'update'], CONTROLLER_LEASES),
]

const subject = { kind: SERVICE_ACCOUNTS.kind, name: CONTROLLER_ACCOUNT, namespace: OPERATOR_NAMESPACE } as const
const own = { name: CONTROLLER_ACCOUNT, namespace: OPERATOR_NAMESPACE, labels: LABELS }
const everywhere = { name: CONTROLLER_ACCOUNT, labels: LABELS }
const observer = { name: OBSERVER_ROLE, labels: LABELS }

export const controllerRbac: readonly Manifest[] = [
  { apiVersion: 'v1', kind: NAMESPACES.kind, metadata: { name: OPERATOR_NAMESPACE, labels: { 'app.kubernetes.io/part-of': LABELS['app.kubernetes.io/part-of'], 'pod-security.kubernetes.io/enforce': 'restricted' } } },
  { apiVersion: 'v1', kind: SERVICE_ACCOUNTS.kind, metadata: own },
  { apiVersion: `${RBAC}/v1`, kind: ROLES.kind, metadata: own, rules: controllerOwnRules },
  { apiVersion: `${RBAC}/v1`, kind: ROLE_BINDINGS.kind, metadata: own, roleRef: { apiGroup: RBAC, kind: ROLES.kind, name: CONTROLLER_ACCOUNT }, subjects: [subject] },
  { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: everywhere, rules: controllerClusterRules },
  { apiVersion: `${RBAC}/v1`, kind: 'ClusterRoleBinding', metadata: everywhere, roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: CONTROLLER_ACCOUNT }, subjects: [subject] },
  // Which kinds and versions there are. As a rule everybody may read that; a hardened cluster takes it away.
  { apiVersion: `${RBAC}/v1`, kind: 'ClusterRoleBinding', metadata: { name: `${CONTROLLER_ACCOUNT}-discovery`, labels: LABELS }, roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: DISCOVERY_ROLE }, subjects: [subject] },
  // Custom resources: whoever installs them says in a ClusterRole of his own that they may be read. The rules are the API server's to fill in.
  { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: observer, aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [AGGREGATE_LABEL]: 'true' } }] } },
  { apiVersion: `${RBAC}/v1`, kind: 'ClusterRoleBinding', metadata: observer, roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: OBSERVER_ROLE }, subjects: [subject] },
]

/**
 * To ask the kubelets for what only they know; applied where it is wanted. Never nodes/proxy, which runs commands in every
 * pod of the node.
 */
export const kubeletRules: readonly PolicyRule[] = [
  // Where a node is.
  on(NODES, ['get']),
  { apiGroups: [NODES.group], resources: [`${NODES.plural}/metrics`], verbs: ['get'] },
]

export const kubeletRbac: readonly Manifest[] = [
  { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: { name: KUBELET_METRICS_ROLE, labels: { ...LABELS, [AGGREGATE_LABEL]: 'true' } }, rules: kubeletRules },
]

/**
 * What an adapter calls its metrics nobody else knows, and the name of a metric is that of the resource: hence the only `*`, applied where it is
 * wanted. The chart takes names.
 */
export const metricsApisRbac: Manifest & { readonly rules: readonly PolicyRule[] } = {
  apiVersion: `${RBAC}/v1`,
  kind: 'ClusterRole',
  metadata: { name: METRICS_APIS_ROLE, labels: { ...LABELS, [AGGREGATE_LABEL]: 'true' } },
  rules: [
    { apiGroups: [CUSTOM_METRICS], resources: ['*'], verbs: ['get'] },
    { apiGroups: [EXTERNAL_METRICS], resources: ['*'], verbs: ['list'] },
  ],
}

/**
 * Nobody can give away a right that he does not have: who administers a namespace (not who only edits it) can give its consent
 * to others.
 */
export const namespaceAdminRbac: readonly Manifest[] = [
  { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: { name: CONSENT, labels: { ...LABELS, 'rbac.authorization.k8s.io/aggregate-to-admin': 'true' } }, rules: consentRules },
]

const forPeople = (name: string, to: 'view' | 'edit' | 'admin', rules: readonly PolicyRule[]): Manifest => ({
  apiVersion: `${RBAC}/v1`,
  kind: 'ClusterRole',
  metadata: { name, labels: { ...LABELS, [`rbac.authorization.k8s.io/aggregate-to-${to}`]: 'true' } },
  rules,
})

/** To decide is to change the action; an admission policy lets nothing else of it be changed. */
const APPROVE = 'approve'
const seeing: readonly PolicyRule[] = [on(HEALING_POLICIES, READ), on(HEALING_ACTIONS, READ)]

/**
 * For people, in what namespace they are bound, or have view, edit or admin. Writing a policy gives nobody what he may not do himself (KS108). Nobody
 * gets ledgers, and nobody `override-safety`, which is for an administrator of the cluster to give.
 */
export const peopleRbac: readonly Manifest[] = [
  forPeople(VIEWER_ROLE, 'view', seeing),
  forPeople(AUTHOR_ROLE, 'edit', [...seeing, on(HEALING_POLICIES, ['create', 'update', 'patch', 'delete']), on(HEALING_ACTIONS, ['delete'])]),
  forPeople(APPROVER_ROLE, 'admin', [...seeing, on(HEALING_ACTIONS, ['update', 'patch', APPROVE])]),
]
