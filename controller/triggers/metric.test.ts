import { expect } from 'chai'
import type { Trigger } from '../../shared/api/v1alpha1/types.ts'
import { millis, seconds } from '../../shared/lib/time.ts'
import { questionKey, type MetricReading, type MetricReadings, type Series } from '../healing/metrics.ts'
import type { Selected, Selection } from '../healing/select.ts'
import type { PodView, TargetView } from '../healing/snapshot.ts'
import { contextFor } from '../healing/detect.ts'
import { at, cart, chained, condition, container, context, pod, policy, snapshot, workload } from '../healing/testing/builders.ts'
import { compileMetric, metricQuestions, questionFor, type MetricArgs } from './metric/args.ts'
import { metricTrigger } from './metric.ts'
import { isTrouble, type DetectContext, type Memory, type Observation } from './trigger.ts'

type Body = NonNullable<Trigger['metricTrigger']>

const TICK = seconds(30)
const args = (overrides: Partial<Body> = {}): MetricArgs => compileMetric({ query: 'lock_age', operator: '>', threshold: 90, duration: '2m', window: '5m', ...overrides })

/** Values a tick apart, the last one at `end`. */
const series = (labels: Series['labels'], values: readonly number[], end = 0): Series => ({
  labels,
  points: values.map((value, i) => ({ at: at(end - (values.length - 1 - i) * TICK), value })),
})
const ofPod = (name: string, ...values: number[]): Series => series({ namespace: 'shop', pod: name }, values)

const reading = (all: readonly Series[], overrides: Partial<MetricReading> = {}): MetricReading => ({
  askedAt: at(0),
  askedFrom: at(-3_600_000),
  series: all,
  gap: millis(TICK * 2.5),
  failure: undefined,
  ...overrides,
})
const readings = (of: MetricArgs, object: TargetView, given: MetricReading | undefined): MetricReadings => {
  const question = questionFor(of, object)
  if (question === undefined) throw new Error('nobody is asked')
  return { tick: TICK, byQuestion: new Map(given === undefined ? [] : [[questionKey(question), given]]) }
}

function see(of: MetricArgs, given: MetricReading | undefined, { object = pod(), ...overrides }: Partial<DetectContext> & { object?: TargetView } = {}): Observation {
  return metricTrigger.detect(of, object, context({ metrics: readings(of, object, given), ...overrides }))
}
const told = (o: Observation): string => (o.state === 'NoData' ? `NoData: ${o.why}` : isTrouble(o) ? `${o.state} since ${o.since - at(0)}` : o.state)
const memory = (since: number, more: Partial<Memory> = {}): Memory => ({ since: at(since), restarts: 0, ...more })

