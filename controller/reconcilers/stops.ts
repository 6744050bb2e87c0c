/** What may stop an act at any time, asked before every write and retry: no watch can hide it then (I10), and no look can be too old for it (I3, I12). */
import type { HealingActionSpec } from '../../shared/api/v1alpha1/types.ts'
import type { Instant } from '../../shared/lib/time.ts'
import type { Operation } from '../actions/action.ts'
import { changedSince, groundOf } from '../healing/ground.ts'
import { refuseStranger } from '../healing/places.ts'
import type { Refusal } from '../healing/refusal.ts'
import type { LiveReader, LiveView } from '../ports/cluster.ts'

/** The kill switch, and whoever runs another namespace than the policy's. */
export async function stoppedBy(live: Pick<LiveReader, 'killSwitch' | 'consent'>, { policyRef, targetResource }: Pick<HealingActionSpec, 'policyRef' | 'targetResource'>, now: Instant): Promise<Refusal | undefined> {
  const [home, where] = [policyRef.namespace, targetResource.namespace]
  const [killed, consent] = await Promise.all([live.killSwitch(), where === home ? ('Given' as const) : live.consent(home, where)])
  return killed ? { reason: 'KillSwitch', message: 'the kill switch of the installation is on' } : refuseStranger(home, where, consent, now)
}

/** What of the policy, the namespaces and the owners is not as it was when looked at. What that means, the next look tells. */
export async function movedSince(live: Pick<LiveReader, 'ground'>, spec: HealingActionSpec, view: LiveView, { target }: Operation): Promise<string | undefined> {
  const looked = groundOf(view, spec, target)
  return changedSince(looked, await live.ground(spec, looked.owners.flatMap((owner) => owner?.ref ?? [])))
}
