import { expect } from 'chai'
import { OPERATOR_NAMESPACE } from '../shared/api/v1alpha1/names.ts'
import { servedNames, TARGETS } from './certificates.ts'
import { webhookConfigurations } from './manifests.ts'

interface Configured {
  readonly metadata: { readonly name: string }
  readonly webhooks: readonly { readonly name: string; readonly failurePolicy: string; readonly clientConfig: { readonly service: { readonly name: string; readonly namespace: string } } }[]
}

const configured = webhookConfigurations({ kind: 'service' }) as unknown as readonly Configured[]

describe('whose certificates they are', () => {
  it('is each webhook of each configuration that is installed', () => {
    const byName = (all: readonly { readonly name: string; readonly webhooks: readonly string[] }[]): unknown => Object.fromEntries(all.map(({ name, webhooks }) => [name, webhooks.toSorted()]))
    expect(byName(TARGETS)).to.deep.equal(byName(configured.map(({ metadata: { name }, webhooks }) => ({ name, webhooks: webhooks.map((one) => one.name) }))))
  })

  it('keeps nobody waiting for a configuration without which API servers go on', () => {
    for (const { name, optional } of TARGETS) {
      const ignored = configured.find(({ metadata }) => metadata.name === name)?.webhooks.every(({ failurePolicy }) => failurePolicy === 'Ignore')
      expect(optional === true, name).to.equal(ignored)
    }
  })

  it('has every name by which API servers, developers and port-forwards come', () => {
    const { dns, ips } = servedNames(OPERATOR_NAMESPACE)
    for (const { webhooks } of configured) {
      for (const { clientConfig: { service } } of webhooks) for (const suffix of ['', '.svc', '.svc.cluster.local']) expect(dns).to.include(`${service.name}.${service.namespace}${suffix}`)
    }
    expect([dns.includes('localhost'), ips]).to.deep.equal([true, ['127.0.0.1']])
    expect(servedNames('elsewhere').dns[0]).to.match(/\.elsewhere$/)
  })
})
