/** From what the API server sends to the views of the core: the fields in use, with times read. Pure and total. */
import { groupOf } from '../../shared/api/v1alpha1/kinds.ts'
import { IGNORE_ANNOTATION } from '../../shared/api/v1alpha1/names.ts'
import { shortHash } from '../../shared/lib/hash.ts'
import { isObject } from '../../shared/lib/json.ts'
import type { KubeObject } from '../../shared/lib/object.ts'
import { parseQuantity } from '../../shared/lib/quantity.ts'
import { controllerOf, referenceIn } from '../../shared/lib/references.ts'
import { isEmptySelector, parseSelector } from '../../shared/lib/selector.ts'
import { earliest, instant, parseInstant, type Instant } from '../../shared/lib/time.ts'
import type { Claim } from '../healing/act-guards.ts'
import { pauseReason } from '../healing/pause.ts'
import type {
  Amounts,
  ConditionView,
  ContainerState,
  ContainerView,
  EventView,
  NamespaceView,
  ObjectView,
  OwnerRef,
  PodView,
  Termination,
  View,
  WorkloadView,
} from '../healing/snapshot.ts'

/** Characters. */
const LONGEST_ANNOTATION = 1024

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const number = (value: unknown, otherwise = 0): number => (typeof value === 'number' ? value : otherwise)
const list = (value: unknown): readonly Record<string, unknown>[] => (Array.isArray(value) ? value.filter(isObject) : [])
const member = (value: unknown, name: string): Record<string, unknown> => {
  const found = isObject(value) ? value[name] : undefined
  return isObject(found) ? found : {}
}

/** Whoever writes "yes" or "True" means it: only "false" and nothing at all do not opt out. */
function isIgnored({ metadata }: KubeObject): boolean {
  const value = metadata.annotations?.[IGNORE_ANNOTATION]
  return value !== undefined && value.trim().toLowerCase() !== 'false'
}

function ownerOf(raw: KubeObject): OwnerRef | undefined {
  const owner = controllerOf(raw)
  return owner === undefined ? undefined : { apiVersion: owner.apiVersion, kind: owner.kind, name: owner.name, uid: owner.uid }
}

/** `apiVersion` and `kind` are given, since the items of a list and partial metadata do not carry their own. */
function view(raw: KubeObject, apiVersion: string, kind: string): View {
  const { metadata } = raw
  return {
    ref: { apiVersion, kind, namespace: metadata.namespace ?? '', name: metadata.name, uid: metadata.uid },
    resourceVersion: metadata.resourceVersion,
    labels: metadata.labels ?? {},
    ignored: isIgnored(raw),
    deleting: metadata.deletionTimestamp !== undefined,
    // The API server stamps every object; without it no age can be told, and 1970 counts as "long before".
    createdAt: parseInstant(metadata.creationTimestamp) ?? instant(0),
    owner: ownerOf(raw),
    conditions: list(member(raw, 'status')['conditions']).map(conditionView),
  }
}

export function objectView(raw: KubeObject, apiVersion: string, kind: string): ObjectView {
  const seen = view(raw, apiVersion, kind)
  return { ...seen, conditions: [...seen.conditions, ...(apiVersion === 'v1' && kind === 'PersistentVolumeClaim' ? phasesOfClaim(raw, seen.createdAt) : [])], shape: 'Object' }
}

/**
 * The phase of a volume claim in the words of conditions. It is Pending from its creation until it is bound and never again;
 * since when it is Lost nothing says. Without a phase nothing is known.
 */
function phasesOfClaim(raw: KubeObject, createdAt: Instant): readonly ConditionView[] {
  const phase = text(member(raw, 'status')['phase'])
  if (phase === '') return []
  return ['Pending', 'Lost'].map((type) => ({ type, status: type === phase ? 'True' : 'False', since: type === 'Pending' && phase === type ? createdAt : undefined, reason: '' }))
}

