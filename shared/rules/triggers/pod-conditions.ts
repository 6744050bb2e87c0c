/** What a condition trigger can be about. */

/** States of a container that the controller derives; they hold or they do not. */
export const DERIVED_STATES = ['CrashLoopBackOff', 'OOMKilled'] as const

/** Conditions that Kubernetes sets on pods. `healthy`: the status of a pod with nothing wrong, where there is one. */
export const POD_CONDITIONS: Readonly<Record<string, { readonly healthy?: 'True' | 'False' }>> = {
  Ready: { healthy: 'True' },
  ContainersReady: { healthy: 'True' },
  Initialized: { healthy: 'True' },
  PodScheduled: { healthy: 'True' },
  PodReadyToStartContainers: { healthy: 'True' },
  DisruptionTarget: {},
  PodResizePending: {},
  PodResizeInProgress: {},
}

export const isDerivedState = (type: string): boolean => (DERIVED_STATES as readonly string[]).includes(type)

/** A readiness gate or a condition of somebody's controller: `domain/name`, as Kubernetes wants it for conditions not its own. */
export const isQualified = (type: string): boolean =>
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(type)
