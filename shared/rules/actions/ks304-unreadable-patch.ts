import { ACTS_ON, isOneOf, POD } from '../../api/v1alpha1/action-kinds.ts'
import { nameOf } from '../../api/v1alpha1/kinds.ts'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { parsePatch } from '../patches/parse.ts'
import { acts, selectedResources, type Finding, type Rule } from '../rule.ts'

export const ks304: Rule = {
  id: 'KS304',
  severity: 'E',
  title: 'A patch must be readable, of one form, and of a type that the kind takes.',
  why: 'it would fail when it is needed, or do something else than it seems to',
  fix: 'write YAML or JSON: a map for strategic and merge, a list of operations for json',
  check(policy) {
    if (!acts(policy)) return []
    return policy.spec.actions.flatMap(({ type, patchAction }, index): Finding[] => {
      if (type !== 'patch' || patchAction === undefined) return []
      const at = `spec.actions[${index}].patchAction`
      const parsed = parsePatch(patchAction)
      const unreadable = 'problems' in parsed ? parsed.problems.map(({ member, what }) => ({ path: `${at}.${member}`, what: `${member} ${what}` })) : []
      return [...unreadable, ...(patchAction.type === 'strategic' ? customKinds(policy, `${at}.type`) : [])]
    })
  },
}

/** The API server knows how to merge lists of its own kinds only. */
const customKinds = (policy: HealingPolicy, path: string): Finding[] =>
  selectedResources(policy)
    .filter((resource) => !isOneOf([POD, ...ACTS_ON.patch], resource) && isCustom(resource.apiVersion))
    .map((resource) => ({ path, what: `${nameOf(resource)} takes no strategic patch`, fix: 'write type: merge' }))

const isCustom = (apiVersion: string): boolean => {
  const [group = ''] = apiVersion.split('/')
  return group.includes('.') && !group.endsWith('.k8s.io')
}
