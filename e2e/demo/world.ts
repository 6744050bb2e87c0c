/** What the demonstration looks at: objects of the cluster as the API has them, narrowed to the fields in use. */
import type { HealingAction, HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import type { KubeObject } from '../../shared/lib/object.ts'
import type { AuditEntry } from './audit.ts'

export const NAMESPACE = 'demo-apps'

interface Terminated {
  readonly reason?: string
  readonly exitCode: number
}

interface ContainerState {
  readonly waiting?: { readonly reason?: string }
  readonly terminated?: Terminated
}

export interface Pod extends KubeObject {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly containerStatuses?: readonly { readonly name: string; readonly restartCount: number; readonly state?: ContainerState; readonly lastState?: ContainerState }[]
  }
}

export interface Deployment extends KubeObject {
  readonly spec: { readonly replicas: number }
  readonly status?: { readonly availableReplicas?: number; readonly observedGeneration?: number }
}

/** events.k8s.io/v1. */
export interface ClusterEvent extends KubeObject {
  readonly reason: string
  readonly note?: string
  readonly regarding?: { readonly kind?: string; readonly name?: string }
  readonly series?: { readonly count: number }
  readonly deprecatedCount?: number
}

/** What can be watched as it changes. */
export interface LiveWorld {
  readonly policies: readonly HealingPolicy[]
  readonly actions: readonly HealingAction[]
  readonly pods: readonly Pod[]
}

export interface World extends LiveWorld {
  readonly deployments: readonly Deployment[]
  readonly events: readonly ClusterEvent[]
  readonly audit: readonly AuditEntry[]
}

/** `stale-lock` of `stale-lock-676bd7b99-lxjmq`; every app is a Deployment. */
export const appOfPod = (name: string): string => name.replace(/-[a-z0-9]+-[a-z0-9]+$/, '')

export const podsOf = ({ pods }: Pick<World, 'pods'>, app: string): readonly Pod[] => pods.filter((pod) => appOfPod(pod.metadata.name) === app)
export const actionsOf = ({ actions }: Pick<World, 'actions'>, app: string): readonly HealingAction[] => actions.filter((action) => action.spec.incident.subject.name === app)
export const policyNamed = ({ policies }: Pick<World, 'policies'>, name: string): HealingPolicy | undefined => policies.find((policy) => policy.metadata.name === name)

export const isReady = (pod: Pod): boolean => pod.metadata.deletionTimestamp === undefined && (pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false)

/** How its container ended last. */
export function lastEnd(pod: Pod): Terminated | undefined {
  const [container] = pod.status?.containerStatuses ?? []
  return container?.state?.terminated ?? container?.lastState?.terminated
}

export const restartsOf = (pod: Pod): number => Math.max(0, ...(pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount))
