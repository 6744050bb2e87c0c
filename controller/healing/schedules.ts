/** When acting is allowed: any forbidding time that is on forbids; where there are allowing ones, one of them must be on. */
import { isProblem, isWithin, nextChange, parseTimeWindow, type TimeWindow, type TimeWindowText } from '../../shared/lib/time-window.ts'
import { earliest, formatInstant, type Instant } from '../../shared/lib/time.ts'
import type { Refusal } from './refusal.ts'

/** undefined: it cannot be read, which the rules refuse (KS406). */
type Readable = TimeWindow | undefined

export interface Schedule {
  readonly allow: boolean
  readonly during: Readable
}

export function compileWindow(text: TimeWindowText): Readable {
  const parsed = parseTimeWindow(text)
  return isProblem(parsed) ? undefined : parsed
}

/** So many changes ahead a time is looked for at which all agree. */
const MOST_CHANGES = 64

/** What the schedules say of a time. Remembers its last answer, since every finding of one look asks about the same time. */
export function scheduleGate(schedules: readonly Schedule[]): (now: Instant) => Refusal | undefined {
  let last: { readonly now: Instant; readonly refusal: Refusal | undefined } | undefined
  return (now) => {
    if (last?.now !== now) last = { now, refusal: refuse(schedules, now) }
    return last.refusal
  }
}

function refuse(schedules: readonly Schedule[], now: Instant): Refusal | undefined {
  const why = whyNot(schedules, now)
  if (why === undefined) return undefined
  const opens = nextOpening(schedules, now)
  const until = opens === undefined ? ', with no end in sight' : `; acting again from ${formatInstant(opens)}`
  const recheckAt = opens ?? changeAfter(schedules, now)
  return { reason: 'OutsideSchedule', message: `${why}${until}`, ...(recheckAt === undefined ? {} : { recheckAt }) }
}

function whyNot(schedules: readonly Schedule[], now: Instant): string | undefined {
  // One that cannot be read forbids: nobody knows what it meant to forbid.
  const forbidding = schedules.findIndex(({ allow, during }) => during === undefined || (!allow && isWithin(during, now)))
  if (forbidding >= 0) return `safetyRules.schedules[${forbidding}] forbids it now`
  const allowing = schedules.flatMap(({ allow, during }) => (allow && during !== undefined ? during : []))
  return allowing.length > 0 && !allowing.some((during) => isWithin(during, now)) ? 'no allowing time of safetyRules.schedules is on' : undefined
}

function nextOpening(schedules: readonly Schedule[], now: Instant): Instant | undefined {
  let t = changeAfter(schedules, now)
  for (let change = 0; t !== undefined && change < MOST_CHANGES; change++) {
    if (whyNot(schedules, t) === undefined) return t
    t = changeAfter(schedules, t)
  }
  return undefined
}

function changeAfter(schedules: readonly Schedule[], t: Instant): Instant | undefined {
  if (schedules.some(({ during }) => during === undefined)) return undefined
  const changes = schedules.flatMap(({ during }) => (during === undefined ? [] : (nextChange(during, t) ?? [])))
  return changes.length === 0 ? undefined : changes.reduce(earliest)
}
