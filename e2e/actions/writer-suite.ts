/** What the writer makes of the answers of an API server: the traps of preconditions, on whatever server is given. */
import { expect } from 'chai'
import { healerObjects } from '../../cli/healer.ts'
import type { Operation } from '../../controller/actions/action.ts'
import { targetWriter } from '../../controller/adapters/target-writer.ts'
import type { ObjectRef } from '../../controller/healing/snapshot.ts'
import type { WriteResult } from '../../controller/ports/target-writer.ts'
import type { KubeObject, Resource } from '../../shared/kube/api.ts'
import { apiVersionOf, DEPLOYMENTS, POD_DISRUPTION_BUDGETS, PODS } from '../../shared/kube/resources.ts'
import { buildHealingAction } from '../../shared/testing/builders/objects.ts'
import { deployment, OLD_VERSION, OTHER_UID, pod, setReady, type Harness, type Workload } from '../../shared/testing/contract/harness.ts'

const CACHES: Resource = { group: 'writer.example.com', version: 'v1', kind: 'Cache', plural: 'caches', namespaced: true }

interface Writer extends Pick<Harness, 'admin' | 'define' | 'namespace' | 'eventually' | 'stop'> {
  /** Milliseconds after which a controller that has something to say has begun. */
  readonly pause: number
  /** Whether the controller of a Deployment has begun with it as it is. */
  readonly isSeen: (object: KubeObject) => boolean
}
type Live = KubeObject & { readonly metadata: { readonly generation?: number; readonly annotations?: Readonly<Record<string, string>> } }

const ACT = buildHealingAction()

