/**
 * Windows of time: a cron schedule of five fields says when each begins, on the clock of a time zone; the duration is
 * elapsed time. Where the clock is put forward a begin that falls into the gap comes right after it; where it is put
 * back a begin that comes twice counts once (wildcards and steps: each time that the clock shows it).
 */
import { Cron } from 'croner'
import { DURATION_MAX_LENGTH, parseDuration } from './duration.ts'
import { quoted } from './text.ts'
import { after, before, instant, millis, type Instant, type Millis } from './time.ts'

export interface TimeWindow {
  readonly duration: Millis
  /** The first begin after `t`; undefined: there is none. */
  readonly beginAfter: (t: Instant) => Instant | undefined
  /** The last begin at `t` or before. */
  readonly lastBegin: (t: Instant) => Instant | undefined
}

export interface TimeWindowText {
  readonly schedule: string
  readonly duration: string
  readonly timeZone: string
}

export interface TimeWindowProblem {
  readonly field: keyof TimeWindowText
  readonly what: string
}

/** Cron as everybody means it: no seconds, no years, no `@daily`, no `L`, `W`, `#`. */
const NUMBERS = /^[0-9*/,-]+$/
const MONTHS = /^([0-9*/,-]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)+$/i
const DAYS = /^([0-9*/,-]|sun|mon|tue|wed|thu|fri|sat)+$/i
const FIELDS = [
  { name: 'minute', words: NUMBERS },
  { name: 'hour', words: NUMBERS },
  { name: 'day of the month', words: NUMBERS },
  { name: 'month', words: MONTHS },
  { name: 'day of the week', words: DAYS },
] as const

/** Any: whether a schedule ever comes does not depend on it. */
const SOME_TIME = instant(Date.UTC(2024, 0, 1))

export function parseTimeWindow(text: TimeWindowText): TimeWindow | TimeWindowProblem {
  const [problem] = timeWindowProblems(text)
  if (problem !== undefined) return problem
  const { schedule, duration, timeZone } = text
  const span = parseDuration(duration)
  const cron = span === undefined ? undefined : readCron(schedule, timeZone)
  return span === undefined || cron === undefined || isProblem(cron) ? { field: 'duration', what: `${quoted(duration)} is no duration` } : windowOf(cron, span)
}

/** Everything that is wrong with it, the schedule first. */
export function timeWindowProblems({ schedule, duration, timeZone }: TimeWindowText): readonly TimeWindowProblem[] {
  const isZone = isTimeZone(timeZone)
  // Whether it ever comes does not depend on the zone.
  const cron = readCron(schedule, isZone ? timeZone : 'UTC')
  const span = duration.length > DURATION_MAX_LENGTH ? undefined : parseDuration(duration)
  return [
    ...(isProblem(cron) ? [cron] : windowOf(cron, millis(0)).beginAfter(SOME_TIME) === undefined ? [{ field: 'schedule' as const, what: `${quoted(schedule)} never comes` }] : []),
    ...(isZone ? [] : [{ field: 'timeZone' as const, what: `${quoted(timeZone)} is no time zone` }]),
    ...(span === undefined || span <= 0 ? [{ field: 'duration' as const, what: `${quoted(duration)} is no duration` }] : []),
  ]
}

function readCron(schedule: string, timezone: string): Cron | TimeWindowProblem {
  const fields = schedule.split(/[ \t]+/)
  if (fields.length !== FIELDS.length) return { field: 'schedule', what: `${quoted(schedule)} has ${fields.length} fields, not the 5 of cron (minute hour day month weekday)` }
  for (const [index, { name, words }] of FIELDS.entries()) {
    const field = fields[index] ?? ''
    if (!words.test(field)) return { field: 'schedule', what: `${quoted(field)} is no ${name} of cron` }
  }
  try {
    return new Cron(fields.join(' '), { mode: '5-part', paused: true, timezone, fixedTimeRule: 'no-wildcard' })
  } catch (error) {
    // Its words begin with the name of a class of the library.
    return { field: 'schedule', what: `${quoted(schedule)} is no cron schedule (${quoted(String(error instanceof Error ? error.message : error).replace(/^\w+: /, ''))})` }
  }
}

function windowOf(cron: Cron, duration: Millis): TimeWindow {
  const at = (found: Date | null | undefined): Instant | undefined => (found === null || found === undefined ? undefined : instant(found.getTime()))
  return {
    duration,
    beginAfter: (t) => at(cron.nextRun(new Date(t))),
    // What it answers lies before its argument by a second at least.
    lastBegin: (t) => at(cron.previousRuns(1, new Date(Math.floor(t / 1000) * 1000 + 1000))[0]),
  }
}

export const isProblem = (parsed: TimeWindow | Cron | TimeWindowProblem): parsed is TimeWindowProblem => 'what' in parsed

/** From its begin, up to but without its end. */
export function isWithin({ duration, lastBegin }: TimeWindow, now: Instant): boolean {
  const begin = lastBegin(now)
  return begin !== undefined && now < after(begin, duration)
}

/** Windows that touch or overlap are one. After so many of them no end is looked for: each costs time, and policies are judged often. */
const MOST_OVERLAPS = 200

/** When it is on next, or off again when it is on now; undefined: never, as far as is looked. */
export function nextChange(window: TimeWindow, now: Instant): Instant | undefined {
  if (!isWithin(window, now)) return window.beginAfter(now)
  let end = now
  for (let overlap = 0; overlap < MOST_OVERLAPS; overlap++) {
    const begin = window.lastBegin(end)
    const next = begin === undefined ? end : after(begin, window.duration)
    if (next <= end) return end
    end = next
  }
  return undefined
}

