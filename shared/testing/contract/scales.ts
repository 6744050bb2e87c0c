import { expect } from 'chai'
import type { KubeObject, ObjectKey, Resource } from '../../kube/api.ts'
import { apiVersionOf, DEPLOYMENTS } from '../../kube/resources.ts'
import type { ScalePaths } from '../fake-cluster/definitions.ts'
import { deployment, OLD_VERSION, OTHER_UID, refusal, type GetHarness, type Workload } from './harness.ts'

const of = (kind: string, plural: string): Resource => ({ group: 'contract.example.com', version: 'v1', kind, plural, namespaced: true })
const CACHES = of('Cache', 'caches')
const WIDGETS = of('Widget', 'widgets')
/** Nowhere where one would guess them. */
const PATHS: ScalePaths = { spec: ['spec', 'size', 'wanted'], status: ['status', 'nodes'], selector: ['status', 'pods'] }

interface Cache extends KubeObject {
  readonly spec: { readonly size?: { readonly wanted?: number; readonly zone?: string } }
}
interface Scale extends Workload {
  readonly status?: { readonly replicas?: number; readonly selector?: string }
}

const scale = { subresource: 'scale' }

export function scaleCases(harness: GetHarness): void {
  const made = async (resource: Resource, spec: object): Promise<{ readonly key: ObjectKey; readonly object: KubeObject }> => {
    const { api, namespace, eventually } = harness()
    const key = { namespace: await namespace(), name: 'a' }
    // For a moment after its definition is there a real server does not know it.
    const manifest = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: key, spec }
    const object = await eventually(() => api.create(resource, manifest))
    return { key, object }
  }

  describe('scales of custom resources', () => {
    before(async () => {
      await harness().define(CACHES, PATHS)
      await harness().define(WIDGETS)
    })

    it('which kinds have one is told by discovery', async () => {
      const { api, eventually } = harness()
      await eventually(async () => {
        const found = await api.discover(CACHES.group, CACHES.version)
        expect(found.map(({ kind, scalable }) => `${kind} ${scalable}`).toSorted()).to.deep.equal(['Cache true', 'Widget false'])
      })
      expect([await api.versionsOf(CACHES.group), await api.versionsOf('apps'), await api.versionsOf(''), await api.versionsOf('nobody.example.net')]).to.deep.equal([[CACHES.version], ['v1'], ['v1'], []])
      const apps = await api.discover('apps', 'v1')
      expect(apps.flatMap(({ kind, scalable }) => (scalable ? [kind] : [])).toSorted()).to.deep.equal(['Deployment', 'ReplicaSet', 'StatefulSet'])
    })

    it('has the identity of its object, and its numbers from where the definition says', async () => {
      const { api } = harness()
      const { key } = await made(CACHES, { size: { wanted: 3 } })
      await api.patch(CACHES, key, { type: 'merge', body: { status: { nodes: 2, pods: 'app=cache' } } }, { subresource: 'status' })
      const [object, read] = [await api.get(CACHES, key), await api.get<Scale>(CACHES, key, scale)]
      expect([read.kind, read.metadata.uid, read.metadata.resourceVersion]).to.deep.equal(['Scale', object.metadata.uid, object.metadata.resourceVersion])
      expect([read.spec, read.status]).to.deep.equal([{ replicas: 3 }, { replicas: 2, selector: 'app=cache' }])
    })

    it('patch: another version is Conflict, with another uid too; what was judged changes the number alone, and not in a dry run', async () => {
      const { api } = harness()
      const { key, object } = await made(CACHES, { size: { wanted: 3, zone: 'a' } })
      const { uid, resourceVersion } = object.metadata
      const patch = (metadata: object, dryRun = false): Promise<Workload> => api.patch<Workload>(CACHES, key, { type: 'merge', body: { metadata, spec: { replicas: 4 } } }, { ...scale, dryRun })
      await refusal(patch({ uid, resourceVersion: OLD_VERSION }), 'Conflict', 409)
      await refusal(patch({ uid: OTHER_UID, resourceVersion: OLD_VERSION }), 'Conflict', 409)
      expect((await patch({ uid, resourceVersion }, true)).spec.replicas).to.equal(4)
      expect((await api.get<Cache>(CACHES, key)).metadata.resourceVersion).to.equal(resourceVersion)
      expect((await patch({ uid, resourceVersion })).spec.replicas).to.equal(4)
      const { spec, metadata } = await api.get<Cache>(CACHES, key)
      expect(spec).to.deep.equal({ size: { wanted: 4, zone: 'a' } })
      expect(metadata.resourceVersion).to.not.equal(resourceVersion)
    })

    it('TRAP: unlike that of a Deployment a patch does not look at the uid, so only the version and the answer tell another object', async () => {
      const { api } = harness()
      const { key, object } = await made(CACHES, { size: { wanted: 3 } })
      const { uid, resourceVersion } = object.metadata
      const answer = await api.patch<Workload>(CACHES, key, { type: 'merge', body: { metadata: { uid: OTHER_UID, resourceVersion }, spec: { replicas: 4 } } }, { ...scale, dryRun: true })
      expect([answer.metadata.uid, answer.spec.replicas]).to.deep.equal([uid, 4])
    })

    it('TRAP: 0 is left out, and where the number is not set the answer is a 500', async () => {
      const { api } = harness()
      const none = await made(CACHES, { size: { wanted: 0 } })
      expect((await api.get<Workload>(CACHES, none.key, scale)).spec).to.deep.equal({})
      const unset = await made(CACHES, {})
      await refusal(api.get(CACHES, unset.key, scale), 'Server', 500)
    })

    it('is not there for a kind whose definition has none', async () => {
      const { api } = harness()
      const { key } = await made(WIDGETS, {})
      await refusal(api.get(WIDGETS, key, scale), 'NotFound', 404)
      await refusal(api.patch(WIDGETS, key, { type: 'merge', body: { spec: { replicas: 2 } } }, scale), 'NotFound', 404)
      await api.create(DEPLOYMENTS, deployment({ ...key, name: 'b' }))
      expect((await api.get(DEPLOYMENTS, { ...key, name: 'b' }, scale)).kind).to.equal('Scale')
    })
  })
}
