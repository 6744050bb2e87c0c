import { createServer, request, type IncomingHttpHeaders, type OutgoingHttpHeaders, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { expect } from 'chai'
import { systemClock, systemTimers } from '../../shared/adapters/system-clock.ts'
import { seconds } from '../../shared/lib/time.ts'
import { DEFAULT_INSTALLATION, type Known } from '../../shared/rules/rule.ts'
import { rawPolicy } from '../../shared/rules/test-policy.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import type { AdmissionMetrics } from './metrics.ts'
import { admissionRoutes } from './routes.ts'
import { reviewOf } from './test-review.ts'

interface Answer {
  readonly code: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
}

const MIB = 2 ** 20
const JSON_TYPE = { 'content-type': 'application/json' }
const good = reviewOf(rawPolicy())
const bad = reviewOf(rawPolicy({ actions: [1, 2].map((index) => ({ name: `a${index}`, type: 'evict', evictAction: {} })), safetyRules: { maxActionsPerHour: 99 } }))

describe('the routes of the door', () => {
  let server: Server
  let observed: string[]
  let found: string[]
  let told: unknown[]
  let rights: Known
  let broken: boolean
  beforeEach(async () => {
    observed = []
    found = []
    told = []
    rights = {}
    broken = false
    const metrics: AdmissionMetrics = { observe: (...[route, operation, verdict, took]) => void observed.push(`${route} ${operation} ${verdict} ${took < 5}`), found: (all) => void found.push(...all.map(({ rule }) => rule)) }
    server = createServer(
      admissionRoutes({
        installation: DEFAULT_INSTALLATION,
        ask: () => (broken ? Promise.reject(new Error('a bug')) : Promise.resolve({ access: () => 'Denied' })),
        askRights: () => Promise.resolve(rights),
        metrics,
        clock: systemClock,
        timers: systemTimers,
        log: { ...silentLogger, info: (_message, fields) => void told.push(fields) },
      }),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  }))
  const port = (): number => (server.address() as AddressInfo).port
  const sending = (path: string, method = 'POST', headers: OutgoingHttpHeaders = JSON_TYPE) => {
    const sent = request({ host: '127.0.0.1', port: port(), path, method, headers, agent: false })
    const answer = new Promise<Answer>((resolve, reject) => {
      sent.on('error', reject).on('response', (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (part: string) => { text += part }).on('end', () => resolve({ code: response.statusCode, headers: response.headers, body: JSON.parse(text) }))
      })
    })
    return { sent, answer }
  }
  const post = (path: string, body: unknown): Promise<Answer> => {
    const { sent, answer } = sending(path)
    sent.end(JSON.stringify(body))
    return answer
  }

  it('answer JSON, with a query and without', async () => {
    for (const path of ['/validate', '/validate?timeout=3s']) {
      const { code, headers, body } = await post(path, good)
      expect([code, headers['content-type']]).to.deep.equal([200, 'application/json; charset=utf-8'])
      expect(body).to.have.nested.property('response.uid', 'u-1')
    }
  })

  it('say which method they understand', async () => {
    for (const method of ['GET', 'PUT']) {
      const { sent, answer } = sending('/mutate', method)
      sent.end()
      const { code, headers } = await answer
      expect([code, headers.allow]).to.deep.equal([405, 'POST'])
    }
    expect(observed).to.deep.equal([])
  })

  it('refuse what is elsewhere when it is read to its end: who still writes does not read why', async () => {
    const socket = connect(port(), '127.0.0.1')
    let answer = ''
    socket.setEncoding('utf8').on('data', (part: string) => { answer += part })
    socket.write('POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01234')
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(answer).to.equal('')
    socket.write('56789')
    await eventually(() => expect(answer).to.match(/^HTTP\/1\.1 404 /), seconds(5))
    socket.destroy()
  })

  it('validate by all that is known and add defaults by rights alone', async () => {
    expect((await post('/validate', good)).body).to.have.nested.property('response.allowed', false)
    expect((await post('/mutate', good)).body).to.have.nested.property('response.allowed', true)
    rights = { access: () => 'Denied' }
    expect((await post('/mutate', good)).body).to.have.nested.property('response.status.code', 403)
    expect(observed).to.deep.equal(['validate CREATE denied true', 'mutate CREATE patched true', 'mutate CREATE denied true'])
  })

  it('count and log what was refused, each rule once in the log', async () => {
    await post('/validate', bad)
    expect(found.filter((rule) => rule === 'KS108')).to.have.length(2)
    expect(told).to.deep.equal([{ resource: 'healingpolicies', object: 'shop/', operation: 'CREATE', dryRun: false, rules: [...new Set(found)] }])
    await post('/validate', reviewOf(rawPolicy({ mode: 'dryrun' }), { dryRun: true }))
    expect(told).to.have.length(1)
    await post('/validate', reviewOf(rawPolicy(), { dryRun: true }))
    expect(told[1]).to.include({ dryRun: true })
  })

  it('refuse a review that is incomplete, and have no answer to what is none', async () => {
    const incomplete = await post('/validate', reviewOf(null))
    expect(incomplete.code).to.equal(200)
    expect(incomplete.body).to.have.property('response').that.deep.equals({ uid: 'u-1', allowed: false, status: { code: 400, reason: 'BadRequest', message: 'the review carries no object' } })
    expect((await post('/validate', {})).code).to.equal(400)
    expect(observed).to.deep.equal(['validate none incomplete true', 'validate none malformed true'])
  })

  it('count their own mistakes', async () => {
    broken = true
    expect(await post('/validate', good)).to.deep.include({ code: 500, body: { error: 'internal error', uid: 'u-1' } })
    expect(observed).to.deep.equal(['validate none error true'])
  })

  it('ask to be tried again where too much is sent at once', async () => {
    const bytes = Buffer.alloc(7.5 * MIB, ' ')
    const all = Array.from({ length: 9 }, () => {
      const one = sending('/validate')
      one.sent.write(bytes)
      return one
    })
    const { code, headers } = await Promise.any(all.map(({ answer }) => answer))
    expect([code, headers['retry-after']]).to.deep.equal([503, '1'])
    for (const { sent, answer } of all) {
      answer.catch(() => undefined)
      sent.destroy()
    }
  })
})
