/**
 * Watches that run only while somebody asks for what they show: started and stopped as policies come and go. What cannot
 * be seen yet, or not any more, says why.
 */
import type { KubeApi, KubeObject, ListOptions, Resource, WatchOptions } from '../../shared/kube/api.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import { minutes, type Millis } from '../../shared/lib/time.ts'
import { Reflector, type ReflectorOptions } from '../../shared/kube/reflector.ts'

export interface WatchRequest<T> {
  readonly resource: Resource
  readonly namespace: string
  readonly fieldSelector?: string
  readonly project: (raw: KubeObject) => T | undefined
  /** Why nothing is seen while the API server refuses the list or the watch. */
  readonly forbidden: string
}

export interface DemandedWatchesOptions extends Pick<ReflectorOptions<unknown, never>, 'timers' | 'random' | 'log' | 'metrics'> {
  readonly api: Pick<KubeApi, 'list' | 'watch'>
  /** Objects of one watch; beyond them none is taken in, so that a flood of them costs no more memory. */
  readonly capacity: number
}

/** On a quiet cluster a watch is heard every 60 s, or lists anew after 90: what is older shows what once was. */
const STALE = minutes(3)

interface Running<T> {
  readonly reflector: Reflector<T>
  readonly forbidden: string
  refused: 'Forbidden' | 'NotFound' | undefined
}

export class DemandedWatches<T> {
  readonly #options: DemandedWatchesOptions
  readonly #running = new Map<string, Running<T>>()
  readonly #stopping = new Set<Promise<void>>()
  readonly #listeners = new Set<(key: string) => void>()
  #ended = false

  constructor(options: DemandedWatchesOptions) {
    this.#options = options
  }

  /** From now on exactly these are watched. */
  demand(wanted: ReadonlyMap<string, WatchRequest<T>>): void {
    for (const key of this.#running.keys()) if (!wanted.has(key)) this.#stop(key)
    if (this.#ended) return
    for (const [key, request] of wanted) if (!this.#running.has(key)) this.#start(key, request)
  }

  seen(key: string): readonly T[] {
    return this.blind(key) === undefined ? [...(this.#running.get(key)?.reflector.store.values() ?? [])] : []
  }

  /** Why nothing can be said; undefined: what is seen is all that there is. */
  blind(key: string): string | undefined {
    const running = this.#running.get(key)
    if (running?.refused === 'Forbidden') return running.forbidden
    if (running?.refused === 'NotFound') return 'the API server does not know them any more'
    if (running?.reflector.synced !== true) return 'not listed yet'
    return running.reflector.age > STALE ? 'the API server was not heard for minutes' : undefined
  }

  /** The API server does not know the resource (any more). */
  gone(key: string): boolean {
    return this.#running.get(key)?.refused === 'NotFound'
  }

  /** All of them have been listed or refused, or this long has passed. */
  async settled(within: Millis): Promise<void> {
    const open = (): boolean => [...this.#running.values()].some(({ reflector, refused }) => !reflector.synced && refused === undefined)
    if (!open()) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        cancel()
        unhear()
        resolve()
      }
      const cancel = this.#options.timers.after(within, done)
      const unhear = this.onChange(() => {
        if (!open()) done()
      })
    })
  }

  /** Told when something came, changed or went, and when a watch becomes able or unable to see. */
  onChange(listener: (key: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async stop(): Promise<void> {
    this.#ended = true
    this.demand(new Map())
    await Promise.all(this.#stopping)
  }

  #start(key: string, { resource, namespace, fieldSelector, project, forbidden }: WatchRequest<T>): void {
    const { timers, random, log, metrics, capacity } = this.#options
    const reflector = new Reflector<T>({
      api: this.#noting(key),
      timers,
      random,
      log,
      ...(metrics === undefined ? {} : { metrics }),
      resource,
      namespace,
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      project,
      capacity,
    })
    this.#running.set(key, { reflector, forbidden, refused: undefined })
    reflector.subscribe(() => this.#tell(key))
    reflector.whenSynced().then(
      () => this.#tell(key),
      () => {},
    )
    reflector.start()
    log.info('watch started on demand', { resource: resource.plural, namespace, selector: fieldSelector ?? '' })
  }

  #stop(key: string): void {
    const running = this.#running.get(key)
    if (running === undefined) return
    this.#running.delete(key)
    const stopping = running.reflector.stop().finally(() => this.#stopping.delete(stopping))
    this.#stopping.add(stopping)
    this.#options.log.info('watch stopped', { watch: key })
  }

  /** The API, noting whether it refuses: a reflector tries for ever and says nothing. */
  #noting(key: string): Pick<KubeApi, 'list' | 'watch'> {
    const { api } = this.#options
    const note = (error?: unknown): void => {
      const running = this.#running.get(key)
      const refused = isApiError(error, 'Forbidden') ? 'Forbidden' : isApiError(error, 'NotFound') ? 'NotFound' : undefined
      // Any other failure says nothing about what may be seen.
      if (running === undefined || running.refused === refused || (error !== undefined && refused === undefined)) return
      running.refused = refused
      this.#tell(key)
    }
    return {
      list: async <O extends KubeObject>(resource: Resource, options?: ListOptions) => {
        try {
          const page = await api.list<O>(resource, options)
          note()
          return page
        } catch (error) {
          note(error)
          throw error
        }
      },
      watch: async function* <O extends KubeObject>(resource: Resource, options: WatchOptions) {
        try {
          for await (const event of api.watch<O>(resource, options)) {
            note()
            yield event
          }
        } catch (error) {
          note(error)
          throw error
        }
      },
    }
  }

  #tell(key: string): void {
    for (const listener of this.#listeners) listener(key)
  }
}
