import { seconds } from '../lib/time.ts'
import { plainVerdict, type Verdict } from '../runtime/reconcile-loop.ts'
import { isApiError } from './errors.ts'

/** Without a Retry-After: what the server itself sends when it is busy. */
const THROTTLED_DELAY = seconds(1)

/** What an API error that no reconcile has handled means for the queue. */
export function apiVerdict(error: unknown): Verdict {
  if (isApiError(error, 'Conflict', 'Recreated')) return { kind: 'conflict' }
  if (isApiError(error, 'Throttled', 'DisruptionBudgetPending', 'VersionTooLarge')) {
    return { kind: 'wait', delay: error.retryAfter ?? THROTTLED_DELAY }
  }
  return isApiError(error, 'TooLarge') ? { kind: 'terminal' } : plainVerdict(error)
}
