/** The annotation that pauses a policy, or all policies of a namespace, and says why. */
import { PAUSE_ANNOTATION } from '../../shared/api/v1alpha1/names.ts'
import type { ObjectMeta } from '../../shared/lib/object.ts'
import { printable } from '../../shared/lib/text.ts'
import type { CompiledPolicy } from './policy.ts'
import type { Refusal } from './refusal.ts'
import type { NamespaceView } from './snapshot.ts'

/** Why it is paused; empty: nobody said. Whoever writes "true" or nothing means it: only "false" and no annotation do not pause. */
export function pauseReason({ annotations }: Pick<ObjectMeta, 'annotations'>): string | undefined {
  const value = annotations?.[PAUSE_ANNOTATION]?.trim()
  return value?.toLowerCase() === 'false' ? undefined : value
}

/** The policy's own pause is named before that of its namespace. */
export function pauseOf(policy: Pick<CompiledPolicy, 'name' | 'paused'>, namespace: NamespaceView | undefined): Refusal | undefined {
  if (policy.paused !== undefined) return paused(`HealingPolicy/${policy.name}`, policy.paused)
  return namespace?.paused === undefined ? undefined : paused(`Namespace/${namespace.name}`, namespace.paused)
}

const paused = (what: string, why: string): Refusal => ({
  reason: 'Paused',
  message: `${what} is paused by ${PAUSE_ANNOTATION}${why === '' ? '' : `: ${printable(why, 200)}`}`,
})
