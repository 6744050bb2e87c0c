/** How long incidents last, from the begin of the fault to the end that is verified, and whether that is what the policy promises. Pure. */
import { formatDuration, parseDuration } from '../../shared/lib/duration.ts'
import { after, between, formatInstant, hours, millis, parseInstant, type Instant, type Millis } from '../../shared/lib/time.ts'
import type { Incident, Ledger } from './incidents.ts'

/** One that was missed is told for this long: an alert sees it between two scrapes, and is over at last. */
export const TOLD_FOR = hours(1)

/** Those from before it was written know only when the first act was decided. */
const begin = ({ since, openedAt }: Incident): Instant | undefined => parseInstant(since) ?? parseInstant(openedAt)

const isOver = ({ state, quietSince }: Incident, window: Millis, now: Instant): boolean => {
  const quiet = parseInstant(quietSince)
  return state === 'Ended' && quiet !== undefined && now >= after(quiet, window)
}

/**
 * The ledger with the incidents counted that ended since, because the workload was healthy for long enough. What was never acted
 * on is not counted: nobody healed it.
 * @param objective undefined: none is promised, so none is missed
 */
export function countHealed(before: Ledger, ledger: Ledger, { window, objective, now }: { readonly window: Millis; readonly objective: Millis | undefined; readonly now: Instant }): Ledger {
  const open = new Set(before.incidents.filter(({ state }) => state !== 'Ended').map(({ id }) => id))
  const healed = ledger.incidents.filter((incident) => open.has(incident.id) && incident.acted === true && isOver(incident, window, now))
  return healed.reduce((next, incident) => {
    const since = begin(incident)
    if (since === undefined) return next
    const span = between(since, now)
    const { incidents = 0, missed = 0 } = next.timeToHeal ?? {}
    return {
      ...next,
      timeToHeal: { last: formatDuration(wholeSeconds(span)), at: formatInstant(now), incidents: incidents + 1, missed: missed + Number(objective !== undefined && span > objective) },
    }
  }, ledger)
}

const wholeSeconds = (span: Millis): Millis => millis(Math.max(0, Math.round(span / 1000) * 1000))

/** The share of the objective that is used up, more than 1 when it is missed: of the incident that is open for longest, or of the one healed last within {@link TOLD_FOR}. */
export function objectiveUsed({ incidents, timeToHeal }: Pick<Ledger, 'incidents' | 'timeToHeal'>, objective: Millis, now: Instant): number {
  const open = incidents.flatMap((incident) => (incident.state === 'Ended' || incident.dryRun === true ? [] : (begin(incident) ?? []))).map((since) => between(since, now))
  const at = parseInstant(timeToHeal?.at)
  const last = at === undefined || now >= after(at, TOLD_FOR) ? undefined : parseDuration(timeToHeal?.last ?? '')
  return Math.max(0, ...open, last ?? 0) / objective
}
