import { expect } from 'chai'
import type { ObjectKey, Patch } from '../../kube/api.ts'
import type { ApiErrorKind } from '../../kube/errors.ts'
import { CONFIG_MAPS, DEPLOYMENTS, PODS } from '../../kube/resources.ts'
import { configMap, deployment, OLD_VERSION, OTHER_UID, pod, refusal, type ConfigMap, type GetHarness, type Workload } from './harness.ts'

type Identity = { readonly uid?: string; readonly resourceVersion?: string | null }

const merge = (metadata: Identity, data = {}): Patch => ({ type: 'merge', body: { metadata, ...data } })
const strategic = (metadata: Identity): Patch => ({ type: 'strategic', body: { metadata } })

export function preconditionCases(harness: GetHarness): void {
  const made = async (): Promise<{ readonly key: ObjectKey; readonly object: ConfigMap }> => {
    const { api, namespace } = harness()
    const key = { namespace: await namespace(), name: 'a' }
    return { key, object: await api.create<ConfigMap>(CONFIG_MAPS, configMap(key, { n: '1' })) }
  }
  const scaled = async (): Promise<{ readonly key: ObjectKey; readonly object: Workload }> => {
    const { api, namespace } = harness()
    const key = { namespace: await namespace(), name: 'a' }
    return { key, object: await api.create<Workload>(DEPLOYMENTS, deployment(key)) }
  }

  describe('preconditions', () => {
    for (const [type, patch] of [['merge', merge], ['strategic', strategic]] as const) {
      it(`${type} patch: another version is Conflict, another uid Recreated, both Conflict`, async () => {
        const { api } = harness()
        const { key, object } = await made()
        const { resourceVersion } = object.metadata
        await refusal(api.patch(CONFIG_MAPS, key, patch({ resourceVersion: OLD_VERSION })), 'Conflict', 409)
        await refusal(api.patch(CONFIG_MAPS, key, patch({ uid: OTHER_UID, resourceVersion })), 'Recreated', 422)
        const error = await refusal(api.patch(CONFIG_MAPS, key, patch({ uid: OTHER_UID })), 'Recreated', 422)
        expect(error.causes.map(({ field }) => field)).to.include('metadata.uid')
        await refusal(api.patch(CONFIG_MAPS, key, patch({ uid: OTHER_UID, resourceVersion: OLD_VERSION })), 'Conflict', 409)
      })

      it(`${type} patch of scale: another version, another uid and both are Conflict`, async () => {
        const { api } = harness()
        const { key } = await scaled()
        const scale = { subresource: 'scale' }
        await refusal(api.patch(DEPLOYMENTS, key, patch({ resourceVersion: OLD_VERSION }), scale), 'Conflict', 409)
        await refusal(api.patch(DEPLOYMENTS, key, patch({ uid: OTHER_UID }), scale), 'Conflict', 409)
        await refusal(api.patch(DEPLOYMENTS, key, patch({ uid: OTHER_UID, resourceVersion: OLD_VERSION }), scale), 'Conflict', 409)
      })
    }

    it('TRAP: an empty version, null and "0" in a patch are no precondition at all, and what is no number is a 500', async () => {
      const { api } = harness()
      const { key } = await made()
      for (const [i, resourceVersion] of ['', null, '0'].entries()) {
        const answer = await api.patch<ConfigMap>(CONFIG_MAPS, key, merge({ resourceVersion }, { data: { n: `${i}-new` } }))
        expect(answer.data?.['n']).to.equal(`${i}-new`)
      }
      await refusal(api.patch(CONFIG_MAPS, key, merge({ resourceVersion: 'abc' })), 'Server', 500)
    })

    it('replace: another version and another uid are Conflict', async () => {
      const { api } = harness()
      const { key, object } = await made()
      const { resourceVersion } = object.metadata
      const manifest = (identity: Identity) => ({ ...configMap(key, { n: '2' }), metadata: { ...key, ...identity } }) as ConfigMap
      await refusal(api.replace(CONFIG_MAPS, manifest({ resourceVersion: OLD_VERSION })), 'Conflict', 409)
      await refusal(api.replace(CONFIG_MAPS, manifest({ resourceVersion, uid: OTHER_UID })), 'Conflict', 409)
      await refusal(api.replace(CONFIG_MAPS, configMap(key)), 'BadRequest', 0)
      const replaced = await api.replace<ConfigMap>(CONFIG_MAPS, manifest({ resourceVersion, uid: object.metadata.uid }))
      expect(replaced.data).to.deep.equal({ n: '2' })
    })

    it('replace of scale: another version and another uid are Conflict', async () => {
      const { api } = harness()
      const { key } = await scaled()
      const scale = await api.get<Workload>(DEPLOYMENTS, key, { subresource: 'scale' })
      expect(scale.kind).to.equal('Scale')
      const sent = (identity: Identity) => ({ ...scale, metadata: { ...scale.metadata, ...identity } }) as Workload
      await refusal(api.replace(DEPLOYMENTS, sent({ resourceVersion: OLD_VERSION }), { subresource: 'scale' }), 'Conflict', 409)
      await refusal(api.replace(DEPLOYMENTS, sent({ uid: OTHER_UID }), { subresource: 'scale' }), 'Conflict', 409)
    })

    const jsonCases: readonly (readonly [string, readonly unknown[], ApiErrorKind, number])[] = [
      ['a replaced version that is old', [{ op: 'replace', path: '/metadata/resourceVersion', value: OLD_VERSION }], 'Conflict', 409],
      ['a replaced uid', [{ op: 'replace', path: '/metadata/uid', value: OTHER_UID }], 'Recreated', 422],
      ['a failed test of the version', [{ op: 'test', path: '/metadata/resourceVersion', value: OLD_VERSION }], 'PatchFailed', 422],
      ['a failed test of the uid', [{ op: 'test', path: '/metadata/uid', value: OTHER_UID }], 'PatchFailed', 422],
      ['a failed test of a value', [{ op: 'test', path: '/data/n', value: '9' }], 'PatchFailed', 422],
      ['a missing path', [{ op: 'remove', path: '/data/none' }], 'PatchFailed', 422],
      ['a missing parent', [{ op: 'add', path: '/none/x', value: 1 }], 'PatchFailed', 422],
    ]
    for (const [what, body, kind, code] of jsonCases) {
      it(`JSON patch: ${what} is ${kind}`, async () => {
        const { api } = harness()
        const { key } = await made()
        await refusal(api.patch(CONFIG_MAPS, key, { type: 'json', body }), kind, code)
      })
    }

    it('JSON patch that begins with the version that was read goes through', async () => {
      const { api } = harness()
      const { key, object } = await made()
      const body = [
        { op: 'replace', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion },
        { op: 'test', path: '/data/n', value: '1' },
        { op: 'replace', path: '/data/n', value: '2' },
        { op: 'add', path: '/metadata/annotations', value: {} },
        { op: 'add', path: '/metadata/annotations/kubeskippy.io~1a', value: 'x' },
      ]
      const patched = await api.patch<ConfigMap>(CONFIG_MAPS, key, { type: 'json', body })
      expect(patched.data).to.deep.equal({ n: '2' })
      expect(patched.metadata.annotations).to.deep.equal({ 'kubeskippy.io/a': 'x' })
    })

    it('apply: another version is Conflict, another uid Recreated, and a uid keeps it from creating', async () => {
      const { api } = harness()
      const { key, object } = await made()
      const applied = (name: string, identity: Identity): Patch => ({
        type: 'apply',
        force: true,
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: key.namespace, ...identity }, data: { n: '2' } },
      })
      const options = { fieldManager: 'contract' }
      await refusal(api.patch(CONFIG_MAPS, key, applied('a', { resourceVersion: OLD_VERSION }), options), 'Conflict', 409)
      await refusal(api.patch(CONFIG_MAPS, key, applied('a', { uid: OTHER_UID }), options), 'Recreated', 422)
      await refusal(api.patch(CONFIG_MAPS, { ...key, name: 'b' }, applied('b', { uid: OTHER_UID }), options), 'Conflict', 409)
      const { resourceVersion, uid } = object.metadata
      const done = await api.patch<ConfigMap>(CONFIG_MAPS, key, applied('a', { uid, resourceVersion }), options)
      expect(done.data).to.deep.equal({ n: '2' })
    })

    it('delete: another version or another uid is Conflict, and nothing is deleted', async () => {
      const { api } = harness()
      const { key, object } = await made()
      const { uid, resourceVersion } = object.metadata
      await refusal(api.delete(CONFIG_MAPS, key, { preconditions: { uid: OTHER_UID, resourceVersion } }), 'Conflict', 409)
      await refusal(api.delete(CONFIG_MAPS, key, { preconditions: { uid, resourceVersion: OLD_VERSION } }), 'Conflict', 409)
      expect((await api.get(CONFIG_MAPS, key)).metadata.uid).to.equal(uid)
      await api.delete(CONFIG_MAPS, key, { preconditions: { uid, resourceVersion } })
      await refusal(api.get(CONFIG_MAPS, key), 'NotFound', 404)
      await refusal(api.delete(CONFIG_MAPS, key), 'NotFound', 404)
    })

    it('create of a name that is taken is AlreadyExists, in a dry run too', async () => {
      const { api } = harness()
      const { key } = await made()
      await refusal(api.create(CONFIG_MAPS, configMap(key)), 'AlreadyExists', 409)
      await refusal(api.create(CONFIG_MAPS, configMap(key), { dryRun: true }), 'AlreadyExists', 409)
    })

    it('a dry run answers as the write would and stores nothing', async () => {
      const { api, namespace } = harness()
      const { key, object } = await made()
      const { resourceVersion } = object.metadata
      const patched = await api.patch<ConfigMap>(CONFIG_MAPS, key, merge({ resourceVersion }, { data: { n: '2' } }), { dryRun: true })
      expect(patched.data).to.deep.equal({ n: '2' })
      await refusal(api.patch(CONFIG_MAPS, key, merge({ resourceVersion: OLD_VERSION }), { dryRun: true }), 'Conflict', 409)
      await api.delete(CONFIG_MAPS, key, { dryRun: true })
      const other = { namespace: await namespace(), name: 'b' }
      await api.create(CONFIG_MAPS, configMap(other), { dryRun: true })
      await refusal(api.get(CONFIG_MAPS, other), 'NotFound')
      expect(await api.get(CONFIG_MAPS, key)).to.deep.include({ data: { n: '1' }, metadata: object.metadata })
    })

    it('a patch that changes nothing leaves the version as it was', async () => {
      const { api } = harness()
      const { key, object } = await made()
      const patched = await api.patch(CONFIG_MAPS, key, { type: 'merge', body: { data: { n: '1' } } })
      expect(patched.metadata.resourceVersion).to.equal(object.metadata.resourceVersion)
    })

    it('the main resource ignores status, the status subresource everything else, and the generation counts the spec', async () => {
      const { api } = harness()
      const { key, object } = await scaled()
      expect(object.metadata.generation).to.equal(1)
      const main = await api.patch<Workload>(DEPLOYMENTS, key, { type: 'merge', body: { status: { replicas: 99 }, metadata: { labels: { a: 'b' } } } })
      expect(main.status?.replicas ?? 0).to.equal(0)
      expect(main.metadata.generation).to.equal(1)
      const body = { spec: { minReadySeconds: 7 } }
      const status = await api.patch<Workload>(DEPLOYMENTS, key, { type: 'merge', body }, { subresource: 'status' })
      expect(status.spec.minReadySeconds ?? 0).to.equal(0)
      const spec = await api.patch<Workload>(DEPLOYMENTS, key, { type: 'merge', body })
      expect([spec.metadata.generation, spec.spec.minReadySeconds]).to.deep.equal([2, 7])
    })

    it('a patch of scale changes the replicas of the workload; TRAP: a scale of zero has no such member', async () => {
      const { api } = harness()
      const { key, object } = await scaled()
      const uid = object.metadata.uid
      const scaleTo = (replicas: number) =>
        api.patch<Workload>(DEPLOYMENTS, key, { type: 'merge', body: { spec: { replicas }, metadata: { uid } } }, { subresource: 'scale', dryRun: true })
      const [one, none] = [await scaleTo(1), await scaleTo(0)]
      expect([one.kind, one.spec.replicas, one.metadata.uid]).to.deep.equal(['Scale', 1, uid])
      expect(none.spec).to.not.have.property('replicas')
    })

    it('a strategic patch of a template annotation keeps its containers', async () => {
      const { api } = harness()
      const { key } = await scaled()
      const body = { spec: { template: { metadata: { annotations: { 'kubeskippy.io/restarted-by': 'x' } }, spec: { containers: [{ name: 'main', image: 'example.invalid/app:2' }] } } } }
      const { spec } = await api.patch<Workload & { spec: { template: { spec: { containers: readonly { name: string; image: string }[] } } } }>(DEPLOYMENTS, key, { type: 'strategic', body })
      expect(spec.template.spec.containers.map(({ name, image }) => [name, image])).to.deep.equal([['main', 'example.invalid/app:2']])
    })

    it('a pod keeps its spec but for the image', async () => {
      const { api, namespace } = harness()
      const key = { namespace: await namespace(), name: 'a' }
      await api.create(PODS, pod(key))
      await refusal(api.patch(PODS, key, { type: 'merge', body: { spec: { hostNetwork: true } } }), 'Invalid', 422)
    })
  })
}
