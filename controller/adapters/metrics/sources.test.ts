import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import type { KubeApi, KubeObject, ListOptions, ObjectList, Resource } from '../../../shared/kube/api.ts'
import { ApiError, type ApiErrorKind } from '../../../shared/kube/errors.ts'
import { collectionPath } from '../../../shared/kube/paths.ts'
import { systemTimers } from '../../../shared/adapters/system-clock.ts'
import { instant, seconds } from '../../../shared/lib/time.ts'
import type { MetricQuestion, Series } from '../../healing/metrics.ts'
import type { MetricAnswer } from '../../ports/metric-source.ts'
import type { KubeletSource } from './kubelets.ts'
import { MetricSources, type PrometheusSourceConfig } from './sources.ts'

const NOW = instant(Date.UTC(2030, 0, 1))
const STAMP = '2030-01-01T00:00:00Z'

interface Call {
  readonly path: string
  readonly options: ListOptions
}

/** Answers lists by path; what is not there is not found. */
function sourcesOf(answers: Readonly<Record<string, readonly unknown[] | ApiErrorKind>>, prometheus: readonly Partial<PrometheusSourceConfig>[] = []) {
  const calls: Call[] = []
  const api: Pick<KubeApi, 'list'> = {
    list: <T extends KubeObject>(resource: Resource, options: ListOptions = {}): Promise<ObjectList<T>> => {
      const path = collectionPath(resource, options.namespace, 'test')
      calls.push({ path, options })
      const answer = answers[path] ?? 'NotFound'
      if (typeof answer === 'string') return Promise.reject(new ApiError({ kind: answer, code: answer === 'Server' ? 503 : 404, request: 'LIST', serverMessage: 'sesame' }))
      return Promise.resolve({ items: answer as readonly T[], resourceVersion: '' })
    },
  }
  const full = prometheus.map((config) => ({
    name: 'main', url: 'http://127.0.0.1:1', timeout: seconds(1), tokenFile: undefined, username: undefined, passwordFile: undefined, caFile: undefined, headers: undefined, trustExportedLabels: false,
    ...config,
  }))
  const sources = new MetricSources({ api, timers: systemTimers, prometheus: full })
  return { calls, ask: (question: MetricQuestion) => sources.ask(question, NOW), sources }
}
const told = (answer: MetricAnswer): unknown => (answer.kind === 'NoData' ? answer.why : answer.series.map(({ labels, points }: Series) => [labels, ...points.map(({ value }) => value)]))

