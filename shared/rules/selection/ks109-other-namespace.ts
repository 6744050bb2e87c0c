import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { quoted } from '../../lib/text.ts'
import type { AccessQuestion } from '../access.ts'
import { CONSENT_RULE } from '../ratchet.ts'
import { protectedNamespaces, type Finding, type Rule } from '../rule.ts'
import { consentQuestion } from './consent-question.ts'
import { UNANSWERED } from './ks108-author-may-not.ts'

interface Stranger {
  readonly path: string
  readonly home: string
  readonly question: AccessQuestion
}

/** The other namespaces, with what their consent is. */
const strangers = ({ metadata: { namespace: home }, spec }: HealingPolicy): readonly Stranger[] =>
  home === undefined
    ? []
    : (spec.selector.namespaces ?? []).flatMap((namespace, index) =>
        namespace === home ? [] : [{ path: `spec.selector.namespaces[${index}]`, home, question: consentQuestion(home, namespace) }],
      )

export const ks109: Rule = {
  id: CONSENT_RULE,
  severity: 'E',
  noExemption: 'consent is given by whoever runs the other namespace',
  title: "A policy selects in its own namespace, and in others that consent to its namespace's policies (the verb `heal` on healingpolicies for the policy namespace's account `kubeskippy-healer`).",
  why: 'whoever may write policies here would look at and act on workloads of other people',
  fix: 'whoever runs it lets policies of this namespace in: kubeskippy enable -n NAMESPACE --consent-to OWN',
  needs: 'cluster',
  asks: (policy) => strangers(policy).map(({ question }) => question),
  check: (policy, { access, installation }) =>
    access === undefined
      ? []
      : strangers(policy).flatMap(({ path, home, question }): Finding[] => {
          const where = quoted(question.namespace, 63)
          const answer = access(question)
          if (answer === 'Allowed') return []
          if (answer === 'Unknown') return [{ path, what: `whether namespace ${where} consents to policies of ${quoted(home, 63)} could not be asked`, ...UNANSWERED }]
          // What cannot be enabled consents to nobody.
          const closed = protectedNamespaces(installation)
          if (closed.has(question.namespace)) return [{ path, what: `namespace ${where} is protected, and consents to no policy`, why: 'the cluster and its healer depend on what runs there', fix: 'leave it out' }]
          if (closed.has(home)) return [{ path, what: `namespace ${quoted(home, 63)} is protected, and no other one can consent to its policies`, why: 'the cluster and its healer depend on what runs there', fix: `keep the policy in ${where}` }]
          return [{ path, what: `namespace ${where} does not consent to policies of ${quoted(home, 63)}`, fix: `whoever runs it applies the output of: kubeskippy enable -n ${question.namespace} --consent-to ${home} --print` }]
        }),
}
