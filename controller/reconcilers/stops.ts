/** What may stop an act at any time, asked before every write and retry: no watch can hide it then (I10), and no look can be too old for it (I3, I12). */
import type { HealingActionSpec } from '../../shared/api/v1alpha1/types.ts'
import { seconds, type Instant, type Millis } from '../../shared/lib/time.ts'
import type { Operation } from '../actions/action.ts'
import { changedSince, groundOf } from '../healing/ground.ts'
import { refuseStranger } from '../healing/places.ts'
import type { Refusal } from '../healing/refusal.ts'
import type { LiveReader, LiveView } from '../ports/cluster.ts'
import { lookAge, type LookPorts } from './look-age.ts'

/** Whoever runs another namespace than the policy's. */
export async function strangerTo(live: Pick<LiveReader, 'consent'>, { policyRef, targetResource }: Pick<HealingActionSpec, 'policyRef' | 'targetResource'>, now: Instant): Promise<Refusal | undefined> {
  const [home, where] = [policyRef.namespace, targetResource.namespace]
  return refuseStranger(home, where, where === home ? 'Given' : await live.consent(home, where), now)
}

/** What the kill switch and the breaker promise: their answer is no older when a write leaves (I9, I10). */
const WORD_LIFETIME = seconds(1)
/** A network that has answered too late may answer in time. */
const TRIES = 3

export interface LastWord {
  /** Of the kill switch. */
  readonly stop: Refusal | undefined
  /** Whether the act still has its slot, and may use it. */
  readonly held: boolean
  /** Whether a write may still leave by it. */
  readonly isFresh: () => boolean
}

/**
 * What is promised within a second is asked last, and again when its answer took longer. @throws Unanswered
 * @param isHeld calls `asking` as its own question leaves, which may have to wait for others
 * @returns undefined: no answer came in time
 */
export async function lastWord({ live, ...ports }: LookPorts & { readonly live: Pick<LiveReader, 'killSwitch'> }, isHeld: (asking: () => void) => Promise<boolean>): Promise<LastWord | undefined> {
  for (let left = TRIES; left > 0; left--) {
    let asked: { readonly age: () => Millis; readonly killed: Promise<boolean> } | undefined
    const ask = (): NonNullable<typeof asked> => {
      if (asked !== undefined) return asked
      asked = { age: lookAge(ports), killed: live.killSwitch() }
      // Awaited below, unless the other answer does not come.
      asked.killed.catch(() => {})
      return asked
    }
    const held = await isHeld(() => { ask() })
    const { age, killed } = ask()
    const stop: Refusal | undefined = (await killed) ? { reason: 'KillSwitch', message: 'the kill switch of the installation is on' } : undefined
    const isFresh = (): boolean => age() <= WORD_LIFETIME
    if (isFresh()) return { stop, held, isFresh }
  }
  return undefined
}

/** What of the policy, the namespaces and the owners is not as it was when looked at. What that means, the next look tells. */
export async function movedSince(live: Pick<LiveReader, 'ground'>, spec: HealingActionSpec, view: LiveView, { target }: Operation): Promise<string | undefined> {
  const looked = groundOf(view, spec, target)
  return changedSince(looked, await live.ground(spec, looked.owners.flatMap((owner) => owner?.ref ?? [])))
}
