/**
 * Tells people what happened, as Events of events.k8s.io/v1. Events are a courtesy: they are bounded, aggregated and
 * dropped rather than allowed to slow or fail whoever records them. What must last is in our own objects.
 */
import { shortHash } from '../lib/hash.ts'
import { formatInstant, minutes, seconds, type Clock, type Instant, type Millis } from '../lib/time.ts'
import type { Component } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logger.ts'
import { METRICS } from '../runtime/metric-table.ts'
import { noMetrics, type Counter, type Metrics } from '../runtime/metrics.ts'
import { sleep, type Cancel, type Timers } from '../runtime/timers.ts'
import { TokenBucket } from '../runtime/token-bucket.ts'
import type { KubeObject, KubeWriter } from './api.ts'
import { isApiError, NotLeading } from './errors.ts'
import { eventName, noteOf, wordOf } from './event-text.ts'
import { apiVersionOf, EVENTS } from './resources.ts'

/** What the event is about. */
export type Regarding = Pick<KubeObject, 'apiVersion' | 'kind'> & { readonly metadata: Pick<KubeObject['metadata'], 'name' | 'namespace' | 'uid'> }

/** Anything may be in these texts: they are cleaned and cut here. */
export interface EventNote {
  readonly type: 'Normal' | 'Warning'
  /** PascalCase, from the vocabulary of reasons; at most 128 bytes. */
  readonly reason: string
  /** What was done or tried; at most 128 bytes. */
  readonly action: string
  /** A sentence for people; at most 1000 characters and 1024 bytes. */
  readonly note: string
  readonly labels?: Readonly<Record<string, string>>
}

export interface EventRecorderOptions {
  readonly api: Pick<KubeWriter, 'create' | 'patch'>
  /** Qualified: `kubeskippy.io/controller`. */
  readonly controller: string
  /** Which process: the pod's name. */
  readonly instance: string
  readonly clock: Clock
  readonly timers: Timers
  readonly log: Logger
  readonly metrics?: Metrics
}

/** The same event within this time of its first is counted, not told again. */
const SERIES = minutes(10)
/** Repeats are written this much later, all at once. */
const SERIES_DELAY = seconds(10)
/** A mass failure must not become a mass of events: 100 at once, then one a second. */
const BURST = 100
const EVERY = seconds(1)
/** Kept for aggregation; the oldest go first. */
const MOST_KNOWN = 2000
const MOST_WAITING = 500
const CALL_TIMEOUT = seconds(5)
const TRIES = 3
const RETRY = seconds(1)

interface Known {
  readonly namespace: string
  readonly name: string
  readonly since: Millis
  count: number
  last: Instant
  cancelSeries: Cancel | undefined
}

export class EventRecorder implements Component {
  readonly name = 'event recorder'
  readonly #options: EventRecorderOptions
  readonly #bucket: TokenBucket
  readonly #outcomes: Counter<'outcome'>
  readonly #known = new Map<string, Known>()
  readonly #abort = new AbortController()
  #dropped = 0
  #waiting = 0
  #closed = false
  /** Everything that is being sent, one after the other: events are read in the order in which they were made. */
  #tail: Promise<void> = Promise.resolve()

  constructor(options: EventRecorderOptions) {
    this.#options = options
    this.#bucket = new TokenBucket(options.timers, BURST, EVERY)
    this.#outcomes = (options.metrics ?? noMetrics).counter(METRICS.events)
    for (const outcome of METRICS.events.labels.outcome) this.#outcomes.inc({ outcome }, 0)
  }

  /** Events that were not sent, over the life of the process. */
  get dropped(): number {
    return this.#dropped
  }

