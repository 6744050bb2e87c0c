import { needsApproval, takesAllAtOnce } from '../../api/v1alpha1/approval.ts'
import { healingPolicy } from '../../api/v1alpha1/healing-policy.schema.ts'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { formatDuration, parseDuration } from '../../lib/duration.ts'
import { quoted } from '../../lib/text.ts'
import { minutes } from '../../lib/time.ts'
import { heals, type Finding, type Rule } from '../rule.ts'

/** A person has to be called, read what is asked, and look. */
const SHORTEST_DECISION = minutes(1)

const DEFAULT_TIMEOUT = healingPolicy.spec.properties.safetyRules.properties.approvalTimeout.default

export const ks404: Rule = {
  id: 'KS404',
  severity: 'E',
  alsoWarns: true,
  title: 'What the mode says of approval and what an action says agree. An approvalTimeout that nobody can meet, or that nothing waits for, is warned about.',
  why: 'the author expects one thing and gets the other: an act that waits for ever, or one that waits for nobody',
  fix: 'leave requiresApproval out, or choose mode: automatic',
  check: (policy) => [...contradictions(policy), ...timeouts(policy)],
}

const contradictions = (policy: HealingPolicy): Finding[] =>
  policy.spec.actions.flatMap((action, index): Finding[] => {
    if (action.requiresApproval !== false || !needsApproval(policy.spec, action)) return []
    const path = `spec.actions[${index}].requiresApproval`
    if (policy.spec.mode === 'manual') return [{ path, what: `action ${quoted(action.name, 63)} wants no approval, but in mode manual every action waits for one` }]
    return takesAllAtOnce(action) ? [{ path, what: `action ${quoted(action.name, 63)} wants no approval, but strategy recreate always waits for one`, why: 'all pods of the workload go at once, which a person has to want', fix: 'leave requiresApproval out, or write strategy: rolling or graceful' }] : []
  })

function timeouts(policy: HealingPolicy): Finding[] {
  const { approvalTimeout } = policy.spec.safetyRules
  const patience = parseDuration(approvalTimeout)
  if (!heals(policy) || patience === undefined) return []
  const path = 'spec.safetyRules.approvalTimeout'
  if (!policy.spec.actions.some((action) => needsApproval(policy.spec, action))) {
    if (patience === parseDuration(DEFAULT_TIMEOUT)) return []
    return [{ path, severity: 'W', what: `${formatDuration(patience)}, but no action waits for approval`, why: 'whoever wrote it believes that somebody is asked', fix: 'write requiresApproval: true for an action, or leave it out' }]
  }
  if (patience >= SHORTEST_DECISION) return []
  return [{ path, severity: 'W', what: `${formatDuration(patience)} is too short for a person`, why: 'every action would be cancelled before anybody has looked at it', fix: 'write 1m or more' }]
}
