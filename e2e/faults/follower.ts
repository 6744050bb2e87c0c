/** Follows objects by list and watch, as long as a test lasts; what breaks it, such as a restart of the API server, is begun again. */
import { setTimeout as delay } from 'node:timers/promises'
import type { KubeApi, KubeObject, Resource, WatchEvent } from '../../shared/kube/api.ts'

/** Milliseconds. */
const PAUSE = 200

export interface FollowerOptions<T extends KubeObject> {
  readonly resource: Resource
  readonly labelSelector?: string
  /** Each that is there. What comes after it waits for it, and all are listed anew where it throws. */
  readonly listed: (object: T) => Promise<void>
  /** The same of each event; undefined: nothing waits for it. */
  readonly told: (event: WatchEvent<T>) => Promise<void> | undefined
}

export class Follower<T extends KubeObject> {
  readonly #api: KubeApi
  readonly #options: FollowerOptions<T>
  readonly #aborter = new AbortController()
  #running: Promise<void> | undefined

  constructor(api: KubeApi, options: FollowerOptions<T>) {
    this.#api = api
    this.#options = options
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#aborter.abort()
    await this.#running?.catch(() => {})
  }

  async #run(): Promise<void> {
    const { resource, labelSelector, listed, told } = this.#options
    const which = labelSelector === undefined ? {} : { labelSelector }
    const { signal } = this.#aborter
    while (!signal.aborted) {
      try {
        const { items, resourceVersion } = await this.#api.list<T>(resource, which)
        for (const object of items) await listed(object)
        for await (const event of this.#api.watch<T>(resource, { ...which, resourceVersion, timeoutSeconds: 600, signal })) await told(event)
      } catch {
        await delay(PAUSE)
      }
    }
  }
}