describe('a measured value', () => {
  const operators: readonly [Body['operator'], number, boolean][] = [
    ['>', 90, false], ['>', 90.1, true], ['>=', 89.9, false], ['>=', 90, true],
    ['<', 90, false], ['<', 89.9, true], ['<=', 90.1, false], ['<=', 90, true],
    ['==', 90, true], ['==', 90.1, false], ['!=', 90, false], ['!=', 90.1, true],
  ]
  for (const [operator, value, holds] of operators) {
    it(`${value} ${operator} 90 ${holds ? 'holds' : 'does not hold'}`, () => expect(see(args({ operator, duration: '0s' }), reading([ofPod('cart-0', value)])).state).to.equal(holds ? 'Firing' : 'Quiet'))
  }

  const held: readonly [string, readonly number[], string][] = [
    ['that holds for the first time is pending', [50, 95], 'Pending since 0'],
    ['is pending just before its duration', [50, 95, 95, 95, 95], 'Pending since -90000'],
    ['fires at its duration', [50, 95, 95, 95, 95, 95], 'Firing since -120000'],
    ['fires after its duration', [50, 95, 95, 95, 95, 95, 95], 'Firing since -150000'],
    ['that held before and does no more is quiet', [95, 95, 95, 95, 95, 50], 'Quiet'],
    ['begins anew after a break', [95, 95, 95, 95, 50, 95], 'Pending since 0'],
    ['begins anew after a value that is no number', [95, 95, 95, Number.NaN, 95, 95], 'Pending since -30000'],
    ['that is NaN is no data', [95, 95, 95, 95, 95, Number.NaN], 'NoData: its value is NaN (0 divided by 0, often)'],
    ['that is infinite is no data', [95, Number.POSITIVE_INFINITY], 'NoData: its value is infinite'],
  ]
  for (const [title, values, expected] of held) it(title, () => expect(told(see(args(), reading([ofPod('cart-0', ...values)])))).to.equal(expected))

  it('that was read before an act does not tell whether it helped', () => {
    const verified = (actedAt: number, failure?: string): string => told(see(args(), reading([ofPod('cart-0', 50)], { failure }), { actedAt: at(actedAt) }))
    expect(verified(-1)).to.equal('Quiet')
    expect(verified(0)).to.equal('NoData: it has not been read since the act')
    expect(verified(-1, 'refused')).to.equal('NoData: refused')
  })
  it('of restarts is of those after an act, when the act is verified', () => {
    const often = pod('cart-0', { containers: [container({ restarts: 5 })] })
    const marks = [{ pod: { uid: often.ref.uid, name: 'cart-0' }, container: 'app', base: 2, marks: [{ at: at(-60_000), total: 5 }] }]
    const restarts = (actedAt: number | undefined): string =>
      metricTrigger.detect(args({ query: 'restart_count', operator: '>=', threshold: 3, duration: '0s', window: '1h' }), often, context({ marks, ...(actedAt === undefined ? {} : { actedAt: at(actedAt) }) })).state
    expect(restarts(undefined)).to.equal('Firing')
    expect(restarts(-60_000)).to.equal('Firing')
    expect(restarts(-59_999)).to.equal('Quiet')
  })
  it('survives one missed tick, and not two', () => {
    const missing = (gap: number): Series => ({ labels: { namespace: 'shop', pod: 'cart-0' }, points: [-gap - 60_000, -gap - 30_000, -gap, 0].map((t) => ({ at: at(t), value: 95 })) })
    expect(told(see(args(), reading([missing(60_000)])))).to.equal('Firing since -120000')
    expect(told(see(args(), reading([missing(75_000)])))).to.equal('Firing since -135000')
    expect(told(see(args(), reading([missing(75_001)])))).to.equal('Pending since 0')
  })
  it('remembers since when where the readings do not reach back', () => {
    expect(told(see(args(), reading([ofPod('cart-0', 95, 95)]), { memory: memory(-120_000) }))).to.equal('Firing since -120000')
  })
  it('believes a break that was seen rather than what is remembered', () => {
    expect(told(see(args(), reading([ofPod('cart-0', 50, 95)]), { memory: memory(-120_000) }))).to.equal('Pending since 0')
  })
  it('tells its evidence, and the worst of several series', () => {
    const seen = see(args({ duration: '0s' }), reading([ofPod('cart-0', 95), series({ namespace: 'shop', pod: 'cart-0', container: 'app' }, [123.456]), ofPod('cart-0', 20)]))
    expect(seen).to.deep.include({ value: 123, evidence: 'lock_age of container app is 123 (> 90)' })
    const low = see(args({ duration: '0s', operator: '<' }), reading([ofPod('cart-0', 12), ofPod('cart-0', 3)]))
    expect(low).to.deep.include({ value: 3 })
  })
  it('is told anew when it has changed by more than a tenth, or the state has', () => {
    const now = (value: number, state: 'Pending' | 'Firing' = 'Pending'): unknown => (see(args(), reading([ofPod('cart-0', value)]), { memory: memory(0, { state, value: 100 }) }) as { value?: number }).value
    expect(now(110)).to.equal(100)
    expect(now(110.1)).to.equal(110)
    expect(now(95, 'Firing')).to.equal(95)
  })
  it('of a pod that has ended for good is quiet', () => {
    expect(see(args(), reading([ofPod('cart-0', 95)]), { object: pod('cart-0', { phase: 'Succeeded' }) }).state).to.equal('Quiet')
  })
})

