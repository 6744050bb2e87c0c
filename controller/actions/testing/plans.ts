/** For the tables of the actions. Tests only. */
import type { ActionTemplate } from '../../../shared/api/v1alpha1/types.ts'
import { DEFAULT_PATCH_ALLOW_LIST } from '../../../shared/rules/patches/allowed.ts'
import { minutes } from '../../../shared/lib/time.ts'
import { T0 } from '../../healing/testing/builders.ts'
import type { TargetView } from '../../healing/snapshot.ts'
import type { Plan, PlanContext } from '../action.ts'
import { plan } from '../index.ts'

const context = (overrides: Partial<PlanContext>): PlanContext => ({ now: T0, action: 'act-1', pods: [], object: {}, allowList: DEFAULT_PATCH_ALLOW_LIST, selectorKeys: new Set(), begunAt: undefined, stepsDone: 0, healthCheckTimeout: minutes(5), ...overrides })

export function planned(template: ActionTemplate, target: TargetView, overrides: Partial<PlanContext> = {}): Plan {
  const result = plan(template, target, context(overrides))
  if (result === undefined || 'refusal' in result) throw new Error(`no plan: ${result?.refusal.message ?? 'no body'}`)
  return result
}

/** `reason: message`. */
export function refused(template: ActionTemplate, target: TargetView, overrides: Partial<PlanContext> = {}): string {
  const result = plan(template, target, context(overrides))
  if (result === undefined || !('refusal' in result)) throw new Error('it is planned')
  return `${result.refusal.reason}: ${result.refusal.message}`
}
