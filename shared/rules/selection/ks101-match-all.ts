import { nameOf } from '../../api/v1alpha1/kinds.ts'
import { isEmptySelector, matchesLabels, type LabelSelector } from '../../lib/selector.ts'
import { CONTROLLERS_LABELS } from '../../api/v1alpha1/controllers-labels.ts'
import { acts, selectedResources, type Rule } from '../rule.ts'

/** What matches an object without any label asks for none to be there. Whatever else it says, it only excludes. */
const matchesUnlabelled = (selector: LabelSelector): boolean => matchesLabels(selector, {})

type Requirement = NonNullable<LabelSelector['matchExpressions']>[number]

/** That a label exists which controllers put on all that they make of the kind. One of its values says more. */
const isMetByAll = ({ key, operator }: Requirement, kind: string): boolean => operator === 'Exists' && CONTROLLERS_LABELS.get(key)?.has(kind) === true

/** What it asks of objects of the kind that not all of them meet anyway. */
const asksOf = (selector: LabelSelector, kind: string): LabelSelector => ({ ...selector, matchExpressions: (selector.matchExpressions ?? []).filter((one) => !isMetByAll(one, kind)) })

export const ks101: Rule = {
  id: 'KS101',
  severity: 'E',
  noExemption: 'empty is never all: the controller selects nothing by it',
  title: 'A policy that acts must say by label or by name what it acts on.',
  why: 'empty never means all: one broken rollout would become actions all over the namespace',
  fix: 'add matchLabels, an In or Exists expression on a label of the application, or names for each resource; or use mode monitor',
  check(policy) {
    const { labelSelector = {} } = policy.spec.selector
    if (!acts(policy)) return []
    const unnamed = selectedResources(policy).filter(({ names }) => names === undefined || names.length === 0)
    const kinds = [...new Set(unnamed.map(nameOf))].filter((kind) => matchesUnlabelled(asksOf(labelSelector, kind)))
    if (kinds.length === 0) return []
    const keys = (labelSelector.matchExpressions ?? []).filter((one) => kinds.some((kind) => isMetByAll(one, kind))).map(({ key }) => key)
    const list = kinds.join(', ')
    const what =
      keys.length > 0
        ? `asks for no label but ${[...new Set(keys)].join(', ')}, which controllers put on all that they make, so it selects nearly every ${list}`
        : isEmptySelector(labelSelector)
          ? `selects every ${list}`
          : `only excludes labels, so it selects nearly every ${list}`
    return [{ path: 'spec.selector.labelSelector', what }]
  },
}
