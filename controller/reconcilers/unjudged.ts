/** What is told of a policy that cannot be judged at all; nothing is done for it. */
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { sameJson } from '../../shared/lib/json.ts'
import type { Instant } from '../../shared/lib/time.ts'
import type { Violation } from '../../shared/rules/violation.ts'
import { brokenStatus } from '../healing/status.ts'
import type { Events } from '../ports/events.ts'
import type { OwnObjects } from '../ports/objects.ts'
import type { Logger } from '../../shared/runtime/logger.ts'

export interface UnjudgedPorts {
  readonly objects: Pick<OwnObjects, 'writePolicyStatus'>
  readonly events: Events
  readonly log: Logger
}

const called = ({ metadata: { namespace, name } }: HealingPolicy): string => `${namespace}/${name}`

/** Its ledger cannot be read, or its spec does not compile: the condition Ready says so, and Accepted which rules that breaks. */
export async function tellBroken({ objects, events, log }: UnjudgedPorts, stored: HealingPolicy, reason: 'LedgerUnreadable' | 'NotCompiled', message: string, now: Instant, violations: readonly Violation[] = []): Promise<void> {
  const status = brokenStatus({ generation: stored.metadata.generation ?? 1 }, reason, message, now, stored.status, violations)
  if (sameJson(status, stored.status)) return
  await objects.writePolicyStatus(stored, status)
  log.error('policy cannot be judged', { policy: called(stored), reason, detail: message })
  events.record(stored, { type: 'Warning', reason, action: 'refuse', note: message })
}

/** I19. Nothing is written over it: empty, it would be read as if nothing had been going on. */
export function tellUnreadable({ events, log }: UnjudgedPorts, stored: HealingPolicy, message: string): void {
  const reason = 'StatusUnreadable'
  log.error('policy cannot be judged', { policy: called(stored), reason, detail: message })
  events.record(stored, { type: 'Warning', reason, action: 'refuse', note: `${message}: nothing is done until somebody takes the status away; kubeskippy explain ${stored.metadata.name} says how` })
}
