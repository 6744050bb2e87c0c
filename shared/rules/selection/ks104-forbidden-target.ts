import { knownKind, nameOf } from '../../api/v1alpha1/kinds.ts'
import { quoted } from '../../lib/text.ts'
import { acts, namespacePath, selectedNamespaces, selectedResources, type Finding, type Rule } from '../rule.ts'

export const ks104: Rule = {
  id: 'KS104',
  severity: 'E',
  noExemption: 'the guards before each act refuse it as well',
  title: 'No policy selects the operator itself, or kinds that hold data (PersistentVolumeClaims may be watched with mode monitor), credentials, access rights or whole namespaces.',
  why: 'what an action breaks there cannot be healed',
  fix: 'select the pods or workloads that are broken',
  check(policy, { installation }) {
    const kinds = selectedResources(policy).flatMap((resource, index): Finding[] => {
      const known = knownKind(resource)
      if (known?.forbidden === undefined) return []
      if (known.observed === true) {
        if (!acts(policy)) return []
        return [{ path: `spec.selector.resources[${index}].kind`, what: `${nameOf(resource)} must not be acted on`, why: known.forbidden, fix: 'watch it in a policy of its own with mode: monitor' }]
      }
      return [{ path: `spec.selector.resources[${index}].kind`, what: `${nameOf(resource)} must not be selected`, why: known.forbidden }]
    })
    const own = selectedNamespaces(policy).flatMap((namespace, index): Finding[] =>
      acts(policy) && namespace === installation.operatorNamespace
        ? [
            {
              path: namespacePath(policy, index),
              what: `${quoted(namespace, 63)} is the namespace of the operator itself`,
              why: 'a healer that restarts itself never finishes an action',
              fix: 'use mode monitor there',
            },
          ]
        : [],
    )
    return [...kinds, ...own]
  },
}
