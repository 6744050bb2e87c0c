/** Which records of what was done may go. What decisions remember is in the ledger; these are for people. Pure. */
import { after, earliest, parseInstant, type Instant, type Millis } from '../../shared/lib/time.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import { isOpen } from './budget.ts'
import type { Ledger } from './ledger.ts'
import { isEnded } from './outcome.ts'

export interface HistoryLimits {
  readonly successful: number
  readonly failed: number
  readonly ttl: Millis
}

export interface OutdatedAction {
  readonly action: HealingAction
  readonly why: 'Age' | 'Limit'
}

export interface Outdated {
  /** The oldest first. */
  readonly actions: readonly OutdatedAction[]
  /** When the next one will be too old. */
  readonly nextAt: Instant | undefined
}

/**
 * @param actions all of one policy, by its name: of one that was made anew as well
 * @param ledger undefined: there is none, so nothing waits to be settled
 */
export function outdated(actions: readonly HealingAction[], ledger: Ledger | undefined, limits: HistoryLimits, now: Instant): Outdated {
  const ended = actions.filter((action) => isEnded(action)).toSorted((a, b) => endOf(b) - endOf(a))
  const needed = neededBy(ledger)
  const gone: OutdatedAction[] = []
  let nextAt: Instant | undefined
  const kept = { successful: 0, failed: 0 }
  for (const action of ended) {
    const kind = action.status?.phase === 'Succeeded' ? 'successful' : 'failed'
    kept[kind]++
    const tooOld = after(endOf(action), limits.ttl)
    // One that is needed counts, and stays.
    if (needed.has(action.metadata.name)) continue
    if (now >= tooOld) gone.push({ action, why: 'Age' })
    else if (kept[kind] > limits[kind]) gone.push({ action, why: 'Limit' })
    else nextAt = nextAt === undefined ? tooOld : earliest(nextAt, tooOld)
  }
  return { actions: gone.reverse(), nextAt }
}

/**
 * A reservation that is not settled learns its outcome from the action; without it a write that helped would be
 * inconclusive. And the status of an open incident names its last action.
 */
const neededBy = (ledger: Ledger | undefined): ReadonlySet<string> =>
  new Set([
    ...(ledger?.entries ?? []).filter(isOpen).map(({ action }) => action),
    ...(ledger?.incidents ?? []).filter(({ state }) => state !== 'Ended').flatMap(({ lastAction }) => lastAction ?? []),
  ])

/** An end that somebody has made unreadable: then when it began its life. */
const endOf = ({ status, metadata }: HealingAction): Instant => parseInstant(status?.completionTime) ?? parseInstant(metadata.creationTimestamp) ?? (0 as Instant)
