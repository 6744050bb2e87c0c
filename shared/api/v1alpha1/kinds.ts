/** The kinds that a selector may name, and those that it must not. Pure data: admission must not ask the cluster. */
import { nearest } from '../../lib/text.ts'
import { API_VERSION } from './fields.ts'

export interface KnownKind {
  readonly apiVersion: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
  /**
   * How a condition trigger finds pods from it: it is one, or it owns some and may be selected. Absent: nothing that
   * policies heal today.
   */
  readonly pods?: 'self' | 'owned'
  /** Its objects are watched while a policy selects them: for findings, since nothing writes to them. */
  readonly observed?: true
  /** Why no policy may select it, as half a sentence; one that only looks may, where it is observed. */
  readonly forbidden?: string
}

const of =
  (apiVersion: string, namespaced = true, rest: Pick<KnownKind, 'pods' | 'observed' | 'forbidden'> = {}) =>
  (kind: string, plural: string): KnownKind => ({ apiVersion, kind, plural, namespaced, ...rest })

const core = of('v1')
const apps = of('apps/v1')
const workload = of('apps/v1', true, { pods: 'owned' })
const observed = { observed: true } as const
const networking = of('networking.k8s.io/v1')
const storage = of('storage.k8s.io/v1', false)
const flow = of('flowcontrol.apiserver.k8s.io/v1', false)

const data = { forbidden: 'it holds data, and what is lost there does not come back' }
const credential = { forbidden: 'it holds credentials' }
const access = { forbidden: 'it decides who may do what in the cluster' }
const admission = { forbidden: 'it decides what the API server accepts' }
const tenancy = { forbidden: 'everything in it goes with it' }
const definition = { forbidden: 'every object of the kind that it defines goes with it' }
const itself = { forbidden: 'the operator does not heal itself' }

const rbac = of('rbac.authorization.k8s.io/v1', true, access)
const clusterRbac = of('rbac.authorization.k8s.io/v1', false, access)
const admissionKind = of('admissionregistration.k8s.io/v1', false, admission)
const ours = of(API_VERSION, true, itself)

export const KNOWN_KINDS: readonly KnownKind[] = [
  of('v1', true, { pods: 'self' })('Pod', 'pods'),
  workload('Deployment', 'deployments'),
  workload('StatefulSet', 'statefulsets'),
  workload('DaemonSet', 'daemonsets'),
  apps('ReplicaSet', 'replicasets'),
  apps('ControllerRevision', 'controllerrevisions'),
  of('batch/v1', true, observed)('Job', 'jobs'),
  of('batch/v1', true, observed)('CronJob', 'cronjobs'),
  core('ReplicationController', 'replicationcontrollers'),
  core('PodTemplate', 'podtemplates'),
  of('v1', true, observed)('Service', 'services'),
  core('Endpoints', 'endpoints'),
  core('ConfigMap', 'configmaps'),
  core('LimitRange', 'limitranges'),
  core('ResourceQuota', 'resourcequotas'),
  core('Event', 'events'),
  of('v1', true, credential)('Secret', 'secrets'),
  of('v1', true, credential)('ServiceAccount', 'serviceaccounts'),
  of('v1', true, { ...data, ...observed })('PersistentVolumeClaim', 'persistentvolumeclaims'),
  of('v1', false, data)('PersistentVolume', 'persistentvolumes'),
  of('v1', false, tenancy)('Namespace', 'namespaces'),
  of('v1', false)('Node', 'nodes'),
  of('autoscaling/v2', true, observed)('HorizontalPodAutoscaler', 'horizontalpodautoscalers'),
  of('autoscaling/v1')('HorizontalPodAutoscaler', 'horizontalpodautoscalers'),
  of('policy/v1', true, observed)('PodDisruptionBudget', 'poddisruptionbudgets'),
  of('networking.k8s.io/v1', true, observed)('Ingress', 'ingresses'),
  networking('NetworkPolicy', 'networkpolicies'),
  of('networking.k8s.io/v1', false)('IngressClass', 'ingressclasses'),
  of('discovery.k8s.io/v1')('EndpointSlice', 'endpointslices'),
  of('coordination.k8s.io/v1')('Lease', 'leases'),
  of('events.k8s.io/v1')('Event', 'events'),
  storage('StorageClass', 'storageclasses'),
  storage('VolumeAttachment', 'volumeattachments'),
  storage('CSIDriver', 'csidrivers'),
  storage('CSINode', 'csinodes'),
  of('scheduling.k8s.io/v1', false)('PriorityClass', 'priorityclasses'),
  of('node.k8s.io/v1', false)('RuntimeClass', 'runtimeclasses'),
  flow('FlowSchema', 'flowschemas'),
  flow('PriorityLevelConfiguration', 'prioritylevelconfigurations'),
  rbac('Role', 'roles'),
  rbac('RoleBinding', 'rolebindings'),
  clusterRbac('ClusterRole', 'clusterroles'),
  clusterRbac('ClusterRoleBinding', 'clusterrolebindings'),
  of('certificates.k8s.io/v1', false, access)('CertificateSigningRequest', 'certificatesigningrequests'),
  of('apiextensions.k8s.io/v1', false, definition)('CustomResourceDefinition', 'customresourcedefinitions'),
  of('apiregistration.k8s.io/v1', false, definition)('APIService', 'apiservices'),
  admissionKind('MutatingWebhookConfiguration', 'mutatingwebhookconfigurations'),
  admissionKind('ValidatingWebhookConfiguration', 'validatingwebhookconfigurations'),
  admissionKind('ValidatingAdmissionPolicy', 'validatingadmissionpolicies'),
  admissionKind('ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings'),
  admissionKind('MutatingAdmissionPolicy', 'mutatingadmissionpolicies'),
  admissionKind('MutatingAdmissionPolicyBinding', 'mutatingadmissionpolicybindings'),
  ours('HealingPolicy', 'healingpolicies'),
  ours('HealingAction', 'healingactions'),
  ours('HealingLedger', 'healingledgers'),
]

