/** Certificates of our own making: the Secret that all replicas share, and the bundle in the webhook configurations. */
import { seconds, type Clock, type Instant } from '../shared/lib/time.ts'
import type { KubeApi } from '../shared/kube/api.ts'
import type { Logger } from '../shared/runtime/logger.ts'
import { compareBundle, readConfiguration, settle, type Seen, type WebhookTarget } from './ca-bundle.ts'
import type { LeafNames } from './issue.ts'
import type { Certificates } from './keeper.ts'
import type { Material } from './material.ts'
import { currentMaterial, type Served } from './secret-source.ts'

export interface OwnOptions {
  readonly api: KubeApi
  readonly clock: Clock
  readonly log: Logger
  readonly secret: { readonly namespace: string; readonly name: string }
  readonly names: LeafNames
  readonly targets: readonly WebhookTarget[]
  /** Called with the first material, and with each later one. */
  readonly serve: (material: Material) => void
}

export class OwnCertificates implements Certificates {
  /** Three GETs each time. As long as this, a bundle that was blanked by hand (or by a re-applied manifest) keeps the door shut. */
  readonly interval = seconds(10)
  readonly #options: OwnOptions
  #served: Served | undefined
  #remark: string | undefined
  /** The bundle that was in all configurations at the end of the last round. */
  #published: string | undefined

  constructor(options: OwnOptions) {
    this.#options = options
  }

  get remark(): string | undefined {
    return this.#remark
  }

  get expires(): Instant | undefined {
    return this.#served?.facts.leafExpires
  }

  /**
   * The configurations are read before the Secret: what is then written cannot be older than what is there,
   * since a write in between changes the version that the patch is guarded by.
   */
  async check(): Promise<string | undefined> {
    const { api, targets } = this.#options
    const configurations = await Promise.all(targets.map((target) => readConfiguration(api, target)))
    const stored = await currentMaterial({ ...this.#options, ...this.#options.secret, served: this.#served?.material })
    const seen = targets.map((target, index) => compareBundle(target, configurations[index], stored.material.caBundle))
    this.#adopt(stored, seen)
    this.#published = undefined
    const problems = await Promise.all(seen.map((one) => settle(this.#options, one, stored.material.caBundle)))
    const told = seen.map(({ target, lost }, index) => ({ optional: target.optional === true, problem: problems[index] ?? lost }))
    const first = (optional: boolean): string | undefined => told.find((one) => one.problem !== undefined && one.optional === optional)?.problem
    this.#remark = first(true)
    if (seen.every(({ state }, index) => state === 'Missing' || problems[index] === undefined)) this.#published = stored.material.caBundle
    return first(false)
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
}
