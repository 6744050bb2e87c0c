/** Takes away HealingActions that are beyond their policy's history. By policy, and of policies that are gone as well. */
import { TerminalError } from '../../shared/lib/errors.ts'
import { between, hours, millis, seconds, type Clock, type Millis } from '../../shared/lib/time.ts'
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import type { Logger } from '../../shared/runtime/logger.ts'
import type { ReconcileResult } from '../../shared/runtime/reconcile-loop.ts'
import type { Timers } from '../../shared/runtime/timers.ts'
import { TokenBucket } from '../../shared/runtime/token-bucket.ts'
import { outdated, type HistoryLimits } from '../healing/history.ts'
import { compilePolicy } from '../healing/policy.ts'
import type { ControllerMetrics } from '../metrics.ts'
import { LedgerUnreadable, type Ledgers, type PolicyKey } from '../ports/ledgers.ts'
import type { OwnObjects } from '../ports/objects.ts'
import { UNREADABLE_RETRY } from './action-record.ts'

export interface HistoryReconcilerPorts {
  readonly objects: OwnObjects
  readonly ledgers: Pick<Ledgers, 'read'>
  readonly clock: Clock
  readonly timers: Pick<Timers, 'monotonic'>
  readonly log: Logger
  readonly metrics: ControllerMetrics
  /** Of the whole installation, which each have their part of what may be removed at once. */
  readonly shards: number
}

/** Of a policy that is gone: nobody says anything else. Age alone counts, so that making the policy anew finds all of it. */
const GONE: HistoryLimits = { successful: Number.POSITIVE_INFINITY, failed: Number.POSITIVE_INFINITY, ttl: hours(168) }

/** Of the whole installation: a limit that was lowered must not become a storm of writes. */
const BURST = 20
const EVERY = seconds(1)

export class HistoryReconciler {
  readonly #ports: HistoryReconcilerPorts
  readonly #every: Millis
  readonly #bucket: TokenBucket

  constructor(ports: HistoryReconcilerPorts) {
    this.#ports = ports
    this.#every = millis(EVERY * ports.shards)
    this.#bucket = new TokenBucket(ports.timers, Math.ceil(BURST / ports.shards), this.#every)
  }

  async reconcile(key: PolicyKey): Promise<ReconcileResult> {
    const { objects, ledgers, clock, log, metrics } = this.#ports
    const limits = limitsOf(objects.policy(key))
    // Nobody can say what should stay.
    if (limits === undefined) return {}
    try {
      const now = clock.now()
      const { actions, nextAt } = outdated(objects.actionsOf(key), await ledgers.read(key), limits, now)
      for (const { action, why } of actions) {
        if (!this.#bucket.take()) return { requeueAfter: this.#every }
        await objects.deleteAction(action)
        metrics.historyDeleted.inc({ why })
        log.info('history removed', { action: action.metadata.name, policy: `${key.namespace}/${key.name}`, why })
      }
      return nextAt === undefined ? {} : { requeueAfter: millis(Math.max(50, between(now, nextAt))) }
    } catch (error) {
      // What waits to be settled cannot be told (I19).
      if (error instanceof LedgerUnreadable) return { requeueAfter: UNREADABLE_RETRY }
      throw error
    }
  }
}

function limitsOf(policy: HealingPolicy | undefined): HistoryLimits | undefined {
  if (policy === undefined) return GONE
  try {
    return compilePolicy(policy).history
  } catch (error) {
    if (error instanceof TerminalError) return undefined
    throw error
  }
}
