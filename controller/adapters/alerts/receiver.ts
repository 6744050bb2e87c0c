/**
 * Where Alertmanager's webhook posts to. Whatever arrives gets an answer and changes nothing but the memory of alerts. Who
 * does not lead answers 503, so that Alertmanager tries again, perhaps at the one that does.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { addressTried, listen } from '../../../shared/adapters/listen.ts'
import { messageOf } from '../../../shared/lib/errors.ts'
import type { Clock } from '../../../shared/lib/time.ts'
import type { Address } from '../../../shared/runtime/address.ts'
import type { Component } from '../../../shared/runtime/lifecycle.ts'
import type { Logger } from '../../../shared/runtime/logger.ts'
import type { Counter } from '../../../shared/runtime/metrics.ts'
import type { KnownAlerts } from './memory.ts'
import { readPayload } from './payload.ts'

export const ALERTS_PATH = '/alerts'

export interface AlertReceiverOptions extends Address {
  readonly memory: KnownAlerts
  /** Read anew for each message, so that it can be replaced. */
  readonly tokenFile: string
  /** Absent: plain HTTP. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string }
  readonly leads: () => boolean
  readonly clock: Clock
  readonly log: Logger
  /** By what became of each alert. */
  readonly received: Counter<'result'>
}

/** Two thousand alerts of ordinary length. */
const BODY_LIMIT = 4 * 1024 * 1024
const TIMEOUT_MILLIS = 10_000
const MAX_CONNECTIONS = 16
/** Messages that are read at once; others are told to come again. */
const MAX_READING = 4
const SHORTEST_TOKEN = 16
/** That says where, without dashes. */
const FLAG = 'alerts-bind-address'

interface Answer {
  readonly code: number
  readonly text: string
}

export class AlertReceiver implements Component {
  readonly name = 'alerts'
  /** To start before what may take for ever. */
  readonly address: Component
  readonly #options: AlertReceiverOptions
  #server: Server | undefined
  #reading = 0

  constructor(options: AlertReceiverOptions) {
    this.#options = options
    this.address = addressTried(options, FLAG)
  }

  /** Rejects when the port is taken, or a file cannot be used. */
  async start(): Promise<void> {
    const { host, port, tls, log } = this.#options
    await this.#token()
    const timeouts = { requestTimeout: TIMEOUT_MILLIS, headersTimeout: TIMEOUT_MILLIS, keepAliveTimeout: TIMEOUT_MILLIS }
    const listener = (request: IncomingMessage, response: ServerResponse): void => void this.#handle(request, response)
    const server = tls === undefined ? createHttpServer(timeouts, listener) : createHttpsServer({ ...timeouts, minVersion: 'TLSv1.2', ...(await material(tls)) }, listener)
    server.maxConnections = MAX_CONNECTIONS
    this.#server = server
    await listen(server, { host, port }, FLAG)
    log.info('listening', { server: this.name, port: this.port(), tls: tls !== undefined })
  }

  stop(): Promise<void> {
    const server = this.#server
    return new Promise((resolve) => {
      if (server === undefined) return resolve()
      server.close(() => resolve())
      server.closeAllConnections()
    })
  }

  /** The port in use; 0 before it listens. */
  port(): number {
    const address = this.#server?.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: Answer
    try {
      answer = await this.#answer(request)
    } catch (error) {
      this.#options.log.error('alerts could not be read', { error: messageOf(error) })
      answer = { code: 500, text: 'internal error' }
    }
    if (response.destroyed) return
    const { code, text } = answer
    // Whoever was not heard here may be heard elsewhere: by a new connection.
    response.writeHead(code, { 'content-type': 'text/plain', ...(code === 200 ? {} : { connection: 'close' }), ...(code === 401 ? { 'www-authenticate': 'Bearer' } : {}), ...(code === 405 ? { allow: 'POST' } : {}) })
    response.end(`${text}\n`)
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const { leads } = this.#options
    const [path] = (request.url ?? '/').split('?', 1)
    if (path !== ALERTS_PATH) return { code: 404, text: `served here: POST ${ALERTS_PATH}` }
    if (request.method !== 'POST') return { code: 405, text: 'only POST' }
    // Before a byte of the body is read.
    if (!(await this.#isKnown(request.headers.authorization))) return { code: 401, text: 'the bearer token is missing or wrong' }
    if (!leads()) return { code: 503, text: 'this controller does not lead: try another one' }
    if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) return { code: 415, text: 'the content type must be application/json' }
    if (Number(request.headers['content-length'] ?? 0) > BODY_LIMIT) return tooLarge
    if (this.#reading >= MAX_READING) return { code: 503, text: 'too many messages at once' }
    this.#reading++
    try {
      const body = await readBody(request)
      return body === undefined ? tooLarge : this.#learn(body)
    } finally {
      this.#reading--
    }
  }

  #learn(body: string): Answer {
    const { memory, clock, received, log } = this.#options
    let parsed: unknown
    try {
      parsed = JSON.parse(body)
    } catch {
      return { code: 400, text: 'the body is not valid JSON' }
    }
    const read = readPayload(parsed, clock.now())
    if (read.kind === 'refused') {
      log.warn('alerts refused', { reason: read.problem })
      return { code: 400, text: read.problem }
    }
    const { malformed, nameless, truncated } = read
    const counts = { ...memory.learn(read.alerts), malformed, nameless, truncated }
    for (const [result, n] of Object.entries(counts)) if (n > 0) received.inc({ result }, n)
    if (counts.refused + malformed + truncated > 0) log.warn('alerts left out', counts)
    else log.debug('alerts heard', counts)
    return { code: 200, text: 'ok' }
  }

  async #isKnown(authorization: string | undefined): Promise<boolean> {
    const [, given] = /^Bearer ([^\s]+)$/.exec(authorization ?? '') ?? []
    // Equal lengths, so that the time of the comparison tells nothing.
    return given !== undefined && timingSafeEqual(digest(given), digest(await this.#token()))
  }

  /** @throws when it cannot be read, or is none */
  async #token(): Promise<string> {
    const token = (await readFile(this.#options.tokenFile, 'utf8')).trim()
    if (token.length < SHORTEST_TOKEN) throw new Error(`the token of ${this.#options.tokenFile} has fewer than ${SHORTEST_TOKEN} characters`)
    return token
  }
}

const tooLarge: Answer = { code: 413, text: `the body is larger than ${BODY_LIMIT} bytes` }

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

const material = async ({ certFile, keyFile }: { readonly certFile: string; readonly keyFile: string }) => ({ cert: await readFile(certFile), key: await readFile(keyFile) })

/** undefined: too large; what comes after is not read. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length > BODY_LIMIT) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
