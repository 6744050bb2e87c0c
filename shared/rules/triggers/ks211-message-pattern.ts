import { isPattern, readPattern } from '../../lib/pattern.ts'
import { quoted } from '../../lib/text.ts'
import type { Finding, Rule } from '../rule.ts'

export const ks211: Rule = {
  id: 'KS211',
  severity: 'E',
  title: 'The message pattern of an event trigger is a regular expression in the syntax of RE2.',
  why: 'the trigger could not be evaluated, and the policy would not act at all',
  fix: 'write a pattern without look-around and back-references, such as statuscode: 5[0-9]{2}',
  check: ({ spec }) =>
    spec.triggers.flatMap(({ eventTrigger }, index): Finding[] => {
      if (eventTrigger?.messagePattern === undefined) return []
      const read = readPattern(eventTrigger.messagePattern)
      if (isPattern(read)) return []
      return [{ path: `spec.triggers[${index}].eventTrigger.messagePattern`, what: `${quoted(eventTrigger.messagePattern)} is no pattern: ${read.problem}` }]
    }),
}
