import { needsAll } from '../../api/v1alpha1/trigger-match.ts'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { quoted } from '../../lib/text.ts'
import { drivesOf, loopOf } from '../feedback.ts'
import { rungsOf, type Rung } from '../ladder.ts'
import { acts, type Finding, type Rule } from '../rule.ts'
import { inWords, memberOf, scalingOf, scalings, wayOf, type Scaling } from '../scaling.ts'

export const ks307: Rule = {
  id: 'KS307',
  severity: 'E',
  alsoWarns: true,
  title:
    'No trigger leads to scaling up and to scaling down, nor to a number of replicas that can undo another of its actions. A patch of spec.replicas counts as well. Nor do two triggers on one metric where some value meets both; where one step up leads to the other is warned about.',
  why: 'one of the two makes the trouble worse, and the ladder tries it when the other has not helped',
  fix: 'give each a trigger of its own (actions[].triggers), or leave one out',
  check(policy) {
    if (!acts(policy)) return []
    const causes = needsAll(policy.spec) ? policy.spec.triggers.slice(0, 1) : policy.spec.triggers
    const found = causes.flatMap(({ name }) => opposites(policy, name))
    // One pair may be on several triggers.
    return [...found.filter(({ path }, index) => found.findIndex((other) => other.path === path) === index), ...(needsAll(policy.spec) ? [] : loops(policy))]
  },
}

function opposites(policy: HealingPolicy, trigger: string): Finding[] {
  const rungs = rungsOf(policy, trigger).flatMap((rung) => {
    const scaling = scalingOf(rung.action)
    return scaling === undefined ? [] : [{ ...rung, scaling }]
  })
  return rungs.flatMap((after, index): Finding[] => {
    const before = rungs.slice(0, index).find(({ scaling }) => scalings(scaling, after.scaling) === 'Opposing')
    return before === undefined ? [] : [finding(policy, trigger, before, after)]
  })
}

/** Two triggers whose scalings bring each other about, one finding for each pair. */
function loops(policy: HealingPolicy): Finding[] {
  const drives = drivesOf(policy)
  return drives.flatMap((after, index) =>
    drives.slice(0, index).flatMap((before): Finding[] => {
      const loop = loopOf(before, after)
      if (loop === undefined) return []
      const inWords = ({ metric, scale }: typeof before): string => `${scale.direction} at ${metric.operator} ${metric.threshold}`
      const why = 'the two take turns for ever, within the hourly limit'
      const fix = 'leave a wider gap between the thresholds, or let a HorizontalPodAutoscaler do both'
      const what = `scaling ${inWords(after)} what is scaled ${inWords(before)}: ${loop === 'Overlap' ? 'some value meets both' : 'one step up leads to the other'}`
      return [{ path: after.path, what, why, fix, ...(loop === 'Step' ? { severity: 'W' as const } : {}) }]
    }),
  )
}

type ScalingRung = Rung & { readonly scaling: Scaling }

function finding(policy: HealingPolicy, trigger: string, before: ScalingRung, after: ScalingRung): Finding {
  const tie = before.action.priority === after.action.priority ? `, at the same priority (${after.action.priority})` : ''
  const where = needsAll(policy.spec) ? 'the same triggers' : `trigger ${quoted(trigger, 63)}`
  const other = `action ${quoted(before.action.name, 63)}`
  const path = `spec.actions[${after.index}].${memberOf(after.action)}`
  if (wayOf(before.scaling) !== undefined && wayOf(after.scaling) !== undefined) return { path, what: `${inWords(after.scaling)} is the opposite of ${other}, for ${where}${tie}` }
  return { path, what: `scaling ${inWords(after.scaling)} can undo ${other}, which scales ${inWords(before.scaling)}, for ${where}${tie}`, fix: 'write direction: up or down with bounds in place of a number, give each a trigger of its own (actions[].triggers), or leave one out' }
}
