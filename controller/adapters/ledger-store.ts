/**
 * Ledgers as HealingLedger objects of the operator's namespace. One queue per policy within this process; between
 * processes the resourceVersion decides, with jitter so that losers do not meet again.
 */
import { API_VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { healingLedger } from '../../shared/api/v1alpha1/healing-ledger.schema.ts'
import type { HealingLedger } from '../../shared/api/v1alpha1/types.ts'
import type { KubeApi, KubeManifest } from '../../shared/kube/api.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import { HEALING_LEDGERS } from '../../shared/kube/resources.ts'
import { shortHash } from '../../shared/lib/hash.ts'
import { millis } from '../../shared/lib/time.ts'
import type { Logger } from '../../shared/runtime/logger.ts'
import { sleep, type Random, type Timers } from '../../shared/runtime/timers.ts'
import { compileResource } from '../../shared/schema/validate.ts'
import { emptyLedger, type Ledger } from '../healing/ledger.ts'
import { LedgerUnreadable, type Ledgers, type PolicyKey } from '../ports/ledgers.ts'

interface Stored {
  readonly ledger: Ledger
  readonly resourceVersion: string
  readonly uid: string
}

export interface LedgerStoreOptions {
  readonly api: Pick<KubeApi, 'get' | 'list' | 'create' | 'replace' | 'delete'>
  readonly namespace: string
  readonly timers: Timers
  readonly random: Random
  readonly log: Logger
}

/** Jitter of a lost swap: 20 ms to 1 s let a hundred writers through in 2 s with no more than 9 tries each. */
const JITTER = { least: 20, spread: 980 }
const TRIES = 20

export class LedgerStore implements Ledgers {
  readonly #options: LedgerStoreOptions
  readonly #known = new Map<string, Stored>()
  readonly #queues = new Map<string, Promise<unknown>>()

  constructor(options: LedgerStoreOptions) {
    this.#options = options
  }

  read(policy: PolicyKey): Promise<Ledger | undefined> {
    return this.#queued(policy, async () => (this.#known.get(nameOf(policy)) ?? (await this.#fetch(policy)))?.ledger)
  }

  async update(policy: PolicyKey, change: (ledger: Ledger) => Ledger): Promise<Ledger> {
    const answer = await this.admit(policy, (ledger) => ({ ledger: change(ledger) }))
    if ('refusal' in answer) throw new Error('an update was refused')
    return answer.ledger
  }

  admit(policy: PolicyKey, change: Parameters<Ledgers['admit']>[1]): ReturnType<Ledgers['admit']> {
    return this.#queued(policy, async () => {
      for (let attempt = 1; ; attempt++) {
        const stored = this.#known.get(nameOf(policy)) ?? (await this.#fetch(policy))
        const before = stored?.ledger ?? emptyLedger(policy)
        const answer = change(before)
        if ('refusal' in answer || answer.ledger === before) return answer
        try {
          this.#known.set(nameOf(policy), await this.#write(policy, answer.ledger, stored))
          return answer
        } catch (error) {
          // A create that answers NotFound misses the namespace: no other try will find it.
          const lost = isApiError(error, 'Conflict', 'AlreadyExists', 'Recreated') || (stored !== undefined && isApiError(error, 'NotFound'))
          if (!lost || attempt === TRIES) {
            // Whether it landed is unknown: the next read asks the API server.
            this.#known.delete(nameOf(policy))
            throw error
          }
          await this.#refresh(policy, stored)
          await sleep(this.#options.timers, millis(JITTER.least + this.#options.random() * JITTER.spread))
        }
      }
    })
  }

  async policies(): Promise<readonly PolicyKey[]> {
    const { api, namespace } = this.#options
    const { items } = await api.list<HealingLedger>(HEALING_LEDGERS, { namespace })
    return items.map(({ spec }) => spec.policy)
  }

  remove(policy: PolicyKey): Promise<void> {
    return this.#queued(policy, async () => {
      const stored = await this.#fetch(policy)
      if (stored === undefined) return
      const { uid, resourceVersion } = stored
      await this.#options.api.delete(HEALING_LEDGERS, this.#key(policy), { preconditions: { uid, resourceVersion } })
      this.#known.delete(nameOf(policy))
    })
  }

  /** After a lost swap. A ledger that somebody deleted meanwhile is not empty: it is made again from what is known. */
  async #refresh(policy: PolicyKey, stored: Stored | undefined): Promise<void> {
    if ((await this.#fetch(policy)) !== undefined || stored === undefined) return
    this.#options.log.warn('ledger was deleted, made again', { policy: `${policy.namespace}/${policy.name}` })
    const { uid, resourceVersion } = await this.#options.api.create<HealingLedger>(HEALING_LEDGERS, this.#manifest(policy, stored.ledger)).then((o) => o.metadata)
    this.#known.set(nameOf(policy), { ledger: stored.ledger, uid, resourceVersion })
  }

  async #fetch(policy: PolicyKey): Promise<Stored | undefined> {
    const name = nameOf(policy)
    this.#known.delete(name)
    try {
      const found = await this.#options.api.get<HealingLedger>(HEALING_LEDGERS, this.#key(policy))
      const stored = { ledger: readable(found, policy), resourceVersion: found.metadata.resourceVersion, uid: found.metadata.uid }
      this.#known.set(name, stored)
      return stored
    } catch (error) {
      if (isApiError(error, 'NotFound')) return undefined
      throw error
    }
  }

  async #write(policy: PolicyKey, ledger: Ledger, stored: Stored | undefined): Promise<Stored> {
    const { api } = this.#options
    const manifest = this.#manifest(policy, ledger)
    const { metadata } =
      stored === undefined
        ? await api.create<HealingLedger>(HEALING_LEDGERS, manifest)
        : await api.replace<HealingLedger>(HEALING_LEDGERS, { ...manifest, metadata: { ...manifest.metadata, uid: stored.uid, resourceVersion: stored.resourceVersion } })
    return { ledger, resourceVersion: metadata.resourceVersion, uid: metadata.uid }
  }

  #manifest(policy: PolicyKey, ledger: Ledger): KubeManifest & { readonly spec: Ledger } {
    return { apiVersion: API_VERSION, kind: healingLedger.kind, metadata: { ...this.#key(policy) }, spec: ledger }
  }

  #key(policy: PolicyKey): { readonly namespace: string; readonly name: string } {
    return { namespace: this.#options.namespace, name: nameOf(policy) }
  }

  /** One at a time for each policy: this process never loses a swap to itself. */
  #queued<T>(policy: PolicyKey, run: () => Promise<T>): Promise<T> {
    const name = nameOf(policy)
    const before = this.#queues.get(name) ?? Promise.resolve()
    const result = before.then(run, run)
    const forget = (): void => {
      if (this.#queues.get(name) === done) this.#queues.delete(name)
    }
    const done: Promise<void> = result.then(forget, forget)
    this.#queues.set(name, done)
    return result
  }
}

/** By policy name and namespace, never by uid: recreating a policy resets nothing. */
const nameOf = ({ namespace, name }: PolicyKey): string => `policy-${shortHash([namespace, name])}`

const validate = compileResource(healingLedger, API_VERSION)

/** @throws LedgerUnreadable when it is not what this schema says, or is about another policy. */
function readable(found: HealingLedger, policy: PolicyKey): Ledger {
  const [issue] = validate(found)
  if (issue !== undefined) throw new LedgerUnreadable(`ledger ${found.metadata.name} is malformed at ${issue.path}: ${issue.message}`)
  const { spec } = found
  if (spec.policy.namespace !== policy.namespace || spec.policy.name !== policy.name) {
    throw new LedgerUnreadable(`ledger ${found.metadata.name} is about ${spec.policy.namespace}/${spec.policy.name}`)
  }
  return spec
}