const limited = pod('cart-0', { resources: { pod: { limits: {}, requests: {} }, containers: { app: { limits: { cpu: 0.2 }, requests: {} } } } })

describe('a reading', () => {
  const good = [ofPod('cart-0', 95, 95, 95, 95, 95)]
  it('counts for two and a half ticks', () => {
    expect(see(args(), reading(good), { now: at(75_000) }).state).to.equal('Firing')
    expect(told(see(args(), reading(good), { now: at(75_001) }))).to.equal('NoData: the last reading is 1m15s1ms old')
  })
  it('that fails once goes on, and does not fire before there is news', () => {
    expect(see(args(), reading(good, { failure: 'it is down' }), { now: at(30_000) })).to.deep.include({ state: 'Pending', since: at(-120_000), firesAt: at(75_000) })
    expect(see(args(), reading(good), { now: at(30_000) }).state).to.equal('Firing')
  })
  it('after an act counts when it was asked for after the act, whenever it was answered', () => {
    const after = (actedAt: number): string => told(see(args(), reading(good), { now: at(60_000), actedAt: at(actedAt) }))
    expect(after(-1)).to.equal('Firing since -120000')
    expect(after(0)).to.equal('NoData: it has not been read since the act')
    expect(after(1)).to.equal('NoData: it has not been read since the act')
  })
  it('that fails for longer says why', () => {
    expect(told(see(args(), reading(good, { failure: 'it is down' }), { now: at(75_001) }))).to.equal('NoData: it is down')
  })
  it('that was never answered is no data', () => {
    expect(told(see(args(), undefined))).to.equal('NoData: it has not been read yet')
    expect(told(see(args(), reading([], { askedAt: undefined, askedFrom: at(0), failure: 'it is down' })))).to.equal('NoData: it is down')
  })
  it('that is awaited after a restart keeps what is remembered, which does not fire', () => {
    const awaited = reading([], { askedAt: undefined, askedFrom: at(0) })
    const remembered = memory(-3_600_000, { value: 95, evidence: 'lock_age is 95 (> 90)' })
    const seen = see(args(), awaited, { memory: remembered })
    expect(seen).to.deep.equal({ state: 'Pending', since: at(-3_600_000), firesAt: at(75_000), restarts: 0, value: 95, evidence: 'lock_age is 95 (> 90)' })
    expect(see(args(), awaited, { memory: remembered, now: at(75_000) }).state).to.equal('Pending')
    expect(see(args(), awaited, { memory: remembered, now: at(75_001) }).state).to.equal('NoData')
  })
  it('with a sample of more than five minutes ago is no data', () => {
    const old = (age: number): MetricReading => reading([series({ namespace: 'shop', pod: 'cart-0' }, [95], -age)])
    expect(told(see(args({ duration: '10m' }), old(300_000)))).to.equal('Pending since -300000')
    expect(told(see(args(), old(300_001)))).to.equal('NoData: its newest sample is older than 5m')
  })
})

