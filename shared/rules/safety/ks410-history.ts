import { formatDuration, parseDuration } from '../../lib/duration.ts'
import { hours } from '../../lib/time.ts'
import { acts, type Finding, type Rule } from '../rule.ts'

/** Somebody has been called by then, and has looked. */
const SHORTEST = hours(1)

export const ks410: Rule = {
  id: 'KS410',
  severity: 'W',
  title: 'Of a policy that acts HealingActions that failed stay, and none goes within an hour of its end.',
  why: 'what was done, why, and what came of it is in them: whoever is called finds an incident without its acts',
  fix: 'leave it out: 100 of those that failed stay, and none for longer than a week',
  check(policy) {
    if (!acts(policy)) return []
    const { failed, ttl } = policy.spec.history
    const stays = parseDuration(ttl)
    const findings: Finding[] = []
    if (failed === 0) findings.push({ path: 'spec.history.failed', what: 'no HealingAction that failed stays' })
    if (stays !== undefined && stays < SHORTEST) findings.push({ path: 'spec.history.ttl', what: `HealingActions go ${formatDuration(stays)} after their end` })
    return findings
  },
}
