/** What the door needs in the cluster, as objects: for the generator, the chart and the test harness. */
import { GROUP, VERSION } from '../shared/api/v1alpha1/fields.ts'
import { healingAction } from '../shared/api/v1alpha1/healing-action.schema.ts'
import { healingPolicy } from '../shared/api/v1alpha1/healing-policy.schema.ts'
import {
  ALLOW_ANNOTATION,
  ALLOWED_BY_ANNOTATION,
  CONTROLLER_USER,
  DECISION_MUTATING_WEBHOOK,
  DECISION_VALIDATING_WEBHOOK,
  DISCOVERY_ROLE,
  MUTATE_PATH,
  MUTATING_CONFIGURATION,
  MUTATING_WEBHOOK,
  OPERATOR_NAMESPACE,
  PAUSE_ANNOTATION,
  VALIDATE_PATH,
  VALIDATING_CONFIGURATION,
  VALIDATING_WEBHOOK,
  WEBHOOK_ACCOUNT,
  WEBHOOK_SERVICE,
  WEBHOOK_TLS_SECRET,
} from '../shared/api/v1alpha1/names.ts'
import type { KubeManifest } from '../shared/kube/api.ts'
import { apiVersionOf, HEALING_POLICIES, HORIZONTAL_POD_AUTOSCALERS, MUTATING_WEBHOOKS, SECRETS, SUBJECT_ACCESS_REVIEWS, VALIDATING_WEBHOOKS } from '../shared/kube/resources.ts'
import { LISTED } from './admission/objects.ts'
import { annotationOf, sameMembers } from './expressions.ts'

export const LABELS = { 'app.kubernetes.io/name': 'kubeskippy', 'app.kubernetes.io/part-of': 'kubeskippy', 'app.kubernetes.io/component': 'webhook' } as const

export type Manifest = KubeManifest & Readonly<Record<string, unknown>>

/** In the cluster a Service; `url` (such as `https://127.0.0.1:9443`) for a door that runs outside. */
export type Reach = { readonly kind: 'service' } | { readonly kind: 'url'; readonly url: string }

const clientConfig = (reach: Reach, path: string) =>
  reach.kind === 'url' ? { url: `${reach.url}${path}` } : { service: { namespace: OPERATOR_NAMESPACE, name: WEBHOOK_SERVICE, path, port: 443 } }

/**
 * An object that is going away may always change, or its finalizers could not be removed while the door is down. The
 * controller heals while the door is down. An expression that fails refuses everybody, so each access is guarded.
 */
const MATCH_CONDITIONS = [
  { name: 'not-being-deleted', expression: '!(has(object.metadata) && has(object.metadata.deletionTimestamp))' },
  { name: 'not-the-controller', expression: `request.userInfo.username != '${CONTROLLER_USER}'` },
] as const

const ALLOW = [annotationOf('object', ALLOW_ANNOTATION), annotationOf('oldObject', ALLOW_ANNOTATION)] as const
const [PAUSED, WAS_PAUSED] = [annotationOf('object', PAUSE_ANNOTATION), annotationOf('oldObject', PAUSE_ANNOTATION)]
const [SUSPENDED, WAS_SUSPENDED] = ['object.spec.?suspend.orValue(false)', 'oldObject.spec.?suspend.orValue(false)']

/**
 * To suspend or to pause a policy needs nobody here, or a door that is down would keep it acting. Nothing else of the
 * spec changes by it, and no exemption; going on passes the door again.
 */
const NOT_ONLY_STOPPING = {
  name: 'not-only-stopping',
  expression: `!(${[
    "request.operation == 'UPDATE' && has(object.spec) && has(oldObject.spec)",
    `((${SUSPENDED} && !${WAS_SUSPENDED}) || (${PAUSED} != '' && ${WAS_PAUSED} == '' && ${SUSPENDED} == ${WAS_SUSPENDED}))`,
    `${ALLOW[0]} == ${ALLOW[1]}`,
    sameMembers('object.spec', 'oldObject.spec', Object.keys(healingPolicy.spec.properties).filter((name) => name !== 'suspend')),
  ].join(' && ')})`,
} as const

/** As metadata changes, or nothing: what is there has its defaults, and who allowed its exemptions is written down. GitOps sends such updates all day. */
const SOMETHING_TO_ADD = {
  name: 'something-to-add',
  expression: `!(${[
    "request.operation == 'UPDATE' && has(object.spec) && has(oldObject.spec) && object.spec == oldObject.spec",
    ...[ALLOW_ANNOTATION, ALLOWED_BY_ANNOTATION].map((name) => `${annotationOf('object', name)} == ${annotationOf('oldObject', name)}`),
  ].join(' && ')})`,
} as const

/** Only the one update that decides: whatever else happens to an action needs nobody here. */
const DECIDES = { name: 'decides', expression: 'has(object.spec) && has(object.spec.approval) && has(oldObject.spec) && !has(oldObject.spec.approval)' } as const

interface Kind {
  readonly name: string
  readonly path: string
  readonly failurePolicy: 'Fail' | 'Ignore'
  readonly timeoutSeconds: number
}

const decision = (kind: Kind, reach: Reach) => {
  const { rules, ...rest } = webhook(kind, reach)
  return {
    ...rest,
    rules: rules.map((rule) => ({ ...rule, resources: [healingAction.plural], operations: ['UPDATE'] })),
    matchConditions: [...MATCH_CONDITIONS, DECIDES],
  }
}

