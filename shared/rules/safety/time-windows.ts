/** Every time window of a policy, with where the author wrote it. */
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import type { TimeWindowText } from '../../lib/time-window.ts'

export interface WrittenWindow {
  readonly path: string
  readonly text: TimeWindowText
}

export function writtenWindows({ spec: { safetyRules } }: HealingPolicy): readonly WrittenWindow[] {
  const { schedules = [], budgets = [] } = safetyRules
  return [
    ...schedules.map(({ during }, index) => ({ path: `spec.safetyRules.schedules[${index}].during`, text: during })),
    ...budgets.flatMap(({ during }, index) => (during === undefined ? [] : [{ path: `spec.safetyRules.budgets[${index}].during`, text: during }])),
  ]
}
