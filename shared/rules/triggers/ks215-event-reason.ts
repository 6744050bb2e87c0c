import { quoted } from '../../lib/text.ts'
import type { Finding, Rule } from '../rule.ts'
import { otherTypeOf, slipOf } from './event-reasons.ts'
import { OF_ENDS, OF_LIFE } from './healthy-events.ts'

const FIX_OF_LIFE = 'write a reason that tells of trouble: BackOff, Unhealthy, FailedMount, FailedScheduling'

export const ks215: Rule = {
  id: 'KS215',
  severity: 'E',
  alsoWarns: true,
  title: 'An event trigger names a reason that events have, not a state of a container (OOMKilled, CrashLoopBackOff), letter by letter. One that is nearly a reason of Kubernetes is warned about, and one that Kubernetes writes with the other type alone.',
  why: 'the trigger would never fire, and nothing would say so',
  fix: 'write the reason as kubectl get events shows it',
  check: (policy) =>
    policy.spec.triggers.flatMap(({ eventTrigger }, index): Finding[] => {
      if (eventTrigger === undefined) return []
      const { reason, type } = eventTrigger
      const path = `spec.triggers[${index}].eventTrigger`
      const slip = slipOf(reason)
      if (slip !== undefined) return [{ path: `${path}.reason`, ...(slip.certain ? {} : { severity: 'W' as const }), what: `${slip.certain ? 'no event has the reason' : 'Kubernetes writes no events of the reason'} ${quoted(reason, 63)}`, fix: slip.fix }]
      const written = otherTypeOf(reason, type)
      return written === undefined ? [] : [{ path: `${path}.type`, severity: 'W', what: `Kubernetes writes events ${reason} as ${written} only`, fix: OF_LIFE.has(reason) || OF_ENDS.has(reason) ? FIX_OF_LIFE : `write type: ${written}` }]
    }),
}
