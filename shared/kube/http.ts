/** Requests over pooled connections: the only file that knows undici. */
import { DecoratorHandler, Pool, errors, type Dispatcher } from 'undici'
import { millis, seconds, type Millis } from '../lib/time.ts'
import type { Logger } from '../runtime/logger.ts'
import { linkedAbort, type Timers } from '../runtime/timers.ts'
import { CredentialCache, type ClusterAccess, type Credentials, type Tls } from './credentials.ts'
import { ApiError, NotLeading } from './errors.ts'
import { ServerClock } from './server-clock.ts'
import { warningsIn } from './warnings.ts'

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** For errors. */
  readonly request: string
  readonly signal?: AbortSignal | undefined
  /** Until the whole answer is there; for a stream, until its header is. */
  readonly timeout: Millis
  /** Of an answer that is no error: what is before its last bytes is let go as it comes, and nothing is too large. */
  readonly lastBytes?: number | undefined
  /** Throws when the request must not leave any more. */
  readonly fence?: (() => void) | undefined
}

export interface HttpAnswer {
  readonly code: number
  readonly retryAfter?: string
  /** Texts of its `Warning` headers. */
  readonly warnings: readonly string[]
  readonly body: string
}

export interface HttpStream {
  readonly code: number
  readonly retryAfter?: string
  readonly chunks: AsyncIterable<Uint8Array>
}

export interface HttpOptions {
  readonly access: ClusterAccess
  readonly timers: Timers
  readonly log: Logger
  /** Connections for calls; further calls wait in line. Watches have their own. */
  readonly connections: number
  /** Largest answer, in bytes. */
  readonly maxAnswer: number
}

interface Pools {
  readonly tls: Tls
  readonly calls: Pool
  readonly watches: Pool
}

export class HttpClient {
  readonly clock = new ServerClock()
  readonly #options: HttpOptions
  readonly #credentials: CredentialCache
  #pools: Pools | undefined
  #closed = false

  constructor(options: HttpOptions) {
    this.#options = options
    this.#credentials = new CredentialCache(options.access, options.timers, options.log)
  }

  credentials(): Promise<Credentials> {
    return this.#credentials.get()
  }

  /** One answer, whole. A 401 is tried once more with fresh credentials: it was not carried out. */
  async call(request: HttpRequest): Promise<HttpAnswer> {
    return this.#guarded(request, async (signal) => {
      const answer = await this.#callOnce(request, signal)
      return answer.code === 401 && this.#credentials.expire() ? this.#callOnce(request, signal) : answer
    })
  }

  /** An answer whose body has no end: watches. The signal ends the body too. */
  async stream(request: HttpRequest): Promise<HttpStream> {
    return this.#guarded(request, async (signal) => {
      const { statusCode, headers, body } = await this.#send(request, signal, 'watches')
      const { maxAnswer } = this.#options
      const code = statusCode
      if (code === 401) this.#credentials.expire()
      const chunks = streamErrors(body, request)
      return { code, ...retryAfterOf(headers), chunks: code < 300 ? chunks : bounded(chunks, maxAnswer, request.request) }
    }, 'stream')
  }

  async close(): Promise<void> {
    this.#closed = true
    const pools = this.#pools
    this.#pools = undefined
    await Promise.all([pools?.calls.destroy(), pools?.watches.destroy()])
  }

  async #callOnce(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { statusCode, headers, body } = await this.#send(request, signal, 'calls')
    const { lastBytes } = request
    const read = lastBytes === undefined || statusCode >= 300 ? await endOf(bounded(body, this.#options.maxAnswer, request.request), Infinity) : await endOf(body, lastBytes)
    return { code: statusCode, ...retryAfterOf(headers), warnings: warningsIn(headers['warning']), body: read.toString('utf8') }
  }

  async #send(request: HttpRequest, signal: AbortSignal, use: 'calls' | 'watches') {
    const credentials = await this.#credentials.get()
    const sent = this.#options.timers.monotonic()
    const pool = this.#poolsFor(credentials)[use]
    const { fence } = request
    const response = await (fence === undefined ? pool : pool.compose(fencedBy(fence))).request({
      method: request.method,
      path: `${this.#options.access.prefix}${request.path}`,
      headers: {
        ...request.headers,
        ...(credentials.authorization === undefined ? {} : { authorization: credentials.authorization }),
      },
      signal,
      ...(request.body === undefined ? {} : { body: request.body }),
    })
    const received = this.#options.timers.monotonic()
    this.clock.observe(single(response.headers['date']), received, millis(received - sent))
    return response
  }

  /** New pools only when the certificates have changed; the old ones end when their requests have. */
  #poolsFor({ tls }: Credentials): Pools {
    if (this.#closed) throw new errors.ClientClosedError()
    const old = this.#pools
    if (old !== undefined && sameTls(old.tls, tls)) return old
    const { access, connections } = this.#options
    const shared = {
      // HTTP/2 off: a GOAWAY with an open watch can hang later calls.
      allowH2: false,
      pipelining: 1,
      // Shorter than the server's idle timeout (90 s), so that it never closes a connection that we are about to use.
      keepAliveTimeout: seconds(60),
      connect: { ...tls, timeout: seconds(10) },
    }
    this.#pools = {
      tls,
      calls: new Pool(access.origin, { ...shared, connections, headersTimeout: 0, bodyTimeout: 0 }),
      // A silent watch is normal for a minute; the reflector's watchdog judges it, not the socket.
      watches: new Pool(access.origin, { ...shared, connections: null, headersTimeout: 0, bodyTimeout: 0 }),
    }
    if (old !== undefined) {
      void old.calls.close()
      void old.watches.close()
    }
    return this.#pools
  }

  /** Deadline, the caller's signal, and what failed as an `ApiError`. */
  async #guarded<T>(request: HttpRequest, run: (signal: AbortSignal) => Promise<T>, mode?: 'stream'): Promise<T> {
    const { controller, release } = linkedAbort(request.signal)
    let late = false
    const cancel = this.#options.timers.after(request.timeout, () => {
      late = true
      controller.abort()
    })
    let succeeded = false
    try {
      controller.signal.throwIfAborted()
      const result = await run(controller.signal)
      succeeded = true
      return result
    } catch (error) {
      throw toNetworkError(error, request, late)
    } finally {
      cancel()
      // A stream lives on after its header: it stays tied to the caller's signal, which is the watch's own.
      if (mode === undefined || !succeeded) release()
    }
  }
}

