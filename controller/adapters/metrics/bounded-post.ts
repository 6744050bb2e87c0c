/** One POST, or GET, with a deadline for everything and a bound on the answer. Redirects are not followed: a token would go with them. */
import type { Dispatcher, Pool } from 'undici'
import { printable } from '../../../shared/lib/text.ts'
import type { Millis } from '../../../shared/lib/time.ts'
import type { Timers } from '../../../shared/runtime/timers.ts'

export interface PostRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** undefined: it is a GET. */
  readonly body: string | undefined
  /** Until the last byte of the answer. */
  readonly timeout: Millis
  /** Bytes. */
  readonly maxAnswer: number
}

export type PostAnswer =
  | { readonly kind: 'Answer'; readonly code: number; readonly contentType: string; readonly body: string }
  | { readonly kind: 'Redirect'; readonly code: number; readonly location: string }
  | { readonly kind: 'TooLarge' }
  | { readonly kind: 'Late' }
  /** `code` as Node or undici names it: `ECONNREFUSED`. */
  | { readonly kind: 'Unreachable'; readonly code: string }

/** Never throws. The body of what is refused is not read to its end, and the connection is given up. */
export async function post(pool: Pool, timers: Timers, request: PostRequest): Promise<PostAnswer> {
  const abort = new AbortController()
  let late = false
  const cancel = timers.after(request.timeout, () => {
    late = true
    abort.abort()
  })
  try {
    const { path, headers, body } = request
    return await read(await pool.request({ ...(body === undefined ? { method: 'GET' } : { method: 'POST', body }), path, headers, signal: abort.signal }), request.maxAnswer)
  } catch (error) {
    return late ? { kind: 'Late' } : { kind: 'Unreachable', code: codeOf(error) }
  } finally {
    cancel()
  }
}

async function read({ statusCode, headers, body }: Dispatcher.ResponseData, maxAnswer: number): Promise<PostAnswer> {
  const give = <T extends PostAnswer>(answer: T): T => {
    // An error of the rest of the body is of no interest any more.
    body.on('error', () => {}).destroy()
    return answer
  }
  if (statusCode >= 300 && statusCode < 400) return give({ kind: 'Redirect', code: statusCode, location: single(headers['location']) })
  // A server that tells the length is believed when it is too long; one that lies is found out below.
  if (Number(single(headers['content-length'])) > maxAnswer) return give({ kind: 'TooLarge' })
  const chunks: Uint8Array[] = []
  let total = 0
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    total += chunk.length
    if (total > maxAnswer) return give({ kind: 'TooLarge' })
    chunks.push(chunk)
  }
  return { kind: 'Answer', code: statusCode, contentType: single(headers['content-type']), body: Buffer.concat(chunks).toString('utf8') }
}

/** The first, of a header that is there several times. */
export const single = (header: string | string[] | undefined): string => (Array.isArray(header) ? header[0] : header) ?? ''

/** Of the error or of what caused it: undici wraps some of Node's, and Node bundles the tries of several addresses. */
export function codeOf(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at instanceof AggregateError ? at.errors[0] : at.cause) {
    const { code } = at as { code?: unknown }
    if (typeof code === 'string') return code
  }
  return error instanceof Error ? error.name : 'unknown'
}

/** Where a redirect leads, without what may be secret in it. */
export function redirectTarget(location: string, base: URL): string {
  if (!URL.canParse(location, base.href)) return 'nowhere'
  const { origin, pathname } = new URL(location, base)
  return printable(`${origin}${pathname}`, 120)
}