describe('a series', () => {
  const deployment = workload('Deployment', 'cart')
  const cases: readonly [string, TargetView, Series['labels'], string][] = [
    ['of the pod', pod(), { namespace: 'shop', pod: 'cart-0' }, 'Pending since 0'],
    ['of another pod', pod(), { namespace: 'shop', pod: 'cart-1' }, 'NoData: lock_age has no series of Pod cart-0'],
    ['of a pod of that name in another namespace', pod(), { namespace: 'other', pod: 'cart-0' }, 'NoData: lock_age has no series of namespace shop'],
    ['without a namespace', pod(), { pod: 'cart-0' }, 'NoData: lock_age has series without label namespace (they have pod): keep it, by (namespace, pod)'],
    ['without a pod', pod(), { namespace: 'shop', job: 'cart' }, 'NoData: lock_age has series without label pod (they have job, namespace): keep it, by (namespace, pod)'],
    ['without any label', pod(), {}, 'NoData: lock_age has series without label namespace (they have none): keep it, by (namespace, pod)'],
    ['that names the pod by itself only', pod(), { exported_namespace: 'shop', exported_pod: 'cart-0' }, 'NoData: lock_age has series without label namespace (they have exported_namespace, exported_pod): keep it, by (namespace, pod), or let the source trust exported labels (trustExportedLabels)'],
    ['that claims to be of this namespace', pod(), { namespace: 'evil', pod: 'evil-0', exported_namespace: 'shop', exported_pod: 'cart-0' }, 'NoData: lock_age has no series of namespace shop'],
    ['in the words of OpenTelemetry', pod(), { k8s_namespace_name: 'shop', k8s_pod_name: 'cart-0' }, 'Pending since 0'],
    ['in the words of old scrape jobs', pod(), { kubernetes_namespace: 'shop', kubernetes_pod_name: 'cart-0' }, 'Pending since 0'],
    ['of the Deployment', deployment, { namespace: 'shop', deployment: 'cart' }, 'Pending since 0'],
    ['of the Deployment, told by kube-state-metrics', deployment, { namespace: 'shop', deployment: 'cart', pod: 'kube-state-metrics-0' }, 'Pending since 0'],
    ['of a pod of the Deployment', deployment, { namespace: 'shop', deployment: 'cart', pod: 'cart-5d-x' }, 'NoData: lock_age has no series of Deployment cart'],
    ['of a StatefulSet of that name', deployment, { namespace: 'shop', statefulset: 'cart' }, 'NoData: lock_age has series without label deployment (they have namespace, statefulset): keep it, by (namespace, deployment)'],
    ['of the workload', deployment, { namespace: 'shop', workload: 'cart' }, 'Pending since 0'],
    ['of the workload and its kind', deployment, { namespace: 'shop', workload: 'cart', workload_type: 'deployment' }, 'Pending since 0'],
    ['of a workload of another kind', deployment, { namespace: 'shop', workload: 'cart', workload_type: 'daemonset' }, 'NoData: lock_age has series without label deployment (they have namespace, workload, workload_type): keep it, by (namespace, deployment)'],
  ]
  for (const [title, object, labels, expected] of cases) it(title, () => expect(told(see(args(), reading([series(labels, [95])]), { object }))).to.equal(expected))

  it('of another kind is found by the kind in small letters', () => {
    const kafka: TargetView = { ...workload('Kafka', 'events'), shape: 'Object' } as unknown as TargetView
    expect(told(see(args(), reading([series({ namespace: 'shop', kafka: 'events' }, [95])]), { object: kafka }))).to.equal('Pending since 0')
  })
  it('that names nothing is about the one object that the policy names, and about no other', () => {
    expect(told(see(args(), reading([series({ team: 'a' }, [95])]), { single: true }))).to.equal('Pending since 0')
    expect(see(args(), reading([series({ team: 'a' }, [95])]), { single: false }).state).to.equal('NoData')
    expect(see(args(), reading([series({ namespace: 'other' }, [95])]), { single: true }).state).to.equal('NoData')
  })
  it('of a built-in metric that is missing tells where it would come from', () => {
    expect(told(see(args({ query: 'error_rate_percent' }), reading([])))).to.equal('NoData: neither Istio nor Linkerd tells of Pod cart-0 in namespace shop: it is not in the mesh, has no traffic, or the Prometheus does not scrape its proxy')
    expect(told(see(args({ query: 'cpu_throttled_percent' }), reading([]), { object: limited }))).to.equal('NoData: no series container_cpu_cfs_periods_total of Pod cart-0 in namespace shop: the Prometheus does not scrape the kubelets (/metrics/cadvisor)')
    expect(told(see(args({ query: 'cpu_throttled_percent' }), reading([])))).to.equal('NoData: no container of pod cart-0 has a CPU limit: there is nothing that holds it back')
    const service = { ...workload('Service', 'cart'), shape: 'Object', ref: { apiVersion: 'v1', kind: 'Service', namespace: 'shop', name: 'cart', uid: 'uid-service' } } as unknown as TargetView
    expect(told(see(args({ query: 'availability_percent' }), reading([]), { object: service }))).to.equal('NoData: Service cart in namespace shop has no endpoints')
  })
  it('that is missing altogether says so', () => expect(told(see(args(), reading([])))).to.equal('NoData: lock_age has no series'))
})

