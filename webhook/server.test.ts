/** The whole door but for the cluster: real TLS, hostile requests, an orderly end. */
import type { RequestListener } from 'node:http'
import { request, Agent } from 'node:https'
import { X509Certificate } from 'node:crypto'
import { connect as connectPlain } from 'node:net'
import tls, { connect, type TLSSocket } from 'node:tls'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { issueAuthority, issueLeaf } from '../certs/issue.ts'
import type { Material } from '../certs/material.ts'
import { systemClock, systemTimers } from '../shared/adapters/system-clock.ts'
import { hours, millis, seconds, type Millis } from '../shared/lib/time.ts'
import { DEFAULT_INSTALLATION } from '../shared/rules/rule.ts'
import { eventually } from '../shared/testing/eventually.ts'
import { rawPolicy } from '../shared/rules/test-policy.ts'
import { silentLogger } from '../shared/runtime/logger.ts'
import { noMetrics } from '../shared/runtime/metrics.ts'
import type { Ask } from './admission/known.ts'
import { declareAdmissionMetrics, type AdmissionMetrics } from './admission/metrics.ts'
import { admissionRoutes } from './admission/routes.ts'
import { reviewOf } from './admission/test-review.ts'
import { AdmissionServer, type Timeouts } from './server.ts'

interface Answer {
  readonly code: number
  readonly connection: string | undefined
  readonly body: string
  readonly serial: string
}

async function material(): Promise<Material> {
  const authority = await issueAuthority(systemClock.now(), hours(1))
  const leaf = await issueLeaf(authority, { dns: ['localhost'], ips: ['127.0.0.1'] }, systemClock.now(), hours(1))
  return { caBundle: authority.cert, caKey: authority.key, ...leaf }
}

interface Opened {
  readonly metrics?: AdmissionMetrics
  readonly quietPeriod?: Millis
  readonly ask?: Ask
  readonly limits?: { readonly maxConnections: number }
  readonly timeouts?: Partial<Timeouts>
}

const ALLOWED: Ask = () => Promise.resolve({ access: () => 'Allowed' })

function openServer({ metrics = declareAdmissionMetrics(noMetrics), quietPeriod = millis(300), ask = ALLOWED, limits = { maxConnections: 256 }, timeouts = {} }: Opened = {}) {
  const app = admissionRoutes({
    installation: DEFAULT_INSTALLATION,
    ask,
    askRights: ask,
    metrics,
    clock: systemClock,
    timers: systemTimers,
    log: silentLogger,
  })
  return new AdmissionServer({ app, host: '127.0.0.1', port: 0, timers: systemTimers, log: silentLogger, quietPeriod, timeouts, ...limits })
}

interface Sent {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly agent?: Agent
}

const JSON_TYPE = { 'content-type': 'application/json' }

