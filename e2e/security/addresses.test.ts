/** Every address that the programs connect to: which forms are refused at the start, and that an answer leads nowhere else and has an end. On loopback. */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { Prometheus } from '../../controller/adapters/metrics/prometheus.ts'
import { Traces } from '../../controller/adapters/traces.ts'
import { CONTROLLER_OPTIONS } from '../../controller/options.ts'
import { runController } from '../../controller/program.ts'
import { systemClock, systemTimers } from '../../shared/adapters/system-clock.ts'
import { loadAccess } from '../../shared/kube/credentials.ts'
import type { ProgramEnvironment } from '../../shared/kube/program.ts'
import { PODS } from '../../shared/kube/resources.ts'
import { connect } from '../../shared/kube/transport.ts'
import { ConfigError } from '../../shared/lib/errors.ts'
import { instant, seconds } from '../../shared/lib/time.ts'
import { silentLogger, type Logger } from '../../shared/runtime/logger.ts'
import { noMetrics } from '../../shared/runtime/metrics.ts'
import { parseOptions } from '../../shared/runtime/options.ts'
import { buildHealingAction } from '../../shared/testing/builders/objects.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { ADDRESSES, serverOf } from './addresses.ts'

const dir = mkdtempSync(join(tmpdir(), 'addresses-'))
after(() => rmSync(dir, { recursive: true }))

/** Which says that it means `http://`: without that none of those leads anywhere. */
const kubeconfig = (server: string): string => {
  const file = join(dir, `${Math.random()}.kubeconfig`)
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'Config', 'current-context': 'a', clusters: [{ name: 'a', cluster: { server, 'insecure-skip-tls-verify': true } }], users: [{ name: 'a', user: { token: 'sesame' } }], contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }] }))
  return file
}

/** What it says when it is refused; undefined: it is not. */
function refusal(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.join('\n')
    throw error
  }
}

describe('an address in the configuration', () => {
  for (const { what, url, leadsTo } of ADDRESSES) {
    it(`that is ${what} ${leadsTo === undefined ? 'is refused, with what to write, and not repeated' : 'is the choice of whoever writes it'}`, () => {
      const said = {
        'prometheus.sources': refusal(() => parseOptions(CONTROLLER_OPTIONS, [], { prometheus: { sources: [{ name: 'main', url }] } })),
        'tracing.endpoint': refusal(() => parseOptions(CONTROLLER_OPTIONS, [], { tracing: { endpoint: url } })),
      }
      for (const [key, problem] of Object.entries(said)) {
        if (leadsTo === undefined) expect(problem, key).to.include(key).and.to.match(/it is not an http or https URL without credentials, query or fragment/).and.not.to.include('sesame')
        else expect(problem, key).to.equal(undefined)
      }
      if (leadsTo !== undefined) expect(new URL(url).origin).to.equal(leadsTo)
    })
  }
  for (const form of ADDRESSES) {
    const expected = serverOf(form)
    it(`of a kubeconfig that is ${form.what} ${expected === undefined ? 'is refused' : `leads to ${expected}`}`, () => {
      const said = refusal(() => expect(loadAccess({ kubeconfig: kubeconfig(form.url) }).origin).to.equal(expected))
      if (expected === undefined) expect(said).to.match(/^kubeconfig: .*(server|URL)/)
      else expect(said).to.equal(undefined)
    })
  }
  it('of OpenTelemetry\'s own variable is held to the same', async () => {
    for (const { url, leadsTo } of ADDRESSES) {
      if (leadsTo !== undefined) continue
      const errors: string[] = []
      const env = {
        clock: systemClock, timers: systemTimers, random: () => 0.5, metrics: noMetrics, version: '1', instance: 'here', createLog: () => silentLogger,
        connect: () => connect({ kubeconfig: kubeconfig('https://127.0.0.1:1'), userAgent: 'x', timers: systemTimers, log: silentLogger }),
        defaultTracesEndpoint: () => url, stderr: (line: string) => errors.push(line),
      } as unknown as ProgramEnvironment
      const code = await runController(['--leader-elect=false'], env)
      expect({ code, errors: errors.length }, url).to.deep.equal({ code: 2, errors: 1 })
      expect(errors[0]).to.match(/^OTEL_EXPORTER_OTLP_ENDPOINT is not an http or https URL .*OTEL_EXPORTER_OTLP_HEADERS/).and.not.to.include('sesame')
    }
  })
})

/** Answers as it is told, and keeps what it was asked. */
class Listener {
  readonly heard: { readonly url: string; readonly headers: IncomingMessage['headers']; readonly body: string }[] = []
  answer: (response: ServerResponse) => void = (response) => response.end('{}')
  readonly #server: Server = createServer((request, response) => {
    void this.#hear(request, response)
  })
  async #hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.heard.push({ url: request.url ?? '', headers: request.headers, body: await text(request) })
    this.answer(response)
  }
  async listen(): Promise<void> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening')
  }
  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }
  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

/** Everybody who asks somebody: what he says when it goes wrong; undefined: it went well. */
interface Client {
  readonly name: string
  readonly token: string
  readonly ask: (origin: string) => Promise<string | undefined>
}

