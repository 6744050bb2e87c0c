import { isOneOf } from '../../api/v1alpha1/action-kinds.ts'
import { boxOf, isCovered, isSatisfiable, oneOf } from '../../lib/selector-sets.ts'
import { acts, type Rule } from '../rule.ts'
import { selectedSets } from './selected.ts'

export const ks105: Rule = {
  id: 'KS105',
  severity: 'E',
  title: 'Protections must leave something to act on: what is selected must not lie within all of them together.',
  why: 'the policy looks active and can never act, so nobody else looks after the workload',
  fix: 'narrow protectedResources, or use mode monitor',
  check(policy) {
    const protections = policy.spec.safetyRules.protectedResources ?? []
    // What can never match is another rule's.
    const sets = selectedSets(policy).filter(({ box }) => isSatisfiable(box))
    if (!acts(policy) || sets.length === 0) return []
    const nothingLeft = sets.every(({ kind, box }) => {
      const covers = protections.filter((entry) => isOneOf([entry], kind)).map(({ names, labelSelector }) => boxOf(labelSelector, names === undefined ? undefined : oneOf(names)))
      // What takes too long to tell counts as something left.
      return isCovered(box, covers) === true
    })
    return nothingLeft ? [{ path: 'spec.safetyRules.protectedResources', what: 'everything that is selected is protected' }] : []
  },
}
