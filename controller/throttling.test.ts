/** cpu_throttled_percent from the kubelets in the whole controller: who is asked, and what becomes of the answers. */
import { expect } from 'chai'
import type { Trigger } from '../shared/api/v1alpha1/types.ts'
import { PODS } from '../shared/kube/resources.ts'
import { instant, minutes, seconds, type Instant } from '../shared/lib/time.ts'
import type { MetricQuestion } from './healing/metrics.ts'
import type { MetricAnswer, MetricSource } from './ports/metric-source.ts'
import { NAMESPACE, Town } from './testing/town.ts'

const throttled = (more: Partial<NonNullable<Trigger['metricTrigger']>> = {}): Trigger => ({
  name: 'throttled',
  type: 'metric',
  cooldownPeriod: '0s',
  metricTrigger: { query: 'cpu_throttled_percent', operator: '>', threshold: 50, duration: '1m', window: '5m', ...more },
})

/** Ten periods a second, of which four of five are throttled in the pods of worker-1. */
class Nodes implements MetricSource {
  kubelets: true | undefined = true
  readonly asked: MetricQuestion[] = []
  readonly down = new Map<string, string>()
  readonly #town: () => Town

  constructor(town: () => Town) {
    this.#town = town
  }
  lane = (question: MetricQuestion): string => JSON.stringify(question)
  recall = (): undefined => undefined
  ask(question: MetricQuestion, now: Instant): Promise<MetricAnswer> {
    this.asked.push(question)
    if (question.kind !== 'kubelet') return Promise.resolve({ kind: 'NoData', why: 'no Prometheus is configured' })
    const why = this.down.get(question.node)
    if (why !== undefined) return Promise.resolve({ kind: 'NoData', why })
    const there = this.#town().cluster.all(PODS).filter((pod) => (pod as { spec?: { nodeName?: string } }).spec?.nodeName === question.node)
    const periods = (now - instant(0)) / 100
    const series = there.flatMap(({ metadata: { namespace = '', name, uid } }) =>
      [['periods', periods] as const, ['throttled', question.node === 'worker-1' ? 0.8 * periods : 0] as const].map(([counter, value]) => ({
        labels: { namespace, pod: name, uid, container: 'app', cgroup: `/pod${uid}/1`, counter },
        points: [{ at: now, value }],
      })),
    )
    return Promise.resolve({ kind: 'Series', series })
  }
}

