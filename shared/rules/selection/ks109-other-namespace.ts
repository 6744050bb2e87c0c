import { GROUP } from '../../api/v1alpha1/fields.ts'
import { healingPolicy } from '../../api/v1alpha1/healing-policy.schema.ts'
import { HEAL_VERB } from '../../api/v1alpha1/names.ts'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { quoted } from '../../lib/text.ts'
import type { AccessQuestion } from '../access.ts'
import type { Finding, Rule } from '../rule.ts'
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
        namespace === home ? [] : [{ path: `spec.selector.namespaces[${index}]`, home, question: { who: { healerOf: home }, namespace, apiGroup: GROUP, resource: healingPolicy.plural, verb: HEAL_VERB } }],
      )

export const ks109: Rule = {
  id: 'KS109',
  severity: 'E',
  title: "A policy selects in its own namespace, and in others that consent to its namespace's policies (the verb `heal` on healingpolicies for the policy namespace's account `kubeskippy-healer`).",
  why: 'whoever may write policies here would look at and act on workloads of other people',
  fix: 'whoever runs it lets policies of this namespace in: kubeskippy enable -n NAMESPACE --consent-to OWN',
  needs: 'cluster',
  asks: (policy) => strangers(policy).map(({ question }) => question),
  check: (policy, { access }) =>
    access === undefined
      ? []
      : strangers(policy).flatMap(({ path, home, question }): Finding[] => {
          const where = quoted(question.namespace, 63)
          const answer = access(question)
          if (answer === 'Allowed') return []
          if (answer === 'Unknown') return [{ path, what: `whether namespace ${where} consents to policies of ${quoted(home, 63)} could not be asked`, ...UNANSWERED }]
          return [{ path, what: `namespace ${where} does not consent to policies of ${quoted(home, 63)}`, fix: `whoever runs it applies the output of: kubeskippy enable -n ${question.namespace} --consent-to ${home} -o yaml` }]
        }),
}
