/**
 * Asks for everything that policies want to know, once a tick, and keeps what came back for decisions. Equal questions
 * are asked once; what is still on its way is not asked again; a slow source holds up only its own lane.
 */
import { messageOf } from '../../../shared/lib/errors.ts'
import { plural, printable } from '../../../shared/lib/text.ts'
import { before, between, millis, seconds, type Clock, type Instant, type Millis } from '../../../shared/lib/time.ts'
import type { Logger } from '../../../shared/runtime/logger.ts'
import type { Counter } from '../../../shared/runtime/metrics.ts'
import { sleep, type Cancel, type Timers } from '../../../shared/runtime/timers.ts'
import { questionKey, TICKS_OF_GRACE, type MetricQuestion, type MetricReading, type MetricReadings } from '../../healing/metrics.ts'
import type { MetricAnswer, MetricMemory, MetricSource } from '../../ports/metric-source.ts'
import { Lanes } from './lanes.ts'
import { merged, past, trimmed, type KeptSeries } from './kept-series.ts'

export interface Wanted {
  readonly question: MetricQuestion
  /** How far back its values are of interest. */
  readonly span: Millis
  /** Who wants it. */
  readonly by: string
}

export interface MetricRoundsOptions {
  readonly source: MetricSource
  readonly clock: Clock
  readonly timers: Timers
  readonly log: Logger
  /** By kind of question and name of the source, and whether there was data. */
  readonly reads: Counter<'kind' | 'source' | 'outcome'>
  readonly tick: Millis
  /** Of all policies, as they are now. */
  readonly wanted: () => readonly Wanted[]
}

type Answered = (Extract<MetricAnswer, { kind: 'Series' }> & { readonly past: boolean }) | Extract<MetricAnswer, { kind: 'NoData' }>

interface Kept {
  readonly question: MetricQuestion
  span: Millis
  by: readonly string[]
  readonly askedFrom: Instant
  askedAt: Instant | undefined
  answeredAt: Instant | undefined
  failure: string | undefined
  series: readonly KeptSeries[]
  /** How far back the series were asked for. */
  recalled: Millis
}

/** The first readings are worth waiting for: without them every policy would say for a moment that it has no data. */
const FIRST_WAIT = seconds(5)
/** Many policies change at once, when they are applied together. */
const TOGETHER = millis(50)
/** Points of one series that a range query asks for at most. */
const MOST_STEPS = 240

export class MetricRounds implements MetricMemory {
  readonly #options: MetricRoundsOptions
  readonly #lanes = new Lanes()
  readonly #kept = new Map<string, Kept>()
  #readings: MetricReadings
  #cancel: Cancel | undefined
  #looking = false
  /** None: it does not run. */
  readonly #tells = new Set<(by: readonly string[]) => void>()

  constructor(options: MetricRoundsOptions) {
    this.#options = options
    this.#readings = this.#told(new Map())
  }

  readings(): MetricReadings {
    return this.#readings
  }

  /** What is asked and not answered now; undefined: nothing. */
  get problem(): string | undefined {
    // Who does not lead asks nothing.
    const asked = this.#isIdle ? [] : [...this.#kept.values()]
    const failures = asked.flatMap(({ failure }) => (failure === undefined ? [] : [failure]))
    return failures[0] === undefined ? undefined : `${failures.length} of ${plural(asked.length, 'question')} not answered: ${printable(failures[0], 200)}`
  }

