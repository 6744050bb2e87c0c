/** The two admission routes: HTTP outside, reviews inside. */
import { json, Router, type NextFunction, type Request, type RequestHandler, type Response } from 'express'
import { MUTATE_PATH, VALIDATE_PATH } from '../../shared/api/v1alpha1/names.ts'
import { isObject } from '../../shared/lib/json.ts'
import { millis, type Clock } from '../../shared/lib/time.ts'
import type { Installation } from '../../shared/rules/rule.ts'
import type { Logger } from '../../shared/runtime/logger.ts'
import type { Timers } from '../../shared/runtime/timers.ts'
import { unreadable } from './answers.ts'
import { mutate, validate, type Handler } from './handlers.ts'
import type { Ask } from './known.ts'
import type { AdmissionMetrics, Route } from './metrics.ts'
import { readReview } from './review.ts'

export interface AdmissionRoutesOptions {
  readonly installation: Installation
  /** Whom the door asks for what a policy does not say itself. */
  readonly ask: Ask
  readonly metrics: AdmissionMetrics
  readonly clock: Clock
  readonly timers: Timers
  readonly log: Logger
}

/** An object may have 3 MiB, and an update carries two of them. */
const BODY_LIMIT = 8 * 1024 * 1024

export function admissionRoutes(options: AdmissionRoutesOptions): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const parse = json({ limit: BODY_LIMIT, inflate: false, type: 'application/json' })
  const add = (path: string, route: Route, handler: Handler): void => {
    router.post(path, onlyJson, parse, answer(route, handler, options))
    router.all(path, (_request, response) => void response.set('Allow', 'POST').status(405).json({ error: 'only POST is understood here' }))
  }
  add(VALIDATE_PATH, 'validate', validate(options.installation))
  add(MUTATE_PATH, 'mutate', mutate(options.clock))
  return router
}

const onlyJson: RequestHandler = (request, response, next) => {
  if (request.is('application/json') === false || request.is('application/json') === null) response.status(415).json({ error: 'the content type must be application/json' })
  else next()
}

function answer(route: Route, handler: Handler, { metrics, ask, timers, log }: AdmissionRoutesOptions): RequestHandler {
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const started = timers.monotonic()
    const body: unknown = request.body
    const seconds = (): number => millis(timers.monotonic() - started) / 1000
    try {
      const read = readReview(body)
      switch (read.kind) {
        case 'malformed':
          metrics.observe(route, 'none', 'malformed', seconds())
          response.status(400).json({ error: read.problem })
          return
        case 'incomplete':
          metrics.observe(route, 'none', 'incomplete', seconds())
          response.json(unreadable(read.uid, read.problem))
          return
        case 'review': {
          const { verdict, review, found } = handler(read.request, route === 'validate' ? await ask(read.request) : undefined)
          metrics.found(found)
          metrics.observe(route, read.request.operation, verdict, seconds())
          const { namespace, name, operation, dryRun } = read.request
          if (verdict === 'denied') log.info('refused', { resource: read.request.resource.resource.slice(0, 63), object: `${namespace}/${name}`, operation, dryRun, rules: [...new Set(found.map(({ rule }) => rule))] })
          response.json(review)
          return
        }
        default:
          read satisfies never
      }
    } catch (error) {
      metrics.observe(route, 'none', 'error', seconds())
      next(new ReviewFailure(uidOf(body), { cause: error }))
    }
  }
}

/** A bug of ours. The uid leads from the answer to the log. */
export class ReviewFailure extends Error {
  override readonly name = 'ReviewFailure'
  readonly uid: string
  constructor(uid: string, options: ErrorOptions) {
    super('the review could not be answered', options)
    this.uid = uid
  }
}

function uidOf(body: unknown): string {
  const request = isObject(body) ? body['request'] : undefined
  const uid = isObject(request) ? request['uid'] : undefined
  return typeof uid === 'string' ? uid.slice(0, 128) : ''
}
