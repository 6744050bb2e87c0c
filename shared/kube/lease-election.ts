/**
 * Of several processes one leads: the one that holds the Lease. Semantics and times are those of client-go, with two
 * differences. Who loses the lease does not exit: it lets its work end, without another write, and stands in line again
 * with its caches warm. And every write asks by two clocks whether the last renewal is recent enough, since a process
 * that stood still believes what it believed before.
 */
import { between, millis, type Clock, type Instant, type Millis } from '../lib/time.ts'
import type { Logger } from '../runtime/logger.ts'
import { sleep, type Random, type Timers } from '../runtime/timers.ts'
import { METRICS } from '../runtime/metric-table.ts'
import type { Counter, Metrics } from '../runtime/metrics.ts'
import type { KubeApi } from './api.ts'
import { isApiError, NotLeading } from './errors.ts'
import type { Fence } from './fence.ts'
import { fingerprint, holderOf, holdsFor, LEASE_TIMES, newLease, releasedLease, takenLease, type Lease, type LeaseTimes } from './lease.ts'
import { LEASES } from './resources.ts'

export interface LeaseElectionOptions {
  /** Not a fenced one. */
  readonly api: Pick<KubeApi, 'get' | 'create' | 'replace'>
  readonly lease: { readonly namespace: string; readonly name: string }
  /** Of this process and of no other one, not even of the next one in the same pod. */
  readonly identity: string
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly log: Logger
  readonly transitions: Counter<'event'>
  readonly times?: LeaseTimes
  /** Another lease: without it this one is neither taken nor kept. */
  readonly under?: Pick<LeaseElection, 'leading' | 'left'>
  /** Several processes hold it together, under one identity: each expects that another one has renewed it in between. */
  readonly joint?: true
  /** Whether to take one that nobody has held for so long; default: at once. One's own is kept without asking. */
  readonly mayTake?: (freeFor: Millis) => boolean
  /** Written with each renewal. */
  readonly annotations?: () => Readonly<Record<string, string>>
  /** Told of the lease as it was read or written last. */
  readonly seen?: (lease: Lease) => void
}

/** Works until the signal aborts, and resolves when none of its work is under way any more. */
export type Lead = (term: AbortSignal) => Promise<void>

/** One moment by both clocks. The monotonic one does not jump, but may stand still while the machine is suspended. */
interface Moment {
  readonly monotonic: Millis
  readonly wall: Instant
}

/** What no lease looks like. */
const ABSENT = ''
/** Several that write it every two seconds meet rarely, and three times in a row hardly ever. */
const JOINT_TRIES = 3

export class LeaseElection implements Fence {
  readonly #options: LeaseElectionOptions
  readonly #times: LeaseTimes
  readonly #stop = new AbortController()
  #campaign: Promise<void> | undefined
  /** Just before the last renewal that succeeded was sent; undefined: this process does not hold the lease. */
  #renewed: Moment | undefined
  /** As it was written or seen last, while it is ours. */
  #mine: Lease | undefined
  #seen: { readonly fingerprint: string; readonly at: Millis } | undefined
  /** Since when the work of a lost term has been ending. */
  #ending: Millis | undefined
  /** Ends the term that is under way. */
  #endTerm: (() => void) | undefined
  #handingOver = false

  constructor(options: LeaseElectionOptions) {
    this.#options = options
    this.#times = options.times ?? LEASE_TIMES
  }

  /** Whether this process may write now. */
  get leading(): boolean {
    return this.#sinceRenewal() < this.#times.renewDeadline && this.#options.under?.leading !== false
  }

  check(): void {
    if (!this.leading) throw new NotLeading('this process does not hold the lease, or could not renew it in time')
  }

