/** Every action, one line each. */
import type { ActionTemplate } from '../../shared/api/v1alpha1/types.ts'
import type { TargetView } from '../healing/snapshot.ts'
import type { Permission, Plan } from './action.ts'
import { restartAction } from './restart.ts'

const ACTIONS = { restart: restartAction } as const

/** undefined: the template has no body for its type. The schema keeps that out. */
export function plan(template: ActionTemplate, target: TargetView): Plan | undefined {
  const kind = ACTIONS[template.type]
  const args = kind.args(template)
  return args === undefined ? undefined : kind.plan(args, target)
}

/** What the healer must be allowed to do for any action, and what the controller may do on its behalf. */
export const healerPermissions: readonly Permission[] = Object.values(ACTIONS).flatMap(({ permissions }) => permissions)
