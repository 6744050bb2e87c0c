/** From what the API server sends to the views of the core: the fields in use, with times read. Pure and total. */
import { IGNORE_ANNOTATION } from '../../shared/api/v1alpha1/names.ts'
import { isObject } from '../../shared/lib/json.ts'
import type { KubeObject } from '../../shared/lib/object.ts'
import { instant, parseInstant } from '../../shared/lib/time.ts'
import { pauseReason } from '../healing/pause.ts'
import type {
  ConditionView,
  ContainerState,
  ContainerView,
  NamespaceView,
  OwnerRef,
  PodView,
  Termination,
  WorkloadView,
} from '../healing/snapshot.ts'

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
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

function ownerOf({ metadata }: KubeObject): OwnerRef | undefined {
  const owner = metadata.ownerReferences?.find((o) => o.controller === true)
  return owner === undefined ? undefined : { apiVersion: owner.apiVersion, kind: owner.kind, name: owner.name, uid: owner.uid }
}

/** `apiVersion` and `kind` are given, since the items of a list and partial metadata do not carry their own. */
export function workloadView(raw: KubeObject, apiVersion: string, kind: string): WorkloadView {
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
  }
}

export function podView(raw: KubeObject): PodView {
  const { spec, status } = raw as { spec?: unknown; status?: unknown }
  const inits = list(member(raw, 'status')['initContainerStatuses']).map(containerView).filter(stillMatters)
  return {
    ...workloadView(raw, 'v1', 'Pod'),
    phase: isObject(status) ? text(status['phase']) : '',
    restartPolicy: isObject(spec) ? text(spec['restartPolicy']) || 'Always' : 'Always',
    mirror: raw.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined,
    containers: [...inits, ...list(member(raw, 'status')['containerStatuses']).map(containerView)],
    conditions: list(member(raw, 'status')['conditions']).map(conditionView),
  }
}

/** An init container that ended well has done its work. */
const stillMatters = ({ state }: ContainerView): boolean => !(state.kind === 'terminated' && state.exitCode === 0)

function containerView(raw: Record<string, unknown>): ContainerView {
  const last = member(raw, 'lastState')['terminated']
  const restarts = raw['restartCount']
  return {
    name: text(raw['name']),
    ready: raw['ready'] === true,
    restarts: typeof restarts === 'number' ? restarts : 0,
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
  const code = raw['exitCode']
  return {
    reason: text(raw['reason']),
    exitCode: typeof code === 'number' ? code : -1,
    finishedAt: parseInstant(text(raw['finishedAt'])),
  }
}

const conditionView = (raw: Record<string, unknown>): ConditionView => ({
  type: text(raw['type']),
  status: text(raw['status']),
  since: parseInstant(text(raw['lastTransitionTime'])),
  reason: text(raw['reason']),
})

export const namespaceView = (raw: KubeObject): NamespaceView => ({
  name: raw.metadata.name,
  ignored: isIgnored(raw),
  paused: pauseReason(raw.metadata),
  deleting: raw.metadata.deletionTimestamp !== undefined,
})
