/** Exemptions, as far as they can be told of without a server: who applies the policy, and with what rights, nobody knows. Pure. */
import { GROUP } from '../../shared/api/v1alpha1/fields.ts'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { OVERRIDE_VERB } from '../../shared/api/v1alpha1/names.ts'
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { quoted } from '../../shared/lib/text.ts'
import { ALLOW_PATH } from '../../shared/rules/across/ks506-exemption.ts'
import { guardedIds, needsVerb } from '../../shared/rules/exemptions.ts'
import { EXEMPTION_RULE } from '../../shared/rules/ratchet.ts'
import type { Violation } from '../../shared/rules/violation.ts'
import type { Remark } from './finding.ts'

type Exempted = Pick<HealingPolicy, 'metadata'>

const RIGHT = `${OVERRIDE_VERB} on ${healingPolicy.plural}.${GROUP}`
const rightIn = ({ metadata: { namespace } }: Exempted): string => (namespace === undefined ? `${RIGHT} in its namespace` : `${RIGHT} in namespace ${quoted(namespace, 63)}`)

/** The annotation itself: the API server refuses it, whatever the rules find. */
export function ungrantedOffline(policy: Exempted): readonly Remark[] {
  const ids = guardedIds(policy)
  if (ids.length === 0) return []
  return [
    {
      rule: EXEMPTION_RULE,
      level: 'warning',
      path: ALLOW_PATH,
      what: `exempts from ${ids.join(', ')}`,
      why: 'who applies it is not known here',
      fix: 'have somebody apply it who has that permission, or take the annotation away; kubeskippy lint --server asks about you',
      refusedWithout: rightIn(policy),
    },
  ]
}

export const refusedWithout = (policy: Exempted, { rule, lowered }: Pick<Violation, 'rule' | 'lowered'>): Pick<Remark, 'refusedWithout'> =>
  lowered === 'Exempted' && needsVerb(rule) ? { refusedWithout: rightIn(policy) } : {}

/** The same remarks where the API server was asked, which knows who sends the object. */
export const whereAsked = (remarks: readonly Remark[]): readonly Remark[] =>
  remarks.flatMap(({ refusedWithout: right, ...rest }) => (right !== undefined && rest.rule === EXEMPTION_RULE ? [] : [rest]))
