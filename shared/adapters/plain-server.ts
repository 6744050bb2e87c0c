/** Small plain HTTP servers beside the work: probes, and metrics. Whatever arrives gets an answer. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { Address } from '../runtime/address.ts'
import { formatReport, type Health } from '../runtime/health.ts'
import type { Component } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logger.ts'
import { listen } from './listen.ts'
import { oneAtATime } from './one-at-a-time.ts'

interface Answer {
  readonly code: number
  readonly contentType: string
  readonly text: string
}

type Route = (query: URLSearchParams) => Answer | Promise<Answer>

export interface PlainServerOptions extends Address {
  /** In logs: `probes`. */
  readonly name: string
  /** That says where it listens. */
  readonly flag: string
  readonly routes: Readonly<Record<string, Route>>
  readonly log: Logger
}

/** Nothing here has much to say. */
const TIMEOUT_MILLIS = 10_000
const MAX_CONNECTIONS = 100

export class PlainServer implements Component {
  readonly name: string
  readonly #options: PlainServerOptions
  readonly #server: Server

  constructor(options: PlainServerOptions) {
    this.name = options.name
    this.#options = options
    this.#server = createServer({ requestTimeout: TIMEOUT_MILLIS, headersTimeout: TIMEOUT_MILLIS, keepAliveTimeout: TIMEOUT_MILLIS }, oneAtATime((request, response) => {
      void this.#answer(request.method ?? '', request.url ?? '/').then((answer) => send(response, answer))
    }))
    this.#server.maxConnections = MAX_CONNECTIONS
  }

  /** @throws ConfigError when the port cannot be had */
  async start(): Promise<void> {
    const { flag, log } = this.#options
    await listen(this.#server, this.#options, flag)
    log.info('listening', { server: this.name, port: this.port() })
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  /** The port in use; 0 before it listens. */
  port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  async #answer(method: string, url: string): Promise<Answer> {
    const { routes, log } = this.#options
    // Not by URL, which throws for some of what a client may send ("//").
    const [path = '', search = ''] = url.split('?', 2)
    if (method !== 'GET' && method !== 'HEAD') return plain(405, 'only GET\n')
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined
    if (route === undefined) return plain(404, `served here: ${Object.keys(routes).join(', ')}\n`)
    try {
      return await route(new URLSearchParams(search))
    } catch (error) {
      log.error('request failed', { server: this.name, path, error })
      return plain(500, 'internal error\n')
    }
  }
}

const plain = (code: number, text: string): Answer => ({ code, contentType: 'text/plain', text })

function send(response: ServerResponse, { code, contentType, text }: Answer): void {
  response.writeHead(code, { 'content-type': contentType, 'cache-control': 'no-store' }).end(text)
}

/** As the API server answers its own: `?verbose` names every check, a failure always does. */
const probe =
  (health: Health): Route =>
  (query) => {
    const { ok } = health
    return plain(ok ? 200 : 500, ok && !query.has('verbose') ? 'ok' : formatReport(health.report()))
  }

export const probeServer = ({ livez, readyz, ...rest }: Address & { readonly livez: Health; readonly readyz: Health; readonly log: Logger }): PlainServer =>
  new PlainServer({ ...rest, name: 'probes', flag: 'health-probe-bind-address', routes: { '/livez': probe(livez), '/readyz': probe(readyz) } })

export type Exposition = () => Promise<{ readonly contentType: string; readonly text: string }>

export const metricsServer = ({ exposition, ...rest }: Address & { readonly exposition: Exposition; readonly log: Logger }): PlainServer =>
  new PlainServer({ ...rest, name: 'metrics', flag: 'metrics-bind-address', routes: { '/metrics': async () => ({ code: 200, ...(await exposition()) }) } })
