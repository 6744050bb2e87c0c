/** `kubeskippy lint --explain KS303`: the rule from the registry, with an example of both. */
import { nearest, quoted } from '../../shared/lib/text.ts'
import { MECHANISMS } from '../../shared/rules/mechanisms.ts'
import { DONE, MISUSED } from '../command.ts'
import type { CliEnvironment } from '../environment.ts'
import { RULE_TEXTS, ruleText, type RuleText } from './layers.ts'

const SEVERITIES = { E: 'refused (422 Invalid)', F: 'refused (403 Forbidden)', W: 'a warning' } as const
const NEEDS = { cluster: 'the cluster: it is not checked offline', requester: 'to know who sends the policy: it is checked at the door alone' } as const

export function explainRule(env: Pick<CliEnvironment, 'stdout' | 'stderr'>, wanted: string): number {
  const rule = ruleText(wanted.toUpperCase())
  if (rule === undefined) {
    const ids = RULE_TEXTS.map(({ id }) => id)
    const group = ids.filter((id) => id.startsWith(wanted.toUpperCase().slice(0, 3)))
    const near = nearest(wanted, group.length > 0 ? group : ids, 3)
    env.stderr(`error: there is no rule ${quoted(wanted)}${near.length === 0 ? '' : `, did you mean ${near.join(', ')}?`}\n`)
    return MISUSED
  }
  env.stdout(textOf(rule))
  return DONE
}

const textOf = ({ id, title, severity, alsoWarns, why, fix, needs, partlyNeeds, optional }: RuleText): string =>
  [
    `${id}: ${title}`,
    '',
    `  severity  ${SEVERITIES[severity]}${alsoWarns === true ? ', or a warning' : ''}${optional === true ? '; a configuration of the lint may change it' : ''}`,
    `  why       ${why}`,
    ...(Object.hasOwn(MECHANISMS, id) ? [`  happens   ${MECHANISMS[id]}`] : []),
    `  instead   ${fix}`,
    ...(needs === undefined ? [] : [`  needs     ${NEEDS[needs]}`]),
    ...(partlyNeeds === undefined ? [] : ['  needs     the cluster for a part of it, which is not checked offline']),
    `  examples  docs/reference/rules.md#${id.toLowerCase()}`,
    '',
  ].join('\n')
