/** A metric of a workload leads to an act on the workload, and its window has time to pass before it is judged again. */
import { expect } from 'chai'
import type { ActionTemplate, Trigger } from '../shared/api/v1alpha1/types.ts'
import type { Resource } from '../shared/kube/api.ts'
import { DEPLOYMENTS, ENDPOINT_SLICES, PODS } from '../shared/kube/resources.ts'
import { isObject } from '../shared/lib/json.ts'
import { between, minutes, seconds, type Instant, type Millis } from '../shared/lib/time.ts'
import { buildActionTemplate } from '../shared/testing/builders/objects.ts'
import type { MetricQuestion } from './healing/metrics.ts'
import type { MetricAnswer, MetricSource } from './ports/metric-source.ts'
import { NAMESPACE, Town } from './testing/town.ts'

const KEY = { namespace: NAMESPACE, name: 'cart' }
const { restartAction: _, ...bare } = buildActionTemplate()
const up: ActionTemplate = { ...bare, target: 'Workload', type: 'scale', scaleAction: { direction: 'up', minReplicas: 1, maxReplicas: 3 } }
const trigger: Trigger = { name: 'errors', type: 'metric', cooldownPeriod: '0s', metricTrigger: { query: 'error_rate_percent', operator: '>', threshold: 5, duration: '1m', window: '2m' } }
const selector = { labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion: 'apps/v1', kind: 'Deployment' }] }

describe('a metric of a workload', () => {
  let town: Town
  afterEach(() => town.stop())

  /** Errors while there is one replica, and for as long as the rate looks back. */
  class Rate implements MetricSource {
    readonly expressions = new Set<string>()
    readonly #helps: boolean
    #enough: Instant | undefined
    constructor(helps: boolean) {
      this.#helps = helps
    }
    lane = (): string => ''
    ask(question: MetricQuestion, now: Instant): Promise<MetricAnswer> {
      if (question.kind === 'promql') this.expressions.add(question.expression)
      const { spec } = town.cluster.must(DEPLOYMENTS, KEY) as { spec?: { replicas?: number } }
      if ((spec?.replicas ?? 0) > 1) this.#enough ??= now
      const calm = this.#helps && this.#enough !== undefined && between(this.#enough, now) >= minutes(2)
      return Promise.resolve({ kind: 'Series', series: [{ labels: { namespace: NAMESPACE, workload: 'cart' }, points: [{ at: now, value: calm ? 1 : 30 }] }] })
    }
    recall = (): undefined => undefined
  }

  async function live(span: Millis): Promise<void> {
    for (let passed = 0; passed < span; passed += 500) {
      await town.clock.advance(seconds(0.5))
      const { metadata, spec, status } = town.cluster.must(DEPLOYMENTS, KEY) as unknown as { metadata: { generation?: number }; spec: { replicas: number }; status?: { observedGeneration?: number } }
      if (isObject(status) && status.observedGeneration === (metadata.generation ?? 0)) continue
      for (let there = town.cluster.all(PODS).length; there < spec.replicas; there++) town.pod('healthy')
      const counts = { replicas: spec.replicas, readyReplicas: spec.replicas, availableReplicas: spec.replicas, updatedReplicas: spec.replicas }
      town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, status: { observedGeneration: metadata.generation ?? 0, ...counts } }))
    }
  }

  async function open(helps: boolean): Promise<Rate> {
    const rate = new Rate(helps)
    town = new Town({ metrics: rate, spec: { selector, triggers: [trigger], actions: [up] } })
    town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, spec: { replicas: 1, template: {} } }))
    await town.cluster.client('admin').delete(PODS, { namespace: NAMESPACE, name: 'cart-1-0' })
    town.pod('healthy')
    await town.start()
    return rate
  }
  const writes = (): string[] => town.cluster.journal.effects.filter(({ call }) => call.impersonate !== undefined).map(({ call }) => `${call.verb} ${call.resource.plural}/${call.subresource}`)

  it('scales it up once, and what the rate still remembers is not held against it', async () => {
    const rate = await open(true)
    await live(minutes(8))
    expect(town.actions.map(({ spec, status }) => [spec.targetResource.kind, spec.trigger.evidence, status?.outcome])).to.deep.equal([['Deployment', 'error_rate_percent is 30 (> 5)', 'Effective']])
    expect(writes()).to.have.lengthOf(1)
    // The level of the workload, and one question.
    expect([...rate.expressions]).to.have.lengthOf(1)
    expect([...rate.expressions][0]).to.include('destination_workload')
  })

  it('that goes on was not helped', async () => {
    await open(false)
    await live(minutes(9))
    expect(town.actions[0]?.status?.outcome).to.be.oneOf(['Ineffective', 'Reverted'])
  })
})

describe('the availability of a Service', () => {
  const SERVICES: Resource = { group: '', version: 'v1', kind: 'Service', plural: 'services', namespaced: true }
  let town: Town
  afterEach(() => town.stop())

  const endpoints = (...ready: readonly boolean[]): void =>
    void town.cluster.seed(ENDPOINT_SLICES, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `cart-${ready.join('-')}`, namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': 'cart' } },
      endpoints: ready.map((isReady, i) => ({ addresses: [`10.0.0.${ready.length}${i}`], conditions: { ready: isReady } })),
    })
  const state = () => town.policy.status?.triggers?.[0]

  it('is that of its endpoints, and no data without any', async () => {
    const available: Trigger = { name: 'available', type: 'metric', cooldownPeriod: '0s', metricTrigger: { query: 'availability_percent', operator: '<', threshold: 50, duration: '1m', window: '5m' } }
    town = new Town({ spec: { mode: 'monitor', selector: { labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion: 'v1', kind: 'Service' }] }, triggers: [available] } })
    town.cluster.seed(SERVICES, { apiVersion: 'v1', kind: 'Service', metadata: { name: 'cart', namespace: NAMESPACE, labels: { app: 'cart' } } })
    await town.start()
    expect(state()).to.include({ state: 'NoData', message: 'Service cart in namespace shop has no endpoints' })
    endpoints(true, false)
    await town.live(seconds(30))
    expect(state()).to.include({ state: 'Quiet' })
    endpoints(false, false, false)
    await town.live(seconds(35))
    expect(state()).to.include({ state: 'Pending', value: 20, message: 'availability_percent is 20 (< 50)' })
    await town.live(seconds(65))
    expect(state()).to.include({ state: 'Firing' })
    expect(town.policy.status?.findings?.[0]?.object).to.include({ kind: 'Service', name: 'cart' })
  })
})
