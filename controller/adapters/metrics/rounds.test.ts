import { expect } from 'chai'
import { after, instant, millis, minutes, seconds, type Instant, type Millis } from '../../../shared/lib/time.ts'
import { silentLogger } from '../../../shared/runtime/logger.ts'
import { METRICS } from '../../../shared/runtime/metric-table.ts'
import { noMetrics } from '../../../shared/runtime/metrics.ts'
import { FakeClock } from '../../../shared/testing/fake-clock.ts'
import { questionKey, type MetricQuestion, type MetricReading, type Series } from '../../healing/metrics.ts'
import type { MetricAnswer, MetricSource } from '../../ports/metric-source.ts'
import { MetricRounds, type Wanted } from './rounds.ts'

const TICK = seconds(30)

const promql = (expression: string, source?: string): MetricQuestion => ({ kind: 'promql', source, expression })
const wanted = (expression: string, by = 'shop/a', span: Millis = millis(0), source?: string): Wanted => ({ question: promql(expression, source), span, by })
const value = (n: number, at: Instant, pod = 'cart-0'): Series => ({ labels: { namespace: 'shop', pod }, points: [{ at, value: n }] })

/** Answers 1 unless told otherwise. */
class Source implements MetricSource {
  readonly asked: string[] = []
  answers = new Map<string, (now: Instant) => MetricAnswer | Promise<MetricAnswer>>()
  past: ((now: Instant, span: Millis, step: Millis) => MetricAnswer) | undefined

  lane = (question: MetricQuestion): string => (question.kind === 'promql' ? (question.source ?? '') : question.kind)
  async ask(question: MetricQuestion, now: Instant): Promise<MetricAnswer> {
    const expression = question.kind === 'promql' ? question.expression : question.kind
    this.asked.push(expression)
    return (this.answers.get(expression) ?? ((at) => ({ kind: 'Series' as const, series: [value(1, at)] })))(now)
  }
  recall(_: MetricQuestion, { span, step }: { span: Millis; step: Millis }, now: Instant): Promise<MetricAnswer> | undefined {
    if (this.past === undefined) return undefined
    this.asked.push(`past ${span / 1000}/${step / 1000}`)
    return Promise.resolve(this.past(now, span, step))
  }
}

