import { isCustom, knownKind, nameOf, nearestKinds } from '../../api/v1alpha1/kinds.ts'
import { printable } from '../../lib/text.ts'
import { selectedResources, type Finding, type Rule } from '../rule.ts'

export const ks107: Rule = {
  id: 'KS107',
  severity: 'E',
  title: 'Selected kinds must be known, and namespaced. Custom resources are known to their API server only.',
  why: 'a policy with a wrong kind watches nothing and says nothing',
  fix: 'select v1 Pod, or apps/v1 Deployment, StatefulSet or DaemonSet',
  check: (policy) =>
    selectedResources(policy).flatMap((resource, index): Finding[] => {
      const path = `spec.selector.resources[${index}].kind`
      const known = knownKind(resource)
      if (known === undefined) {
        // Custom resources are known to their API server only; the status says when there are none.
        if (isCustom(resource)) return []
        const near = nearestKinds(resource)
        const fix = near.length > 0 ? { fix: `did you mean ${near.slice(0, 3).join(' or ')}?` } : {}
        return [{ path, what: `unknown kind ${printable(nameOf(resource), 80)}`, ...fix }]
      }
      if (known.namespaced || known.forbidden !== undefined) return []
      return [{ path, what: `${nameOf(known)} is cluster-scoped`, why: 'a HealingPolicy reaches objects of namespaces only' }]
    }),
}
