/** What the lint checks beside the rules of the registry: reading, and the first layers of the API server. As rules, so that they can be explained. */
import { RULES } from '../../shared/rules/registry.ts'
import type { Rule } from '../../shared/rules/rule.ts'

export interface RuleText extends Pick<Rule, 'id' | 'severity' | 'title' | 'why' | 'fix' | 'alsoWarns' | 'needs' | 'partlyNeeds'> {
  /** No door refuses it: a configuration may make it less than an error. */
  readonly optional?: true
}

export const LAYERS = {
  shape: {
    id: 'KS001',
    severity: 'E',
    title: 'The object has the shape of its schema.',
    why: 'the API server refuses it before any rule is asked',
    fix: 'see kubectl explain healingpolicy.spec --recursive',
  },
  cel: {
    id: 'KS002',
    severity: 'E',
    title: 'Fields of the object fit each other, as the schema says in CEL.',
    why: 'the API server refuses it before any rule is asked',
    fix: 'see kubectl explain healingpolicy.spec --recursive',
  },
  repeated: {
    id: 'KS003',
    severity: 'W',
    title: 'No key is written twice in one map.',
    why: 'only the last one counts, and nobody is told what was lost',
    fix: 'keep one of them',
    optional: true,
  },
  server: {
    id: 'KS004',
    severity: 'E',
    title: 'Nothing else of the cluster refuses the object, or warns about it: quotas, admission policies, webhooks of others.',
    why: 'it could not be written',
    fix: 'see what was said',
    alsoWarns: true,
    needs: 'cluster',
  },
  unknown: {
    id: 'KS505',
    severity: 'E',
    title: 'The file has no fields that the API does not know.',
    why: 'kubectl refuses it, and where nobody validates (Helm, Argo CD) the field is dropped without a word: a limit with a mistake in its name limits nothing',
    fix: 'correct its name, or remove it',
    optional: true,
  },
} as const satisfies Record<string, RuleText>

/** All that can be found, by id, in order. A rule of the registry that is also a layer is told as the registry does. */
export const RULE_TEXTS: readonly RuleText[] = [
  ...Object.values(LAYERS).filter(({ id }) => RULES.every((rule) => rule.id !== id)),
  ...RULES.map((rule): RuleText => ({ ...rule, ...(rule.id === LAYERS.unknown.id ? { optional: true } : {}) })),
].toSorted((a, b) => (a.id < b.id ? -1 : 1))

export const ruleText = (id: string): RuleText | undefined => RULE_TEXTS.find((rule) => rule.id === id)
