/** Which fields a patch may touch: what is listed, and never what is privileged, whatever the list says. Pure. */
import { CONTROLLERS_LABELS } from '../../api/v1alpha1/controllers-labels.ts'
import { compilePattern, matches, type FieldPath, type Pattern } from './paths.ts'
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

/** Prefixes of keys by which somebody acts: Kubernetes and ourselves first. */
const RESERVED = /(^|\.)(kubernetes\.io|(x-)?k8s\.io|kubeskippy\.io)$/
/** Of others who change pods by them: they put containers, credentials, networks or volumes into them, or own the object. */
const ACTED_UPON =
  /(^|\.)(istio\.io|linkerd\.io|dapr\.io|hashicorp\.com|amazonaws\.com|workload\.identity|cloud\.google\.com|gke\.io|cncf\.io|projectcalico\.org|cilium\.io|fluxcd\.io|argoproj\.io|helm\.sh|datadoghq\.com|instana\.io|opentelemetry\.io|velero\.io|k8up\.io|multus-cni\.io|banzaicloud\.(com|io)|kuma\.io|jaegertracing\.io|1password\.io|1password\.com|chaos-mesh\.org|openshift\.io|keda\.sh|keel\.sh|stakater\.com|kyverno\.io|crossplane\.io|external-secrets\.io|katacontainers\.io|nvidia\.com|portworx\.io|aquasec\.com|downscaler|janitor)$/
/** Keys without a prefix, or with one that reads from the right, by which runtimes and operators act. */
const ACTED_UPON_BARE = /^(io\.(kubernetes|katacontainers|containerd|cri-containerd|podman)\..+|aadpodidbinding|run\.oci\..+)$/i

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
  const why = privileged(path) ?? reservedKey(path, selectorKeys) ?? unlisted(path, allowList) ?? unclear(touch)
  return why === undefined ? undefined : { path, why }
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

function reservedKey(path: FieldPath, selectorKeys: ReadonlySet<string> | undefined): string | undefined {
  const at = path.findIndex(({ key }) => key === 'annotations' || key === 'labels')
  const name = path[at + 1]?.key
  if (at < 0 || name === undefined || path[at - 1]?.key !== 'metadata') return undefined
  const [prefix = '', ...rest] = name.toLowerCase().split('/')
  if (rest.length > 0 && RESERVED.test(prefix)) return 'Kubernetes or an operator acts by it'
  if (rest.length > 0 && ACTED_UPON.test(prefix)) return 'somebody else acts by it: it may bring containers, credentials or volumes into the pods'
  if (ACTED_UPON_BARE.test(name)) return 'a runtime or an operator acts by it'
  if (CONTROLLERS_LABELS.has(name)) return 'by it a controller finds its pods'
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

function unclear({ kind }: Touch): string | undefined {
  if (kind === 'unseen') return 'nobody can tell what it would hold then: it could be a secret'
  return kind === 'whole' ? 'all that is in it would be replaced' : undefined
}
