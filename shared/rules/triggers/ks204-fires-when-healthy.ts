import { parseDuration } from '../../lib/duration.ts'
import type { Finding, Rule } from '../rule.ts'
import { POD_CONDITIONS } from './pod-conditions.ts'

export const ks204: Rule = {
  id: 'KS204',
  severity: 'W',
  title: 'A trigger should not fire on a healthy object, nor on the first glimpse of a condition.',
  why: 'healthy pods would be acted on, up to the hourly limit',
  fix: 'turn the status round',
  check: ({ spec }) =>
    spec.triggers.flatMap(({ conditionTrigger }, index): Finding[] => {
      if (conditionTrigger === undefined) return []
      const { type, status, duration } = conditionTrigger
      const path = `spec.triggers[${index}].conditionTrigger`
      const healthy = Object.hasOwn(POD_CONDITIONS, type) ? POD_CONDITIONS[type]?.healthy : undefined
      const findings: Finding[] = []
      if (healthy === status) {
        findings.push({ path: `${path}.status`, what: `${type} is ${status} on every healthy pod`, fix: `write status: "${status === 'True' ? 'False' : 'True'}"` })
      }
      if (parseDuration(duration) === 0) {
        findings.push({ path: `${path}.duration`, what: 'fires at once', why: 'conditions flap while a pod starts', fix: 'write 30s or more' })
      }
      return findings
    }),
}
