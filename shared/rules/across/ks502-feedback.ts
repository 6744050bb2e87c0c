import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { quoted } from '../../lib/text.ts'
import { drivesOf, loopOf } from '../feedback.ts'
import type { Finding, Rule } from '../rule.ts'
import { heals } from '../rule.ts'
import { mayBeNamed, neighboursOf, questionsAbout, type Neighbourhood } from './neighbours.ts'
import { fullName } from './standing.ts'

const active = (policy: HealingPolicy): boolean => heals(policy) && !policy.spec.suspend

const neighbours = (policy: HealingPolicy, around: Neighbourhood, access: Parameters<typeof neighboursOf>[3]) =>
  active(policy) && drivesOf(policy).length > 0 ? neighboursOf(policy, around, (other) => active(other) && around.goesFirst(other) && drivesOf(other).length > 0, access) : []

export const ks502: Rule = {
  id: 'KS502',
  severity: 'W',
  title: "No policy's scaling should bring about what another one scales back for.",
  why: 'the two take turns for ever, within their hourly limits',
  fix: 'leave a wider gap between the thresholds, or let a HorizontalPodAutoscaler do both',
  needs: 'cluster',
  asks: (policy, { around } = {}) => (around === undefined ? [] : questionsAbout(policy, neighbours(policy, around, undefined))),
  check: (policy, { around, access }) =>
    around === undefined
      ? []
      : neighbours(policy, around, access).flatMap(({ policy: other, meeting }): Finding[] => {
          if (meeting === 'ThroughOwners') return []
          const who = mayBeNamed(policy, other, access) ? `policy ${quoted(fullName(other), 317)}` : 'a policy of another namespace'
          const loop = drivesOf(policy).flatMap((mine) => drivesOf(other).filter((theirs) => loopOf(mine, theirs) !== undefined).map((theirs) => ({ mine, theirs })))[0]
          if (loop === undefined) return []
          const { mine, theirs } = loop
          return [{ path: mine.path, what: `${who} scales ${theirs.scale.direction} at ${theirs.metric.operator} ${theirs.metric.threshold} what this one scales ${mine.scale.direction} at ${mine.metric.operator} ${mine.metric.threshold}` }]
        }),
}