describe('rounds of metrics', () => {
  let clock: FakeClock
  let source: Source
  let policies: Wanted[]
  let told: string[][]
  let rounds: MetricRounds
  const tells: ((by: readonly string[]) => void)[] = []

  beforeEach(() => {
    clock = new FakeClock()
    source = new Source()
    policies = []
    told = []
    rounds = new MetricRounds({ source, clock, timers: clock, log: silentLogger, reads: noMetrics.counter(METRICS.metricReads), tick: TICK, wanted: () => policies })
  })
  afterEach(() => halt())
  const begin = (tell: (by: readonly string[]) => void): Promise<void> => {
    tells.push(tell)
    return rounds.start(tell)
  }
  const halt = (): void => tells.splice(0).forEach((tell) => rounds.stop(tell))

  const start = async (): Promise<void> => {
    const started = begin((by) => void told.push([...by]))
    await clock.advance(millis(0))
    await started
  }
  const reading = (expression: string): MetricReading | undefined => rounds.readings().byQuestion.get(questionKey(promql(expression)))
  const values = (expression: string): unknown => reading(expression)?.series.map(({ points }) => points.map((p) => p.value))

  it('ask nothing when nobody wants to know anything', async () => {
    await start()
    await clock.advance(minutes(10))
    expect(source.asked).to.deep.equal([])
  })
  it('ask once a tick, and nothing in between', async () => {
    policies = [wanted('a')]
    await start()
    expect(source.asked).to.deep.equal(['a'])
    await clock.advance(millis(TICK - 1))
    expect(source.asked).to.have.lengthOf(1)
    await clock.advance(millis(1))
    expect(source.asked).to.have.lengthOf(2)
  })
  it('ask equal questions once, and tell all that wanted to know', async () => {
    policies = [wanted('a', 'shop/one'), wanted('a', 'shop/two'), wanted('b', 'shop/two'), wanted('a', 'shop/one')]
    await start()
    expect(source.asked).to.deep.equal(['a', 'b'])
    expect(told).to.deep.equal([['shop/one', 'shop/two'], ['shop/two']])
  })
  it('have the first readings before anything is decided', async () => {
    policies = [wanted('a')]
    await start()
    expect(reading('a')).to.deep.include({ askedAt: clock.now() })
  })
  it('do not wait for the first readings for longer than five seconds', async () => {
    policies = [wanted('a')]
    source.answers.set('a', () => new Promise(() => {}))
    let started = false
    void begin(() => {}).then(() => (started = true))
    await clock.advance(millis(4_999))
    expect(started).to.equal(false)
    await clock.advance(millis(1))
    expect(started).to.equal(true)
    expect(reading('a')).to.deep.include({ askedAt: undefined, failure: undefined })
  })
  it('ask at once what a new policy wants to know, and nothing else again', async () => {
    policies = [wanted('a')]
    await start()
    policies = [wanted('a'), wanted('b', 'shop/new')]
    rounds.look()
    rounds.look()
    await clock.advance(millis(50))
    expect(source.asked).to.deep.equal(['a', 'b'])
  })
  it('forget what nobody wants to know any more', async () => {
    policies = [wanted('a')]
    await start()
    policies = []
    await clock.advance(TICK)
    expect(source.asked).to.deep.equal(['a'])
    expect(rounds.readings().byQuestion.size).to.equal(0)
  })
  it('do not ask again what is still on its way', async () => {
    policies = [wanted('slow')]
    source.answers.set('slow', () => new Promise(() => {}))
    void begin(() => {})
    await clock.advance(minutes(5))
    expect(source.asked).to.deep.equal(['slow'])
  })
  it('of one source do not wait for another', async () => {
    policies = [...Array.from({ length: 8 }, (_, i) => wanted(`slow${i}`, 'shop/slow', millis(0), 'slow')), wanted('quick', 'shop/quick', millis(0), 'quick')]
    for (let i = 0; i < 8; i++) source.answers.set(`slow${i}`, () => new Promise(() => {}))
    void begin((by) => void told.push([...by]))
    await clock.advance(millis(0))
    expect(told).to.deep.equal([['shop/quick']])
    expect(source.asked.filter((e) => e.startsWith('slow'))).to.have.lengthOf(4)
  })
  it('keep the values of the past, as far back as somebody needs', async () => {
    policies = [wanted('a', 'shop/a', minutes(1))]
    await start()
    for (let i = 0; i < 10; i++) await clock.advance(TICK)
    // A minute, and two gaps beside it.
    expect((values('a') as number[][])[0]).to.have.lengthOf(8)
  })
  it('keep what was read when a try fails, and say why', async () => {
    policies = [wanted('a')]
    await start()
    const answered = clock.now()
    source.answers.set('a', () => ({ kind: 'NoData', why: 'it is down' }))
    await clock.advance(TICK)
    expect(reading('a')).to.deep.include({ askedAt: answered, failure: 'it is down' })
    source.answers.delete('a')
    await clock.advance(TICK)
    expect(reading('a')).to.deep.include({ askedAt: clock.now(), failure: undefined })
  })
  it('survive a source that throws', async () => {
    policies = [wanted('a'), wanted('b')]
    source.answers.set('a', () => Promise.reject(new Error('a mistake')))
    await start()
    expect(reading('a')?.failure).to.equal('the source failed: a mistake')
    expect(values('b')).to.deep.equal([[1]])
    await clock.advance(TICK)
    expect(source.asked).to.deep.equal(['a', 'b', 'a', 'b'])
  })
  it('keep a series that one answer misses, and let it go when more do', async () => {
    policies = [wanted('a')]
    await start()
    source.answers.set('a', () => ({ kind: 'Series', series: [] }))
    await clock.advance(millis(2 * TICK))
    expect(values('a')).to.deep.equal([[1]])
    await clock.advance(TICK)
    expect(values('a')).to.deep.equal([])
  })
  it('do not take a sample that is told again for a second one', async () => {
    policies = [wanted('a', 'shop/a', minutes(5))]
    const sampled = clock.now()
    source.answers.set('a', () => ({ kind: 'Series', series: [value(7, sampled)] }))
    await start()
    await clock.advance(TICK)
    expect(values('a')).to.deep.equal([[7]])
  })
  it('know of samples further apart than their ticks whether they were asked for all the time in between', async () => {
    policies = [wanted('a')]
    await start()
    const first = clock.now()
    // A source that measures every five ticks.
    let newest = first
    source.answers.set('a', () => ({ kind: 'Series', series: [value(2, newest)] }))
    await clock.advance(millis(5 * TICK - 1))
    newest = after(first, millis(5 * TICK))
    await clock.advance(millis(1))
    expect(reading('a')?.series[0]?.points.map(({ unbroken }) => unbroken)).to.deep.equal([undefined, true])
    // And one that was out for as long.
    source.answers.set('a', () => ({ kind: 'NoData', why: 'down' }))
    await clock.advance(millis(5 * TICK - 1))
    newest = after(first, millis(10 * TICK))
    source.answers.set('a', () => ({ kind: 'Series', series: [value(2, newest)] }))
    await clock.advance(millis(1))
    expect(reading('a')?.series[0]?.points.at(-1)).to.deep.equal({ at: newest, value: 2 })
  })
  it('take no slow answer for a break, and no series for ended because of it', async () => {
    policies = [wanted('a', 'shop/a', millis(20 * TICK))]
    await start()
    const first = clock.now()
    const slow = (series: Series[]): Promise<MetricAnswer> => new Promise((resolve) => void clock.after(millis(4 * TICK), () => resolve({ kind: 'Series', series })))
    source.answers.set('a', (at) => slow([value(2, at)]))
    // Asked with the first tick, and again as soon as the answer is there.
    await clock.advance(millis(9 * TICK))
    const point = (ticks: number): object => ({ at: after(first, millis(ticks * TICK)), value: 2, unbroken: true })
    expect(reading('a')?.series.map(({ points }) => points)).to.deep.equal([[{ at: first, value: 1 }, point(1), point(5)]])
    // One that an answer misses stays, as with a quick source.
    source.answers.set('a', () => slow([]))
    await clock.advance(millis(8 * TICK))
    expect(values('a')).to.deep.equal([[1, 2, 2, 2]])
  })
  it('say when they asked, not when the answer came: it knows of nothing in between', async () => {
    policies = [wanted('a')]
    source.answers.set('a', (at) => new Promise((resolve) => void clock.after(seconds(20), () => resolve({ kind: 'Series', series: [value(1, at)] }))))
    const asked = clock.now()
    void begin(() => {})
    await clock.advance(millis(seconds(20) - 1))
    expect(reading('a')).to.deep.include({ askedAt: undefined })
    await clock.advance(millis(1))
    expect(reading('a')).to.deep.include({ askedAt: asked })
    expect(values('a')).to.deep.equal([[1]])
  })
  it('tell whether kubelets can be asked', () => {
    expect(rounds.readings().kubelets).to.equal(undefined)
    const able = new MetricRounds({ source: Object.assign(new Source(), { kubelets: true as const }), clock, timers: clock, log: silentLogger, reads: noMetrics.counter(METRICS.metricReads), tick: TICK, wanted: () => [] })
    expect(able.readings().kubelets).to.equal(true)
  })
  it('count what was asked by kind and name of the source', async () => {
    const counted: object[] = []
    const named = Object.assign(new Source(), { nameOf: ({ kind }: MetricQuestion) => (kind === 'promql' ? 'long' : '') })
    named.answers.set('b', () => ({ kind: 'NoData', why: 'it is down' }))
    const counting = new MetricRounds({ source: named, clock, timers: clock, log: silentLogger, reads: { inc: (labels) => void counted.push(labels) }, tick: TICK, wanted: () => [wanted('a'), wanted('b')] })
    const tell = (): void => {}
    const begun = counting.start(tell)
    await clock.advance(millis(1))
    await begun
    counting.stop(tell)
    expect(counted).to.deep.equal([{ kind: 'promql', source: 'long', outcome: 'Series' }, { kind: 'promql', source: 'long', outcome: 'NoData' }])
  })
  it('ask nothing after the end', async () => {
    policies = [wanted('a')]
    await start()
    halt()
    rounds.look()
    await clock.advance(minutes(5))
    expect(source.asked).to.deep.equal(['a'])
  })
  it('begin anew when they start again: what was read before is old', async () => {
    policies = [wanted('a')]
    await start()
    halt()
    await clock.advance(minutes(5))
    source.answers.set('a', () => ({ kind: 'NoData', why: 'it is down' }))
    await start()
    expect(reading('a')).to.deep.include({ askedAt: undefined, askedFrom: clock.now(), failure: 'it is down' })
  })

  describe('with a source that knows the past', () => {
    const points = (now: Instant, span: Millis, step: Millis): MetricAnswer => {
      const all = []
      for (let t = now - span; t <= now; t += step) all.push({ at: instant(t), value: 95 })
      return { kind: 'Series', series: [{ labels: { namespace: 'shop', pod: 'cart-0' }, points: all }] }
    }
    beforeEach(() => {
      source.past = points
      policies = [wanted('a', 'shop/a', minutes(2))]
    })

    it('ask for it once, in steps of a tick up to now, and then for the newest value only', async () => {
      await start()
      await clock.advance(TICK)
      expect(source.asked).to.deep.equal(['past 150/30', 'a'])
      expect((values('a') as number[][])[0]).to.deep.equal([95, 95, 95, 95, 95, 95, 1])
    })
    it('ask for it again when somebody needs more of it', async () => {
      await start()
      policies = [wanted('a', 'shop/a', minutes(2)), wanted('a', 'shop/b', minutes(5))]
      await clock.advance(TICK)
      expect(source.asked).to.deep.equal(['past 150/30', 'past 330/30'])
    })
    it('ask for it again after an outage, and not after one missed tick', async () => {
      await start()
      source.answers.set('a', () => ({ kind: 'NoData', why: 'it is down' }))
      await clock.advance(TICK)
      source.answers.delete('a')
      await clock.advance(TICK)
      expect(source.asked).to.deep.equal(['past 150/30', 'a', 'a'])
      source.answers.set('a', () => ({ kind: 'NoData', why: 'it is down' }))
      source.past = () => ({ kind: 'NoData', why: 'it is down' })
      await clock.advance(millis(4 * TICK))
      source.past = points
      source.asked.length = 0
      await clock.advance(TICK)
      expect(source.asked).to.deep.equal(['past 150/30'])
    })
    it('take the newest value where the past was too much', async () => {
      source.past = () => ({ kind: 'NoData', why: 'too much' })
      await start()
      expect(values('a')).to.deep.equal([[1]])
      await clock.advance(TICK)
      expect(source.asked).to.deep.equal(['past 150/30', 'a', 'a'])
    })
    it('ask for a day in steps that are not too many, and tell how far apart they are', async () => {
      policies = [wanted('a', 'shop/a', minutes(24 * 60))]
      await start()
      expect(source.asked).to.deep.equal(['past 86760/360'])
      expect(reading('a')?.gap).to.equal(900_000)
    })
    it('keep a series whose past took long to tell', async () => {
      policies = [wanted('a', 'shop/a', minutes(2))]
      source.past = (now) => ({ kind: 'Series', series: [value(3, now)] })
      const recall = source.recall.bind(source)
      source.recall = async (...args) => {
        await new Promise<void>((resolve) => void clock.after(millis(4 * TICK), resolve))
        return (await recall(...args)) as MetricAnswer
      }
      void begin(() => {})
      // The tick that it ends with asks for the newest value.
      await clock.advance(millis(4 * TICK))
      expect(values('a')).to.deep.equal([[3, 1]])
    })
    it('leave out what has ended since', async () => {
      source.past = (now) => ({ kind: 'Series', series: [value(95, after(now, millis(-76_000)), 'gone'), value(95, now)] })
      await start()
      expect(reading('a')?.series.map(({ labels }) => labels['pod'])).to.deep.equal(['cart-0'])
    })
  })
})