  /** Begins anew: what was read before is old. Where it runs already, what nobody asked is asked. `tell`: something that they want to know was answered, or not. */
  async start(tell: (by: readonly string[]) => void): Promise<void> {
    const runs = !this.#isIdle
    this.#tells.add(tell)
    if (!runs) this.#kept.clear()
    const first = this.#round(runs ? 'New' : 'All')
    if (!runs) this.#cancel = this.#options.timers.after(this.#options.tick, () => this.#tick())
    // Nobody wants to know anything, most often.
    if (this.#kept.size === 0) return
    const waited = new AbortController()
    await Promise.race([first, sleep(this.#options.timers, FIRST_WAIT, waited.signal)])
    waited.abort()
  }

  stop(tell: (by: readonly string[]) => void): void {
    this.#tells.delete(tell)
    if (this.#isIdle) this.#cancel?.()
  }

  get #isIdle(): boolean {
    return this.#tells.size === 0
  }

  /** A policy is new or another one: what it wants to know and nobody asked is asked at once. */
  look(): void {
    if (this.#looking) return
    this.#looking = true
    this.#options.timers.after(TOGETHER, () => {
      this.#looking = false
      if (!this.#isIdle) void this.#round('New')
    })
  }

  #tick(): void {
    if (this.#isIdle) return
    this.#cancel = this.#options.timers.after(this.#options.tick, () => this.#tick())
    void this.#round('All')
  }

  async #round(which: 'All' | 'New'): Promise<void> {
    const now = this.#options.clock.now()
    const asked: Promise<void>[] = []
    const all = grouped(this.#options.wanted())
    for (const [key, wanted] of all) {
      const known = this.#kept.get(key)
      const kept: Kept = known ?? { ...wanted, askedFrom: now, askedAt: undefined, answeredAt: undefined, failure: undefined, series: [], recalled: millis(0) }
      kept.by = wanted.by
      kept.span = wanted.span
      this.#kept.set(key, kept)
      if (which === 'All' || known === undefined) asked.push(this.#lanes.run(this.#options.source.lane(kept.question), key, () => this.#ask(kept)))
    }
    this.#forget(all)
    this.#publish()
    await Promise.all(asked)
  }

  /** Never throws. */
  async #ask(kept: Kept): Promise<void> {
    const { clock, reads, log, source } = this.#options
    if (this.#isIdle) return
    const asked = clock.now()
    const answer = await this.#answer(kept).catch((error: unknown): Answered => {
      // A source answers with a reason; what it throws is a mistake of ours, and no reason to stop asking others.
      log.error('a source of metrics failed', { error })
      return { kind: 'NoData', why: `the source failed: ${messageOf(error).slice(0, 100)}` }
    })
    const now = clock.now()
    reads.inc({ kind: kept.question.kind, source: source.nameOf?.(kept.question) ?? '', outcome: answer.kind })
    if (answer.kind === 'NoData') {
      if (kept.failure !== answer.why) log.warn('no metrics', { kind: kept.question.kind, reason: answer.why })
      kept.failure = answer.why
    } else {
      if (kept.failure !== undefined) log.info('metrics again', { kind: kept.question.kind })
      kept.failure = undefined
      kept.askedAt = asked
      kept.answeredAt = now
      const series = answer.past ? past(answer.series, { asked, answered: now }, this.#grace) : merged(kept.series, answer.series, { asked, answered: now }, this.#grace)
      kept.series = trimmed(series, before(now, millis(kept.span + 2 * this.#gap(kept))))
    }
    this.#publish()
    for (const tell of this.#tells) tell(kept.by)
  }

  /** With its past where that is not known: at the start, for a longer duration, after an outage. */
  async #answer(kept: Kept): Promise<Answered> {
    const { source, clock } = this.#options
    const now = clock.now()
    const whole = kept.answeredAt !== undefined && between(kept.answeredAt, now) <= this.#grace && kept.recalled >= kept.span
    if (!whole && kept.span > 0) {
      const step = this.#step(kept.span)
      // Whole steps, so that the last of them is now.
      const answer = await source.recall(kept.question, { span: millis((Math.ceil(kept.span / step) + 1) * step), step }, now)
      if (answer?.kind === 'Series') {
        kept.recalled = kept.span
        return { ...answer, past: true }
      }
      // A source without a past, or one for which it was too much. The newest value alone may still be had.
    }
    const answer = await source.ask(kept.question, now)
    if (answer.kind === 'NoData') return answer
    // It answers, but not about the past: asking that of it each time would only be a burden.
    kept.recalled = kept.span
    return { ...answer, past: false }
  }

  #step = (span: Millis): Millis => millis(Math.max(this.#options.tick, Math.ceil(span / MOST_STEPS)))
  #gap = ({ span }: Kept): Millis => millis(this.#step(span) * TICKS_OF_GRACE)

  get #grace(): Millis {
    return millis(this.#options.tick * TICKS_OF_GRACE)
  }

  #forget(wanted: ReadonlyMap<string, unknown>): void {
    for (const key of this.#kept.keys()) if (!wanted.has(key)) this.#kept.delete(key)
  }

  #publish(): void {
    const byQuestion = new Map<string, MetricReading>()
    for (const [key, kept] of this.#kept) {
      const { askedFrom, askedAt, failure, series } = kept
      byQuestion.set(key, { askedFrom, askedAt, failure, series, gap: this.#gap(kept) })
    }
    this.#readings = this.#told(byQuestion)
  }

  #told(byQuestion: MetricReadings['byQuestion']): MetricReadings {
    const { tick, source } = this.#options
    return { tick, byQuestion, ...(source.kubelets === undefined ? {} : { kubelets: source.kubelets }) }
  }
}

/** One for each question, for as long as any of them wants. */
function grouped(all: readonly Wanted[]): Map<string, { question: MetricQuestion; span: Millis; by: readonly string[] }> {
  const groups = new Map<string, { question: MetricQuestion; span: Millis; by: readonly string[] }>()
  for (const { question, span, by } of all) {
    const key = questionKey(question)
    const group = groups.get(key)
    groups.set(key, { question, span: millis(Math.max(span, group?.span ?? 0)), by: group === undefined ? [by] : group.by.includes(by) ? group.by : [...group.by, by] })
  }
  return groups
}
