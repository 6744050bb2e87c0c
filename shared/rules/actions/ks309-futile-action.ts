import { needsAll } from '../../api/v1alpha1/trigger-match.ts'
import { quoted } from '../../lib/text.ts'
import { rungsOf } from '../ladder.ts'
import { acts, type Finding, type Rule } from '../rule.ts'
import { inWords, scalingOf } from '../scaling.ts'
import { futile } from './cures.ts'

export const ks309: Rule = {
  id: 'KS309',
  severity: 'W',
  title: 'An action can help against what its trigger is about.',
  why: 'an act that cannot help costs a pod, a slot of the hour and time until somebody looks',
  fix: 'choose another action, or mode: monitor',
  check: (policy) =>
    acts(policy)
      ? policy.spec.actions.flatMap((action, index): Finding[] => {
          // Where all have to meet, one that the action cannot help against is enough.
          const triggers = policy.spec.triggers.filter(({ name }) => rungsOf(policy, name).some((rung) => rung.index === index))
          const [first] = triggers.flatMap((trigger) => {
            const found = futile(trigger, action)
            return found === undefined ? [] : [{ trigger, found }]
          })
          if (first === undefined) return []
          const { trigger, found } = first
          const scaling = scalingOf(action)
          const what = `${scaling === undefined ? action.type : `scaling ${inWords(scaling)}`} does not help against ${quoted(trigger.name, 63)}${needsAll(policy.spec) ? ', which has to hold too' : ''}`
          return [{ path: `spec.actions[${index}].type`, what, why: found.why, fix: found.fix }]
        })
      : [],
}
