/**
 * The storm gate: when many objects are unhealthy at once, the cause is something else, and healing them one by one makes
 * it worse. It closes at once, opens only after a while of calm, and lets one act through at a time at first. Pure; the
 * state is durable, so that a restart in the middle of an outage opens nothing.
 */
import { formatDuration } from '../../shared/lib/duration.ts'
import { after, formatInstant, minutes, parseInstant, type Instant, type Millis } from '../../shared/lib/time.ts'
import type { StoredLedgerSpec } from '../../shared/api/v1alpha1/types.ts'
import type { Refusal } from './refusal.ts'

export type Storm = NonNullable<StoredLedgerSpec['storm']>

/** How many objects there are, and how many of them are unhealthy. */
export interface Count {
  readonly unhealthy: number
  readonly of: number
}

/** And how many may be. */
export interface Weather extends Count {
  readonly limit: number
  /** How long calm must last before the gate opens, and then again before it opens wide. */
  readonly calmFor: Millis
}

/** How long the whole cluster must be calm before anything is done again, and then again before policies act as ever. */
export const CLUSTER_CALM = minutes(5)

/** Calm is half the limit, or one: what stays broken when the outage is over must not hold the gate closed for ever. */
export const calmLimit = (limit: number): number => Math.min(limit, Math.max(1, Math.floor(limit / 2)))

/** The next state; the same one when nothing changed. undefined: no storm. */
export function stepStorm(storm: Storm | undefined, { unhealthy, limit, calmFor }: Weather, now: Instant): Storm | undefined {
  const many = unhealthy > limit
  if (storm === undefined) return many ? { since: formatInstant(now) } : undefined
  if (storm.easingSince !== undefined) {
    if (many) return { since: formatInstant(now) }
    return isOver(storm.easingSince, calmFor, now) ? undefined : storm
  }
  if (unhealthy > calmLimit(limit)) {
    const { calmSince: _, ...stormy } = storm
    return storm.calmSince === undefined ? storm : stormy
  }
  if (storm.calmSince === undefined) return { ...storm, calmSince: formatInstant(now) }
  return isOver(storm.calmSince, calmFor, now) ? { since: storm.since, easingSince: formatInstant(now) } : storm
}

/** A time that cannot be read is never over (I19). */
function isOver(since: string, span: Millis, now: Instant): boolean {
  const at = parseInstant(since)
  return at !== undefined && now >= after(at, span)
}

export function withStorm<Held extends { readonly storm?: Storm }>(held: Held, storm: Storm | undefined): Held {
  if (held.storm === storm) return held
  const { storm: _, ...rest } = held
  return (storm === undefined ? rest : { ...rest, storm }) as Held
}

/** When {@link stepStorm} has something to do without any new event. */
export function nextStorm(storm: Storm | undefined, calmFor: Millis): Instant | undefined {
  const since = parseInstant(storm?.easingSince ?? storm?.calmSince)
  return since === undefined ? undefined : after(since, calmFor)
}

/** Why nothing may be done now. While it eases, only where nothing else is `busy`. The same words as long as it lasts. */
export function refuseStorm(storm: Storm | undefined, busy: boolean, whose: string): Refusal | undefined {
  if (storm === undefined) return undefined
  if (storm.easingSince === undefined) return { reason: 'StormGate', message: `too many objects ${whose} at once have been unhealthy since ${storm.since}: the cause is likely elsewhere` }
  return busy ? { reason: 'StormGate', message: `too many objects ${whose} at once were unhealthy from ${storm.since} to ${storm.easingSince}: one action at a time for a while` } : undefined
}

/** What opens the gate again, for people. */
export const whenCalm = ({ of, limit, calmFor }: Weather): string =>
  `${limit} of ${of} may be; acting again when no more than ${calmLimit(limit)} have been for ${formatDuration(calmFor)}`
