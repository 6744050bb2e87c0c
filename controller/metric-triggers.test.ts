/** Metric triggers in the whole controller: what is read, what is done, and what is not. */
import { expect } from 'chai'
import type { Trigger } from '../shared/api/v1alpha1/types.ts'
import { PODS, POD_METRICS } from '../shared/kube/resources.ts'
import { formatInstant, instant, minutes, seconds, type Instant, type Millis } from '../shared/lib/time.ts'
import type { MetricQuestion, Series } from './healing/metrics.ts'
import type { Lookback, MetricAnswer, MetricSource } from './ports/metric-source.ts'
import { NAMESPACE, Town } from './testing/town.ts'

const metric = (body: Partial<NonNullable<Trigger['metricTrigger']>> = {}, name = 'stale'): Trigger => ({
  name,
  type: 'metric',
  cooldownPeriod: '0s',
  metricTrigger: { query: 'lock_age', operator: '>', threshold: 90, duration: '1m', window: '5m', ...body },
})

/** A gauge of each pod of the town: 95 on the first one, 5 on all others. */
class Gauge implements MetricSource {
  readonly town: () => Town
  readonly asked: Instant[] = []
  down: string | undefined
  value = (pod: string, _at: Instant): number => (pod === 'cart-1-0' ? 95 : 5)
  past = false

