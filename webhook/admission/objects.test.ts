import { expect } from 'chai'
import type { KubeObject, KubeReader, ListOptions, Resource } from '../../shared/kube/api.ts'
import { ApiError } from '../../shared/kube/errors.ts'
import { DEPLOYMENTS, HORIZONTAL_POD_AUTOSCALERS, PODS, STATEFUL_SETS } from '../../shared/kube/resources.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { FakeCluster } from '../../shared/testing/fake-cluster/fake-cluster.ts'
import { FakeClock } from '../../shared/testing/fake-clock.ts'
import { liveObjects, LISTED } from './objects.ts'

interface Asked {
  readonly resource: Resource
  readonly options: ListOptions
}

const failure = (kind: 'Timeout' | 'Forbidden'): ApiError => new ApiError({ kind, code: 0, request: 'LIST' })

/** A cluster that has `pods` pods in each namespace, and takes `latency` for each page. */
function many(pods: number, { latency = 0, fail = (_resource: Resource): ApiError | undefined => undefined } = {}) {
  const asked: Asked[] = []
  let now = 0
  const list = ((resource: Resource, options: ListOptions = {}) => {
    asked.push({ resource, options })
    now += latency
    const error = fail(resource)
    if (error !== undefined) return Promise.reject(error)
    const from = Number(options.continue ?? 0)
    const count = resource === PODS ? Math.max(0, Math.min(options.limit ?? pods, pods - from)) : 0
    const items = Array.from({ length: count }, (_, index) => ({ apiVersion: '', kind: '', metadata: { name: `p${from + index}`, namespace: options.namespace, uid: `u${from + index}`, resourceVersion: '1', creationTimestamp: '' } }) as KubeObject)
    return Promise.resolve({ items, resourceVersion: '1', ...(from + count < pods && resource === PODS ? { continue: String(from + count) } : {}) })
  }) as KubeReader['list']
  return { look: liveObjects({ api: { list }, timers: { monotonic: () => now as never }, log: silentLogger }), asked }
}

