/** /livez, /readyz and /metrics over plain HTTP. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import { formatReport, type Health } from '../runtime/health.ts'
import type { Component } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logger.ts'

export interface ProbeServerOptions {
  /** Empty: all interfaces. */
  readonly host: string
  /** 0: any that is free; `port()` tells. */
  readonly port: number
  readonly livez: Health
  readonly readyz: Health
  readonly exposition: () => Promise<{ readonly contentType: string; readonly text: string }>
  readonly log: Logger
}

/** A probe has nothing to say at length. */
const TIMEOUT_MILLIS = 10_000

export class ProbeServer implements Component {
  readonly name = 'probe server'
  readonly #options: ProbeServerOptions
  readonly #server: Server

  constructor(options: ProbeServerOptions) {
    this.#options = options
    this.#server = createServer({ requestTimeout: TIMEOUT_MILLIS, headersTimeout: TIMEOUT_MILLIS, keepAliveTimeout: TIMEOUT_MILLIS }, (request, response) => {
      void this.#answer(request.method ?? '', request.url ?? '/', response)
    })
    this.#server.maxConnections = 100
  }

  /** Rejects when the port is taken. */
  start(): Promise<void> {
    const { host, port, log } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host === '' ? undefined : host, () => {
        this.#server.off('error', reject)
        log.info('probes are served', { port: this.port() })
        resolve()
      })
    })
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

  async #answer(method: string, url: string, response: ServerResponse): Promise<void> {
    const { livez, readyz, exposition, log } = this.#options
    // Not by URL, which throws for some of what a client may send ("//").
    const [path = '', search = ''] = url.split('?', 2)
    if (method !== 'GET' && method !== 'HEAD') return send(response, 405, 'text/plain', 'only GET\n')
    switch (path) {
      case '/livez':
        return probe(livez, search, response)
      case '/readyz':
        return probe(readyz, search, response)
      case '/metrics':
        try {
          const { contentType, text } = await exposition()
          return send(response, 200, contentType, text)
        } catch (error) {
          log.error('metrics could not be collected', { error })
          return send(response, 500, 'text/plain', 'metrics could not be collected\n')
        }
      default:
        return send(response, 404, 'text/plain', 'served here: /livez, /readyz, /metrics\n')
    }
  }
}

/** As the API server answers its own: `?verbose` names every check, a failure always does. */
function probe(health: Health, search: string, response: ServerResponse): void {
  const { ok } = health
  send(response, ok ? 200 : 500, 'text/plain', ok && !new URLSearchParams(search).has('verbose') ? 'ok' : formatReport(health.report()))
}

function send(response: ServerResponse, code: number, contentType: string, text: string): void {
  response.writeHead(code, { 'content-type': contentType, 'cache-control': 'no-store' }).end(text)
}
