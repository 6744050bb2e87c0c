/** A Prometheus, or what speaks its query API (Thanos, Mimir, VictoriaMetrics): asked by POST, so that no query is too long. */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Pool } from 'undici'
import { printable } from '../../../shared/lib/text.ts'
import { formatDuration } from '../../../shared/lib/duration.ts'
import { after, before, between, instant, seconds, type Instant, type Millis } from '../../../shared/lib/time.ts'
import type { Timers } from '../../../shared/runtime/timers.ts'
import { OLDEST_SAMPLE, type Series } from '../../healing/metrics.ts'
import type { Lookback, MetricAnswer } from '../../ports/metric-source.ts'
import { post, redirectTarget, type PostAnswer } from './bounded-post.ts'
import { parseAnswer } from './prometheus-answer.ts'
import { parseMetadata, type MetricType } from './prometheus-metadata.ts'

export interface PrometheusConfig {
  readonly name: string
  /** Without credentials, query and fragment; a path is kept. */
  readonly url: string
  readonly timeout: Millis
  /** A bearer token. */
  readonly tokenFile: string | undefined
  readonly username: string | undefined
  readonly passwordFile: string | undefined
  /** PEM. */
  readonly caFile: string | undefined
  /** `Name: value`. */
  readonly headers: readonly string[] | undefined
}

/** Bytes. Five thousand series are some 2 MiB. */
const MAX_ANSWER = 8 * 1024 * 1024
/** Files that rotate are read again after this. */
const REREAD = seconds(60)
/** At the same time, to one source. */
export const CONNECTIONS = 4

export class Prometheus {
  readonly #config: PrometheusConfig
  readonly #timers: Timers
  readonly #base: URL
  #pool: { readonly pool: Pool; readonly ca: string | undefined } | undefined
  #headers: { readonly headers: Readonly<Record<string, string>>; readonly at: number } | undefined

  constructor(config: PrometheusConfig, timers: Timers) {
    this.#config = config
    this.#timers = timers
    this.#base = new URL(config.url)
  }

  /** The value now, of each series. Times are moved to our clock. */
  async query(expression: string, now: Instant): Promise<MetricAnswer> {
    const { timeout } = this.#config
    const parsed = await this.#ask('query', { query: expression, timeout: formatDuration(timeout) })
    if (typeof parsed === 'string') return this.#noData(parsed)
    const { series, warnings, evaluatedAt } = parsed
    const apart = evaluatedAt === undefined ? 0 : between(evaluatedAt, now)
    if (Math.abs(apart) > OLDEST_SAMPLE) return this.#noData(`answered for a time that is ${formatDuration(Math.abs(apart) as Millis)} away: its clock or a cache in between is wrong`)
    return { kind: 'Series', series: moved(series, apart), warnings }
  }

  /** The values up to now, of each series. */
  async range(expression: string, { span, step }: Lookback, now: Instant): Promise<MetricAnswer> {
    const { timeout } = this.#config
    // The end is ours: a server whose clock is a little behind answers what it has.
    const time = (t: Instant): string => (t / 1000).toFixed(3)
    const form = { query: expression, start: time(before(now, span)), end: time(now), step: (step / 1000).toFixed(3), timeout: formatDuration(timeout) }
    const parsed = await this.#ask('query_range', form)
    if (typeof parsed === 'string') return this.#noData(parsed)
    const { series, warnings } = parsed
    const newest = series.reduce((t, { points }) => Math.max(t, points.at(-1)?.at ?? 0), 0)
    if (newest > after(now, OLDEST_SAMPLE)) return this.#noData('answered for a time that is in the future')
    return { kind: 'Series', series, warnings }
  }

  /** What it knows of the metrics of that name; undefined: nothing, or of several of them something else. A sentence: why it cannot tell. */
  async typeOf(metric: string): Promise<MetricType | undefined | { readonly why: string }> {
    const answer = await this.#send(`metadata?${new URLSearchParams({ metric }).toString()}`)
    if (typeof answer === 'string') return { why: answer }
    const parsed = parseMetadata(answer.code, answer.body, metric)
    return typeof parsed === 'object' ? { why: parsed.wrong } : parsed
  }

