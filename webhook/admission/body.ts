/** Reads the body of a review: JSON in UTF-8, not compressed, of a bounded size. */
import type { IncomingMessage } from 'node:http'

type Refusal = 400 | 413 | 415 | 503
export type Body = { readonly kind: 'json'; readonly value: unknown } | { readonly kind: 'refused'; readonly status: Refusal; readonly problem: string }

/** An object may have 3 MiB, and an update carries two of them. */
const LIMIT = 8 * 1024 * 1024

const refused = (status: Refusal, problem: string): Body => ({ kind: 'refused', status, problem })

/** Bytes that bodies may take while they are read, all together. Eight of the largest; the API server sends one within milliseconds. */
const HELD = 64 * 1024 * 1024
/** Bytes that a chunk takes beside its own: a body may come a byte at a time. */
const CHUNK = 256

/** Reads bodies. When they take too much memory together, the one that has been read longest is given up. */
export class BodyReader {
  readonly #limit: number
  #held = 0
  /** Longest first. */
  readonly #readings = new Set<{ readonly giveUp: () => void }>()

  /** @param limit bytes; at least that of one body in a thousand pieces */
  constructor(limit = HELD) {
    this.#limit = Math.max(limit, LIMIT + 1024 * CHUNK)
  }

  /** Never rejects. A body that is not read to its end is thrown away by Node when the answer is out. */
  async read(request: IncomingMessage): Promise<Body> {
    const problem = unsupported(request)
    if (problem !== undefined) return refused(415, problem)
    const bytes = Number(request.headers['content-length']) > LIMIT ? await discarded(request) : await this.#bytes(request)
    if (bytes === undefined || bytes === 'too large') return refused(413, 'the body is larger than 8 MiB')
    if (bytes === 'given up') return refused(503, 'too much is being sent at once, and this body came slowest')
    try {
      return { kind: 'json', value: JSON.parse(bytes.toString('utf8')) as unknown }
    } catch {
      // Our own words: the parser's quote the body.
      return refused(400, 'the body is not valid JSON, or shorter than announced')
    }
  }

  /** What ends early is as it is: half a document. */
  #bytes(request: IncomingMessage): Promise<Buffer | 'too large' | 'given up'> {
    return new Promise((resolve) => {
      const chunks: Buffer[] = []
      let size = 0
      let held = 0
      const done = (result: Buffer | 'too large' | 'given up'): void => {
        if (!this.#readings.delete(reading)) return
        request.off('data', take)
        this.#held -= held
        chunks.length = 0
        resolve(result)
      }
      const reading = { giveUp: () => done('given up') }
      const take = (chunk: Buffer): void => {
        size += chunk.length
        held += chunk.length + CHUNK
        this.#held += chunk.length + CHUNK
        if (size > LIMIT) return done('too large')
        chunks.push(chunk)
        for (const { giveUp } of this.#readings) {
          if (this.#held <= this.#limit) break
          giveUp()
        }
      }
      const end = (): void => done(Buffer.concat(chunks))
      this.#readings.add(reading)
      request.on('data', take).once('end', end).once('error', end).once('close', end)
    })
  }
}

/** Reads it to its end: whoever is still writing when the connection ends does not get to read why. */
export const discarded = (request: IncomingMessage): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => resolve()
    request.resume().once('end', done).once('error', done).once('close', done)
  })

function unsupported({ headers }: IncomingMessage): string | undefined {
  const [type = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';').map((part) => part.trim())
  if (type !== 'application/json') return 'the content type must be application/json'
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length).replaceAll('"', '')
  const encoding = headers['content-encoding'] ?? 'identity'
  return (charset === undefined || charset === 'utf-8' || charset === 'utf8') && encoding === 'identity' ? undefined : 'neither a compressed body nor another character set than UTF-8 is understood'
}