describe('the live objects of a namespace', () => {
  it('are its pods and workloads, with their labels and controllers', async () => {
    const clock = new FakeClock()
    const cluster = new FakeCluster({ clock, timers: clock })
    const deployment = cluster.seed(DEPLOYMENTS, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'cart', namespace: 'shop', labels: { app: 'cart' } } })
    const owner = (controller: boolean) => ({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart', uid: controller ? deployment.metadata.uid : 'other', controller })
    cluster.seed(PODS, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'cart-0', namespace: 'shop', ownerReferences: [owner(false), owner(true)] } })
    cluster.seed(PODS, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'elsewhere', namespace: 'bank' } })
    const found = await liveObjects({ api: cluster.client('webhook'), timers: clock, log: silentLogger })(['shop'])
    expect(found?.complete).to.equal(true)
    expect(found?.objects.map(({ apiVersion, kind, namespace, name, labels, owner: by }) => [apiVersion, kind, namespace, name, labels, by === deployment.metadata.uid])).to.deep.equal([
      ['v1', 'Pod', 'shop', 'cart-0', {}, true],
      ['apps/v1', 'Deployment', 'shop', 'cart', { app: 'cart' }, false],
    ])
  })

  it('where a policy scales have their numbers of replicas, and are named with what scales them', async () => {
    const clock = new FakeClock()
    const cluster = new FakeCluster({ clock, timers: clock })
    const metadata = (name: string, namespace = 'shop') => ({ name, namespace })
    for (const namespace of ['shop', 'bank']) cluster.seed(DEPLOYMENTS, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: metadata('cart', namespace), spec: { replicas: 3 } })
    cluster.seed(STATEFUL_SETS, { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: metadata('db'), spec: { replicas: 2 } })
    const autoscaler = (name: string, scaleTargetRef: object, owned = {}, namespace = 'shop') =>
      cluster.seed(HORIZONTAL_POD_AUTOSCALERS, { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { ...metadata(name, namespace), ...owned }, spec: { scaleTargetRef } })
    autoscaler('cart', { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' })
    autoscaler('keda-hpa-db', { kind: 'StatefulSet', name: 'db' }, { ownerReferences: [{ apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', name: 'db', uid: 'u', controller: true }] })
    autoscaler('cart', { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' }, {}, 'bank')
    for (const [name, target] of Object.entries({ nothing: {}, nameless: { kind: 'Deployment' }, kindless: { name: 'cart' } })) autoscaler(name, target)
    const look = liveObjects({ api: cluster.client('webhook'), timers: clock, log: silentLogger })
    const found = await look(['shop', 'bank'], { scaledIn: 'shop' })
    expect(found?.objects.map(({ namespace, name, replicas }) => [namespace, name, replicas])).to.deep.equal([['shop', 'cart', 3], ['shop', 'db', 2], ['bank', 'cart', undefined]])
    expect(found?.autoscalers).to.deep.equal([
      { kind: 'HorizontalPodAutoscaler', name: 'cart', of: { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'cart' } },
      { kind: 'ScaledObject', name: 'db', of: { kind: 'StatefulSet', namespace: 'shop', name: 'db' } },
    ])
    expect(await look(['shop'])).to.not.have.property('autoscalers')
  })

  it('whose autoscalers nobody may list are known without them', async () => {
    const found = await many(1, { fail: (resource) => (resource === HORIZONTAL_POD_AUTOSCALERS ? failure('Forbidden') : undefined) }).look(['shop'], { scaledIn: 'shop' })
    expect(found).to.include({ complete: true }).and.to.not.have.property('autoscalers')
  })

  it('no more than their metadata is asked for, and no namespace is no question', async () => {
    const { look, asked } = many(1)
    await look(['shop', 'bank'])
    expect(asked.map(({ resource, options }) => [resource, options.namespace, options.metadataOnly])).to.deep.equal(['shop', 'bank'].flatMap((namespace) => LISTED.map((resource) => [resource, namespace, true])))
    expect(await many(1).look([])).to.equal(undefined)
  })

  it('where a policy scales, and nowhere else, the whole is asked for of what has replicas, and of nothing else', async () => {
    const { look, asked } = many(1)
    await look(['shop', 'bank'], { scaledIn: 'shop' })
    const whole = asked.filter(({ options }) => options.metadataOnly !== true).map(({ resource, options }) => `${resource.plural} in ${options.namespace}`)
    expect(asked.every(({ options }) => options.timeout !== undefined && options.timeout <= 1000)).to.equal(true)
    expect(whole).to.have.members(['deployments', 'statefulsets', 'horizontalpodautoscalers'].map((plural) => `${plural} in shop`))
  })

  for (const [pods, counted, complete] of [[500, 500, true], [501, 501, true], [2000, 2000, true], [2001, 2000, false]] as const) {
    it(`of ${pods} pods ${counted} are counted`, async () => {
      const found = await many(pods).look(['shop'])
      expect([found?.objects.length, found?.complete]).to.deep.equal([counted, complete])
    })
  }

  it('more than four namespaces are not looked at', async () => {
    const { look, asked } = many(1)
    const found = await look(['a', 'b', 'c', 'd', 'e'])
    expect(found?.complete).to.equal(false)
    expect(new Set(asked.map(({ options }) => options.namespace)).size).to.equal(4)
  })

  it('every request has only the time that is left, and after a second none is sent', async () => {
    const { look, asked } = many(2000, { latency: 180 })
    const found = await look(['shop'])
    expect(found?.complete).to.equal(false)
    expect(asked.every(({ options }) => (options.timeout ?? Infinity) > 0 && (options.timeout ?? Infinity) <= 1000)).to.equal(true)
    expect(asked.length).to.be.below(LISTED.length + 3)
  })

  it('are those that came before the time was over or a page could not be had', async () => {
    const late = await many(2000, { latency: Math.floor(1000 / LISTED.length) }).look(['shop'])
    expect(late?.objects.length).to.be.within(500, 1999)
    expect(late?.complete).to.equal(false)
    let pages = 0
    const broken = await many(2000, { fail: (resource) => (resource === PODS && ++pages > 1 ? failure('Timeout') : undefined) }).look(['shop'])
    expect([broken?.objects.length, broken?.complete]).to.deep.equal([500, false])
  })

  it('hide no mistake of ours', async () => {
    const mistake = new TypeError('a mistake')
    for (const listed of [PODS, HORIZONTAL_POD_AUTOSCALERS]) {
      const { look } = many(1, { fail: (resource) => (resource === listed ? (mistake as unknown as ApiError) : undefined) })
      expect(await look(['shop'], { scaledIn: 'shop' }).catch((error: unknown) => error)).to.equal(mistake)
    }
  })

  it('what cannot be listed is left out, and said to be; nothing at all is nothing known', async () => {
    const partly = await many(3, { fail: (resource) => (resource === PODS ? undefined : failure('Forbidden')) }).look(['shop'])
    expect([partly?.objects.length, partly?.complete]).to.deep.equal([3, false])
    expect(await many(3, { fail: () => failure('Timeout') }).look(['shop'])).to.equal(undefined)
  })
})
