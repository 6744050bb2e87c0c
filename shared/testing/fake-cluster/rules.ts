/** What the server does to an object before it stores it: metadata, defaults, subresources, limits. */
import { isObject, sameJson } from '../../lib/json.ts'
import type { Resource } from '../../kube/api.ts'
import type { StatusCause } from '../../kube/errors.ts'
import { badRequest, bodyTooLarge, fieldInvalid, invalid, tooLarge } from './answers.ts'
import { at, stringAt, type StoredMeta, type StoredObject } from './objects.ts'

/** Kinds without a status of their own; everything else keeps it apart from the rest. */
const WITHOUT_STATUS: readonly string[] = [
  '/configmaps',
  '/secrets',
  '/serviceaccounts',
  'events.k8s.io/events',
  'rbac.authorization.k8s.io/roles',
  'rbac.authorization.k8s.io/rolebindings',
  'coordination.k8s.io/leases',
  'admissionregistration.k8s.io/mutatingwebhookconfigurations',
  'admissionregistration.k8s.io/validatingwebhookconfigurations',
]

/** Kinds whose server counts no generations. */
const WITHOUT_GENERATION: readonly string[] = [...WITHOUT_STATUS.filter((name) => !name.startsWith('admissionregistration')), '/namespaces']

const nameOf = ({ group, plural }: Resource): string => `${group}/${plural}`
export const hasStatus = (resource: Resource): boolean => !WITHOUT_STATUS.includes(nameOf(resource))
const hasGeneration = (resource: Resource): boolean => !WITHOUT_GENERATION.includes(nameOf(resource))

/** etcd's limit on a request, and the server's on a body, in bytes. */
const ETCD_LIMIT = 1.5 * 1024 * 1024
const BODY_LIMIT = 3 * 1024 * 1024
const CONFIG_MAP_LIMIT = 1024 * 1024
const ANNOTATIONS_LIMIT = 256 * 1024

export function checkBody(body: unknown): void {
  if (Buffer.byteLength(JSON.stringify(body) ?? '') > BODY_LIMIT) throw bodyTooLarge()
}

export interface Born {
  readonly uid: string
  readonly createdAt: string
}

/** A manifest as it is stored for the first time, without its version. Status is dropped, as the server does. */
export function newborn(resource: Resource, manifest: StoredObject, { uid, createdAt }: Born): StoredObject {
  const { name, namespace, labels, annotations, ownerReferences, finalizers } = manifest.metadata
  const { status, ...rest } = manifest
  const metadata: StoredMeta = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid,
    resourceVersion: '0',
    creationTimestamp: createdAt,
    ...(hasGeneration(resource) ? { generation: 1 } : {}),
    ...defined({ labels, annotations, ownerReferences, finalizers }),
  }
  const object: StoredObject = { ...(hasStatus(resource) ? rest : { ...rest, ...defined({ status }) }), metadata }
  switch (nameOf(resource)) {
    case '/namespaces':
      return {
        ...object,
        metadata: { ...metadata, labels: { ...labels, 'kubernetes.io/metadata.name': name } },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      }
    case '/pods':
      return { ...object, status: { phase: 'Pending', qosClass: 'BestEffort' } }
    case 'policy/poddisruptionbudgets':
      return { ...object, status: { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 } }
    case 'apps/deployments':
    case 'apps/replicasets':
    case 'apps/statefulsets':
      return { ...object, spec: { replicas: 1, ...(isObject(object.spec) ? object.spec : {}) }, status: { replicas: 0 } }
    default:
      return object
  }
}

/**
 * What an update through the main resource or `status` leaves: each side keeps its hands off the other, metadata that
 * the server owns stays, the generation counts changes of anything but metadata and status.
 */
export function updated(resource: Resource, old: StoredObject, wanted: StoredObject, subresource: string | undefined): StoredObject {
  if (subresource === 'status') return { ...old, ...defined({ status: wanted.status }) }
  const { labels, annotations, ownerReferences, finalizers } = wanted.metadata
  const { uid, namespace, name, creationTimestamp, resourceVersion, generation, deletionTimestamp, deletionGracePeriodSeconds } = old.metadata
  const metadata: StoredMeta = {
    name,
    uid,
    resourceVersion,
    creationTimestamp,
    ...defined({ namespace, generation, deletionTimestamp, deletionGracePeriodSeconds, labels, annotations, ownerReferences, finalizers }),
  }
  const { status, ...rest } = wanted
  const next: StoredObject = { ...rest, ...defined({ status: hasStatus(resource) ? old.status : status }), metadata }
  if (generation === undefined || sameJson(body(old), body(next))) return next
  return { ...next, metadata: { ...metadata, generation: generation + 1 } }
}

const body = ({ metadata: _metadata, status: _status, ...rest }: StoredObject): unknown => rest

