import { before, hours, type Instant, type Millis } from '../shared/lib/time.ts'
import type { Facts } from './material.ts'

const days = (n: number): Millis => hours(24 * n)

export const AUTHORITY_VALIDITY = days(730)
export const LEAF_VALIDITY = days(90)
/** Longer than a leaf lives, so that no leaf is cut short by its authority. */
const AUTHORITY_MARGIN = days(180)
/** A month in which a cluster may stand still without the door being locked afterwards. */
const LEAF_MARGIN = days(30)

export type Renewal = 'none' | 'leaf' | 'authority'

/** What has to be made anew. Pure: the time is an argument. */
export function needsRenewal(facts: Facts, wanted: readonly string[], now: Instant): Renewal {
  if (now >= before(facts.authorityExpires, AUTHORITY_MARGIN)) return 'authority'
  if (now >= before(facts.leafExpires, LEAF_MARGIN)) return 'leaf'
  return wanted.every((name) => facts.names.includes(name)) ? 'none' : 'leaf'
}
