/** What Alertmanager has told, as data. */
import type { Labels } from '../../shared/lib/selector.ts'
import { hours, instant, type Instant, type Millis } from '../../shared/lib/time.ts'

export interface FiringAlert {
  readonly labels: Labels
  readonly startsAt: Instant
  /** When it was told last. */
  readonly heardAt: Instant
}

export interface AlertReadings {
  /** Why none can come. */
  readonly problem: string | undefined
  readonly firing: readonly FiringAlert[]
  /** Those that ended, and when that was told; also those that were not known before: a predecessor may have known them. */
  readonly ended: readonly { readonly labels: Labels; readonly endedAt: Instant }[]
  /** When this process began to listen: what ended before is told by nobody here. */
  readonly since: Instant
  /** What was not repeated for longer has ended. */
  readonly staleAfter: Millis
}

/** A little over Alertmanager's default repeat_interval of four hours. */
export const STALE_AFTER = hours(5)

export const NO_ALERTS: AlertReadings = {
  problem: 'no alerts are received here: the controller needs --alerts-bind-address and --alerts-token-file',
  firing: [],
  ended: [],
  since: instant(0),
  staleAfter: STALE_AFTER,
}