function send(server: AdmissionServer, ca: string, { method = 'POST', path = '/validate', headers = JSON_TYPE, body, agent }: Sent = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: server.port, method, path, headers, ca, agent: agent ?? false }, (response) => {
      const serial = (response.socket as TLSSocket).getPeerX509Certificate()?.serialNumber ?? ''
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      response.on('end', () => resolve({ code: response.statusCode ?? 0, connection: response.headers.connection, body: text, serial }))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const good = JSON.stringify(reviewOf(rawPolicy()))

describe('the door over HTTPS', () => {
  let server: AdmissionServer
  let current: Material
  before(async () => {
    current = await material()
    server = openServer()
    server.serve(current)
    await server.start()
  })
  after(() => server.stop(AbortSignal.timeout(1000)))
  const post = (sent: Sent): Promise<Answer> => send(server, current.caBundle, sent)

  it('answers a review', async () => {
    const { code, body } = await post({ body: good })
    expect(code).to.equal(200)
    expect(JSON.parse(body)).to.deep.include({ kind: 'AdmissionReview' })
  })

  const hostile: [string, Sent, number][] = [
    ['another path', { path: '/nothing', body: good }, 404],
    ['the path with a slash too many', { path: '/validate/', body: good }, 404],
    ['the path in capitals', { path: '/VALIDATE', body: good }, 404],
    ['a path that cannot be decoded', { path: '/%E0%A4%A', body: good }, 404],
    ['two slashes', { path: '//', body: good }, 404],
    ['GET', { method: 'GET' }, 405],
    ['PUT', { method: 'PUT', body: good }, 405],
    ['text', { headers: { 'content-type': 'text/plain' }, body: good }, 415],
    ['YAML', { headers: { 'content-type': 'application/yaml' }, body: good }, 415],
    ['a form', { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'a=b' }, 415],
    ['no content type', { headers: {}, body: good }, 415],
    ['a compressed body', { headers: { ...JSON_TYPE, 'content-encoding': 'gzip' }, body: good }, 415],
    ['an unknown character set', { headers: { 'content-type': 'application/json; charset=latin1' }, body: good }, 415],
    ['an empty body', {}, 400],
    ['half a document', { body: good.slice(0, 100) }, 400],
    ['no JSON', { body: 'spec: {}' }, 400],
    ['a number', { body: '7' }, 400],
    ['a list', { body: '[]' }, 400],
    ['an empty object', { body: '{}' }, 400],
    ['a review without a request', { body: JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' }) }, 400],
    ['a body above 8 MiB', { body: Buffer.alloc(8 * 1024 * 1024 + 1, 0x20) }, 413],
    ['nesting without end', { body: '['.repeat(200_000) + ']'.repeat(200_000) }, 400],
    ['a review without an object', { body: JSON.stringify(reviewOf(null)) }, 200],
    ['an object nested without end', { body: good.replace('"matchLabels":{"app":"cart"}', `"matchLabels":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`) }, 200],
    ['a review of 3 MB', { body: JSON.stringify(reviewOf({ ...rawPolicy(), junk: 'x'.repeat(3_000_000) })) }, 200],
    ['keys of the prototype', { body: good.replace('"matchLabels":{', '"__proto__":{"a":1},"constructor":1,"matchLabels":{"__proto__":"x",') }, 200],
  ]
  for (const [title, sent, code] of hostile) {
    it(`${title}: ${code}, in JSON`, async () => {
      const answer = await post(sent)
      expect(answer.code).to.equal(code)
      expect(() => JSON.parse(answer.body) as unknown, answer.body).to.not.throw()
      expect(answer.body).to.not.contain('node_modules')
      expect((await post({ body: good })).code).to.equal(200)
    })
  }

  it('any bytes: a 4xx or an answer', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: current.caBundle })
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map((text) => Buffer.from(text))), async (body) => {
        const { code } = await post({ body, agent })
        expect(code).to.satisfy((found: number) => found === 200 || (found >= 400 && found < 500))
      }),
      { numRuns: 200 },
    )
    agent.destroy()
  })

  it('serves reviews only: probes and metrics have ports of their own', async () => {
    for (const path of ['/livez', '/readyz', '/metrics', '/']) expect(await post({ method: 'GET', path }), path).to.include({ code: 404 })
  })

  it('speaks no less than TLS 1.2, with its first certificate and with later ones, whatever Node would', async () => {
    const { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS } = tls
    // Below that level OpenSSL itself refuses what is older.
    Object.assign(tls, { DEFAULT_MIN_VERSION: 'TLSv1', DEFAULT_CIPHERS: 'DEFAULT@SECLEVEL=0' })
    try {
      const old = openServer()
      old.serve(current)
      await old.start()
      for (const swapped of [false, true]) {
        if (swapped) old.serve(current)
        const code = await new Promise((resolve) => {
          const socket = connect({ host: '127.0.0.1', port: old.port, ca: current.caBundle, servername: 'localhost', minVersion: 'TLSv1', maxVersion: 'TLSv1.1' }, () => resolve(socket.getProtocol()))
          socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
        })
        expect(code, String(swapped)).to.equal('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
      }
      await old.stop(AbortSignal.timeout(1))
    } finally {
      Object.assign(tls, { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS })
    }
  })

  it('serves a new certificate to new connections', async () => {
    const next = await material()
    server.serve(next)
    const { serial } = await send(server, next.caBundle, { body: good })
    expect(serial).to.equal(new X509Certificate(next.cert).serialNumber)
    await post({ body: good }).then(
      () => expect.fail('the old authority should not do'),
      () => undefined,
    )
    current = next
  })
})

