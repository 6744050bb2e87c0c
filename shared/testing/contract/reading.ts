import { expect } from 'chai'
import { GROUP, VERSION } from '../../api/v1alpha1/fields.ts'
import { resources } from '../../api/v1alpha1/resources.ts'
import { ownFields } from '../../schema/emit-crd.ts'
import { firstLacking } from '../../schema/lacking.ts'
import type { KubeManifest } from '../../kube/api.ts'
import { CONFIG_MAPS, EVENTS, PODS } from '../../kube/resources.ts'
import { configMap, firstEvents, OTHER_UID, pod, refusal, type ConfigMap, type GetHarness } from './harness.ts'

const labels = { case: 'reading' }
const labelSelector = 'case=reading'

const event = (namespace: string, name: string, reason: string): KubeManifest & Readonly<Record<string, unknown>> => ({
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata: { name, namespace },
  reason,
  type: 'Warning',
  action: 'Test',
  eventTime: '2030-01-01T00:00:00.000000Z',
  reportingController: 'example.com/test',
  reportingInstance: 'test',
  regarding: { apiVersion: 'v1', kind: 'Pod', namespace, name: 'cart-0', uid: 'uid-cart-0' },
})

export function readingCases(harness: GetHarness): void {
  describe('reading', () => {
    it('lists in pages that are all of one version, whatever is written between them', async () => {
      const { api, namespace } = harness()
      const ns = await namespace()
      for (const name of ['a', 'b', 'c', 'd', 'e']) await api.create(CONFIG_MAPS, configMap({ namespace: ns, name }, {}, labels))
      const first = await api.list(CONFIG_MAPS, { namespace: ns, labelSelector, limit: 2 })
      await api.create(CONFIG_MAPS, configMap({ namespace: ns, name: 'bb' }, {}, labels))
      await api.delete(CONFIG_MAPS, { namespace: ns, name: 'd' })
      const names = first.items.map(({ metadata }) => metadata.name)
      let token = first.continue
      while (token !== undefined) {
        const page = await api.list(CONFIG_MAPS, { namespace: ns, labelSelector, limit: 2, continue: token })
        expect(page.resourceVersion).to.equal(first.resourceVersion)
        names.push(...page.items.map(({ metadata }) => metadata.name))
        token = page.continue
      }
      expect(names).to.deep.equal(['a', 'b', 'c', 'd', 'e'])
    })

    it('says which version it is', async () => {
      const { name, minor } = await harness().api.serverVersion()
      expect(name).to.match(/^v1\.[0-9]+\.[0-9]+/)
      expect(name.startsWith(`v1.${minor}.`), name).to.equal(true)
    })

    it('says what it knows of our kinds, every field of them, and nothing of a group that it does not have', async () => {
      const { api } = harness()
      // A real one tells it a moment after they were installed.
      await harness().eventually(async () => {
        const schemas = await api.schemasOf(GROUP, VERSION)
        for (const resource of resources) expect(firstLacking({ properties: ownFields(resource) }, schemas.get(resource.kind)), resource.kind).to.equal(undefined)
      })
      expect(await api.schemasOf('nothing.example.com', 'v1')).to.deep.equal(new Map())
    })

    it('selects events by their reason, in lists and watches', async () => {
      const { api, namespace } = harness()
      const ns = await namespace()
      await api.create(EVENTS, event(ns, 'a', 'BackOff'))
      await api.create(EVENTS, event(ns, 'b', 'Unhealthy'))
      const { items, resourceVersion } = await api.list(EVENTS, { namespace: ns, fieldSelector: 'reason=BackOff' })
      expect(items.map(({ metadata }) => metadata.name)).to.deep.equal(['a'])
      const watch = firstEvents(api.watch(EVENTS, { namespace: ns, fieldSelector: 'reason=BackOff', resourceVersion, timeoutSeconds: 10 }), 1)
      await api.create(EVENTS, event(ns, 'c', 'Unhealthy'))
      await api.create(EVENTS, event(ns, 'd', 'BackOff'))
      expect((await watch)[0]?.object.metadata.name).to.equal('d')
    })

    it('knows the resources of a version of a group, without subresources', async () => {
      const found = await harness().api.discover('apps', 'v1')
      expect(found).to.deep.include({ group: 'apps', version: 'v1', kind: 'Deployment', plural: 'deployments', namespaced: true, scalable: true })
      expect(found.filter(({ plural }) => plural.includes('/'))).to.deep.equal([])
      expect(await harness().api.discover('', 'v1')).to.deep.include({ group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false, scalable: false })
      await refusal(harness().api.discover('nobody.example.com', 'v1'), 'NotFound', 404)
    })

    it('gives every item of a list its apiVersion and kind', async () => {
      const { api, namespace } = harness()
      const ns = await namespace()
      await api.create(CONFIG_MAPS, configMap({ namespace: ns, name: 'a' }, {}, labels))
      const { items } = await api.list(CONFIG_MAPS, { namespace: ns, labelSelector })
      expect(items.map(({ apiVersion, kind }) => [apiVersion, kind])).to.deep.equal([['v1', 'ConfigMap']])
    })

    it('lists and watches metadata only when asked', async () => {
      const { api, namespace } = harness()
      const ns = await namespace()
      await api.create(CONFIG_MAPS, configMap({ namespace: ns, name: 'a' }, { secret: 'x' }, labels))
      const { items, resourceVersion } = await api.list(CONFIG_MAPS, { namespace: ns, labelSelector, metadataOnly: true })
      expect(items[0]).to.not.have.property('data')
      expect(items[0]?.metadata.labels).to.deep.equal(labels)
      await api.patch(CONFIG_MAPS, { namespace: ns, name: 'a' }, { type: 'merge', body: { data: { secret: 'y' } } })
      const [event] = await firstEvents(api.watch(CONFIG_MAPS, { namespace: ns, labelSelector, metadataOnly: true, resourceVersion, timeoutSeconds: 10 }), 1)
      expect(event?.object).to.not.have.property('data')
      expect(event?.object.metadata.name).to.equal('a')
    })

    it('selects by label sets and by name', async () => {
      const { api, namespace } = harness()
      const ns = await namespace()
      for (const [name, tier] of [['a', 'web'], ['b', 'db'], ['c', 'web']] as const) {
        await api.create(CONFIG_MAPS, configMap({ namespace: ns, name }, {}, { ...labels, tier }))
      }
      const names = async (selectors: { labelSelector?: string; fieldSelector?: string }): Promise<string[]> =>
        (await api.list(CONFIG_MAPS, { namespace: ns, ...selectors })).items.map(({ metadata }) => metadata.name)
      expect(await names({ labelSelector: 'case=reading,tier in (db, cache)' })).to.deep.equal(['b'])
      expect(await names({ labelSelector: 'case=reading,tier notin (db)' })).to.deep.equal(['a', 'c'])
      expect(await names({ labelSelector: 'case=reading,tier!=web' })).to.deep.equal(['b'])
      expect(await names({ labelSelector: 'case,!none', fieldSelector: 'metadata.name=c' })).to.deep.equal(['c'])
    })

    it('shows in a watch from the version of a list every change since, in order', async () => {
      const { api, namespace } = harness()
      const ns = await namespace()
      const key = { namespace: ns, name: 'a' }
      const { resourceVersion } = await api.list(CONFIG_MAPS, { namespace: ns, labelSelector })
      const seen = firstEvents<ConfigMap>(api.watch(CONFIG_MAPS, { namespace: ns, labelSelector, resourceVersion, timeoutSeconds: 30 }), 4)
      const first = await api.create(CONFIG_MAPS, configMap(key, { n: '1' }, labels))
      await api.patch(CONFIG_MAPS, key, { type: 'merge', body: { data: { n: '2' } } })
      await api.delete(CONFIG_MAPS, key)
      const second = await api.create(CONFIG_MAPS, configMap(key, { n: '3' }, labels))
      const events = await seen
      expect(events.map(({ type, object }) => [type, object.data?.['n'], object.metadata.uid])).to.deep.equal([
        ['ADDED', '1', first.metadata.uid],
        ['MODIFIED', '2', first.metadata.uid],
        ['DELETED', '2', first.metadata.uid],
        ['ADDED', '3', second.metadata.uid],
      ])
      const versions = events.map(({ object }) => BigInt(object.metadata.resourceVersion))
      expect(versions).to.deep.equal(versions.toSorted((a, b) => (a < b ? -1 : 1)))
      expect(new Set(versions).size).to.equal(4)
    })

    it('tells an object that leaves the selection as DELETED and one that enters as ADDED', async () => {
      const { api, namespace } = harness()
      const ns = await namespace()
      const key = { namespace: ns, name: 'a' }
      await api.create(CONFIG_MAPS, configMap(key, {}, labels))
      const { resourceVersion } = await api.list(CONFIG_MAPS, { namespace: ns, labelSelector })
      await api.patch(CONFIG_MAPS, key, { type: 'merge', body: { metadata: { labels: { case: 'other' } } } })
      await api.patch(CONFIG_MAPS, key, { type: 'merge', body: { metadata: { labels } } })
      const events = await firstEvents(api.watch(CONFIG_MAPS, { namespace: ns, labelSelector, resourceVersion, timeoutSeconds: 10 }), 2)
      expect(events.map(({ type }) => type)).to.deep.equal(['DELETED', 'ADDED'])
    })

    it('ends a watch in good order after timeoutSeconds', async () => {
      const { api, admin, timers, namespace, eventually } = harness()
      const ns = await namespace()
      const { resourceVersion } = await admin.list(CONFIG_MAPS, { namespace: ns })
      const started = timers.monotonic()
      let ended = false
      const watching = firstEvents(api.watch(CONFIG_MAPS, { namespace: ns, resourceVersion, timeoutSeconds: 1, labelSelector }), 1).then(() => (ended = true))
      await eventually(() => expect(ended).to.equal(true))
      await watching
      expect(timers.monotonic() - started).to.be.at.least(900)
    })

    it('ends a watch with Aborted when its signal does', async () => {
      const { api, namespace } = harness()
      const ns = await namespace()
      const { resourceVersion } = await api.list(CONFIG_MAPS, { namespace: ns })
      const abort = new AbortController()
      const options = { namespace: ns, labelSelector, resourceVersion, timeoutSeconds: 60, signal: abort.signal }
      const watching = firstEvents(api.watch(CONFIG_MAPS, options), 1)
      const ended = refusal(watching, 'Aborted')
      abort.abort()
      await ended
    })

    it('gets an object not older than a write, and says so when it has not seen that version yet', async () => {
      const { api, namespace } = harness()
      const ns = await namespace()
      const key = { namespace: ns, name: 'a' }
      const written = await api.create(CONFIG_MAPS, configMap(key))
      const read = await api.get(CONFIG_MAPS, key, { notOlderThan: written.metadata.resourceVersion })
      expect(read.metadata.uid).to.equal(written.metadata.uid)
      const error = await refusal(api.get(CONFIG_MAPS, key, { notOlderThan: '999999999' }), 'VersionTooLarge', 504)
      expect(error.retryAfter).to.equal(1000)
    })

    it('is silent on a watch from a version of the future: no event, no error', async () => {
      const { api, namespace, eventually, timers } = harness()
      const ns = await namespace()
      const abort = new AbortController()
      let events = 0
      const watching = (async () => {
        const options = { namespace: ns, resourceVersion: '999999999', timeoutSeconds: 60, signal: abort.signal }
        for await (const _ of api.watch(CONFIG_MAPS, options)) events++
      })()
      const ended = refusal(watching, 'Aborted')
      await api.create(CONFIG_MAPS, configMap({ namespace: ns, name: 'a' }))
      const started = timers.monotonic()
      await eventually(() => expect(timers.monotonic() - started).to.be.at.least(1500))
      expect(events).to.equal(0)
      abort.abort()
      await ended
    })

    it('answers NotFound for the log of a pod that is not there, and nothing for one that never was on a node', async () => {
      const { api, namespace } = harness()
      const key = { namespace: await namespace(), name: 'a' }
      const options = { container: 'main', previous: true, tailLines: 10, limitBytes: 1024 }
      await refusal(api.log(PODS, key, options), 'NotFound', 404)
      await api.create(PODS, pod(key))
      expect(await api.log(PODS, key, options)).to.equal('')
    })

    it('lists events of the object with a uid', async () => {
      const { api, namespace } = harness()
      const where = await namespace()
      const event = (name: string, uid: string) => ({
        apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { name, namespace: where }, type: 'Normal', reason: 'Said', action: 'say', note: name,
        eventTime: '2030-01-01T00:00:00.000000Z', reportingController: 'kubeskippy.io/test', reportingInstance: 'a', regarding: { apiVersion: 'v1', kind: 'Pod', namespace: where, name: 'a', uid },
      })
      await api.create(EVENTS, event('one', OTHER_UID))
      await api.create(EVENTS, event('two', '22222222-2222-4333-8444-555555555555'))
      const { items } = await api.list(EVENTS, { namespace: where, fieldSelector: `regarding.uid=${OTHER_UID}` })
      expect(items.map(({ metadata }) => metadata.name)).to.deep.equal(['one'])
    })

    it('answers NotFound for what is not there, and refuses an empty name before anything is sent', async () => {
      const { api, namespace } = harness()
      const ns = await namespace()
      await refusal(api.get(CONFIG_MAPS, { namespace: ns, name: 'none' }), 'NotFound', 404)
      await refusal(api.get(CONFIG_MAPS, { namespace: ns, name: '' }), 'BadRequest', 0)
      await refusal(api.delete(CONFIG_MAPS, { namespace: ns, name: '' }), 'BadRequest', 0)
    })

    it('knows the time of the server within two seconds', () => {
      const { api } = harness()
      expect(api.serverTime()).to.be.a('number')
    })
  })
}
