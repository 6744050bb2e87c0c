/** What an action would write, as data: executed, dry-run, shown and authorised from the same plan. */
import type { ActionTemplate } from '../../shared/api/v1alpha1/types.ts'
import type { ObjectRef, TargetView } from '../healing/snapshot.ts'

/** One write. A kind of its own for each way of writing that the target writer knows. */
export interface Operation {
  readonly kind: 'evict'
  readonly target: ObjectRef
  /** Both are sent; neither may be empty or "0" (I5). */
  readonly preconditions: { readonly uid: string; readonly resourceVersion: string }
  readonly gracePeriodSeconds: number | undefined
}

/** A rule of the minimal Role of the healer, and of what the controller may do on its behalf. */
export interface Permission {
  readonly apiGroup: string
  /** With the subresource: `pods/eviction`. */
  readonly resource: string
  readonly verb: string
}

/** What a person reads: field by field. Values are printable and bounded. */
export interface Change {
  readonly field: string
  readonly oldValue?: string
  readonly newValue?: string
}

export interface Plan {
  readonly operations: readonly Operation[]
  readonly changes: readonly Change[]
}

/** One file per action. `plan` is pure; a refusal is a sentence. */
export interface ActionKind<Args> {
  readonly type: string
  readonly permissions: readonly Permission[]
  readonly args: (template: ActionTemplate) => Args | undefined
  plan(args: Args, target: TargetView): Plan
}
