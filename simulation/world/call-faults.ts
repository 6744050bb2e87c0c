/** How the API server and the way to it fail, call by call. */
import { millis, type Millis } from '../../shared/lib/time.ts'
import type { Call } from '../../shared/testing/fake-cluster/calls.ts'
import { isWrite } from '../../shared/testing/fake-cluster/calls.ts'
import { SERVER_ERROR, THROTTLED, UNAVAILABLE, type Fault } from '../../shared/testing/fake-cluster/faults.ts'
import type { Chance } from '../engine/chance.ts'
import type { CallFault, CrashPoint, Fault as PlannedFault } from '../plan/plan.ts'
import { Cues, isAct } from './cues.ts'

const CONFLICT = { code: 409, reason: 'Conflict', message: 'the object has been modified; please apply your changes to the latest version and try again' }
const { retryAfter: _told, ...UNTOLD } = THROTTLED

/** Reads that meet an error which only writes can have are left alone. */
const FAULTS: Readonly<Record<CallFault, (write: boolean) => Fault | undefined>> = {
  'request-lost': () => ({ when: 'before', answer: 'reset' }),
  'response-lost': (write) => ({ when: write ? 'after' : 'before', answer: 'reset' }),
  hang: (write) => ({ when: write ? 'after' : 'before', answer: 'hang' }),
  conflict: (write) => (write ? { when: 'before', answer: CONFLICT } : undefined),
  throttled: () => ({ when: 'before', answer: UNTOLD }),
  'throttled-after': () => ({ when: 'before', answer: { ...THROTTLED, retryAfter: 3 } }),
  'error-before': () => ({ when: 'before', answer: SERVER_ERROR }),
  'error-after': (write) => ({ when: write ? 'after' : 'before', answer: SERVER_ERROR }),
  unavailable: () => ({ when: 'before', answer: UNAVAILABLE }),
}

/** What is no step of healing: a review is a question, though it is posted; the election has its own faults (pause, partition). */
const ASIDE = new Set(['leases', 'events', 'healingpolicies', 'selfsubjectaccessreviews', 'subjectaccessreviews'])
const isCounted = (call: Call): boolean => isWrite(call) && !ASIDE.has(call.resource.plural)

type Calls = Extract<PlannedFault, { kind: 'calls' }>

function concerns({ only }: Calls, call: Call): boolean {
  if (only === 'all') return true
  if (only === 'acts') return isAct(call)
  return isWrite(call) === (only === 'writes')
}

interface Window {
  readonly fault: Calls
  readonly until: number
  /** How many calls it has met. */
  hits: number
}

/** Acts are rare: a fault of theirs lasts until it has met one. */
const isAwaited = ({ fault, hits }: Window): boolean => fault.only === 'acts' && hits === 0

/** Where a process dies. */
export interface Crash {
  /** Whose writes are counted; absent: those of whoever writes. */
  readonly user?: string
  readonly of: 'writes' | 'acts'
  readonly point: CrashPoint
  /** The how manieth of them, from 1. */
  readonly write: number
  /** Told of it. */
  readonly died: (user: string) => void
}

/** What is wrong with calls at any moment. */
export class CallFaults {
  /** How often each kind of fault has met something. */
  readonly hits = new Map<string, number>()
  readonly #chance: Chance
  readonly #now: () => number
  #windows: Window[] = []
  #slow = 0
  #crashes: { readonly crash: Crash; left: number; /** Who dies at its next write. */ doomed?: string }[] = []
  readonly cues = new Cues((what) => this.hit(what))
  readonly #cut = new Set<string>()
  readonly #kill: (user: string) => void

  constructor({ chance, now, kill }: { readonly chance: Chance; readonly now: () => number; readonly kill: (user: string) => void }) {
    this.#chance = chance
    this.#now = now
    this.#kill = kill
  }

  add(fault: Calls): void {
    this.#windows.push({ fault, until: this.#now() + fault.seconds * 1000, hits: 0 })
  }

  slow(span: Millis): void {
    this.#slow = this.#now() + span
  }

  crash(crash: Crash): void {
    this.#crashes.push({ crash, left: crash.write })
  }

  cut(user: string): void {
    this.#cut.add(user)
  }

  join(user: string): void {
    this.#cut.delete(user)
  }

  /** One more of a kind of fault has met something. */
  hit(kind: string): void {
    this.hits.set(kind, (this.hits.get(kind) ?? 0) + 1)
  }

  /** Nothing goes wrong from here on. */
  end(): void {
    this.#windows = []
    this.#slow = 0
    this.#crashes = []
    this.cues.end()
    this.#cut.clear()
  }

  next(call: Call): Fault | undefined {
    const died = this.#death(call)
    if (died !== undefined) return died
    this.cues.see(call)
    if (this.#cut.has(call.user)) this.hit(`partition at ${isAct(call) ? 'an act' : 'another call'}`)
    if (this.#cut.has(call.user)) return { when: 'before', answer: 'hang' }
    for (const window of this.#windows) {
      const { fault, until } = window
      if ((until <= this.#now() && !isAwaited(window)) || !concerns(fault, call) || !this.#chance.happens(fault.share)) continue
      const found = FAULTS[fault.fault](isWrite(call))
      if (found === undefined) return undefined
      window.hits++
      this.hit(`${fault.fault} of ${isAct(call) ? 'an act' : 'another call'}`)
      return found
    }
    return undefined
  }

  /** Of one way of a call. */
  latency(): Millis {
    const most = this.#slow > this.#now() ? 4000 : this.#chance.happens(0.03) ? 400 : 12
    return millis(1 + Math.floor(this.#chance.next() * most))
  }

  #death(call: Call): Fault | undefined {
    if (!isCounted(call)) return undefined
    for (const pending of this.#crashes) {
      const { of, point, user, died } = pending.crash
      if (pending.doomed === undefined) {
        if ((user !== undefined && user !== call.user) || (of === 'acts' && !isAct(call))) continue
        pending.left--
        if (pending.left > 0) continue
        // Between the answer and what would be recorded of it: the write after it is the one that is not made.
        if (point === 'between') pending.doomed = call.user
        if (point === 'between') continue
      } else if (pending.doomed !== call.user) continue
      this.#crashes = this.#crashes.filter((other) => other !== pending)
      this.hit(`crash ${point} ${of === 'acts' || isAct(call) ? 'an act' : 'another write'}`)
      this.#kill(call.user)
      died(call.user)
      return { when: point === 'after' ? 'after' : 'before', answer: 'reset' }
    }
    return undefined
  }
}