describe('the resource metrics API', () => {
  const PATH = '/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods'
  const question: MetricQuestion = { kind: 'podUsage', namespace: 'shop' }
  const podMetrics = (name: string, containers: unknown, timestamp: unknown = STAMP): object => ({ metadata: { name, namespace: 'shop' }, timestamp, window: '15s', containers })

  it('is read once for all containers of a namespace', async () => {
    const { ask, calls } = sourcesOf({ [PATH]: [podMetrics('cart-0', [{ name: 'app', usage: { cpu: '250m', memory: '64Mi' } }, { name: 'proxy', usage: { cpu: '50000000n', memory: '1Mi' } }])] })
    expect(told(await ask(question))).to.deep.equal([
      [{ namespace: 'shop', pod: 'cart-0', container: 'app', resource: 'cpu' }, 0.25],
      [{ namespace: 'shop', pod: 'cart-0', container: 'proxy', resource: 'cpu' }, 0.05],
      [{ namespace: 'shop', pod: 'cart-0', container: '', resource: 'cpu' }, 0.3],
      [{ namespace: 'shop', pod: 'cart-0', container: 'app', resource: 'memory' }, 64 * 2 ** 20],
      [{ namespace: 'shop', pod: 'cart-0', container: 'proxy', resource: 'memory' }, 2 ** 20],
      [{ namespace: 'shop', pod: 'cart-0', container: '', resource: 'memory' }, 65 * 2 ** 20],
    ])
    expect(calls.map(({ path }) => path)).to.deep.equal([PATH])
  })
  it('says over which time it was measured, where that is told', async () => {
    const over = async (window: unknown): Promise<unknown> => {
      const answer = await sourcesOf({ [PATH]: [{ ...podMetrics('cart-0', [{ name: 'app', usage: { cpu: '1' } }]), window }] }).ask(question)
      return answer.kind === 'Series' ? answer.series[0]?.points[0]?.over : answer.why
    }
    expect(await over('15.04s')).to.equal(15_040)
    expect(await over('1m0s')).to.equal(60_000)
    expect(await over(15)).to.equal(undefined)
    expect(await over('soon')).to.equal(undefined)
  })
  const nonsense: readonly [string, unknown, unknown][] = [
    ['no containers', undefined, STAMP],
    ['containers that are no list', 'app', STAMP],
    ['no usage', [{ name: 'app' }], STAMP],
    ['usage that is no quantity', [{ name: 'app', usage: { cpu: 'much' } }], STAMP],
    ['no name', [{ usage: { cpu: '1' } }], STAMP],
    ['no time', [{ name: 'app', usage: { cpu: '1' } }], undefined],
    ['a time that is none', [{ name: 'app', usage: { cpu: '1' } }], 'now'],
  ]
  for (const [title, containers, timestamp] of nonsense) {
    it(`with ${title} tells nothing of that pod`, async () => expect(told(await sourcesOf({ [PATH]: [{ ...podMetrics('cart-0', containers), timestamp }] }).ask(question))).to.deep.equal([]))
  }
  it('that is not there is no data', async () => expect(told(await sourcesOf({}).ask(question))).to.equal('metrics-server is not installed: the API metrics.k8s.io is not served'))
  it('that does not answer is no data', async () => expect(told(await sourcesOf({ [PATH]: 'Server' }).ask(question))).to.equal('the resource metrics API does not answer (503): whatever serves it is down or not ready'))
  it('that may not be read is no data', async () => expect(told(await sourcesOf({ [PATH]: 'Forbidden' }).ask(question))).to.equal('the controller may not read the resource metrics API: apply the current config/rbac'))
  it('keeps no past', () => expect(sourcesOf({}).sources.recall(question, { span: seconds(60), step: seconds(30) }, NOW)).to.equal(undefined))
})

describe('the custom metrics API', () => {
  const question: MetricQuestion = { kind: 'customMetric', namespace: 'shop', resource: 'deployments.apps', metric: 'queue_length' }
  const path = (version: string): string => `/apis/custom.metrics.k8s.io/${version}/namespaces/shop/deployments.apps/*/queue_length`
  const item = (described: unknown, value: unknown = '1500m'): object => ({ metadata: {}, describedObject: described, timestamp: STAMP, value })

  it('tells of each object', async () => {
    const { ask } = sourcesOf({ [path('v1beta2')]: [item({ kind: 'Deployment', name: 'cart', namespace: 'shop' }), item({ kind: 'Job', name: 'import' }, 7)] })
    expect(told(await ask(question))).to.deep.equal([[{ namespace: 'shop', deployment: 'cart' }, 1.5], [{ namespace: 'shop', job_name: 'import' }, 7]])
  })
  it('is asked in its older version where it has only that', async () => {
    const { ask, calls } = sourcesOf({ [path('v1beta1')]: [item({ kind: 'Deployment', name: 'cart' })] })
    expect(told(await ask(question))).to.deep.equal([[{ namespace: 'shop', deployment: 'cart' }, 1.5]])
    expect(calls).to.have.lengthOf(2)
  })
  it('with nonsense tells nothing', async () => {
    expect(told(await sourcesOf({ [path('v1beta2')]: [item(undefined), item({ kind: 5, name: 'cart' }), item({ kind: 'Pod', name: 'a' }, 'much'), { metadata: {} }] }).ask(question))).to.deep.equal([])
  })
  it('that has no such metric is no data', async () => expect(told(await sourcesOf({}).ask(question))).to.equal('custom.metrics.k8s.io has no metric queue_length of deployments.apps, or no adapter serves it'))
  it('is not led elsewhere by the name of a metric', async () => {
    const { ask, calls } = sourcesOf({})
    await ask({ ...question, metric: 'queue?x=1#y' })
    expect(calls[0]?.path).to.equal('/apis/custom.metrics.k8s.io/v1beta2/namespaces/shop/deployments.apps/*/queue%3Fx%3D1%23y')
  })
  // The API server has decoded the path when it asks who may read it, and hands it on like that.
  for (const metric of ['../../../bank/pods/*/balance', '..', '.', 'a%2fb', 'a/b']) {
    for (const kind of ['customMetric', 'externalMetric'] as const) {
      it(`is not asked for ${metric} as ${kind}, and says why`, async () => {
        const { ask, calls } = sourcesOf({})
        expect(told(await ask(kind === 'customMetric' ? { ...question, metric } : { kind, namespace: 'shop', metric, selector: '' }))).to.equal(`${metric} can be no metric of these APIs: its name would be a part of a path, so it holds neither / nor %`)
        expect(calls).to.deep.equal([])
      })
    }
  }
})

