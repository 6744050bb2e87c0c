import { disallowed } from '../patches/allowed.ts'
import { parsePatch } from '../patches/parse.ts'
import { shown } from '../patches/paths.ts'
import { acts, type Finding, type Rule } from '../rule.ts'

export const ks303: Rule = {
  id: 'KS303',
  severity: 'E',
  title: 'A patch touches only fields of the allow-list, and never privileged ones.',
  why: 'whoever may write policies would else decide what runs, as whom, and on what',
  fix: 'patch annotations, labels outside the selector, resources, replicas, literal values of the environment, terminationGracePeriodSeconds or timings of probes',
  check(policy, { installation }) {
    if (!acts(policy)) return []
    return policy.spec.actions.flatMap(({ type, patchAction }, index): Finding[] => {
      const parsed = type === 'patch' && patchAction !== undefined ? parsePatch(patchAction) : { problems: [] }
      // KS304 is about what cannot be read.
      if ('problems' in parsed) return []
      const path = `spec.actions[${index}].patchAction.${patchAction?.patches === undefined ? 'patch' : 'patches'}`
      const bad = parsed.touches.flatMap((touch) => disallowed(touch, { allowList: installation.patchAllowList }) ?? [])
      return bad.map(({ path: field, why }) => ({ path, what: `touches ${shown(field)}: ${why}` }))
    })
  },
}
