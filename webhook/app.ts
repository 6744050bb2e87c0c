/** Every route of the door. Whatever arrives gets a JSON answer or a plain probe; nothing ends the process. */
import type { IncomingMessage, RequestListener } from 'node:http'
import express, { type ErrorRequestHandler, type Request, type Response } from 'express'
import { isObject } from '../shared/lib/json.ts'
import { printable } from '../shared/lib/text.ts'
import { formatReport, type Health } from '../shared/runtime/health.ts'
import type { Logger } from '../shared/runtime/logger.ts'
import { admissionRoutes, type AdmissionRoutesOptions } from './admission/routes.ts'

/** The text of all metrics, as a scraper reads it. */
export type Exposition = () => Promise<{ readonly contentType: string; readonly text: string }>

export interface AppOptions extends AdmissionRoutesOptions {
  readonly livez: Health
  readonly readyz: Health
  readonly exposition: Exposition
}

/** Reviews by their own listeners, everything else by express. */
export function createApp(options: AppOptions): RequestListener {
  const admission = admissionRoutes(options)
  const others = otherRoutes(options)
  return (request, response) => (admission.get(pathOf(request)) ?? others)(request, response)
}

const pathOf = ({ url = '' }: IncomingMessage): string => {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

function otherRoutes(options: AppOptions): RequestListener {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', 'simple')
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

/** What cannot be routed is the client's fault and says so by its status; all else is ours. */
const failed =
  (log: Logger): ErrorRequestHandler =>
  (error: unknown, _request, response, next) => {
    const status = isObject(error) && typeof error['status'] === 'number' ? error['status'] : 500
    if (response.headersSent) {
      next(error)
    } else if (status >= 400 && status < 500) {
      response.status(status).json({ error: 'bad request' })
    } else {
      log.error('request failed', { error })
      response.status(500).json({ error: 'internal error' })
    }
  }
