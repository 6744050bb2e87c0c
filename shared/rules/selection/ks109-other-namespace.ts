import { quoted } from '../../lib/text.ts'
import { selectedNamespaces, type Rule } from '../rule.ts'

export const ks109: Rule = {
  id: 'KS109',
  severity: 'E',
  title: "A policy selects in its own namespace only.",
  why: 'whoever may write policies here would act on workloads of other people',
  fix: 'put a policy into each namespace',
  check(policy) {
    const own = policy.metadata.namespace
    return selectedNamespaces(policy).flatMap((namespace, index) =>
      namespace === own
        ? []
        : [{ path: `spec.selector.namespaces[${index}]`, what: `${quoted(namespace, 63)} is not the policy's own namespace${own === undefined ? '' : ` (${quoted(own, 63)})`}` }],
    )
  },
}
