/** Every route of the door. Whatever arrives gets a JSON answer or a plain probe; nothing ends the process. */
import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express'
import { isObject } from '../shared/lib/json.ts'
import { printable } from '../shared/lib/text.ts'
import { formatReport, type Health } from '../shared/runtime/health.ts'
import type { Logger } from '../shared/runtime/logger.ts'
import { admissionRoutes, ReviewFailure, type AdmissionRoutesOptions } from './admission/routes.ts'

/** The text of all metrics, as a scraper reads it. */
export type Exposition = () => Promise<{ readonly contentType: string; readonly text: string }>

export interface AppOptions extends AdmissionRoutesOptions {
  readonly livez: Health
  readonly readyz: Health
  readonly exposition: Exposition
}

export function createApp(options: AppOptions): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', 'simple')
  app.use(admissionRoutes(options))
  app.get('/livez', probe(options.livez))
  app.get('/readyz', probe(options.readyz))
  app.get('/metrics', async (_request, response) => {
    const { contentType, text } = await options.exposition()
    response.set('Content-Type', contentType).send(text)
  })
  app.use((request: Request, response: Response) => {
    response.status(404).json({ error: `nothing is at ${printable(request.path, 80)}` })
  })
  app.use(failed(options.log))
  return app
}

const probe =
  (health: Health) =>
  (request: Request, response: Response): void => {
    const { ok } = health
    const verbose = Object.hasOwn(request.query, 'verbose') || !ok
    response.status(ok ? 200 : 503).type('text/plain').send(verbose ? formatReport(health.report()) : 'ok')
  }

/** What the body parser refuses is the client's fault and says so by its status; all else is ours. */
const failed =
  (log: Logger): ErrorRequestHandler =>
  (error: unknown, _request, response, next) => {
    const status = isObject(error) && typeof error['status'] === 'number' ? error['status'] : 500
    if (response.headersSent) {
      next(error)
    } else if (error instanceof ReviewFailure) {
      log.error('review could not be answered', { uid: error.uid, error: error.cause })
      response.status(500).json({ error: 'internal error', uid: printable(error.uid, 128) })
    } else if (status >= 400 && status < 500) {
      response.status(status).json({ error: WORDS[status] ?? 'bad request' })
    } else {
      log.error('request failed', { error })
      response.status(500).json({ error: 'internal error' })
    }
  }

/** Our own words: the parser's messages quote the body. */
const WORDS: Readonly<Record<number, string>> = {
  400: 'the body is not valid JSON, or shorter than announced',
  413: 'the body is larger than 8 MiB',
  415: 'neither a compressed body nor another character set than UTF-8 is understood',
}
