import type { KindReference } from '../../api/v1alpha1/kinds.ts'
import { needsAll } from '../../api/v1alpha1/trigger-match.ts'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { parseDuration } from '../../lib/duration.ts'
import { selectedResources, type Finding, type Rule } from '../rule.ts'
import { healthyMetrics } from './healthy-metrics.ts'
import { conditionsOf } from './kind-conditions.ts'

export const ks204: Rule = {
  id: 'KS204',
  severity: 'W',
  title: 'A trigger should not fire on a healthy object, nor on the first glimpse of a condition.',
  why: 'healthy pods would be acted on, up to the hourly limit',
  fix: 'turn the status round',
  check: (policy) => {
    const each = policy.spec.triggers.map(({ conditionTrigger, metricTrigger }, index): Finding[] => {
      if (metricTrigger !== undefined) return healthyMetrics(metricTrigger, `spec.triggers[${index}].metricTrigger`)
      if (conditionTrigger === undefined) return []
      const { type, status, duration } = conditionTrigger
      const path = `spec.triggers[${index}].conditionTrigger`
      const kind = kindLookedAt(policy, type)
      const findings: Finding[] = []
      if (healthyStatus(kind, type) === status) {
        findings.push({ path: `${path}.status`, what: `${type} is ${status} on every healthy ${kind.kind === 'Pod' ? 'pod' : kind.kind}`, fix: `write status: "${status === 'True' ? 'False' : 'True'}"` })
      }
      if (parseDuration(duration) === 0) {
        findings.push({ path: `${path}.duration`, what: 'fires at once', why: 'conditions flap while a pod starts', fix: 'write 30s or more' })
      }
      return findings
    })
    // What healthy objects show too may narrow down what another trigger sees.
    return needsAll(policy.spec) && each.some((findings) => findings.length === 0) ? [] : each.flat()
  },
}

/** The selected kind that has the condition, else its pods. */
const kindLookedAt = (policy: HealingPolicy, type: string): KindReference =>
  selectedResources(policy).find((kind) => Object.hasOwn(conditionsOf(kind) ?? {}, type)) ?? { apiVersion: 'v1', kind: 'Pod' }

function healthyStatus(kind: KindReference, type: string): string | undefined {
  const known = conditionsOf(kind) ?? {}
  return Object.hasOwn(known, type) ? known[type]?.healthy : undefined
}
