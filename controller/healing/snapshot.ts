/**
 * Everything that a decision may look at, gathered beforehand. `now` is in it; nothing in this room reads a clock.
 * Objects are views: projected to the fields in use when they enter the cache.
 */
import type { Labels, LabelSelector } from '../../shared/lib/selector.ts'
import type { Instant, Millis } from '../../shared/lib/time.ts'
import type { HealingLedgerSpec, HealingPolicyStatus } from '../../shared/api/v1alpha1/types.ts'
import type { Installation } from './installation.ts'
import type { Violation } from '../../shared/rules/violation.ts'
import type { Claim } from './act-guards.ts'
import type { Refusal } from './refusal.ts'
import type { SharedBudget } from './shared-budget.ts'
import type { RestartMarks } from '../triggers/metric/restarts.ts'
import type { Signals } from '../triggers/trigger.ts'
import type { RememberedOccurrences } from '../triggers/occurrences.ts'

/** One live object, and no other one of that name. */
export interface ObjectRef {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

/** The controller owner of an object; same namespace. */
export type OwnerRef = Omit<ObjectRef, 'namespace'>

export interface View {
  readonly ref: ObjectRef
  readonly resourceVersion: string
  readonly labels: Labels
  /** Its `kubeskippy.io/ignore` annotation is "true". */
  readonly ignored: boolean
  readonly deleting: boolean
  readonly createdAt: Instant
  readonly owner: OwnerRef | undefined
  readonly conditions: readonly ConditionView[]
}

export interface Termination {
  readonly reason: string
  readonly exitCode: number
  readonly finishedAt: Instant | undefined
}

export type ContainerState =
  | { readonly kind: 'waiting'; readonly reason: string }
  | { readonly kind: 'running'; readonly startedAt: Instant | undefined }
  | ({ readonly kind: 'terminated' } & Termination)

export interface ContainerView {
  readonly name: string
  readonly ready: boolean
  /** Lifetime total. */
  readonly restarts: number
  readonly state: ContainerState
  readonly lastTermination: Termination | undefined
}

export interface ConditionView {
  readonly type: string
  readonly status: string
  readonly since: Instant | undefined
  readonly reason: string
}

/** By resource, in cores and bytes. */
export interface Amounts {
  readonly limits: { readonly cpu?: number; readonly memory?: number }
  readonly requests: { readonly cpu?: number; readonly memory?: number }
}

export interface PodView extends View {
  readonly shape: 'Pod'
  readonly phase: string
  /** Empty: it is on none yet. */
  readonly node: string
  readonly restartPolicy: string
  /** A static pod's mirror: the API server's copy of a file on the node. */
  readonly mirror: boolean
  readonly containers: readonly ContainerView[]
  /** What it may use and has asked for. */
  readonly resources: { readonly pod: Amounts; readonly containers: Readonly<Record<string, Amounts>> }
}

/** It has ended for good: nothing in it runs or will run again. */
export const isFinished = ({ phase }: Pick<PodView, 'phase'>): boolean => phase === 'Succeeded' || phase === 'Failed'

/** What pods are made from, as far as two of them can be told apart. */
export interface TemplateView {
  /** Of all of it: no value can be read from it. */
  readonly hash: string
  /** By container. */
  readonly images: Readonly<Record<string, string>>
}

/** What its `scale` subresource tells of an object whose kind nobody but its API server knows. */
export interface ScaleView {
  readonly plural: string
  /** That there are, as its controller says. */
  readonly replicas: number
}

/** ReplicaSet, Deployment, StatefulSet, DaemonSet; and what has a scale. */
export interface WorkloadView extends View {
  readonly shape: 'Workload'
  readonly generation: number
  /** Of its status: what the status says is about this generation. */
  readonly observedGeneration: number
  /** Pods that it wants; a DaemonSet: the nodes that it is for. */
  readonly replicas: number
  readonly readyReplicas: number
  readonly availableReplicas: number
  /** Of the newest revision. */
  readonly updatedReplicas: number
  /** Of a Deployment: changes of its template wait. */
  readonly paused: boolean
  /** RollingUpdate, Recreate or OnDelete; empty where the kind has none. */
  readonly updateStrategy: string
  /** Of a StatefulSet: pods below this ordinal keep the old revision. */
  readonly partition: number
  /** Of a StatefulSet: OrderedReady or Parallel; empty where the kind has none. */
  readonly podManagement: string
  /** Of a StatefulSet: the revision of its newest template; empty where the kind has none. */
  readonly updateRevision: string
  /** Of its pods. */
  readonly podSelector: LabelSelector | undefined
  /** Of its pods; undefined: it has none, or is a ReplicaSet, whose owner has it. */
  readonly template: TemplateView | undefined
  /** Annotations of its own without values that may be long: who else looks after it shows here. */
  readonly annotations: Labels
  /** Absent: its numbers are those of its own fields. Present: of them only the number of wanted replicas means anything. */
  readonly scale?: ScaleView
}

/** Any other selected object: what all kinds have in common. */
export interface ObjectView extends View {
  readonly shape: 'Object'
}

/** What a finding can be about, and an action can be for. */
export type TargetView = PodView | WorkloadView | ObjectView

/** One Event object: the same thing, as often as it has been told. */
export interface EventView {
  readonly uid: string
  readonly namespace: string
  readonly reason: string
  readonly type: string
  /** Its beginning. */
  readonly message: string
  /** `uid` is empty where whoever wrote it did not say. */
  readonly regarding: { readonly kind: string; readonly name: string; readonly uid: string }
  /** Lifetime total of this Event object. */
  readonly count: number
  readonly first: Instant
  readonly last: Instant
}

/** How events of a reason, and objects of a kind, are called among what cannot be seen. */
export const eventsOf = (reason: string): string => `events ${reason}`
export const objectsOf = ({ apiVersion, kind }: Pick<ObjectRef, 'apiVersion' | 'kind'>): string => `${apiVersion} ${kind}`

export interface NamespaceView {
  readonly name: string
  readonly ignored: boolean
  /** Why it is paused; empty: nobody said. */
  readonly paused: string | undefined
  readonly deleting: boolean
}

/** Whether the account that would act is there and may. */
export type HealerState = 'Ready' | 'Missing' | 'Forbidden'

/** Whether a namespace lets policies of another one in. `Unknown`: it could not be asked. */
export type Consent = 'Given' | 'Missing' | 'Unknown'

/** Where a policy acts, beside the objects there. */
export interface Place {
  readonly namespace: NamespaceView | undefined
  readonly healer: HealerState
  readonly consent: Consent
}

/** What the namespaces of a policy look like now. Of one that does not consent no object is in it. */
export interface World extends Signals {
  readonly now: Instant
  /** The policy's own. */
  readonly namespace: NamespaceView | undefined
  readonly pods: readonly PodView[]
  readonly workloads: readonly WorkloadView[]
  /** Of other kinds that policies select there. */
  readonly objects: readonly ObjectView[]
  /** Of the policy's own namespace. */
  readonly healer: HealerState
  /** The other namespaces that the policy selects, by name. */
  readonly others: ReadonlyMap<string, Place>
  /** Autoscalers; asked only when an act is about to write a workload. */
  readonly claims: readonly Claim[]
  /** Time since the API server was last heard about pods. */
  readonly age: Millis
  /** The kill switch exists. */
  readonly killSwitch: boolean
  /** How far the process's clock is from the API server's; undefined before its first answer. */
  readonly clockSkew: Millis | undefined
  readonly installation: Installation
}

/** How an action of a policy is called together with the namespace and the kind that it is for. */
export const actOn = ({ name }: { readonly name: string }, { namespace, apiVersion, kind }: Pick<ObjectRef, 'namespace' | 'apiVersion' | 'kind'>): string => `${namespace}/${name} ${apiVersion} ${kind}`

export interface Snapshot extends World {
  /** What the rules say of the policy now; a policy with any does not act. */
  readonly violations: readonly Violation[]
  /** Durable memory; undefined: there is none yet. Malformed state never gets here: it stops acting. */
  readonly ledger: HealingLedgerSpec | undefined
  /** The budgets that the policy shares with others, in the order in which they are asked. */
  readonly budgets: readonly SharedBudget[]
  /** Why an action of the policy cannot be carried out on a kind, by {@link actOn}: who lacks which right, or what the kind lacks. */
  readonly forbidden: ReadonlyMap<string, Refusal>
  /** Names of the HealingActions that are known to exist: their reservations wait for nobody. */
  readonly actions: ReadonlySet<string>
  /** The last written status of the policy, of this generation: remembers since when. */
  readonly findings: NonNullable<HealingPolicyStatus['findings']>
  /** Restarts that the status remembers, of whatever generation. */
  readonly restarts: readonly RestartMarks[]
  /** Events that were counted before. */
  readonly occurrences: readonly RememberedOccurrences[]
}
