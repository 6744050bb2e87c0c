import { expect } from 'chai'
import { VALIDATING_WEBHOOKS } from '../shared/kube/resources.ts'
import { FakeClock } from '../shared/testing/fake-clock.ts'
import { FakeCluster } from '../shared/testing/fake-cluster/fake-cluster.ts'
import { compareBundle, publishBundle, readConfiguration } from './ca-bundle.ts'

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
})
