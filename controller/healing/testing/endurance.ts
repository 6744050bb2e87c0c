/**
 * A limit for years: two controllers that both believe they lead share one log by compare-and-swap. Each has its own
 * estimate of the API server's clock, an old copy of the log now and then, loses its memory, stands still between its
 * reservation and its write, and has its wall clock jump. What lands, and when, is told by the server's own clock.
 */
import { hours, instant, millis, minutes, seconds, type Instant } from '../../../shared/lib/time.ts'
import { clockRemark, ServerClock } from '../../../shared/kube/server-clock.ts'
import { LANDING, SLACK } from '../budget.ts'
import { T0 } from './builders.ts'

/** A log of acts, as the functions under test keep it. undefined: refused, or not known to this copy of it. */
export interface Log<State> {
  readonly empty: State
  /** The same act again, just before its write: its time begins anew. */
  ask(state: State, act: string, now: Instant): State | undefined
  confirm(state: State, act: string, now: Instant): State | undefined
  ended(state: State, act: string, landedBy: Instant, now: Instant): State | undefined
  /** Nothing was written of it, and nothing will be. */
  dropped(state: State, act: string, now: Instant): State | undefined
}

export interface Life {
  readonly limit: number
  readonly steps: number
  readonly random: () => number
}

export interface Lived {
  readonly admitted: number
  readonly landed: number
  readonly refused: number
  readonly restarts: number
  readonly jumps: number
  readonly conflicts: number
  readonly years: number
  /** The shortest span that so many and one more landed in; the promise is an hour. */
  readonly closest: number
  /** The longest that a refusal was later than it had to be. */
  readonly latest: number
}

interface Act {
  readonly name: string
  readonly leader: number
  state: 'Reserved' | 'Flying' | 'Landed'
  /** By the server's clock, once it flies. */
  lands: number
  /** When nothing of it can be unknown any more; Infinity while it is open. */
  known: number
}

interface Controller<State> {
  clock: ServerClock
  booted: number
  /** Of this machine, beside the server's. */
  wall: number
  copy: { readonly version: number; readonly state: State } | undefined
}

/** Longest time between a reservation and its write, of a process that stood still; and between that and when somebody knows. Together less than an hour. */
const STANDSTILL = minutes(30)
const UNKNOWN = minutes(20)

