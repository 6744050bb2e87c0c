import { expect } from 'chai'
import type { KubeObject } from '../../shared/lib/object.ts'
import { parseInstant } from '../../shared/lib/time.ts'
import { claimOf, eventView, objectView, scaledView, workloadView } from './project.ts'

const raw = (kind: string, spec: unknown, status: unknown, annotations: Record<string, string> = {}): KubeObject =>
  ({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name: 'cart', namespace: 'shop', uid: 'uid-cart', resourceVersion: '7', generation: 3, creationTimestamp: '2030-01-01T12:00:00Z', annotations },
    spec,
    status,
  }) as KubeObject

const selector = { matchLabels: { app: 'cart' } }

describe('the view of a workload', () => {
  it('of a Deployment tells what it wants, what there is, and how it changes', () => {
    const status = { observedGeneration: 2, replicas: 5, readyReplicas: 3, availableReplicas: 2, updatedReplicas: 1, conditions: [{ type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated' }] }
    expect(workloadView(raw('Deployment', { replicas: 4, paused: true, strategy: { type: 'Recreate' }, selector }, status), 'apps/v1', 'Deployment')).to.deep.include({
      shape: 'Workload', generation: 3, observedGeneration: 2, replicas: 4, readyReplicas: 3, availableReplicas: 2, updatedReplicas: 1, paused: true, updateStrategy: 'Recreate', podSelector: selector,
      conditions: [{ type: 'Progressing', status: 'True', since: undefined, reason: 'ReplicaSetUpdated' }],
    })
  })
  it('of a StatefulSet tells its partition, how it orders its pods, and its newest revision', () => {
    const spec = { replicas: 2, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } }, selector }
    expect(workloadView(raw('StatefulSet', spec, {}), 'apps/v1', 'StatefulSet')).to.deep.include({ replicas: 2, updateStrategy: 'RollingUpdate', partition: 1, readyReplicas: 0, podManagement: 'OrderedReady', updateRevision: '' })
    expect(workloadView(raw('StatefulSet', { ...spec, podManagementPolicy: 'Parallel' }, { updateRevision: 'a-5d' }), 'apps/v1', 'StatefulSet')).to.deep.include({ podManagement: 'Parallel', updateRevision: 'a-5d' })
    expect(workloadView(raw('Deployment', spec, {}), 'apps/v1', 'Deployment')).to.deep.include({ podManagement: '', updateRevision: '' })
  })
  it('of a DaemonSet counts nodes', () => {
    const status = { desiredNumberScheduled: 3, numberReady: 2, numberAvailable: 1, updatedNumberScheduled: 3, observedGeneration: 3 }
    expect(workloadView(raw('DaemonSet', { updateStrategy: { type: 'OnDelete' }, selector }, status), 'apps/v1', 'DaemonSet')).to.deep.include({
      replicas: 3, readyReplicas: 2, availableReplicas: 1, updatedReplicas: 3, updateStrategy: 'OnDelete',
    })
  })
  it('that was scaled to zero wants nothing, and one that says nothing wants one pod, as the API server defaults it', () => {
    expect(workloadView(raw('Deployment', { replicas: 0 }, {}), 'apps/v1', 'Deployment').replicas).to.equal(0)
    expect(workloadView(raw('Deployment', {}, {}), 'apps/v1', 'Deployment').replicas).to.equal(1)
  })
  it('tells templates apart, with the images of all containers, and no other value of them', () => {
    const template = (image: string, env = 'a') => ({ metadata: { labels: { app: 'cart' } }, spec: { initContainers: [{ name: 'wait', image: 'wait:1' }], containers: [{ name: 'app', image, env: [{ name: 'TOKEN', value: env }] }] } })
    const of = (spec: object, kind = 'Deployment') => workloadView(raw(kind, spec, {}), 'apps/v1', kind).template
    const one = of({ template: template('cart:1') })
    expect(one?.images).to.deep.equal({ wait: 'wait:1', app: 'cart:1' })
    expect(one?.hash).to.match(/^[a-z2-7]{16}$/)
    expect(of({ replicas: 9, paused: true, template: template('cart:1') })).to.deep.equal(one)
    for (const other of [template('cart:2'), template('cart:1', 'b')]) expect(of({ template: other })?.hash).not.to.equal(one?.hash)
    expect(of({})).to.equal(undefined)
    expect(of({ template: template('cart:1') }, 'ReplicaSet')).to.equal(undefined)
  })
  it('keeps short annotations and leaves a whole object as last applied out', () => {
    const annotations = { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:shop/cart', long: 'x'.repeat(1025), limit: 'x'.repeat(1024) }
    expect(Object.keys(workloadView(raw('Deployment', {}, {}, annotations), 'apps/v1', 'Deployment').annotations)).to.deep.equal(['argocd.argoproj.io/tracking-id', 'limit'])
  })
})

describe('the view of a volume claim', () => {
  const conditions = (status: object, kind = 'PersistentVolumeClaim') => objectView(raw(kind, {}, status), 'v1', kind).conditions.map(({ type, status: of, since }) => [type, of, since])
  const created = parseInstant('2030-01-01T12:00:00Z')
  it('tells its phase as conditions: it has been Pending since it was made', () => {
    expect(conditions({ phase: 'Pending' })).to.deep.equal([['Pending', 'True', created], ['Lost', 'False', undefined]])
    expect(conditions({ phase: 'Bound' })).to.deep.equal([['Pending', 'False', undefined], ['Lost', 'False', undefined]])
    expect(conditions({ phase: 'Lost' })).to.deep.equal([['Pending', 'False', undefined], ['Lost', 'True', undefined]])
  })
  it('keeps the conditions that it has', () => expect(conditions({ phase: 'Bound', conditions: [{ type: 'Resizing', status: 'True' }] }).map(([type]) => type)).to.deep.equal(['Resizing', 'Pending', 'Lost']))
  it('without a phase tells nothing of it', () => expect(conditions({})).to.deep.equal([]))
  it('is that of no other kind', () => expect(conditions({ phase: 'Pending' }, 'Service')).to.deep.equal([]))
})

describe('the view of what is known by its scale', () => {
  const as = { apiVersion: 'example.com/v1', kind: 'Cache', plural: 'caches' }
  const seen = (scale: object, spec: unknown = { size: 3 }) => scaledView(raw('Cache', spec, { nodes: 9, observedGeneration: 2 }), { ...raw('Scale', undefined, undefined), ...scale }, as)
  it('has its numbers from there, whatever its own fields are', () => {
    const view = seen({ spec: { replicas: 3 }, status: { replicas: 2, selector: 'app=cache' } }, { replicas: 7, selector: { matchLabels: { app: 'x' } } })
    expect(view).to.deep.include({ shape: 'Workload', replicas: 3, generation: 3, observedGeneration: 2, scale: { plural: 'caches', replicas: 2 }, podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['cache'] }] } })
    expect(view.ref).to.deep.equal({ apiVersion: 'example.com/v1', kind: 'Cache', namespace: 'shop', name: 'cart', uid: 'uid-cart' })
  })
  it('TRAP: a number that is left out is 0', () => expect(seen({ spec: {}, status: { replicas: 0 } }).replicas).to.equal(0))
  for (const selector of [undefined, '', ' ', 'app=', 'a b']) {
    it(`names ${selector === 'app=' ? 'the pods with an empty label' : 'no pods'} with the selector ${JSON.stringify(selector)}: empty is never all`, () =>
      expect(seen({ spec: { replicas: 1 }, status: { replicas: 1, selector } }).podSelector).to.deep.equal(selector === 'app=' ? { matchExpressions: [{ key: 'app', operator: 'In', values: [''] }] } : undefined))
  }
})

