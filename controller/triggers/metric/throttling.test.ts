import { expect } from 'chai'
import { minutes, seconds, type Millis } from '../../../shared/lib/time.ts'
import type { Point, Series } from '../../healing/metrics.ts'
import type { Amounts, PodView } from '../../healing/snapshot.ts'
import { at, pod } from '../../healing/testing/builders.ts'
import { isLimited, throttling } from './throttling.ts'

/** Seconds from T0, periods, periods in which it was held back. */
type Reading = readonly [number, number, number]

const NOTHING: Amounts = { limits: {}, requests: {} }
const LIMITED: Amounts = { limits: { cpu: 0.2 }, requests: {} }
const cart = (resources: PodView['resources'] = { pod: NOTHING, containers: { app: LIMITED } }, more: Partial<PodView> = {}): PodView => pod('cart-0', { resources, ...more })

const counters = (readings: readonly Reading[], labels: Series['labels'] = {}, more: Partial<Point> = {}): Series[] => {
  const common = { namespace: 'shop', pod: 'cart-0', uid: 'uid-cart-0', container: 'app', cgroup: '/pod/one', ...labels }
  const series = (counter: string, value: (reading: Reading) => number): Series => ({ labels: { ...common, counter }, points: readings.map((one) => ({ at: at(seconds(one[0])), value: value(one), ...more })) })
  return [series('periods', ([, all]) => all), series('throttled', ([, , some]) => some)]
}

interface Asked {
  readonly of?: PodView
  readonly window?: Millis
  /** Seconds from T0. */
  readonly actedAt?: number
}
/** Seconds and percentages of each container, or why there are none. */
const told = (series: readonly Series[], { of = cart(), window = minutes(1), actedAt }: Asked = {}): unknown => {
  const measured = throttling(of, series, { window, actedAt: actedAt === undefined ? undefined : at(seconds(actedAt)) })
  if ('why' in measured) return measured.why
  return Object.fromEntries(measured.series.map(({ labels, points }) => [labels['container'], points.map(({ at: time, value }) => [(time - at(0)) / 1000, value])]))
}

