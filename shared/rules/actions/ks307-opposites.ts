import { needsAll } from '../../api/v1alpha1/trigger-match.ts'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { quoted } from '../../lib/text.ts'
import { rungsOf, type Rung } from '../ladder.ts'
import { acts, type Finding, type Rule } from '../rule.ts'

export const ks307: Rule = {
  id: 'KS307',
  severity: 'E',
  title: 'No trigger leads to scaling up and to scaling down.',
  why: 'one of the two makes the trouble worse, and the ladder tries it when the other has not helped',
  fix: 'give each a trigger of its own (actions[].triggers), or leave one out',
  check(policy) {
    if (!acts(policy)) return []
    const causes = needsAll(policy.spec) ? policy.spec.triggers.slice(0, 1) : policy.spec.triggers
    const found = causes.flatMap(({ name }) => opposites(policy, name))
    // One pair may be on several triggers.
    return found.filter(({ path }, index) => found.findIndex((other) => other.path === path) === index)
  },
}

function opposites(policy: HealingPolicy, trigger: string): Finding[] {
  const scalings = rungsOf(policy, trigger).filter(({ action }) => action.type === 'scale')
  const first = (direction: 'up' | 'down'): Rung | undefined => scalings.find(({ action }) => action.scaleAction?.direction === direction)
  const [up, down] = [first('up'), first('down')]
  if (up === undefined || down === undefined) return []
  const [before, after] = up.index < down.index ? [up, down] : [down, up]
  const tie = up.action.priority === down.action.priority ? `, at the same priority (${up.action.priority})` : ''
  const where = needsAll(policy.spec) ? 'the same triggers' : `trigger ${quoted(trigger, 63)}`
  return [{ path: `spec.actions[${after.index}].scaleAction.direction`, what: `${after.action.scaleAction?.direction} is the opposite of action ${quoted(before.action.name, 63)}, for ${where}${tie}` }]
}