  async close(): Promise<void> {
    await this.#pool?.pool.destroy()
  }

  async #ask(method: 'query' | 'query_range', form: Readonly<Record<string, string>>) {
    const answer = await this.#send(method, new URLSearchParams(form).toString())
    if (typeof answer === 'string') return answer
    const parsed = parseAnswer(answer.code, answer.contentType, answer.body)
    return parsed.kind === 'Wrong' ? parsed.what : parsed
  }

  /** A sentence, to follow the name of the source, when there is no answer. */
  async #send(path: string, body?: string): Promise<Extract<PostAnswer, { kind: 'Answer' }> | string> {
    let pool: Pool
    let headers: Readonly<Record<string, string>>
    try {
      headers = await this.#requestHeaders()
      pool = this.#connections()
    } catch (error) {
      const { code } = error as { code?: unknown }
      // The path is the operator's own word; what is in the file is not told.
      return `cannot be asked: one of its files cannot be read (${typeof code === 'string' ? code : 'unreadable'})`
    }
    const answer = await post(pool, this.#timers, {
      path: `${this.#base.pathname.replace(/\/+$/, '')}/api/v1/${path}`,
      headers,
      body,
      timeout: this.#config.timeout,
      maxAnswer: MAX_ANSWER,
    })
    if (answer.kind !== 'Answer') return this.#failure(answer)
    // Tokens rotate, and a file may be newer than what was read.
    if (answer.code === 401) this.#headers = undefined
    return answer
  }

  #failure(answer: Exclude<PostAnswer, { kind: 'Answer' }>): string {
    switch (answer.kind) {
      case 'Late':
        return `did not answer within ${formatDuration(this.#config.timeout)}`
      case 'TooLarge':
        return `answered more than ${MAX_ANSWER / 1024 / 1024} MiB: aggregate, or narrow the selectors`
      case 'Redirect':
        return `redirects (${answer.code}) to ${redirectTarget(answer.location, this.#base)}: redirects are not followed, so write the final address as its url`
      case 'Unreachable':
        return `cannot be reached (${printable(answer.code, 40)})`
      default:
        return answer satisfies never
    }
  }

  #noData(what: string): MetricAnswer {
    return { kind: 'NoData', why: `the Prometheus source ${this.#config.name} (${this.#base.origin}) ${what}` }
  }

  async #requestHeaders(): Promise<Readonly<Record<string, string>>> {
    const now = this.#timers.monotonic()
    if (this.#headers !== undefined && now - this.#headers.at < REREAD) return this.#headers.headers
    const { tokenFile, username, passwordFile, headers: extra } = this.#config
    const headers: Record<string, string> = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'kubeskippy (controller)' }
    for (const line of extra ?? []) {
      const at = line.indexOf(':')
      headers[line.slice(0, at).trim().toLowerCase()] = line.slice(at + 1).trim()
    }
    if (tokenFile !== undefined) headers['authorization'] = `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}`
    else if (username !== undefined) {
      const password = passwordFile === undefined ? '' : (await readFile(passwordFile, 'utf8')).trim()
      headers['authorization'] = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
    }
    this.#headers = { headers, at: now }
    return headers
  }

  /** A CA that was renewed gets connections of its own. */
  #connections(): Pool {
    const { caFile } = this.#config
    const ca = caFile === undefined ? undefined : readFileSync(caFile, 'utf8')
    if (this.#pool !== undefined && this.#pool.ca === ca) return this.#pool.pool
    void this.#pool?.pool.close()
    const pool = new Pool(this.#base.origin, {
      connections: CONNECTIONS,
      pipelining: 1,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: this.#config.timeout, ...(ca === undefined ? {} : { ca }) },
    })
    this.#pool = { pool, ca }
    return pool
  }
}

const moved = (series: readonly Series[], by: number): readonly Series[] =>
  by === 0 ? series : series.map(({ labels, points }) => ({ labels, points: points.map(({ at, value }) => ({ at: instant(at + by), value })) }))
