import { expect } from 'chai'
import { systemTimers } from '../adapters/system-clock.ts'
import { silentLogger } from '../runtime/logger.ts'
import { findKind } from './discovery.ts'
import { connect } from './transport.ts'

describe('a kind', () => {
  const read = () => Promise.resolve({ tls: { rejectUnauthorized: true } })
  const nowhere = connect({ access: { origin: 'http://127.0.0.1:1', prefix: '', read }, userAgent: 'test', timers: systemTimers, log: silentLogger })
  after(() => nowhere.close())

  // As ownerReferences may have it: the API server takes nearly anything there.
  for (const apiVersion of ['..%2f..%2fvictim', 'a%2fb/v1', 'v1%2fpods', '/v1', 'example.com/', '../v1', 'example.com/..', 'a/b/c', 'web?namespace=victim', 'v1\r\nHost: x', 'a'.repeat(64), `${'a'.repeat(254)}/v1`]) {
    it(`whose version is ${JSON.stringify(apiVersion.slice(0, 70))} is none, and nobody is asked for it`, async () => {
      expect(await findKind(nowhere, { apiVersion, kind: 'Thing' })).to.equal(undefined)
    })
  }
  it('of a version that there may be is asked for', async () => {
    const error: unknown = await findKind(nowhere, { apiVersion: 'example.com/v1', kind: 'Thing' }).catch((caught: unknown) => caught)
    expect(error).to.have.property('kind', 'Network')
  })
})
