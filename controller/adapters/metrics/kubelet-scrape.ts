/** One page of one kubelet: a GET with a deadline for everything and a bound on the answer. Redirects are not followed. */
import type { Agent, Dispatcher } from 'undici'
import { formatDuration } from '../../../shared/lib/duration.ts'
import { printable } from '../../../shared/lib/text.ts'
import type { Millis } from '../../../shared/lib/time.ts'
import type { Timers } from '../../../shared/runtime/timers.ts'
import { codeOf, redirectTarget, single } from './bounded-post.ts'
import { PageReader, type CounterSample } from './kubelet-page.ts'

export interface ScrapeRequest {
  /** Scheme, host and port. */
  readonly origin: string
  /** Value of the header; undefined: a client certificate says who we are. */
  readonly authorization: string | undefined
  /** Until the last byte. */
  readonly timeout: Millis
}

export type Scraped =
  | { readonly kind: 'Page'; readonly samples: readonly CounterSample[]; /** Header, as it came. */ readonly date: string; /** When it came. */ readonly headedAt: Millis }
  /** What is wrong, to follow the name of the kubelet. */
  | { readonly kind: 'Wrong'; readonly what: string }

const PATH = '/metrics/cadvisor'
/** Bytes. A node with some hundreds of containers tells some tens of megabytes. */
const MOST_BYTES = 64 * 1024 * 1024

const ROLE = 'config/rbac/optional/kubelet-metrics.yaml'

const wrong = (what: string): Scraped => ({ kind: 'Wrong', what })

/** Never throws. The body of what is refused is not read to its end, and the connection is given up. */
export async function scrape(agent: Agent, timers: Timers, { origin, authorization, timeout }: ScrapeRequest): Promise<Scraped> {
  const abort = new AbortController()
  let late = false
  const cancel = timers.after(timeout, () => {
    late = true
    abort.abort()
  })
  const headers = { accept: 'text/plain;version=0.0.4', 'user-agent': 'kubeskippy (controller)', ...(authorization === undefined ? {} : { authorization }) }
  try {
    return await read(await agent.request({ origin, path: PATH, method: 'GET', headers, signal: abort.signal }), new URL(origin), timers)
  } catch (error) {
    return wrong(late ? `did not answer within ${formatDuration(timeout)}` : unreachable(codeOf(error)))
  } finally {
    cancel()
  }
}

async function read({ statusCode, headers, body }: Dispatcher.ResponseData, base: URL, timers: Timers): Promise<Scraped> {
  const headedAt = timers.monotonic()
  const give = (what: string): Scraped => {
    // An error of the rest of the body is of no interest any more.
    body.on('error', () => {}).destroy()
    return wrong(what)
  }
  if (statusCode !== 200) return give(refusal(statusCode, single(headers['location']), base))
  const tooMuch = `answered more than ${MOST_BYTES / 1024 / 1024} MiB`
  if (Number(single(headers['content-length'])) > MOST_BYTES) return give(tooMuch)
  const type = single(headers['content-type'])
  if (!/^text\/plain\b/i.test(type)) return give(`answered ${type === '' ? 'something without a type' : printable(type, 60)} in place of metrics: something else listens there`)
  const reader = new PageReader()
  let total = 0
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    total += chunk.length
    if (total > MOST_BYTES) return give(tooMuch)
    const found = reader.push(chunk)
    if (found?.kind === 'Wrong') return give(found.what)
  }
  const page = reader.end()
  return page.kind === 'Wrong' ? page : { kind: 'Page', samples: page.samples, date: single(headers['date']), headedAt }
}

function refusal(code: number, location: string, base: URL): string {
  if (code === 401) return 'does not know who asks (401): it must take tokens of service accounts (authentication.webhook.enabled)'
  if (code === 403) return `does not let us in (403): apply ${ROLE}`
  if (code >= 300 && code < 400) return `redirects (${code}) to ${redirectTarget(location, base)}: redirects are not followed`
  return code === 404 ? `has no ${PATH} (404)` : `answered ${code}`
}

/** As OpenSSL and Node name what is wrong with a certificate. */
const CERTIFICATE = /CERT|ALTNAME|VERIFY|ISSUER/

const unreachable = (code: string): string =>
  CERTIFICATE.test(code)
    ? `has a certificate that cannot be trusted (${printable(code, 60)}): let kubelets get theirs from the cluster's CA (serverTLSBootstrap), or name the CA in metrics.kubelet.caFile`
    : `cannot be reached (${printable(code, 40)})`