  /** Never throws, never waits. */
  record(regarding: Regarding, event: EventNote): void {
    const { clock, timers } = this.#options
    const identity = identityOf(regarding, event)
    const known = this.#known.get(identity)
    if (!this.#closed && known !== undefined && timers.monotonic() - known.since < SERIES) {
      known.count++
      known.last = clock.now()
      known.cancelSeries ??= timers.after(SERIES_DELAY, () => this.#sendSeries(known))
      this.#outcomes.inc({ outcome: 'counted' })
    } else if (this.#closed || this.#waiting >= MOST_WAITING || !this.#bucket.take()) this.#drop()
    else this.#sendNew(identity, regarding, event)
  }

  start(): void {}

  /** Writes what waits, series included, until the deadline. Later events are dropped. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#closed = true
    for (const known of this.#known.values()) if (known.cancelSeries !== undefined) this.#sendSeries(known)
    const abort = (): void => this.#abort.abort()
    if (deadline.aborted) abort()
    else deadline.addEventListener('abort', abort, { once: true })
    await this.#tail
    deadline.removeEventListener('abort', abort)
  }

  #sendNew(identity: string, regarding: Regarding, event: EventNote): void {
    const { api, clock, timers, controller, instance } = this.#options
    const now = clock.now()
    const { name, namespace, uid } = regarding.metadata
    // Events about cluster-scoped objects are only taken in `default`. The instance is part of the name: two leaders may say the same.
    const key = { namespace: namespace ?? 'default', name: eventName(name, shortHash([instance, identity, String(now)])) }
    this.#remember(identity, { ...key, since: timers.monotonic(), count: 1, last: now, cancelSeries: undefined })
    const manifest = {
      apiVersion: apiVersionOf(EVENTS),
      kind: EVENTS.kind,
      metadata: { ...key, ...(event.labels === undefined ? {} : { labels: event.labels }) },
      eventTime: microTime(now),
      reportingController: controller,
      reportingInstance: wordOf(instance),
      type: event.type,
      reason: wordOf(event.reason),
      action: wordOf(event.action),
      note: noteOf(event.note),
      regarding: { apiVersion: regarding.apiVersion, kind: regarding.kind, name, uid, ...(namespace === undefined ? {} : { namespace }) },
    }
    // Taken: an earlier try had landed.
    this.#send(event.reason, 'AlreadyExists', () => api.create(EVENTS, manifest, { timeout: CALL_TIMEOUT, signal: this.#abort.signal }))
  }

  #sendSeries(known: Known): void {
    known.cancelSeries?.()
    known.cancelSeries = undefined
    const { namespace, name, count, last } = known
    const body = { series: { count, lastObservedTime: microTime(last) } }
    const options = { timeout: CALL_TIMEOUT, signal: this.#abort.signal }
    // Gone: events live for an hour only.
    this.#send('series', 'NotFound', () => this.#options.api.patch(EVENTS, { namespace, name }, { type: 'merge', body }, options))
  }

  #send(reason: string, harmless: 'AlreadyExists' | 'NotFound', call: () => Promise<unknown>): void {
    this.#waiting++
    const before = this.#tail
    this.#tail = (async () => {
      await before
      await this.#try(reason, harmless, call)
      this.#waiting--
    })()
  }

  async #try(reason: string, harmless: 'AlreadyExists' | 'NotFound', call: () => Promise<unknown>): Promise<void> {
    const { timers, log } = this.#options
    for (let attempt = 1; !this.#abort.signal.aborted; attempt++) {
      try {
        await call()
        this.#outcomes.inc({ outcome: 'sent' })
        return
      } catch (error) {
        if (isApiError(error, harmless)) return
        // A retry of these says the same again: the object is wrong, its namespace is going away, or another process speaks now.
        const hopeless = error instanceof NotLeading || isApiError(error, 'Invalid', 'BadRequest', 'Forbidden', 'NotFound', 'TooLarge')
        if (hopeless || attempt === TRIES) {
          log.warn('event not sent', { reason, error })
          break
        }
        await sleep(timers, isApiError(error) ? (error.retryAfter ?? RETRY) : RETRY, this.#abort.signal)
      }
    }
    this.#drop()
  }

  #drop(): void {
    this.#dropped++
    this.#outcomes.inc({ outcome: 'dropped' })
  }

  #remember(identity: string, known: Known): void {
    this.#known.get(identity)?.cancelSeries?.()
    this.#known.delete(identity)
    this.#known.set(identity, known)
    const [oldest] = this.#known
    if (this.#known.size <= MOST_KNOWN || oldest === undefined) return
    oldest[1].cancelSeries?.()
    this.#known.delete(oldest[0])
  }
}

const identityOf = ({ kind, metadata: { namespace = '', name, uid } }: Regarding, { type, reason, action, note }: EventNote): string =>
  shortHash([kind, namespace, name, uid, type, reason, action, note])

/** MicroTime of Kubernetes: six digits, no fewer. */
const microTime = (time: Instant): string => formatInstant(time).replace('Z', '000Z')
