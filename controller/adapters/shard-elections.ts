/**
 * One lease for each shard, and above them one that all replicas with the same number of shards hold together, as one
 * holder named by that number. Who has another number, one included, finds it held by somebody else and waits until the
 * last of them is gone: no namespace ever has two owners because the number was changed. In it each replica is named too,
 * so that all know how many share the work.
 */
import { CONTROLLER_LEASE, MEMBERS_ANNOTATION, shardLease, sharersOf, WEATHER_ANNOTATION } from '../../shared/api/v1alpha1/names.ts'
import type { Lease, LeaseTimes } from '../../shared/kube/lease.ts'
import { LeaseElection, type LeaseElectionOptions } from '../../shared/kube/lease-election.ts'
import { isObject, parsedJson } from '../../shared/lib/json.ts'
import { formatInstant, millis, minutes, seconds, type Millis } from '../../shared/lib/time.ts'
import { untilAborted } from '../../shared/runtime/timers.ts'
import { shareOf } from '../healing/shards.ts'
import type { Leadership } from '../ports/leadership.ts'

/** Shorter than those of one lease, since one more wait may come on top: an orphan is taken within 20 s of its last renewal. */
export const SHARD_TIMES: LeaseTimes = { duration: seconds(12), renewDeadline: seconds(8), retryPeriod: seconds(1.5), retryJitter: 0.2 }

/** So that the first of several that begin together does not take all. */
const SETTLED = seconds(2)
/** Nobody below his share wants it: then somebody above it has it. Longer than the wait between two looks. */
const ORPHANED = seconds(3)
/** A write that takes longer than this is rare. */
const TAKING = seconds(1)
/** Longer than any two replicas need to agree that one is gone. */
const FORGOTTEN = minutes(5)

export interface ShardElectionsOptions extends Pick<LeaseElectionOptions, 'api' | 'identity' | 'clock' | 'timers' | 'random' | 'log' | 'transitions'> {
  readonly namespace: string
  readonly shards: number
}

interface Seen {
  readonly text: unknown
  readonly at: Millis
}

export class ShardElections implements Leadership {
  readonly #options: ShardElectionsOptions
  readonly #together: LeaseElection
  readonly shards: readonly LeaseElection[]
  readonly #tells = new Map<number, () => string | undefined>()
  readonly #told = new Map<number, string>()
  /** What each replica wrote last, and since when by our own clock; kept for a while of one that is gone, since others may name it still. */
  readonly #seen = new Map<string, Seen>()
  #members: ReadonlySet<string> = new Set()
  /** Since when nobody has joined them. */
  #settled = millis(0)
  /** When each shard was about to be taken last: it is not held before the API server has answered. */
  readonly #taking = new Map<number, Millis>()
  #leaving = false
  #exchanging: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined

  constructor(options: ShardElectionsOptions) {
    this.#options = options
    const { namespace, shards } = options
    this.#together = new LeaseElection({
      ...options,
      lease: { namespace, name: CONTROLLER_LEASE },
      identity: sharersOf(shards),
      joint: true,
      annotations: () => ({ [MEMBERS_ANNOTATION]: this.#named() }),
      seen: (lease) => this.#look(lease),
    })
    this.shards = Array.from({ length: shards }, (_, shard) => new LeaseElection({
      ...options,
      lease: { namespace, name: shardLease(shard) },
      times: SHARD_TIMES,
      under: this.#together,
      mayTake: (freeFor) => this.#mayTake(shard, freeFor),
      annotations: () => this.#note(shard),
      seen: ({ metadata }) => {
        const note = metadata.annotations?.[WEATHER_ANNOTATION]
        if (note === undefined) this.#told.delete(shard)
        else this.#told.set(shard, note)
      },
    }))
  }

  start(lead: (shard: number, term: AbortSignal) => Promise<void>): void {
    this.#together.start(untilAborted)
    for (const [shard, election] of this.shards.entries()) election.start((term) => lead(shard, term))
  }

