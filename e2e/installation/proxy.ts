/**
 * Stands between one client and the API server and ends TLS, so that a test can stop a chosen request before it is
 * forwarded, or its answer after it has landed. Clients authenticate by token, which passes through; a client
 * certificate cannot, and is the proxy's own then. Everything else is forwarded as it is, watches line by line.
 */
import { createServer, Agent, request as httpsRequest, type Server } from 'node:https'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { issueLeaf } from '../../certs/issue.ts'
import { hours, type Millis } from '../../shared/lib/time.ts'
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
 * `hold`: nothing happens until `release`, or until the client goes away. `drop`: the client's connection is ended,
 * `reset`: by RST. `delay`: it goes on later, unless the client has gone away. An answer in place of the server's is for
 * conflicts, throttling and errors at will.
 */
export type Verdict = 'forward' | 'hold' | 'drop' | 'reset' | Delay | Answer

export interface Delay {
  readonly delay: Millis
}

/** Something else is asked for than the client did. */
export interface Redirect {
  /** Path and query. */
  readonly url: string
}

/** The answer ends after so many bytes of its body. */
export interface Truncate {
  readonly truncate: number
}

/** Of one line of a watch. `truncate`: half of it, and then nothing more. A promise holds it, and all that follow. */
export type LineVerdict = 'forward' | 'drop' | 'truncate'

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** A string goes out as it is, anything else as JSON. */
  readonly body: unknown
}

type Judge<Args extends readonly unknown[], Answers> = (...args: Args) => Answers | Promise<Answers>

export interface ProxyHooks {
  /** Before anything is forwarded. */
  readonly onRequest?: Judge<[ProxiedRequest], Verdict | Redirect>
  /** When the server has answered, before the client learns anything: what it wrote is written. Of a watch: its head. */
  readonly onResponse?: Judge<[ProxiedRequest, ProxiedResponse], Verdict | Truncate>
  /** Of watches that began before the hook was set, too. */
  readonly onLine?: Judge<[ProxiedRequest, string], LineVerdict>
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
  /** Requests so far: those that come now have greater ids. */
  readonly count: number
  /** Ends every connection of the client, watches included; new ones are welcome. */
  cut(): void
  stop(): Promise<void>
}

/** Headers of one hop: they are about the connection, not about the request. */
const HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'te', 'trailer'])

export interface ProxyOptions {
  /** PEM, by which the proxy is somebody to the server whatever its client is: for clients with a certificate of their own. */
  readonly credentials?: { readonly cert: string; readonly key: string }
}

