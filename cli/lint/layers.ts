/** What the lint can tell: the rules of the registry, and what is checked around them. As rules, so that they can be explained. */
import { BEYOND, BEYOND_TEXTS, type BeyondText } from '../../shared/rules/beyond.ts'
import { RULES } from '../../shared/rules/registry.ts'
import type { Rule } from '../../shared/rules/rule.ts'
import type { Unchecked } from './finding.ts'

export interface RuleText extends Pick<Rule, 'id' | 'severity' | 'title' | 'why' | 'fix' | 'alsoWarns' | 'alsoRefuses' | 'needs' | 'partlyNeeds' | 'noExemption' | 'partlyNoExemption'>, Partial<Pick<BeyondText, 'by' | 'optional'>> {
  /** Why the lint makes an error of what the door warns about: a part of a sentence. */
  readonly errorHere?: string
}

/** More than the rule of that id: kubectl refuses what the door could at most warn about. */
const unknown = {
  id: 'KS505',
  severity: 'E',
  title: 'The file has no fields that the API does not know.',
  why: 'kubectl refuses it, and where nobody validates (Helm, Argo CD) the field is dropped without a word: a limit with a mistake in its name limits nothing',
  fix: 'correct its name, or remove it',
  optional: true,
} as const satisfies RuleText

export const LAYERS = { ...BEYOND, unknown } as const

/** All that any program of this one says, by id, in order. A rule of the registry that is also a layer is told as the registry does. */
export const RULE_TEXTS: readonly RuleText[] = [...BEYOND_TEXTS, ...RULES.map((rule): RuleText => ({ ...rule, ...(rule.id === unknown.id ? { optional: true, errorHere: unknown.why } : {}) }))].toSorted((a, b) => (a.id < b.id ? -1 : 1))

export const ruleText = (id: string): RuleText | undefined => RULE_TEXTS.find((rule) => rule.id === id)

/** What is about policies, and cannot be known offline. */
export const UNCHECKED: readonly Unchecked[] = [...RULES, BEYOND.approvers]
  .flatMap(({ id, needs, ...rest }): Unchecked[] => {
    const partlyNeeds = 'partlyNeeds' in rest ? rest.partlyNeeds : undefined
    return needs !== undefined ? [{ rule: id, needs }] : partlyNeeds !== undefined ? [{ rule: id, needs: partlyNeeds, partly: true }] : []
  })
  .toSorted((a, b) => (a.rule < b.rule ? -1 : 1))
