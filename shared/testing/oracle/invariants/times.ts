/** What a policy says of times: how much each of its budgets lets through, and when nothing may be done. */
import type { HealingPolicy } from '../../../api/v1alpha1/types.ts'
import { parseDuration } from '../../../lib/duration.ts'
import { rememberedByText } from '../../../lib/remembered.ts'
import { isProblem, isWithin, nextChange, parseTimeWindow, type TimeWindow, type TimeWindowText } from '../../../lib/time-window.ts'
import { instant, type Instant, type Millis } from '../../../lib/time.ts'

/** Some moment of it, nobody knows which, is when the policy was asked. */
export interface Span {
  readonly from: Instant
  readonly to: Instant
}

/** More than the policies of one history have. */
const WINDOWS = 100

/** undefined: it cannot be read. */
const windowOf = rememberedByText(WINDOWS, (text): TimeWindow | undefined => {
  const parsed = parseTimeWindow(JSON.parse(text) as TimeWindowText)
  return isProblem(parsed) ? undefined : parsed
})

const unchanged = (window: TimeWindow, { from, to }: Span): boolean => (nextChange(window, from) ?? Number.POSITIVE_INFINITY) > to

/** From its begin to its end; what cannot be read is on always. */
function isOn(during: TimeWindowText, span: Span): boolean {
  const window = windowOf(JSON.stringify(during))
  return window === undefined || (isWithin(window, span.from) && unchanged(window, span))
}

/** At no moment of it. */
function isOff(during: TimeWindowText, span: Span): boolean {
  const window = windowOf(JSON.stringify(during))
  return window === undefined || (!isWithin(window, span.from) && unchanged(window, span))
}

/** Why no moment of the span was one to act at. */
export function outOfSchedule({ spec: { safetyRules } }: HealingPolicy, span: Span): string | undefined {
  const { schedules = [] } = safetyRules ?? {}
  const forbidding = schedules.findIndex(({ allow, during }) => !allow && isOn(during, span))
  if (forbidding !== -1) return `schedules[${forbidding}] forbids it`
  const allowing = schedules.filter(({ allow }) => allow)
  return allowing.length > 0 && allowing.every(({ during }) => isOff(during, span)) ? 'no allowing time of its schedules is on' : undefined
}

/** Which of its budgets is exceeded, if it was in force all the time. `acts`: how many there have been in the last so many milliseconds. */
export function overBudget({ spec: { safetyRules } }: HealingPolicy, span: Span, acts: (within: Millis) => number): string | undefined {
  for (const [index, { actions, per, during }] of (safetyRules?.budgets ?? []).entries()) {
    const within = parseDuration(per)
    if (within === undefined || (during !== undefined && !isOn(during, span))) continue
    const many = acts(within)
    if (many > actions) return `${many} of ${actions} actions in ${per} (budgets[${index}])`
  }
  return undefined
}

/** As far as times differ between what asked and what answers. */
export const spanOf = (from: number, received: Instant, slack: Millis): Span => ({ from: instant(from), to: instant(received + slack) })
