import { expect } from 'chai'
import type { Trigger } from '../../shared/api/v1alpha1/types.ts'
import { millis, seconds } from '../../shared/lib/time.ts'
import { questionKey, type MetricReading, type Series } from '../healing/metrics.ts'
import type { PodView } from '../healing/snapshot.ts'
import { at, context, pod } from '../healing/testing/builders.ts'
import { compileMetric, kubeletQuestions, type MetricArgs } from './metric/args.ts'
import { metricTrigger } from './metric.ts'
import { isTrouble, type DetectContext, type Memory, type Observation } from './trigger.ts'

type Body = NonNullable<Trigger['metricTrigger']>

const TICK = seconds(30)
const args = (overrides: Partial<Body> = {}): MetricArgs => compileMetric({ query: 'cpu_throttled_percent', operator: '>', threshold: 50, duration: '1m', window: '5m', ...overrides })
const limited = pod('cart-0', { resources: { pod: { limits: {}, requests: {} }, containers: { app: { limits: { cpu: 0.2 }, requests: {} } } } })

const reading = (all: readonly Series[], overrides: Partial<MetricReading> = {}): MetricReading => ({
  askedAt: at(0),
  askedFrom: at(-3_600_000),
  series: all,
  gap: millis(TICK * 2.5),
  failure: undefined,
  ...overrides,
})
const told = (o: Observation): string => (o.state === 'NoData' ? `NoData: ${o.why}` : isTrouble(o) ? `${o.state} since ${o.since - at(0)}` : o.state)
const memory = (since: number, more: Partial<Memory> = {}): Memory => ({ since: at(since), restarts: 0, ...more })

describe('throttling, as kubelets count it', () => {
  const counted = (...readings: readonly (readonly [number, number, number])[]): Series[] =>
    ['periods', 'throttled'].map((counter, i) => ({
      labels: { namespace: 'shop', pod: 'cart-0', uid: 'uid-cart-0', container: 'app', cgroup: '/one', counter },
      points: readings.map((each) => ({ at: at(seconds(each[0])), value: each[i + 1] ?? 0 })),
    }))
  const see = (given: MetricReading | undefined, more: Partial<DetectContext> = {}, object: PodView = limited): Observation => {
    const key = questionKey({ kind: 'kubelet', node: object.node, namespace: 'shop' })
    return metricTrigger.detect(args(), object, context({ metrics: { tick: TICK, kubelets: true, byQuestion: new Map(given === undefined ? [] : [[key, given]]) }, ...more }))
  }

  it('is judged by what the kubelet of its node counted', () => {
    const held = [[-90, 0, 0], [-60, 100, 60], [-30, 200, 120], [0, 300, 180]] as const
    expect(see(reading(counted(...held)))).to.deep.include({ state: 'Firing', since: at(-60_000), value: 60, evidence: 'cpu_throttled_percent of container app is 60 (> 50)' })
    expect(told(see(reading(counted(...held.slice(1)))))).to.equal('Pending since -30000')
    expect(see(reading(counted([-30, 0, 0], [0, 100, 50]))).state).to.equal('Quiet')
  })
  it('is asked of the node on which the pod is', () => {
    expect(told(see(reading(counted([-30, 0, 0], [0, 100, 60])), {}, { ...limited, node: 'worker-2' }))).to.equal('Pending since 0')
    expect(told(see(undefined, {}, { ...limited, node: '' }))).to.equal('NoData: pod cart-0 is on no node yet')
  })
  it('with readings too far apart begins anew, however long its window is', () => {
    const apart = (span: number): string => told(see(reading(counted([-60 - span, 0, 0], [-30 - span, 100, 60], [-30, 200, 120], [0, 300, 180]), { gap: seconds(3600) })))
    expect(apart(75)).to.equal('Firing since -105000')
    expect(apart(76)).to.equal('Pending since -30000')
  })
  it('that was read once after a restart keeps what is remembered, which does not fire', () => {
    const once = reading(counted([0, 100, 60]), { askedFrom: at(0) })
    const remembered = memory(-3_600_000, { value: 80, evidence: 'it was held back' })
    expect(see(once, { memory: remembered })).to.deep.equal({ state: 'Pending', since: at(-3_600_000), firesAt: at(75_000), restarts: 0, value: 80, evidence: 'it was held back' })
    expect(see(once, { memory: remembered, now: at(75_000) }).state).to.equal('Pending')
    expect(see({ ...once, askedAt: at(60_000) }, { memory: remembered, now: at(75_001) }).state).to.equal('NoData')
    expect(see(once).state).to.equal('NoData')
  })
  it('after an act is told by two readings that came after it', () => {
    const given = reading(counted([-30, 0, 0], [0, 100, 100], [30, 200, 110]), { askedAt: at(30_000) })
    expect(see(given, { now: at(30_000), actedAt: at(0) }).state).to.equal('Quiet')
    expect(told(see(given, { now: at(30_000), actedAt: at(1) }))).to.equal('NoData: the CPU periods of pod cart-0 have not been read twice since the act')
  })
  it('is asked of each node with a pod that can be held back, as far back as the longest trigger needs', () => {
    const trigger = (overrides: Partial<Body>) => ({ type: 'metric' as const, name: 'throttled', cooldown: millis(0), ladder: [], metric: args(overrides) })
    const on = (name: string, node: string, more: Partial<PodView> = {}): PodView => ({ ...limited, ref: { ...limited.ref, name }, node, ...more })
    const pods = [on('a', 'one'), on('b', 'one'), on('c', 'two'), on('d', ''), on('e', 'three', { phase: 'Failed' }), { ...pod('f'), node: 'four' }]
    expect(kubeletQuestions({ triggers: [trigger({ window: '1m', duration: '2m' }), trigger({ window: '10m', duration: '1m' })] }, () => pods)).to.deep.equal([
      { question: { kind: 'kubelet', node: 'one', namespace: 'shop' }, span: 660_000 },
      { question: { kind: 'kubelet', node: 'two', namespace: 'shop' }, span: 660_000 },
    ])
    const never = (): never => expect.fail('selected')
    expect(kubeletQuestions({ triggers: [trigger({ query: 'cpu_usage_percent' }), trigger({ source: 'main' })] }, never)).to.deep.equal([])
  })
})
