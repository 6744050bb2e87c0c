/** Keeps what is served, what is stored and what API servers trust in agreement, for as long as the program runs. */
import { isApiError } from '../shared/kube/errors.ts'
import { inWords, troubleOf } from '../shared/kube/trouble.ts'
import { messageOf } from '../shared/lib/errors.ts'
import { seconds, type Clock, type Instant, type Millis } from '../shared/lib/time.ts'
import type { Component } from '../shared/runtime/lifecycle.ts'
import type { Logger } from '../shared/runtime/logger.ts'
import { sleep, type Timers } from '../shared/runtime/timers.ts'

/** Where certificates come from: our own hand, or somebody else's. */
export interface Certificates {
  /** One round. Why the API server cannot trust what is served, as far as is seen; undefined when it can. */
  check(): Promise<string | undefined>
  /** The same of configurations that are optional, as the last round has seen it. */
  readonly remark: string | undefined
  /** End of what is served; undefined while nothing is. */
  readonly expires: Instant | undefined
  /** Between two rounds while all is well. */
  readonly interval: Millis
}

export interface KeeperOptions {
  readonly certificates: Certificates
  readonly clock: Clock
  readonly timers: Timers
  readonly log: Logger
}

/** While something is wrong. */
const RETRY_INTERVAL = seconds(2)

export class CertificateKeeper implements Component {
  readonly name = 'certificates'
  readonly #options: KeeperOptions
  readonly #abort = new AbortController()
  #problem: string | undefined = 'not checked yet'
  #remark: string | undefined
  #checked = false
  /** What the last round failed of; undefined: it did not. */
  #failure: string | undefined
  #loop: Promise<void> | undefined

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  /** Why the API server cannot trust what is served, as far as known; undefined when it can. */
  get problem(): string | undefined {
    const { certificates, clock } = this.#options
    if (certificates.expires !== undefined && certificates.expires <= clock.now()) return 'the certificate has expired'
    return this.#problem
  }

  /** Whether API servers trust what is served, as of the last look; in an optional configuration, and in those that are not. */
  get trusted(): { readonly required: boolean; readonly optional: boolean } {
    return { required: this.#problem === undefined, optional: this.#remark === undefined && this.#checked }
  }

  /** End of what is served; undefined while nothing is. */
  get expires(): Instant | undefined {
    return this.#options.certificates.expires
  }

  /** What is wrong with configurations without which API servers go on; undefined: nothing. */
  get remark(): string | undefined {
    return this.#remark
  }

  /** Waits until there is something to serve; without an API server that is for ever. */
  async start(): Promise<void> {
    const first = new Promise<void>((resolve) => {
      this.#loop = this.#run(resolve)
    })
    await first
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#loop
  }

  async #run(ready: () => void): Promise<void> {
    const { certificates, timers, log } = this.#options
    const { signal } = this.#abort
    while (!signal.aborted) {
      try {
        const before = this.#problem ?? this.#remark
        this.#problem = await certificates.check()
        this.#remark = certificates.remark
        this.#checked = true
        this.#failure = undefined
        const problem = this.#problem ?? this.#remark
        if (problem !== before && problem !== undefined) log.warn('ca bundle is not in sync', { problem })
        else if (problem !== before) log.info('ca bundle is in sync')
      } catch (error) {
        // What was published stays published: a server that does not answer for a while changes nothing about it.
        // What is not there is no kind here, but an object or its namespace: it says which.
        const trouble = isApiError(error, 'NotFound') ? undefined : troubleOf(error)
        const failure = trouble === undefined ? messageOf(error) : inWords(trouble)
        // Every two seconds the same is no news; where it came from matters only of what nobody has thought of.
        if (failure !== this.#failure) log.warn('certificates could not be checked', trouble === undefined ? { error } : { ...trouble })
        this.#failure = failure
        if (certificates.expires === undefined) this.#problem = failure
      }
      if (certificates.expires !== undefined) ready()
      await sleep(timers, (this.#problem ?? this.#remark) === undefined ? certificates.interval : RETRY_INTERVAL, signal)
    }
    ready()
  }
}
