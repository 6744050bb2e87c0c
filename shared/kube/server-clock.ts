import { formatDuration } from '../lib/duration.ts'
import { instant, millis, minutes, seconds, type Instant, type Millis } from '../lib/time.ts'
import { NOT_KNOWN_YET } from './trouble.ts'

/**
 * The server's time, from `Date` headers (whole seconds, cut off) and the monotonic clock between them. An answer says
 * that the server's time on arrival was in [date, date + 1 s + round trip): an estimate within that stays as it is, so
 * that it does not waver by a second with every answer; one outside is moved to the nearer end.
 */
export class ServerClock {
  #anchor: { readonly at: number; readonly server: number } | undefined

  /** @param monotonic when the answer came @param roundTrip from sending the request to its header */
  observe(date: string | undefined, monotonic: Millis, roundTrip: Millis): void {
    const server = date === undefined ? Number.NaN : Date.parse(date)
    if (Number.isNaN(server)) return
    const estimate = this.at(monotonic) ?? server
    const bounded = Math.min(Math.max(estimate, server), server + 1000 + Math.max(0, roundTrip))
    this.#anchor = { at: monotonic, server: bounded }
  }

  at(monotonic: Millis): Instant | undefined {
    return this.#anchor && instant(Math.floor(this.#anchor.server + (monotonic - this.#anchor.at)))
  }
}

/** Certificates and logs are by this machine's clock, decisions by the API server's: beyond this somebody should know. */
const TOLERATED = minutes(1)

/** What is wrong with this machine's clock, or why nobody knows; undefined: both agree. */
export function clockRemark(own: Instant, server: Instant | undefined): string | undefined {
  if (server === undefined) return NOT_KNOWN_YET
  const ahead = own - server
  if (Math.abs(ahead) <= TOLERATED) return undefined
  const by = formatDuration(millis(Math.round(Math.abs(ahead) / seconds(1)) * seconds(1)))
  return `the clock of this machine is ${by} ${ahead > 0 ? 'ahead of' : 'behind'} that of the API server: synchronize both (NTP); what is decided goes by the API server's`
}