  tell(shard: number, what: () => string | undefined): void {
    this.#tells.set(shard, what)
  }

  told(shard: number): string | undefined {
    return this.#told.get(shard)
  }

  /** Those who ask while one is under way share the next one: what they have to tell may be newer. */
  exchange(): Promise<void> {
    if (this.#next !== undefined) return this.#next
    const next = this.#exchanging.then(() => {
      this.#next = undefined
      return this.#exchange()
    })
    this.#next = next
    this.#exchanging = next.catch(() => {})
    return next
  }

  async #exchange(): Promise<void> {
    const news = this.shards.filter(({ leading }, shard) => {
      const note = this.#tells.get(shard)?.()
      return leading && note !== undefined && note !== this.#told.get(shard)
    })
    await Promise.all(news.map((shard) => shard.renew()))
    await Promise.all(this.shards.filter(({ leading }) => !leading).map((shard) => shard.look()))
  }

  async stop(deadline: AbortSignal): Promise<void> {
    this.#leaving = true
    await Promise.all(this.shards.map((shard) => shard.stop(deadline)))
  }

  /** What all hold together is left to the others, or runs out: nobody knows who is the last. */
  async release(): Promise<void> {
    await Promise.all(this.shards.map((shard) => shard.release()))
    await this.#together.stop(new AbortController().signal)
    // Without this replica's name in it.
    await this.#together.release()
  }

  #note(shard: number): Readonly<Record<string, string>> {
    const note = this.#tells.get(shard)?.()
    return note === undefined ? {} : { [WEATHER_ANNOTATION]: note }
  }

  get #share(): number {
    return shareOf(this.#options.identity, this.#members, this.shards.length)
  }

  get #isSettled(): boolean {
    return this.#options.timers.monotonic() - this.#settled >= SETTLED
  }

  #mayTake(shard: number, freeFor: Millis): boolean {
    const now = this.#options.timers.monotonic()
    const mine = this.shards.filter(({ leading }, i) => leading || (i !== shard && now - (this.#taking.get(i) ?? Number.NEGATIVE_INFINITY) < TAKING))
    const may = !this.#leaving && (freeFor >= ORPHANED || (this.#isSettled && mine.length < this.#share))
    if (may) this.#taking.set(shard, now)
    return may
  }

  /** Told of the common lease about every two seconds. */
  #look({ metadata }: Lease): void {
    const now = this.#options.timers.monotonic()
    const named = membersOf(metadata.annotations?.[MEMBERS_ANNOTATION])
    for (const [name, text] of named) if (this.#seen.get(name)?.text !== text) this.#seen.set(name, { text, at: now })
    for (const [name, { at }] of this.#seen) if (now - at >= FORGOTTEN) this.#seen.delete(name)
    const members = new Set([...named.keys()].filter((name) => now - (this.#seen.get(name)?.at ?? now) < SHARD_TIMES.duration))
    if (!members.isSubsetOf(this.#members)) this.#settled = now
    this.#members = members
    const held = this.shards.filter(({ leading }) => leading)
    // One at a time: the others may be about to do the same.
    if (!this.#leaving && this.#isSettled && held.length > this.#share) held.at(-1)?.handOver()
  }

  #named(): string {
    const { clock, identity } = this.#options
    const others = [...this.#members].filter((name) => name !== identity).map((name) => [name, this.#seen.get(name)?.text] as const)
    return JSON.stringify(Object.fromEntries([...others, ...(this.#leaving ? [] : [[identity, formatInstant(clock.now())] as const])]))
  }
}

/** What somebody has written there by hand says of no member: the next renewals say it anew. */
function membersOf(text: string | undefined): ReadonlyMap<string, unknown> {
  const parsed = text === undefined ? undefined : parsedJson(text)
  return new Map(isObject(parsed) ? Object.entries(parsed) : [])
}
