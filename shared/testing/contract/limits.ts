import { expect } from 'chai'
import type { KubeManifest } from '../../kube/api.ts'
import { CONFIG_MAPS, EVENTS } from '../../kube/resources.ts'
import { configMap, refusal, type GetHarness } from './harness.ts'

export function limitCases(harness: GetHarness): void {
  const valid = {
    eventTime: '2030-01-01T00:00:00.000000Z',
    reportingController: 'kubeskippy.io/contract',
    reportingInstance: 'contract',
    action: 'Restart',
    reason: 'Healed',
    type: 'Normal',
    note: 'fine',
  }
  const event = (namespace: string, fields: object): KubeManifest & { readonly regarding: unknown } => ({
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `event-${JSON.stringify(fields).length}`, namespace },
    ...valid,
    regarding: { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', namespace },
    ...fields,
  })

  describe('limits', () => {
    it('turn a call away with a text that is no Status, and the next one is heard', async () => {
      const { api, admin, namespace, throttle } = harness()
      const ns = await namespace()
      await admin.create(CONFIG_MAPS, configMap({ namespace: ns, name: 'a' }))
      await throttle()
      const { retryAfter } = await refusal(api.get(CONFIG_MAPS, { namespace: ns, name: 'a' }), 'Throttled', 429)
      expect(retryAfter).to.equal(1000)
      await api.get(CONFIG_MAPS, { namespace: ns, name: 'a' })
    })

    const cases: readonly (readonly [string, object, string])[] = [
      ['a note above 1024 bytes', { note: 'x'.repeat(1025) }, 'message'],
      ['a note of few characters but many bytes', { note: '😀'.repeat(257) }, 'message'],
      ['a reason above 128 bytes', { reason: 'x'.repeat(129) }, 'reason'],
      ['an action above 128 bytes', { action: 'x'.repeat(129) }, 'action'],
      ['no reason', { reason: '' }, 'reason'],
      ['no action', { action: '' }, 'action'],
      ['another type', { type: 'Info' }, 'type'],
    ]
    for (const [what, fields, field] of cases) {
      it(`refuse an event with ${what}`, async () => {
        const { api, namespace } = harness()
        const error = await refusal(api.create(EVENTS, event(await namespace(), fields)), 'Invalid', 422)
        expect(error.causes.map((cause) => cause.field)).to.include(field)
      })
    }

    it('let an event of exactly 1024 bytes pass, and then only its series change', async () => {
      const { api, namespace } = harness()
      const ns = await namespace()
      const { name } = (await api.create(EVENTS, event(ns, { note: '😀'.repeat(256) }))).metadata
      const series = { count: 2, lastObservedTime: '2030-01-01T00:00:01.000000Z' }
      await api.patch(EVENTS, { namespace: ns, name }, { type: 'merge', body: { series } })
      await refusal(api.patch(EVENTS, { namespace: ns, name }, { type: 'merge', body: { note: 'other' } }), 'Invalid', 422)
    })

    it('refuse names, labels, annotations and config maps that are too long', async () => {
      const { api, namespace } = harness()
      const ns = await namespace()
      const key = { namespace: ns, name: 'a' }
      const annotated = { ...configMap(key), metadata: { ...key, annotations: { a: 'x'.repeat(256 * 1024 + 1) } } }
      await refusal(api.create(CONFIG_MAPS, configMap({ namespace: ns, name: 'A' })), 'Invalid', 422)
      await refusal(api.create(CONFIG_MAPS, configMap({ namespace: ns, name: 'x'.repeat(254) })), 'Invalid', 422)
      await refusal(api.create(CONFIG_MAPS, configMap(key, {}, { a: 'x'.repeat(64) })), 'Invalid', 422)
      await refusal(api.create(CONFIG_MAPS, annotated), 'Invalid', 422)
      await refusal(api.create(CONFIG_MAPS, configMap(key, { a: 'x'.repeat(1024 * 1024 + 1) })), 'Invalid', 422)
      await refusal(api.create(CONFIG_MAPS, configMap(key, { a: 'x'.repeat(3 * 1024 * 1024) })), 'TooLarge', 413)
    })

    it('refuse a create in a namespace that is not there, and one with a version', async () => {
      const { api, namespace } = harness()
      const ns = await namespace()
      await refusal(api.create(CONFIG_MAPS, configMap({ namespace: 'no-such-namespace', name: 'a' })), 'NotFound', 404)
      const versioned = { ...configMap({ namespace: ns, name: 'a' }), metadata: { namespace: ns, name: 'a', resourceVersion: '5' } }
      await refusal(api.create(CONFIG_MAPS, versioned), 'Server', 500)
    })
  })
}