describe('the external metrics API', () => {
  const question: MetricQuestion = { kind: 'externalMetric', namespace: 'shop', metric: 'queue_length', selector: 'queue=orders' }
  const PATH = '/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/queue_length'
  it('tells values with their labels', async () => {
    const { ask, calls } = sourcesOf({ [PATH]: [{ metadata: {}, metricName: 'queue_length', metricLabels: { queue: 'orders', n: 5 }, timestamp: STAMP, value: '42' }] })
    expect(told(await ask(question))).to.deep.equal([[{ queue: 'orders' }, 42]])
    expect(calls[0]?.options.labelSelector).to.equal('queue=orders')
  })
  it('that is not there is no data', async () => expect(told(await sourcesOf({}).ask(question))).to.equal('external.metrics.k8s.io has no metric queue_length, or no adapter serves it'))
})

describe('endpoints of Services', () => {
  const PATH = '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices'
  const question: MetricQuestion = { kind: 'endpoints', namespace: 'shop' }
  const slice = (service: string | undefined, endpoints: unknown): object => ({ metadata: { name: 'x', labels: service === undefined ? {} : { 'kubernetes.io/service-name': service } }, endpoints })
  const endpoint = (address: string, ready?: boolean, uid?: string): object => ({ addresses: [address], conditions: ready === undefined ? {} : { ready }, ...(uid === undefined ? {} : { targetRef: { uid } }) })

  it('are counted over all slices of a Service', async () => {
    const { ask } = sourcesOf({ [PATH]: [slice('cart', [endpoint('10.0.0.1', true), endpoint('10.0.0.2', false)]), slice('cart', [endpoint('10.0.0.3', false), endpoint('10.0.0.4')]), slice('web', [endpoint('10.0.0.9', false)])] })
    expect(told(await ask(question))).to.deep.equal([[{ namespace: 'shop', service: 'cart' }, 50], [{ namespace: 'shop', service: 'web' }, 0]])
  })
  it('of one pod in two address families are one', async () => {
    const { ask } = sourcesOf({ [PATH]: [slice('cart', [endpoint('10.0.0.1', true, 'a'), endpoint('10.0.0.2', false, 'b')]), slice('cart', [endpoint('fd00::1', true, 'a'), endpoint('fd00::2', false, 'b')])] })
    expect(told(await ask(question))).to.deep.equal([[{ namespace: 'shop', service: 'cart' }, 50]])
  })
  it('that are none are no data, and so is nonsense', async () => {
    expect(told(await sourcesOf({ [PATH]: [slice('cart', []), slice('web', null), slice(undefined, [endpoint('10.0.0.1', true)]), slice('odd', [{ addresses: [] }, 5])] }).ask(question))).to.deep.equal([])
  })
})

describe('Prometheus sources by name', () => {
  const ask = async (names: readonly string[], source?: string): Promise<unknown> => told(await sourcesOf({}, names.map((name) => ({ name }))).ask({ kind: 'promql', source, expression: 'up' }))
  it('none is configured', async () => expect(await ask([])).to.equal('no Prometheus is configured: the installation needs one in prometheus.sources'))
  it('the only one is asked when none is named', async () => expect(await ask(['main'])).to.match(/^the Prometheus source main .* cannot be reached/))
  it('the one called default is asked when none is named', async () => expect(await ask(['main', 'default'])).to.match(/^the Prometheus source default /))
  it('with several and no default, one must be named', async () => expect(await ask(['a', 'b'])).to.equal("there are several Prometheus sources and none is called default: write one of a, b as the trigger's source"))
  it('the named one is asked', async () => expect(await ask(['a', 'b'], 'b')).to.match(/^the Prometheus source b /))
  it('is told by its name, and what has none by nothing', () => {
    const nameOf = (names: readonly string[], source?: string): string => sourcesOf({}, names.map((name) => ({ name }))).sources.nameOf({ kind: 'promql', source, expression: 'up' })
    expect([nameOf(['main']), nameOf(['a', 'b'], 'b'), nameOf(['a', 'b'], 'c'), nameOf([])]).to.deep.equal(['main', 'b', '', ''])
    expect(sourcesOf({}, [{ name: 'main' }]).sources.nameOf({ kind: 'podUsage', namespace: 'shop' })).to.equal('')
  })
  it('one that is not there says which are', async () => expect(await ask(['a', 'b'], 'c')).to.equal('no Prometheus source is called c; there is a, b'))
})