export function live<State>(log: Log<State>, { limit, steps, random }: Life): Lived {
  const upTo = (n: number): number => Math.floor(random() * n)
  const chance = (share: number): boolean => random() < share
  const begin = T0 + upTo(1000)
  let now: number = begin
  let stored: { readonly version: number; readonly state: State } = { version: 0, state: log.empty }
  let acts: Act[] = []
  let landings: number[] = []
  const lived = { admitted: 0, landed: 0, refused: 0, restarts: 0, jumps: 0, conflicts: 0, closest: Infinity, latest: 0 }
  const boot = (): Controller<State> => ({ clock: new ServerClock(), booted: now - upTo(1_000_000), wall: 0, copy: undefined })
  const controllers = [boot(), boot()]

  /** A request and its answer, in which the server tells its time in whole seconds. */
  const call = ({ clock, booted }: Controller<State>): void => {
    const there = 1 + upTo(chance(0.01) ? 900 : 30)
    const back = 1 + upTo(30)
    const date = new Date(Math.floor((now + there) / 1000) * 1000).toUTCString()
    now += there + back
    clock.observe(date, millis(now - booted), millis(there + back))
  }
  const estimate = ({ clock, booted }: Controller<State>): Instant => clock.at(millis(now - booted)) ?? instant(Number.NaN)
  /** By compare-and-swap, from a copy that may be old; a refusal is believed of what was just read alone. */
  const swap = (one: Controller<State>, change: (state: State, at: Instant) => State | undefined): boolean => {
    for (let fresh = one.copy === undefined; ; fresh = true) {
      if (fresh) {
        call(one)
        one.copy = stored
      }
      const from = one.copy ?? stored
      const next = change(from.state, estimate(one))
      if (next === undefined) {
        if (fresh) return false
        continue
      }
      if (next === from.state) return true
      const current = from.version === stored.version
      if (current) stored = { version: stored.version + 1, state: next }
      else lived.conflicts++
      call(one)
      if (!current) continue
      one.copy = stored
      return true
    }
  }
  const inSync = (one: Controller<State>): boolean => clockRemark(instant(now + one.wall), estimate(one)) === undefined

  /** It lands after all that was before it, or long after its reservation. */
  const fly = (act: Act): void => {
    act.state = 'Flying'
    act.lands = now + 1 + upTo(chance(0.02) ? STANDSTILL : chance(0.2) ? LANDING : 400)
    lived.landed++
    landings = [...landings.filter((at) => at > now - hours(3)), act.lands].sort((a, b) => a - b)
    const at = landings.indexOf(act.lands)
    for (let i = Math.max(0, at - limit); i + limit < landings.length && i <= at; i++) lived.closest = Math.min(lived.closest, (landings[i + limit] ?? Infinity) - (landings[i] ?? 0))
  }
  /** By the one that wrote, or by another one that looked. */
  const end = (one: Controller<State>, act: Act): void => {
    call(one)
    const landedBy = estimate(one)
    swap(one, (state, at) => log.ended(state, act.name, landedBy, at))
    act.state = 'Landed'
    act.known = now
  }
  /** Of the last hour, with its slack and what estimates may be behind, these may have to be counted. */
  const justified = (): number => acts.filter(({ known }) => known > now - hours(1) - SLACK - seconds(2)).length
  const refusedAt = (): void => {
    lived.refused++
    if (justified() >= limit) return
    const [oldest] = acts.map(({ known }) => known).sort((a, b) => b - a).slice(limit - 1)
    lived.latest = Math.max(lived.latest, now - (oldest ?? -Infinity))
  }

  let next = 0
  for (let step = 0; step < steps; step++) {
    const which = upTo(2)
    const one = controllers[which]
    if (one === undefined) continue
    const roll = random()
    if (roll < 0.5) {
      now += chance(0.1) ? upTo(minutes(12)) : upTo(minutes(1))
      for (const act of acts) if (act.state === 'Flying' && act.lands < now - UNKNOWN) end(one, act)
      // What is forgotten cannot be counted by anybody.
      if (acts.length > 4 * limit) acts = acts.filter(({ known }) => known > now - hours(2))
      continue
    }
    if (roll < 0.50002) {
      controllers[which] = boot()
      lived.restarts++
      continue
    }
    if (roll < 0.5003) {
      one.wall = chance(0.5) ? 0 : (random() - 0.5) * hours(6)
      lived.jumps++
      continue
    }
    call(one)
    const open = acts.find((act) => act.state !== 'Landed' && (act.leader === which || chance(0.2)))
    if (open === undefined || roll > 0.8) {
      if (!inSync(one)) continue
      const name = `act-${next++}`
      if (!swap(one, (state, at) => log.ask(state, name, at))) refusedAt()
      else {
        lived.admitted++
        acts.push({ name, leader: which, state: 'Reserved', lands: Infinity, known: Infinity })
      }
    } else if (open.state === 'Reserved') {
      if (chance(0.1)) {
        swap(one, (state, at) => log.dropped(state, open.name, at))
        acts = acts.filter((act) => act !== open)
      } else if (inSync(one) && swap(one, (state, at) => log.confirm(state, open.name, at))) {
        fly(open)
        // Mostly the answer comes; else somebody finds out, some time.
        if (chance(0.2)) continue
        now = Math.max(now, open.lands)
        end(one, open)
      }
    } else if (open.lands < now) {
      end(one, open)
    }
  }
  return { ...lived, years: (now - begin) / hours(24 * 365) }
}
