import { nameOf } from '../../api/v1alpha1/kinds.ts'
import { isEmptySelector, matchesLabels, type LabelSelector } from '../../lib/selector.ts'
import { acts, selectedResources, type Rule } from '../rule.ts'

/** What matches an object without any label asks for none to be there. Whatever else it says, it only excludes. */
const matchesUnlabelled = (selector: LabelSelector = {}): boolean => matchesLabels(selector, {})

export const ks101: Rule = {
  id: 'KS101',
  severity: 'E',
  noExemption: 'empty is never all: the controller selects nothing by it',
  title: 'A policy that acts must say by label or by name what it acts on.',
  why: 'empty never means all: one broken rollout would become actions all over the namespace',
  fix: 'add matchLabels, an In or Exists expression, or names for each resource; or use mode monitor',
  check(policy) {
    const { labelSelector } = policy.spec.selector
    if (!acts(policy) || !matchesUnlabelled(labelSelector)) return []
    const unnamed = selectedResources(policy).filter(({ names }) => names === undefined || names.length === 0)
    if (unnamed.length === 0) return []
    const kinds = [...new Set(unnamed.map(nameOf))].join(', ')
    const negative = !isEmptySelector(labelSelector)
    const what = negative ? `only excludes labels, so it selects nearly every ${kinds}` : `selects every ${kinds}`
    return [{ path: 'spec.selector.labelSelector', what }]
  },
}