describe('too many connections', () => {
  const LIMIT = 4
  let current: Material
  before(async () => {
    current = await material()
  })
  const opened = async (ask?: Ask): Promise<AdmissionServer> => {
    const server = openServer({ limits: { maxConnections: LIMIT }, ...(ask === undefined ? {} : { ask }) })
    server.serve(current)
    await server.start()
    return server
  }
  /** Sends `head` and nothing more; resolves once it is connected, with whether it still is. */
  const stranger = async (server: AdmissionServer, head: string, tls = true): Promise<() => boolean> => {
    let open = true
    const socket = tls ? connect({ host: '127.0.0.1', port: server.port, ca: current.caBundle, servername: 'localhost' }) : connectPlain(server.port, '127.0.0.1')
    socket.on('error', () => {}).on('close', () => { open = false })
    await new Promise((resolve) => socket.once(tls ? 'secureConnect' : 'connect', resolve))
    socket.resume().write(head)
    return () => open
  }
  const slow = `POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`
  const ways: [string, string, boolean][] = [
    ['say nothing', '', true],
    ['speak no TLS', '', false],
    ['never end their headers', 'POST /validate HTTP/1.1\r\nHost:', true],
    ['never end their body', slow, true],
  ]
  for (const [title, head, tls] of ways) {
    it(`strangers that ${title} give way to reviews, the longest first`, async () => {
      const server = await opened()
      const strangers: (() => boolean)[] = []
      for (let i = 0; i < LIMIT; i++) strangers.push(await stranger(server, head, tls))
      for (let i = 0; i < 3; i++) expect(await send(server, current.caBundle, { body: good })).to.include({ code: 200 })
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect(strangers.map((open) => open())).to.deep.equal([false, true, true, true])
      await server.stop(AbortSignal.timeout(1))
    })
  }

  for (const [title, requests] of [['an answer', 1], ['one answer after another', 2]] as const) {
    it(`strangers that leave ${title} unread give way to those that read`, async () => {
      const answer = Buffer.alloc(2 ** 25)
      let answered = 0
      const app: RequestListener = (asked, response) =>
        void asked.resume().once('end', () => {
          answered++
          response.end(asked.url === '/much' ? answer : 'little')
        })
      const server = new AdmissionServer({ app, host: '127.0.0.1', port: 0, timers: systemTimers, log: silentLogger, quietPeriod: millis(0), maxConnections: LIMIT })
      server.serve(current)
      await server.start()
      const strangers: TLSSocket[] = []
      for (let i = 0; i < LIMIT; i++) {
        const socket = connect({ host: '127.0.0.1', port: server.port, ca: current.caBundle, servername: 'localhost' })
        strangers.push(socket.on('error', () => {}))
        await new Promise((resolve) => socket.once('secureConnect', resolve))
        for (let request = 0; request < requests; request++) {
          const asked = answered
          socket.write('POST /much HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
          await eventually(() => expect(answered).to.equal(asked + 1), seconds(5))
        }
      }
      for (let i = 0; i < 3; i++) expect(await send(server, current.caBundle, { body: good })).to.include({ code: 200, body: 'little' })
      for (const socket of strangers) socket.destroy()
      await server.stop(AbortSignal.timeout(1))
    })
  }

  it('are more than ten API servers keep idle', async () => {
    const app: RequestListener = (asked, response) => void asked.resume().once('end', () => response.end())
    const server = new AdmissionServer({ app, host: '127.0.0.1', port: 0, timers: systemTimers, log: silentLogger, quietPeriod: millis(0) })
    server.serve(current)
    await server.start()
    const idle: (() => boolean)[] = []
    for (let i = 0; i < 10 * 25; i++) idle.push(await stranger(server, '', false))
    expect(await send(server, current.caBundle, { body: good })).to.include({ code: 200 })
    expect(idle.every((open) => open())).to.equal(true)
    await server.stop(AbortSignal.timeout(1))
  })

  it('a review that is being judged never gives way, and goes back in line when it is answered', async () => {
    let answer: () => void = () => {}
    const asked = new Promise<void>((resolve) => { answer = resolve })
    const server = await opened(async () => {
      await asked
      return { access: () => 'Allowed' }
    })
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: current.caBundle })
    const judged = send(server, current.caBundle, { body: good, agent })
    await new Promise((resolve) => setTimeout(resolve, 100))
    for (let i = 0; i < LIMIT * 3; i++) await stranger(server, slow)
    answer()
    expect((await judged).code).to.equal(200)
    agent.destroy()
    await server.stop(AbortSignal.timeout(1))
  })
})

