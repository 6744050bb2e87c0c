import { expect } from 'chai'
import type { KubeManifest, KubeObject, ObjectKey } from '../../kube/api.ts'
import { LEASES } from '../../kube/resources.ts'
import { refusal, type GetHarness } from './harness.ts'

const lease = (key: ObjectKey, spec: Readonly<Record<string, unknown>>): KubeManifest & { readonly spec: unknown } => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: key.name, ...(key.namespace === undefined ? {} : { namespace: key.namespace }) },
  spec,
})

const TIME = '2030-01-01T00:00:00.123456Z'

interface Lease extends KubeObject {
  readonly spec: Readonly<Record<string, unknown>>
}

export function leaseCases(harness: GetHarness): void {
  const key = async (): Promise<ObjectKey> => ({ namespace: await harness().namespace(), name: 'leader' })

  describe('leases', () => {
    it('of two that replace one version, the second is Conflict', async () => {
      const { api } = harness()
      const found = await api.create<Lease>(LEASES, lease(await key(), { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: TIME, leaseTransitions: 0 }))
      const taken = await api.replace<Lease>(LEASES, { ...found, spec: { ...found.spec, holderIdentity: 'b' } } as KubeManifest)
      expect(taken.spec).to.include({ holderIdentity: 'b', renewTime: TIME })
      await refusal(api.replace(LEASES, { ...found, spec: { ...found.spec, holderIdentity: 'c' } } as KubeManifest), 'Conflict', 409)
      expect((await api.get<Lease>(LEASES, found.metadata)).spec).to.include({ holderIdentity: 'b' })
    })

    it('of two that create one, the second is AlreadyExists', async () => {
      const { api } = harness()
      const where = await key()
      const both = await Promise.allSettled(['a', 'b'].map((holderIdentity) => api.create(LEASES, lease(where, { holderIdentity, leaseDurationSeconds: 15 }))))
      expect(both.map(({ status }) => status).sort()).to.deep.equal(['fulfilled', 'rejected'])
      await refusal(api.create(LEASES, lease(where, { holderIdentity: 'c' })), 'AlreadyExists', 409)
    })

    it('a released one has no holder, and is replaced as any other', async () => {
      const { api } = harness()
      const found = await api.create<Lease>(LEASES, lease(await key(), { holderIdentity: 'a', leaseDurationSeconds: 15 }))
      const released = await api.replace<Lease>(LEASES, { ...found, spec: { holderIdentity: '', leaseDurationSeconds: 1 } } as KubeManifest)
      expect(released.spec['holderIdentity'] ?? '').to.equal('')
    })

    it('TRAP: a time without exactly six digits of a second is a BadRequest', async () => {
      const { api } = harness()
      await refusal(api.create(LEASES, lease(await key(), { holderIdentity: 'a', renewTime: '2030-01-01T00:00:00.123Z' })), 'BadRequest', 400)
    })

    it('a duration of 0 is Invalid', async () => {
      const { api } = harness()
      await refusal(api.create(LEASES, lease(await key(), { holderIdentity: 'a', leaseDurationSeconds: 0 })), 'Invalid', 422)
    })
  })
}
