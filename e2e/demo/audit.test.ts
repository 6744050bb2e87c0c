import { expect } from 'chai'
import { acceptedWrites, cutOffWrites } from './audit.ts'

const line = (more: Record<string, unknown> = {}): string => JSON.stringify({
  stage: 'ResponseComplete', verb: 'create', requestURI: '/api/v1/namespaces/shop/pods/cart-1/eviction',
  user: { username: 'controller' }, userAgent: 'kubeskippy', impersonatedUser: { username: 'healer' },
  objectRef: { resource: 'pods', subresource: 'eviction', namespace: 'shop', name: 'cart-1' },
  responseStatus: { code: 201 }, ...more,
})
const read = (...lines: readonly string[]) => acceptedWrites(lines.join('\n'), 'shop')

describe('the audit log', () => {
  it('gives who wrote what, and as whom', () => {
    expect(read(line())).to.deep.equal([{ verb: 'create', group: '', resource: 'pods/eviction', namespace: 'shop', name: 'cart-1', user: 'controller', impersonated: 'healer', dryRun: false, userAgent: 'kubeskippy' }])
  })

  it('knows a dry run by the query, and of an eviction or a delete by its body', () => {
    const byQuery = line({ requestURI: '/x?fieldManager=a&dryRun=All' })
    const byBody = line({ requestObject: { deleteOptions: { dryRun: ['All'] } } })
    const ofDelete = line({ verb: 'delete', requestObject: { dryRun: ['All'] } })
    expect(read(byQuery, byBody, ofDelete).map(({ dryRun }) => dryRun)).to.deep.equal([true, true, true])
  })

  it('leaves out what was refused, what only reads, and other namespaces', () => {
    const refused = line({ responseStatus: { code: 429 } })
    const reading = line({ verb: 'get' })
    const elsewhere = line({ objectRef: { resource: 'pods', namespace: 'other', name: 'x' } })
    expect(read(refused, reading, elsewhere)).to.be.empty
  })

  it('tells of every namespace when none is named', () => {
    const elsewhere = line({ objectRef: { resource: 'pods', namespace: 'other', name: 'x' } })
    expect(acceptedWrites([line(), elsewhere].join('\n')).map(({ namespace }) => namespace)).to.deep.equal(['shop', 'other'])
  })

  it('tells apart the writes that the server was cut off from while it made them', () => {
    const of = (code: number, message: string): string => line({ responseStatus: { code, message } })
    const cutOff = of(504, 'Timeout: request did not complete within requested timeout - context canceled')
    const log = [line(), cutOff, of(504, 'Timeout: etcd'), of(500, 'context canceled')].join('\n')
    expect(cutOffWrites(log, 'shop').map(({ resource, name }) => [resource, name])).to.deep.equal([['pods/eviction', 'cart-1']])
    expect(acceptedWrites(log, 'shop')).to.have.length(1)
    expect(cutOffWrites(log, 'other')).to.be.empty
  })

  it('leaves out a last line that is not whole yet', () => {
    expect(read(line(), line().slice(0, 40))).to.have.length(1)
  })
})
