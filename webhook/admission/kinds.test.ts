import { expect } from 'chai'
import type { KubeReader } from '../../shared/kube/api.ts'
import { ApiError, type ApiErrorKind } from '../../shared/kube/errors.ts'
import { kindsFor } from './kinds.ts'

const policy = (resources: unknown): object => ({ spec: { selector: { resources } } })
const cache = { apiVersion: 'example.com/v1', kind: 'Cache' }
const pool = { apiVersion: 'example.com/v1', kind: 'Pool' }

describe('what the door asks about kinds', () => {
  const asked: string[] = []
  const api = (fails?: ApiErrorKind): Pick<KubeReader, 'discover'> => ({
    discover: (group, version, options) => {
      asked.push(`${group}/${version} within ${options?.timeout}`)
      if (fails !== undefined) return Promise.reject(new ApiError({ kind: fails, code: 0, request: 'GET' }))
      const found = (kind: string, plural: string, namespaced: boolean, scalable: boolean) => ({ group, version, kind, plural, namespaced, scalable })
      return Promise.resolve([found('Cache', 'caches', true, true), found('Pool', 'pools', false, false)])
    },
  })
  beforeEach(() => asked.splice(0))
  const told = async (object: unknown, fails?: ApiErrorKind): Promise<unknown> => [...(await kindsFor(api(fails), object))]

  it('is what the custom kinds are called, and what can be done with them; each group and version once, within a second', async () => {
    expect(await told(policy([cache, pool, { ...cache, kind: 'Cahce' }, { apiVersion: 'v1', kind: 'Pod' }]))).to.deep.equal([
      ['example.com/v1 Cache', { found: true, plural: 'caches', namespaced: true, scalable: true }],
      ['example.com/v1 Pool', { found: true, plural: 'pools', namespaced: false, scalable: false }],
      ['example.com/v1 Cahce', { found: false, near: ['Cache'] }],
    ])
    expect(asked).to.deep.equal(['example.com/v1 within 1000'])
  })
  it('is nothing of a policy that selects no custom kind', async () => {
    for (const object of [policy([{ apiVersion: 'apps/v1', kind: 'Deployment' }]), policy(undefined)]) expect(await told(object)).to.deep.equal([])
    expect(asked).to.deep.equal([])
  })
  it('is that there is none where the group is not served', async () => expect(await told(policy([cache]), 'NotFound')).to.deep.equal([['example.com/v1 Cache', { found: false, near: [] }]]))
  for (const kind of ['Timeout', 'Network', 'Forbidden', 'Server'] as const) {
    it(`is not known when the API server answers ${kind}: the policy is judged without it`, async () => expect(await told(policy([cache]), kind)).to.deep.equal([]))
  }
  it('asks of sixteen kinds at the most: the schema takes no more', async () => {
    await told(policy(Array.from({ length: 500 }, (_, index) => ({ apiVersion: `g${index}.example.com/v1`, kind: 'Cache' }))))
    expect(asked).to.have.length(16)
  })
  for (const object of [undefined, null, 7, [], {}, { spec: 7 }, { spec: { selector: [] } }, policy([null, 7, { apiVersion: 1 }])]) {
    it(`is nothing of ${JSON.stringify(object)}`, async () => expect(await told(object)).to.deep.equal([]))
  }
})