describe('what an autoscaler decides about', () => {
  const scaler = (scaleTargetRef: object, ownerReferences?: object[]) => ({ ...raw('x', { scaleTargetRef }, {}), metadata: { ...raw('x', {}, {}).metadata, name: 'auto', ...(ownerReferences === undefined ? {} : { ownerReferences }) } }) as KubeObject
  const cases: readonly [string, ReturnType<typeof claimOf>, ReturnType<typeof claimOf>][] = [
    ['an HPA names group, kind and name', claimOf(scaler({ apiVersion: 'example.com/v1', kind: 'Cache', name: 'cart' }), 'HorizontalPodAutoscaler'), { by: 'HorizontalPodAutoscaler/auto', what: 'scales', of: { group: 'example.com', kind: 'Cache', namespace: 'shop', name: 'cart' } }],
    ['one that names no version is about any group', claimOf(scaler({ kind: 'Cache', name: 'cart' }), 'HorizontalPodAutoscaler'), { by: 'HorizontalPodAutoscaler/auto', what: 'scales', of: { kind: 'Cache', namespace: 'shop', name: 'cart' } }],
    ['one that KEDA made is named by that', claimOf(scaler({ kind: 'Cache', name: 'cart' }, [{ apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', name: 'orders', uid: 'u', controller: true }]), 'HorizontalPodAutoscaler'), { by: 'ScaledObject/orders', what: 'scales', of: { kind: 'Cache', namespace: 'shop', name: 'cart' } }],
    ['an object of KEDA is about a Deployment unless it says otherwise', claimOf(scaler({ name: 'cart' }), 'ScaledObject'), { by: 'ScaledObject/auto', what: 'scales', of: { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'cart' } }],
    ['one without a name is about nothing', claimOf(scaler({ kind: 'Cache' }), 'ScaledObject'), undefined],
  ]
  for (const [title, found, expected] of cases) it(title, () => expect(found).to.deep.equal(expected))
})

describe('the view of an event', () => {
  const event = (rest: Record<string, unknown>): KubeObject =>
    ({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'e', namespace: 'shop', uid: 'uid-e', resourceVersion: '7', creationTimestamp: '2030-01-01T11:00:00Z' },
      reason: 'BackOff',
      type: 'Warning',
      note: 'Back-off',
      regarding: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'cart-0', uid: 'uid-cart-0' },
      ...rest,
    }) as unknown as KubeObject
  const at = (time: string) => parseInstant(`2030-01-01T${time}Z`)

  it("of the kubelet's counts in the fields of core/v1", () => {
    const raw = event({ deprecatedCount: 7, deprecatedFirstTimestamp: '2030-01-01T12:00:00Z', deprecatedLastTimestamp: '2030-01-01T12:05:00Z', eventTime: null, series: null })
    expect(eventView(raw)).to.deep.equal({
      uid: 'uid-e', namespace: 'shop', reason: 'BackOff', type: 'Warning', message: 'Back-off', regarding: { kind: 'Pod', name: 'cart-0', uid: 'uid-cart-0' },
      count: 7, first: at('12:00:00'), last: at('12:05:00'),
    })
  })
  it('of a series counts in the series', () => {
    expect(eventView(event({ eventTime: '2030-01-01T12:00:00.000000Z', series: { count: 3, lastObservedTime: '2030-01-01T12:01:00.000000Z' } }))).to.include({ count: 3, first: at('12:00:00'), last: at('12:01:00') })
  })
  it("of the scheduler's is one, at its time", () => {
    expect(eventView(event({ eventTime: '2030-01-01T12:00:00.000000Z' }))).to.include({ count: 1, first: at('12:00:00'), last: at('12:00:00') })
  })
  it('without a time of its own was when it was made', () => expect(eventView(event({}))).to.include({ count: 1, last: at('11:00:00') }))
  it('with times in the wrong order began when it ended', () => {
    expect(eventView(event({ deprecatedFirstTimestamp: '2030-01-01T12:09:00Z', deprecatedLastTimestamp: '2030-01-01T12:05:00Z' }))).to.include({ first: at('12:05:00'), last: at('12:05:00') })
  })
  it('keeps the beginning of a long message', () => expect(eventView(event({ note: 'x'.repeat(5000) }))?.message).to.have.length(1024))
  it('without any time, or about nothing, is none', () => {
    const { metadata: { creationTimestamp: _, ...metadata }, ...rest } = event({})
    expect(eventView({ ...rest, metadata } as KubeObject)).to.equal(undefined)
    expect(eventView(event({ regarding: {} }))).to.equal(undefined)
  })
})
