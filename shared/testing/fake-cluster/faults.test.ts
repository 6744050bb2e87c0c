import { expect } from 'chai'
import { millis, minutes, seconds } from '../../lib/time.ts'
import { CONFIG_MAPS, HEALING_POLICIES, NAMESPACES, PODS } from '../../kube/resources.ts'
import { FakeClock, settle } from '../fake-clock.ts'
import { configMap, firstEvents, refusal } from '../contract/harness.ts'
import { FakeCluster, type FakeClusterOptions } from './fake-cluster.ts'
import { SERVER_ERROR, THROTTLED } from './faults.ts'

const key = { namespace: 'shop', name: 'a' }
const setup = (options: Partial<FakeClusterOptions> = {}) => {
  const clock = new FakeClock()
  const cluster = new FakeCluster({ clock, timers: clock, ...options })
  cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
  return { clock, cluster, api: cluster.client('controller', 'kubeskippy/1') }
}

describe('the fake cluster', () => {
  it('journals who did what, and tells what the server did from what the client was told', async () => {
    const { api, cluster } = setup()
    cluster.faults.add(({ verb }) => (verb === 'create' ? { when: 'after', answer: 'reset' } : undefined), 1)
    const impersonate = 'system:serviceaccount:shop:kubeskippy-healer'
    await refusal(api.create(CONFIG_MAPS, configMap(key), { impersonate, fieldManager: 'us', userAgent: 'act-1' }), 'Network')
    await refusal(api.create(CONFIG_MAPS, configMap(key)), 'AlreadyExists')
    await api.patch(CONFIG_MAPS, key, { type: 'merge', body: { data: { a: 'b' } } }, { dryRun: true })
    const { uid } = cluster.must(CONFIG_MAPS, key).metadata
    expect(cluster.journal.writes.map(({ outcome, answered, changed, uid: known }) => [outcome, answered, changed, known === uid])).to.deep.equal([
      ['ok', 'Network', true, true],
      ['AlreadyExists', 'AlreadyExists', false, true],
      ['ok', 'ok', false, true],
    ])
    expect(cluster.journal.effects[0]?.call).to.deep.include({ verb: 'create', user: 'controller', impersonate, fieldManager: 'us', userAgent: 'act-1', ...key })
  })

  it('fails before the commit without a trace, and after it with one', async () => {
    const { api, cluster } = setup()
    cluster.faults.add(() => ({ when: 'before', answer: SERVER_ERROR }), 1)
    await refusal(api.create(CONFIG_MAPS, configMap(key)), 'Server', 500)
    expect(cluster.peek(CONFIG_MAPS, key)).to.equal(undefined)
    cluster.faults.add(() => ({ when: 'after', answer: SERVER_ERROR }), 1)
    await refusal(api.create(CONFIG_MAPS, configMap(key)), 'Server', 500)
    expect(cluster.peek(CONFIG_MAPS, key)).to.not.equal(undefined)
  })

  it('throttles in plain text, without carrying anything out', async () => {
    const { api, cluster } = setup()
    cluster.faults.add(() => ({ when: 'before', answer: THROTTLED }), 1)
    expect((await refusal(api.create(CONFIG_MAPS, configMap(key)), 'Throttled', 429)).retryAfter).to.equal(1000)
    expect(cluster.journal.effects).to.deep.equal([])
  })

  it('hangs until the deadline of the call, or its signal', async () => {
    const { api, cluster, clock } = setup()
    cluster.faults.add(() => ({ when: 'before', answer: 'hang' }))
    const late = refusal(api.get(CONFIG_MAPS, key, { timeout: seconds(3) }), 'Timeout', 0)
    await clock.advance(seconds(3))
    await late
    const abort = new AbortController()
    const aborted = refusal(api.get(CONFIG_MAPS, key, { signal: abort.signal }), 'Aborted', 0)
    await settle()
    abort.abort()
    await aborted
  })

  it('takes its time on the wire, and cuts off what takes longer than the deadline', async () => {
    const { api, cluster, clock } = setup({ latency: () => seconds(2) })
    const slow = api.create(CONFIG_MAPS, configMap(key), { timeout: seconds(5) })
    await clock.advance(seconds(4))
    await slow
    const late = refusal(api.get(CONFIG_MAPS, key, { timeout: seconds(1) }), 'Timeout')
    await clock.advance(seconds(1))
    await late
    expect(cluster.peek(CONFIG_MAPS, key)).to.not.equal(undefined)
  })

  it('denies by its hook, before anything else is said about the object', async () => {
    const { cluster } = setup({ deny: ({ impersonate, verb }) => (impersonate === undefined && verb === 'create' ? 'no write verb of its own' : undefined) })
    await refusal(cluster.client('controller').create(CONFIG_MAPS, configMap({ ...key, namespace: 'none' })), 'Forbidden', 403)
    await cluster.create(CONFIG_MAPS, configMap(key), { impersonate: 'system:serviceaccount:shop:kubeskippy-healer' })
  })

  it('defaults and refuses custom resources by its hook', async () => {
    const { api } = setup({
      admit: (resource, object, old) => {
        if (resource !== HEALING_POLICIES) return { object }
        if (object['spec'] === undefined) return { causes: [{ reason: 'FieldValueRequired', field: 'spec', message: 'Required value' }] }
        return { object: old === undefined ? { ...object, spec: { mode: 'dryrun', ...(object.spec as object) } } : object }
      },
    })
    const policy = { apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingPolicy', metadata: key }
    expect((await refusal(api.create(HEALING_POLICIES, policy), 'Invalid', 422)).causes[0]?.field).to.equal('spec')
    expect(await api.create(HEALING_POLICIES, { ...policy, spec: {} } as typeof policy)).to.deep.include({ spec: { mode: 'dryrun' } })
  })

  it('answers reviews by its hook', async () => {
    const review = { group: 'authorization.k8s.io', version: 'v1', kind: 'SubjectAccessReview', plural: 'subjectaccessreviews', namespaced: false }
    const { api } = setup({ post: ({ resource }, body) => (resource === review ? { ...(body as object), status: { allowed: true } } : undefined) })
    expect(await api.post(review, { name: '' }, '', { spec: { user: 'alice' } })).to.deep.equal({ spec: { user: 'alice' }, status: { allowed: true } })
    await refusal(api.post(PODS, key, 'binding', {}), 'NotFound', 404)
  })

  it('lets a pod on a node take its time to go', async () => {
    const { cluster, clock } = setup({ podTermination: seconds(20) })
    cluster.seed(PODS, { apiVersion: 'v1', kind: 'Pod', metadata: key, spec: { nodeName: 'n' }, status: { phase: 'Running' } })
    await cluster.delete(PODS, key)
    expect(cluster.must(PODS, key).metadata.deletionTimestamp).to.equal('2030-01-01T00:00:30Z')
    await clock.advance(seconds(20))
    expect(cluster.peek(PODS, key)).to.equal(undefined)
  })

  it('keeps an object with finalizers until the last of them is removed', async () => {
    const { cluster } = setup()
    await cluster.create(CONFIG_MAPS, { ...configMap(key), metadata: { ...key, finalizers: ['a/b'] } } as ReturnType<typeof configMap>)
    await cluster.delete(CONFIG_MAPS, key)
    expect(cluster.must(CONFIG_MAPS, key).metadata.deletionTimestamp).to.be.a('string')
    await cluster.patch(CONFIG_MAPS, key, { type: 'merge', body: { metadata: { finalizers: null } } })
    expect(cluster.peek(CONFIG_MAPS, key)).to.equal(undefined)
  })

  it('holds events back from a cache that shall lag, and gives them in order later', async () => {
    const { cluster, api } = setup()
    const { resourceVersion } = cluster
    const seen: string[] = []
    const watching = (async () => {
      for await (const event of api.watch(CONFIG_MAPS, { resourceVersion, timeoutSeconds: 600 })) seen.push(event.type)
    })()
    await settle()
    const release = cluster.watches.hold()
    cluster.seed(CONFIG_MAPS, configMap(key))
    cluster.drop(CONFIG_MAPS, key)
    await settle()
    expect(seen).to.deep.equal([])
    release()
    cluster.watches.end()
    await watching
    expect(seen).to.deep.equal(['ADDED', 'DELETED'])
  })

  it('sends a bookmark every minute and ends a watch with one', async () => {
    const { cluster, api, clock } = setup()
    const seen: string[] = []
    const watching = (async () => {
      for await (const event of api.watch(CONFIG_MAPS, { resourceVersion: cluster.resourceVersion, timeoutSeconds: 150 })) seen.push(event.type)
    })()
    await clock.advance(minutes(3))
    await watching
    expect(seen).to.deep.equal(['BOOKMARK', 'BOOKMARK', 'BOOKMARK'])
  })

  it('hands out objects that cannot be changed by mistake', async () => {
    const { cluster } = setup()
    cluster.seed(CONFIG_MAPS, configMap(key, { a: 'b' }))
    const read = await cluster.get<ReturnType<typeof configMap> & { metadata: never }>(CONFIG_MAPS, key)
    expect(() => Object.assign(read.data, { a: 'c' })).to.throw()
  })

  it('is deaf to a watch from the future until its versions get there, as after a restore', async () => {
    const { cluster, api, clock } = setup()
    const backup = cluster.snapshot()
    cluster.seed(CONFIG_MAPS, configMap(key))
    const { resourceVersion } = cluster
    cluster.restore(backup)
    const watching = firstEvents(api.watch(CONFIG_MAPS, { resourceVersion, timeoutSeconds: 600 }), 1)
    await settle()
    cluster.seed(CONFIG_MAPS, configMap({ ...key, name: 'unseen' }))
    await clock.advance(millis(1000))
    cluster.seed(CONFIG_MAPS, configMap({ ...key, name: 'seen' }))
    expect((await watching).map(({ object }) => object.metadata.name)).to.deep.equal(['seen'])
  })
})
