import { isPattern, readPattern } from '../../lib/pattern.ts'
import { rememberedByText } from '../../lib/remembered.ts'
import { quoted } from '../../lib/text.ts'
import type { Finding, Rule } from '../rule.ts'
import { deadPart, takesAnything } from './message-patterns.ts'

export const ks211: Rule = {
  id: 'KS211',
  severity: 'E',
  alsoWarns: true,
  title: 'The message pattern of an event trigger, and the =~ and !~ of an alert trigger, are regular expressions in the syntax of RE2, of a bounded size once their repetitions are written out. A message pattern can match, and that it takes any message is warned about.',
  why: 'the trigger could not be evaluated, and the policy would not act at all',
  fix: 'write a pattern without look-around and back-references, such as statuscode: 5[0-9]{2}',
  check: ({ spec }) =>
    spec.triggers.flatMap(({ eventTrigger, alertTrigger }, index): Finding[] => {
      const matchers = (alertTrigger?.matchers ?? []).flatMap(({ operator, value }, at) => (operator === '=~' || operator === '!~' ? problems(value, `spec.triggers[${index}].alertTrigger.matchers[${at}].value`) : []))
      const path = `spec.triggers[${index}].eventTrigger.messagePattern`
      const unreadable = problems(eventTrigger?.messagePattern, path)
      return [...unreadable, ...(unreadable.length > 0 || eventTrigger?.messagePattern === undefined ? [] : pointless(eventTrigger.messagePattern, path)), ...matchers]
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

function pointless(source: string, path: string): Finding[] {
  if (takesAnything(source)) return [{ path, severity: 'W', what: `${quoted(source, 40)} takes any message`, why: 'it reads as a condition and is none', fix: 'write what the message says, or leave it out' }]
  const dead = deadPart(source)
  if (dead === undefined) return []
  const why = '$ is the end of the message and ^ its begin; the trigger would stay quiet'
  return [{ path, ...(dead === 'part' ? { severity: 'W' } : {}), what: `${quoted(source, 40)} ${dead === 'part' ? 'has a part that' : 'can'} never match${dead === 'part' ? 'es' : ''}`, why, fix: 'write \\$ and \\^ for the characters' }]
}
