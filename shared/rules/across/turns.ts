/**
 * Who of several policies acts, where not all of them can: in their order each acts unless one before it that acts is in
 * its way. Who is stopped stops nobody. Pure, and the same whatever the order in which they are given.
 */
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { goesBefore, isAccepted, isRefused, isStopped } from './standing.ts'

/** `Certain` by what the two say. `Possible`: it hangs on objects that nobody has looked at here. */
export type InTheWay = 'Certain' | 'Possible'

/** `Open`: it hangs on what is not known here, and stops others like one that acts. */
export type Turn = 'Acts' | 'Stopped' | 'Open'

/** @param between whether the two cannot both act, whichever is asked first */
export function turnsOf(policies: readonly HealingPolicy[], between: (one: HealingPolicy, other: HealingPolicy) => InTheWay | undefined): ReadonlyMap<HealingPolicy, Turn> {
  const turns = new Map<HealingPolicy, Turn>()
  for (const policy of policies.toSorted((a, b) => (goesBefore(a, b) ? -1 : 1))) turns.set(policy, turnOf(policy, turns, between))
  return turns
}

function turnOf(policy: HealingPolicy, before: ReadonlyMap<HealingPolicy, Turn>, between: (one: HealingPolicy, other: HealingPolicy) => InTheWay | undefined): Turn {
  const stopped = isStopped(policy)
  // For something else: it does not act, whoever is around.
  if (isRefused(policy) && !stopped) return 'Stopped'
  let open = false
  for (const [other, turn] of before) {
    if (turn === 'Stopped') continue
    const found = between(policy, other)
    if (found === undefined) continue
    // What was stopped once stays so for as long as the two can meet.
    if (turn === 'Acts' && (found === 'Certain' || stopped)) return 'Stopped'
    open = true
  }
  // The controller has looked at one that it accepted.
  return open && !isAccepted(policy) ? 'Open' : 'Acts'
}