/** 128 MiB. */
const bomb = gzipSync(Buffer.alloc(128 * 1024 * 1024))
const tokenFile = join(dir, 'token')
const NOW = instant(Date.UTC(2030, 0, 1))
const prometheus = (origin: string): Prometheus => new Prometheus({ name: 'main', url: origin, timeout: seconds(2), tokenFile, username: undefined, passwordFile: undefined, caFile: undefined, headers: undefined }, systemTimers)

const CLIENTS: readonly Client[] = [
  {
    name: 'a source of metrics', token: 'sesame',
    ask: async (origin) => {
      writeFileSync(tokenFile, 'sesame')
      const source = prometheus(origin)
      const answer = await source.query('up', NOW)
      await source.close()
      return answer.kind === 'NoData' ? answer.why : undefined
    },
  },
  {
    name: 'the API server', token: 'sesame',
    ask: async (origin) => {
      const read = () => Promise.resolve({ tls: { rejectUnauthorized: true }, authorization: 'Bearer sesame' })
      const api = connect({ access: { origin, prefix: '', read }, userAgent: 'x', timers: systemTimers, log: silentLogger })
      try {
        await api.list(PODS, { timeout: seconds(2) })
        return undefined
      } catch (error) {
        return String(error)
      } finally {
        await api.close()
      }
    },
  },
  {
    name: 'a collector of traces', token: 'sesame',
    ask: async (origin) => {
      const before = process.env['OTEL_EXPORTER_OTLP_HEADERS']
      process.env['OTEL_EXPORTER_OTLP_HEADERS'] = 'authorization=Bearer sesame'
      const said: string[] = []
      const say = (message: string): void => void said.push(message)
      const log: Logger = { debug: say, info: say, warn: say, error: say, child: () => log }
      const traces = new Traces({ endpoint: origin, version: '1', instance: 'here', log })
      try {
        await traces.start()
        traces.tell(buildHealingAction({ metadata: { uid: 'uid-action' }, status: { phase: 'Succeeded', outcome: 'Effective', startTime: '2030-01-01T00:00:02Z', completionTime: '2030-01-01T00:01:00Z' } }))
        await traces.stop(AbortSignal.timeout(15_000))
        return said[0]
      } finally {
        if (before === undefined) delete process.env['OTEL_EXPORTER_OTLP_HEADERS']
        else process.env['OTEL_EXPORTER_OTLP_HEADERS'] = before
      }
    },
  },
]

describe('who is asked at an address', function () {
  this.timeout(60_000)
  const listener = new Listener()
  const elsewhere = new Listener()
  before(async () => {
    await listener.listen()
    await elsewhere.listen()
  })
  after(() => {
    listener.stop()
    elsewhere.stop()
  })
  beforeEach(() => {
    listener.heard.length = 0
    elsewhere.heard.length = 0
  })

  for (const { name, token, ask } of CLIENTS) {
    for (const code of [301, 302, 303, 307, 308]) {
      it(`as ${name} is given the credentials, and nobody to whom it redirects with ${code}`, async () => {
        listener.answer = (response) => response.writeHead(code, { location: `${elsewhere.origin}/stolen` }).end()
        expect(await ask(listener.origin)).to.be.a('string').that.does.not.include(token)
        expect(listener.heard[0]?.headers.authorization).to.equal(`Bearer ${token}`)
        expect(elsewhere.heard).to.deep.equal([])
      })
    }
    it(`as ${name} answers with a bomb that is packed, which nobody unpacks`, async () => {
      listener.answer = (response) => response.writeHead(500, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(bomb)
      const before = process.memoryUsage.rss()
      expect(await ask(listener.origin)).to.be.a('string')
      expect(process.memoryUsage.rss() - before).to.be.lessThan(96 * 1024 * 1024)
    })
    it(`as ${name} and never comes to an end is given up`, async () => {
      let closed = 0
      listener.answer = (response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).on('close', () => closed++)
        const timer = setInterval(() => response.writableNeedDrain || response.write(' '.repeat(64 * 1024)), 1)
        response.on('close', () => clearInterval(timer))
      }
      const begun = performance.now()
      expect(await ask(listener.origin)).to.be.a('string')
      expect(performance.now() - begun).to.be.lessThan(20_000)
      await eventually(() => expect(closed).to.be.greaterThan(0), seconds(10))
    })
  }

  /** As people write them who want more than a query. */
  const QUERIES = ['up&time=0', 'up#fragment', 'up?x=1', 'up\r\nHost: evil\r\n\r\n', 'up\u0000', 'up%26time%3D0', 'up+1', '../../admin/tsdb/delete_series', '\u202e\u{1f4a3}\ud800', 'a'.repeat(4096), '"};drop', '=', '&', ';']
  for (const query of QUERIES) {
    it(`as a source of metrics reads ${JSON.stringify(query.slice(0, 40))} as a query, and as nothing else`, async () => {
      listener.answer = (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      const source = prometheus(listener.origin)
      await source.query(query, NOW)
      await source.close()
      expect(listener.heard).to.have.length(1)
      const [heard] = listener.heard
      expect({ url: heard?.url, host: heard?.headers.host }).to.deep.equal({ url: '/api/v1/query', host: new URL(listener.origin).host })
      expect([...new URLSearchParams(heard?.body)]).to.deep.equal([['query', query.toWellFormed()], ['timeout', '2s']])
    })
  }
})