/** Begins follow each other so closely that no end can be seen. */
export function isEndless(window: TimeWindow): boolean {
  const begin = window.beginAfter(before(SOME_TIME, window.duration))
  return begin !== undefined && nextChange(window, begin) === undefined
}

/** So many begins are looked at: an hour of them, a day of fixed ones, or a week of days. */
const MOST_BEGINS = 8

/** The shortest of the times between two of them that follow each other, as far as is looked; undefined: there is one only. */
export function shortestPause(window: TimeWindow): Millis | undefined {
  let begin = window.beginAfter(SOME_TIME)
  let shortest: Millis | undefined
  for (let seen = 0; seen < MOST_BEGINS && begin !== undefined; seen++) {
    const next: Instant | undefined = window.beginAfter(begin)
    if (next === undefined) break
    const pause = millis(Math.max(0, next - after(begin, window.duration)))
    shortest = shortest === undefined || pause < shortest ? pause : shortest
    begin = next
  }
  return shortest
}

function isTimeZone(name: string): boolean {
  // Offsets are no zones: they know nothing of summer time.
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** So many begins are looked at: policies are judged often, and each takes a tenth of a millisecond. */
const MOST_LOOKS = 1000
const DAY = 24 * 3_600_000
const WEEK = 7 * DAY

/** After how long all begins come as they did before, where no clock is changed. */
export type Period = 'day' | 'week' | 'year'

const LENGTHS: Readonly<Record<Period, Millis>> = { day: millis(DAY), week: millis(WEEK), year: millis(366 * DAY) }

/** The period of all of them together. */
export function periodOf(windows: readonly TimeWindowText[]): Period {
  const days = windows.map(({ schedule }) => schedule.split(/[ \t]+/).slice(2))
  if (days.some(([ofMonth, month]) => ofMonth !== '*' || month !== '*')) return 'year'
  return days.some(([, , ofWeek]) => ofWeek !== '*') ? 'week' : 'day'
}

/** Times from which a period stands for all others; undefined: there are too many, or nobody can tell. */
export const typicalStarts = (period: Period, zones: readonly string[]): readonly Instant[] | undefined => (period === 'year' ? [LEAP_YEAR] : typicalWeeks(zones))

/** It has every day of every month. */
const LEAP_YEAR = instant(Date.UTC(2028, 0, 1))

/**
 * Weeks that stand for all others: in each of the differences of clocks that these zones have to each other there is one in which nobody
 * changes his. One when all clocks go alike. undefined: there are too many, or one that lasts less than that.
 */
function typicalWeeks(zones: readonly string[]): readonly Instant[] | undefined {
  const clocks = [...new Set(zones)].map((timeZone) => new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }))
  if (clocks.length < 2) return [after(SOME_TIME, millis(WEEK))]
  const offsets = Array.from({ length: WEEKS_OF_A_YEAR + 2 }, (_, week) => clocks.map((clock) => minutesAhead(clock, SOME_YEAR + week * WEEK)))
  const differences = offsets.map((ahead) => ahead.map((minutes) => minutes - (ahead[0] ?? 0)).join())
  const found = new Map<string, Instant | undefined>(differences.slice(1, -1).map((difference) => [difference, undefined]))
  for (let week = 1; week <= WEEKS_OF_A_YEAR; week++) {
    const isQuiet = [week - 1, week + 1].every((other) => offsets[other]?.join() === offsets[week]?.join())
    const difference = differences[week] ?? ''
    if (isQuiet && found.get(difference) === undefined) found.set(difference, instant(SOME_YEAR + week * WEEK))
  }
  const weeks = [...found.values()].filter((week) => week !== undefined)
  return weeks.length === found.size && weeks.length <= MOST_WEEKS ? weeks : undefined
}

/** Far enough for the rules of today to hold, and a Monday. */
const SOME_YEAR = Date.UTC(2029, 11, 31)
const WEEKS_OF_A_YEAR = 53
const MOST_WEEKS = 8

/** `GMT+05:30`, `GMT`. */
function minutesAhead(clock: Intl.DateTimeFormat, at: number): number {
  const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(clock.format(at)) ?? []
  return sign === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
}

type Span = readonly [begin: number, end: number]

/**
 * Whether no time of the period from `start` is inside one of `open` (none: all of it is) and outside all of `closed`. False also when it
 * cannot be seen.
 */
export function isNeverOpen(open: readonly TimeWindow[], closed: readonly TimeWindow[], start: Instant, period: Period = 'week'): boolean {
  const end = after(start, LENGTHS[period])
  let looks = 0
  const spansOf = ({ duration, beginAfter, lastBegin }: TimeWindow): Span[] => {
    const spans: Span[] = []
    const look = (t: Instant): Instant | undefined => (looks++ < MOST_LOOKS ? beginAfter(t) : undefined)
    for (let begin = looks++ < MOST_LOOKS ? (lastBegin(start) ?? look(start)) : undefined; begin !== undefined && begin < end; begin = look(begin)) spans.push([begin, after(begin, duration)])
    return spans
  }
  const forbidden = closed.flatMap(spansOf)
  const allowed: readonly Span[] = open.length === 0 ? [[start, end]] : open.flatMap(spansOf)
  if (looks > MOST_LOOKS) return false
  return gapsOf(forbidden, [start, end]).every(([from, to]) => allowed.every(([begin, ends]) => begin >= to || ends <= from))
}

/** What none of them covers. */
function gapsOf(spans: readonly Span[], [start, end]: Span): readonly Span[] {
  const gaps: Span[] = []
  let covered = start
  for (const [begin, ends] of spans.toSorted(([a], [b]) => a - b)) {
    if (begin > covered && covered < end) gaps.push([covered, Math.min(begin, end)])
    covered = Math.max(covered, ends)
  }
  if (covered < end) gaps.push([covered, end])
  return gaps
}