describe('who is looked at', () => {
  const pods = [pod('cart-0'), pod('cart-1')]
  const byOwner = (of: PodView): Selected<PodView> => ({ ...chained(of), by: [cart.ref.uid] })
  const owned: Selection = { pods: pods.map(byOwner), objects: [{ object: cart, chain: { workloads: [], subject: cart.ref, incomplete: false }, by: [cart.ref.uid] }], matched: 1 }
  const own: Selection = { pods: pods.map((p) => chained(p)), objects: [], matched: 2 }
  const names = (of: MetricArgs, selection: Selection, all: readonly Series[]): string[] =>
    metricTrigger.candidates(of, selection, { ...context(), metrics: readings(of, pods[0] ?? pod(), reading(all)) }).map(({ object }) => object.ref.name)

  it('the pods, where the series are about pods', () => expect(names(args(), owned, [ofPod('cart-1', 95)])).to.deep.equal(['cart-0', 'cart-1']))
  it('the Deployment, where they are about Deployments: its pods are not without data', () => expect(names(args(), owned, [series({ namespace: 'shop', deployment: 'cart' }, [95])])).to.deep.equal(['cart']))
  it('what is selected, where they are about nothing', () => {
    expect(names(args(), owned, [])).to.deep.equal(['cart'])
    expect(names(args(), own, [])).to.deep.equal(['cart-0', 'cart-1'])
  })
  it('the Deployment alone, where its pods are selected too', () => {
    const both: Selection = { ...owned, pods: pods.map((p) => chained(p)) }
    expect(names(args({ query: 'error_rate_percent' }), both, [])).to.deep.equal(['cart'])
  })
  for (const query of ['cpu_usage_percent', 'memory_usage_percent', 'cpu_throttled_percent'] as const) {
    it(`${query}: the pods of what is selected`, () => expect(names(args({ query }), owned, [])).to.deep.equal(['cart-0', 'cart-1']))
  }
  it('error_rate_percent: what is selected', () => expect(names(args({ query: 'error_rate_percent' }), owned, [])).to.deep.equal(['cart']))
})

