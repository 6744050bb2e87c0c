import { Readable } from 'node:stream'
import type { IncomingMessage } from 'node:http'
import { expect } from 'chai'
import { BodyReader, type Body } from './body.ts'

const MIB = 2 ** 20

/** As far as the reader looks at a request: a stream with headers. */
function requestOf(headers: Readonly<Record<string, string>> = {}): IncomingMessage {
  const stream = new Readable({ read: () => {} })
  return Object.assign(stream, { headers: { 'content-type': 'application/json', ...headers } }) as unknown as IncomingMessage
}

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

describe('reading bodies', () => {
  it('of eight MiB together: the one that has been read longest gives way, the others are read', async () => {
    const reader = new BodyReader(8 * MIB)
    const requests = Array.from({ length: 3 }, () => requestOf())
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

  it('of more than 64 MiB together is too much, and nine of the largest are more', async () => {
    const reader = new BodyReader()
    const requests = Array.from({ length: 9 }, () => requestOf())
    const read = requests.map((request) => reader.read(request))
    // The same bytes for all.
    const bytes = Buffer.alloc(7.5 * MIB, ' ')
    for (const request of requests) request.push(bytes)
    expect(await read[0]).to.deep.include({ kind: 'refused', status: 503 })
    for (const request of requests) request.destroy()
    expect((await Promise.all(read.slice(1))).map((body) => body.kind === 'refused' && body.status)).to.deep.equal(Array.from({ length: 8 }, () => 400))
  })

  it('that go on after they were given up are held no more', async () => {
    const reader = new BodyReader(8 * MIB)
    const [slow, other] = [requestOf(), requestOf()]
    const [first, second] = [reader.read(slow), reader.read(other)]
    slow.push(Buffer.alloc(6 * MIB, ' '))
    await soon()
    other.push(Buffer.alloc(3 * MIB, ' '))
    expect(await first).to.deep.include({ status: 503 })
    for (let i = 0; i < 8; i++) {
      slow.push(Buffer.alloc(MIB, ' '))
      await soon()
    }
    other.push('1')
    other.push(null)
    expect(await second).to.deep.equal({ kind: 'json', value: 1 })
  })

  it('announced as too large are read to their end before they are refused', async () => {
    const request = requestOf({ 'content-length': String(8 * MIB + 2) })
    let done = false
    const body = new BodyReader().read(request).finally(() => { done = true })
    request.push(Buffer.alloc(8 * MIB + 1, ' '))
    await soon()
    expect(done, 'whoever still writes does not read why').to.equal(false)
    request.push(' ')
    request.push(null)
    expect(await body).to.deep.include({ kind: 'refused', status: 413 })
  })

  it('announced as too large of which the rest never comes are refused when the connection ends', async () => {
    for (const error of [undefined, new Error('reset')]) {
      const request = requestOf({ 'content-length': String(9 * MIB) })
      const body = new BodyReader().read(request)
      await soon()
      request.destroy(error)
      expect(await body).to.deep.include({ kind: 'refused', status: 413 })
    }
  })

  const headers: readonly (readonly [headers: Readonly<Record<string, string>>, read: boolean])[] = [
    [{ 'content-type': 'Application/JSON' }, true],
    [{ 'content-type': 'application/json; charset=utf-8' }, true],
    [{ 'content-type': 'application/json;charset="UTF-8"' }, true],
    [{ 'content-type': 'application/json; charset=utf8' }, true],
    [{ 'content-encoding': 'identity' }, true],
    [{ 'content-type': 'application/json; charset=utf-16' }, false],
    [{ 'content-type': 'application/json-patch+json' }, false],
    [{ 'content-encoding': 'deflate' }, false],
  ]
  for (const [given, isRead] of headers) {
    it(`with ${JSON.stringify(given)} are ${isRead ? 'read' : 'refused'}`, async () => {
      const request = requestOf(given)
      const body = new BodyReader().read(request)
      request.push('7')
      request.push(null)
      expect(await body).to.deep.include(isRead ? { kind: 'json', value: 7 } : { kind: 'refused', status: 415 })
    })
  }
})
