/** Reads the body of a review: JSON in UTF-8, not compressed, of a bounded size. */
import type { IncomingMessage } from 'node:http'

export type Body = { readonly kind: 'json'; readonly value: unknown } | { readonly kind: 'refused'; readonly status: 400 | 413 | 415; readonly problem: string }

/** An object may have 3 MiB, and an update carries two of them. */
const LIMIT = 8 * 1024 * 1024

const refused = (status: 400 | 413 | 415, problem: string): Body => ({ kind: 'refused', status, problem })

/** Never rejects. A body that is not read to its end is thrown away by Node when the answer is out. */
export async function readBody(request: IncomingMessage): Promise<Body> {
  const problem = unsupported(request)
  if (problem !== undefined) return refused(415, problem)
  const bytes = Number(request.headers['content-length']) > LIMIT ? undefined : await readBytes(request)
  if (bytes === undefined) return refused(413, 'the body is larger than 8 MiB')
  try {
    return { kind: 'json', value: JSON.parse(bytes.toString('utf8')) as unknown }
  } catch {
    // Our own words: the parser's quote the body.
    return refused(400, 'the body is not valid JSON, or shorter than announced')
  }
}

/** Undefined when it is too large. What ends early is as it is: half a document. */
const readBytes = (request: IncomingMessage): Promise<Buffer | undefined> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    const take = (chunk: Buffer): void => {
      size += chunk.length
      if (size <= LIMIT) return void chunks.push(chunk)
      request.off('data', take)
      resolve(undefined)
    }
    const end = (): void => resolve(Buffer.concat(chunks))
    request.on('data', take).once('end', end).once('error', end).once('close', end)
  })

function unsupported({ headers }: IncomingMessage): string | undefined {
  const [type = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';').map((part) => part.trim())
  if (type !== 'application/json') return 'the content type must be application/json'
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length).replaceAll('"', '')
  const encoding = headers['content-encoding'] ?? 'identity'
  return (charset === undefined || charset === 'utf-8' || charset === 'utf8') && encoding === 'identity' ? undefined : 'neither a compressed body nor another character set than UTF-8 is understood'
}
