/** A write that did not happen, or may have: how the action goes on. */
import { millis } from '../../shared/lib/time.ts'
import type { ReconcileResult } from '../../shared/runtime/reconcile-loop.ts'
import type { Operation } from '../actions/action.ts'
import { budgetsOf } from '../actions/disruption.ts'
import { describe } from '../healing/owners.ts'
import type { WriteResult } from '../ports/target-writer.ts'
import { AMBIGUOUS, DISRUPTION_BUDGET, type ActionRecord } from './action-record.ts'
import type { Attempt } from './attempt.ts'
import { cancelled, failed } from './endings.ts'

const PATCH_FAILED = 'PatchFailed'

export interface NotDone {
  readonly operation: Operation
  readonly result: Exclude<WriteResult, { kind: 'Done' }>
  readonly try: 'DryRun' | 'Real'
}

export async function notDone(record: ActionRecord, { action, policy, view, deadline, doubt, steps, previous }: Attempt, { operation, result, try: which }: NotDone): Promise<ReconcileResult> {
  const { namespace } = action.spec.targetResource
  const target = describe(action.spec.targetResource)
  // While another try may still land (of a controller beside this one), a refusal may be its doing: the doubt stays.
  const because = (reason: string): string => (doubt === undefined ? reason : AMBIGUOUS)
  // The pods themselves tell what has become of each.
  if (steps !== undefined && ['Gone', 'Changed', 'Unknown'].includes(result.kind)) return record.progressed(action, steps)
  switch (result.kind) {
    case 'Gone':
      return doubt === undefined
        ? record.ended(action, policy, cancelled('TargetGone', `${target} went by itself`))
        : record.landed(action, doubt, 'found by reading after an interruption')
    // Its rights were reviewed a moment ago: it may also be an admission policy of the cluster.
    case 'Forbidden':
      return record.ended(action, policy, failed('HealerForbidden', `the API server forbids it to the healer of ${namespace}, or the controller to act as that healer: kubeskippy check says which. Apply the output of kubeskippy enable -n ${namespace} --print, or see which admission policy refuses it`))
    case 'Refused':
      return record.ended(action, policy, failed('WriteRefused', `the API server refused the write (${result.code})`))
    case 'BudgetRefused': {
      const message = `disruption budget ${budgetsOf(operation, view).join(', ')} allows no eviction of ${describe(operation.target)} now`
      // A dry run has its answer; there is nothing to wait for.
      return action.spec.dryRun
        ? record.ended(action, policy, failed(DISRUPTION_BUDGET, message))
        : record.delayed(action, { reason: because(DISRUPTION_BUDGET), message, after: previous }, deadline)
    }
    case 'Later':
      return record.delayed(action, { reason: because('Throttled'), message: 'the API server asked to come back later', asked: result.retryAfter }, deadline)
    case 'Changed':
      return record.delayed(action, { reason: because('TargetChanged'), message: `${result.what ?? target} changed between the look and the write`, first: millis(200) }, deadline)
    case 'Misfit': {
      const message = `the patch does not fit ${target} as it is now: one of its tests fails, or one of its paths is not there`
      // Judged anew once, on what is read then; what has not changed will not fit the next time either.
      return previous === PATCH_FAILED ? record.ended(action, policy, failed(PATCH_FAILED, message)) : record.delayed(action, { reason: because(PATCH_FAILED), message, first: millis(200) }, deadline)
    }
    case 'Unknown':
      return record.delayed(
        action,
        { reason: which === 'DryRun' ? because('Unreachable') : AMBIGUOUS, message: 'the answer of the API server was lost; the next look tells', first: millis(500), failed: true },
        deadline,
      )
    default:
      return result satisfies never
  }
}
