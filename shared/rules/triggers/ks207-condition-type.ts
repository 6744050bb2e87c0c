import { nearest, printable, quoted } from '../../lib/text.ts'
import type { Finding, Rule } from '../rule.ts'
import { DERIVED_STATES, isDerivedState, isQualified, POD_CONDITIONS, stateOfReason } from './pod-conditions.ts'

const CONDITIONS = [...DERIVED_STATES, ...Object.keys(POD_CONDITIONS)]

export const ks207: Rule = {
  id: 'KS207',
  severity: 'E',
  title: 'A condition trigger names a condition that pods can have.',
  why: 'the trigger would never fire, and nothing would say so',
  fix: `use one of ${CONDITIONS.join(', ')}, or the full name of a readiness gate (example.com/name)`,
  check: ({ spec }) =>
    spec.triggers.flatMap(({ conditionTrigger }, index): Finding[] => {
      if (conditionTrigger === undefined) return []
      const { type, status } = conditionTrigger
      const path = `spec.triggers[${index}].conditionTrigger`
      if (isDerivedState(type)) {
        if (status === 'True') return []
        return [
          {
            path: `${path}.status`,
            what: `${type} with status ${status}`,
            why: 'the state of a container holds or does not; its absence is what every healthy pod has',
            fix: 'write status: "True", or leave it out',
          },
        ]
      }
      if (Object.hasOwn(POD_CONDITIONS, type) || isQualified(type)) return []
      const state = stateOfReason(type)
      const near = state ?? nearest(type, CONDITIONS)[0]
      return [{ path: `${path}.type`, what: `pods have no condition ${quoted(type)}`, ...(near === undefined ? {} : { fix: state === undefined ? `did you mean ${near}?` : `write ${state}: ${printable(type)} is one of its reasons` }) }]
    }),
}