  left(): Millis {
    return millis(Math.max(1, Math.min(this.#times.duration - this.#sinceRenewal(), this.#options.under?.left() ?? Number.POSITIVE_INFINITY)))
  }

  /** How long the work of a lost term has needed to end; 0 when there is none. */
  get endingFor(): Millis {
    return millis(this.#ending === undefined ? 0 : this.#options.timers.monotonic() - this.#ending)
  }

  start(lead: Lead): void {
    this.#campaign ??= this.#run(lead)
  }

  /** The work ends, the lease stays until {@link release}. Waits for the work until the deadline. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#stop.abort()
    if (deadline.aborted) return
    let wake = (): void => {}
    const late = new Promise<void>((resolve) => {
      wake = resolve
      deadline.addEventListener('abort', wake, { once: true })
    })
    await Promise.race([this.#campaign, late])
    deadline.removeEventListener('abort', wake)
  }

  /** Writes it now, so that others read what is to be told; does nothing where it is not held. @throws when it could not be written */
  async renew(): Promise<void> {
    if (this.leading && !(await this.#try())) throw new NotLeading('the lease could not be renewed')
  }

  /** Reads it now. */
  async look(): Promise<void> {
    this.#observe(await this.#read())
  }

  /** Lets the work of this term end in order, frees the lease for somebody else and stands in line again. */
  handOver(): void {
    if (this.#endTerm === undefined) return
    this.#handingOver = true
    this.#endTerm()
  }

  /** The next one need not wait for the lease to run out; one that others hold as well is left to them. Does nothing while work may be under way. */
  async release(): Promise<void> {
    if (this.#campaign !== undefined) return
    if (this.#options.joint === true) await this.#try()
    else await this.#free()
  }

  async #free(): Promise<void> {
    const { api, clock, log } = this.#options
    const mine = this.#mine
    if (mine === undefined || !this.leading) return
    this.#renewed = undefined
    this.#mine = undefined
    try {
      await api.replace(LEASES, releasedLease(mine, clock.now()), { timeout: this.#patience() })
      log.info('lease released', { lease: this.#options.lease.name })
      this.#options.transitions.inc({ event: 'released' })
    } catch (error) {
      // Then it runs out by itself.
      log.warn('lease not released', { lease: this.#options.lease.name, error })
    }
  }

  async #run(lead: Lead): Promise<void> {
    const { timers, random, log, identity, lease } = this.#options
    const { signal } = this.#stop
    log.info('waiting for the lease', { lease: lease.name, identity })
    while (!signal.aborted) {
      if (await this.#try()) await this.#term(lead)
      if (this.#handingOver) await this.#free()
      this.#handingOver = false
      // Also after a term: work that ended by itself must not begin again without a pause.
      if (!signal.aborted) await sleep(timers, millis(this.#times.retryPeriod * (1 + this.#times.retryJitter * random())), signal)
    }
    this.#campaign = undefined
  }

  /** From the first renewal to the last, and until all of the work has ended. */
  async #term(lead: Lead): Promise<void> {
    const { log, lease, identity, timers } = this.#options
    log.info('leading', { lease: lease.name, identity })
    this.#options.transitions.inc({ event: 'acquired' })
    const term = new AbortController()
    const over = new AbortController()
    const end = (): void => term.abort()
    this.#endTerm = end
    this.#stop.signal.addEventListener('abort', end, { once: true })
    if (this.#stop.signal.aborted) end()
    const work = this.#work(lead, term.signal).finally(() => over.abort())
    // While the work ends in order it is renewed: what is being written down may be written.
    const kept = await this.#keep(over.signal)
    this.#stop.signal.removeEventListener('abort', end)
    if (!kept) {
      this.#renewed = undefined
      this.#mine = undefined
      this.#options.transitions.inc({ event: 'lost' })
      log.error('lease lost: nothing is written any more, waiting for it again', { lease: lease.name, identity })
      this.#ending = timers.monotonic()
    }
    end()
    await work
    this.#endTerm = undefined
    this.#ending = undefined
  }

  async #work(lead: Lead, term: AbortSignal): Promise<void> {
    try {
      await lead(term)
    } catch (error) {
      this.#options.log.error('leading failed', { error })
    }
  }

  /** Renews until the signal aborts: true. False when the lease was lost before. */
  async #keep(over: AbortSignal): Promise<boolean> {
    const { timers } = this.#options
    let pause = this.#times.retryPeriod
    for (;;) {
      await sleep(timers, pause, over)
      if (over.aborted) return true
      const began = timers.monotonic()
      // Even when it is late: a write on the version that we know succeeds only if nobody had the lease in between.
      if (await this.#try()) pause = this.#times.retryPeriod
      else if (!this.leading) return false
      // A try that took long is not followed by a pause as well: there are few before the deadline.
      else pause = millis(Math.max(100, Math.min(began + this.#times.retryPeriod - timers.monotonic(), this.#untilDeadline())))
    }
  }

  /** One look and one write. True: it is ours, from before this call for its duration. */
  async #try(): Promise<boolean> {
    const { log, lease, under } = this.#options
    if (under?.leading === false) return false
    const sent = this.#now()
    try {
      const written = await this.#write()
      if (written === undefined) return false
      this.#observe(written)
      this.#mine = written
      this.#renewed = sent
      return true
    } catch (error) {
      log.warn('lease could not be taken or renewed', { lease: lease.name, error })
      return false
    }
  }

  /** @param tries of a lease that others renew at the same time */
  async #write(tries = this.#options.joint === true ? JOINT_TRIES : 1): Promise<Lease | undefined> {
    const { api, lease, identity, clock, log, joint, mayTake } = this.#options
    const holderNow = () => ({ identity, now: clock.now(), times: this.#times, annotations: this.#options.annotations?.() })
    if (this.#mine !== undefined && joint === undefined) {
      try {
        return await api.replace<Lease>(LEASES, takenLease(this.#mine, holderNow()), { timeout: this.#patience() })
      } catch (error) {
        if (!isApiError(error, 'Conflict', 'NotFound')) throw error
        // Somebody wrote it, or our own last write had landed after all.
      }
    }
    const found = await this.#read()
    const unchangedFor = this.#options.timers.monotonic() - this.#observe(found)
    const other = found === undefined ? undefined : holderOf(found)
    let freeFor = unchangedFor
    if (found !== undefined && other !== undefined && other !== identity) {
      if (this.#mine !== undefined) log.warn('another process holds the lease', { lease: lease.name, holder: other })
      this.#mine = undefined
      this.#renewed = undefined
      freeFor -= holdsFor(found, this.#times)
      if (freeFor < 0) return undefined
    }
    if (this.#mine === undefined && other !== identity && mayTake?.(millis(freeFor)) === false) return undefined
    const timeout = this.#patience()
    const written = await taken(found === undefined ? api.create<Lease>(LEASES, newLease(lease, holderNow()), { timeout }) : api.replace<Lease>(LEASES, takenLease(found, holderNow()), { timeout }))
    return written === undefined && tries > 1 ? this.#write(tries - 1) : written
  }

  async #read(): Promise<Lease | undefined> {
    const { api, lease } = this.#options
    try {
      return await api.get<Lease>(LEASES, lease, { timeout: this.#patience() })
    } catch (error) {
      if (isApiError(error, 'NotFound')) return undefined
      throw error
    }
  }

  /** When it was first seen as it is. By our own clock: what the lease says of the time is another one's. */
  #observe(lease: Lease | undefined): Millis {
    if (lease !== undefined) this.#options.seen?.(lease)
    const seen = lease === undefined ? ABSENT : fingerprint(lease)
    if (this.#seen?.fingerprint !== seen) this.#seen = { fingerprint: seen, at: this.#options.timers.monotonic() }
    return this.#seen.at
  }

  /** A lost answer must leave time for another try before the deadline. */
  #patience(): Millis {
    const half = this.#times.renewDeadline / 2
    return millis(Math.max(100, this.leading ? Math.min(half, this.#untilDeadline()) : half))
  }

  #untilDeadline(): Millis {
    return millis(this.#times.renewDeadline - this.#sinceRenewal())
  }

  #now(): Moment {
    return { monotonic: this.#options.timers.monotonic(), wall: this.#options.clock.now() }
  }

  /** By the clock that says more: one of them may have stood still. A wall clock that was set back says nothing. */
  #sinceRenewal(): Millis {
    if (this.#renewed === undefined) return millis(Number.POSITIVE_INFINITY)
    const { monotonic, wall } = this.#now()
    return millis(Math.max(monotonic - this.#renewed.monotonic, between(this.#renewed.wall, wall)))
  }
}

export function declareTransitions(metrics: Metrics): Counter<'event'> {
  const transitions = metrics.counter(METRICS.leaderTransitions)
  for (const event of METRICS.leaderTransitions.labels.event) transitions.inc({ event }, 0)
  return transitions
}

/** undefined: another one was faster. */
async function taken(call: Promise<Lease>): Promise<Lease | undefined> {
  try {
    return await call
  } catch (error) {
    if (isApiError(error, 'Conflict', 'AlreadyExists', 'NotFound', 'Recreated')) return undefined
    throw error
  }
}