describe('the share of CPU periods in which a pod was held back', () => {
  it('takes two readings', () => {
    expect(told(counters([[0, 100, 90]]))).to.equal('the CPU periods of pod cart-0 have been read once: their share over 1m needs two readings')
    expect(told(counters([[0, 100, 90], [30, 400, 165]]))).to.deep.equal({ app: [[30, 25]] })
  })
  it('says after one reading that the next will tell', () => expect(throttling(cart(), counters([[0, 100, 90]]), { window: minutes(1), actedAt: undefined })).to.deep.include({ early: true }))

  const windows: readonly [string, number, readonly (readonly number[])[]][] = [
    ['leaves out what lies just before its window', 59, [[30, 100], [60, 50], [90, 0]]],
    ['reaches back to a reading at the beginning of its window', 60, [[30, 100], [60, 75], [90, 25]]],
    ['reaches no further back than its window', 61, [[30, 100], [60, 75], [90, 25]]],
    ['reaches back to the first reading', 90, [[30, 100], [60, 75], [90, 50]]],
  ]
  for (const [title, window, expected] of windows) {
    it(title, () => expect(told(counters([[0, 0, 0], [30, 100, 100], [60, 200, 150], [90, 300, 150]]), { window: seconds(window) })).to.deep.equal({ app: expected }))
  }
  it('is not to be had from readings that lie further apart than its window', () => {
    const series = counters([[0, 0, 0], [30, 100, 50]])
    expect(told(series, { window: seconds(29) })).to.equal('the last two readings of the CPU periods of pod cart-0 are 30s apart and its window is 29s: take a longer one')
    expect(told(series, { window: seconds(30) })).to.deep.equal({ app: [[30, 50]] })
  })
  it('over a gap that fits the window counts what grew in it', () => expect(told(counters([[0, 0, 0], [55, 100, 50], [60, 200, 50]]))).to.deep.equal({ app: [[55, 50], [60, 25]] }))

  const anew: readonly [string, Reading][] = [
    ['both counters fell', [60, 10, 5]],
    ['the periods fell', [60, 199, 100]],
    ['the throttled ones fell', [60, 300, 99]],
    ['more grew throttled than there were periods', [60, 210, 111]],
  ]
  for (const [title, reading] of anew) {
    it(`is unknown when ${title}, and goes on with the reading that follows`, () => {
      const readings: readonly Reading[] = [[0, 100, 50], [30, 200, 100], reading]
      expect(told(counters(readings))).to.equal('the CPU periods of pod cart-0 are counted anew: their share over 1m needs two readings')
      const [, periods, throttled] = reading
      expect(told(counters([...readings, [90, periods + 100, throttled + 80]]), { window: seconds(30) })).to.deep.equal({ app: [[30, 50], [60, Number.NaN], [90, 80]] })
    })
  }
  it('is all of it at most, when every period was throttled', () => expect(told(counters([[0, 0, 0], [30, 300, 300]]))).to.deep.equal({ app: [[30, 100]] }))
  it('is zero, and known, when there were periods and none was throttled', () => expect(told(counters([[0, 0, 0], [30, 300, 0]]))).to.deep.equal({ app: [[30, 0]] }))
  it('of a container that did not run is unknown, not zero', () => {
    expect(told(counters([[0, 100, 50], [30, 100, 50]]))).to.equal('no container of pod cart-0 with a CPU limit has run within 1m: there is nothing to take a share of')
    expect(told(counters([[0, 100, 50], [30, 101, 50]]))).to.deep.equal({ app: [[30, 0]] })
  })

  it('goes on when a container was restarted: its new cgroup counts from its own beginning', () => {
    const series = [...counters([[0, 900, 500], [30, 1000, 600]]), ...counters([[30, 7, 3], [60, 107, 3]], { cgroup: '/pod/two' })]
    expect(told(series)).to.deep.equal({ app: [[30, 100], [60, 50]] })
  })
  it('is told of each container', () => {
    const of = cart({ pod: NOTHING, containers: { app: LIMITED, proxy: LIMITED } })
    expect(told([...counters([[0, 0, 0], [30, 100, 10]]), ...counters([[0, 0, 0], [30, 100, 90]], { container: 'proxy', cgroup: '/pod/p' })], { of })).to.deep.equal({ app: [[30, 10]], proxy: [[30, 90]] })
  })
  it('of the whole pod counts where the pod has a limit of its own', () => {
    const series = [...counters([[0, 0, 0], [30, 100, 70]], { container: '', cgroup: '/pod' })]
    expect(told(series, { of: cart({ pod: LIMITED, containers: { app: NOTHING } }) })).to.deep.equal({ '': [[30, 70]] })
    expect(told(series)).to.equal('the kubelet of node worker-1 tells nothing yet of the CPU periods of pod cart-0')
  })
  it('is not that of another pod that had the name before', () => {
    const old = counters([[0, 0, 0], [30, 100, 100]], { uid: 'uid-before' })
    expect(told(old)).to.equal('the kubelet of node worker-1 tells nothing yet of the CPU periods of pod cart-0')
    expect(told([...old, ...counters([[30, 0, 0], [60, 100, 5]], { cgroup: '/pod/new' })])).to.deep.equal({ app: [[60, 5]] })
  })
  it('is not that of a pod whose uid is not told', () => expect(told(counters([[0, 0, 0], [30, 100, 100]], { uid: '' }))).to.be.a('string'))
  it('of a static pod is known by its name: the node has another uid for it', () => expect(told(counters([[0, 0, 0], [30, 100, 40]], { uid: 'of-the-file' }), { of: cart(undefined, { mirror: true }) })).to.deep.equal({ app: [[30, 40]] }))
  it('is not that of a namesake in another namespace', () => expect(told(counters([[0, 0, 0], [30, 100, 100]], { namespace: 'other' }))).to.be.a('string'))
  it('needs both counters', () => {
    const [periods] = counters([[0, 0, 0], [30, 100, 100]])
    expect(told(periods === undefined ? [] : [periods])).to.equal('the CPU periods of pod cart-0 are told without those in which it was held back, or the other way round')
  })

  describe('after an act', () => {
    const series = counters([[0, 0, 0], [30, 100, 100], [60, 200, 120]])
    it('just before a reading counts from that reading', () => expect(told(series, { actedAt: 29 })).to.deep.equal({ app: [[60, 20]] }))
    it('at the time of a reading counts from it', () => expect(told(series, { actedAt: 30 })).to.deep.equal({ app: [[60, 20]] }))
    it('just after a reading leaves out all that was counted across it', () => expect(told(series, { actedAt: 31 })).to.equal('the CPU periods of pod cart-0 have not been read twice since the act'))
  })

  it('keeps what is known of the time between two samples', () => {
    const unbroken = (more: Partial<Point>): unknown => {
      const measured = throttling(cart(), counters([[0, 0, 0], [30, 100, 10]], {}, more), { window: minutes(1), actedAt: undefined })
      return 'series' in measured ? measured.series[0]?.points[0]?.unbroken : measured
    }
    expect([unbroken({ unbroken: true }), unbroken({})]).to.deep.equal([true, undefined])
  })
})

describe('a pod that can be held back', () => {
  const cases: readonly [string, PodView['resources'], boolean][] = [
    ['has a container with a CPU limit', { pod: NOTHING, containers: { app: NOTHING, proxy: LIMITED } }, true],
    ['has a limit of its own', { pod: LIMITED, containers: { app: NOTHING } }, true],
    ['has not only a limit of memory', { pod: NOTHING, containers: { app: { limits: { memory: 1 }, requests: { cpu: 1 } } } }, false],
    ['has a limit above zero', { pod: NOTHING, containers: { app: { limits: { cpu: 0 }, requests: {} } } }, false],
  ]
  for (const [title, resources, expected] of cases) it(title, () => expect(isLimited(cart(resources))).to.equal(expected))
})
