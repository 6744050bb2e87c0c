import { expect } from 'chai'
import type { KubeObject } from '../shared/kube/api.ts'
import { ApiError, type ApiErrorKind } from '../shared/kube/errors.ts'
import { NAMESPACES, SECRETS } from '../shared/kube/resources.ts'
import { hours, type Millis } from '../shared/lib/time.ts'
import { silentLogger } from '../shared/runtime/logger.ts'
import { FakeClock } from '../shared/testing/fake-clock.ts'
import { FakeCluster } from '../shared/testing/fake-cluster/fake-cluster.ts'
import { currentMaterial, type SecretSourceOptions, type Served } from './secret-source.ts'

const secret = { namespace: 'kubeskippy-system', name: 'tls' }
const names = { dns: ['localhost'], ips: ['127.0.0.1'] }
const days = (n: number): Millis => hours(24 * n)
const count = (bundle: string): number => bundle.split('BEGIN CERTIFICATE').length - 1

describe('the Secret of all replicas', () => {
  function setup() {
    const clock = new FakeClock()
    const cluster = new FakeCluster({ clock, timers: clock })
    cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: secret.namespace } })
    const client = cluster.client('a')
    const current = (more: Partial<SecretSourceOptions> = {}): Promise<Served> => currentMaterial({ api: client, clock, log: silentLogger, ...secret, names, ...more })
    return { clock, cluster, client, current }
  }

  it('gets another leaf where a name or an address is missing, of the same authority', async () => {
    const { current } = setup()
    const less = await current({ names: { ...names, ips: [] } })
    const more = await current()
    expect(more.facts.names).to.deep.equal(['localhost', '127.0.0.1'])
    expect([more.material.cert === less.material.cert, more.material.caBundle]).to.deep.equal([false, less.material.caBundle])
    expect((await current()).material).to.deep.equal(more.material)
  })

  it('keeps a bundle of two as it is when only the leaf is renewed', async () => {
    const { clock, cluster, current } = setup()
    const first = await current()
    cluster.drop(SECRETS, secret)
    const { material } = await current({ served: first.material })
    expect(count(material.caBundle)).to.equal(2)
    clock.jump(days(61))
    const renewed = await current()
    expect([renewed.material.cert === material.cert, renewed.material.caBundle]).to.deep.equal([false, material.caBundle])
  })

  it('holds four authorities at the most', async () => {
    const { cluster, current } = setup()
    let served = await current()
    for (let i = 0; i < 4; i++) {
      cluster.drop(SECRETS, secret)
      served = await current({ served: served.material })
    }
    expect(count(served.material.caBundle)).to.equal(4)
  })

  it('keeps its type and what somebody has written on it', async () => {
    const { clock, cluster, current } = setup()
    cluster.seed(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata: { ...secret, annotations: { note: 'x' } }, type: 'Opaque', data: {} })
    await current()
    clock.jump(days(61))
    await current()
    const stored = cluster.must(SECRETS, secret) as unknown as KubeObject & { readonly type: string }
    expect([stored.type, stored.metadata.annotations]).to.deep.equal(['Opaque', { note: 'x' }])
  })

  const failing = (kind: ApiErrorKind) => () => Promise.reject(new ApiError({ kind, code: 0, request: 'x' }))

  for (const [write, kinds] of [['create', ['AlreadyExists', 'Conflict', 'Recreated']], ['replace', ['Conflict', 'Recreated', 'NotFound']]] as const) {
    for (const kind of kinds) {
      it(`is read again when ${write} answers ${kind}, five times in all`, async () => {
        const { client, clock, current } = setup()
        if (write === 'replace') {
          await current()
          clock.jump(days(61))
        }
        let tried = 0
        const api = { get: client.get.bind(client), create: client.create.bind(client), replace: client.replace.bind(client), [write]: () => {
          tried++
          return failing(kind)()
        } } as SecretSourceOptions['api']
        const error: unknown = await current({ api }).catch((thrown: unknown) => thrown)
        expect([tried, error instanceof ApiError && error.kind]).to.deep.equal([5, kind])
      })
    }
  }

  it('is not tried again where its namespace is missing or nothing may be written', async () => {
    for (const kind of ['NotFound', 'Forbidden'] as const) {
      const { client, current } = setup()
      let tried = 0
      const api = { get: client.get.bind(client), replace: client.replace.bind(client), create: () => {
        tried++
        return failing(kind)()
      } } as SecretSourceOptions['api']
      const error: unknown = await current({ api }).catch((thrown: unknown) => thrown)
      expect([tried, error instanceof ApiError && error.kind]).to.deep.equal([1, kind])
    }
  })
})
