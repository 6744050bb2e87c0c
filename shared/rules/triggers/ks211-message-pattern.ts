import { isPattern, readPattern } from '../../lib/pattern.ts'
import { rememberedByText } from '../../lib/remembered.ts'
import { quoted } from '../../lib/text.ts'
import type { Finding, Rule } from '../rule.ts'

export const ks211: Rule = {
  id: 'KS211',
  severity: 'E',
  title: 'The message pattern of an event trigger, and the =~ and !~ of an alert trigger, are regular expressions in the syntax of RE2, of a bounded size once their repetitions are written out.',
  why: 'the trigger could not be evaluated, and the policy would not act at all',
  fix: 'write a pattern without look-around and back-references, such as statuscode: 5[0-9]{2}',
  check: ({ spec }) =>
    spec.triggers.flatMap(({ eventTrigger, alertTrigger }, index): Finding[] => {
      const matchers = (alertTrigger?.matchers ?? []).flatMap(({ operator, value }, at) => (operator === '=~' || operator === '!~' ? problems(value, `spec.triggers[${index}].alertTrigger.matchers[${at}].value`) : []))
      return [...problems(eventTrigger?.messagePattern, `spec.triggers[${index}].eventTrigger.messagePattern`), ...matchers]
    }),
}

/** Not the pattern itself, which may be large when it is compiled. */
const problemOf = rememberedByText(1024, (source) => {
  const read = readPattern(source)
  return isPattern(read) ? undefined : read.problem
})

function problems(source: string | undefined, path: string): Finding[] {
  const problem = source === undefined ? undefined : problemOf(source)
  return source === undefined || problem === undefined ? [] : [{ path, what: `${quoted(source)} is no pattern: ${problem}` }]
}
