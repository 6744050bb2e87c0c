import { expect } from 'chai'
import { CONTROLLER_USER } from '../../shared/api/v1alpha1/names.ts'
import { evictionsOf } from './evictions.ts'

const line = (name: string, code = 201, more: Record<string, unknown> = {}): string => JSON.stringify({
  stage: 'ResponseComplete', verb: 'create', requestURI: `/api/v1/namespaces/shop/pods/${name}/eviction`, requestReceivedTimestamp: '2026-01-01T00:00:01.250000Z',
  user: { username: CONTROLLER_USER }, userAgent: 'kubeskippy', objectRef: { resource: 'pods', subresource: 'eviction', namespace: 'shop', name },
  responseStatus: { code, ...(code === 504 ? { message: 'Timeout: request did not complete within requested timeout - context canceled' } : {}) }, ...more,
})
const read = (...lines: readonly string[]) => evictionsOf(lines.join('\n'))

describe('the evictions of controllers', () => {
  it('are those that were accepted, by pod and with their time', () => {
    const { at, twice } = read(line('a'), line('b', 429), line('c', 201, { user: { username: 'somebody' } }), line('d', 201, { requestURI: '/x?dryRun=All' }))
    expect([...at]).to.deep.equal([['shop/a', Date.parse('2026-01-01T00:00:01.250Z')]])
    expect(twice).to.be.empty
  })

  it('are told when a pod was evicted again', () => {
    expect([...read(line('a'), line('b'), line('a')).twice]).to.deep.equal(['shop/a'])
  })

  it('count one that was cut off from its client once, whether it was done again or not', () => {
    const { at, twice } = read(line('a', 504), line('b', 504), line('b'))
    expect([...at.keys()].toSorted()).to.deep.equal(['shop/a', 'shop/b'])
    expect(twice).to.be.empty
  })
})
