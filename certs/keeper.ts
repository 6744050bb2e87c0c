/** Keeps the served certificate, the Secret and the published bundle in agreement, for as long as the program runs. */
import { messageOf } from '../shared/lib/errors.ts'
import { seconds, type Clock } from '../shared/lib/time.ts'
import type { KubeApi } from '../shared/kube/api.ts'
import type { Component } from '../shared/runtime/lifecycle.ts'
import type { Logger } from '../shared/runtime/logger.ts'
import { sleep, type Timers } from '../shared/runtime/timers.ts'
import { compareBundle, publishBundle, readConfiguration, type Seen, type WebhookTarget } from './ca-bundle.ts'
import type { LeafNames } from './issue.ts'
import type { Material } from './material.ts'
import { currentMaterial, type Served } from './secret-source.ts'

export interface KeeperOptions {
  readonly api: KubeApi
  readonly clock: Clock
  readonly timers: Timers
  readonly log: Logger
  readonly secret: { readonly namespace: string; readonly name: string }
  readonly names: LeafNames
  readonly targets: readonly WebhookTarget[]
  /** Called with the first material before `start` resolves, and with each later one. */
  readonly serve: (material: Material) => void
}

/** Three GETs each time. As long as this, a bundle that was blanked by hand (or by a re-applied manifest) keeps the door shut. */
export const CHECK_INTERVAL = seconds(10)
/** While something is wrong. */
const RETRY_INTERVAL = seconds(2)

export class CertificateKeeper implements Component {
  readonly name = 'certificates'
  readonly #options: KeeperOptions
  readonly #abort = new AbortController()
  #served: Served | undefined
  /** The bundle that was in all configurations at the end of the last round. */
  #published: string | undefined
  #problem: string | undefined = 'not checked yet'
  #loop: Promise<void> | undefined

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  /** Why the API server cannot trust what is served, as far as known; undefined when it can. */
  get problem(): string | undefined {
    if (this.#served !== undefined && this.#served.facts.leafExpires <= this.#options.clock.now()) return 'the certificate has expired'
    return this.#problem
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
    const { timers, log } = this.#options
    const { signal } = this.#abort
    while (!signal.aborted) {
      try {
        const before = this.#problem
        this.#problem = await this.check()
        if (this.#problem !== before && this.#problem !== undefined) log.warn('ca bundle is not in sync', { problem: this.#problem })
        else if (this.#problem !== before) log.info('ca bundle is in sync')
      } catch (error) {
        // What was published stays published: a server that does not answer for a while changes nothing about it.
        log.warn('certificates could not be checked', { error })
        if (this.#served === undefined) this.#problem = messageOf(error)
      }
      if (this.#served !== undefined) ready()
      await sleep(timers, this.#problem === undefined ? CHECK_INTERVAL : RETRY_INTERVAL, signal)
    }
    ready()
  }

  /**
   * One round. The configurations are read before the Secret: what is then written cannot be older than what is there,
   * since a write in between changes the version that the patch is guarded by.
   */
  async check(): Promise<string | undefined> {
    const { api, targets } = this.#options
    const configurations = await Promise.all(targets.map((target) => readConfiguration(api, target)))
    const stored = await currentMaterial({ ...this.#options, ...this.#options.secret, served: this.#served?.material })
    const seen = targets.map((target, index) => compareBundle(target, configurations[index], stored.material.caBundle))
    this.#adopt(stored, seen)
    this.#published = undefined
    const problems = await Promise.all(seen.map(async (one) => this.#settle(one, stored.material.caBundle)))
    const problem = problems.find((one) => one !== undefined)
    if (seen.every(({ state }, index) => state === 'Missing' || problems[index] === undefined)) this.#published = stored.material.caBundle
    return problem
  }

  /**
   * A new certificate is served once its authority has been published for a round, whoever published it: API servers
   * learn of it by a watch, some later than others.
   */
  #adopt(stored: Served, seen: readonly Seen[]): void {
    const { clock, log, serve } = this.#options
    const current = this.#served
    if (current?.material.cert === stored.material.cert) {
      // Another replica may have added its authority.
      this.#served = stored
      return
    }
    const expired = current !== undefined && current.facts.leafExpires <= clock.now()
    const sameAuthority = current?.material.caBundle === stored.material.caBundle
    const known = this.#published === stored.material.caBundle && seen.every(({ state }) => state !== 'Differs')
    if (current !== undefined && !expired && !sameAuthority && !known) return
    serve(stored.material)
    this.#served = stored
    log.info('serving a certificate', { expires: new Date(stored.facts.leafExpires).toISOString() })
  }

  async #settle(seen: Seen, caBundle: string): Promise<string | undefined> {
    const { name } = seen.target
    if (seen.state === 'Missing') return `${name} does not exist`
    if (seen.state === 'Published') return undefined
    const published = await publishBundle(this.#options.api, seen, caBundle)
    if (published) this.#options.log.info('ca bundle published', { configuration: name })
    return published ? undefined : `${name} has changed meanwhile`
  }
}
