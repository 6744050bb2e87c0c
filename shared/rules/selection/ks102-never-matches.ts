import { nameOf } from '../../api/v1alpha1/kinds.ts'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { isLabelKey } from '../../lib/label-syntax.ts'
import { boxOf, impossibleKeys, isSatisfiable, requirementsOf } from '../../lib/selector-sets.ts'
import type { LabelSelector, LabelSelectorRequirement } from '../../lib/selector.ts'
import { printable, quoted } from '../../lib/text.ts'
import type { Finding, Rule } from '../rule.ts'
import { selectedSets } from './selected.ts'

export const ks102: Rule = {
  id: 'KS102',
  severity: 'E',
  title: 'Every label selector can match some object, and names are not excluded again where they are selected.',
  why: 'what can never match looks like a policy or a protection, and is none',
  fix: 'write requirements that one object can meet; several values of one key go into one In expression',
  check: (policy) => {
    const { selector, safetyRules } = policy.spec
    return [
      ...impossible(selector.labelSelector, 'spec.selector.labelSelector'),
      ...(safetyRules.protectedResources ?? []).flatMap(({ labelSelector }, index) => impossible(labelSelector, `spec.safetyRules.protectedResources[${index}].labelSelector`)),
      ...excludedNames(policy),
    ]
  },
}

function impossible(selector: LabelSelector | undefined, path: string): Finding[] {
  const malformed = (selector?.matchExpressions ?? []).flatMap(({ key }, index) => (isLabelKey(key) ? [] : [malformedKey(key, `${path}.matchExpressions[${index}].key`)]))
  const bad = Object.keys(selector?.matchLabels ?? {}).flatMap((key) => (isLabelKey(key) ? [] : [malformedKey(key, `${path}.matchLabels`)]))
  const contradicted = impossibleKeys(boxOf(selector)).filter(isLabelKey)
  return [...bad, ...malformed, ...contradicted.map((key) => ({ path, what: `no object can have the label ${quoted(key, 80)} ${inWords(requirementsOf(selector).filter((one) => one.key === key))}` }))]
}

const malformedKey = (key: string, path: string): Finding => ({
  path,
  what: `${quoted(key, 80)} cannot be the key of a label`,
  why: 'no object has it, so it selects nothing or everything',
  fix: 'write NAME or DNS.PREFIX/NAME with at most 63 characters of letters, digits, "-", "_" and "." in the name',
})

const OPERATORS = { In: 'in', NotIn: 'not in', Exists: 'present', DoesNotExist: 'absent' } as const

const inWords = (requirements: readonly LabelSelectorRequirement[]): string =>
  printable(requirements.map(({ operator, values = [] }) => `${OPERATORS[operator]}${operator === 'In' || operator === 'NotIn' ? ` (${values.join(', ')})` : ''}`).join(' and '), 200)

/** An entry of which nothing is left. */
function excludedNames(policy: HealingPolicy): Finding[] {
  return selectedSets({ ...policy, spec: { ...policy.spec, selector: { ...policy.spec.selector, labelSelector: {} } } }).flatMap(({ box, index, kind }) =>
    isSatisfiable(box)
      ? []
      : [{ path: `spec.selector.resources[${index}].names`, what: `every name of ${printable(nameOf(kind), 80)} that is selected is excluded again`, fix: 'take the names out of excludeNames, or the entry out of resources' }],
  )
}