export function workloadView(raw: KubeObject, apiVersion: string, kind: string): WorkloadView {
  const spec = member(raw, 'spec')
  const status = member(raw, 'status')
  const daemon = kind === 'DaemonSet'
  const strategy = member(spec, kind === 'Deployment' ? 'strategy' : 'updateStrategy')
  const { selector } = spec
  return {
    ...view(raw, apiVersion, kind),
    shape: 'Workload',
    generation: raw.metadata.generation ?? 0,
    // Elsewhere it may be a text, or not be there.
    observedGeneration: number(status['observedGeneration'], apiVersion.startsWith('apps/') ? 0 : (raw.metadata.generation ?? 0)),
    replicas: daemon ? number(status['desiredNumberScheduled']) : number(spec['replicas'], 1),
    readyReplicas: number(status[daemon ? 'numberReady' : 'readyReplicas']),
    availableReplicas: number(status[daemon ? 'numberAvailable' : 'availableReplicas']),
    updatedReplicas: number(status[daemon ? 'updatedNumberScheduled' : 'updatedReplicas']),
    paused: spec['paused'] === true,
    updateStrategy: text(strategy['type']),
    partition: number(member(strategy, 'rollingUpdate')['partition']),
    podManagement: kind === 'StatefulSet' ? text(spec['podManagementPolicy']) || 'OrderedReady' : '',
    updateRevision: text(status['updateRevision']),
    podSelector: isObject(selector) ? selector : undefined,
    template: kind === 'ReplicaSet' ? undefined : templateOf(spec['template']),
    annotations: shortAnnotations(raw),
  }
}

function templateOf(raw: unknown): WorkloadView['template'] {
  if (!isObject(raw)) return undefined
  const spec = member(raw, 'spec')
  const containers = [...list(spec['initContainers']), ...list(spec['containers'])]
  // The API server writes the fields of one object always in the same order.
  return { hash: shortHash([JSON.stringify(raw)]), images: Object.fromEntries(containers.map((c) => [text(c['name']), text(c['image'])])) }
}

/** Of a kind that is known by its scale: whatever its own fields are called, these numbers are what is meant. */
export function scaledView(raw: KubeObject, scale: KubeObject, { apiVersion, kind, plural }: { readonly apiVersion: string; readonly kind: string; readonly plural: string }): WorkloadView {
  const status = member(scale, 'status')
  const selector = parseSelector(text(status['selector']))
  return {
    ...workloadView(raw, apiVersion, kind),
    // TRAP: 0 is left out.
    replicas: number(member(scale, 'spec')['replicas']),
    podSelector: selector === undefined || isEmptySelector(selector) ? undefined : selector,
    scale: { plural, replicas: number(status['replicas']) },
  }
}

/** Long values (a whole object as last applied) say nothing that a guard looks for. */
const shortAnnotations = ({ metadata }: KubeObject): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([, value]) => value.length <= LONGEST_ANNOTATION))

export function podView(raw: KubeObject): PodView {
  const { spec, status } = raw as { spec?: unknown; status?: unknown }
  const inits = list(member(raw, 'status')['initContainerStatuses']).map(containerView).filter(stillMatters)
  return {
    ...view(raw, 'v1', 'Pod'),
    shape: 'Pod',
    phase: isObject(status) ? text(status['phase']) : '',
    node: isObject(spec) ? text(spec['nodeName']) : '',
    restartPolicy: isObject(spec) ? text(spec['restartPolicy']) || 'Always' : 'Always',
    mirror: raw.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined,
    resources: resourcesOf(member(raw, 'spec')),
    containers: [...inits, ...list(member(raw, 'status')['containerStatuses']).map(containerView)],
  }
}

function resourcesOf(spec: Record<string, unknown>): PodView['resources'] {
  // Sidecars are init containers that stay.
  const containers = [...list(spec['initContainers']), ...list(spec['containers'])]
  return { pod: amounts(spec['resources']), containers: Object.fromEntries(containers.map((c) => [text(c['name']), amounts(c['resources'])])) }
}

function amounts(resources: unknown): Amounts {
  const of = (what: 'limits' | 'requests'): Amounts['limits'] => {
    const given = member(resources, what)
    const [cpu, memory] = [parseQuantity(given['cpu']), parseQuantity(given['memory'])]
    return { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) }
  }
  return { limits: of('limits'), requests: of('requests') }
}

/** An init container that ended well has done its work. */
const stillMatters = ({ state }: ContainerView): boolean => !(state.kind === 'terminated' && state.exitCode === 0)

function containerView(raw: Record<string, unknown>): ContainerView {
  const last = member(raw, 'lastState')['terminated']
  return {
    name: text(raw['name']),
    ready: raw['ready'] === true,
    restarts: number(raw['restartCount']),
    state: containerState(member(raw, 'state')),
    lastTermination: isObject(last) ? termination(last) : undefined,
  }
}

