import { quoted } from '../../lib/text.ts'
import type { Finding, Rule } from '../rule.ts'
import { slipOf } from './event-reasons.ts'

export const ks215: Rule = {
  id: 'KS215',
  severity: 'E',
  alsoWarns: true,
  title: 'An event trigger names a reason that events have, not a state of a container (OOMKilled, CrashLoopBackOff), letter by letter. One that is nearly a reason of Kubernetes is warned about.',
  why: 'the trigger would never fire, and nothing would say so',
  fix: 'write the reason as kubectl get events shows it',
  check: (policy) =>
    policy.spec.triggers.flatMap(({ eventTrigger }, index): Finding[] => {
      const slip = eventTrigger === undefined ? undefined : slipOf(eventTrigger.reason)
      if (eventTrigger === undefined || slip === undefined) return []
      return [{ path: `spec.triggers[${index}].eventTrigger.reason`, ...(slip.certain ? {} : { severity: 'W' as const }), what: `${slip.certain ? 'no event has the reason' : 'Kubernetes writes no events of the reason'} ${quoted(eventTrigger.reason, 63)}`, fix: slip.fix }]
    }),
}
