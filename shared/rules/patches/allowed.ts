/** Which fields a patch may touch: what is listed, and never what is privileged, whatever the list says. Pure. */
import { compilePattern, matches, shown, type FieldPath, type Pattern } from './paths.ts'
import type { Touch } from './touches.ts'

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe']
const TIMINGS = ['initialDelaySeconds', 'periodSeconds', 'timeoutSeconds', 'successThreshold', 'failureThreshold', 'terminationGracePeriodSeconds']
const TEMPLATE = 'spec.template.spec'

/** What holds when the installation says nothing. */
export const DEFAULT_PATCH_ALLOW_LIST: readonly string[] = [
  'metadata.annotations.*',
  'metadata.labels.*',
  'spec.replicas',
  'spec.template.metadata.annotations.*',
  'spec.template.metadata.labels.*',
  `${TEMPLATE}.terminationGracePeriodSeconds`,
  ...['containers', 'initContainers'].flatMap((list) => [`${TEMPLATE}.${list}[].resources.limits.*`, `${TEMPLATE}.${list}[].resources.requests.*`, `${TEMPLATE}.${list}[].env[].value`]),
  ...PROBES.flatMap((probe) => TIMINGS.map((timing) => `${TEMPLATE}.containers[].${probe}.${timing}`)),
]

/** Why a member of this name is never touched, wherever it stands in a pod. */
const PRIVILEGED: Readonly<Record<string, string>> = {
  securityContext: 'it decides what the containers may do to the node',
  hostNetwork: 'it opens the network of the node',
  hostPID: 'it shows the processes of the node',
  hostIPC: 'it shares the memory of the node',
  hostUsers: 'it decides who root is on the node',
  volumes: 'a volume can be any directory of the node, or any secret',
  volumeMounts: 'it shows other data to the container',
  volumeDevices: 'it shows other data to the container',
  serviceAccountName: 'it decides who the pods are to the API server',
  serviceAccount: 'it decides who the pods are to the API server',
  automountServiceAccountToken: 'it hands out credentials',
  image: 'it decides which program runs',
  command: 'it decides which program runs',
  args: 'it decides what the program does',
  lifecycle: 'it runs commands',
  valueFrom: 'it reads secrets and other fields',
  envFrom: 'it reads secrets',
  imagePullSecrets: 'it hands out credentials',
  nodeName: 'it goes around the scheduler',
  nodeSelector: 'it decides which nodes the pods run on',
  tolerations: 'it decides which nodes the pods run on',
  priorityClassName: 'it evicts the pods of others',
  runtimeClassName: 'it decides how the containers are run',
  ephemeralContainers: 'it runs other programs',
  resourceClaims: 'it hands out devices',
}

const PRIVILEGED_METADATA: Readonly<Record<string, string>> = {
  ownerReferences: 'it decides what is deleted with what',
  finalizers: 'it decides whether the object can be deleted',
  name: 'it is the identity of the object',
  namespace: 'it is the identity of the object',
  uid: 'it is the identity of the object',
  resourceVersion: 'by it the write is guarded',
  managedFields: 'it tells who wrote what',
  generateName: 'it is the identity of the object',
  deletionTimestamp: 'it belongs to the API server',
}

/** Keys of Kubernetes and of ours: others act by them. */
const RESERVED = /(^|\.)(kubernetes\.io|k8s\.io|kubeskippy\.io)$/

export interface Disallowed {
  readonly path: FieldPath
  readonly why: string
}

export interface AllowedFields {
  readonly allowList: readonly string[]
  /** Keys of labels by which the workload, or its owner, finds its pods; unknown at the door. */
  readonly selectorKeys?: ReadonlySet<string>
}

/** Why the touch may not be; undefined: it may. */
export function disallowed(touch: Touch, { allowList, selectorKeys }: AllowedFields): Disallowed | undefined {
  const { path } = touch
  const why = privileged(path) ?? reservedKey(path, selectorKeys) ?? unlisted(path, allowList) ?? badValue(touch)
  return why === undefined ? undefined : { path, why }
}

function privileged(path: FieldPath): string | undefined {
  const [first, second] = path
  if (first === undefined) return 'it is everything'
  if (['apiVersion', 'kind', 'status'].includes(first.key)) return 'it is not for a patch to set'
  if (first.key === 'metadata' && second !== undefined && Object.hasOwn(PRIVILEGED_METADATA, second.key)) return PRIVILEGED_METADATA[second.key]
  if (first.key !== 'spec') return undefined
  if (second?.key === 'selector') return 'by it the workload finds its pods'
  // Keys of labels and annotations are what they like.
  const named = path.findIndex(({ key }, index) => key === 'annotations' || key === 'labels' || (index > 0 && path[index - 1]?.key === 'env'))
  const steps = path.filter((step, index) => step.item !== true && (named < 0 || index <= named || path[index - 1]?.item === true))
  const key = steps.find((step) => Object.hasOwn(PRIVILEGED, step.key))?.key
  return key === undefined ? undefined : PRIVILEGED[key]
}

function reservedKey(path: FieldPath, selectorKeys: ReadonlySet<string> | undefined): string | undefined {
  const at = path.findIndex(({ key }) => key === 'annotations' || key === 'labels')
  const name = path[at + 1]?.key
  if (at < 0 || name === undefined || !['metadata'].includes(path[at - 1]?.key ?? '')) return undefined
  const [prefix = '', ...rest] = name.split('/')
  if (rest.length > 0 && RESERVED.test(prefix)) return 'Kubernetes or an operator acts by it'
  return path[at]?.key === 'labels' && selectorKeys?.has(name) === true ? 'by it the pods are found' : undefined
}

const compiled = new Map<string, Pattern | undefined>()

function unlisted(path: FieldPath, allowList: readonly string[]): string | undefined {
  const listed = allowList.some((text) => {
    if (!compiled.has(text)) compiled.set(text, compilePattern(text))
    const pattern = compiled.get(text)
    return pattern !== undefined && matches(pattern, path)
  })
  return listed ? undefined : 'it is not in the list of fields that patches may touch (patchAllowList)'
}

/** Of the fields that are listed by default. */
function badValue({ path, kind, value }: Touch): string | undefined {
  if (kind === 'unseen') return 'nobody can tell what it would hold then: it could be a secret'
  if (kind === 'whole') return 'all that is in it would be replaced'
  const field = path.at(-1)?.key ?? ''
  const removed = kind === 'remove'
  if (shown(path) === 'spec.replicas') return removed || !(Number.isSafeInteger(value) && Number(value) >= 1) ? 'replicas must be a whole number of 1 or more' : undefined
  if (field === 'terminationGracePeriodSeconds') return removed || !(Number.isSafeInteger(value) && Number(value) >= 1) ? 'it must be a whole number of 1 or more: 0 kills by force' : undefined
  if (removed) return undefined
  if (['annotations', 'labels'].includes(path.at(-2)?.key ?? '') && typeof value !== 'string') return 'its value must be a string'
  if (path.at(-3)?.key === 'env' && typeof value !== 'string') return 'its value must be a string'
  return undefined
}
