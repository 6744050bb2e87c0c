/**
 * Ledgers as HealingLedger objects of the operator's namespace. One queue per object within this process; between
 * processes the resourceVersion decides, with jitter so that losers do not meet again.
 */
import { API_VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { healingLedger } from '../../shared/api/v1alpha1/healing-ledger.schema.ts'
import type { HealingLedger, StoredLedgerSpec } from '../../shared/api/v1alpha1/types.ts'
import type { KubeApi } from '../../shared/kube/api.ts'
import { isAmbiguous, isApiError } from '../../shared/kube/errors.ts'
import { Reflector, type ReflectorOptions } from '../../shared/kube/reflector.ts'
import { HEALING_LEDGERS } from '../../shared/kube/resources.ts'
import { after, millis, minutes, parseInstant, type Clock } from '../../shared/lib/time.ts'
import { sleep } from '../../shared/runtime/timers.ts'
import { LEDGER_AFTERLIFE, type Ledger } from '../healing/ledger.ts'
import { isIdle, type BudgetScope, type SharedBudget } from '../healing/shared-budget.ts'
import type { Admit, Ledgers, PolicyKey } from '../ports/ledgers.ts'
import { budgetSlot, policySlot, problemOf, readable, type Slot } from './ledger-slots.ts'

type Named = Pick<Slot<never>, 'name'>

interface Stored<Held> {
  readonly ledger: Held
  /** undefined: somebody deleted it. It is not empty for that: it is made again from what is known. */
  readonly version: { readonly uid: string; readonly resourceVersion: string } | undefined
}

export interface LedgerWatchOptions extends Pick<ReflectorOptions<unknown, never>, 'timers' | 'random' | 'log' | 'metrics'> {
  readonly api: Pick<KubeApi, 'list' | 'watch'>
  readonly namespace: string
}

export interface LedgerStoreOptions extends Pick<ReflectorOptions<unknown, never>, 'timers' | 'random' | 'log'> {
  readonly api: Pick<KubeApi, 'get' | 'create' | 'replace' | 'delete'>
  readonly namespace: string
  readonly watch: Reflector<HealingLedger>
  readonly clock: Clock
  /** Whether this store is the one that makes a ledger again that somebody deleted. */
  readonly keeps: (about: StoredLedgerSpec) => boolean
}

/** As far as the clocks of two controllers that act may be apart. */
const CLOCKS_APART = minutes(2)

/** Jitter of a lost swap: 20 ms to 1 s let a hundred writers through in 2 s with no more than 9 tries each. */
const JITTER = { least: 20, spread: 980 }
const TRIES = 20

export const ledgerWatch = ({ api, namespace, timers, random, log, metrics }: LedgerWatchOptions): Reflector<HealingLedger> =>
  new Reflector({
    api,
    resource: HEALING_LEDGERS,
    namespace,
    project: (raw) => raw as HealingLedger,
    timers,
    random,
    log,
    ...(metrics === undefined ? {} : { metrics }),
  })

/** Of one shard: what it writes it remembers itself; what is watched all shards of a process share. */
export class LedgerStore implements Ledgers {
  readonly #options: LedgerStoreOptions
  readonly watch: Reflector<HealingLedger>
  /** Our own last write or live read of each, until the watch has brought it or a newer one (I7). */
  readonly #newer = new Map<string, HealingLedger>()
  readonly #deleted = new Map<string, HealingLedger>()
  /** Those that we are deleting ourselves. */
  readonly #removing = new Set<string>()
  readonly #queues = new Map<string, Promise<unknown>>()
  /** What was read of each of them. */
  readonly #glances = new WeakMap<HealingLedger, { readonly held: unknown }>()

  constructor(options: LedgerStoreOptions) {
    this.#options = options
    const { log, watch } = options
    this.watch = watch
    this.watch.subscribe(({ type, object }) => {
      const { name } = object.metadata
      if (type !== 'deleted') this.#deleted.delete(name)
      else if (this.#removing.delete(name)) return
      else if (problemOf(object) !== undefined) log.warn('unreadable ledger was deleted by somebody, beginning anew', { ledger: name })
      // Its day was over: another controller took it away.
      else if (this.#isOver(object)) return
      else {
        this.#deleted.set(name, object)
        this.#remake(object)
      }
    })
  }

  /** Ledgers that were deleted while another controller led, and it did not make again. */
  remakeDeleted(): void {
    for (const object of this.#deleted.values()) this.#remake(object)
  }

  #remake(object: HealingLedger): void {
    const { log, keeps } = this.#options
    const { name } = object.metadata
    if (!keeps(object.spec)) return
    log.warn('ledger was deleted by somebody, making it again', { ledger: name })
    this.#restore(object).catch((error: unknown) => log.error('ledger could not be made again', { ledger: name, error }))
  }

  #isOver({ spec: { budget, goneSince } }: HealingLedger): boolean {
    const now = this.#options.clock.now()
    if (budget !== undefined) return isIdle(budget, now)
    const since = parseInstant(goneSince)
    return since !== undefined && now >= after(since, millis(LEDGER_AFTERLIFE - CLOCKS_APART))
  }

  /** Names of those that cannot be read: what they are of does not act. */
  get unreadable(): readonly string[] {
    return [...this.watch.store.values()].filter((ledger) => problemOf(ledger) !== undefined).map(({ metadata }) => metadata.name)
  }

  /** As the watch has it: for who looks on and decides nothing. Empty when there is none, undefined when it cannot be read. */
  seen(policy: PolicyKey): Ledger | undefined {
    return this.#glance(policySlot(policy))
  }

  seenBudget(scope: BudgetScope): SharedBudget | undefined {
    return this.#glance(budgetSlot(scope))
  }

  #glance<Held>(slot: Slot<Held>): Held | undefined {
    const found = this.watch.store.get(this.#key(slot.name))
    if (found === undefined) return slot.empty
    let glance = this.#glances.get(found)
    if (glance === undefined) {
      glance = { held: problemOf(found) === undefined ? slot.unwrap(found.spec) : undefined }
      this.#glances.set(found, glance)
    }
    return glance.held as Held | undefined
  }

  read(policy: PolicyKey): Promise<Ledger | undefined> {
    return this.#read(policySlot(policy))
  }

  reread(policy: PolicyKey, asking: () => void = () => {}): Promise<Ledger | undefined> {
    const slot = policySlot(policy)
    return this.#queued(slot, async () => {
      asking()
      await this.#refresh(slot, this.#current(slot))
      return this.#current(slot)?.ledger
    })
  }

  readBudget(scope: BudgetScope): Promise<SharedBudget | undefined> {
    return this.#read(budgetSlot(scope))
  }

  #read<Held>(slot: Slot<Held>): Promise<Held | undefined> {
    return this.#queued(slot, async () => this.#current(slot)?.ledger)
  }

  update(policy: PolicyKey, change: (ledger: Ledger) => Ledger): Promise<Ledger> {
    return this.#update(policySlot(policy), change)
  }

  updateBudget(scope: BudgetScope, change: (budget: SharedBudget) => SharedBudget): Promise<SharedBudget> {
    return this.#update(budgetSlot(scope), change)
  }

  async #update<Held>(slot: Slot<Held>, change: (held: Held) => Held): Promise<Held> {
    const answer = await this.#admit(slot, (held) => ({ ledger: change(held) }))
    if ('refusal' in answer) throw new Error('an update was refused')
    return answer.ledger
  }

  admit(policy: PolicyKey, change: Admit<Ledger>): Promise<ReturnType<Admit<Ledger>>> {
    return this.#admit(policySlot(policy), change)
  }

  admitBudget(scope: BudgetScope, change: Admit<SharedBudget>): Promise<ReturnType<Admit<SharedBudget>>> {
    return this.#admit(budgetSlot(scope), change)
  }

  #admit<Held>(slot: Slot<Held>, change: Admit<Held>): Promise<ReturnType<Admit<Held>>> {
    return this.#queued(slot, async () => {
      let live = false
      for (let attempt = 1; ; attempt++) {
        const stored = this.#current(slot)
        const before = stored?.ledger ?? slot.empty
        const answer = change(before)
        if ('refusal' in answer) {
          if (live) return answer
          // Nothing is refused for what a slow watch has not brought yet.
          await this.#refresh(slot, stored)
          live = true
          continue
        }
        const missing = stored !== undefined && stored.version === undefined
        if (answer.ledger === before && !missing) return answer
        try {
          await this.#write(slot, answer.ledger, stored)
          return answer
        } catch (error) {
          // A create that answers NotFound misses the namespace: no other try will find it.
          const lost = isApiError(error, 'Conflict', 'AlreadyExists', 'Recreated') || (stored !== undefined && isApiError(error, 'NotFound'))
          // Whether another failure has landed is not known: the next change must not start from what was before.
          if (lost || isAmbiguous(error)) await this.#refresh(slot, stored)
          if (!lost || attempt === TRIES) throw error
          await sleep(this.#options.timers, millis(JITTER.least + this.#options.random() * JITTER.spread))
        }
      }
    })
  }

  /** As it was last seen, of whatever kind it is. */
  async #restore({ spec: { policy, budget } }: HealingLedger): Promise<void> {
    if (policy !== undefined) await this.update(policy, (ledger) => ledger)
    if (budget !== undefined) await this.updateBudget(budget.namespace === undefined ? { scope: 'Cluster' } : { scope: 'Namespace', namespace: budget.namespace }, (held) => held)
  }

  /** The policy whose ledger has changed: another controller or a person did it, or our own write has come back. Those that are there are told first. Returns how to hear no more. */
  onChange(tell: (policy: PolicyKey) => void): () => void {
    return this.watch.subscribe((event) => {
      const known = [event.object, ...(event.type === 'updated' ? [event.old] : [])].find((found) => problemOf(found) === undefined)
      if (known?.spec.policy !== undefined) tell(known.spec.policy)
    })
  }

  /** A workload of the namespace is free again: what another policy was refused for its sake may be tried. Returns how to hear no more. */
  onClaimGivenBack(tell: (namespace: string) => void): () => void {
    return this.watch.subscribe((event) => {
      const before = event.type === 'updated' ? event.old : event.type === 'deleted' ? event.object : undefined
      const { namespace, claims = [] } = before?.spec.budget ?? {}
      const left = new Set(event.type === 'updated' ? event.object.spec.budget?.claims?.map(({ action }) => action) : [])
      if (namespace !== undefined && problemOf(event.object) === undefined && claims.some(({ action }) => !left.has(action))) tell(namespace)
    })
  }

  remove(policy: PolicyKey): Promise<void> {
    return this.#remove(policySlot(policy))
  }

  removeBudget(scope: BudgetScope): Promise<void> {
    return this.#remove(budgetSlot(scope))
  }

  budgetedNamespaces(): readonly string[] {
    return [...this.watch.store.values()].flatMap((found) => (problemOf(found) === undefined ? (found.spec.budget?.namespace ?? []) : []))
  }

  #remove<Held>(slot: Slot<Held>): Promise<void> {
    return this.#queued(slot, async () => {
      const version = this.#current(slot)?.version
      if (version === undefined) return
      const { name } = slot
      this.#removing.add(name)
      try {
        await this.#options.api.delete(HEALING_LEDGERS, this.#key(name), { preconditions: version })
        this.#newer.delete(name)
      } catch (error) {
        this.#removing.delete(name)
        throw error
      }
    })
  }

  /** The newest that is known. @throws LedgerUnreadable */
  #current<Held>(slot: Slot<Held>): Stored<Held> | undefined {
    const { name } = slot
    const seen = this.watch.store.get(this.#key(name))
    const own = this.#newer.get(name)
    const newest = own === undefined || this.watch.atLeast(own.metadata.resourceVersion) ? seen : own
    if (newest === seen) this.#newer.delete(name)
    if (newest !== undefined) {
      const { uid, resourceVersion } = newest.metadata
      return { ledger: readable(slot, newest), version: { uid, resourceVersion } }
    }
    const deleted = this.#deleted.get(name)
    return deleted === undefined ? undefined : { ledger: readable(slot, deleted), version: undefined }
  }

  /** A live read after a lost swap. */
  async #refresh({ name }: Named, before: Stored<unknown> | undefined): Promise<void> {
    try {
      this.#newer.set(name, await this.#options.api.get<HealingLedger>(HEALING_LEDGERS, this.#key(name)))
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error
      const known = this.watch.store.get(this.#key(name)) ?? this.#newer.get(name)
      this.#newer.delete(name)
      if (before !== undefined && known !== undefined) this.#deleted.set(name, known)
    }
  }

  async #write<Held>({ name, wrap }: Slot<Held>, held: Held, stored: Stored<Held> | undefined): Promise<void> {
    const { api } = this.#options
    const manifest = { apiVersion: API_VERSION, kind: healingLedger.kind, metadata: { ...this.#key(name) }, spec: wrap(held) }
    const written =
      stored?.version === undefined
        ? await api.create<HealingLedger>(HEALING_LEDGERS, manifest)
        : await api.replace<HealingLedger>(HEALING_LEDGERS, { ...manifest, metadata: { ...manifest.metadata, ...stored.version } })
    this.#newer.set(name, written)
    this.#deleted.delete(name)
  }

  #key(name: string): { readonly namespace: string; readonly name: string } {
    return { namespace: this.#options.namespace, name }
  }

  /** One at a time for each object: this process never loses a swap to itself. */
  #queued<T>({ name }: Named, run: () => Promise<T>): Promise<T> {
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
