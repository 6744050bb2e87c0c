import { expect } from 'chai'
import type { KubeObject } from '../../../shared/kube/api.ts'
import { kubeletAddress } from './kubelet-address.ts'

const PORT = { kubeletEndpoint: { Port: 10_250 } }
const node = (status: unknown): KubeObject => ({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'worker-1', uid: 'u', resourceVersion: '1', creationTimestamp: '2030-01-01T00:00:00Z' }, status }) as KubeObject
const at = (...internal: unknown[]): unknown => ({ addresses: [{ type: 'Hostname', address: 'worker-1' }, { type: 'ExternalIP', address: '203.0.113.9' }, ...internal.map((address) => ({ type: 'InternalIP', address }))], daemonEndpoints: PORT })
const told = (status: unknown): string => {
  const found = kubeletAddress(node(status))
  return found.kind === 'Address' ? found.origin : found.why
}

describe("the address of a node's kubelet", () => {
  it('is its InternalIP with the port that it names', () => {
    expect(told(at('10.0.0.5'))).to.equal('https://10.0.0.5:10250')
    expect(told({ ...(at('10.0.0.5') as object), daemonEndpoints: { kubeletEndpoint: { Port: 4194 } } })).to.equal('https://10.0.0.5:4194')
  })
  it('is the first of two families', () => expect(told(at('fd00::5', '10.0.0.5'))).to.equal('https://[fd00::5]:10250'))

  it('is no other address of the node', () => expect(told(at())).to.equal('node worker-1 has no InternalIP'))
  const statuses: readonly unknown[] = [undefined, 'up', {}, { addresses: 'none' }, { addresses: [undefined, 'x', { type: 'InternalIP' }] }]
  for (const status of statuses) it(`is not known of a status ${JSON.stringify(status)}`, () => expect(told(status)).to.equal('node worker-1 has no InternalIP'))

  const names = ['worker-1', 'metadata.google.internal', '10.0.0.5:80', '10.0.0.5/x', '10.0.0', '0x7f.1', 'fe80::1%eth0', 'fd00::1%eth0', '', 'user@10.0.0.5']
  for (const name of names) it(`is not ${name === '' ? 'empty' : name}`, () => expect(told(at(name))).to.equal(`node worker-1 has an InternalIP that is no address: ${name}`))

  const never = ['0.0.0.0', '::', '169.254.0.0', '169.254.169.254', '169.254.255.255', '::ffff:169.254.169.254', 'fe80::1', 'febf::1', '224.0.0.1', '239.255.255.255', '255.255.255.255', 'ff02::1']
  for (const address of never) it(`is not ${address}: no node has it`, () => expect(told(at(address))).to.equal(`node worker-1 has an InternalIP that no node can have: ${address}`))
  const fine = ['169.253.255.255', '169.255.0.0', '223.255.255.255', '127.0.0.1', 'fec0::1']
  for (const address of fine) it(`may be ${address}`, () => expect(told(at(address))).to.match(/^https:/))

  const ports: readonly [unknown, boolean][] = [[0, false], [1, true], [65_535, true], [65_536, false], [10.5, false], ['10250', false], [undefined, false]]
  for (const [port, known] of ports) {
    it(`with port ${String(port)} is ${known ? 'known' : 'not known'}`, () => {
      expect(told({ ...(at('10.0.0.5') as object), daemonEndpoints: { kubeletEndpoint: { Port: port } } })).to.equal(known ? `https://10.0.0.5:${String(port)}` : 'node worker-1 does not say on which port its kubelet listens')
    })
  }
})
