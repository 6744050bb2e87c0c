import { REMEMBERED_OUTCOMES } from '../../api/v1alpha1/breaker.ts'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { formatDuration, parseDuration } from '../../lib/duration.ts'
import { isProblem, parseTimeWindow, shortestPause, type TimeWindowText } from '../../lib/time-window.ts'
import { hours, minutes, type Millis } from '../../lib/time.ts'
import { acts, heals, type Finding, type Rule } from '../rule.ts'

/** Nobody has read the event by then, and no pod that needs some time has started. */
const SHORTEST_OPEN = minutes(1)
/** The default of healthCheckTimeout: an act that begins within such a window is not verified before it is over. */
const SHORTEST_WINDOW = minutes(5)
/** What comes again sooner is on often enough. */
const LONG_PAUSE = hours(1)

export const ks409: Rule = {
  id: 'KS409',
  severity: 'W',
  title: 'The circuit breaker stays open for a minute at least, and failureThreshold is one that can be reached; times in which acting is allowed, or a budget is in force, last five minutes at least where the next one is an hour away.',
  why: 'a limit that does not limit only looks like one',
  fix: 'leave it out: the default limits',
  check: (policy) => [...breaker(policy), ...momentary(policy)],
}

function breaker(policy: HealingPolicy): Finding[] {
  const { failureThreshold, openDuration } = policy.spec.safetyRules.circuitBreaker
  const open = parseDuration(openDuration)
  if (!heals(policy)) return []
  const path = 'spec.safetyRules.circuitBreaker'
  const findings: Finding[] = []
  if (failureThreshold > REMEMBERED_OUTCOMES) {
    findings.push({ path: `${path}.failureThreshold`, what: `${failureThreshold} in a row are never reached`, why: `of ${REMEMBERED_OUTCOMES} acts that did not help the breaker opens anyway: when half of the last ${REMEMBERED_OUTCOMES} did not`, fix: `write ${REMEMBERED_OUTCOMES} or less` })
  }
  if (open !== undefined && open < SHORTEST_OPEN) {
    const times = Math.ceil(Math.log2(SHORTEST_OPEN / open))
    findings.push({ path: `${path}.openDuration`, what: `the breaker stays open for ${formatDuration(open)}`, why: `the next act follows at once, and only after ${times} more that did not help is it open for a minute`, fix: 'write 5m or more' })
  }
  return findings
}

function momentary(policy: HealingPolicy): Finding[] {
  if (!acts(policy)) return []
  const { schedules = [], budgets = [] } = policy.spec.safetyRules
  const allowed = schedules.map(({ allow, during }, index) => ({ allow, path: `spec.safetyRules.schedules[${index}].during.duration`, pause: pauseOf(during), during })).filter(({ allow }) => allow)
  // One that is long enough lets healing through.
  const moments = allowed.every(({ pause }) => pause !== undefined) ? allowed : []
  return [
    ...moments.flatMap(({ path, during, pause }): Finding[] =>
      pause === undefined ? [] : [{ path, what: `acting is allowed for ${during.duration}, and then not for ${formatDuration(pause)}`, why: 'whatever breaks waits for that moment, and one act is all that comes of it, since it is verified after its end', fix: 'write 1h or more, or forbid the times that are meant (allow: false)' }],
    ),
    ...budgets.flatMap(({ during }, index): Finding[] => {
      const pause = during === undefined ? undefined : pauseOf(during)
      return during === undefined || pause === undefined ? [] : [{ path: `spec.safetyRules.budgets[${index}].during.duration`, what: `the budget is in force for ${during.duration}, and then not for ${formatDuration(pause)}`, why: 'it limits nothing but what happens to be done then', fix: 'write 1h or more, or leave during out' }]
    }),
  ]
}

/** The time between two of them, where it is long and they are short. What is malformed is KS406's. */
function pauseOf(during: TimeWindowText): Millis | undefined {
  const window = parseTimeWindow(during)
  if (isProblem(window) || window.duration >= SHORTEST_WINDOW) return undefined
  const pause = shortestPause(window)
  return pause !== undefined && pause >= LONG_PAUSE ? pause : undefined
}