describe('labels of a Prometheus source', () => {
  const said = { namespace: 'shop', pod: 'cart-0', exported_pod: 'cart-1' }
  let server: Server
  before((done) => {
    // The same to each question: what counts is what was asked.
    server = createServer((_request, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result: [{ metric: said, value: [NOW / 1000, '1'] }] } }))).listen(0, '127.0.0.1', done)
  })
  after(() => server.close())
  const labelsOf = async (expression: string, trustExportedLabels: boolean): Promise<unknown> => {
    const { sources } = sourcesOf({}, [{ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, trustExportedLabels }])
    const answer = await sources.ask({ kind: 'promql', source: undefined, expression }, NOW)
    await sources.close()
    return answer.kind === 'Series' ? answer.series[0]?.labels : answer.why
  }
  const cases: readonly [string, string, object][] = [
    ['stay as they are', 'lock_age', said],
    ['that the query makes of what a process says are called so', 'label_replace(lock_age, "pod", "$1", "exported_pod", "(.*)")', { namespace: 'shop', exported_pod: 'cart-1' }],
    ['of a namespace that is made so are too', 'label_replace(lock_age, "namespace", "$1", "exported_namespace", "(.*)")', { exported_namespace: 'shop', pod: 'cart-0', exported_pod: 'cart-1' }],
    ['of a namespace that is written over are too', 'label_replace(lock_age, "namespace", "shop", "", "")', { exported_namespace: 'shop', pod: 'cart-0', exported_pod: 'cart-1' }],
    ["that are all the author's own stay", 'label_replace(label_replace(vector(time()), "namespace", "shop", "", ""), "pod", "cart-0", "", "")', said],
    ['of what only another server understands stay', 'label_set(lock_age, "pod", "cart-0")', said],
  ]
  for (const [title, expression, expected] of cases) it(title, async () => expect(await labelsOf(expression, false)).to.deep.equal(expected))
  it('that a process says of itself count where the source trusts them', async () => {
    for (const [, expression] of cases) expect(await labelsOf(expression, true)).to.deep.equal({ ...said, pod: 'cart-1' })
  })
})

describe('the kubelets as a source', () => {
  const question: MetricQuestion = { kind: 'kubelet', node: 'worker-1', namespace: 'shop' }
  const open = (kubelets?: KubeletSource): MetricSources => new MetricSources({ api: { list: () => expect.fail('listed') }, timers: systemTimers, prometheus: [], ...(kubelets === undefined ? {} : { kubelets }) })
  it('that the installation does not want are not asked, and nobody is told that they could be', async () => {
    expect(open().kubelets).to.equal(undefined)
    expect(told(await open().ask(question, NOW))).to.equal('the kubelets are not asked: the installation does not say metrics.kubelet.enabled')
  })
  it('are asked, keep no past, and are closed with the others', async () => {
    let closed = false
    const sources = open({ ask: ({ node }) => Promise.resolve({ kind: 'NoData', why: node }), close: () => Promise.resolve(void (closed = true)) })
    expect([sources.kubelets, told(await sources.ask(question, NOW))]).to.deep.equal([true, 'worker-1'])
    expect(sources.recall(question, { span: seconds(60), step: seconds(30) }, NOW)).to.equal(undefined)
    await sources.close()
    expect(closed).to.equal(true)
  })
  it('do not wait for each other', () => {
    const lane = (node: string, namespace: string): string => open().lane({ kind: 'kubelet', node, namespace })
    expect(new Set([lane('a', 'x'), lane('b', 'x'), lane('a', 'y')]).size).to.equal(3)
  })
})