describe('a connection that asks again before it is answered', () => {
  const pieces: [string, string][] = [
    ['for reviews', `POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(good)}\r\n\r\n${good}`],
    ['for no review', 'GET /validate HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['for what is not there', 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'],
  ]
  for (const [title, piece] of pieces) {
    it(`${title}: it is ended with nothing done for the others, and reviews go on`, async () => {
      const current = await material()
      let asked = 0
      const server = openServer({ ask: (request) => {
        asked++
        return ALLOWED(request)
      } })
      server.serve(current)
      await server.start()
      const socket = connect({ host: '127.0.0.1', port: server.port, ca: current.caBundle, servername: 'localhost' })
      const closed = new Promise((resolve) => socket.on('error', () => {}).resume().once('close', resolve))
      socket.write(piece.repeat(1000))
      await closed
      expect(asked).to.be.at.most(1)
      const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: current.caBundle })
      for (let i = 0; i < 5; i++) expect(await send(server, current.caBundle, { body: good, agent })).to.include({ code: 200 })
      agent.destroy()
      await server.stop(AbortSignal.timeout(1000))
    })
  }
})

describe('a bug behind the door', () => {
  it('is a 500 with the uid of the request, and not the end', async () => {
    const current = await material()
    const broken: AdmissionMetrics = {
      observe: () => {},
      found: () => {
        throw new Error('secret detail')
      },
    }
    const server = openServer({ metrics: broken })
    server.serve(current)
    await server.start()
    const { code, body } = await send(server, current.caBundle, { body: good })
    expect([code, JSON.parse(body)]).to.deep.equal([500, { error: 'internal error', uid: 'u-1' }])
    expect((await send(server, current.caBundle, { method: 'GET' })).code).to.equal(405)
    await server.stop(AbortSignal.timeout(1000))
  })
})

describe('a connection that comes no further', () => {
  const LONG: Timeouts = { handshake: hours(1), headers: hours(1), request: hours(1), keepAlive: hours(1), looked: millis(100) }
  const begin = 'POST /validate HTTP/1.1\r\nHost: localhost\r\n'
  const cases: readonly (readonly [what: string, by: keyof Timeouts, sent: string | undefined])[] = [
    ['that shakes no hands', 'handshake', undefined],
    ['whose headers do not end', 'headers', begin],
    ['whose body does not end', 'request', `${begin}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{`],
  ]
  for (const [what, by, sent] of cases) {
    it(`is closed in its time: one ${what}`, async () => {
      const current = await material()
      const server = openServer({ timeouts: { ...LONG, ...(by === 'request' ? { headers: millis(200) } : {}), [by]: millis(300) } })
      server.serve(current)
      await server.start()
      const socket = sent === undefined ? connectPlain(server.port, '127.0.0.1') : connect({ host: '127.0.0.1', port: server.port, ca: current.caBundle })
      socket.on('error', () => {}).resume()
      if (sent !== undefined) socket.write(sent)
      let closed = false
      socket.once('close', () => { closed = true })
      await eventually(() => expect(closed).to.equal(true), seconds(10))
      await server.stop(AbortSignal.timeout(1000))
    })
  }

  it('is kept for longer between two reviews than API servers keep theirs', async () => {
    const current = await material()
    const server = openServer()
    server.serve(current)
    await server.start()
    const agent = new Agent({ keepAlive: true })
    const told = await new Promise<string>((resolve, reject) => {
      request({ host: '127.0.0.1', port: server.port, path: '/validate', ca: current.caBundle, agent }, (response) => {
        response.resume()
        resolve(String(response.headers['keep-alive']))
      }).on('error', reject).end()
    })
    agent.destroy()
    expect(told).to.equal('timeout=90')
    await server.stop(AbortSignal.timeout(1000))
  })
})

