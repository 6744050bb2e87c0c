import { TerminalError } from '../lib/errors.ts'
import { millis, minutes, type Millis } from '../lib/time.ts'
import type { Logger } from './logger.ts'
import { METRICS } from './metric-table.ts'
import type { Counter, Histogram, Metrics } from './metrics.ts'
import { linkedAbort, type Timers } from './timers.ts'
import type { WorkQueue } from './work-queue.ts'

/** All that a reconcile says is when it wants to be called again. */
export interface ReconcileResult {
  /** The exact remaining wait, not a poll; of a long one the loop takes five minutes at a time. Absent: only when something changes. */
  readonly requeueAfter?: Millis
}

/** A request is only a key: what the object is now is read, never carried. The signal aborts when stopping takes too long. */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<ReconcileResult>

/**
 * What an exception means for the queue:
 * - `conflict`: what was read is old; again soon, not an error;
 * - `wait`: the server said when;
 * - `terminal`: no retry can help; dropped and counted;
 * - `failure`: backed off and counted.
 */
export type Verdict =
  | { readonly kind: 'conflict' }
  | { readonly kind: 'wait'; readonly delay: Millis }
  | { readonly kind: 'terminal' }
  | { readonly kind: 'failure' }

/** Knows only `TerminalError`; `shared/kube` has the one that knows API errors too. */
export const plainVerdict = (error: unknown): Verdict => ({ kind: error instanceof TerminalError ? 'terminal' : 'failure' })

export type Outcome = 'success' | 'requeue' | Verdict['kind']

export interface LoopMetrics {
  readonly reconciles: Counter<'loop' | 'outcome'>
  readonly duration: Histogram<'loop'>
  /** Seconds in the queue. */
  readonly latency: Histogram<'loop'>
}

/** Declared once per process and shared by all loops. */
export const declareLoopMetrics = (metrics: Metrics): LoopMetrics => ({
  reconciles: metrics.counter(METRICS.reconciles),
  duration: metrics.histogram(METRICS.reconcileDuration),
  latency: metrics.histogram(METRICS.queueLatency),
})

export interface ReconcileLoopOptions {
  readonly name: string
  readonly queue: WorkQueue
  readonly reconcile: Reconcile
  /** Keys worked on at the same time, 1 or more. */
  readonly concurrency: number
  readonly verdict?: (error: unknown) => Verdict
  readonly timers: Timers
  readonly log: Logger
  readonly metrics: LoopMetrics
}

/**
 * A conflict comes back after this: long enough for the watch to bring what was missed (its latency is a few
 * milliseconds), short enough that nobody notices.
 */
const CONFLICT_DELAY = millis(100)
/** From this many conflicts in a row the backoff of the queue takes over: somebody writes without end. */
const CONFLICTS_BEFORE_BACKOFF = 5

/**
 * How long a key rests at most, whatever was asked for: a wait is the time until some moment of a clock that may have been set back just then, and
 * would be an hour too long when that is put right.
 */
const LONGEST_REST = minutes(5)

export class ReconcileLoop {
  readonly name: string
  readonly #options: ReconcileLoopOptions
  readonly #abort = new AbortController()
  readonly #conflicts = new Map<string, number>()
  #workers: Promise<unknown> | undefined

  constructor(options: ReconcileLoopOptions) {
    if (!Number.isInteger(options.concurrency) || options.concurrency < 1) throw new RangeError('concurrency must be 1 or more')
    this.name = options.name
    this.#options = options
    for (const outcome of ['success', 'requeue', 'conflict', 'wait', 'terminal', 'failure'] satisfies Outcome[]) {
      options.metrics.reconciles.inc({ loop: options.name, outcome }, 0)
    }
  }

  start(): void {
    this.#workers ??= Promise.all(Array.from({ length: this.#options.concurrency }, () => this.#work()))
  }

  /** Takes no new key and waits for those in hand; when the signal aborts they are aborted, and then not waited for. */
  async stop(deadline?: AbortSignal): Promise<void> {
    this.#options.queue.close()
    const { controller, release } = linkedAbort(deadline)
    const late = new Promise<void>((resolve) => {
      const giveUp = (): void => {
        this.#abort.abort()
        resolve()
      }
      if (controller.signal.aborted) giveUp()
      else controller.signal.addEventListener('abort', giveUp, { once: true })
    })
    await Promise.race([this.#workers, late])
    release()
  }

  async #work(): Promise<void> {
    const { queue } = this.#options
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      const outcome = await this.#once(key)
      this.#options.metrics.reconciles.inc({ loop: this.name, outcome })
      queue.done(key)
    }
  }

  async #once(key: string): Promise<Outcome> {
    const { queue, reconcile, timers, metrics } = this.#options
    const started = timers.monotonic()
    try {
      const { requeueAfter } = await reconcile(key, this.#abort.signal)
      queue.forget(key)
      this.#conflicts.delete(key)
      if (requeueAfter === undefined) return 'success'
      queue.addAfter(key, millis(Math.min(requeueAfter, LONGEST_REST)))
      return 'requeue'
    } catch (error) {
      return this.#judge(key, error)
    } finally {
      metrics.duration.observe({ loop: this.name }, (timers.monotonic() - started) / 1000)
    }
  }

  #judge(key: string, error: unknown): Outcome {
    const { queue, log, verdict = plainVerdict } = this.#options
    const judged = verdict(error)
    switch (judged.kind) {
      case 'conflict': {
        const conflicts = (this.#conflicts.get(key) ?? 0) + 1
        this.#conflicts.set(key, conflicts)
        log.debug('reconcile met a conflict', { loop: this.name, key, conflicts })
        if (conflicts < CONFLICTS_BEFORE_BACKOFF) queue.addAfter(key, CONFLICT_DELAY)
        else queue.retry(key)
        break
      }
      case 'wait':
        log.debug('reconcile was asked to wait', { loop: this.name, key, delay: judged.delay })
        queue.addAfter(key, judged.delay)
        break
      case 'terminal':
        log.error('reconcile gave up', { loop: this.name, key, error })
        queue.forget(key)
        this.#conflicts.delete(key)
        break
      case 'failure': {
        const delay = queue.retry(key)
        log.warn('reconcile failed', { loop: this.name, key, error, failures: queue.failures(key), delay })
        break
      }
      default:
        judged satisfies never
    }
    return judged.kind
  }
}
