import type { Operation } from '../actions/action.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import type { KubeObject } from '../../shared/lib/object.ts'
import type { Millis } from '../../shared/lib/time.ts'

export type WriteResult =
  /** With the object as the API server has it now; in a dry run as it would have it. Of a patch only. */
  | { readonly kind: 'Done'; readonly object?: KubeObject }
  /** The object that was judged is not there any more. */
  | { readonly kind: 'Gone' }
  /** It changed since it was read, or what else is named did: look again. */
  | { readonly kind: 'Changed'; readonly what?: string }
  /** A JSON patch does not fit the object as it is: a test of it failed, or a path is not there. Look again, once. */
  | { readonly kind: 'Misfit' }
  /** A disruption budget says no for now. */
  | { readonly kind: 'BudgetRefused' }
  /** Not executed; again after a while. */
  | { readonly kind: 'Later'; readonly retryAfter: Millis | undefined }
  | { readonly kind: 'Forbidden' }
  /** No retry can help. */
  | { readonly kind: 'Refused'; readonly code: number }
  /** It may have landed: found out by reading, never by writing again (I18). */
  | { readonly kind: 'Unknown' }

export interface WriteContext {
  /** Which act it belongs to: part of the User-Agent, so that the audit log names it. */
  readonly act: HealingAction
  readonly dryRun: boolean
}

/** The one way to write to a workload: as the healer of its namespace, with preconditions. */
export interface TargetWriter {
  write(operation: Operation, context: WriteContext): Promise<WriteResult>
}
