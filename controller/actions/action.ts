/** What an action would write, as data: executed, dry-run, shown and authorised from the same plan. */
import type { ActionTemplate } from '../../shared/api/v1alpha1/types.ts'
import type { KindReference } from '../../shared/api/v1alpha1/kinds.ts'
import type { Instant, Millis } from '../../shared/lib/time.ts'
import type { Intent } from './fields.ts'
import type { Refusal } from '../healing/refusal.ts'
import type { ObjectRef, PodView, TargetView } from '../healing/snapshot.ts'

interface Write {
  readonly target: ObjectRef
  /** Both are sent; neither may be empty or "0" (I5). */
  readonly preconditions: { readonly uid: string; readonly resourceVersion: string }
}

/** The pod goes; disruption budgets are respected. */
export interface Eviction extends Write {
  readonly kind: 'evict'
  readonly gracePeriodSeconds: number | undefined
}

/** The object goes, whatever a disruption budget says. */
export interface Deletion extends Write {
  readonly kind: 'delete'
  readonly gracePeriodSeconds: number | undefined
  readonly propagationPolicy: 'Foreground' | 'Background' | undefined
}

/** Of the main resource. The preconditions are the writer's to add. */
export interface Patching extends Write {
  readonly kind: 'patch'
  readonly patch: { readonly type: 'merge' | 'strategic'; readonly body: Readonly<Record<string, unknown>> } | { readonly type: 'json'; readonly body: readonly unknown[] }
}

/** Of the `scale` subresource. */
export interface Scaling extends Write {
  readonly kind: 'scale'
  readonly replicas: number
  /** Under which the API server has the kind, where nobody else knows it. */
  readonly plural?: string
}

/** One write. A kind of its own for each way of writing that the target writer knows, and in `action-writes.ts` the right that it needs. */
export type Operation = Eviction | Deletion | Patching | Scaling

/** What a person reads: field by field. Values are printable and bounded. */
export interface Change {
  readonly field: string
  readonly oldValue?: string
  readonly newValue?: string
}

export interface Plan {
  readonly operations: readonly Operation[]
  readonly changes: readonly Change[]
  /** Fields that it sets, where it is no object that goes. */
  readonly intent: readonly Intent[]
  /** JSON pointers of fields that it sets, where they are more than what is noted. */
  readonly touches?: readonly string[]
  /** Of an act in several steps: it is finished, or how far it has come. */
  readonly steps?: string
  /** Pods that a later step is going to evict, should nothing change. */
  readonly later?: readonly ObjectRef[]
}

/** What the API server says that the write would change. */
export type DryRun = Pick<Plan, 'changes' | 'intent'>

export interface PlanContext {
  readonly now: Instant
  /** Name of the HealingAction: what it writes can be told by it, and is the same for every try. */
  readonly action: string
  /** Pods of a workload, as they are now; of a pod itself. */
  readonly pods: readonly PodView[]
  /** The target as the API server told it. */
  readonly object: unknown
  /** Fields that patches may touch. */
  readonly allowList: readonly string[]
  /** Keys of labels by which the target finds its pods, or is found. */
  readonly selectorKeys: ReadonlySet<string>
  /** When the first write of the act was made; undefined: there was none. */
  readonly begunAt: Instant | undefined
  /** Its steps that have landed already. */
  readonly stepsDone: number
  /** How long a replacement has to become Ready. */
  readonly healthCheckTimeout: Millis
}

/** Why it cannot be carried out, whatever the policy says: the next rung follows. */
export interface Unplannable {
  readonly refusal: Refusal
}

/** What verification waits for after the act. */
export type Expectation =
  /** Pods of the same owner that were made after the act. */
  | 'replacement'
  /** All pods of the workload, each made anew. */
  | 'renewal'
  /** The workload's new revision, rolled out. */
  | 'rollout'
  /** The same of a StatefulSet, whose broken pods are taken out of the way. */
  | 'turnover'
  /** As many replicas as it has to have now. */
  | 'replicas'
  /** Nothing beyond the detector. */
  | 'quiet'

/** One file per action. All of it is pure; a refusal is a sentence. What it may write is in `shared/rules/action-writes.ts`. */
export interface ActionKind<Args> {
  readonly type: string
  readonly args: (template: ActionTemplate) => Args | undefined
  expects(args: Args, target: KindReference): Expectation
  plan(args: Args, target: TargetView, context: PlanContext): Plan | Unplannable
}
