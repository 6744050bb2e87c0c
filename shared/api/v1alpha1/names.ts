/** Names that other objects, people and programs rely on: each written once. */
import { GROUP } from './fields.ts'

/** Where the operator is installed. */
export const OPERATOR_NAMESPACE = 'kubeskippy-system'

/** ServiceAccounts: the two programs, and the identity that acts in each healed namespace. */
export const CONTROLLER_ACCOUNT = 'kubeskippy-controller-manager'
export const WEBHOOK_ACCOUNT = 'kubeskippy-webhook'
export const HEALER_ACCOUNT = 'kubeskippy-healer'

/** On healingpolicies, in the namespace that consents: whose healer has it, from there policies may reach in. */
export const HEAL_VERB = 'heal'
/** Objects by which a namespace consents to policies of another one begin with it; and the ClusterRole that lets its administrators give it. */
export const CONSENT = 'kubeskippy-consent'

/** The user name under which the API server knows a ServiceAccount. */
export const serviceAccountUser = (namespace: string, name: string): string => `system:serviceaccount:${namespace}:${name}`
/** The groups that the API server itself adds to an account. */
export const serviceAccountGroups = (namespace: string): readonly string[] => ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated']
export const CONTROLLER_USER = serviceAccountUser(OPERATOR_NAMESPACE, CONTROLLER_ACCOUNT)

/** On any object, its owner or its namespace: `"true"` opts out of healing. */
export const IGNORE_ANNOTATION = `${GROUP}/ignore`
/** On a policy or a namespace: stops new acts; its value says why. */
export const PAUSE_ANNOTATION = `${GROUP}/pause`
/** On a policy: ids of rules that it is exempted from, separated by commas (KS506). */
export const ALLOW_ANNOTATION = `${GROUP}/allow`
/** Beside it, written at the door: since when, and the name of who allowed it, separated by a blank. */
export const ALLOWED_BY_ANNOTATION = `${GROUP}/allowed-by`
/** On healingpolicies: who has it may exempt a policy of the namespace from rules. */
export const OVERRIDE_VERB = 'override-safety'
/** On the healer account of a namespace: `"true"` lets the end of a crashed container's log become part of the HealingAction. */
export const LOGS_ANNOTATION = `${GROUP}/logs`
/** On a HealingAction: name of its policy. */
export const POLICY_LABEL = `${GROUP}/policy`
/** On a HealingAction: id of its incident. */
export const INCIDENT_LABEL = `${GROUP}/incident`
/** On a HealingAction, and on events about it or its incident: 32 hexadecimal digits, also the trace id. */
export const CORRELATION_LABEL = `${GROUP}/correlation-id`

/** Lease in the operator's namespace: of several controllers, its holder acts. */
export const CONTROLLER_LEASE = 'kubeskippy-controller'
/** Where the work is shared: one more for each shard. */
export const shardLease = (shard: number): string => `${CONTROLLER_LEASE}-shard-${shard}`
/** As each of them has a right and is removed by name. */
export const MOST_SHARDS = 16
export const CONTROLLER_LEASES: readonly string[] = [CONTROLLER_LEASE, ...Array.from({ length: MOST_SHARDS }, (_, shard) => shardLease(shard))]
/** Who holds `CONTROLLER_LEASE` then: all that share the work by so many shards, together. */
export const sharersOf = (shards: number): string => `${shards}-shards`
/** undefined: the holder is one controller, or there is none. */
export function sharedBy(holder: string | undefined): number | undefined {
  const shards = Number(/^(\d+)-shards$/.exec(holder ?? '')?.[1])
  return shards > 1 && shards <= MOST_SHARDS ? shards : undefined
}
/** On the lease that all hold together then: who they are, and when each was heard last, as JSON. */
export const MEMBERS_ANNOTATION = `${GROUP}/members`
/** On the lease of a shard: how much of what its policies select is unhealthy, as JSON. */
export const WEATHER_ANNOTATION = `${GROUP}/weather`

/** ConfigMap in the operator's namespace: its existence stops all new acts. */
export const KILL_SWITCH = 'kubeskippy-kill-switch'

/** Namespaces in which no policy acts by itself, whatever the installation says. The operator's own belongs to them. */
export const PROTECTED_NAMESPACES = ['kube-system', 'kube-public', 'kube-node-lease'] as const

/** ClusterRoles with this label ("true") say which custom resources the controller may read. */
export const AGGREGATE_LABEL = `${GROUP}/aggregate-to-controller`
export const OBSERVER_ROLE = 'kubeskippy-observer'
/** Of Kubernetes itself: to read which kinds and versions there are. */
export const DISCOVERY_ROLE = 'system:discovery'
/** To read the custom and the external metrics APIs; applied where it is wanted. */
export const METRICS_APIS_ROLE = 'kubeskippy-metrics-apis'
/** To ask kubelets; applied where it is wanted. */
export const KUBELET_METRICS_ROLE = 'kubeskippy-kubelet-metrics'

/** ClusterRoles for people, which add to view, edit and admin. */
export const VIEWER_ROLE = 'kubeskippy-viewer'
export const AUTHOR_ROLE = 'kubeskippy-author'
export const APPROVER_ROLE = 'kubeskippy-approver'

/** The front door. */
export const WEBHOOK_SERVICE = 'kubeskippy-webhook'
export const WEBHOOK_TLS_SECRET = 'kubeskippy-webhook-tls'
export const VALIDATING_CONFIGURATION = 'kubeskippy-validating-webhook'
export const MUTATING_CONFIGURATION = 'kubeskippy-mutating-webhook'
export const VALIDATING_WEBHOOK = `validate.healingpolicies.${GROUP}`
export const MUTATING_WEBHOOK = `mutate.healingpolicies.${GROUP}`
/** Of the same two configurations: decisions on HealingActions. */
export const DECISION_VALIDATING_WEBHOOK = `validate.healingactions.${GROUP}`
export const DECISION_MUTATING_WEBHOOK = `mutate.healingactions.${GROUP}`
export const VALIDATE_PATH = '/validate'
export const MUTATE_PATH = '/mutate'

/** ValidatingAdmissionPolicies (and their bindings) over our own objects. */
export const HEALING_POLICY_ADMISSION_POLICY = `healingpolicies.${GROUP}`
export const HEALING_ACTION_ADMISSION_POLICY = `healingactions.${GROUP}`
export const HEALING_LEDGER_ADMISSION_POLICY = `healingledgers.${GROUP}`
