import { Readable } from 'node:stream'
import type { IncomingMessage } from 'node:http'
import { expect } from 'chai'
import { BodyReader, type Body } from './body.ts'

const MIB = 2 ** 20

/** As far as the reader looks at a request: a stream with headers. */
function requestOf(): IncomingMessage {
  const stream = new Readable({ read: () => {} })
  return Object.assign(stream, { headers: { 'content-type': 'application/json' } }) as unknown as IncomingMessage
}

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

describe('reading bodies', () => {
  it('of eight MiB together: the one that has been read longest gives way, the others are read', async () => {
    const reader = new BodyReader(8 * MIB)
    const requests = Array.from({ length: 3 }, requestOf)
    const read = requests.map((request) => reader.read(request))
    const [slow, second, third] = requests
    for (const request of requests) request.push(Buffer.alloc(2.5 * MIB, ' '))
    await soon()
    // 7.5 MiB are held; this is one MiB too many.
    third?.push(Buffer.alloc(MIB, ' '))
    expect(await read[0]).to.deep.include({ kind: 'refused', status: 503 })
    for (const request of [second, third]) request?.push('1')
    for (const request of [second, third]) request?.push(null)
    expect(await Promise.all(read.slice(1))).to.deep.equal([{ kind: 'json', value: 1 }, { kind: 'json', value: 1 }])
    slow?.push(Buffer.alloc(MIB))
  })

  it('what was read, given up or cut off is held no more', async () => {
    const reader = new BodyReader(8 * MIB)
    const bodyOf = async (end: (request: IncomingMessage) => void): Promise<Body> => {
      const request = requestOf()
      const body = reader.read(request)
      request.push(Buffer.alloc(6 * MIB, ' '))
      await soon()
      end(request)
      return body
    }
    for (let round = 0; round < 3; round++) {
      expect(await bodyOf((request) => { request.push('1'); request.push(null) })).to.deep.equal({ kind: 'json', value: 1 })
      expect(await bodyOf((request) => request.destroy())).to.deep.include({ kind: 'refused', status: 400 })
      expect(await bodyOf((request) => request.push(Buffer.alloc(2 * MIB + 1)))).to.deep.include({ kind: 'refused', status: 413 })
    }
  })

  it('that come byte by byte are counted as what they take', async () => {
    const reader = new BodyReader(8 * MIB)
    const request = requestOf()
    const body = reader.read(request)
    // 100 kB, of which each byte is a Buffer of its own.
    for (let i = 0; i < 100_000; i++) request.push(Buffer.from(' '))
    expect(await body).to.deep.include({ kind: 'refused', status: 503 })
  })

  it('of exactly eight MiB is one of them', async () => {
    const request = requestOf()
    const body = new BodyReader(0).read(request)
    request.push(Buffer.alloc(8 * MIB - 1, ' '))
    request.push('7')
    request.push(null)
    expect(await body).to.deep.equal({ kind: 'json', value: 7 })
  })
})
