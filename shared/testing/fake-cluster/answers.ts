/**
 * Refusals in the server's own form. They pass through the same `classify.ts` as real answers, so that the fake cannot
 * invent a kind of error which the real server would not lead to.
 */
import type { Resource } from '../../kube/api.ts'
import { toApiError } from '../../kube/classify.ts'
import type { ApiError, StatusCause } from '../../kube/errors.ts'

export interface Refusal {
  readonly code: number
  readonly reason?: string
  readonly message: string
  readonly details?: Readonly<Record<string, unknown>>
  /** Header; seconds. */
  readonly retryAfter?: number
  /** Body as it is, in place of a Status. */
  readonly text?: string
}

/** Thrown inside the fake; the client turns it into the `ApiError` of its request. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(refusal.message)
    this.refusal = refusal
  }
}

export function toError({ code, reason, message, details, retryAfter, text }: Refusal, request: string, jsonPatch = false): ApiError {
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, details, code }
  const header = retryAfter === undefined ? undefined : String(retryAfter)
  return toApiError({ code, body: text ?? JSON.stringify(status), retryAfter: header, request, jsonPatch })
}

const details = (resource: Resource, name: string, causes?: readonly StatusCause[]) => ({ name, kind: resource.plural, group: resource.group, causes })

export const notFound = (resource: Resource, name: string): Refused =>
  new Refused({ code: 404, reason: 'NotFound', message: `${resource.plural} "${name}" not found`, details: details(resource, name) })

export const alreadyExists = (resource: Resource, name: string): Refused =>
  new Refused({ code: 409, reason: 'AlreadyExists', message: `${resource.plural} "${name}" already exists`, details: details(resource, name) })

export const conflict = (resource: Resource, name: string, why: string): Refused =>
  new Refused({ code: 409, reason: 'Conflict', message: `Operation cannot be fulfilled on ${resource.plural} "${name}": ${why}`, details: details(resource, name) })

export const changed = (resource: Resource, name: string): Refused =>
  conflict(resource, name, 'the object has been modified; please apply your changes to the latest version and try again')

export const invalid = (resource: Resource, name: string, causes: readonly StatusCause[]): Refused =>
  new Refused({
    code: 422,
    reason: 'Invalid',
    message: `${resource.kind} "${name}" is invalid: ${causes.map(({ field = '', message = '' }) => `${field}: ${message}`).join(', ')}`,
    details: { ...details(resource, name, causes), kind: resource.kind },
  })

export const fieldInvalid = (field: string, message: string): StatusCause => ({ reason: 'FieldValueInvalid', field, message })

/** A change of the uid: refused twice over, as the server does. */
export const uidChanged = (resource: Resource, name: string): Refused => {
  const cause = fieldInvalid('metadata.uid', 'Invalid value: field is immutable')
  return invalid(resource, name, [cause, cause])
}

/** Failed `test`, missing path or bad operation: the server does not say which. */
export const patchFailed = (): Refused =>
  new Refused({ code: 422, reason: 'Invalid', message: 'the server rejected our request due to an error in our request', details: {} })

export const forbidden = (resource: Resource, name: string, why: string): Refused =>
  new Refused({ code: 403, reason: 'Forbidden', message: `${resource.plural} "${name}" is forbidden: ${why}`, details: details(resource, name) })

export const badRequest = (message: string): Refused => new Refused({ code: 400, reason: 'BadRequest', message })

export const expired = (): Refused =>
  new Refused({ code: 410, reason: 'Expired', message: 'The resourceVersion for the provided list or watch is too old.' })

export const versionTooLarge = (): Refused =>
  new Refused({
    code: 504,
    reason: 'Timeout',
    message: 'Timeout: Too large resource version',
    details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 },
    retryAfter: 1,
  })

export const tooLarge = (): Refused => new Refused({ code: 500, message: 'etcdserver: request is too large' })
/** Above 3 MiB the body is not even read. */
export const bodyTooLarge = (): Refused =>
  new Refused({ code: 413, reason: 'RequestEntityTooLarge', message: 'Request entity too large: limit is 3145728' })

const budgetCause = (message: string) => ({ causes: [{ reason: 'DisruptionBudget', message }] })

export const budgetExhausted = (budget: string, needs: number, has: number): Refused =>
  new Refused({
    code: 429,
    reason: 'TooManyRequests',
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    details: budgetCause(`The disruption budget ${budget} needs ${needs} healthy pods and has ${has} currently`),
  })

export const budgetPending = (budget: string): Refused =>
  new Refused({
    code: 429,
    reason: 'TooManyRequests',
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    details: { ...budgetCause(`The disruption budget ${budget} is still being processed by the server.`), retryAfterSeconds: 10 },
    retryAfter: 10,
  })

export const twoBudgets = (): Refused =>
  new Refused({ code: 500, message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.' })