export function writerSuite(server: string, start: () => Promise<Writer>): void {
  describe(`writes to workloads on ${server}`, function () {
    this.timeout(300_000)
    let harness: Writer
    before(async function () {
      this.timeout(900_000)
      harness = await start()
    })
    after(async () => {
      await harness?.stop()
    })

    const write = (operation: Operation, dryRun = false): Promise<WriteResult> => targetWriter(harness.admin, 'e2e').write(operation, { act: ACT, dryRun })
    /** Once the healer may scale them: a right is there a moment after its binding. */
    const allowed = async (namespace: string, resource: Resource): Promise<void> => {
      const target = { apiVersion: apiVersionOf(resource), kind: resource.kind, namespace, name: 'never', uid: OTHER_UID }
      const scale: Operation = { kind: 'scale', target, preconditions: { uid: OTHER_UID, resourceVersion: OLD_VERSION }, replicas: 1, ...(resource === CACHES ? { plural: CACHES.plural } : {}) }
      await harness.eventually(async () => expect((await write(scale)).kind).to.equal('Gone'))
    }
    const place = async (): Promise<string> => {
      const namespace = await harness.namespace()
      for (const { resource, manifest } of healerObjects(namespace, { scale: [CACHES] })) await harness.admin.create(resource, manifest)
      await allowed(namespace, DEPLOYMENTS)
      return namespace
    }
    const refOf = (resource: Resource, { metadata }: KubeObject): ObjectRef => ({ apiVersion: apiVersionOf(resource), kind: resource.kind, namespace: metadata.namespace ?? '', name: metadata.name, uid: metadata.uid })
    const made = async (): Promise<{ ref: ObjectRef; live: () => Promise<Live & Workload> }> => {
      const key = { namespace: await place(), name: 'a' }
      const object = await harness.admin.create(DEPLOYMENTS, deployment(key))
      return { ref: refOf(DEPLOYMENTS, object), live: () => harness.admin.get(DEPLOYMENTS, key) }
    }
    /** Until its controller has nothing to say any more. */
    const settled = (live: () => Promise<Live>): Promise<Live> =>
      harness.eventually(async () => {
        const first = await live()
        await new Promise((resolve) => {
          setTimeout(resolve, harness.pause)
        })
        const second = await live()
        expect(second.metadata.resourceVersion).to.equal(first.metadata.resourceVersion)
        expect(harness.isSeen(second), JSON.stringify(second)).to.equal(true)
        return second
      })

    const annotate = { type: 'merge', body: { metadata: { annotations: { note: 'x' } } } } as const
    const kinds: readonly [string, (ref: ObjectRef, preconditions: Operation['preconditions']) => Operation][] = [
      ['merge patch', (target, preconditions) => ({ kind: 'patch', target, preconditions, patch: annotate })],
      ['strategic patch', (target, preconditions) => ({ kind: 'patch', target, preconditions, patch: { ...annotate, type: 'strategic' } })],
      ['JSON patch', (target, preconditions) => ({ kind: 'patch', target, preconditions, patch: { type: 'json', body: [{ op: 'add', path: '/metadata/annotations', value: { note: 'x' } }] } })],
      ['scale', (target, preconditions) => ({ kind: 'scale', target, preconditions, replicas: 2 })],
      ['delete', (target, preconditions) => ({ kind: 'delete', target, preconditions, gracePeriodSeconds: undefined, propagationPolicy: undefined })],
    ]
    for (const [name, operation] of kinds) {
      it(`${name}: another version, another uid and both change nothing; what was judged goes through, in a dry run without effect`, async () => {
        const { ref, live } = await made()
        const { resourceVersion } = (await settled(live)).metadata
        const answers = []
        for (const preconditions of [{ uid: ref.uid, resourceVersion: OLD_VERSION }, { uid: OTHER_UID, resourceVersion }, { uid: OTHER_UID, resourceVersion: OLD_VERSION }]) {
          answers.push((await write(operation(ref, preconditions))).kind)
        }
        // Of a JSON patch the test of the uid fails first, which is told as any test that fails is.
        const another = name === 'JSON patch' ? 'Misfit' : 'Changed'
        expect(answers).to.deep.equal(['Changed', another, another])
        expect((await write(operation(ref, { uid: ref.uid, resourceVersion }), true)).kind).to.equal('Done')
        expect((await live()).metadata.resourceVersion).to.equal(resourceVersion)
        expect((await write(operation(ref, { uid: ref.uid, resourceVersion }))).kind).to.equal('Done')
        if (name === 'delete') await harness.eventually(async () => expect(await live().catch(() => 'gone')).to.equal('gone'))
        else expect((await live()).metadata.resourceVersion).to.not.equal(resourceVersion)
      })
    }

    it('scale of a custom resource: another version changes nothing, another object is told by the answer of the dry run, and only a kind without a name of ours goes by its plural', async () => {
      await harness.define(CACHES, { spec: ['spec', 'size'], status: ['status', 'nodes'] })
      const key = { namespace: await place(), name: 'a' }
      const manifest = { apiVersion: apiVersionOf(CACHES), kind: CACHES.kind, metadata: key, spec: { size: 2 } }
      const object = await harness.eventually(() => harness.admin.create(CACHES, manifest))
      await allowed(key.namespace, CACHES)
      const target = refOf(CACHES, object)
      const { resourceVersion } = object.metadata
      const scale = (preconditions: Operation['preconditions'], plural = 'caches'): Operation => ({ kind: 'scale', target, preconditions, replicas: 3, plural })
      expect((await write(scale({ uid: target.uid, resourceVersion: OLD_VERSION }))).kind).to.equal('Changed')
      expect((await write(scale({ uid: OTHER_UID, resourceVersion }), true)).kind).to.equal('Changed')
      expect((await write(scale({ uid: target.uid, resourceVersion }), true)).kind).to.equal('Done')
      expect((await harness.admin.get(CACHES, key)).metadata.resourceVersion).to.equal(resourceVersion)
      expect((await write(scale({ uid: target.uid, resourceVersion }))).kind).to.equal('Done')
      expect(await harness.admin.get<KubeObject & { spec: object }>(CACHES, key).then(({ spec }) => spec)).to.deep.equal({ size: 3 })
      for (const operation of [{ ...scale({ uid: target.uid, resourceVersion }, 'caches/status') }, { ...scale({ uid: target.uid, resourceVersion }, 'secrets'), target: { ...target, apiVersion: 'v1', kind: 'Secret' } }]) {
        expect(await write(operation).catch(String)).to.include('of a kind that actions write to')
      }
    })

    it('a JSON patch whose test fails, or whose path is not there, has changed nothing, and is no other kind of trouble', async () => {
      const { ref, live } = await made()
      const { resourceVersion } = (await settled(live)).metadata
      const body = [{ op: 'test', path: '/spec/replicas', value: 7 }, { op: 'replace', path: '/spec/replicas', value: 8 }]
      expect(await write({ kind: 'patch', target: ref, preconditions: { uid: ref.uid, resourceVersion }, patch: { type: 'json', body } })).to.deep.equal({ kind: 'Misfit' })
      const nowhere = [{ op: 'replace', path: '/spec/template/metadata/annotations/none', value: 'x' }]
      expect(await write({ kind: 'patch', target: ref, preconditions: { uid: ref.uid, resourceVersion }, patch: { type: 'json', body: nowhere } })).to.deep.equal({ kind: 'Misfit' })
      // TRAP: that the object has changed is looked at afterwards, so that this may hide it. Only another look tells.
      expect(await write({ kind: 'patch', target: ref, preconditions: { uid: ref.uid, resourceVersion: OLD_VERSION }, patch: { type: 'json', body: nowhere } })).to.deep.equal({ kind: 'Misfit' })
      expect((await live()).spec.replicas).to.equal(0)
    })

    const evict = (target: ObjectRef, preconditions: Operation['preconditions'], gracePeriodSeconds?: number): Operation => ({ kind: 'evict', target, preconditions, gracePeriodSeconds })

    // From a status or a cache that somebody has broken null can come, whatever the types say.
    for (const resourceVersion of ['', '0', 'abc', '-1', '01', null as unknown as string]) {
      it(`never sends resourceVersion ${JSON.stringify(resourceVersion)}`, async () => {
        const { ref, live } = await made()
        for (const [, operation] of [...kinds, ['eviction', evict] as const]) {
          const refused = await write(operation(ref, { uid: ref.uid, resourceVersion })).then(() => 'written', (error: unknown) => (error instanceof Error ? error.message : ''))
          expect(refused).to.equal('a write needs the uid and the resourceVersion that were judged')
        }
        expect((await live()).metadata.annotations?.['note']).to.equal(undefined)
      })
    }

    it('never deletes by force, by whatever door', async () => {
      const namespace = await place()
      const key = { namespace, name: 'p' }
      const made = await harness.admin.create(PODS, pod(key))
      const target = refOf(PODS, made)
      const preconditions = { uid: made.metadata.uid, resourceVersion: made.metadata.resourceVersion }
      for (const operation of [evict(target, preconditions, 0), { kind: 'delete', target, preconditions, gracePeriodSeconds: 0, propagationPolicy: undefined } as const]) {
        expect(await write(operation).then(() => 'written', (error: unknown) => (error instanceof Error ? error.message : ''))).to.equal('a write never deletes by force')
      }
      expect((await harness.admin.get(PODS, key)).metadata.deletionTimestamp).to.equal(undefined)
    })

    it('a patch cannot lift its own preconditions', async () => {
      const { ref, live } = await made()
      await settled(live)
      const body = { metadata: { resourceVersion: '0', uid: null, annotations: { note: 'x' } } }
      expect((await write({ kind: 'patch', target: ref, preconditions: { uid: ref.uid, resourceVersion: OLD_VERSION }, patch: { type: 'merge', body } })).kind).to.equal('Changed')
      expect((await live()).metadata.annotations?.['note']).to.equal(undefined)
    })

    it('a second try of the same stamp changes nothing: neither generation nor version', async () => {
      const { ref, live } = await made()
      const stamp = (resourceVersion: string): Operation => ({
        kind: 'patch',
        target: ref,
        preconditions: { uid: ref.uid, resourceVersion },
        patch: { type: 'merge', body: { spec: { template: { metadata: { annotations: { 'kubeskippy.io/restarted-by': 'act-1' } } } } } },
      })
      expect((await write(stamp((await settled(live)).metadata.resourceVersion))).kind).to.equal('Done')
      const { generation, resourceVersion } = (await settled(live)).metadata
      expect((await write(stamp(resourceVersion))).kind).to.equal('Done')
      expect((await live()).metadata).to.include({ generation, resourceVersion })
    })

    it('of an unready pod under a budget the version is not looked at, but the uid is: a stale look costs no other pod', async () => {
      const namespace = await place()
      const key = { namespace, name: 'p' }
      await harness.admin.create(PODS, pod(key, { labels: { app: 'p' } }))
      await setReady(harness.admin, key, false)
      const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { namespace, name: 'b' }, spec: { minAvailable: 0, selector: { matchLabels: { app: 'p' } }, unhealthyPodEvictionPolicy: 'AlwaysAllow' } }
      await harness.admin.create(POD_DISRUPTION_BUDGETS, budget)
      const ref = refOf(PODS, await harness.admin.get(PODS, key))
      const evict = (preconditions: Operation['preconditions']): Operation => ({ kind: 'evict', target: ref, preconditions, gracePeriodSeconds: undefined })
      await harness.eventually(async () => expect((await write(evict({ uid: OTHER_UID, resourceVersion: OLD_VERSION }), true)).kind).to.equal('Changed'))
      expect((await write(evict({ uid: OTHER_UID, resourceVersion: OLD_VERSION }))).kind).to.equal('Changed')
      expect((await harness.admin.get(PODS, key)).metadata.uid).to.equal(ref.uid)
      expect((await write(evict({ uid: ref.uid, resourceVersion: OLD_VERSION }))).kind).to.equal('Done')
    })

    it('what is gone is Gone', async () => {
      const { ref } = await made()
      const gone = { ...ref, name: 'never' }
      for (const [, operation] of kinds) expect((await write(operation(gone, { uid: ref.uid, resourceVersion: '5' }))).kind).to.equal('Gone')
    })
  })
}