describe('throttling, as the kubelets tell it', () => {
  let town: Town
  let nodes: Nodes
  const build = (...triggers: readonly Trigger[]): void => {
    nodes = new Nodes(() => town)
    town = new Town({ metrics: nodes, spec: { triggers: [...triggers] } })
  }
  const place = (name: string, nodeName: string, limits: object = { cpu: '200m' }): void =>
    void town.cluster.change(PODS, { namespace: NAMESPACE, name }, (pod) => ({ ...pod, spec: { nodeName, restartPolicy: 'Always', containers: [{ name: 'app', resources: { limits } }] } }))
  const state = () => town.policy.status?.triggers?.[0]
  const live = (span: number): Promise<void> => town.live(seconds(span))
  afterEach(() => town.stop())

  it('leads to an act on the pod that is held back, and on no other', async () => {
    build(throttled())
    town.pod('healthy')
    place('cart-1-0', 'worker-1')
    place('cart-1-1', 'worker-2')
    await town.start()
    expect(state()).to.include({ state: 'NoData', message: 'the CPU periods of pod cart-1-0 have been read once: their share over 5m needs two readings' })
    await live(31)
    expect(state()).to.include({ state: 'Pending', value: 80, message: 'cpu_throttled_percent of container app is 80 (> 50)' })
    await live(50)
    expect(town.actions).to.have.lengthOf(0)
    await live(20)
    expect(town.actions.map(({ spec }) => spec.targetResource.name)).to.deep.equal(['cart-1-0'])
  })

  it('is asked of the nodes where something is that can be held back, once a tick for all policies', async () => {
    build(throttled(), { ...throttled({ threshold: 90 }), name: 'more' })
    for (let i = 0; i < 4; i++) town.pod('healthy')
    place('cart-1-0', 'worker-1')
    place('cart-1-1', 'worker-1')
    place('cart-1-2', 'worker-3', { memory: '1Gi' })
    place('cart-1-3', '')
    place('cart-1-4', 'worker-2')
    await town.start()
    expect(nodes.asked).to.deep.equal([{ kind: 'kubelet', node: 'worker-1', namespace: NAMESPACE }, { kind: 'kubelet', node: 'worker-2', namespace: NAMESPACE }])
    nodes.asked.length = 0
    place('cart-1-1', 'worker-4')
    place('cart-1-4', 'worker-4')
    await live(31)
    expect(nodes.asked.map((question) => question.kind === 'kubelet' && question.node)).to.deep.equal(['worker-1', 'worker-4'])
  })

  it('of a pod without a CPU limit is no data, and nobody is asked', async () => {
    build(throttled())
    place('cart-1-0', 'worker-1', { memory: '1Gi' })
    await town.start()
    await live(120)
    expect(state()).to.include({ state: 'NoData', message: 'no container of pod cart-1-0 has a CPU limit: there is nothing that holds it back' })
    expect(nodes.asked).to.deep.equal([])
  })

  it('of a pod on no node yet is no data', async () => {
    build(throttled())
    place('cart-1-0', '')
    await town.start()
    await live(60)
    expect(state()).to.include({ state: 'NoData', message: 'pod cart-1-0 is on no node yet' })
  })

  it('of a kubelet that does not answer is no data with its reason, and nothing is done', async () => {
    build(throttled())
    place('cart-1-0', 'worker-1')
    nodes.down.set('worker-1', 'the kubelet of node worker-1 (10.0.0.5:10250) does not let us in (403)')
    await town.start()
    await live(600)
    expect(state()).to.include({ state: 'NoData', message: 'the kubelet of node worker-1 (10.0.0.5:10250) does not let us in (403)' })
    expect(town.policy.status?.lastDecision).to.include({ kind: 'NoOp', reason: 'NoData' })
    expect(town.actions).to.have.lengthOf(0)
  })

  it('of one node that is down says of how many pods it knows nothing, and goes on with the others', async () => {
    build(throttled())
    for (let i = 0; i < 2; i++) town.pod('healthy')
    place('cart-1-0', 'worker-2')
    place('cart-1-1', 'worker-3')
    place('cart-1-2', 'worker-3')
    nodes.down.set('worker-3', 'the kubelet of node worker-3 (10.0.0.7:10250) did not answer within 10s')
    await town.start()
    await live(120)
    expect(state()).to.include({ state: 'Quiet', message: 'no data of 2 of 3: the kubelet of node worker-3 (10.0.0.7:10250) did not answer within 10s' })
    place('cart-1-0', 'worker-1')
    await live(120)
    expect(town.actions.map(({ spec }) => spec.targetResource.name)).to.deep.equal(['cart-1-0'])
  })

  it('goes on over a restart of the controller, and does not fire before it has been read twice again', async () => {
    build(throttled({ duration: '90s' }))
    place('cart-1-0', 'worker-1')
    await town.start('one')
    await live(35)
    const since = state()?.since
    expect(state()).to.include({ state: 'Pending' })
    town.crash('one')
    await live(120)
    await town.start('two')
    await live(5)
    expect(state()).to.include({ state: 'Pending', since })
    expect(town.actions).to.have.lengthOf(0)
    await live(30)
    expect(town.actions.map(({ spec }) => spec.trigger.since)).to.deep.equal([since])
  })

  it('is asked of the source that a trigger names, and not of the kubelets', async () => {
    build(throttled({ source: 'main' }))
    place('cart-1-0', 'worker-1')
    await town.start()
    expect(nodes.asked.map((question) => question.kind === 'promql' && question.source)).to.deep.equal(['main'])
    expect(state()).to.include({ state: 'NoData', message: 'no Prometheus is configured' })
  })

  it('is asked of Prometheus alone where the installation does not let kubelets be asked', async () => {
    build(throttled())
    nodes.kubelets = undefined
    place('cart-1-0', 'worker-1')
    await town.start()
    expect(nodes.asked.map(({ kind }) => kind)).to.deep.equal(['promql'])
    expect(state()).to.include({ state: 'NoData', message: 'no Prometheus is configured' })
  })

  it('is one read a tick and no write while all is quiet', async () => {
    build(throttled({ threshold: 95 }))
    place('cart-1-0', 'worker-1')
    await town.start()
    await live(120)
    const before = town.cluster.journal.writes.length
    nodes.asked.length = 0
    await live(minutes(10) / 1000)
    expect(nodes.asked).to.have.lengthOf(20)
    expect(town.cluster.journal.writes.length).to.equal(before)
  })
})
