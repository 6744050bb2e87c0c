import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { systemTimers } from '../adapters/system-clock.ts'
import { millis } from '../lib/time.ts'
import { silentLogger } from '../runtime/logger.ts'
import { isApiError, NotLeading, type ApiErrorKind } from './errors.ts'
import { CONFIG_MAPS, PODS } from './resources.ts'
import { connect, type KubeConnection } from './transport.ts'

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void

const kindOf = (call: Promise<unknown>): Promise<ApiErrorKind | 'bug' | 'none'> =>
  call.then(
    () => 'none' as const,
    (error: unknown) => (isApiError(error) ? error.kind : ('bug' as const)),
  )

const json = (response: ServerResponse, code: number, value: unknown, headers: Record<string, string> = {}): void => {
  response.writeHead(code, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(value))
}

describe('the transport', () => {
  let server: Server
  let api: KubeConnection
  let answer: Answer
  let connections: number
  let token: string
  const cart = { namespace: 'shop', name: 'cart' }

  beforeEach(async () => {
    connections = 0
    token = 'first'
    server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => answer(request, response, Buffer.concat(chunks).toString()))
    })
    server.on('connection', () => connections++)
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const read = () => Promise.resolve({ tls: { rejectUnauthorized: true }, authorization: `Bearer ${token}` })
    api = connect({
      userAgent: 'kubeskippy/test',
      timers: systemTimers,
      log: silentLogger,
      connections: 2,
      access: { origin: `http://127.0.0.1:${port}`, prefix: '/k8s', read },
    })
  })

  afterEach(async () => {
    await api.close()
    server.closeAllConnections()
    await new Promise((resolve) => void server.close(resolve))
  })

  it('keeps the last bytes of a log however much comes, and all of an error', async () => {
    const options = { container: 'main', tailLines: 10, lastBytes: 5 }
    answer = ({ url }, response) => {
      expect(url).to.equal('/k8s/api/v1/namespaces/shop/pods/cart/log?container=main&tailLines=10')
      for (const part of ['ab', 'cdefg', 'h', 'ij']) response.write(part)
      response.end()
    }
    expect(await api.log(PODS, cart, options)).to.equal('fghij')
    answer = (_request, response) => json(response, 404, { kind: 'Status', code: 404, reason: 'NotFound', message: 'not there' })
    expect(await kindOf(api.log(PODS, cart, options))).to.equal('NotFound')
  })

  it('uses its connections again: a hundred calls open two', async () => {
    answer = (_request, response) => json(response, 200, { metadata: { name: 'cart' } })
    await Promise.all(Array.from({ length: 100 }, () => api.get(PODS, cart)))
    expect(connections).to.equal(2)
  })

  it('keeps watches away from calls: many open watches starve none', async () => {
    answer = (request, response) => {
      if (request.url?.includes('watch=true') === true) {
        response.writeHead(200)
        response.flushHeaders()
      } else json(response, 200, { metadata: { name: 'cart' } })
    }
    const abort = new AbortController()
    const watches = Array.from({ length: 5 }, async () => {
      for await (const _ of api.watch(PODS, { resourceVersion: '1', timeoutSeconds: 60, signal: abort.signal }));
    })
    const ended = watches.map((watch) => kindOf(watch))
    await api.get(PODS, cart)
    abort.abort()
    expect(new Set(await Promise.all(ended))).to.deep.equal(new Set(['Aborted']))
  })

  it('sends each kind of patch under its content type, with its options in the query', async () => {
    const seen: string[] = []
    answer = (request, response) => {
      seen.push(`${request.headers['content-type']} ${request.url}`)
      json(response, 200, {})
    }
    for (const type of ['merge', 'strategic', 'json'] as const) await api.patch(PODS, cart, { type, body: [] }, { dryRun: true, fieldManager: 'us' })
    await api.patch(PODS, cart, { type: 'apply', body: {}, force: true }, { fieldManager: 'us', subresource: 'status' })
    const path = '/k8s/api/v1/namespaces/shop/pods/cart'
    expect(seen).to.deep.equal([
      `application/merge-patch+json ${path}?dryRun=All&fieldManager=us`,
      `application/strategic-merge-patch+json ${path}?dryRun=All&fieldManager=us`,
      `application/json-patch+json ${path}?dryRun=All&fieldManager=us`,
      `application/apply-patch+yaml ${path}/status?fieldManager=us&force=true`,
    ])
  })

  it('says who it is, and impersonates by the user alone', async () => {
    let headers: IncomingMessage['headers'] = {}
    answer = (request, response) => {
      headers = request.headers
      json(response, 201, {})
    }
    const impersonate = 'system:serviceaccount:shop:kubeskippy-healer'
    await api.post(PODS, cart, 'eviction', {}, { impersonate, userAgent: 'kubeskippy/test action-1' })
    expect(headers).to.deep.include({ authorization: 'Bearer first', 'impersonate-user': impersonate, 'user-agent': 'kubeskippy/test action-1' })
    expect(Object.keys(headers).filter((name) => name.startsWith('impersonate-'))).to.deep.equal(['impersonate-user'])
  })

  it('asks for a dry run of a delete in the body', async () => {
    let sent = ''
    answer = (request, response, body) => {
      sent = `${request.url} ${body}`
      json(response, 200, {})
    }
    await api.delete(CONFIG_MAPS, cart, { dryRun: true, preconditions: { uid: 'u', resourceVersion: '7' } })
    expect(sent).to.equal(
      '/k8s/api/v1/namespaces/shop/configmaps/cart {"apiVersion":"v1","kind":"DeleteOptions","dryRun":["All"],"preconditions":{"uid":"u","resourceVersion":"7"}}',
    )
  })

  it('reads fresh credentials after a 401 and tries once more', async () => {
    answer = (request, response) => json(response, request.headers.authorization === 'Bearer second' ? 200 : 401, { metadata: {} })
    expect(await kindOf(api.get(PODS, cart))).to.equal('Unauthorized')
    await new Promise((resolve) => setTimeout(resolve, 1050))
    token = 'second'
    expect(await kindOf(api.get(PODS, cart))).to.equal('none')
  })

  const faults: readonly (readonly [string, Answer, ApiErrorKind])[] = [
    ['a plain text 429', (_request, response) => response.writeHead(429, { 'retry-after': '1', 'content-type': 'text/plain' }).end('Too many requests'), 'Throttled'],
    ['a 200 that is no JSON', (_request, response) => response.writeHead(200).end('<html>'), 'Network'],
    ['a body that is cut', (_request, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('{"a":')
      setImmediate(() => response.destroy())
    }, 'Network'],
    ['a reset', (request) => request.socket.resetAndDestroy(), 'Network'],
    ['no answer', () => {}, 'Timeout'],
    ['half an answer', (_request, response) => void response.writeHead(200).write('{"a":'), 'Timeout'],
    ['a redirect', (_request, response) => response.writeHead(302, { location: '/x' }).end(), 'BadRequest'],
  ]
  for (const [what, fault, kind] of faults) {
    it(`turns ${what} into ${kind}`, async () => {
      answer = fault
      expect(await kindOf(api.get(PODS, cart, { timeout: millis(150) }))).to.equal(kind)
    })
  }

  it('ends a call with the signal of its caller, before it is sent and while it waits', async () => {
    answer = () => {}
    expect(await kindOf(api.get(PODS, cart, { signal: AbortSignal.abort() }))).to.equal('Aborted')
    const abort = new AbortController()
    const waiting = kindOf(api.get(PODS, cart, { signal: abort.signal }))
    setTimeout(() => abort.abort(), 20)
    expect(await waiting).to.equal('Aborted')
  })

  it('throws a truncated last line of a watch, after the events before it', async () => {
    answer = (_request, response) => {
      response.writeHead(200)
      response.end(`${JSON.stringify({ type: 'ADDED', object: { metadata: { name: 'a' } } })}\n{"type":"DEL`)
    }
    const seen: string[] = []
    const watching = async (): Promise<void> => {
      for await (const event of api.watch(PODS, { resourceVersion: '1', timeoutSeconds: 60 })) seen.push(event.type)
    }
    expect(await kindOf(watching())).to.equal('Network')
    expect(seen).to.deep.equal(['ADDED'])
  })

  it('is Expired in both forms: as the status of the watch and as an event in it', async () => {
    const status = { kind: 'Status', code: 410, reason: 'Expired' }
    const watching = async (): Promise<void> => {
      for await (const _ of api.watch(PODS, { resourceVersion: '1', timeoutSeconds: 60 }));
    }
    answer = (_request, response) => json(response, 410, status)
    expect(await kindOf(watching())).to.equal('Expired')
    answer = (_request, response) => response.writeHead(200).end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`)
    expect(await kindOf(watching())).to.equal('Expired')
  })

  it('lets a watch go when its reader does', async () => {
    let closed = false
    answer = (_request, response) => {
      response.on('close', () => (closed = true))
      response.writeHead(200)
      response.write(`${JSON.stringify({ type: 'ADDED', object: { metadata: { name: 'a' } } })}\n`)
    }
    for await (const _ of api.watch(PODS, { resourceVersion: '1', timeoutSeconds: 60 })) break
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(closed).to.equal(true)
  })

  it('refuses to watch from nothing, since the server would send all it has as if it were new', async () => {
    for (const resourceVersion of ['', '0']) {
      const watching = (async () => {
        for await (const _ of api.watch(PODS, { resourceVersion, timeoutSeconds: 60 }));
      })()
      expect(await kindOf(watching)).to.equal('BadRequest')
    }
  })

  describe('a fenced call', () => {
    it('is not sent when it waited in line and the fence was closed meanwhile', async () => {
      const paths: string[] = []
      let free = (): void => {}
      const busy = new Promise<void>((resolve) => {
        free = resolve
      })
      answer = (request, response) => {
        paths.push(`${request.method} ${request.url}`)
        void busy.then(() => json(response, 200, { metadata: { name: 'cart' } }))
      }
      // Both connections are taken.
      const before = [api.get(PODS, cart), api.get(PODS, cart)]
      let open = true
      const fence = (): void => {
        if (!open) throw new NotLeading('lost')
      }
      const waiting = api.patch(PODS, cart, { type: 'merge', body: {} }, { fence }).then(() => 'sent', (error: unknown) => error)
      await new Promise((resolve) => void setTimeout(resolve, 50))
      open = false
      free()
      await Promise.all(before)
      expect(await waiting).to.be.instanceOf(NotLeading)
      expect(paths.filter((path) => path.startsWith('PATCH'))).to.deep.equal([])
      // The connection is used again.
      expect(await kindOf(api.get(PODS, cart))).to.equal('none')
    })

    it('is sent when it is open', async () => {
      answer = (_request, response) => json(response, 200, { metadata: { name: 'cart' } })
      let asked = 0
      expect(await kindOf(api.patch(PODS, cart, { type: 'merge', body: {} }, { fence: () => void asked++ }))).to.equal('none')
      expect(asked).to.equal(1)
    })
  })
})
