/**
 * Which of two policies goes first where both cannot act: the one that acts already. Read from the conditions that the
 * controller writes, so it outlives every process, and both sides see the same.
 */
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'

export const ACCEPTED = 'Accepted'
/** The reason of the condition when another policy is in the way. */
export const CONFLICT = 'Conflict'

const accepted = ({ status }: HealingPolicy) => status?.conditions?.find(({ type }) => type === ACCEPTED)

/** 3: accepted as it is now. 2: accepted before its last change. 1: not judged yet. 0: refused. */
function rankOf(policy: HealingPolicy): number {
  const condition = accepted(policy)
  if (condition === undefined) return 1
  if (condition.status !== 'True') return 0
  return condition.observedGeneration === policy.metadata.generation ? 3 : 2
}

/** By the controller, as it is now. */
export const isAccepted = (policy: HealingPolicy): boolean => rankOf(policy) === 3

/** Refused by the controller as it is now: it does not act, whatever it says. */
export function isRefused(policy: HealingPolicy): boolean {
  const condition = accepted(policy)
  return condition !== undefined && condition.status !== 'True' && condition.observedGeneration === policy.metadata.generation
}

/** Refused for a conflict, and not changed since. */
export const isStopped = (policy: HealingPolicy): boolean => isRefused(policy) && accepted(policy)?.reason === CONFLICT

/**
 * A total order over the policies of a cluster: rank, then who was accepted first, then who is older, then the name. So of two
 * exactly one goes first, whoever is asked, and being accepted or refused for it changes nothing in the order.
 */
export function goesBefore(one: HealingPolicy, other: HealingPolicy): boolean {
  const byRank = rankOf(one) - rankOf(other)
  if (byRank !== 0) return byRank > 0
  for (const trait of [since, born, fullName]) {
    const [a, b] = [trait(one), trait(other)]
    if (a !== b) return a < b
  }
  return false
}

const since = (policy: HealingPolicy): string => (rankOf(policy) >= 2 ? (accepted(policy)?.lastTransitionTime ?? '') : '')
/** Both are RFC 3339 in UTC with whole seconds, as the API server and the controller write them: text compares like time. */
const born = ({ metadata }: HealingPolicy): string => metadata.creationTimestamp ?? ''
export const fullName = ({ metadata: { namespace = '', name } }: Pick<HealingPolicy, 'metadata'>): string => `${namespace}/${name}`
