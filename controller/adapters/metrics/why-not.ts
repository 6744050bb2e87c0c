/** Why a metrics API of the cluster has no answer, for whoever wrote the policy. Nothing that the server said is repeated. */
import { isApiError } from '../../../shared/kube/errors.ts'
import { ConfigError } from '../../../shared/lib/errors.ts'
import { seconds } from '../../../shared/lib/time.ts'
import type { MetricAnswer } from '../../ports/metric-source.ts'

/** Of one read. Adapters ask others in turn, but not for longer than a tick. */
export const API_TIMEOUT = seconds(10)

export interface Wording {
  /** As the begin of a sentence: `the resource metrics API`. */
  readonly what: string
  /** When nobody serves it. */
  readonly absent: string
  /** What gives the right to read it. */
  readonly grant?: string
}

export function whyNot(error: unknown, { what, absent, grant = 'apply the current config/rbac' }: Wording): MetricAnswer {
  if (isApiError(error, 'NotFound')) return { kind: 'NoData', why: absent }
  if (isApiError(error, 'Forbidden')) return { kind: 'NoData', why: `the controller may not read ${what}: ${grant}` }
  if (isApiError(error, 'Server', 'Throttled', 'Timeout', 'Network', 'Unauthorized', 'TooLarge', 'Aborted')) {
    return { kind: 'NoData', why: `${what} does not answer (${error.code === 0 ? error.kind : error.code}): whatever serves it is down or not ready` }
  }
  if (isApiError(error) || error instanceof ConfigError) return { kind: 'NoData', why: `${what} refuses the question` }
  throw error
}