describe('readiness', () => {
  const status = (query: string, object: TargetView, memoryOf?: Memory): Observation =>
    metricTrigger.detect(args({ query, operator: '<', threshold: 50 }), object, context({ memory: memoryOf }))
  const cases: readonly [string, string, TargetView, string][] = [
    ['of a Deployment with all pods ready', 'ready_percent', workload('Deployment', 'cart', { replicas: 4, readyReplicas: 4 }), 'Quiet'],
    ['of a Deployment at the threshold', 'ready_percent', workload('Deployment', 'cart', { replicas: 4, readyReplicas: 2 }), 'Quiet'],
    ['of a Deployment below it', 'ready_percent', workload('Deployment', 'cart', { replicas: 4, readyReplicas: 1 }), 'Pending since 0'],
    ['of a Deployment scaled to nothing', 'ready_percent', workload('Deployment', 'cart', { replicas: 0, readyReplicas: 0 }), 'NoData: it wants no pods'],
    ['that is ready and not available', 'availability_percent', workload('Deployment', 'cart', { replicas: 4, readyReplicas: 4, availableReplicas: 1 }), 'Pending since 0'],
    ['of a ready pod', 'ready_percent', pod(), 'Quiet'],
    ['of an unready pod, since the API server says', 'ready_percent', pod('cart-0', { conditions: [condition('Ready', 'False', at(-60_000))] }), 'Pending since -60000'],
    ['of a pod that has been unready for long', 'ready_percent', pod('cart-0', { conditions: [condition('Ready', 'False', at(-3_600_000))] }), 'Firing since -3600000'],
    ['of a pod whose node is lost', 'ready_percent', pod('cart-0', { conditions: [condition('Ready', 'Unknown', at(-3_600_000))] }), 'Firing since -3600000'],
    ['of a pod whose time lies in the future', 'ready_percent', pod('cart-0', { conditions: [condition('Ready', 'False', at(3_600_000))] }), 'Pending since 0'],
    ['of a pod that was not started yet', 'ready_percent', pod('cart-0', { conditions: [] }), 'NoData: the pod has no condition Ready'],
  ]
  for (const [title, query, object, expected] of cases) it(title, () => expect(told(status(query, object))).to.equal(expected))
  it('is remembered since when', () => {
    expect(told(status('ready_percent', workload('Deployment', 'cart', { replicas: 4, readyReplicas: 1 }), memory(-120_000)))).to.equal('Firing since -120000')
  })
  it('of a Service is asked for', () => {
    const service = { ...workload('Service', 'cart'), shape: 'Object', ref: { apiVersion: 'v1', kind: 'Service', namespace: 'shop', name: 'cart', uid: 'uid-service' } } as unknown as TargetView
    const given = reading([series({ namespace: 'shop', service: 'cart' }, [40])])
    expect(told(see(args({ query: 'availability_percent', operator: '<', threshold: 50 }), given, { object: service }))).to.equal('Pending since 0')
  })
})

describe('usage', () => {
  const used = (container: string, resource: string, value: number): Series => series({ namespace: 'shop', pod: 'cart-0', container, resource }, [value])
  const sized = (containers: PodView['resources']['containers'], whole: PodView['resources']['pod'] = { limits: {}, requests: {} }): PodView => pod('cart-0', { resources: { pod: whole, containers } })
  const usage = (query: string, object: PodView, ...all: Series[]): Observation => see(args({ query, duration: '0s', threshold: -1 }), reading(all), { object })
  const value = (o: Observation): number | string => (isTrouble(o) ? (o.value ?? 'none') : told(o))

  it('is of the limit', () => expect(value(usage('memory_usage_percent', sized({ app: { limits: { memory: 200 }, requests: { memory: 100 } } }), used('app', 'memory', 150), used('app', 'cpu', 9)))).to.equal(75))
  it('is of the request where there is no limit', () => expect(value(usage('memory_usage_percent', sized({ app: { limits: {}, requests: { memory: 100 } } }), used('app', 'memory', 150)))).to.equal(150))
  it('is no data with neither', () => {
    expect(value(usage('memory_usage_percent', sized({ app: { limits: { cpu: 1 }, requests: {} } }), used('app', 'memory', 150)))).to.equal('NoData: no container of pod cart-0 has a memory limit or request, so there is nothing to take a percentage of')
  })
  it('is no data with a limit of zero', () => expect(usage('cpu_usage_percent', sized({ app: { limits: { cpu: 0 }, requests: {} } }), used('app', 'cpu', 1)).state).to.equal('NoData'))
  it('is that of the worst container, and tells which', () => {
    const seen = usage('cpu_usage_percent', sized({ app: { limits: { cpu: 2 }, requests: {} }, proxy: { limits: { cpu: 0.1 }, requests: {} } }), used('app', 'cpu', 1), used('proxy', 'cpu', 0.09), used('', 'cpu', 1.09))
    expect(seen).to.deep.include({ value: 90, evidence: 'cpu_usage_percent of container proxy is 90 (> -1)' })
  })
  it('is of the whole pod where the pod has a limit of its own', () => {
    expect(value(usage('cpu_usage_percent', sized({ app: { limits: {}, requests: {} } }, { limits: { cpu: 2 }, requests: {} }), used('app', 'cpu', 1), used('', 'cpu', 1.5)))).to.equal(75)
  })
  it('is no data for a pod that was not measured yet', () => expect(told(usage('cpu_usage_percent', sized({})))).to.equal('NoData: the resource metrics have nothing of pod cart-0 yet'))
})

