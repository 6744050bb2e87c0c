/**
 * restart. A pod is evicted, and its controller makes a new one: only eviction respects a disruption budget. A workload
 * gets a new revision by an annotation of its template, which is the action's name: written twice it changes nothing.
 */
import { ACTS_ON, isOneOf, POD } from '../../shared/api/v1alpha1/action-kinds.ts'
import { GROUP } from '../../shared/api/v1alpha1/fields.ts'
import type { ActionTemplate } from '../../shared/api/v1alpha1/types.ts'
import { describe } from '../healing/owners.ts'
import type { WorkloadView } from '../healing/snapshot.ts'
import { renewalPlan } from './renewal.ts'
import type { ActionKind, Plan, PlanContext, Unplannable } from './action.ts'
import { laterOf, rolloutOf } from './turnover.ts'
import { evictionPlan, refuse } from './evict.ts'
import { intentOf, pointer, valueAt } from './fields.ts'

type RestartArgs = NonNullable<ActionTemplate['restartAction']>

/** In the template of a workload: the HealingAction that restarted it. */
export const RESTARTED_BY = `${GROUP}/restarted-by`

const ROLLING = ACTS_ON.restart

export const restartAction: ActionKind<RestartArgs> = {
  type: 'restart',
  args: (template) => template.restartAction,
  expects: ({ strategy }, target) => (isOneOf([POD], target) ? 'replacement' : strategy === 'rolling' ? rolloutOf(target) : 'renewal'),
  plan: ({ strategy, maxConcurrent, gracePeriodSeconds }, target, context) => {
    if (target.shape === 'Pod') return evictionPlan(target, gracePeriodSeconds)
    if (target.shape !== 'Workload' || !isOneOf(ROLLING, target.ref)) return refuse('Unsupported', `${describe(target.ref)} cannot be restarted`)
    switch (strategy) {
      case 'rolling':
        return rollingPlan(target, context)
      case 'graceful':
        return renewalPlan(target, { gracePeriodSeconds, maxConcurrent: withOneLeft(maxConcurrent ?? 1, target), each: 'Ready' }, context)
      case 'recreate':
        return renewalPlan(target, { gracePeriodSeconds, maxConcurrent: Number.MAX_SAFE_INTEGER, each: 'Made' }, context)
      default:
        return strategy satisfies never
    }
  },
}

/** All of them at once is recreate, which a person has to want; of one pod there is no other way. */
const withOneLeft = (wanted: number, { replicas }: WorkloadView): number => Math.min(wanted, Math.max(1, replicas - 1))

/** Why a new template would replace no pod, or not all of them: the API server takes it in all these cases. */
export function withoutEffect(target: WorkloadView): Unplannable | undefined {
  if (target.paused) return refuse('WorkloadPaused', `${describe(target.ref)} is paused (spec.paused): a new revision would not be rolled out`)
  if (target.updateStrategy === 'OnDelete') return refuse('OnDelete', `${describe(target.ref)} has the update strategy OnDelete: a new revision would replace no pod`)
  if (target.partition > 0) return refuse('Partitioned', `${describe(target.ref)} has partition ${target.partition}: a new revision would not reach all of its pods`)
  return undefined
}

const STAMP = pointer(['spec', 'template', 'metadata', 'annotations', RESTARTED_BY])

function rollingPlan(target: WorkloadView, { action, object, pods }: PlanContext): Plan | Unplannable {
  const refusal = withoutEffect(target)
  if (refusal !== undefined) return refusal
  const annotation = { [RESTARTED_BY]: action }
  return {
    operations: [
      {
        kind: 'patch',
        target: target.ref,
        preconditions: { uid: target.ref.uid, resourceVersion: target.resourceVersion },
        patch: { type: 'merge', body: { spec: { template: { metadata: { annotations: annotation } } } } },
      },
    ],
    changes: [{ field: `spec.template.metadata.annotations[${RESTARTED_BY}]`, newValue: action }],
    intent: [intentOf(STAMP, valueAt(object, STAMP), action)],
    ...laterOf(target, pods),
  }
}
