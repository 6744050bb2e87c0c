import { expect } from 'chai'
import type { Trigger } from '../../../shared/api/v1alpha1/types.ts'
import { millis, seconds } from '../../../shared/lib/time.ts'
import { questionKey, type MetricReading, type Series } from '../../healing/metrics.ts'
import type { PodView, TargetView } from '../../healing/snapshot.ts'
import { at, cartSet, context, ownedBy, pod, workload } from '../../healing/testing/builders.ts'
import { metricTrigger } from '../metric.ts'
import { isTrouble, type DetectContext, type Observation } from '../trigger.ts'
import { compileMetric, questionFor, type MetricArgs } from './args.ts'

const TICK = seconds(30)
const args = (overrides: Partial<NonNullable<Trigger['metricTrigger']>> = {}): MetricArgs => compileMetric({ query: 'lock_age', operator: '>', threshold: 90, duration: '2m', window: '5m', ...overrides })
const reading = (series: readonly Series[]): MetricReading => ({ askedAt: at(0), askedFrom: at(-3_600_000), series, gap: millis(TICK * 2.5), failure: undefined })
const told = (o: Observation): string => (o.state === 'NoData' ? `NoData: ${o.why}` : isTrouble(o) ? `${o.state} since ${o.since - at(0)}` : o.state)

function see(of: MetricArgs, given: MetricReading, { object = pod(), ...overrides }: Partial<DetectContext> & { object?: TargetView } = {}): Observation {
  const question = questionFor(of, object)
  if (question === undefined) throw new Error('nobody is asked')
  return metricTrigger.detect(of, object, context({ metrics: { tick: TICK, byQuestion: new Map([[questionKey(question), given]]) }, ...overrides }))
}

describe('a value of the name of a pod', () => {
  const set = workload('StatefulSet', 'db')
  /** One reading at each time, all beyond the threshold. */
  const since = (...times: number[]): MetricReading => reading([{ labels: { namespace: 'shop', pod: 'cart-0' }, points: times.map((t) => ({ at: at(t), value: 95 })) }])
  const made = (created: number): PodView => pod('cart-0', { createdAt: at(created), owner: ownedBy(set) })
  const cases: readonly [string, number, string][] = [
    ['before it was made is of another one', -60_001, 'NoData: it has not been measured since the Pod was made'],
    ['when it was made may be of another one', 0, 'NoData: it has not been measured since the Pod was made'],
    ['within the second in which it was made may be of another one', 999, 'NoData: it has not been measured since the Pod was made'],
    ['a second after it was made is its own', 1000, 'Pending since 1000'],
  ]
  for (const [title, time, expected] of cases) it(title, () => expect(told(see(args(), since(time), { object: made(0), now: at(1000) }))).to.equal(expected))

  it('counts from its own first one, and a workload is no exception', () => {
    const given = since(-120_000, -90_000, -60_000, -30_000, 0)
    expect(told(see(args(), given, { object: made(-3_600_000) }))).to.equal('Firing since -120000')
    expect(told(see(args(), given, { object: made(-61_000) }))).to.equal('Pending since -60000')
    const again = workload('Deployment', 'cart', { createdAt: at(-61_000) })
    expect(told(see(args(), reading([{ ...given.series[0], labels: { namespace: 'shop', deployment: 'cart' }, points: given.series[0]?.points ?? [] }]), { object: again }))).to.equal('Pending since -60000')
  })

  describe('that looks back', () => {
    const rate = args({ query: 'rate(errors[5m])', duration: '0s' })
    const seen = (of: MetricArgs, age: number, owner = ownedBy(set), values = since(0)): Observation => see(of, values, { object: pod('cart-0', { createdAt: at(-age), owner }) })
    it('does not fire before all of it is its own', () => {
      expect(seen(rate, 300_999)).to.deep.include({ state: 'Pending', firesAt: at(1), evidence: 'rate(errors[5m]) is 95 (> 90), over 5m that began before the pod was made' })
      expect(seen(rate, 301_000).state).to.equal('Firing')
      expect(seen(args({ duration: '0s' }), 1000).state).to.equal('Firing')
    })
    it('fires at once of a pod whose name nobody had before', () => {
      expect(seen(rate, 2000, ownedBy(cartSet)).state).to.equal('Firing')
    })
    it('is not taken for older when its reading is', () => {
      expect(seen(rate, 320_000, undefined, since(-30_000))).to.deep.include({ state: 'Pending', firesAt: at(11_000) })
    })
    it('is so by the window of a built-in metric, and by what the source says', () => {
      const throttled = args({ query: 'cpu_throttled_percent', duration: '0s', window: '5m' })
      expect(seen(throttled, 300_999).state).to.equal('Pending')
      expect(seen(throttled, 301_000).state).to.equal('Firing')
      const measured = (over: number): MetricReading => reading([{ labels: { namespace: 'shop', pod: 'cart-0' }, points: [{ at: at(0), value: 95, over: millis(over) }] }])
      expect(seen(args({ duration: '0s' }), 16_000, undefined, measured(15_001)).state).to.equal('Pending')
      expect(seen(args({ duration: '0s' }), 16_000, undefined, measured(15_000)).state).to.equal('Firing')
    })
  })

  describe('while an act is verified', () => {
    const verified = (given: MetricReading): Observation => see(args({ duration: '30s' }), given, { object: made(-60_000), actedAt: at(-61_000) })
    it('is inherited as long as it goes on without a break', () => {
      expect(verified(since(-90_000, -60_000, -30_000, 0))).to.include({ state: 'Firing', since: at(-90_000), inherited: true })
      expect(verified(since(-150_000, -59_000, -30_000, 0))).to.include({ state: 'Firing', since: at(-59_000) }).and.not.to.have.property('inherited')
    })
    it('tells since when it has been quiet', () => {
      const values = (acted: number, ...of: number[]): Observation => see(args(), reading([{ labels: { namespace: 'shop', pod: 'cart-0' }, points: of.map((value, i) => ({ at: at((i - of.length + 1) * TICK), value })) }]), { actedAt: at(acted) })
      expect(values(-60_000, 95, 95, 50, 50)).to.deep.equal({ state: 'Quiet', since: at(-30_000) })
      expect(values(-60_001, 95, 95, 50, 50)).to.deep.equal({ state: 'Quiet', since: at(-30_000) })
      expect(values(-90_001, 95, 95, 50, 50)).to.deep.equal({ state: 'Quiet' })
      // Not what came and went after the act.
      expect(values(-80_000, 95, 50, 95, 50)).to.deep.equal({ state: 'Quiet', since: at(-60_000) })
      expect(values(-10_000, 95, 50, 50)).to.deep.equal({ state: 'Quiet' })
      expect(values(-60_000, 95, Number.NaN, 50)).to.deep.equal({ state: 'Quiet', since: at(0) })
    })
  })
})
