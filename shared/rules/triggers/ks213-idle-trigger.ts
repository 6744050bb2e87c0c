import { quoted } from '../../lib/text.ts'
import { rungsOf } from '../ladder.ts'
import { acts, type Finding, type Rule } from '../rule.ts'

export const ks213: Rule = {
  id: 'KS213',
  severity: 'W',
  title: 'Each trigger of a policy that acts leads to an action.',
  why: 'it fires, the status says so, and nothing is done',
  fix: 'name it in triggers of an action, or watch it in a policy of its own with mode: monitor',
  check: (policy) =>
    acts(policy)
      ? policy.spec.triggers.flatMap(({ name }, index): Finding[] => (rungsOf(policy, name).length > 0 ? [] : [{ path: `spec.triggers[${index}].name`, what: `no action is for trigger ${quoted(name, 63)}` }]))
      : [],
}
