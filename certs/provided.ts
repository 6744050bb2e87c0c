/**
 * Certificates that somebody else keeps, such as cert-manager: the leaf in the Secret, its authority in the webhook
 * configurations. Everything is read and nothing is written.
 */
import { isIP } from 'node:net'
import { seconds, type Clock, type Instant } from '../shared/lib/time.ts'
import type { KubeApi, KubeObject } from '../shared/kube/api.ts'
import { isApiError } from '../shared/kube/errors.ts'
import { SECRETS } from '../shared/kube/resources.ts'
import type { Logger } from '../shared/runtime/logger.ts'
import { oursIn, readConfiguration, type ClientConfig, type WebhookTarget } from './ca-bundle.ts'
import type { Certificates } from './keeper.ts'
import { isTrusted, readProvided, type Provided } from './material.ts'

export interface ProvidedOptions {
  readonly api: Pick<KubeApi, 'get' | 'patch'>
  readonly clock: Clock
  readonly log: Logger
  readonly secret: { readonly namespace: string; readonly name: string }
  readonly targets: readonly WebhookTarget[]
  readonly serve: (pair: { readonly cert: string; readonly key: string }) => void
}

interface Called extends ClientConfig {
  /** The configuration's. */
  readonly name: string
}

export class ProvidedCertificates implements Certificates {
  /** An injector replaces the authority, it keeps no two: as long as this, what is served is not trusted. */
  readonly interval = seconds(2)
  readonly #options: ProvidedOptions
  #served: Provided | undefined
  #unusable: string | undefined
  #remark: string | undefined

  constructor(options: ProvidedOptions) {
    this.#options = options
  }

  get remark(): string | undefined {
    return this.#remark
  }

  get expires(): Instant | undefined {
    return this.#served?.leafExpires
  }

  async check(): Promise<string | undefined> {
    const { api, targets } = this.#options
    const [stored, configurations] = await Promise.all([this.#read(), Promise.all(targets.map((target) => readConfiguration(api, target)))])
    const calls = targets.map((target, index) => {
      const ours = oursIn(target, configurations[index])
      return { lost: ours.lost, calls: ours.calls.map(({ client }): Called => ({ ...client, name: target.name })) }
    })
    const all = calls.flatMap((one) => one.calls)
    if (!('problem' in stored)) this.#adopt(stored, all)
    this.#tell('problem' in stored ? stored.problem : undefined)
    const served = this.#served
    if (served === undefined) return 'problem' in stored ? stored.problem : undefined
    const problemOf = (optional: boolean): string | undefined => {
      const asked = calls.filter((_, index) => (targets[index]?.optional === true) === optional)
      return asked.find((one) => one.lost !== undefined)?.lost ?? asked.flatMap((one) => one.calls).map((call) => this.#distrusts(call, served)).find((problem) => problem !== undefined)
    }
    this.#remark = problemOf(true)
    return problemOf(false)
  }

  /** A new certificate is served as soon as it is trusted everywhere; at once when the one that is served is not trusted either. */
  #adopt(stored: Provided, calls: readonly Called[]): void {
    const { clock, log, serve } = this.#options
    const current = this.#served
    if (current?.cert === stored.cert && current.key === stored.key) return
    const trusts = (one: Provided): boolean => calls.every((call) => this.#distrusts(call, one) === undefined)
    if (current !== undefined && current.leafExpires > clock.now() && trusts(current) && !trusts(stored)) return
    serve(stored)
    this.#served = stored
    log.info('serving a certificate', { expires: new Date(stored.leafExpires).toISOString() })
  }

  /** Why API servers would not talk to who shows them that certificate. */
  #distrusts({ name, caBundle, service, url }: Called, { chain }: Provided): string | undefined {
    const host = service === undefined ? hostOf(url) : `${service.name}.${service.namespace}.svc`
    const [leaf] = chain
    if (caBundle === undefined || caBundle === '') return `${name} has no caBundle: nobody has put one there yet`
    if (!isTrusted(chain, Buffer.from(caBundle, 'base64').toString(), this.#options.clock.now())) return `the caBundle of ${name} does not hold the authority of the certificate in the Secret`
    if (host !== undefined && (isIP(host) === 0 ? leaf?.checkHost(host) : leaf?.checkIP(host)) === undefined) return `the certificate in the Secret is not valid for ${host}, by which ${name} leads here`
    return undefined
  }

  async #read(): Promise<Provided | { readonly problem: string }> {
    const { api, secret } = this.#options
    try {
      const { data } = await api.get<KubeObject & { readonly data?: unknown }>(SECRETS, secret)
      const found = readProvided(data)
      return 'problem' in found ? { problem: `the Secret ${secret.name} is unusable: ${found.problem}` } : found
    } catch (error) {
      if (isApiError(error, 'NotFound')) return { problem: `the Secret ${secret.name} does not exist` }
      throw error
    }
  }

  /** Each once: what was served before goes on being served. */
  #tell(problem: string | undefined): void {
    if (problem !== undefined && problem !== this.#unusable) this.#options.log.warn('provided certificate cannot be read', { problem })
    this.#unusable = problem
  }
}

function hostOf(url: string | undefined): string | undefined {
  return url === undefined || !URL.canParse(url) ? undefined : new URL(url).hostname.replace(/^\[|\]$/g, '')
}