export async function startProxy(cluster: Pick<Cluster, 'server' | 'ca'>, hooks: ProxyHooks = {}, options: ProxyOptions = {}): Promise<FaultProxy> {
  const { cert, key } = await issueLeaf({ cert: cluster.ca.certPem, key: cluster.ca.keyPem }, { dns: ['localhost'], ips: ['127.0.0.1'] }, systemClock.now(), hours(24))
  const sockets = new Map<number | undefined, Socket>()
  const reset = ({ remotePort }: Socket): void => void sockets.get(remotePort)?.resetAndDestroy()
  const proxy = new Proxy({ upstream: new URL(cluster.server), tls: { ca: cluster.ca.certPem, ...options.credentials }, hooks, reset })
  const server = createServer({ cert, key, ALPNProtocols: ['http/1.1'] }, (request, response) => { void proxy.serve(request, response) })
  // A watch is silent for as long as nothing happens.
  Object.assign(server, { requestTimeout: 0, timeout: 0 })
  const { port } = await listen(server)
  server.on('secureConnection', (socket) => socket.on('error', () => {}))
  // Below TLS, where a connection can be reset.
  server.on('connection', (socket: Socket) => {
    const { remotePort } = socket
    sockets.set(remotePort, socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(remotePort))
  })
  const cut = () => { for (const socket of sockets.values()) socket.destroy() }
  return {
    url: `https://127.0.0.1:${port}`,
    setHooks: (next) => { proxy.hooks = next },
    release: () => { proxy.release() },
    get held() { return proxy.held },
    get count() { return proxy.count },
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

interface Parts {
  readonly upstream: URL
  readonly tls: { readonly ca: string; readonly cert?: string; readonly key?: string }
  readonly hooks: ProxyHooks
  readonly reset: (socket: Socket) => void
}

const isWatch = ({ url }: ProxiedRequest): boolean => /[?&]watch=(true|1)\b/.test(url)

class Proxy {
  hooks: ProxyHooks
  readonly #upstream: URL
  readonly #agent: Agent
  readonly #reset: (socket: Socket) => void
  readonly #held = new Map<ProxiedRequest, () => void>()
  count = 0

  constructor({ upstream, tls, hooks, reset }: Parts) {
    this.hooks = hooks
    this.#upstream = upstream
    this.#reset = reset
    this.#agent = new Agent({ ...tls, keepAlive: true, maxSockets: Infinity })
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
      const asked = (await this.hooks.onRequest?.(request)) ?? 'forward'
      const redirected = typeof asked === 'object' && 'url' in asked ? asked : undefined
      if (redirected === undefined && !(await this.#passes(request, outgoing, asked as Verdict))) return
      const answer = await this.#forward({ ...request, ...redirected }, outgoing)
      if (outgoing.destroyed) {
        answer.resume()
        return
      }
      const { statusCode: status = 502, headers } = answer
      const judged = (await this.hooks.onResponse?.(request, { status, headers })) ?? 'forward'
      const most = typeof judged === 'object' && 'truncate' in judged ? judged.truncate : undefined
      if (most === undefined && !(await this.#passes(request, outgoing, judged as Verdict))) {
        answer.destroy()
        return
      }
      outgoing.writeHead(status, ownHeaders(headers))
      // Each piece at once: an event of a watch must not wait for the next one.
      outgoing.flushHeaders()
      answer.on('error', () => outgoing.destroy())
      if (most !== undefined) await sendPart(answer, outgoing, most)
      else if (isWatch(request)) await this.#sendLines(request, answer, outgoing)
      else answer.pipe(outgoing)
    } catch {
      // The server or the client went away, or a hook of the test threw: all the client can see is a cut connection.
      outgoing.destroy()
    }
  }

  async #read(incoming: IncomingMessage): Promise<ProxiedRequest> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk)
    const { method = 'GET', url = '/', headers } = incoming
    return { id: (this.count += 1), method, url, headers, body: Buffer.concat(chunks) }
  }

  /** True when the request or its answer goes on as it is. */
  async #passes(request: ProxiedRequest, outgoing: ServerResponse, verdict: Verdict): Promise<boolean> {
    if (verdict === 'forward') return true
    if (verdict === 'drop') outgoing.destroy()
    else if (verdict === 'reset') this.#reset(outgoing.socket ?? outgoing.req.socket)
    else if (verdict === 'hold' || 'delay' in verdict) {
      await this.#wait(request, outgoing, verdict === 'hold' ? undefined : verdict.delay)
      // Nothing that was held is forwarded for a client that has gone away meanwhile.
      return !outgoing.destroyed
    } else {
      const text = typeof verdict.body === 'string' ? verdict.body : JSON.stringify(verdict.body)
      outgoing.writeHead(verdict.status, { 'content-type': typeof verdict.body === 'string' ? 'text/plain' : 'application/json', ...verdict.headers })
      outgoing.end(text)
    }
    return false
  }

  /** Until released, or until its time has passed; at the latest when the client goes away. */
  #wait(request: ProxiedRequest, outgoing: ServerResponse, delay: Millis | undefined): Promise<void> {
    if (outgoing.destroyed) return Promise.resolve()
    return new Promise<void>((resolve) => {
      const timer = delay === undefined ? undefined : setTimeout(resolve, delay)
      if (delay === undefined) this.#held.set(request, resolve)
      outgoing.once('close', () => {
        clearTimeout(timer)
        this.#held.delete(request)
        resolve()
      })
    })
  }

  async #sendLines(request: ProxiedRequest, answer: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    let rest = ''
    for await (const chunk of answer.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = `${rest}${chunk}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const verdict = (await this.hooks.onLine?.(request, line)) ?? 'forward'
        if (verdict === 'forward') outgoing.write(`${line}\n`)
        if (verdict !== 'truncate') continue
        outgoing.write(line.slice(0, line.length / 2), () => outgoing.destroy())
        return
      }
    }
    outgoing.end(rest)
  }

  #forward({ method, url, headers, body }: ProxiedRequest, outgoing: ServerResponse): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = this.#upstream
      const request = httpsRequest({ agent: this.#agent, hostname, port, method, path: url, headers: ownHeaders(headers) }, resolve)
      request.once('error', reject)
      // A watch that the client ends must end at the server too. What writes is done to its end: a server that is cut off
      // from it may store it and note a timeout, and its audit log would not tell what was stored.
      if (method === 'GET') outgoing.once('close', () => request.destroy())
      request.end(body)
    })
  }
}

async function sendPart(answer: IncomingMessage, outgoing: ServerResponse, most: number): Promise<void> {
  let left = most
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    const part = chunk.subarray(0, left)
    left -= part.length
    await new Promise((resolve) => void outgoing.write(part, resolve))
    if (left === 0) break
  }
  outgoing.destroy()
}

const ownHeaders = (headers: IncomingHttpHeaders): IncomingHttpHeaders => Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP.has(name)))
