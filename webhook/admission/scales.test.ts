import { expect } from 'chai'
import type { KubeReader } from '../../shared/kube/api.ts'
import { ApiError, type ApiErrorKind } from '../../shared/kube/errors.ts'
import { scalesFor } from './scales.ts'

const policy = (actions: unknown, resources: unknown): object => ({ spec: { selector: { resources }, actions } })
const scale = [{ type: 'scale' }]
const cache = { apiVersion: 'example.com/v1', kind: 'Cache' }

describe('what the door asks about scales', () => {
  const asked: string[] = []
  const api = (fails?: ApiErrorKind): Pick<KubeReader, 'discover'> => ({
    discover: (group, version, options) => {
      asked.push(`${group}/${version} within ${options?.timeout}`)
      if (fails !== undefined) return Promise.reject(new ApiError({ kind: fails, code: 0, request: 'GET' }))
      return Promise.resolve([['Cache', true], ['Widget', false]].map(([kind, scalable]) => ({ group, version, kind: String(kind), plural: 'x', namespaced: true, scalable: scalable === true })))
    },
  })
  beforeEach(() => asked.splice(0))
  const told = async (object: unknown, fails?: ApiErrorKind): Promise<unknown> => [...(await scalesFor(api(fails), object))]

  it('is whether the custom kinds of a policy that scales have one, each once, within a second', async () => {
    expect(await told(policy(scale, [cache, { ...cache, kind: 'Widget' }, { ...cache, kind: 'Other' }, { apiVersion: 'v1', kind: 'Pod' }]))).to.deep.equal([
      ['example.com/v1 Cache', true],
      ['example.com/v1 Widget', false],
    ])
    expect(asked).to.deep.equal(Array.from({ length: 3 }, () => 'example.com/v1 within 1000'))
  })
  it('is nothing of a policy that scales nothing, or no custom kind', async () => {
    for (const object of [policy([{ type: 'restart' }], [cache]), policy(scale, [{ apiVersion: 'apps/v1', kind: 'Deployment' }]), policy(undefined, [cache])]) expect(await told(object)).to.deep.equal([])
    expect(asked).to.deep.equal([])
  })
  for (const kind of ['NotFound', 'Timeout', 'Network', 'Forbidden', 'Server'] as const) {
    it(`is not known when the API server answers ${kind}: the policy is judged without it`, async () => expect(await told(policy(scale, [cache]), kind)).to.deep.equal([]))
  }
  for (const object of [undefined, null, 7, [], {}, { spec: 7 }, { spec: { selector: [], actions: {} } }, policy([null, scale], [null, 7, { apiVersion: 1 }])]) {
    it(`is nothing of ${JSON.stringify(object)}`, async () => expect(await told(object)).to.deep.equal([]))
  }
})
