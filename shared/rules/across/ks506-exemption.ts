import { GROUP } from '../../api/v1alpha1/fields.ts'
import { healingPolicy } from '../../api/v1alpha1/healing-policy.schema.ts'
import { ALLOW_ANNOTATION, OVERRIDE_VERB } from '../../api/v1alpha1/names.ts'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { nearest, quoted, withinEdits } from '../../lib/text.ts'
import { ALLOW_LENGTH, allowParts, allowText, guardedIds, isId, overrideQuestion, ungrantedIds } from '../exemptions.ts'
import { EXEMPTION_RULE } from '../ratchet.ts'
import type { Finding, Rule, RuleContext } from '../rule.ts'
import { UNANSWERED } from '../selection/ks108-author-may-not.ts'

export const ALLOW_PATH = `metadata.annotations[${ALLOW_ANNOTATION}]`
const RESOURCE = `${healingPolicy.plural}.${GROUP}`
const EXAMPLE = 'KS302,KS501'

/** @param rules all of them, itself included: they are complete only when it is asked */
export const exemptionRule = (rules: () => readonly Rule[]): Rule => ({
  id: EXEMPTION_RULE,
  severity: 'F',
  alsoRefuses: true,
  title: `A policy is exempted from rules (annotation \`${ALLOW_ANNOTATION}: ${EXAMPLE}\`) by somebody with the verb \`${OVERRIDE_VERB}\` on ${healingPolicy.plural}, for what it says at that time; from rules about triggers (KS2nn) by anybody. The ids are those of rules.`,
  why: 'an exemption lets through what harmed somebody else before',
  fix: 'mend what the rule minds, or ask somebody who has the verb to apply the policy',
  needs: 'requester',
  noExemption: 'it is what guards exemptions',
  asks: (policy) => (guardedIds(policy).length === 0 ? [] : [overrideQuestion(policy)]),
  check: (policy, context) => [...misspelt(policy, rules()), ...ungranted(policy, context)],
})

function misspelt(policy: HealingPolicy, rules: readonly Rule[]): readonly Finding[] {
  const text = allowText(policy)
  if (text === undefined) return []
  const invalid = (what: string, why: string, fix: string): Finding => ({ path: ALLOW_PATH, severity: 'E', what, why, fix })
  if (text.length > ALLOW_LENGTH) return [invalid(`is longer than ${ALLOW_LENGTH} characters`, 'nobody reviews so many exemptions', 'exempt the policy from fewer rules')]
  return allowParts(policy).flatMap((part): Finding[] => {
    const why = 'an exemption with a wrong id does not do what its author believes'
    const rule = rules.find(({ id }) => id === part)
    if (rule?.noExemption !== undefined) return [invalid(`${part} knows no exemption`, rule.noExemption, rule.fix)]
    if (rule !== undefined) return []
    const near = nearestOf(part, rules.flatMap(({ id, noExemption: none }) => (none === undefined ? [id] : [])))
    const what = part === '' ? 'an id is missing' : isId(part) ? `${part} is no rule` : `${quoted(part, 20)} is no id of a rule`
    return [invalid(what, why, near === undefined ? `write ids separated by commas, such as ${EXAMPLE}` : `write ${near}, or take it away`)]
  })
}

/** What was meant without a doubt: in other letters, or the only one that is a slip of the finger away. Of one between two nobody knows. */
function nearestOf(part: string, ids: readonly string[]): string | undefined {
  const [best] = nearest(part, ids)
  const slips = ids.filter((id) => withinEdits(part, id, 1))
  return best !== undefined && withinEdits(part, best, 0) ? best : slips.length === 1 ? slips[0] : undefined
}

function ungranted(policy: HealingPolicy, { access, stored }: RuleContext): readonly Finding[] {
  const ids = access === undefined ? [] : ungrantedIds(policy, stored)
  const answer = ids.length === 0 ? 'Allowed' : access?.(overrideQuestion(policy))
  if (answer === 'Allowed') return []
  const list = ids.join(', ')
  const where = `namespace ${quoted(policy.metadata.namespace ?? '', 63)}`
  if (answer === 'Unknown') return [{ path: ALLOW_PATH, what: `whether you may ${OVERRIDE_VERB} ${RESOURCE} in ${where}, which an exemption from ${list} takes, could not be asked`, ...UNANSWERED }]
  const kept = stored !== undefined && ids.every((id) => guardedIds(stored).includes(id))
  return [{ path: ALLOW_PATH, what: `you may not ${OVERRIDE_VERB} ${RESOURCE} in ${where}, which an exemption from ${list} takes${kept ? ', and changing what an exempted policy does' : ''}` }]
}
