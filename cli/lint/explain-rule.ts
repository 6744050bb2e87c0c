/** `kubeskippy lint --explain KS303`: the rule from the registry, with an example of both. */
import { nearest, quoted } from '../../shared/lib/text.ts'
import { ALLOW_ANNOTATION, OVERRIDE_VERB } from '../../shared/api/v1alpha1/names.ts'
import { UNUSED_IDS } from '../../shared/rules/beyond.ts'
import { needsVerb } from '../../shared/rules/exemptions.ts'
import { MECHANISMS } from '../../shared/rules/mechanisms.ts'
import { DONE, MISUSED } from '../command.ts'
import type { CliEnvironment } from '../environment.ts'
import { RULE_TEXTS, ruleText, type RuleText } from './layers.ts'

const SEVERITIES = { E: 'refused (422 Invalid)', F: 'refused (403 Forbidden)', W: 'a warning' } as const
const NEEDS = { cluster: 'the cluster: it is not checked offline', requester: 'to know who sends the policy: it is checked at the door alone' } as const

export function explainRule(env: Pick<CliEnvironment, 'stdout' | 'stderr'>, wanted: string): number {
  const id = wanted.trim().toUpperCase()
  const rule = ruleText(id)
  const unused = UNUSED_IDS.find((each) => each.id === id)
  if (rule === undefined && unused === undefined) {
    const ids = RULE_TEXTS.map((each) => each.id)
    const group = ids.filter((each) => each.startsWith(id.slice(0, 3)))
    const near = nearest(wanted, group.length > 0 ? group : ids, 3)
    env.stderr(`error: there is no rule ${quoted(wanted)}${near.length === 0 ? '' : `, did you mean ${near.join(', ')}?`}\n`)
    return MISUSED
  }
  env.stdout(rule === undefined ? `${id}: ${unused?.title}\n\n  nothing says it: ${unused?.why}\n` : textOf(rule))
  return DONE
}

/** Of a warning nobody has to be exempted. */
function exemptionOf({ id, severity, noExemption, partlyNoExemption }: Pick<RuleText, 'id' | 'severity' | 'partlyNoExemption'> & { readonly noExemption: string | undefined }): string {
  if (noExemption !== undefined) return `none: ${noExemption}`
  if (severity === 'W') return 'not needed: it refuses nothing'
  return `the annotation ${ALLOW_ANNOTATION}: ${id} makes a warning of it, ${needsVerb(id) ? `by somebody with the verb ${OVERRIDE_VERB}` : 'by anybody'}${partlyNoExemption === undefined ? '' : `; none for ${partlyNoExemption}`}`
}

const textOf = ({ id, title, severity, alsoWarns, alsoRefuses, why, fix, needs, partlyNeeds, noExemption, partlyNoExemption, optional, by, errorHere }: RuleText): string =>
  [
    `${id}: ${title}`,
    '',
    `  severity  ${alsoRefuses === true ? `${SEVERITIES.E}, or ` : ''}${SEVERITIES[severity]}${alsoWarns === true ? ', or a warning' : ''}${errorHere === undefined ? '' : ` at the door; an error of the lint, since ${errorHere}`}${optional === true ? '; a configuration of the lint may change it' : ''}`,
    `  why       ${why}`,
    ...(Object.hasOwn(MECHANISMS, id) ? [`  happens   ${MECHANISMS[id]}`] : []),
    `  instead   ${fix}`,
    ...(needs === undefined ? [] : [`  needs     ${NEEDS[needs]}`]),
    ...(partlyNeeds === undefined ? [] : ['  needs     the cluster for a part of it, which is not checked offline']),
    ...(by === undefined ? [] : [`  told by   ${by}`]),
    `  exempt    ${exemptionOf({ id, severity, noExemption, ...(partlyNoExemption === undefined ? {} : { partlyNoExemption }) })}`,
    `  more      docs/reference/rules.md#${id.toLowerCase()}`,
    '',
  ].join('\n')
