/** Which fields a patch may touch: what is listed, and never what is privileged, whatever the list says. Pure. */
import { CONTROLLERS_LABELS } from '../../api/v1alpha1/controllers-labels.ts'
import { compilePattern, isPlace, matches, names, type FieldPath, type Pattern } from './paths.ts'
import { UNTOLD } from './samples.ts'
import type { Touch } from './touches.ts'
import { harmOfName, tunes } from './variables.ts'

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe']
const TIMINGS = ['initialDelaySeconds', 'periodSeconds', 'timeoutSeconds', 'successThreshold', 'failureThreshold', 'terminationGracePeriodSeconds']
const TEMPLATE = 'spec.template.spec'

/** What holds when the installation says nothing. */
export const DEFAULT_PATCH_ALLOW_LIST: readonly string[] = [
  'metadata.annotations.*',
  'metadata.labels.*',
  'spec.replicas',
  'spec.template.metadata.annotations.*',
  'spec.template.metadata.annotations[kubectl.kubernetes.io/restartedAt]',
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
  shareProcessNamespace: 'it shows the processes of the containers to each other',
  hostPort: 'it opens a port of the node',
  hostIP: 'it opens a port of the node',
  hostname: 'it is the name of the pod in its network',
  subdomain: 'it is the name of the pod in its network',
  hostAliases: 'it sends the traffic of the pods elsewhere',
  dnsConfig: 'it sends the traffic of the pods elsewhere',
  dnsPolicy: 'it sends the traffic of the pods elsewhere',
  exec: 'it runs commands',
  httpGet: 'it makes the kubelet send requests',
  tcpSocket: 'it makes the kubelet connect',
  grpc: 'it makes the kubelet connect',
  imagePullPolicy: 'it decides which program runs',
  workingDir: 'it decides which program runs',
  restartPolicy: 'it decides what becomes of containers that end',
  affinity: 'it decides which nodes the pods run on',
  schedulerName: 'it decides which nodes the pods run on',
  priority: 'it evicts the pods of others',
  preemptionPolicy: 'it evicts the pods of others',
  volumeClaimTemplates: 'it decides which data the pods have',
  serviceName: 'it is the name of the pods in their network',
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

/** Prefixes of keys by which Kubernetes acts, and we do: whatever the list says. */
const RESERVED = /(^|\.)(kubernetes\.io|(x-)?k8s\.io|kubeskippy\.io)$/
/** What `kubectl rollout restart` writes: all that it does is another rollout. */
const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt'
/** The one label without a prefix that is known to give an identity (AAD pod identity). */
const IDENTITY = 'aadpodidbinding'

/** Of several pods of one database one has such a label, given by what keeps them: `role`, `spilo-role`, `cnpg-role`. The Service for writes goes by it. */
const LEADS = /(?:^|[-_])role$|^(?:leader|master|primary)$/i

export interface Disallowed {
  readonly path: FieldPath
  readonly why: string
  /** What comes of it, and what to write instead: parts of a sentence. */
  readonly harm: string
  readonly fix: string
}

export interface AllowedFields {
  readonly allowList: readonly string[]
  /** Keys of labels by which the workload, or its owner, finds its pods; unknown at the door. */
  readonly selectorKeys?: ReadonlySet<string>
}

type Reason = Omit<Disallowed, 'path'>
const because = (why: string | undefined, harm: string, fix: string): Reason | undefined => (why === undefined ? undefined : { why, harm, fix })

/** Why the touch may not be; undefined: it may. */
export function disallowed(touch: Touch, { allowList, selectorKeys }: AllowedFields): Disallowed | undefined {
  const { path } = touch
  const reason =
    because(privileged(path), 'whoever may write policies would else decide what runs, as whom, and on what', 'leave it out, and change the workload itself') ??
    because(reservedKey(path, selectorKeys), 'what acts by it would do so on every workload that fires', 'set a key without a prefix, such as note') ??
    unlisted(touch, allowList) ??
    because(unclear(touch), 'what nobody has seen nobody has allowed', 'name each field with its value')
  return reason === undefined ? undefined : { path, ...reason }
}

function privileged(path: FieldPath): string | undefined {
  const [first, second] = path
  if (first === undefined) return 'it is everything'
  // Pods get that of their template, finalizers and all.
  const meta = path.findIndex(({ key }, index) => key === 'metadata' && (index === 0 || path[index - 1]?.key === 'template'))
  const member = path[meta + 1]?.key
  if (meta >= 0 && member !== undefined && Object.hasOwn(PRIVILEGED_METADATA, member)) return PRIVILEGED_METADATA[member]
  if (['apiVersion', 'kind', 'status'].includes(first.key)) return 'it is not for a patch to set'
  if (first.key !== 'spec') return undefined
  if (second?.key === 'selector') return 'by it the workload finds its pods'
  // Keys of labels and annotations are what they like.
  const named = path.findIndex(({ key }, index) => key === 'annotations' || key === 'labels' || (index > 0 && path[index - 1]?.key === 'env'))
  const steps = path.filter((step, index) => step.item !== true && (named < 0 || index <= named || path[index - 1]?.item === true))
  const key = steps.find((step) => Object.hasOwn(PRIVILEGED, step.key))?.key
  return key === undefined ? undefined : PRIVILEGED[key]
}

/** The key of an annotation or a label of the object or of its template. */
function keyOf(path: FieldPath): string | undefined {
  const at = path.findIndex(({ key }) => key === 'annotations' || key === 'labels')
  return at > 0 && path[at - 1]?.key === 'metadata' ? path[at + 1]?.key : undefined
}

function reservedKey(path: FieldPath, selectorKeys: ReadonlySet<string> | undefined): string | undefined {
  const name = keyOf(path)
  if (name === undefined) return undefined
  const [prefix = '', ...rest] = name.toLowerCase().split('/')
  const restarts = name === RESTARTED_AT && path.length === 5 && path[3]?.key === 'annotations'
  if (rest.length > 0 && RESERVED.test(prefix) && !restarts) return 'Kubernetes or an operator acts by it'
  const isLabel = path.some(({ key }) => key === 'labels')
  if (isLabel && CONTROLLERS_LABELS.has(name)) return 'by it a controller finds its pods'
  if (isLabel && name === IDENTITY) return 'by it the pods get an identity of the cloud'
  if (isLabel && LEADS.test(name)) return 'by it a Service finds the pod that leads: writes would go to another one'
  return isLabel && selectorKeys?.has(name) === true ? 'by it the pods are found' : undefined
}

/**
 * Keys without a prefix are the users' own by the convention of Kubernetes. By one with a prefix, or that reads like a domain
 * (`io.kubernetes.cri-o.Devices`), somebody may act: injectors of containers and credentials, runtimes, robots.
 */
const isOwn = (key: string): boolean => !/[./]/.test(key)

/** The item of `env` that the path leads through. */
const variableOf = (path: FieldPath): FieldPath[number] | undefined => path[path.findIndex(({ key, item }) => key === 'env' && item !== true) + 1]

/** Nobody can list the names of all variables that make a program do something else, or for somebody else: these are known to do neither. */
const isHarmless = ({ path, value }: Touch): boolean => {
  const variable = path.some(({ key }) => key === 'env') ? variableOf(path) : undefined
  return variable?.item !== true || isPlace(variable) || tunes(variable.key, value)
}

const compiled = new Map<string, Pattern | undefined>()

function unlisted(touch: Touch, allowList: readonly string[]): Reason | undefined {
  const { path } = touch
  const key = keyOf(path)
  const own = key === undefined ? isHarmless(touch) : isOwn(key)
  const listed = allowList.some((text) => {
    if (!compiled.has(text)) compiled.set(text, compilePattern(text))
    const pattern = compiled.get(text)
    return pattern !== undefined && (own || names(pattern)) && matches(pattern, path)
  })
  if (listed) return undefined
  const entry = entryFor(path)
  const add = entry === undefined ? undefined : `have ${entry} added to patchAllowList of the installation`
  if (own) return because('it is not in the list of fields that patches may touch (patchAllowList)', 'a policy would change what nobody has allowed to be changed', add ?? 'leave it out')
  if (key !== undefined) return because('somebody may act by it, and the list of fields that patches may touch (patchAllowList) does not name it', 'injectors, runtimes and robots take such keys for orders: containers, credentials, routes', `use a key without a prefix${add === undefined ? '' : `, or ${add}`}`)
  const other = 'set one that tunes only, such as LOG_LEVEL, DB_POOL_SIZE or FEATURE_NAME: "false"'
  const name = variableOf(path)?.key ?? ''
  const bad = harmOfName(name)
  if (bad !== undefined) return because(bad, VARIABLE_HARM, `${other}: ${name} stays out whatever the installation lists`)
  if (name.startsWith(UNTOLD)) return because('nobody can tell which variable it is: test its name before', VARIABLE_HARM, 'begin the patch with a test of /env/N/name')
  return because(
    'it is no variable that is known to tune only (a level of logging, a size, a number of threads, a timeout, a feature switch), and the list of fields that patches may touch (patchAllowList) does not name it',
    VARIABLE_HARM,
    add === undefined ? other : `${other}, or ${add}`,
  )
}

const VARIABLE_HARM = 'by a variable a program finds its code, its hosts and its credentials'

/** The entry of the list by which the field could be allowed; undefined: none is written so. */
function entryFor(path: FieldPath): string | undefined {
  const key = keyOf(path)
  const text = path.map(({ key: name, item }, index) => (item === true ? (path[index - 1]?.key === 'env' ? `[${name}]` : '[]') : `${index === 0 ? '' : '.'}${name}`)).join('')
  const [prefix, ...rest] = key?.split('/') ?? []
  const entry = key === undefined ? text : rest.length === 0 ? undefined : `${text.slice(0, -(key.length + 1))}[${prefix}/*]`
  return entry !== undefined && compilePattern(entry) !== undefined ? entry : undefined
}

function unclear({ kind }: Touch): string | undefined {
  if (kind === 'unseen') return 'nobody can tell what it would hold then: it could be a secret'
  return kind === 'whole' ? 'all that is in it would be replaced' : undefined
}
