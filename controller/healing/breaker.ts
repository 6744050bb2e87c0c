/**
 * The circuit breaker: a pure reducer over verified outcomes. A write that the API server accepted is no success;
 * only verification counts. Open: no new act. Half-open: exactly one probe.
 */
import { formatInstant, hours, millis, parseInstant, after, type Instant, type Millis } from '../../shared/lib/time.ts'
import { REMEMBERED_OUTCOMES } from '../../shared/api/v1alpha1/breaker.ts'
import type { HealingLedgerSpec } from '../../shared/api/v1alpha1/types.ts'

export type BreakerState = HealingLedgerSpec['breaker']
export interface BreakerOptions {
  readonly failureThreshold: number
  readonly openDuration: Millis
}

/** Longest open time, however often it opened. */
export const LONGEST_OPEN = hours(4)
const HALF = REMEMBERED_OUTCOMES / 2

export const closedBreaker: BreakerState = { state: 'Closed', failures: 0, recent: [], openings: 0 }

/** What an act may do now. `until` is absent while a probe is under way: its verification decides. */
export type BreakerAnswer =
  | { readonly kind: 'Closed' }
  | { readonly kind: 'Probe' }
  | { readonly kind: 'Refused'; readonly until?: Instant }

export function askBreaker(breaker: BreakerState, now: Instant): BreakerAnswer {
  switch (breaker.state) {
    case 'Closed':
      return { kind: 'Closed' }
    case 'Open': {
      const until = parseInstant(breaker.openUntil)
      // An open breaker without a readable end stays open (I19).
      if (until === undefined) return { kind: 'Refused' }
      return now >= until ? { kind: 'Probe' } : { kind: 'Refused', until }
    }
    case 'HalfOpen':
      return breaker.probe === undefined ? { kind: 'Probe' } : { kind: 'Refused' }
    default:
      return breaker.state satisfies never
  }
}

/** The one probe of this half-open time is `action`. */
export function admitProbe(breaker: BreakerState, action: string): BreakerState {
  const { openUntil: _, ...rest } = breaker
  return { ...rest, state: 'HalfOpen', probe: action }
}

/** What verification found, or `Unverified`: nothing was done, or it cannot be known. */
export type Verdict = 'Effective' | 'Ineffective' | 'Inconclusive' | 'NotDone'

export function settleBreaker(breaker: BreakerState, action: string, verdict: Verdict, now: Instant, options: BreakerOptions): BreakerState {
  if (breaker.state === 'HalfOpen' && breaker.probe === action) return settleProbe(breaker, verdict, now, options)
  // Acts from before it opened end while it is open: they were judged too late to close or to prolong it.
  if (breaker.state !== 'Closed' || verdict === 'Inconclusive' || verdict === 'NotDone') return breaker
  const helped = verdict === 'Effective'
  const recent = [...breaker.recent, helped].slice(-REMEMBERED_OUTCOMES)
  const failures = helped ? 0 : breaker.failures + 1
  const half = recent.length === REMEMBERED_OUTCOMES && recent.filter((ok) => !ok).length >= HALF
  const next: BreakerState = { ...breaker, failures, recent }
  return !helped && (failures >= options.failureThreshold || half) ? open(next, now, options) : next
}

function settleProbe(breaker: BreakerState, verdict: Verdict, now: Instant, options: BreakerOptions): BreakerState {
  const { probe: _, ...rest } = breaker
  switch (verdict) {
    case 'Effective':
      return closedBreaker
    // Nothing was tried, so nothing is known: the next act is the probe.
    case 'NotDone':
      return rest
    case 'Ineffective':
    case 'Inconclusive':
      return open({ ...rest, failures: verdict === 'Ineffective' ? rest.failures + 1 : rest.failures }, now, options)
    default:
      return verdict satisfies never
  }
}

function open(breaker: BreakerState, now: Instant, { openDuration }: BreakerOptions): BreakerState {
  const span = millis(Math.min(openDuration * 2 ** Math.min(breaker.openings, 30), LONGEST_OPEN))
  return { ...breaker, state: 'Open', openings: breaker.openings + 1, openUntil: formatInstant(after(now, span)) }
}
