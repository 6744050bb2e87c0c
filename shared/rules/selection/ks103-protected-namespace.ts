import { quoted } from '../../lib/text.ts'
import { heals, namespacePath, protectedNamespaces, selectedNamespaces, type Rule } from '../rule.ts'

export const ks103: Rule = {
  id: 'KS103',
  severity: 'E',
  noExemption: 'the guards before each act refuse it as well',
  title: 'No policy acts in a protected namespace, after an approval (mode manual) no more than by itself.',
  why: 'the cluster and its healer depend on what runs there, and an action at the wrong moment takes both down',
  fix: 'use mode monitor or dryrun there, and act by hand',
  check(policy, { installation }) {
    if (!heals(policy)) return []
    const closed = protectedNamespaces(installation)
    return selectedNamespaces(policy).flatMap((namespace, index) =>
      closed.has(namespace) ? [{ path: namespacePath(policy, index), what: `mode ${policy.spec.mode} in the protected namespace ${quoted(namespace, 63)}` }] : [],
    )
  },
}
