import { existsSync, readFileSync } from 'node:fs'
import { ALLOW_ANNOTATION, OVERRIDE_VERB } from '../../shared/api/v1alpha1/names.ts'
import { needsVerb } from '../../shared/rules/exemptions.ts'
import { MECHANISMS } from '../../shared/rules/mechanisms.ts'
import { BEYOND_TEXTS, UNUSED_IDS, type BeyondText } from '../../shared/rules/beyond.ts'
import { RULE_GROUPS, RULES } from '../../shared/rules/registry.ts'
import type { Rule } from '../../shared/rules/rule.ts'
import type { Severity } from '../../shared/rules/violation.ts'
import { markdownFile, type GeneratedFile } from './generator.ts'

const SEVERITIES = { E: 'refused (422 Invalid)', F: 'refused (403 Forbidden)', W: 'warning' } as const

/** `docs/reference/rules.md`, from the registry and the samples. */
export const ruleReference: GeneratedFile = markdownFile('docs/reference/rules.md', () =>
  [
    '# Rules',
    'What the front door checks beyond the schema. The same rules run at the door and in the controller before it acts, but for those that need the API server, which say so. On an update that changes metadata only or lowers the mode, violations are warnings, and so are those that were there before when it only makes the policy do less: lower limits, longer cooldowns, more protections, a narrower selector ([exemptions](../guide/exemptions.md#what-may-change-while-a-rule-is-broken)). An update after which the policy is suspended is refused for nothing but other people\'s rights and consent (403, and KS109), and suspending alone not for these either; one that lets it go on is judged as a new policy.',
    '| rule | severity | what |\n|---|---|---|\n' +
      [...BEYOND_TEXTS, ...RULES].toSorted((a, b) => (a.id < b.id ? -1 : 1)).map((rule) => `| [${rule.id}](#${rule.id.toLowerCase()}) | ${severitiesOf(rule).join(', ')} | ${rule.title} |`).join('\n'),
    ...RULE_GROUPS.flatMap(({ name, rules }) => [`## ${name}`, ...rules.map(section)]),
    '## Around the rules',
    'Ids that others say than the rules, in the same words.',
    ...BEYOND_TEXTS.flatMap(beyondSection),
    '## Numbers that nothing says',
    'They are kept, so that no number ever means two things.',
    `| id | what it is for | why nothing says it |\n|---|---|---|\n${UNUSED_IDS.map(({ id, title, why }) => `| ${id} | ${title} | ${why} |`).join('\n')}`,
  ].join('\n\n'),
)

const severitiesOf = ({ severity, alsoWarns, alsoRefuses }: Pick<Rule, 'severity' | 'alsoWarns' | 'alsoRefuses'>): readonly Severity[] => [...(alsoRefuses === true ? (['E'] as const) : []), severity, ...(alsoWarns === true ? (['W'] as const) : [])]

const NEEDS = {
  cluster: 'the cluster: not checked offline.',
  requester: 'to know who sends the policy: checked at the door alone.',
} as const

const PARTLY = { cluster: 'A part of it needs the cluster, and is not checked offline.' } as const
const ASKS = ' The door asks the API server who may do what (SubjectAccessReview), and refuses when it gets no answer.'
const BESIDE = ' Where the door cannot see the other policies it is not checked; the controller looks again. The last document of a sample is the policy, those before it are what else is in the cluster.'

/** Its samples say what else is there. */
const beside = (id: string): boolean => sampleText('invalid', id).includes('\n---\n')

/** Of a warning nobody has to be exempted. */
function exemptionOf({ id, severity, noExemption, partlyNoExemption }: Rule): string {
  if (noExemption !== undefined) return `\n- Exemption: none; ${noExemption}.`
  if (severity === 'W') return ''
  return `\n- Exemption: the annotation \`${ALLOW_ANNOTATION}: ${id}\` on the policy makes a warning of it; ${needsVerb(id) ? `whoever writes it needs the verb \`${OVERRIDE_VERB}\` on healingpolicies ([KS506](#ks506))` : 'nobody has to be asked'}${partlyNoExemption === undefined ? '' : `. None for ${partlyNoExemption}`}.`
}

const sampleFile = (kind: 'valid' | 'warned' | 'invalid', id: string): URL => new URL(`../../config/samples/${kind}/rules/${id.toLowerCase()}.yaml`, import.meta.url)
const sampleText = (kind: 'valid' | 'invalid', id: string): string => readFileSync(sampleFile(kind, id), 'utf8')

/** Of a rule that refuses: what it only warns about, where a file alone can show it. */
const warned = (id: string): readonly string[] => (existsSync(sampleFile('warned', id)) ? ['Warned about:', fenced(readFileSync(sampleFile('warned', id), 'utf8'))] : [])

const beyondSection = (text: BeyondText): readonly string[] => {
  const { id, title, why, fix, needs, by, noExemption } = text
  const needed = needs === 'cluster' ? '\n- Needs the cluster: not checked offline.' : ''
  return [`### ${id}`, title, `- Severity: ${severitiesOf(text).map((each) => `${each}, ${SEVERITIES[each]}`).join('; ')}\n- Why: ${why}.\n- What happens: ${MECHANISMS[id] ?? ''}\n- Instead: ${fix}.\n- Told by: ${by}.${needed}\n- Exemption: none; ${noExemption}.`]
}

const section = (rule: Rule): string => {
  const { id, severity, alsoRefuses, title, why, fix, needs, partlyNeeds, asks } = rule
  const needed = needs === undefined ? (partlyNeeds === undefined ? '' : `\n- ${PARTLY[partlyNeeds]}`) : `\n- ${alsoRefuses === true ? `What is ${severity} needs` : 'Needs'} ${NEEDS[needs]}`
  return [
    `### ${id}`,
    title,
    `- Severity: ${severitiesOf(rule).map((each) => `${each}, ${SEVERITIES[each]}`).join('; ')}\n- Why: ${why}.\n- What happens: ${MECHANISMS[id] ?? ''}\n- Instead: ${fix}.${needed}${beside(id) ? BESIDE : asks === undefined ? '' : ASKS}${exemptionOf(rule)}`,
    `${severity === 'W' ? 'Warned about' : 'Refused'}:`,
    fenced(sampleText('invalid', id)),
    ...warned(id),
    'Accepted:',
    fenced(sampleText('valid', id)),
  ].join('\n\n')
}

const fenced = (text: string): string => `\`\`\`yaml\n${text.trim()}\n\`\`\``
