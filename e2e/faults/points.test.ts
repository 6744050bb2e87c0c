import { expect } from 'chai'
import type { ProxiedRequest } from '../installation/proxy.ts'
import { placeOf, PointReader } from './points.ts'

const LEDGERS = '/apis/kubeskippy.io/v1alpha1/namespaces/kubeskippy-system/healingledgers'
const STATUS = '/apis/kubeskippy.io/v1alpha1/namespaces/shop/healingactions/a/status'
let ids = 0
const request = (method: string, url: string, body: object = {}): ProxiedRequest => ({ id: (ids += 1), method, url, headers: {}, body: Buffer.from(JSON.stringify(body)) })
const entry = (state: string, more: object = {}): object => ({ spec: { policy: { namespace: 'shop', name: 'heal' }, entries: [{ action: 'a', state, ...more }] } })
const acts = (...namespaces: readonly string[]): object => ({ spec: { budget: { scope: 'Cluster', acts: namespaces.map((namespace) => ({ action: 'a', policy: { name: 'heal', namespace } })) } } })

describe('the writes of an act', () => {
  it('that a person approves are told apart in their order', () => {
    const reader = new PointReader()
    const read = [
      request('POST', LEDGERS, entry('Waiting')),
      request('POST', '/apis/kubeskippy.io/v1alpha1/namespaces/shop/healingactions'),
      request('PATCH', STATUS, { status: { phase: 'Pending', result: { reason: 'PendingApproval' } } }),
      request('PATCH', STATUS, { status: { phase: 'Approved', approvedAt: 'now' } }),
      request('PUT', `${LEDGERS}/policy-x`, entry('Reserved', { tried: true })),
      request('POST', LEDGERS, { spec: { budget: { scope: 'Namespace', namespace: 'shop' } } }),
      request('PUT', `${LEDGERS}/shared-cluster`, acts('shop')),
      request('PATCH', STATUS, { status: { phase: 'InProgress', startTime: 'now' } }),
    ].map((one) => reader.read(one))
    expect(read).to.deep.equal(['reserve', 'create', 'ask', 'approved', 'confirm', 'share', 'cluster', 'begin'])
  })

  it('that open and half-open a breaker are told by what it is then', () => {
    const reader = new PointReader()
    const ledger = (state: string, breaker: string) => request('PUT', `${LEDGERS}/policy-x`, { spec: { policy: { namespace: 'shop', name: 'heal' }, breaker: { state: breaker }, entries: [{ action: 'a', state }] } })
    expect([ledger('Settled', 'Closed'), ledger('Settled', 'Open'), ledger('Reserved', 'HalfOpen'), ledger('Reserved', 'Closed')].map((one) => reader.read(one))).to.deep.equal(['settle', 'opens', 'half-opens', 'reserve'])
  })

  it('to the ledger of the cluster belong to the place of its last act', () => {
    const names = new Map([['policy-x', 'shop']])
    expect(placeOf(request('PUT', `${LEDGERS}/shared-cluster`, acts('bank', 'shop')), names)).to.equal('shop')
    expect(placeOf(request('POST', LEDGERS, acts('bank')), names)).to.equal('bank')
    expect(placeOf(request('PUT', `${LEDGERS}/policy-x`, entry('Reserved')), names)).to.equal('shop')
    expect(placeOf(request('POST', LEDGERS, { spec: { budget: { scope: 'Namespace', namespace: 'shop' } } }), names)).to.equal('shop')
    expect(placeOf(request('PUT', `${LEDGERS}/another`, entry('Reserved')), names)).to.equal(undefined)
  })
})