describe('what a policy asks', () => {
  const trigger = { name: 'busy', type: 'metric' as const, cooldownPeriod: '5m', metricTrigger: { query: 'cpu_usage_percent', operator: '>' as const, threshold: 90, duration: '2m', window: '5m' } }
  const asked = (namespaces: string[]): unknown[] => metricQuestions(policy({ selector: { namespaces, labelSelector: { matchLabels: { app: 'cart' } } }, triggers: [trigger] })).map(({ question }) => question)
  it('is about each namespace that it selects, and no other', () => {
    expect(asked(['shop', 'bank'])).to.deep.equal([{ kind: 'podUsage', namespace: 'shop' }, { kind: 'podUsage', namespace: 'bank' }])
    expect(asked(['bank'])).to.deep.equal([{ kind: 'podUsage', namespace: 'bank' }])
  })
  it('may be a value without labels only where one object of one namespace is meant', () => {
    const single = (namespaces: string[]): boolean => contextFor(policy({ selector: { namespaces, resources: [{ apiVersion: 'v1', kind: 'Pod', names: ['cart-0'] }] } }), 'busy', 'uid-cart-0', snapshot()).single
    expect([single(['shop']), single(['bank']), single(['shop', 'bank'])]).to.deep.equal([true, true, false])
  })
})

describe('what is asked', () => {
  const ask = (overrides: Partial<Body>, object: TargetView = pod()): unknown => questionFor(args(overrides), object)
  it('PromQL as it was written, of the source that was named', () => expect(ask({ query: ' sum(x) ', source: 'main' })).to.deep.equal({ kind: 'promql', source: 'main', expression: 'sum(x)' }))
  it('the resource metrics of a namespace, once for CPU and memory', () => {
    expect(ask({ query: 'cpu_usage_percent' })).to.deep.equal({ kind: 'podUsage', namespace: 'shop' })
    expect(ask({ query: 'memory_usage_percent' })).to.deep.equal({ kind: 'podUsage', namespace: 'shop' })
  })
  it('nobody, where the object says it', () => {
    expect(ask({ query: 'restart_count' })).to.equal(undefined)
    expect(ask({ query: 'ready_percent' })).to.equal(undefined)
  })
  it('the custom metrics API by the resource of the object', () => {
    expect(ask({ query: 'queue_length', source: 'custom.metrics.k8s.io' })).to.deep.equal({ kind: 'customMetric', namespace: 'shop', resource: 'pods', metric: 'queue_length' })
    expect(ask({ query: 'queue_length', source: 'custom.metrics.k8s.io' }, cart)).to.deep.include({ resource: 'deployments.apps' })
  })
  it('the external metrics API with a selector', () => {
    expect(ask({ query: 'queue_length{queue="orders",tier!=a}', source: 'external.metrics.k8s.io' })).to.deep.equal({ kind: 'externalMetric', namespace: 'shop', metric: 'queue_length', selector: 'queue="orders",tier!=a' })
    expect(ask({ query: 'datadogmetric@shop:p99', source: 'external.metrics.k8s.io' })).to.deep.equal({ kind: 'externalMetric', namespace: 'shop', metric: 'datadogmetric@shop:p99', selector: '' })
  })
  it('a metric of such an API even if it is called as a built-in one', () => {
    expect(ask({ query: 'ready_percent', source: 'external.metrics.k8s.io' })).to.deep.include({ kind: 'externalMetric', metric: 'ready_percent' })
  })
})

