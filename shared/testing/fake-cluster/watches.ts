/** Watches on the state, with their own ways to fail. */
import { millis, seconds } from '../../lib/time.ts'
import type { KubeObject, Resource, WatchEvent, WatchOptions } from '../../kube/api.ts'
import { ApiError } from '../../kube/errors.ts'
import type { Timers } from '../../runtime/timers.ts'
import { expired, toError } from './answers.ts'
import type { StoredObject } from './objects.ts'
import { fieldMatcher, labelMatcher, type Matcher } from './selectors.ts'
import { collectionOf, type Change, type State } from './state.ts'

/** How often a real server sends one. */
const BOOKMARK_EVERY = seconds(60)

type Item = { readonly event: WatchEvent } | { readonly error: ApiError } | { readonly end: true }

interface Stream {
  readonly user: string
  readonly resource: Resource
  readonly request: string
  readonly from: number
  readonly matches: Matcher
  readonly metadataOnly: boolean
  readonly queue: Item[]
  /** Hears nothing any more and is never ended: a connection whose other side is gone. */
  deaf: boolean
  /** Events that wait for `release`. */
  held: Item[] | undefined
  wake: () => void
}

export type WatchFilter = (watch: { readonly user: string; readonly resource: Resource }) => boolean
const all: WatchFilter = () => true

export class Watches {
  readonly #state: State
  readonly #timers: Timers
  readonly #streams = new Set<Stream>()

  constructor(state: State, timers: Timers) {
    this.#state = state
    this.#timers = timers
    state.onChange((change) => {
      for (const stream of this.#streams) this.#deliver(stream, change)
    })
  }

  /** Watches that are open. */
  get open(): number {
    return this.#streams.size
  }

  /** The connection is reset. */
  drop(filter: WatchFilter = all): void {
    for (const stream of this.#chosen(filter)) push(stream, { error: new ApiError({ kind: 'Network', code: 0, request: stream.request }) })
  }

  /** The server ends the watch in good order, as it does after `timeoutSeconds`. */
  end(filter: WatchFilter = all): void {
    for (const stream of this.#chosen(filter)) push(stream, { end: true })
  }

  /** An ERROR event with 410 amid the watch: the second form of it. */
  expire(filter: WatchFilter = all): void {
    for (const stream of this.#chosen(filter)) push(stream, { error: toError(expired().refusal, stream.request) })
  }

  /** Silent from now on, without an end. */
  hang(filter: WatchFilter = all): void {
    for (const stream of this.#chosen(filter)) stream.deaf = true
  }

  /** The next event is cut in the middle of its line: it is lost, and the watch breaks. */
  truncate(filter: WatchFilter = all): void {
    for (const stream of this.#chosen(filter)) {
      stream.deaf = true
      const unsubscribe = this.#state.onChange((change) => {
        if (eventOf(stream, change) === undefined) return
        unsubscribe()
        stream.deaf = false
        push(stream, { error: new ApiError({ kind: 'Network', code: 0, request: stream.request }) })
      })
    }
  }

  /** Events are kept back until the returned function is called: a cache that lags. */
  hold(filter: WatchFilter = all): () => void {
    const chosen = this.#chosen(filter)
    for (const stream of chosen) stream.held ??= []
    return () => {
      for (const stream of chosen) {
        const held = stream.held ?? []
        stream.held = undefined
        for (const item of held) push(stream, item)
      }
    }
  }

  /** @throws ApiError before the first event when the version is compacted */
  async *watch<T extends KubeObject>(user: string, resource: Resource, options: WatchOptions, request: string): AsyncIterable<WatchEvent<T>> {
    const stream = this.#open(user, resource, options, request)
    const { signal } = options
    const wake = (): void => stream.wake()
    signal?.addEventListener('abort', wake, { once: true })
    const stopTimers = this.#schedule(stream, options.timeoutSeconds)
    try {
      for (;;) {
        if (signal?.aborted === true) throw new ApiError({ kind: 'Aborted', code: 0, request })
        const item = stream.queue.shift()
        if (item === undefined) {
          await new Promise<void>((resolve) => {
            stream.wake = resolve
          })
        } else if ('event' in item) yield item.event as WatchEvent<T>
        else if ('error' in item) throw item.error
        else return
      }
    } finally {
      stopTimers()
      signal?.removeEventListener('abort', wake)
      this.#streams.delete(stream)
    }
  }

  #open(user: string, resource: Resource, options: WatchOptions, request: string): Stream {
    const labels = labelMatcher(options.labelSelector)
    const fields = fieldMatcher(options.fieldSelector)
    const stream: Stream = {
      user,
      resource,
      request,
      from: Number(options.resourceVersion),
      matches: (object) => (options.namespace === undefined || object.metadata.namespace === options.namespace) && labels(object) && fields(object),
      metadataOnly: options.metadataOnly === true,
      queue: [],
      deaf: false,
      held: undefined,
      wake: () => {},
    }
    for (const change of this.#state.since(stream.from)) this.#deliver(stream, change)
    this.#streams.add(stream)
    return stream
  }

  #schedule(stream: Stream, timeoutSeconds: number): () => void {
    const bookmark = (): void => {
      // From a version of the future there is nothing to say: 200 and silence.
      if (this.#state.version < stream.from) return
      offer(stream, { event: { type: 'BOOKMARK', resourceVersion: String(this.#state.version) } })
    }
    const rearm = (): (() => void) =>
      this.#timers.after(BOOKMARK_EVERY, () => {
        bookmark()
        cancelBookmark = rearm()
      })
    let cancelBookmark = rearm()
    const cancelEnd = this.#timers.after(millis(timeoutSeconds * 1000), () => {
      bookmark()
      offer(stream, { end: true })
    })
    return () => {
      cancelBookmark()
      cancelEnd()
    }
  }

  #deliver(stream: Stream, change: Change): void {
    if (change.version <= stream.from) return
    const event = eventOf(stream, change)
    if (event !== undefined) offer(stream, { event })
  }

  #chosen(filter: WatchFilter): Stream[] {
    return [...this.#streams].filter(filter)
  }
}

function offer(stream: Stream, item: Item): void {
  if (stream.deaf) return
  if (stream.held === undefined) push(stream, item)
  else stream.held.push(item)
}

function push(stream: Stream, item: Item): void {
  stream.queue.push(item)
  stream.wake()
}

/** Entering the selection is ADDED, leaving it DELETED, whatever happened to the object itself. */
function eventOf({ resource, matches, metadataOnly }: Stream, change: Change): WatchEvent | undefined {
  if (change.collection !== collectionOf(resource)) return undefined
  const was = change.before !== undefined && matches(change.before)
  const is = change.after !== undefined && matches(change.after)
  if (!was && !is) return undefined
  const show = (object: StoredObject): KubeObject => (metadataOnly ? partial(object) : object)
  if (is && change.after !== undefined) return { type: was ? 'MODIFIED' : 'ADDED', object: show(change.after) }
  return { type: 'DELETED', object: show(change.last) }
}

export const partial = ({ metadata }: StoredObject): KubeObject => ({ apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata', metadata })
