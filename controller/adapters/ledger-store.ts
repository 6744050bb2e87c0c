/**
 * Ledgers as HealingLedger objects of the operator's namespace. One queue per policy within this process; between
 * processes the resourceVersion decides, with jitter so that losers do not meet again.
 */
import { API_VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { healingLedger } from '../../shared/api/v1alpha1/healing-ledger.schema.ts'
import type { HealingLedger } from '../../shared/api/v1alpha1/types.ts'
import type { KubeApi } from '../../shared/kube/api.ts'
import { isAmbiguous, isApiError } from '../../shared/kube/errors.ts'
import { Reflector, type ReflectorOptions } from '../../shared/kube/reflector.ts'
import { HEALING_LEDGERS } from '../../shared/kube/resources.ts'
import { shortHash } from '../../shared/lib/hash.ts'
import { after, millis, minutes, parseInstant, type Clock } from '../../shared/lib/time.ts'
import { sleep } from '../../shared/runtime/timers.ts'
import { compileResource } from '../../shared/schema/validate.ts'
import { emptyLedger, LEDGER_AFTERLIFE, type Ledger } from '../healing/ledger.ts'
import { LedgerUnreadable, type Ledgers, type PolicyKey } from '../ports/ledgers.ts'

interface Stored {
  readonly ledger: Ledger
  /** undefined: somebody deleted it. It is not empty for that: it is made again from what is known. */
  readonly version: { readonly uid: string; readonly resourceVersion: string } | undefined
}

export interface LedgerStoreOptions extends Pick<ReflectorOptions<unknown, never>, 'timers' | 'random' | 'log' | 'metrics'> {
  readonly api: Pick<KubeApi, 'get' | 'list' | 'watch' | 'create' | 'replace' | 'delete'>
  readonly namespace: string
  readonly clock: Clock
  /** Whether this controller is the one that writes; absent: always. */
  readonly leads?: () => boolean
}

/** As far as the clocks of two controllers that act may be apart. */
const CLOCKS_APART = minutes(2)

/** Jitter of a lost swap: 20 ms to 1 s let a hundred writers through in 2 s with no more than 9 tries each. */
const JITTER = { least: 20, spread: 980 }
const TRIES = 20

export class LedgerStore implements Ledgers {
  readonly #options: LedgerStoreOptions
  readonly watch: Reflector<HealingLedger>
  /** Our own last write or live read of each, until the watch has brought it or a newer one (I7). */
  readonly #newer = new Map<string, HealingLedger>()
  readonly #deleted = new Map<string, HealingLedger>()
  /** Those that we are deleting ourselves. */
  readonly #removing = new Set<string>()
  readonly #queues = new Map<string, Promise<unknown>>()

  constructor(options: LedgerStoreOptions) {
    this.#options = options
    const { api, namespace, timers, random, log, metrics } = options
    this.watch = new Reflector({
      api,
      resource: HEALING_LEDGERS,
      namespace,
      project: (raw) => raw as HealingLedger,
      timers,
      random,
      log,
      ...(metrics === undefined ? {} : { metrics }),
    })
    this.watch.subscribe(({ type, object }) => {
      const { name } = object.metadata
      if (type !== 'deleted') this.#deleted.delete(name)
      else if (this.#removing.delete(name)) return
      else if (problemOf(object) !== undefined) log.warn('unreadable ledger was deleted by somebody, beginning anew', { ledger: name })
      // Its day was over: another controller took it away.
      else if (this.#isOver(object)) return
      else {
        this.#deleted.set(name, object)
        if (this.#options.leads?.() !== false) this.#remake(object)
      }
    })
  }

  /** Ledgers that were deleted while another controller led, and it did not make again. */
  remakeDeleted(): void {
    for (const object of this.#deleted.values()) this.#remake(object)
  }

  #remake({ metadata: { name }, spec }: HealingLedger): void {
    const { log } = this.#options
    log.warn('ledger was deleted by somebody, making it again', { ledger: name })
    this.update(spec.policy, (ledger) => ledger).catch((error: unknown) => log.error('ledger could not be made again', { ledger: name, error }))
  }

  #isOver({ spec }: HealingLedger): boolean {
    const since = parseInstant(spec.goneSince)
    return since !== undefined && this.#options.clock.now() >= after(since, millis(LEDGER_AFTERLIFE - CLOCKS_APART))
  }

  async read(policy: PolicyKey): Promise<Ledger | undefined> {
    return this.#queued(policy, () => Promise.resolve(this.#current(policy)?.ledger))
  }

  async update(policy: PolicyKey, change: (ledger: Ledger) => Ledger): Promise<Ledger> {
    const answer = await this.admit(policy, (ledger) => ({ ledger: change(ledger) }))
    if ('refusal' in answer) throw new Error('an update was refused')
    return answer.ledger
  }

  admit(policy: PolicyKey, change: Parameters<Ledgers['admit']>[1]): ReturnType<Ledgers['admit']> {
    return this.#queued(policy, async () => {
      let live = false
      for (let attempt = 1; ; attempt++) {
        const stored = this.#current(policy)
        const before = stored?.ledger ?? emptyLedger(policy)
        const answer = change(before)
        if ('refusal' in answer) {
          if (live) return answer
          // Nothing is refused for what a slow watch has not brought yet.
          await this.#refresh(policy, stored)
          live = true
          continue
        }
        const missing = stored !== undefined && stored.version === undefined
        if (answer.ledger === before && !missing) return answer
        try {
          await this.#write(policy, answer.ledger, stored)
          return answer
        } catch (error) {
          // A create that answers NotFound misses the namespace: no other try will find it.
          const lost = isApiError(error, 'Conflict', 'AlreadyExists', 'Recreated') || (stored !== undefined && isApiError(error, 'NotFound'))
          // Whether another failure has landed is not known: the next change must not start from what was before.
          if (lost || isAmbiguous(error)) await this.#refresh(policy, stored)
          if (!lost || attempt === TRIES) throw error
          await sleep(this.#options.timers, millis(JITTER.least + this.#options.random() * JITTER.spread))
        }
      }
    })
  }

  /** Whose ledger has changed: another controller or a person did it, or our own write has come back. Those that are there are told first. Returns how to hear no more. */
  onChange(tell: (policy: PolicyKey) => void): () => void {
    return this.watch.subscribe((event) => {
      const known = [event.object, ...(event.type === 'updated' ? [event.old] : [])].find((found) => problemOf(found) === undefined)
      if (known !== undefined) tell(known.spec.policy)
    })
  }

  remove(policy: PolicyKey): Promise<void> {
    return this.#queued(policy, async () => {
      const version = this.#current(policy)?.version
      if (version === undefined) return
      const name = nameOf(policy)
      this.#removing.add(name)
      try {
        await this.#options.api.delete(HEALING_LEDGERS, this.#key(policy), { preconditions: version })
        this.#newer.delete(name)
      } catch (error) {
        this.#removing.delete(name)
        throw error
      }
    })
  }

  /** The newest that is known. @throws LedgerUnreadable */
  #current(policy: PolicyKey): Stored | undefined {
    const name = nameOf(policy)
    const seen = this.watch.store.get(this.#key(policy))
    const own = this.#newer.get(name)
    const newest = own === undefined || this.watch.atLeast(own.metadata.resourceVersion) ? seen : own
    if (newest === seen) this.#newer.delete(name)
    if (newest !== undefined) {
      const { uid, resourceVersion } = newest.metadata
      return { ledger: readable(newest, policy), version: { uid, resourceVersion } }
    }
    const deleted = this.#deleted.get(name)
    return deleted === undefined ? undefined : { ledger: readable(deleted, policy), version: undefined }
  }

  /** A live read after a lost swap. */
  async #refresh(policy: PolicyKey, before: Stored | undefined): Promise<void> {
    const name = nameOf(policy)
    try {
      this.#newer.set(name, await this.#options.api.get<HealingLedger>(HEALING_LEDGERS, this.#key(policy)))
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error
      const known = this.watch.store.get(this.#key(policy)) ?? this.#newer.get(name)
      this.#newer.delete(name)
      if (before !== undefined && known !== undefined) this.#deleted.set(name, known)
    }
  }

  async #write(policy: PolicyKey, ledger: Ledger, stored: Stored | undefined): Promise<void> {
    const { api } = this.#options
    const manifest = { apiVersion: API_VERSION, kind: healingLedger.kind, metadata: { ...this.#key(policy) }, spec: ledger }
    const written =
      stored?.version === undefined
        ? await api.create<HealingLedger>(HEALING_LEDGERS, manifest)
        : await api.replace<HealingLedger>(HEALING_LEDGERS, { ...manifest, metadata: { ...manifest.metadata, ...stored.version } })
    this.#newer.set(nameOf(policy), written)
    this.#deleted.delete(nameOf(policy))
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

function problemOf(found: HealingLedger): string | undefined {
  const [issue] = validate(found)
  return issue === undefined ? undefined : `${issue.path}: ${issue.message}`
}

/** @throws LedgerUnreadable when it is not what this schema says, or is about another policy. */
function readable(found: HealingLedger, policy: PolicyKey): Ledger {
  const problem = problemOf(found)
  if (problem !== undefined) throw new LedgerUnreadable(`ledger ${found.metadata.name} is malformed at ${problem}`)
  const { spec } = found
  if (spec.policy.namespace !== policy.namespace || spec.policy.name !== policy.name) {
    throw new LedgerUnreadable(`ledger ${found.metadata.name} is about ${spec.policy.namespace}/${spec.policy.name}`)
  }
  return spec
}
