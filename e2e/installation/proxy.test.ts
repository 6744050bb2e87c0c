import { expect } from 'chai'
import { once } from 'node:events'
import { createServer, request, type Server } from 'node:https'
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { issueAuthority, issueLeaf, type Issued } from '../../certs/issue.ts'
import { systemClock } from '../../shared/adapters/system-clock.ts'
import { hours, seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { startProxy, type FaultProxy, type Verdict } from './proxy.ts'

describe('the proxy between a client and the API server', () => {
  let ca: Issued
  let server: Server
  let proxy: FaultProxy
  let received: string[]
  let answer: (incoming: IncomingMessage, outgoing: ServerResponse) => void

  before(async () => {
    ca = await issueAuthority(systemClock.now(), hours(1))
    const { cert, key } = await issueLeaf(ca, { dns: [], ips: ['127.0.0.1'] }, systemClock.now(), hours(1))
    server = createServer({ cert, key }, (incoming, outgoing) => {
      received.push(`${incoming.method} ${incoming.url} ${incoming.headers.authorization ?? ''}`)
      answer(incoming, outgoing)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    proxy = await startProxy({ server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, ca: { certPem: ca.cert, keyPem: ca.key } })
  })
  after(async () => {
    await proxy.stop()
    server.closeAllConnections()
    server.close()
  })
  beforeEach(() => {
    received = []
    answer = (incoming, outgoing) => { incoming.pipe(outgoing.writeHead(201, { 'x-own': 'yes' })) }
    proxy.setHooks({})
  })

  const send = (method: string, path: string, body?: string): ClientRequest => {
    const sent = request(new URL(path, proxy.url), { method, ca: ca.cert, agent: false, headers: { authorization: 'Bearer t', connection: 'close' } })
    sent.on('error', () => {})
    sent.end(body)
    return sent
  }
  const responseOf = async (sent: ClientRequest): Promise<IncomingMessage> => (await once(sent, 'response'))[0] as IncomingMessage
  const textOf = async (response: IncomingMessage): Promise<string> => {
    let text = ''
    for await (const chunk of response.setEncoding('utf8')) text += String(chunk)
    return text
  }
  const cutOff = async (sent: ClientRequest): Promise<void> => {
    const [error] = (await once(sent, 'error')) as [Error]
    expect(error).to.include({ code: 'ECONNRESET' })
  }
  const noAnswer = (sent: ClientRequest): { readonly none: boolean } => {
    const seen = { none: true }
    sent.once('response', () => { seen.none = false })
    return seen
  }
  const held = () => eventually(() => expect(proxy.held).to.have.length(1), seconds(2))

  it('passes method, path, query, identity, body and answer', async () => {
    const response = await responseOf(send('POST', '/api/v1/pods?dryRun=All', '{"a":1}'))
    expect(response.statusCode).to.equal(201)
    expect(response.headers['x-own']).to.equal('yes')
    expect(await textOf(response)).to.equal('{"a":1}')
    expect(received).to.deep.equal(['POST /api/v1/pods?dryRun=All Bearer t'])
  })

  it('shows a hook what was sent and what came back', async () => {
    const seen: unknown[] = []
    proxy.setHooks({
      onRequest: ({ method, url, body }) => { seen.push([method, url, body.toString()]); return 'forward' },
      onResponse: ({ url }, { status }) => { seen.push([url, status]); return 'forward' },
    })
    await textOf(await responseOf(send('PUT', '/x', 'b')))
    expect(seen).to.deep.equal([['PUT', '/x', 'b'], ['/x', 201]])
  })

  it('holds a request before the server knows of it', async () => {
    proxy.setHooks({ onRequest: () => 'hold' })
    const sent = send('POST', '/held')
    const seen = noAnswer(sent)
    await held()
    expect(received).to.be.empty
    expect(seen.none).to.be.true
    proxy.release()
    expect((await responseOf(sent)).statusCode).to.equal(201)
  })

  it('never forwards a held request whose client has gone', async () => {
    proxy.setHooks({ onRequest: () => 'hold' })
    const sent = send('POST', '/gone')
    await held()
    sent.destroy()
    await eventually(() => expect(proxy.held).to.be.empty, seconds(2))
    proxy.release()
    await textOf(await responseOf((proxy.setHooks({}), send('GET', '/after'))))
    expect(received).to.deep.equal(['GET /after Bearer t'])
  })

  it('holds the answer of a write that has landed', async () => {
    proxy.setHooks({ onResponse: () => 'hold' })
    const sent = send('POST', '/landed')
    const seen = noAnswer(sent)
    await held()
    expect(received).to.have.length(1)
    expect(seen.none).to.be.true
    proxy.release()
    expect((await responseOf(sent)).statusCode).to.equal(201)
  })

  it('cuts the connection before or after the write', async () => {
    for (const [hook, landed] of [['onRequest', 0], ['onResponse', 1]] as const) {
      received = []
      proxy.setHooks({ [hook]: (): Verdict => 'drop' })
      await cutOff(send('POST', '/dropped'))
      expect(received, hook).to.have.length(landed)
    }
  })

  it('answers in place of the server', async () => {
    proxy.setHooks({ onRequest: () => ({ status: 429, headers: { 'retry-after': '1' }, body: 'too many' }) })
    const response = await responseOf(send('POST', '/busy'))
    expect([response.statusCode, response.headers['retry-after'], await textOf(response)]).to.deep.equal([429, '1', 'too many'])
    expect(received).to.be.empty
  })

  it('passes each event of a watch at once, and ends the watch when its client does', async () => {
    let watch: ServerResponse | undefined
    answer = (_, outgoing) => {
      watch = outgoing
      outgoing.writeHead(200).write('one\n')
    }
    const response = await responseOf(send('GET', '/watch'))
    const chunks = response.setEncoding('utf8')[Symbol.asyncIterator]()
    expect((await chunks.next()).value).to.equal('one\n')
    watch?.write('two\n')
    expect((await chunks.next()).value).to.equal('two\n')
    response.destroy()
    await eventually(() => expect(watch?.closed).to.be.true, seconds(2))
  })

  it('cuts watches on demand, and takes new ones', async () => {
    answer = (_, outgoing) => { outgoing.writeHead(200).write('one\n') }
    const sent = send('GET', '/watch')
    const response = await responseOf(sent)
    proxy.cut()
    await textOf(response).then(() => expect.fail('it ended in order'), () => {})
    answer = (_, outgoing) => { outgoing.end('new') }
    expect(await textOf(await responseOf(send('GET', '/watch')))).to.equal('new')
  })

  it('does a write to its end when its client goes away, and ends a read', async () => {
    for (const [method, ends] of [['PATCH', 'in order'], ['GET', 'cut off']] as const) {
      let done: string | undefined
      let here: (() => void) | undefined
      const arrived = new Promise<void>((resolve) => { here = resolve })
      answer = (incoming, outgoing) => {
        incoming.resume()
        outgoing.once('close', () => { done = outgoing.writableFinished ? 'in order' : 'cut off' })
        setTimeout(() => { outgoing.end('late') }, 300)
        here?.()
      }
      const sent = send(method, '/object', method === 'GET' ? undefined : '{}')
      await arrived
      sent.destroy()
      await eventually(() => expect(done, method).to.equal(ends), seconds(5))
    }
  })

  it('resets the connection before or after the write', async () => {
    for (const [hook, landed] of [['onRequest', 0], ['onResponse', 1]] as const) {
      received = []
      proxy.setHooks({ [hook]: (): Verdict => 'reset' })
      await cutOff(send('POST', '/reset'))
      expect(received, hook).to.have.length(landed)
    }
  })

  it('delays what goes on by itself', async () => {
    proxy.setHooks({ onRequest: () => ({ delay: seconds(0.2) }) })
    const sent = send('POST', '/late')
    const seen = noAnswer(sent)
    await new Promise((resolve) => void setTimeout(resolve, 50))
    expect(received).to.be.empty
    expect(seen.none).to.be.true
    expect((await responseOf(sent)).statusCode).to.equal(201)
  })

  it('asks for something else', async () => {
    proxy.setHooks({ onRequest: ({ url }) => ({ url: `${url}?resourceVersion=9` }) })
    await textOf(await responseOf(send('GET', '/pods')))
    expect(received).to.deep.equal(['GET /pods?resourceVersion=9 Bearer t'])
  })

  it('ends an answer in the middle', async () => {
    answer = (_, outgoing) => { outgoing.end('0123456789') }
    proxy.setHooks({ onResponse: () => ({ truncate: 4 }) })
    const response = await responseOf(send('GET', '/part'))
    let text = ''
    response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
    await once(response, 'error')
    expect(text).to.equal('0123')
  })

  it('holds back lines of a watch that runs already, leaves some out, and ends it within one', async () => {
    let watch: ServerResponse | undefined
    answer = (_, outgoing) => {
      watch = outgoing
      outgoing.writeHead(200).write('one\n')
    }
    const response = await responseOf(send('GET', '/pods?watch=true'))
    let text = ''
    response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
    await eventually(() => expect(text).to.equal('one\n'), seconds(2))
    const gate = Promise.withResolvers<void>()
    proxy.setHooks({ onLine: async (_request, line) => (line === 'held' ? gate.promise.then(() => 'forward' as const) : line === 'gone' ? 'drop' : line === 'half' ? 'truncate' : 'forward') })
    watch?.write('held\ngone\nnext\nha')
    await new Promise((resolve) => void setTimeout(resolve, 50))
    expect(text).to.equal('one\n')
    gate.resolve()
    await eventually(() => expect(text).to.equal('one\nheld\nnext\n'), seconds(2))
    watch?.write('lf\n')
    await once(response, 'error')
    expect(text).to.equal('one\nheld\nnext\nha')
  })
})
