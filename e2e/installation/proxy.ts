/**
 * Stands between one client and the API server and ends TLS, so that a test can stop a chosen request before it is
 * forwarded, or its answer after it has landed. Clients authenticate by token, which passes through; a client
 * certificate cannot. Everything else is forwarded as it is, watches line by line.
 */
import { createServer, Agent, request as httpsRequest, type Server } from 'node:https'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { issueLeaf } from '../../certs/issue.ts'
import { hours } from '../../shared/lib/time.ts'
import { systemClock } from '../../shared/adapters/system-clock.ts'
import type { Cluster } from '../cluster/cluster.ts'

export interface ProxiedRequest {
  /** Counts from 1. */
  readonly id: number
  readonly method: string
  /** Path and query as sent. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface ProxiedResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
}

/**
 * `hold`: nothing happens until `release`, or until the client goes away. `drop`: the client's connection is cut. An
 * answer in place of the server's is for conflicts, throttling and errors at will.
 */
export type Verdict = 'forward' | 'hold' | 'drop' | Answer

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** A string goes out as it is, anything else as JSON. */
  readonly body: unknown
}

type Judge<Args extends readonly unknown[]> = (...args: Args) => Verdict | Promise<Verdict>

export interface ProxyHooks {
  /** Before anything is forwarded. */
  readonly onRequest?: Judge<[ProxiedRequest]>
  /** When the server has answered, before the client learns anything: what it wrote is written. Of a watch: its head. */
  readonly onResponse?: Judge<[ProxiedRequest, ProxiedResponse]>
}

export interface FaultProxy {
  /** In place of the API server's. */
  readonly url: string
  /** From the next request on. */
  setHooks(hooks: ProxyHooks): void
  /** Lets everything go on that is held. */
  release(): void
  /** Requests and answers that are held now. */
  readonly held: readonly ProxiedRequest[]
  /** Ends every connection of the client, watches included; new ones are welcome. */
  cut(): void
  stop(): Promise<void>
}

/** Headers of one hop: they are about the connection, not about the request. */
const HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'te', 'trailer'])

export async function startProxy(cluster: Pick<Cluster, 'server' | 'ca'>, hooks: ProxyHooks = {}): Promise<FaultProxy> {
  const { cert, key } = await issueLeaf({ cert: cluster.ca.certPem, key: cluster.ca.keyPem }, { dns: ['localhost'], ips: ['127.0.0.1'] }, systemClock.now(), hours(24))
  const proxy = new Proxy({ upstream: new URL(cluster.server), ca: cluster.ca.certPem, hooks })
  const server = createServer({ cert, key, ALPNProtocols: ['http/1.1'] }, (request, response) => { void proxy.serve(request, response) })
  // A watch is silent for as long as nothing happens.
  Object.assign(server, { requestTimeout: 0, timeout: 0 })
  const { port } = await listen(server)
  const sockets = new Set<Socket>()
  server.on('secureConnection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  })
  const cut = () => { for (const socket of sockets) socket.destroy() }
  return {
    url: `https://127.0.0.1:${port}`,
    setHooks: (next) => { proxy.hooks = next },
    release: () => { proxy.release() },
    get held() { return proxy.held },
    cut,
    stop: async () => {
      const closed = new Promise<void>((resolve) => { server.close(() => { resolve() }) })
      proxy.stop()
      cut()
      await closed
    },
  }
}

async function listen(server: Server): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => { resolve(server.address() as AddressInfo) })
  })
}

interface ProxyOptions {
  readonly upstream: URL
  readonly ca: string
  readonly hooks: ProxyHooks
}

class Proxy {
  hooks: ProxyHooks
  readonly #upstream: URL
  readonly #agent: Agent
  readonly #held = new Map<ProxiedRequest, () => void>()
  #count = 0

  constructor({ upstream, ca, hooks }: ProxyOptions) {
    this.hooks = hooks
    this.#upstream = upstream
    this.#agent = new Agent({ ca, keepAlive: true, maxSockets: Infinity })
  }

  get held(): readonly ProxiedRequest[] {
    return [...this.#held.keys()]
  }

  release(): void {
    for (const go of this.#held.values()) go()
    this.#held.clear()
  }

  stop(): void {
    this.hooks = {}
    this.release()
    this.#agent.destroy()
  }

  async serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    try {
      const request = await this.#read(incoming)
      if (!(await this.#passes(request, outgoing, this.hooks.onRequest?.(request)))) return
      const answer = await this.#forward(request, outgoing)
      const { statusCode: status = 502, headers } = answer
      if (!(await this.#passes(request, outgoing, this.hooks.onResponse?.(request, { status, headers })))) {
        answer.destroy()
        return
      }
      outgoing.writeHead(status, ownHeaders(headers))
      // Each piece at once: an event of a watch must not wait for the next one.
      outgoing.flushHeaders()
      answer.on('error', () => outgoing.destroy())
      answer.pipe(outgoing)
    } catch {
      // The server or the client went away, or a hook of the test threw: all the client can see is a cut connection.
      outgoing.destroy()
    }
  }

  async #read(incoming: IncomingMessage): Promise<ProxiedRequest> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk)
    const { method = 'GET', url = '/', headers } = incoming
    return { id: (this.#count += 1), method, url, headers, body: Buffer.concat(chunks) }
  }

  /** True when the request or its answer goes on as it is. */
  async #passes(request: ProxiedRequest, outgoing: ServerResponse, judged: Verdict | Promise<Verdict> = 'forward'): Promise<boolean> {
    const verdict = await judged
    if (verdict === 'hold' && !outgoing.destroyed) {
      await new Promise<void>((resolve) => {
        this.#held.set(request, resolve)
        outgoing.once('close', () => {
          this.#held.delete(request)
          resolve()
        })
      })
    }
    // Nothing that was held is forwarded for a client that has gone away meanwhile.
    if (verdict === 'hold') return !outgoing.destroyed
    if (verdict === 'forward') return true
    if (verdict === 'drop') {
      outgoing.destroy()
      return false
    }
    const text = typeof verdict.body === 'string' ? verdict.body : JSON.stringify(verdict.body)
    outgoing.writeHead(verdict.status, { 'content-type': typeof verdict.body === 'string' ? 'text/plain' : 'application/json', ...verdict.headers })
    outgoing.end(text)
    return false
  }

  #forward({ method, url, headers, body }: ProxiedRequest, outgoing: ServerResponse): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = this.#upstream
      const request = httpsRequest({ agent: this.#agent, hostname, port, method, path: url, headers: ownHeaders(headers) }, resolve)
      request.once('error', reject)
      // A watch that the client ends must end at the server too.
      outgoing.once('close', () => request.destroy())
      request.end(body)
    })
  }
}

const ownHeaders = (headers: IncomingHttpHeaders): IncomingHttpHeaders => Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP.has(name)))
