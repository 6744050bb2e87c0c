import { seconds } from '../lib/time.ts'
import { plainVerdict, type Verdict } from '../runtime/reconcile-loop.ts'
import { isApiError, NotLeading } from './errors.ts'

/** Without a Retry-After: what the server itself sends when it is busy. */
const THROTTLED_DELAY = seconds(1)

/** A renewal that is late is tried again about as often. */
const NOT_LEADING_DELAY = seconds(2)

/** What an API error that no reconcile has handled means for the queue. */
export function apiVerdict(error: unknown): Verdict {
  if (isApiError(error, 'Conflict', 'Recreated')) return { kind: 'conflict' }
  // No failure of the work: whoever leads does it.
  if (error instanceof NotLeading) return { kind: 'wait', delay: NOT_LEADING_DELAY }
  if (isApiError(error, 'Throttled', 'DisruptionBudgetPending', 'VersionTooLarge')) {
    return { kind: 'wait', delay: error.retryAfter ?? THROTTLED_DELAY }
  }
  return isApiError(error, 'TooLarge') ? { kind: 'terminal' } : plainVerdict(error)
}