/** What a selector may name today. */
export const SELECTABLE_KINDS: readonly KnownKind[] = KNOWN_KINDS.filter(({ pods }) => pods !== undefined)

/** Watched while a policy selects them, and never written to. */
export const OBSERVED_KINDS: readonly KnownKind[] = KNOWN_KINDS.filter(({ observed: yes }) => yes === true)

export interface KindReference {
  readonly apiVersion: string
  readonly kind: string
}

export const knownKind = ({ apiVersion, kind }: KindReference): KnownKind | undefined =>
  KNOWN_KINDS.find((known) => known.apiVersion === apiVersion && known.kind === kind)

export const groupOf = (apiVersion: string): string => (apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '')

const OWN_GROUPS: ReadonlySet<string> = new Set(KNOWN_KINDS.map(({ apiVersion }) => groupOf(apiVersion)))

/** Of a group that is not Kubernetes' own: whether there is such a kind only its API server knows. */
export const isCustom = ({ apiVersion }: KindReference): boolean => groupOf(apiVersion).includes('.') && !OWN_GROUPS.has(groupOf(apiVersion))

export const isPod = ({ apiVersion, kind }: KindReference): boolean => knownKind({ apiVersion, kind })?.pods === 'self'

/** `v1 Pod`, `apps/v1 Deployment`: the known kinds nearest to an unknown one, the likeliest first. */
export function nearestKinds({ apiVersion, kind }: KindReference): string[] {
  const word = kind.toLowerCase()
  // Kinds that could not be selected anyway are no help.
  const candidates = KNOWN_KINDS.filter(({ forbidden, namespaced }) => forbidden === undefined && namespaced)
  const same = candidates.filter((known) => known.kind.toLowerCase() === word || known.plural === word)
  if (same.length > 0) return same.map(nameOf)
  const near = nearest(word, [...new Set(candidates.map((known) => known.kind))])
  return candidates.filter((known) => near.includes(known.kind)).toSorted((a, b) => Number(b.apiVersion === apiVersion) - Number(a.apiVersion === apiVersion)).map(nameOf)
}

export const nameOf = ({ apiVersion, kind }: KindReference): string => `${apiVersion} ${kind}`
