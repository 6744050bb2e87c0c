import { knownKind, nameOf } from '../../api/v1alpha1/kinds.ts'
import { quoted } from '../../lib/text.ts'
import { acts, namespacePath, selectedNamespaces, selectedResources, type Finding, type Rule } from '../rule.ts'

export const ks104: Rule = {
  id: 'KS104',
  severity: 'E',
  title: 'No policy selects the operator itself, or kinds that hold data, credentials, access rights or whole namespaces.',
  why: 'what an action breaks there cannot be healed',
  fix: 'select the pods or workloads that are broken',
  check(policy, { installation }) {
    const kinds = selectedResources(policy).flatMap((resource, index): Finding[] => {
      const forbidden = knownKind(resource)?.forbidden
      if (forbidden === undefined) return []
      return [{ path: `spec.selector.resources[${index}].kind`, what: `${nameOf(resource)} must not be selected`, why: forbidden }]
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