const webhook = ({ name, path, failurePolicy, timeoutSeconds }: Kind, reach: Reach) => ({
  name,
  clientConfig: clientConfig(reach, path),
  rules: [{ apiGroups: [GROUP], apiVersions: [VERSION], resources: [healingPolicy.plural], operations: ['CREATE', 'UPDATE'], scope: 'Namespaced' }],
  failurePolicy,
  matchPolicy: 'Equivalent',
  matchConditions: [...MATCH_CONDITIONS, NOT_ONLY_STOPPING],
  sideEffects: 'None',
  timeoutSeconds,
  admissionReviewVersions: ['v1'],
})

const adding = (one: ReturnType<typeof webhook>) => ({ ...one, matchConditions: [...one.matchConditions, SOMETHING_TO_ADD] })

/** Without caBundle: that one field belongs to the running door. */
export const webhookConfigurations = (reach: Reach): readonly Manifest[] => [
  {
    apiVersion: apiVersionOf(MUTATING_WEBHOOKS),
    kind: MUTATING_WEBHOOKS.kind,
    metadata: { name: MUTATING_CONFIGURATION, labels: LABELS },
    // Ignore: what it adds, the controller adds on read as well.
    webhooks: [
      { ...adding(webhook({ name: MUTATING_WEBHOOK, path: MUTATE_PATH, failurePolicy: 'Ignore', timeoutSeconds: 2 }, reach)), reinvocationPolicy: 'Never' },
      { ...decision({ name: DECISION_MUTATING_WEBHOOK, path: MUTATE_PATH, failurePolicy: 'Ignore', timeoutSeconds: 2 }, reach), reinvocationPolicy: 'Never' },
    ],
  },
  {
    apiVersion: apiVersionOf(VALIDATING_WEBHOOKS),
    kind: VALIDATING_WEBHOOKS.kind,
    metadata: { name: VALIDATING_CONFIGURATION, labels: LABELS },
    webhooks: [
      webhook({ name: VALIDATING_WEBHOOK, path: VALIDATE_PATH, failurePolicy: 'Fail', timeoutSeconds: 3 }, reach),
      // Ignore: the admission policy holds the same, and a person must be able to decide while the door is down.
      decision({ name: DECISION_VALIDATING_WEBHOOK, path: VALIDATE_PATH, failurePolicy: 'Ignore', timeoutSeconds: 3 }, reach),
    ],
  },
]

const RBAC = 'rbac.authorization.k8s.io'
const subject = { kind: 'ServiceAccount', name: WEBHOOK_ACCOUNT, namespace: OPERATOR_NAMESPACE } as const

/** All that the door may do: its own Secret, its own two configurations, ask who may do what, and see what policies there are and what they select. */
export const webhookRbac: readonly Manifest[] = [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: WEBHOOK_ACCOUNT, namespace: OPERATOR_NAMESPACE, labels: LABELS } },
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'Role',
    metadata: { name: WEBHOOK_ACCOUNT, namespace: OPERATOR_NAMESPACE, labels: LABELS },
    rules: [
      // A name cannot limit create: the object has none yet.
      { apiGroups: [SECRETS.group], resources: [SECRETS.plural], verbs: ['create'] },
      { apiGroups: [SECRETS.group], resources: [SECRETS.plural], resourceNames: [WEBHOOK_TLS_SECRET], verbs: ['get', 'update'] },
    ],
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata: { name: WEBHOOK_ACCOUNT, namespace: OPERATOR_NAMESPACE, labels: LABELS },
    roleRef: { apiGroup: RBAC, kind: 'Role', name: WEBHOOK_ACCOUNT },
    subjects: [subject],
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRole',
    metadata: { name: WEBHOOK_ACCOUNT, labels: LABELS },
    rules: [
      { apiGroups: [MUTATING_WEBHOOKS.group], resources: [MUTATING_WEBHOOKS.plural], resourceNames: [MUTATING_CONFIGURATION], verbs: ['get', 'patch'] },
      { apiGroups: [VALIDATING_WEBHOOKS.group], resources: [VALIDATING_WEBHOOKS.plural], resourceNames: [VALIDATING_CONFIGURATION], verbs: ['get', 'patch'] },
      { apiGroups: [SUBJECT_ACCESS_REVIEWS.group], resources: [SUBJECT_ACCESS_REVIEWS.plural], verbs: ['create'] },
      // A policy is judged beside the others, and by what both would select: no more than the metadata is asked for.
      { apiGroups: [HEALING_POLICIES.group], resources: [HEALING_POLICIES.plural], verbs: ['list', 'watch'] },
      ...[...new Set(LISTED.map(({ group }) => group))].map((group) => ({ apiGroups: [group], resources: LISTED.filter((resource) => resource.group === group).map(({ plural }) => plural), verbs: ['list'] })),
      // What is scaled already by one of these no policy may scale (KS305).
      { apiGroups: [HORIZONTAL_POD_AUTOSCALERS.group], resources: [HORIZONTAL_POD_AUTOSCALERS.plural], verbs: ['list'] },
    ],
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: WEBHOOK_ACCOUNT, labels: LABELS },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: WEBHOOK_ACCOUNT },
    subjects: [subject],
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: `${WEBHOOK_ACCOUNT}-discovery`, labels: LABELS },
    // Which kinds there are. As a rule everybody may read that; a hardened cluster takes it away.
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: DISCOVERY_ROLE },
    subjects: [subject],
  },
]

/** Whether a right is for nothing where somebody else keeps the certificate: then the Secret is read, and nothing is written. */
export const isToKeepCertificates = (resource: string, verb: string): boolean => [SECRETS.plural, MUTATING_WEBHOOKS.plural, VALIDATING_WEBHOOKS.plural].includes(resource) && verb !== 'get'
