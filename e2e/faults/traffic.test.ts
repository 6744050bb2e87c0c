import { expect } from 'chai'
import type { ProxiedRequest, ProxiedResponse } from '../installation/proxy.ts'
import { Traffic } from './traffic.ts'

const request = (id: number, method = 'PATCH'): ProxiedRequest => ({ id, method, url: '/api/v1/namespaces/shop/pods/a', headers: {}, body: Buffer.from('{}') })
const RESPONSE: ProxiedResponse = { status: 200, headers: {} }

describe('the traffic to an API server', () => {
  it('has come to rest when every write that went on is answered, and lets no other one pass', async () => {
    const traffic = new Traffic()
    const hooks = traffic.around({ onRequest: ({ id }) => (id === 2 ? 'hold' : 'forward') })
    expect([await hooks.onRequest?.(request(1)), await hooks.onRequest?.(request(2))]).to.deep.equal(['forward', 'hold'])
    const ends: string[] = []
    const rest = (async () => {
      await traffic.stop()
      ends.push('at rest')
    })()
    expect([await hooks.onRequest?.(request(3)), await hooks.onRequest?.(request(4, 'GET'))]).to.deep.equal(['hold', 'forward'])
    expect(ends).to.be.empty
    expect(await hooks.onResponse?.(request(1), RESPONSE)).to.equal('forward')
    await rest
    expect(ends).to.deep.equal(['at rest'])
    traffic.resume()
    expect(await hooks.onRequest?.(request(5))).to.equal('forward')
  })

  it('does what it was to do with an answer, which has landed by then', async () => {
    const traffic = new Traffic()
    const hooks = traffic.around({ onResponse: () => 'drop' })
    expect(await hooks.onRequest?.(request(1))).to.equal('forward')
    expect(await hooks.onResponse?.(request(1), RESPONSE)).to.equal('drop')
    await traffic.stop()
  })
})
