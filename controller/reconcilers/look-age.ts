/** How old a look is. One that is too old is none: the process stood still meanwhile, and somebody else may have acted (I7). */
import { between, minutes, seconds, type Clock, type Millis } from '../../shared/lib/time.ts'
import type { Timers } from '../../shared/runtime/timers.ts'

export const LOOK_LIFETIME = minutes(1)
/** Of what was asked just before a write. */
export const ANSWER_LIFETIME = seconds(10)

export interface LookPorts {
  /** The API server's; it may be set back while a look is used. */
  readonly clock: Clock
  readonly timers: Pick<Timers, 'monotonic'>
}

/** Begins now. By the clock that says more: of a machine that was suspended, the own one has stood still too. */
export function lookAge({ clock, timers }: LookPorts): () => Millis {
  const begun = { server: clock.now(), own: timers.monotonic() }
  return () => Math.max(between(begun.server, clock.now()), timers.monotonic() - begun.own) as Millis
}
