/** What a condition trigger can be about, of a pod. */

/** States of a container that the controller derives; they hold or they do not. `reasons`: what kubectl shows for them. */
export const STATES_OF_CONTAINERS = [
  { state: 'CrashLoopBackOff', reasons: ['CrashLoopBackOff'] },
  { state: 'OOMKilled', reasons: ['OOMKilled'] },
  { state: 'ImagePullBackOff', reasons: ['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'ImageInspectError', 'RegistryUnavailable', 'SignatureValidationFailed'] },
  { state: 'InvalidImageName', reasons: ['InvalidImageName'] },
  { state: 'CreateContainerConfigError', reasons: ['CreateContainerConfigError'] },
  { state: 'CreateContainerError', reasons: ['CreateContainerError', 'PreCreateHookError', 'PreStartHookError'] },
  { state: 'RunContainerError', reasons: ['RunContainerError', 'StartError', 'ContainerCannotRun'] },
] as const

export const DERIVED_STATES: readonly string[] = STATES_OF_CONTAINERS.map(({ state }) => state)

/** The state that a reason of a container belongs to, where it is called otherwise. */
export const stateOfReason = (reason: string): string | undefined => STATES_OF_CONTAINERS.find(({ reasons }) => (reasons as readonly string[]).includes(reason))?.state

/** By type. `healthy`: the status of an object with nothing wrong, where there is one. `onlyTrue`: Kubernetes never writes it as another status, it takes the condition away. */
export type KnownConditions = Readonly<Record<string, { readonly healthy?: 'True' | 'False'; readonly onlyTrue?: true }>>

/** Conditions that Kubernetes sets on pods. */
export const POD_CONDITIONS: KnownConditions = {
  Ready: { healthy: 'True' },
  ContainersReady: { healthy: 'True' },
  Initialized: { healthy: 'True' },
  PodScheduled: { healthy: 'True' },
  PodReadyToStartContainers: { healthy: 'True' },
  DisruptionTarget: {},
  PodResizePending: { onlyTrue: true },
  PodResizeInProgress: { onlyTrue: true },
}

/** A pod has the first as True only while it has the others as True. */
const TRUE_ONLY_WITH: Readonly<Record<string, readonly string[]>> = {
  Ready: ['ContainersReady', 'Initialized', 'PodScheduled'],
  ContainersReady: ['Initialized', 'PodScheduled'],
  Initialized: ['PodScheduled'],
}

interface Held {
  readonly type: string
  readonly status: string
}

/** Whether no pod has both at once. The kubelet that sets the one sees to the other; containers are where a pod was scheduled. */
export const neverBoth = (a: Held, b: Held): boolean => excludes(a, b) || excludes(b, a)

function excludes({ type, status }: Held, other: Held): boolean {
  if (status !== 'True' || other.status !== 'False') return false
  const needed = isDerivedState(type) ? ['PodScheduled'] : Object.hasOwn(TRUE_ONLY_WITH, type) ? TRUE_ONLY_WITH[type] : undefined
  return needed?.includes(other.type) === true
}

export const isDerivedState = (type: string): boolean => DERIVED_STATES.includes(type)

/** A readiness gate or a condition of somebody's controller: `domain/name`, as Kubernetes wants it for conditions not its own. */
export const isQualified = (type: string): boolean =>
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(type)
