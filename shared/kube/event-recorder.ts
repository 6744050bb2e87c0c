/**
 * Events (events.k8s.io/v1) for people: never in the way of the work. Equal ones become a series; what cannot be sent
 * is dropped and counted, since an Event is a hint and no record.
 */
import { shortHash } from '../lib/hash.ts'
import type { KubeObject } from '../lib/object.ts'
import { printable } from '../lib/text.ts'
import { between, minutes, seconds, type Clock, type Instant } from '../lib/time.ts'
import type { Component } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logger.ts'
import { sleep, type Timers } from '../runtime/timers.ts'
import type { KubeWriter } from './api.ts'
import { isApiError } from './errors.ts'
import { apiVersionOf, EVENTS } from './resources.ts'

/** What the event is about. */
export type Regarding = Pick<KubeObject, 'apiVersion' | 'kind'> & { readonly metadata: Pick<KubeObject['metadata'], 'name' | 'namespace' | 'uid'> }

export interface EventNote {
  readonly type: 'Normal' | 'Warning'
  /** PascalCase; at most 128 characters. */
  readonly reason: string
  /** What was done or tried; at most 128 characters. */
  readonly action: string
  /** A sentence; cut to 1000 characters, control characters removed. */
  readonly note: string
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
}

/** The API server takes 1024 bytes of note; 1000 characters of ASCII, fewer of others, stay below. */
const NOTE_BYTES = 1000
const REASON_LENGTH = 128
/** Equal events within this are one series. */
const SERIES = minutes(10)
/** More than this waiting: something is wrong that no event can tell. */
const MAX_QUEUE = 500
const MAX_SERIES = 1000
const TRIES = 3
const RETRY = seconds(1)

interface Item {
  readonly regarding: Regarding
  readonly event: EventNote
  readonly at: Instant
}

interface Series {
  readonly name: string
  readonly namespace: string
  count: number
  last: Instant
}

export class EventRecorder implements Component {
  readonly name = 'event recorder'
  readonly #options: EventRecorderOptions
  readonly #queue: Item[] = []
  readonly #series = new Map<string, Series>()
  readonly #abort = new AbortController()
  #dropped = 0
  #closed = false
  #running: Promise<void> | undefined

  constructor(options: EventRecorderOptions) {
    this.#options = options
  }

  /** Events that were not sent, over the life of the process. */
  get dropped(): number {
    return this.#dropped
  }

  /** Never throws, never waits. */
  record(regarding: Regarding, event: EventNote): void {
    if (this.#closed || this.#queue.length >= MAX_QUEUE) {
      this.#dropped++
      return
    }
    this.#queue.push({ regarding, event, at: this.#options.clock.now() })
    this.#running ??= this.#drain()
  }

  start(): void {}

  /** Sends what waits until the deadline. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#closed = true
    const abort = (): void => this.#abort.abort()
    if (deadline.aborted) abort()
    else deadline.addEventListener('abort', abort, { once: true })
    await this.#running
    deadline.removeEventListener('abort', abort)
  }

  /** One at a time: events are read in the order in which they were made. */
  async #drain(): Promise<void> {
    for (let item = this.#queue.shift(); item !== undefined; item = this.#queue.shift()) await this.#send(item)
    this.#running = undefined
  }

  async #send(item: Item): Promise<void> {
    const { timers, log } = this.#options
    for (let attempt = 1; attempt <= TRIES && !this.#abort.signal.aborted; attempt++) {
      try {
        await this.#sendOnce(item)
        return
      } catch (error) {
        // A retry of these says the same again: the object is wrong, or its namespace is going away.
        const hopeless = isApiError(error, 'Invalid', 'BadRequest', 'Forbidden', 'NotFound', 'TooLarge')
        if (hopeless || attempt === TRIES) {
          log.warn('event not sent', { reason: item.event.reason, error })
          break
        }
        await sleep(timers, RETRY, this.#abort.signal)
      }
    }
    this.#dropped++
  }

  async #sendOnce({ regarding, event, at }: Item): Promise<void> {
    const key = seriesKey(regarding, event)
    const series = this.#series.get(key)
    if (series !== undefined && between(series.last, at) < SERIES && (await this.#prolong(series, at))) return
    const name = `${regarding.metadata.name.slice(0, 200)}.${shortHash([key, String(at)])}`
    const namespace = regarding.metadata.namespace ?? 'default'
    const { controller, instance, api } = this.#options
    const manifest = {
      apiVersion: apiVersionOf(EVENTS),
      kind: EVENTS.kind,
      metadata: { name, namespace },
      eventTime: microTime(at),
      type: event.type,
      reason: printable(event.reason, REASON_LENGTH),
      action: printable(event.action, REASON_LENGTH),
      note: fitting(event.note),
      regarding: {
        apiVersion: regarding.apiVersion,
        kind: regarding.kind,
        name: regarding.metadata.name,
        namespace,
        uid: regarding.metadata.uid,
      },
      reportingController: controller,
      reportingInstance: printable(instance, REASON_LENGTH),
    }
    try {
      await api.create(EVENTS, manifest)
    } catch (error) {
      // An attempt whose answer was lost: it is there.
      if (!isApiError(error, 'AlreadyExists')) throw error
    }
    this.#remember(key, { name, namespace, count: 1, last: at })
  }

  /** False when the event has expired meanwhile: a new one is made. */
  async #prolong(series: Series, at: Instant): Promise<boolean> {
    const { name, namespace, count } = series
    const body = { series: { count: count + 1, lastObservedTime: microTime(at) } }
    try {
      await this.#options.api.patch(EVENTS, { namespace, name }, { type: 'merge', body })
    } catch (error) {
      if (isApiError(error, 'NotFound')) return false
      throw error
    }
    series.count = count + 1
    series.last = at
    return true
  }

  #remember(key: string, series: Series): void {
    this.#series.delete(key)
    this.#series.set(key, series)
    const [oldest] = this.#series.keys()
    if (this.#series.size > MAX_SERIES && oldest !== undefined) this.#series.delete(oldest)
  }
}

const seriesKey = ({ metadata: { uid } }: Regarding, { type, reason, action, note }: EventNote): string => shortHash([uid, type, reason, action, note])

/** Microseconds are part of the type; ours are zero. */
const microTime = (at: Instant): string => new Date(at).toISOString().replace('Z', '000Z')

function fitting(note: string): string {
  let text = printable(note, NOTE_BYTES)
  while (Buffer.byteLength(text) > NOTE_BYTES) text = printable(text, Math.floor(text.length * 0.8))
  return text
}