describe('the end of the door', () => {
  /** Whether it has come. */
  const ended = (stop: Promise<void>): { readonly come: boolean } => {
    const end = { come: false }
    void stop.finally(() => { end.come = true })
    return end
  }

  it('answers reviews with Connection: close until none comes any more', async () => {
    const current = await material()
    // Longer than a busy machine takes from one review to the next.
    const server = openServer({ quietPeriod: seconds(2) })
    server.serve(current)
    await server.start()
    let stopped = false
    const stop = (async () => {
      await server.stop(AbortSignal.timeout(10_000))
      stopped = true
    })()
    // Who asks for it is told so anyway.
    const agent = new Agent({ keepAlive: true })
    for (let i = 0; i < 5; i++) {
      expect(await send(server, current.caBundle, { body: good, agent })).to.include({ code: 200, connection: 'close' })
      expect(server.stopping).to.equal(true)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    expect(stopped).to.equal(false)
    await stop
    await send(server, current.caBundle, { body: good }).then(
      () => expect.fail('nothing should listen'),
      () => undefined,
    )
  })

  it('is not put off for ever by connections that stay', async () => {
    const current = await material()
    const server = openServer()
    server.serve(current)
    await server.start()
    const agent = new Agent({ keepAlive: true, ca: current.caBundle })
    await send(server, current.caBundle, { body: good, agent })
    const aborted = AbortSignal.timeout(15_000)
    await server.stop(aborted)
    expect(aborted.aborted, 'it waited for them').to.equal(false)
    agent.destroy()
  })
  it('does not come before balancers have heard of it, however long no review has come', async () => {
    const current = await material()
    const server = openServer({ quietPeriod: seconds(1) })
    server.serve(current)
    await server.start()
    await new Promise((resolve) => setTimeout(resolve, 1100))
    const stop = server.stop(AbortSignal.timeout(10_000))
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await send(server, current.caBundle, { body: good })).to.include({ code: 200 })
    await stop
  })

  it('waits for the rest of a review that is still being sent', async () => {
    const current = await material()
    const server = openServer({ quietPeriod: millis(50) })
    server.serve(current)
    await server.start()
    const code = new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port: server.port, method: 'POST', path: '/validate', headers: JSON_TYPE, ca: current.caBundle, agent: false }, (response) => resolve(response.resume().statusCode))
      sent.on('error', reject).write(good.slice(0, 10))
      setTimeout(() => sent.end(good.slice(10)), 1000)
    })
    await new Promise((resolve) => setTimeout(resolve, 300))
    const stop = server.stop(AbortSignal.timeout(10_000))
    expect(await code).to.equal(200)
    await stop
  })

  it('is not put off by a connection that shakes no hands', async () => {
    const current = await material()
    const server = openServer({ quietPeriod: millis(0), timeouts: { handshake: hours(1) } })
    server.serve(current)
    await server.start()
    const socket = connectPlain(server.port, '127.0.0.1')
    await new Promise((resolve) => socket.on('error', () => {}).once('connect', resolve))
    // The server hears of it a moment later.
    await send(server, current.caBundle, { body: good })
    const end = ended(server.stop(AbortSignal.timeout(60_000)))
    await eventually(() => expect(end.come).to.equal(true), seconds(5)).finally(() => socket.destroy())
  })
  it('is not put off beyond its time by a review that is never answered', async () => {
    const current = await material()
    const server = openServer({ quietPeriod: millis(0), ask: () => new Promise(() => {}) })
    server.serve(current)
    await server.start()
    const review = send(server, current.caBundle, { body: good }).catch(() => 'broken off')
    await new Promise((resolve) => setTimeout(resolve, 200))
    const end = ended(server.stop(AbortSignal.timeout(300)))
    await eventually(() => expect(end.come).to.equal(true), seconds(5))
    expect(await review).to.equal('broken off')
  })

  it('waits for the last of many reviews, and for nothing else', async () => {
    const current = await material()
    for (const method of ['POST', 'GET']) {
      const server = openServer({ quietPeriod: seconds(1) })
      server.serve(current)
      await server.start()
      const end = ended(server.stop(AbortSignal.timeout(20_000)))
      const until = Date.now() + 2000
      while (Date.now() < until && !end.come) {
        await send(server, current.caBundle, { method, body: good }).catch(() => undefined)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      expect(end.come, method).to.equal(method === 'GET')
      await eventually(() => expect(end.come).to.equal(true), seconds(10))
    }
  })
})
