import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { systemTimers } from '../../../shared/adapters/system-clock.ts'
import { instant, millis, minutes, seconds } from '../../../shared/lib/time.ts'
import type { MetricAnswer } from '../../ports/metric-source.ts'
import { Prometheus, type PrometheusConfig } from './prometheus.ts'
import { MAX_SERIES } from './prometheus-answer.ts'

const NOW = instant(Date.UTC(2030, 0, 1))
const T = NOW / 1000

interface Heard {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly form: URLSearchParams
}

describe('a Prometheus', () => {
  let server: Server
  let heard: Heard[] = []
  let answer: (response: ServerResponse) => void
  let source: Prometheus
  const dir = mkdtempSync(join(tmpdir(), 'prometheus-'))

  before((done) => {
    server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        heard.push({ method: request.method, url: request.url, headers: request.headers, form: new URLSearchParams(body) })
        answer(response)
      })
    }).listen(0, '127.0.0.1', done)
  })
  after(() => {
    server.closeAllConnections()
    server.close()
    rmSync(dir, { recursive: true })
  })
  beforeEach(() => {
    heard = []
    source = open()
  })
  afterEach(() => source.close())

  const origin = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const open = (config: Partial<PrometheusConfig> = {}): Prometheus =>
    new Prometheus(
      { name: 'main', url: `${origin()}/prom/`, timeout: seconds(5), tokenFile: undefined, username: undefined, passwordFile: undefined, caFile: undefined, headers: undefined, ...config },
      systemTimers,
    )
  const reopen = async (config: Partial<PrometheusConfig>): Promise<void> => {
    await source.close()
    source = open(config)
  }
  const say = (code: number, body: unknown, headers: Record<string, string> = { 'content-type': 'application/json' }): void => {
    answer = (response) => response.writeHead(code, headers).end(typeof body === 'string' ? body : JSON.stringify(body))
  }
  const sayResult = (resultType: string, result: unknown, more: object = {}): void => say(200, { status: 'success', data: { resultType, result }, ...more })
  /** Without the words that all reasons begin with. */
  const why = (given: MetricAnswer): string => {
    if (given.kind !== 'NoData') throw new Error(`not without data: ${JSON.stringify(given)}`)
    const start = `the Prometheus source main (${origin()}) `
    expect(given.why.startsWith(start), given.why).to.equal(true)
    return given.why.slice(start.length)
  }

  describe('is asked', () => {
    it('by POST with a form, at the path of its url, and not to take longer than its deadline', async () => {
      sayResult('vector', [])
      await source.query('sum by (pod) (up{a="b"}) + 1', NOW)
      expect(heard).to.have.lengthOf(1)
      expect(heard[0]).to.include({ method: 'POST', url: '/prom/api/v1/query' })
      expect(heard[0]?.headers['content-type']).to.equal('application/x-www-form-urlencoded')
      expect(Object.fromEntries(heard[0]?.form ?? [])).to.deep.equal({ query: 'sum by (pod) (up{a="b"}) + 1', timeout: '5s' })
    })
    it('for a range up to now', async () => {
      sayResult('matrix', [])
      await source.range('up', { span: minutes(2), step: seconds(30) }, NOW)
      expect(heard[0]?.url).to.equal('/prom/api/v1/query_range')
      expect(Object.fromEntries(heard[0]?.form ?? [])).to.deep.equal({ query: 'up', start: `${T - 120}.000`, end: `${T}.000`, step: '30.000', timeout: '5s' })
    })
    it('with the token of a file, without its line break, and with more headers', async () => {
      const tokenFile = join(dir, 'token')
      writeFileSync(tokenFile, 'sesame\n')
      await reopen({ tokenFile, headers: ['X-Scope-OrgID: shop'] })
      sayResult('vector', [])
      await source.query('up', NOW)
      expect(heard[0]?.headers).to.include({ authorization: 'Bearer sesame', 'x-scope-orgid': 'shop' })
    })
    it('with a user and the password of a file', async () => {
      const passwordFile = join(dir, 'password')
      writeFileSync(passwordFile, 'sesame')
      await reopen({ username: 'me', passwordFile })
      sayResult('vector', [])
      await source.query('up', NOW)
      expect(heard[0]?.headers.authorization).to.equal(`Basic ${Buffer.from('me:sesame').toString('base64')}`)
    })
    it('with the new token after a refusal', async () => {
      const tokenFile = join(dir, 'rotated')
      writeFileSync(tokenFile, 'old')
      await reopen({ tokenFile })
      say(401, '')
      await source.query('up', NOW)
      writeFileSync(tokenFile, 'new')
      await source.query('up', NOW)
      expect(heard.map(({ headers }) => headers.authorization)).to.deep.equal(['Bearer old', 'Bearer new'])
    })
    it('not at all while its token cannot be read', async () => {
      await reopen({ tokenFile: join(dir, 'absent') })
      expect(why(await source.query('up', NOW))).to.equal('cannot be asked: one of its files cannot be read (ENOENT)')
      expect(heard).to.have.lengthOf(0)
    })
    it('not at all while its CA cannot be read', async () => {
      await reopen({ caFile: join(dir, 'absent') })
      expect(why(await source.query('up', NOW))).to.equal('cannot be asked: one of its files cannot be read (ENOENT)')
    })
  })

  describe('answers', () => {
    it('a vector, its times moved to our clock', async () => {
      sayResult('vector', [{ metric: { pod: 'cart-0', namespace: 'shop' }, value: [T - 60, '93.5'] }])
      expect(await source.query('up', NOW)).to.deep.equal({
        kind: 'Series',
        series: [{ labels: { pod: 'cart-0', namespace: 'shop' }, points: [{ at: NOW, value: 93.5 }] }],
        warnings: [],
      })
    })
    it('a number', async () => {
      sayResult('scalar', [T, '7'])
      expect(await source.query('7', NOW)).to.deep.equal({ kind: 'Series', series: [{ labels: {}, points: [{ at: NOW, value: 7 }] }], warnings: [] })
    })
    it('nothing', async () => {
      sayResult('vector', [])
      expect(await source.query('up', NOW)).to.deep.equal({ kind: 'Series', series: [], warnings: [] })
    })
    it('a range', async () => {
      sayResult('matrix', [{ metric: { pod: 'a' }, values: [[T - 60, '1'], [T - 30, '2']] }])
      expect(await source.range('up', { span: minutes(1), step: seconds(30) }, NOW)).to.deep.equal({
        kind: 'Series',
        series: [{ labels: { pod: 'a' }, points: [{ at: NOW - 60_000, value: 1 }, { at: NOW - 30_000, value: 2 }] }],
        warnings: [],
      })
    })
    it('what is no number as what it is', async () => {
      sayResult('vector', ['NaN', '+Inf', '-Inf', '1e3', '.5'].map((text, i) => ({ metric: { pod: `${i}` }, value: [T, text] })))
      const given = await source.query('up', NOW)
      expect(given.kind === 'Series' && given.series.map(({ points }) => points[0]?.value)).to.deep.equal([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1000, 0.5])
    })
    it('with warnings, cleaned', async () => {
      sayResult('vector', [], { warnings: ['query touched\u001b[31m a store that is down', 5] })
      expect(await source.query('up', NOW)).to.deep.include({ warnings: ['query touched[31m a store that is down'] })
    })
    it('as many series as are allowed', async () => {
      sayResult('vector', Array.from({ length: MAX_SERIES }, (_, i) => ({ metric: { pod: `${i}` }, value: [T, '1'] })))
      const given = await source.query('up', NOW)
      expect(given.kind === 'Series' && given.series.length).to.equal(MAX_SERIES)
    })
    it('with a clock that is five minutes away, and no more', async () => {
      sayResult('vector', [{ metric: {}, value: [T - 300, '1'] }])
      expect((await source.query('up', NOW)).kind).to.equal('Series')
      sayResult('vector', [{ metric: {}, value: [T - 300.001, '1'] }])
      expect(why(await source.query('up', NOW))).to.equal('answered for a time that is 5m1ms away: its clock or a cache in between is wrong')
      sayResult('vector', [{ metric: {}, value: [T + 301, '1'] }])
      expect(why(await source.query('up', NOW))).to.contain('is 5m1s away')
    })
  })

  const HTML = { 'content-type': 'text/html' }
  const bad: readonly [string, () => void, string][] = [
    ['a web page', () => say(200, '<html>login</html>', HTML), 'answered 200 with a web page: something else listens there, or the path of the url is wrong'],
    ['a web page that says it is JSON', () => say(502, '\n<html>'), 'answered 502 with a web page: something else listens there, or the path of the url is wrong'],
    ['something that is not JSON', () => say(200, 'ok'), 'answered 200 with something that is not JSON'],
    ['half of its JSON', () => say(200, '{"status":"success","data":{"resu'), 'answered 200 with something that is not JSON'],
    ['nothing', () => say(200, ''), 'answered 200 with something that is not JSON'],
    ['a list', () => say(200, []), 'answered 200 with JSON that is no object'],
    ['JSON of something else', () => say(200, { ok: true }), 'answered 200 with JSON that no Prometheus writes'],
    ['an error of the query', () => say(400, { status: 'error', errorType: 'bad_data', error: '1:3: parse error: unexpected "("' }), 'does not understand the query: 1:3: parse error: unexpected "("'],
    ['an error of the evaluation', () => say(422, { status: 'error', errorType: 'execution', error: 'many-to-many matching' }), 'cannot evaluate the query: many-to-many matching'],
    ['that it gave up', () => say(503, { status: 'error', errorType: 'timeout', error: 'query timed out' }), 'gave up on the query: query timed out'],
    ['an error with control characters', () => say(500, { status: 'error', errorType: 'internal', error: 'a\u001b[2Jb\nc' }), 'answered 500: a[2Jbc'],
    ['401', () => say(401, ''), 'does not let us in (401): check tokenFile, or username and passwordFile'],
    ['403 with JSON', () => say(403, { message: 'no' }), 'does not let us in (403): check tokenFile, or username and passwordFile'],
    ['404', () => say(404, {}), 'has no query API at this path (404)'],
    ['503 in words', () => say(503, 'Service Unavailable', {}), 'answered 503: Service Unavailable'],
    ['success with a code that is none', () => say(500, { status: 'success', data: { resultType: 'vector', result: [] } }), 'answered 500'],
    ['a string', () => sayResult('string', [T, 'hello']), 'answered a string: the query must be an instant vector or a number'],
    ['a result without a type', () => say(200, { status: 'success', data: { result: [] } }), 'answered a result without a type: the query must be an instant vector or a number'],
    ['a vector that is no list', () => sayResult('vector', {}), 'answered a result that does not have the form of its type'],
    ['a series without labels', () => sayResult('vector', [{ value: [T, '1'] }]), 'answered a result that does not have the form of its type'],
    ['a label that is a number', () => sayResult('vector', [{ metric: { pod: 5 }, value: [T, '1'] }]), 'answered a result that does not have the form of its type'],
    ['a value that is a number', () => sayResult('vector', [{ metric: {}, value: [T, 1] }]), 'answered a result that does not have the form of its type'],
    ['a value that is a word', () => sayResult('vector', [{ metric: {}, value: [T, 'many'] }]), 'answered a result that does not have the form of its type'],
    ['an empty value', () => sayResult('vector', [{ metric: {}, value: [T, ''] }]), 'answered a result that does not have the form of its type'],
    ['a time that is a string', () => sayResult('vector', [{ metric: {}, value: ['1', '1'] }]), 'answered a result that does not have the form of its type'],
    ['times that go back', () => sayResult('matrix', [{ metric: {}, values: [[T, '1'], [T - 1, '1']] }]), 'answered a result that does not have the form of its type'],
    ['histograms', () => sayResult('vector', [{ metric: {}, value: [T, '1'], histogram: [T, {}] }]), 'answered histograms: take a quantile or a rate of them'],
    ['more series than are allowed', () => sayResult('vector', Array.from({ length: MAX_SERIES + 1 }, () => ({ metric: {}, value: [T, '1'] }))), `answered ${MAX_SERIES + 1} series, and ${MAX_SERIES} is the most: aggregate, or narrow the selectors`],
  ]
  describe('is without data when it answers', () => {
    for (const [title, arrange, expected] of bad) {
      it(title, async () => {
        arrange()
        expect(why(await source.query('up', NOW))).to.equal(expected)
      })
    }
  })

  describe('is without data when', () => {
    it('nothing listens', async () => {
      await reopen({ url: 'http://127.0.0.1:1' })
      const given = await source.query('up', NOW)
      expect(given).to.deep.equal({ kind: 'NoData', why: 'the Prometheus source main (http://127.0.0.1:1) cannot be reached (ECONNREFUSED)' })
    })
    it('the name leads nowhere', async () => {
      await reopen({ url: 'http://prometheus.invalid' })
      const given = await source.query('up', NOW)
      expect(given.kind === 'NoData' && given.why).to.match(/cannot be reached \((ENOTFOUND|EAI_AGAIN)\)$/)
    })
    it('it hangs up', async () => {
      answer = (response) => void response.socket?.destroy()
      expect(why(await source.query('up', NOW))).to.match(/^cannot be reached \(\w+\)$/)
    })
    it('it hangs up in the middle', async () => {
      answer = (response) => {
        response.writeHead(200, { 'content-length': '100' }).write('{"status":')
        setImmediate(() => response.socket?.destroy())
      }
      expect(why(await source.query('up', NOW))).to.match(/^cannot be reached \(\w+\)$/)
    })
    it('it says nothing for longer than its deadline', async () => {
      await reopen({ timeout: millis(100) })
      answer = () => {}
      expect(why(await source.query('up', NOW))).to.equal('did not answer within 100ms')
    })
    it('it never comes to an end', async () => {
      await reopen({ timeout: millis(200) })
      let drip: NodeJS.Timeout | undefined
      answer = (response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        drip = setInterval(() => response.write(' '), 10)
      }
      expect(why(await source.query('up', NOW))).to.equal('did not answer within 200ms')
      clearInterval(drip)
    })
    it('it tells of 10 MB, which are not read', async () => {
      answer = (response) => void response.writeHead(200, { 'content-length': '10000000' }).write('{')
      expect(why(await source.query('up', NOW))).to.equal('answered more than 8 MiB: aggregate, or narrow the selectors')
    })
    it('it sends without an end, and is cut off', async () => {
      let sent = 0
      const chunk = Buffer.alloc(64 * 1024, 0x20)
      const closed = new Promise<void>((resolve) => {
        answer = (response) => {
          response.writeHead(200, { 'content-type': 'application/json' }).on('close', resolve)
          const more = (): void => {
            while (!response.destroyed && response.write(chunk)) sent += chunk.length
            sent += chunk.length
          }
          response.on('drain', more)
          more()
        }
      })
      expect(why(await source.query('up', NOW))).to.equal('answered more than 8 MiB: aggregate, or narrow the selectors')
      await closed
      expect(sent).to.be.lessThan(32 * 1024 * 1024)
    })
    it('it redirects, which is not followed', async () => {
      const tokenFile = join(dir, 'carried')
      writeFileSync(tokenFile, 'sesame')
      await reopen({ tokenFile })
      say(302, '', { location: 'http://me:hush@elsewhere.example/login?token=hush' })
      const reason = why(await source.query('up', NOW))
      expect(reason).to.equal('redirects (302) to http://elsewhere.example/login: redirects are not followed, so write the final address as its url')
      expect(heard).to.have.lengthOf(1)
    })
    it('it redirects to a place of its own', async () => {
      say(307, '', { location: '/other' })
      expect(why(await source.query('up', NOW))).to.contain(`to ${origin()}/other:`)
    })
    it('it redirects nowhere', async () => {
      say(301, '', { location: 'http://' })
      expect(why(await source.query('up', NOW))).to.contain('to nowhere:')
    })
    it('it answers a range of the future', async () => {
      sayResult('matrix', [{ metric: {}, values: [[T + 301, '1']] }])
      expect(why(await source.range('up', { span: minutes(1), step: seconds(30) }, NOW))).to.equal('answered for a time that is in the future')
    })
  })

  it('never tells its token, whatever happens', async () => {
    const tokenFile = join(dir, 'secret')
    writeFileSync(tokenFile, 'sesame-open')
    await reopen({ tokenFile })
    for (const [, arrange] of bad) {
      arrange()
      expect(JSON.stringify(await source.query('up', NOW))).to.not.contain('sesame-open')
    }
  })
  it('that was without data is asked again', async () => {
    say(500, '')
    await source.query('up', NOW)
    sayResult('scalar', [T, '1'])
    expect((await source.query('1', NOW)).kind).to.equal('Series')
  })
})
