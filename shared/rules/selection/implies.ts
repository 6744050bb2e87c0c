/** When one label selector implies another: exact for single requirements, silent where it would have to search. */
import type { LabelSelector, LabelSelectorRequirement } from '../../lib/selector.ts'

const requirements = (selector: LabelSelector | undefined): LabelSelectorRequirement[] => [
  ...Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({ key, operator: 'In' as const, values: [value] })),
  ...(selector?.matchExpressions ?? []),
]

/** Whether every set of labels that `premise` matches is matched by `conclusion` too. False also when it cannot be seen. */
export function implies(premise: LabelSelector | undefined, conclusion: LabelSelector | undefined): boolean {
  const known = requirements(premise)
  return requirements(conclusion).every((wanted) => known.some((given) => given.key === wanted.key && impliesOne(given, wanted)))
}

function impliesOne(given: LabelSelectorRequirement, wanted: LabelSelectorRequirement): boolean {
  const has = given.values ?? []
  const asks = wanted.values ?? []
  const within = (values: readonly string[], set: readonly string[]): boolean => values.every((value) => set.includes(value))
  switch (wanted.operator) {
    case 'In':
      return given.operator === 'In' && within(has, asks)
    case 'NotIn':
      if (given.operator === 'In') return !has.some((value) => asks.includes(value))
      return given.operator === 'DoesNotExist' || (given.operator === 'NotIn' && within(asks, has))
    case 'Exists':
      return given.operator === 'Exists' || given.operator === 'In'
    case 'DoesNotExist':
      return given.operator === 'DoesNotExist'
    default:
      return wanted.operator satisfies never
  }
}
