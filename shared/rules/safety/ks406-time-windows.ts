import { isEndless, isProblem, parseTimeWindow, timeWindowProblems, type TimeWindowText } from '../../lib/time-window.ts'
import { quoted } from '../../lib/text.ts'
import type { Finding, Rule } from '../rule.ts'
import { writtenWindows } from './time-windows.ts'

const FIXES: Readonly<Record<keyof TimeWindowText, string>> = {
  schedule: 'write five fields of cron, such as "0 9 * * mon-fri" for nine on working days',
  timeZone: 'write an IANA name such as Europe/Berlin, or leave it out for UTC',
  duration: 'write a duration such as 90m or 8h',
}

export const ks406: Rule = {
  id: 'KS406',
  severity: 'E',
  alsoWarns: true,
  title: 'Time windows of schedules and budgets have a cron schedule of five fields that comes, a time zone that exists, and an end; days of the month together with days of the week are warned about.',
  why: 'a time that is not understood would allow or forbid at the wrong one',
  fix: FIXES.schedule,
  check: (policy) =>
    writtenWindows(policy).flatMap(({ path, text }): Finding[] => {
      // Durations are KS208's.
      const problems = timeWindowProblems(text).filter(({ field }) => field !== 'duration')
      if (problems.length > 0) return problems.map(({ field, what }) => ({ path: `${path}.${field}`, what, fix: what.includes('larger than') ? 'a range goes upwards: write two of them, such as 20-23,0-6 or fri-sat,sun-mon' : FIXES[field] }))
      const parsed = parseTimeWindow(text)
      if (isProblem(parsed)) return []
      if (!isEndless(parsed)) return eitherDay(path, text)
      return [{ path, what: 'it begins again before it ends, over and over', why: 'a time that is always on is no time window', fix: 'write fewer begins or a shorter duration, or leave the entry out' }]
    }),
}

/** "The first Monday" is what most mean by it, and no cron says that. */
function eitherDay(path: string, { schedule }: TimeWindowText): Finding[] {
  const [, , dayOfMonth, , dayOfWeek] = schedule.split(/[ \t]+/)
  if (dayOfMonth === '*' || dayOfWeek === '*') return []
  return [{ path: `${path}.schedule`, severity: 'W', what: `${quoted(schedule)} comes on each of these days of the month, and on each of these days of the week as well`, why: 'in cron either of the two is enough: it is on far more often than where both have to hold', fix: 'write * in one of the two' }]
}
