/** What may stop an act at any time, asked before every write and retry: no watch can hide it then (I10). */
import type { HealingActionSpec } from '../../shared/api/v1alpha1/types.ts'
import type { Instant } from '../../shared/lib/time.ts'
import { refuseStranger } from '../healing/places.ts'
import type { Refusal } from '../healing/refusal.ts'
import type { LiveReader } from '../ports/cluster.ts'

/** The kill switch, and whoever runs another namespace than the policy's. */
export async function stoppedBy(live: Pick<LiveReader, 'killSwitch' | 'consent'>, { policyRef, targetResource }: Pick<HealingActionSpec, 'policyRef' | 'targetResource'>, now: Instant): Promise<Refusal | undefined> {
  const [home, where] = [policyRef.namespace, targetResource.namespace]
  const [killed, consent] = await Promise.all([live.killSwitch(), where === home ? ('Given' as const) : live.consent(home, where)])
  return killed ? { reason: 'KillSwitch', message: 'the kill switch of the installation is on' } : refuseStranger(home, where, consent, now)
}
