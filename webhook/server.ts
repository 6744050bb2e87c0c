/** The HTTPS server: limits, certificate swap, and an end that drops no review. */
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { RequestListener } from 'node:http'
import { addressTried, listen } from '../shared/adapters/listen.ts'
import { millis, seconds, type Millis } from '../shared/lib/time.ts'
import { oneAtATime } from '../shared/adapters/one-at-a-time.ts'
import type { Component } from '../shared/runtime/lifecycle.ts'
import type { Logger } from '../shared/runtime/logger.ts'
import { sleep, type Timers } from '../shared/runtime/timers.ts'
import { Connections } from './connections.ts'

/** PEM. The certificate may be a chain, its leaf first. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

export interface ServerOptions {
  readonly app: RequestListener
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly timers: Timers
  readonly log: Logger
  /** So long without a request counts as quiet: the time that endpoints need to leave the load balancers. */
  readonly quietPeriod?: Millis
  /** Default 256. */
  readonly maxConnections?: number
  readonly timeouts?: Partial<Timeouts>
}

/** When a connection is closed that has not come so far. */
export interface Timeouts {
  /** Default 10 s. */
  readonly handshake: Millis
  /** Default 10 s. */
  readonly headers: Millis
  /** To the end of the body. Default 15 s: the API server gives up after 3. */
  readonly request: Millis
  /** Without a request. Default 90 s: so long API servers keep connections; the side that closes first must be theirs, or a review meets a closed door. */
  readonly keepAlive: Millis
  /** How often headers and request are looked at. Default 5 s. */
  readonly looked: Millis
}

const TLS_VERSION = 'TLSv1.2'
const TIMEOUTS: Timeouts = { handshake: seconds(10), headers: seconds(10), request: seconds(15), keepAlive: seconds(90), looked: seconds(5) }
/** Of each API server there are as many as it has reviews at once, and 25 that are idle. */
const MAX_CONNECTIONS = 256
const QUIET_PERIOD = seconds(5)
const POLL = millis(50)
/** That says where, without dashes. */
const FLAG = 'bind-address'

export class AdmissionServer implements Component {
  readonly name = 'admission server'
  /** To start before there is a certificate, which may take for ever. */
  readonly address: Component
  readonly #options: ServerOptions
  #server: Server | undefined
  #pair: KeyPair | undefined
  #stopping = false
  readonly #connections: Connections
  #inFlight = 0
  #lastRequest: Millis

  constructor(options: ServerOptions) {
    this.#options = options
    this.address = addressTried(options, FLAG)
    this.#lastRequest = options.timers.monotonic()
    const { maxConnections: limit = MAX_CONNECTIONS, log } = options
    this.#connections = new Connections(limit, () => log.warn('connection closed: too many are open', { limit }))
  }

  /** New connections get it; those that are open keep what they have. */
  serve(pair: KeyPair): void {
    this.#pair = pair
    this.#server?.setSecureContext(secureContext(pair))
  }

  get listening(): boolean {
    return this.#server?.listening === true
  }

  get stopping(): boolean {
    return this.#stopping
  }

  /** Of the listening socket. */
  get port(): number {
    return (this.#server?.address() as AddressInfo | null)?.port ?? 0
  }

  async start(): Promise<void> {
    if (this.#pair === undefined) throw new Error('start before serve')
    const { host, port, log } = this.#options
    const timeouts = { ...TIMEOUTS, ...this.#options.timeouts }
    const server = createServer(
      {
        ...secureContext(this.#pair),
        handshakeTimeout: timeouts.handshake,
        headersTimeout: timeouts.headers,
        requestTimeout: timeouts.request,
        keepAliveTimeout: timeouts.keepAlive,
        connectionsCheckingInterval: timeouts.looked,
        ALPNProtocols: ['http/1.1'],
      },
      oneAtATime(this.#counted(this.#options.app)),
    )
    server.on('tlsClientError', (error) => log.debug('TLS handshake failed', { error }))
    server.on('connection', (socket: Socket) => this.#connections.opened(socket))
    await listen(server, { host, port }, FLAG)
    server.on('error', (error) => log.error('admission server failed', { error }))
    this.#server = server
    log.info('admission server is listening', { host, port: this.port })
  }

  /**
   * Readiness fails at once (`stopping`), but reviews arrive until every load balancer has heard of it: they are
   * answered, each with `Connection: close`, until none has come for the quiet period or the deadline passes.
   */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#stopping = true
    const server = this.#server
    if (server === undefined) return
    const { timers, quietPeriod = QUIET_PERIOD } = this.#options
    this.#lastRequest = timers.monotonic()
    const quiet = (): boolean => this.#inFlight === 0 && timers.monotonic() - this.#lastRequest >= quietPeriod
    while (!deadline.aborted && !quiet()) await sleep(timers, POLL, deadline)
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()))
    // Not only idle ones: a handshake or a body that never ends would hold up the end.
    this.#connections.closeWaiting()
    if (deadline.aborted) server.closeAllConnections()
    else deadline.addEventListener('abort', () => server.closeAllConnections(), { once: true })
    await closed
  }

  #counted(app: RequestListener): RequestListener {
    return (request, response) => {
      this.#connections.requested(request, response)
      // Only reviews keep the server up.
      if (request.method === 'POST') {
        this.#inFlight++
        this.#lastRequest = this.#options.timers.monotonic()
        response.once('close', () => this.#inFlight--)
      }
      if (this.#stopping) response.setHeader('Connection', 'close')
      app(request, response)
    }
  }
}

/** With every swap again: `setSecureContext` forgets what it is not given. */
const secureContext = ({ cert, key }: KeyPair) => ({ cert, key, minVersion: TLS_VERSION }) as const
