import { isPattern, readPattern } from '../../lib/pattern.ts'
import { quoted } from '../../lib/text.ts'
import type { Finding, Rule } from '../rule.ts'

export const ks211: Rule = {
  id: 'KS211',
  severity: 'E',
  title: 'The message pattern of an event trigger, and the =~ and !~ of an alert trigger, are regular expressions in the syntax of RE2.',
  why: 'the trigger could not be evaluated, and the policy would not act at all',
  fix: 'write a pattern without look-around and back-references, such as statuscode: 5[0-9]{2}',
  check: ({ spec }) =>
    spec.triggers.flatMap(({ eventTrigger, alertTrigger }, index): Finding[] => {
      const matchers = (alertTrigger?.matchers ?? []).flatMap(({ operator, value }, at) => (operator === '=~' || operator === '!~' ? problems(value, `spec.triggers[${index}].alertTrigger.matchers[${at}].value`) : []))
      return [...problems(eventTrigger?.messagePattern, `spec.triggers[${index}].eventTrigger.messagePattern`), ...matchers]
    }),
}

function problems(source: string | undefined, path: string): Finding[] {
  const read = source === undefined ? undefined : readPattern(source)
  return source === undefined || read === undefined || isPattern(read) ? [] : [{ path, what: `${quoted(source)} is no pattern: ${read.problem}` }]
}
