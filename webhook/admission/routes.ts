/** The two routes of the door, and nothing beside them: HTTP outside, reviews inside. Whatever arrives gets a JSON answer; nothing ends the process. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { MUTATE_PATH, VALIDATE_PATH } from '../../shared/api/v1alpha1/names.ts'
import { isObject } from '../../shared/lib/json.ts'
import { printable } from '../../shared/lib/text.ts'
import { millis, type Clock } from '../../shared/lib/time.ts'
import type { Installation } from '../../shared/rules/rule.ts'
import type { Logger } from '../../shared/runtime/logger.ts'
import type { Timers } from '../../shared/runtime/timers.ts'
import { unreadable } from './answers.ts'
import { BodyReader, discarded } from './body.ts'
import { mutate, validate, type Handler } from './handlers.ts'
import type { Ask } from './known.ts'
import type { AdmissionMetrics, Route } from './metrics.ts'
import { readReview, type ReadReview } from './review.ts'

export interface AdmissionRoutesOptions {
  readonly installation: Installation
  /** Whom the door asks for what a policy does not say itself. */
  readonly ask: Ask
  /** The same before defaults are added: who may what. */
  readonly askRights: Ask
  readonly metrics: AdmissionMetrics
  readonly clock: Clock
  readonly timers: Timers
  readonly log: Logger
}

/** Without a framework: of the time that its routing and parsing would take for a review, all rules together take half. */
export function admissionRoutes(options: AdmissionRoutesOptions): RequestListener {
  const bodies = new BodyReader()
  const routes = new Map([
    [VALIDATE_PATH, answer('validate', validate(options.installation), options.ask, bodies, options)],
    [MUTATE_PATH, answer('mutate', mutate(options.installation, options.clock), options.askRights, bodies, options)],
  ])
  return (request, response) => {
    const path = pathOf(request)
    const route = routes.get(path)
    if (route === undefined) sendInstead(request, response, 404, `nothing is at ${printable(path, 80)}`)
    else if (request.method !== 'POST') sendInstead(request, response.setHeader('Allow', 'POST'), 405, 'only POST is understood here')
    else route(request, response)
  }
}

function pathOf({ url = '' }: IncomingMessage): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

/** Whatever body there is, it is thrown away first. */
function sendInstead(request: IncomingMessage, response: ServerResponse, status: number, error: string): void {
  void discarded(request).then(() => sendJson(response, status, { error }))
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body))
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': bytes.length }).end(bytes)
}

function answer(route: Route, handler: Handler, ask: Ask, bodies: BodyReader, { metrics, timers, log }: AdmissionRoutesOptions): RequestListener {
  const judged = async (read: ReadReview, seconds: () => number): Promise<readonly [status: number, body: unknown]> => {
    switch (read.kind) {
      case 'malformed':
        metrics.observe(route, 'none', 'malformed', seconds())
        return [400, { error: read.problem }]
      case 'incomplete':
        metrics.observe(route, 'none', 'incomplete', seconds())
        return [200, unreadable(read.uid, read.problem)]
      case 'review': {
        const { verdict, review, found } = handler(read.request, await ask(read.request))
        metrics.found(found)
        metrics.observe(route, read.request.operation, verdict, seconds())
        const { namespace, name, operation, dryRun } = read.request
        if (verdict === 'denied') log.info('refused', { resource: read.request.resource.resource.slice(0, 63), object: `${namespace}/${name}`, operation, dryRun, rules: [...new Set(found.map(({ rule }) => rule))] })
        return [200, review]
      }
      default:
        return read satisfies never
    }
  }
  const answered = async (request: IncomingMessage): Promise<readonly [status: number, body: unknown]> => {
    const body = await bodies.read(request)
    if (body.kind === 'refused') return [body.status, { error: body.problem }]
    const started = timers.monotonic()
    const seconds = (): number => millis(timers.monotonic() - started) / 1000
    try {
      return await judged(readReview(body.value), seconds)
    } catch (error) {
      // A bug of ours. The uid leads from the answer to the log.
      const uid = uidOf(body.value)
      metrics.observe(route, 'none', 'error', seconds())
      log.error('review could not be answered', { uid, error })
      return [500, { error: 'internal error', uid: printable(uid, 128) }]
    }
  }
  return (request, response) => {
    answered(request)
      // With it the API server tries once more, within its time.
      .then(([status, body]) => sendJson(status === 503 ? response.setHeader('Retry-After', '1') : response, status, body))
      .catch((error: unknown) => {
        log.error('answer could not be sent', { error })
        response.destroy()
      })
  }
}

function uidOf(body: unknown): string {
  const request = isObject(body) ? body['request'] : undefined
  const uid = isObject(request) ? request['uid'] : undefined
  return typeof uid === 'string' ? uid.slice(0, 128) : ''
}