  constructor(town: () => Town) {
    this.town = town
  }
  lane = (): string => ''
  ask(_: MetricQuestion, now: Instant): Promise<MetricAnswer> {
    this.asked.push(now)
    if (this.down !== undefined) return Promise.resolve({ kind: 'NoData', why: this.down })
    return Promise.resolve({ kind: 'Series', series: this.#pods().map((pod) => this.#series(pod, [now])) })
  }
  recall(_: MetricQuestion, { span, step }: Lookback, now: Instant): Promise<MetricAnswer> | undefined {
    if (!this.past) return undefined
    this.asked.push(now)
    if (this.down !== undefined) return Promise.resolve({ kind: 'NoData', why: this.down })
    const times = Array.from({ length: Math.round(span / step) + 1 }, (_n, i) => instant(now - span + i * step))
    return Promise.resolve({ kind: 'Series', series: this.#pods().map((pod) => this.#series(pod, times)) })
  }
  #pods = (): string[] => this.town().cluster.all(PODS).map(({ metadata }) => metadata.name)
  #series = (pod: string, times: readonly Instant[]): Series => ({ labels: { namespace: NAMESPACE, pod }, points: times.map((at) => ({ at, value: this.value(pod, at) })) })
}

describe('a metric trigger', () => {
  let town: Town
  let gauge: Gauge
  const build = (triggers: readonly Trigger[], more: ConstructorParameters<typeof Town>[0] = {}): void => {
    gauge = new Gauge(() => town)
    town = new Town({ metrics: gauge, ...more, spec: { triggers: [...triggers], ...more.spec } })
  }
  const state = () => town.policy.status?.triggers?.[0]
  const live = async (span: Millis): Promise<void> => town.live(span)
  afterEach(() => town.stop())

  it('leads to an act on the pod that it is about, which is verified by the same metric', async () => {
    build([metric()])
    await town.start()
    await live(seconds(55))
    expect(state()).to.include({ state: 'Pending', value: 95 })
    expect(town.actions).to.have.lengthOf(0)
    await live(seconds(10))
    expect(town.actions.map(({ spec }) => [spec.targetResource.name, spec.trigger.evidence])).to.deep.equal([['cart-1-0', 'lock_age is 95 (> 90)']])
    await live(minutes(4))
    expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    expect(state()).to.include({ state: 'Quiet' })
    expect(town.evictions).to.have.lengthOf(1)
  })

  it('that fires on the replacement too was not helped', async () => {
    build([metric()])
    gauge.value = () => 95
    await town.start()
    await live(minutes(6))
    expect(town.actions[0]?.status?.outcome).to.equal('Ineffective')
  })

  it('is one read a tick and no write while all is quiet', async () => {
    build([metric({ threshold: 99 })])
    await town.start()
    await live(seconds(10))
    const before = town.cluster.journal.writes.length
    gauge.asked.length = 0
    await live(minutes(10))
    expect(gauge.asked).to.have.lengthOf(20)
    expect(town.cluster.journal.writes.length).to.equal(before)
  })

  it('writes nothing for values that move a little', async () => {
    build([metric({ duration: '20m' })])
    let n = 0
    gauge.value = () => 95 + (n++ % 5)
    await town.start()
    await live(seconds(40))
    const before = town.cluster.journal.writes.length
    await live(minutes(5))
    expect(state()).to.include({ state: 'Pending' })
    expect(town.cluster.journal.writes.length).to.equal(before)
  })

  it('of a source that is down is no data, with the reason in the status, and nothing is done', async () => {
    build([metric()])
    gauge.down = 'the Prometheus source main (http://prometheus) cannot be reached (ECONNREFUSED)'
    await town.start()
    await live(minutes(10))
    expect(state()).to.deep.include({ state: 'NoData', message: gauge.down })
    expect(town.policy.status?.lastDecision).to.deep.include({ kind: 'NoOp', reason: 'NoData', message: gauge.down })
    expect(town.actions).to.have.lengthOf(0)
  })

  it('goes on counting over one missed tick, and begins anew after a longer outage', async () => {
    build([metric({ duration: '2m' })])
    await town.start()
    await live(seconds(10))
    const since = state()?.since
    gauge.down = 'it is down'
    await live(seconds(30))
    gauge.down = undefined
    await live(seconds(30))
    expect(state()).to.include({ state: 'Pending', since })
    gauge.down = 'it is down'
    await live(minutes(3))
    expect(state()).to.include({ state: 'NoData', message: 'it is down' })
    gauge.down = undefined
    await live(seconds(30))
    expect(state()?.state).to.equal('Pending')
    expect(state()?.since).not.to.equal(since)
    expect(town.actions).to.have.lengthOf(0)
  })

  it('keeps its duration over a crash of the controller', async () => {
    build([metric({ duration: '2m' })])
    await town.start('one')
    await live(seconds(70))
    town.crash('one')
    await live(seconds(20))
    await town.start('two')
    await live(seconds(20))
    expect(town.actions).to.have.lengthOf(0)
    await live(seconds(15))
    expect(town.actions.map(({ spec }) => spec.targetResource.name)).to.deep.equal(['cart-1-0'])
  })

  it('of which nothing is remembered is rebuilt from the past of its source', async () => {
    build([metric({ duration: '10m' })])
    gauge.past = true
    const began = town.clock.now() - minutes(10) + seconds(5)
    gauge.value = (pod, at) => (pod === 'cart-1-0' && at >= began ? 95 : 5)
    town.cluster.change(PODS, { namespace: NAMESPACE, name: 'cart-1-0' }, (pod) => ({ ...pod, metadata: { ...pod.metadata, creationTimestamp: '2029-01-01T00:00:00Z' } }))
    await town.start()
    // Steps of half a minute: the first that held.
    expect(state()).to.include({ state: 'Pending', since: formatInstant(instant(town.clock.now() - minutes(9.5) - seconds(1))) })
    await live(seconds(40))
    expect(town.actions).to.have.lengthOf(1)
  })

  it('that waits for its first reading after a restart keeps what the status remembers', async () => {
    build([metric({ duration: '2m' })])
    await town.start('one')
    await live(seconds(40))
    const since = state()?.since
    town.crash('one')
    gauge.down = 'it is down'
    await town.start('two')
    await live(seconds(10))
    expect(state()).to.include({ state: 'Pending', since })
    gauge.down = undefined
    await live(seconds(30))
    expect(state()).to.include({ state: 'Pending', since })
  })

  /** What metrics-server measured just now: the first pod at 95 % of its CPU, all others idle. */
  const measure = (): void => {
    const known = new Set(town.cluster.all(POD_METRICS).map(({ metadata }) => metadata.name))
    for (const { metadata: { name } } of town.cluster.all(PODS)) {
      const measured = { timestamp: formatInstant(town.clock.now()), containers: [{ name: 'app', usage: { cpu: name === 'cart-1-0' ? '950m' : '5m' } }] }
      if (known.has(name)) town.cluster.change(POD_METRICS, { namespace: NAMESPACE, name }, (old) => ({ ...old, ...measured }))
      else town.cluster.seed(POD_METRICS, { apiVersion: 'metrics.k8s.io/v1beta1', kind: 'PodMetrics', metadata: { name, namespace: NAMESPACE }, ...measured })
    }
  }
  const limitCpu = (): void =>
    void town.cluster.change(PODS, { namespace: NAMESPACE, name: 'cart-1-0' }, (pod) => ({ ...pod, spec: { restartPolicy: 'Always', containers: [{ name: 'app', resources: { limits: { cpu: '1' } } }] } }))

  it('of CPU is told by metrics-server, of the limit of each container', async () => {
    town = new Town({ spec: { triggers: [metric({ query: 'cpu_usage_percent', duration: '30s' })] } })
    limitCpu()
    measure()
    await town.start()
    expect(state()).to.include({ state: 'Pending', value: 95, message: 'cpu_usage_percent of container app is 95 (> 90)' })
    await live(seconds(35))
    expect(town.actions.map(({ spec }) => spec.targetResource.name)).to.deep.equal(['cart-1-0'])
  })

  it('of CPU holds from sample to sample of a metrics-server that measures less often than it is asked', async () => {
    town = new Town({ spec: { triggers: [metric({ query: 'cpu_usage_percent', duration: '4m' })] } })
    limitCpu()
    measure()
    await town.start()
    // Three askings for each sample.
    await live(seconds(90))
    measure()
    await live(seconds(90))
    measure()
    await live(seconds(55))
    expect(state()).to.include({ state: 'Pending', value: 95 })
    expect(town.actions).to.have.lengthOf(0)
    await live(seconds(10))
    expect(town.actions.map(({ spec }) => spec.targetResource.name)).to.deep.equal(['cart-1-0'])
  })

  it('of CPU without metrics-server is no data', async () => {
    town = new Town({ spec: { triggers: [metric({ query: 'cpu_usage_percent' })] } })
    await town.start()
    await live(minutes(5))
    expect(state()).to.deep.include({ state: 'NoData' })
    expect(town.actions).to.have.lengthOf(0)
  })

  it('of restarts counts those within its window, over a crash of the controller, and none twice', async () => {
    build([metric({ query: 'restart_count', operator: '>=', threshold: 3, duration: '0s', window: '5m' })])
    const restart = (total: number): void =>
      void town.cluster.change(PODS, { namespace: NAMESPACE, name: 'cart-1-0' }, (pod) => ({
        ...pod,
        metadata: { ...pod.metadata, creationTimestamp: '2029-01-01T00:00:00Z' },
        status: {
          phase: 'Running',
          conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: formatInstant(town.clock.now()) }],
          containerStatuses: [{ name: 'app', ready: true, restartCount: total, state: { running: { startedAt: formatInstant(town.clock.now()) } }, lastState: { terminated: { exitCode: 1, reason: 'Error', finishedAt: formatInstant(town.clock.now()) } } }],
        },
      }))
    restart(40)
    await town.start('one')
    await live(seconds(5))
    expect(state()?.state).to.equal('Quiet')
    expect(town.policy.status?.restarts?.map(({ base, marks }) => [base, marks.length])).to.deep.equal([[39, 1]])
    restart(41)
    await live(seconds(5))
    town.crash('one')
    await town.start('two')
    await live(minutes(1))
    expect(state()?.state).to.equal('Quiet')
    restart(42)
    await live(seconds(5))
    expect(town.actions.map(({ spec }) => spec.trigger.evidence)).to.deep.equal(['restart_count is 3 (>= 3)'])
  })

  it('of restarts forgets them with its window', async () => {
    build([metric({ query: 'restart_count', operator: '>=', threshold: 9, duration: '0s', window: '1m' })])
    await town.start()
    await live(seconds(5))
    expect(town.policy.status?.restarts).to.have.lengthOf(1)
    await live(minutes(2))
    town.editPolicy((spec) => ({ ...spec, suspend: true }))
    await live(seconds(5))
    expect(town.policy.status?.restarts).to.equal(undefined)
  })
})

