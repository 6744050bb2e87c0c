import { expect } from 'chai'
import { ApiError, type ApiErrorKind } from '../shared/kube/errors.ts'
import { VALIDATING_WEBHOOKS } from '../shared/kube/resources.ts'
import { FakeClock } from '../shared/testing/fake-clock.ts'
import { FakeCluster } from '../shared/testing/fake-cluster/fake-cluster.ts'
import { compareBundle, injectedBy, publishBundle, readConfiguration, type WebhookConfiguration } from './ca-bundle.ts'

const encoded = (text: string): string => Buffer.from(text).toString('base64')

describe('the bundle in a configuration', () => {
  it('is not written over what somebody has written since it was read', async () => {
    const clock = new FakeClock()
    const cluster = new FakeCluster({ clock, timers: clock })
    cluster.seed(VALIDATING_WEBHOOKS, { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', metadata: { name: 'v' }, webhooks: [{ name: 'ours', clientConfig: { url: 'https://127.0.0.1/ours' } }] })
    const target = { resource: VALIDATING_WEBHOOKS, name: 'v', webhooks: ['ours'] }
    const api = cluster.client('webhook')
    const [before, after] = [await readConfiguration(api, target), await readConfiguration(api, target)]
    expect(await publishBundle(api, compareBundle(target, before, 'newer'), 'newer')).to.equal(true)
    expect(await publishBundle(api, compareBundle(target, after, 'older'), 'older')).to.equal(false)
    expect(cluster.must(VALIDATING_WEBHOOKS, { name: 'v' })).to.have.nested.property('webhooks[0].clientConfig.caBundle', encoded('newer'))
  })
  const target = { resource: VALIDATING_WEBHOOKS, name: 'v', webhooks: ['ours', 'also ours'] }
  const metadata = { name: 'v', uid: 'u', resourceVersion: '7', creationTimestamp: '2030-01-01T00:00:00Z' }
  const configuration = (...bundles: (string | undefined)[]): WebhookConfiguration => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata,
    webhooks: bundles.map((bundle, index) => ({ name: target.webhooks[index] ?? 'foreign', clientConfig: bundle === undefined ? {} : { caBundle: encoded(bundle) } })),
  })

  it('is there when each of ours has it, whatever others have', () => {
    const states = [['a', 'a', 'b'], ['a', undefined, 'a'], ['b', 'a'], [undefined, undefined]].map((bundles) => compareBundle(target, configuration(...bundles), 'a').state)
    expect(states).to.deep.equal(['Published', 'Differs', 'Differs', 'Differs'])
    expect(compareBundle(target, undefined, 'a').state).to.equal('Missing')
  })

  it('that could not be written since somebody was quicker is read again; whatever else is an error', async () => {
    const writing = (kind: ApiErrorKind): Promise<unknown> => {
      const patch = () => Promise.reject(new ApiError({ kind, code: 0, request: 'PATCH' }))
      return publishBundle({ get: () => expect.fail('nothing is read'), patch }, compareBundle(target, configuration('a'), 'b'), 'b').catch((error: unknown) => (error as ApiError).kind)
    }
    for (const kind of ['Conflict', 'NotFound', 'Recreated', 'PatchFailed'] as const) expect(await writing(kind), kind).to.equal(false)
    for (const kind of ['Forbidden', 'Timeout', 'Server'] as const) expect(await writing(kind)).to.equal(kind)
  })

  it('is somebody else\'s by any annotation of cert-manager\'s injector', () => {
    for (const key of ['cert-manager.io/inject-ca-from', 'cert-manager.io/inject-ca-from-secret', 'cert-manager.io/inject-apiserver-ca']) {
      expect(injectedBy({ metadata: { ...metadata, annotations: { [key]: 'true' } } })).to.equal(key)
    }
    expect(injectedBy({ metadata: { ...metadata, annotations: { 'cert-manager.io/issuer': 'x' } } })).to.equal(undefined)
    expect(injectedBy(undefined)).to.equal(undefined)
  })
})
