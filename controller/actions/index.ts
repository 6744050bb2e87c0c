/** Every action, one line each. */
import { everyWriteOf, permissionsOf, writesTo, type Permission, type WriteKind } from '../../shared/rules/action-writes.ts'
import type { KindReference } from '../../shared/api/v1alpha1/kinds.ts'
import type { ActionTemplate } from '../../shared/api/v1alpha1/types.ts'
import { parseDuration } from '../../shared/lib/duration.ts'
import { hours, minutes, type Millis } from '../../shared/lib/time.ts'
import { diff, MOST_CHANGES } from '../../shared/rules/patches/changes.ts'
import type { TargetView } from '../healing/snapshot.ts'
import type { ActionKind, DryRun, Expectation, Plan, PlanContext, Unplannable } from './action.ts'
import { deleteAction } from './delete.ts'
import { evictAction } from './evict.ts'
import { told } from './diff.ts'
import { judgeDryRun, patchAction, shownChanges } from './patch.ts'
import { restartAction } from './restart.ts'
import { scaleAction } from './scale.ts'
import { EVICTS_TOO, turnoverPlan } from './turnover.ts'

const ACTIONS = { restart: restartAction, evict: evictAction, delete: deleteAction, scale: scaleAction, patch: patchAction } as const

/** How long a refused write is tried again before the next rung follows. */
export const ACTION_TIMEOUT = minutes(10)

/** The kind of the template with its arguments, whatever they are. */
function withArgs<Result>(template: ActionTemplate, use: <Args>(kind: ActionKind<Args>, args: Args) => Result): Result | undefined {
  const open = <Args>(kind: ActionKind<Args>): Result | undefined => {
    const args = kind.args(template)
    return args === undefined ? undefined : use(kind, args)
  }
  switch (template.type) {
    case 'restart':
      return open(ACTIONS.restart)
    case 'evict':
      return open(ACTIONS.evict)
    case 'delete':
      return open(ACTIONS.delete)
    case 'scale':
      return open(ACTIONS.scale)
    case 'patch':
      return open(ACTIONS.patch)
    default:
      return template.type satisfies never
  }
}

/** undefined: the template has no body for its type. The schema keeps that out. */
export function plan(template: ActionTemplate, target: TargetView, context: PlanContext): Plan | Unplannable | undefined {
  // Once the template is written, what is left to do is the same for every action.
  if (context.stepsDone > 0 && target.shape === 'Workload' && expectationOf(template, target.ref) === 'turnover') return turnoverPlan(target, context)
  return withArgs(template, (kind, args) => kind.plan(args, target, context))
}

/** What a person is shown before it is done; nothing when it cannot be planned. */
export function changesOf(template: ActionTemplate, target: TargetView, action: string): Plan['changes'] {
  const evicts = target.shape === 'Workload' && target.podManagement === 'OrderedReady' && expectationOf(template, target.ref) === 'turnover'
  return [...plannedChanges(template, target, action), ...(evicts ? [EVICTS_TOO] : [])]
}

function plannedChanges(template: ActionTemplate, target: TargetView, action: string): Plan['changes'] {
  if (template.type === 'patch') return template.patchAction === undefined ? [] : shownChanges(template.patchAction)
  const planned = plan(template, target, { now: target.createdAt, action, pods: [], object: undefined, allowList: [], selectorKeys: new Set(), begunAt: undefined, stepsDone: 0, healthCheckTimeout: ACTION_TIMEOUT })
  return planned === undefined || 'refusal' in planned ? [] : planned.changes
}

/** What the dry run of a patch says: more than the plan, which has not seen the object's webhooks and lists. */
export function afterDryRun(template: ActionTemplate, target: TargetView, after: unknown, context: PlanContext): DryRun | Unplannable | Pick<Plan, 'changes'> {
  if (template.type === 'patch') return judgeDryRun(target, after, context)
  return { changes: diff(context.object, after).slice(0, MOST_CHANGES).map(told) }
}

/** What verification waits for. */
export const expectationOf = (template: ActionTemplate, target: KindReference): Expectation => withArgs(template, (kind, args) => kind.expects(args, target)) ?? 'quiet'

const writesOf = (template: ActionTemplate, target: KindReference): readonly WriteKind[] => withArgs(template, () => writesTo(template, target)) ?? []

/** The rights that this action needs for this target, of a kind that is known here. */
export const permissionsFor = (template: ActionTemplate, target: KindReference): readonly Permission[] => permissionsOf(writesOf(template, target))

/** Whether the action is for targets of this kind at all. */
export const fits = (template: ActionTemplate, target: KindReference): boolean => writesOf(template, target).length > 0

/** Pod after pod takes its time; each replacement has a limit of its own. */
const GRACEFUL_TIMEOUT = hours(1)

export function timeoutOf(template: ActionTemplate, target: KindReference): Millis {
  const { type, evictAction, restartAction } = template
  const podByPod = (type === 'restart' && restartAction?.strategy === 'graceful') || expectationOf(template, target) === 'turnover'
  return parseDuration(evictAction?.timeout ?? '') ?? (podByPod ? GRACEFUL_TIMEOUT : ACTION_TIMEOUT)
}

const everyWrite = (Object.keys(ACTIONS) as ActionTemplate['type'][]).flatMap(everyWriteOf)

/** What the healer must be allowed to do for all actions together, on kinds that every cluster has. */
export const healerPermissions: readonly Permission[] = permissionsOf(everyWrite)