function containerState(raw: Record<string, unknown>): ContainerState {
  const { running, terminated } = raw as { running?: unknown; terminated?: unknown }
  if (isObject(running)) return { kind: 'running', startedAt: parseInstant(text(running['startedAt'])) }
  if (isObject(terminated)) return { kind: 'terminated', ...termination(terminated) }
  // No state at all is how a container that was not tried yet looks.
  return { kind: 'waiting', reason: text(member(raw, 'waiting')['reason']) }
}

function termination(raw: Record<string, unknown>): Termination {
  return {
    reason: text(raw['reason']),
    exitCode: number(raw['exitCode'], -1),
    finishedAt: parseInstant(text(raw['finishedAt'])),
  }
}

const conditionView = (raw: Record<string, unknown>): ConditionView => ({
  type: text(raw['type']),
  status: text(raw['status']),
  since: parseInstant(text(raw['lastTransitionTime'])),
  reason: text(raw['reason']),
})

/** Characters of a message: as many as events.k8s.io takes. */
const LONGEST_MESSAGE = 1024

/**
 * Of events.k8s.io/v1, which is core/v1 under other names: the kubelet counts in one field, others in a series, others not
 * at all. undefined: it says neither when nor about what.
 */
export function eventView(raw: KubeObject): EventView | undefined {
  const event = raw as KubeObject & Readonly<Record<string, unknown>>
  const series = member(event, 'series')
  const regarding = member(event, 'regarding')
  const made = parseInstant(text(event['eventTime'])) ?? parseInstant(text(event['deprecatedFirstTimestamp'])) ?? parseInstant(raw.metadata.creationTimestamp)
  const last = parseInstant(text(event['deprecatedLastTimestamp'])) ?? parseInstant(text(series['lastObservedTime'])) ?? made
  if (last === undefined || text(regarding['kind']) === '') return undefined
  const first = parseInstant(text(event['deprecatedFirstTimestamp'])) ?? made ?? last
  return {
    uid: raw.metadata.uid,
    namespace: raw.metadata.namespace ?? '',
    reason: text(event['reason']),
    type: text(event['type']),
    message: text(event['note']).slice(0, LONGEST_MESSAGE),
    regarding: { kind: text(regarding['kind']), name: text(regarding['name']), uid: text(regarding['uid']) },
    count: Math.max(1, number(event['deprecatedCount']) || number(series['count'], 1)),
    first: earliest(first, last),
    last,
  }
}

/** Kinds of objects that decide about fields of others, and where they say whose. */
const CLAIMANTS = {
  HorizontalPodAutoscaler: { what: 'scales', target: 'scaleTargetRef', kind: '', apiVersion: '' },
  // KEDA's; the autoscaler that it makes comes and goes.
  ScaledObject: { what: 'scales', target: 'scaleTargetRef', kind: 'Deployment', apiVersion: 'apps/v1' },
  VerticalPodAutoscaler: { what: 'sizes', target: 'targetRef', kind: '', apiVersion: '' },
} as const

/** Of an autoscaler: what it decides about. One that another object made is named by that. */
export function claimOf(raw: KubeObject, by: keyof typeof CLAIMANTS): Claim | undefined {
  const claimant = CLAIMANTS[by]
  const target = referenceIn(raw, claimant.target)
  const [kind, name, version] = [target.kind || claimant.kind, target.name, target.apiVersion || claimant.apiVersion]
  if (kind === '' || name === '') return undefined
  // One that only recommends sizes nothing.
  if (claimant.what === 'sizes' && member(member(raw, 'spec'), 'updatePolicy')['updateMode'] === 'Off') return undefined
  const { kind: byKind, name: byName } = ownerOf(raw) ?? { kind: by, name: raw.metadata.name }
  return { by: `${byKind}/${byName}`, what: claimant.what, of: { ...(version === '' ? {} : { group: groupOf(version) }), kind, namespace: raw.metadata.namespace ?? '', name } }
}

export const namespaceView = (raw: KubeObject): NamespaceView => ({
  name: raw.metadata.name,
  ignored: isIgnored(raw),
  paused: pauseReason(raw.metadata),
  deleting: raw.metadata.deletionTimestamp !== undefined,
})