/** @throws Refused for what any server would refuse, before the schema of the kind is asked */
export function validate(resource: Resource, object: StoredObject, old: StoredObject | undefined, subresource: string | undefined): void {
  const { name, labels = {}, annotations = {} } = object.metadata
  const causes: StatusCause[] = []
  const annotated = Object.entries(annotations).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0)
  if (annotated > ANNOTATIONS_LIMIT) {
    causes.push({ reason: 'FieldValueTooLong', field: 'metadata.annotations', message: 'Too long: may not be more than 262144 bytes' })
  }
  if (old === undefined && !validName(resource, name)) causes.push(fieldInvalid('metadata.name', 'Invalid value: must be a lowercase RFC 1123 subdomain'))
  for (const value of Object.values(labels)) {
    if (!/^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/.test(value)) causes.push(fieldInvalid('metadata.labels', 'Invalid value: not a label value'))
  }
  causes.push(...kindCauses(resource, object, old, subresource))
  if (causes.length > 0) throw invalid(resource, name, causes)
  if (Buffer.byteLength(JSON.stringify(object)) > ETCD_LIMIT) throw tooLarge()
}

const validName = (resource: Resource, name: string): boolean =>
  resource.group === 'rbac.authorization.k8s.io'
    ? !/[/%]/.test(name) && name !== '.' && name !== '..'
    : name.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name)

function kindCauses(resource: Resource, object: StoredObject, old: StoredObject | undefined, subresource: string | undefined): StatusCause[] {
  switch (nameOf(resource)) {
    case '/pods':
      if (old === undefined || subresource !== undefined || sameJson(podIdentity(old), podIdentity(object))) return []
      return [{ reason: 'FieldValueForbidden', field: 'spec', message: 'Forbidden: pod updates may not change fields other than ...' }]
    case '/configmaps': {
      const values = Object.values(isObject(object['data']) ? object['data'] : {})
      const size = values.reduce((sum: number, value) => sum + (typeof value === 'string' ? Buffer.byteLength(value) : 0), 0)
      return size > CONFIG_MAP_LIMIT ? [{ reason: 'FieldValueTooLong', field: '[]', message: 'Too long: may not be more than 1048576 bytes' }] : []
    }
    case 'events.k8s.io/events':
      return eventCauses(object, old)
    case 'coordination.k8s.io/leases':
      return leaseCauses(object)
    default:
      return []
  }
}

/** A running pod may change its images and little else through the main resource. */
function podIdentity(pod: StoredObject): unknown {
  const spec = isObject(pod.spec) ? pod.spec : {}
  const strip = (containers: unknown): unknown =>
    Array.isArray(containers) ? containers.map((container) => (isObject(container) ? { ...container, image: '' } : container)) : containers
  return { ...spec, containers: strip(spec['containers']), initContainers: strip(spec['initContainers']), tolerations: null, activeDeadlineSeconds: null }
}

/** @throws Refused (400) for a time that is no MicroTime: it is not even decoded */
function leaseCauses(lease: StoredObject): StatusCause[] {
  for (const field of ['renewTime', 'acquireTime']) {
    const time = stringAt(lease, 'spec', field)
    if (time !== undefined && !/T\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/.test(time)) throw badRequest(`parsing time "${time}" as "2006-01-02T15:04:05.000000Z07:00"`)
  }
  return at(lease, 'spec', 'leaseDurationSeconds') === 0 ? [fieldInvalid('spec.leaseDurationSeconds', 'Invalid value: must be greater than 0')] : []
}

/** Bytes count, not characters, whatever the message says; the note is called `message` there. */
function eventCauses(event: StoredObject, old: StoredObject | undefined): StatusCause[] {
  const causes: StatusCause[] = []
  const longest = (field: string, limit: number, cause = field): void => {
    if (Buffer.byteLength(stringAt(event, field) ?? '') > limit) causes.push(fieldInvalid(cause, `Invalid value: can have at most ${limit} characters`))
  }
  if (old !== undefined && event['note'] !== old['note']) causes.push(fieldInvalid('message', 'Invalid value: field is immutable'))
  const required = (field: string): void => {
    if (at(event, field) === undefined || at(event, field) === '') causes.push({ reason: 'FieldValueRequired', field, message: 'Required value' })
  }
  longest('note', 1024, 'message')
  longest('reason', 128)
  longest('action', 128)
  for (const field of ['eventTime', 'reportingController', 'reportingInstance', 'reason', 'action']) required(field)
  if (!['Normal', 'Warning'].includes(stringAt(event, 'type') ?? '')) causes.push(fieldInvalid('type', 'Invalid value'))
  return causes
}

/** @throws Refused (400) when body and address do not name the same object */
export function checkIdentity(resource: Resource, object: StoredObject, key: { readonly namespace?: string | undefined; readonly name: string }): void {
  if (object.metadata.name !== key.name) throw badRequest('the name of the object does not match the name on the URL')
  if (resource.namespaced && object.metadata.namespace !== key.namespace) {
    throw badRequest('the namespace of the object does not match the namespace on the request')
  }
}

/** Drops undefined members, which JSON cannot carry and `exactOptionalPropertyTypes` does not allow. */
export const defined = <T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> }
