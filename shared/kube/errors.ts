/**
 * What an API error means, by reason and cause, never by code alone and never by message: 409, 422, 429 and 403 each
 * mean several things. Messages of the server may hold whole objects (secrets in env included): `message` here is
 * made by us; the server's own text stays in `serverMessage`, which is never logged or stored unredacted.
 */
import type { Millis } from '../lib/time.ts'

export type ApiErrorKind =
  /** 409: changed since it was read, or a uid or resourceVersion precondition failed. Read again. */
  | 'Conflict'
  /** 409: the name is taken. */
  | 'AlreadyExists'
  /** 409: another manager owns the field (server-side apply). A refusal: a retry would loop. */
  | 'FieldManagerConflict'
  | 'NotFound'
  /** 422 with causes or a named object: the object is wrong. */
  | 'Invalid'
  /** 422 whose cause is an immutable `metadata.uid`: the name now belongs to another object. */
  | 'Recreated'
  /** 422 with empty details on a JSON patch: a failed `test`, or a path that is gone. Judge again once, then give up. */
  | 'PatchFailed'
  | 'BadRequest'
  | 'Unauthorized'
  /** 403: by RBAC, an admission policy or webhook. */
  | 'Forbidden'
  /** 429 with cause DisruptionBudget and no Retry-After: a refusal. */
  | 'DisruptionBudget'
  /** 429 with cause DisruptionBudget and a Retry-After: the budget was not processed yet, or hides a uid mismatch. Read the pod again. */
  | 'DisruptionBudgetPending'
  /** 429 otherwise (priority and fairness; body may be text/plain): not executed, retry. */
  | 'Throttled'
  /** 410 in the status, or an ERROR event of a watch: list again. */
  | 'Expired'
  /** 504 with cause ResourceVersionTooLarge: this server has not seen that version yet. */
  | 'VersionTooLarge'
  /** 500 "request is too large", 413: no retry can help. */
  | 'TooLarge'
  /** Any other 5xx: a write may have landed (I18). */
  | 'Server'
  /** No answer in time: a write may have landed. */
  | 'Timeout'
  /** Connection refused, reset, TLS, truncated body: a write may have landed. */
  | 'Network'
  /** The caller's signal. */
  | 'Aborted'

export interface StatusCause {
  readonly reason?: string
  readonly field?: string
  readonly message?: string
}

export interface ApiErrorFields {
  readonly kind: ApiErrorKind
  /** HTTP status; 0 when there was none. */
  readonly code: number
  readonly reason?: string
  readonly causes?: readonly StatusCause[]
  readonly retryAfter?: Millis
  readonly serverMessage?: string
  /** `POST pods/eviction shop/cart-1`: what was tried, without query or body. */
  readonly request: string
}

export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly kind: ApiErrorKind
  readonly code: number
  readonly reason: string | undefined
  readonly causes: readonly StatusCause[]
  readonly retryAfter: Millis | undefined
  readonly serverMessage: string | undefined
  readonly request: string
  constructor(fields: ApiErrorFields, options?: ErrorOptions) {
    super(`${fields.request}: ${fields.kind}${fields.code === 0 ? '' : ` (${fields.code}${fields.reason === undefined ? '' : ` ${fields.reason}`})`}`, options)
    this.kind = fields.kind
    this.code = fields.code
    this.reason = fields.reason
    this.causes = fields.causes ?? []
    this.retryAfter = fields.retryAfter
    this.serverMessage = fields.serverMessage
    this.request = fields.request
  }
}

/** This process may not write now, as one that does not hold the lease, or cannot be sure that it still does: nothing was sent. */
export class NotLeading extends Error {
  override readonly name = 'NotLeading'
}

export const isApiError = (error: unknown, ...kinds: readonly ApiErrorKind[]): error is ApiError =>
  error instanceof ApiError && (kinds.length === 0 || kinds.includes(error.kind))

/** Kinds after which a write may have landed: the outcome is found by reading, never by writing again (I18). */
export const isAmbiguous = (error: unknown): boolean => isApiError(error, 'Server', 'Timeout', 'Network', 'Aborted')