/** Asks when a connection has been found and made, and the request is about to be written to it. */
const fencedBy =
  (fence: () => void): Dispatcher.DispatcherComposeInterceptor =>
  (dispatch) =>
  (options, handler) =>
    dispatch(options, new FencedHandler(handler, fence))

class FencedHandler extends DecoratorHandler {
  readonly #handler: Dispatcher.DispatchHandler
  readonly #fence: () => void

  constructor(handler: Dispatcher.DispatchHandler, fence: () => void) {
    super(handler)
    this.#handler = handler
    this.#fence = fence
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.#handler.onRequestStart?.(controller, context)
    try {
      this.#fence()
    } catch (error) {
      controller.abort(error instanceof Error ? error : new NotLeading(String(error)))
    }
  }
}

function toNetworkError(error: unknown, { request, signal }: HttpRequest, late: boolean): ApiError | NotLeading {
  // Not ambiguous: it was never sent.
  if (error instanceof ApiError || error instanceof NotLeading) return error
  const kind = signal?.aborted === true ? 'Aborted' : late ? 'Timeout' : 'Network'
  return new ApiError({ kind, code: 0, request }, { cause: error })
}

async function* streamErrors(body: AsyncIterable<Uint8Array>, request: HttpRequest): AsyncIterable<Uint8Array> {
  try {
    yield* body
  } catch (error) {
    throw toNetworkError(error, request, false)
  }
}

async function* bounded(body: AsyncIterable<Uint8Array>, limit: number, request: string): AsyncIterable<Uint8Array> {
  let total = 0
  for await (const chunk of body) {
    total += chunk.length
    if (total > limit) throw new ApiError({ kind: 'TooLarge', code: 0, request }, { cause: new Error('answer above the limit') })
    yield chunk
  }
}

/** Its last bytes; hardly more than these are held. */
async function endOf(body: AsyncIterable<Uint8Array>, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let held = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    held += chunk.length
    for (let first = chunks[0]; first !== undefined && held - first.length >= most; first = chunks[0]) {
      held -= first.length
      chunks.shift()
    }
  }
  return Buffer.concat(chunks).subarray(Math.max(0, held - most))
}

const single = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header[0] : header)

function retryAfterOf(headers: Readonly<Record<string, string | string[] | undefined>>): { readonly retryAfter?: string } {
  const value = single(headers['retry-after'])
  return value === undefined ? {} : { retryAfter: value }
}

const sameTls = (a: Tls, b: Tls): boolean =>
  a.servername === b.servername &&
  a.rejectUnauthorized === b.rejectUnauthorized &&
  sameBytes(a.ca, b.ca) &&
  sameBytes(a.cert, b.cert) &&
  sameBytes(a.key, b.key)

const sameBytes = (a: string | Buffer | undefined, b: string | Buffer | undefined): boolean =>
  a === undefined || b === undefined ? a === b : Buffer.from(a).equals(Buffer.from(b))
