/** How a write that failed is tried again. */
import type { HealingActionSpec } from '../../shared/api/v1alpha1/types.ts'
import { requireDuration } from '../../shared/lib/duration.ts'
import { after, type Instant, type Millis } from '../../shared/lib/time.ts'

/**
 * Written into every action. A few seconds at first, since most failures are over by then; so many tries that it is the
 * timeout of ten minutes that ends it, unless the action has a longer one.
 */
export const RETRY_POLICY = { maxAttempts: 20, backoffDelay: '2s', backoffMultiplier: 2 } as const satisfies HealingActionSpec['retryPolicy']

export interface Retry {
  readonly maxAttempts: number
  readonly delay: Millis
  readonly multiplier: number
}

/** Of an action that was decided before there was a policy for it: ours. */
export function retryOf({ retryPolicy = RETRY_POLICY }: Pick<HealingActionSpec, 'retryPolicy'>): Retry {
  const { maxAttempts, backoffDelay, backoffMultiplier } = retryPolicy
  return { maxAttempts, delay: requireDuration('backoffDelay', backoffDelay), multiplier: backoffMultiplier }
}

/** Until when its write may be tried; `begin`: of the first try. */
export const deadlineOf = ({ timeout }: Pick<HealingActionSpec, 'timeout'>, begin: Instant): Instant => after(begin, requireDuration('timeout', timeout))
