import { isEndless, isNeverOpen, isProblem, parseTimeWindow, periodOf, typicalStarts, type TimeWindow } from '../../lib/time-window.ts'
import { acts, type Rule } from '../rule.ts'

export const ks408: Rule = {
  id: 'KS408',
  severity: 'E',
  title: 'Schedules leave a time of the week, or of the year, in which acting is allowed.',
  why: 'the policy looks active and can never act, so nobody else looks after the workload',
  fix: 'shorten what forbids, or use mode monitor',
  check(policy) {
    const schedules = policy.spec.safetyRules.schedules ?? []
    const windows = (wanted: boolean): readonly TimeWindow[] =>
      schedules.flatMap(({ allow, during }) => {
        const parsed = parseTimeWindow(during)
        return allow !== wanted || isProblem(parsed) ? [] : [parsed]
      })
    const [open, closed] = [windows(true), windows(false)]
    // What is malformed, or never ends, is KS406's.
    const isClear = open.length + closed.length === schedules.length
    if (!acts(policy) || closed.length === 0 || schedules.length < 2 || !isClear || [...open, ...closed].some(isEndless)) return []
    // Zones are compared by what their clocks show: UTC is Etc/UTC, and of two that go apart in summer both times are looked at.
    const period = periodOf(schedules.map(({ during }) => during))
    const starts = typicalStarts(period, schedules.map(({ during }) => during.timeZone))
    if (starts === undefined || !starts.every((start) => isNeverOpen(open, closed, start, period))) return []
    return [{ path: 'spec.safetyRules.schedules', what: `no time of the ${period} is left in which acting is allowed` }]
  },
}
