/** From an answer of the server to the kind of error it is. Pure; the only place that looks at codes and reasons. */
import { isObject } from '../lib/json.ts'
import { millis, type Millis } from '../lib/time.ts'
import { ApiError, type ApiErrorKind, type StatusCause } from './errors.ts'

export interface FailedAnswer {
  readonly code: number
  readonly body: string
  /** As sent, if at all. */
  readonly retryAfter?: string | undefined
  readonly request: string
  /** Whether the request was a JSON patch: only then does a bare 422 mean a failed `test`. */
  readonly jsonPatch?: boolean
}

/** What the server's `Status` object says; everything is optional, since a proxy or APF answers in plain text. */
interface Status {
  readonly reason?: string
  readonly message?: string
  readonly causes: readonly StatusCause[]
  readonly named: boolean
  readonly retryAfterSeconds?: number
}

/** No API server asks for more than this; a longer one is a proxy's mistake and would stop us for hours. */
const LONGEST_RETRY_AFTER = millis(600_000)

export function toApiError(answer: FailedAnswer, options?: ErrorOptions): ApiError {
  return statusError(answer, parseStatus(answer.body), options)
}

/** The error of a watch's ERROR event, whose object is a `Status`. */
export function watchError(object: unknown, request: string): ApiError {
  const code = isObject(object) && typeof object['code'] === 'number' ? object['code'] : 500
  return statusError({ code, body: '', request }, readStatus(object))
}

function statusError(answer: FailedAnswer, status: Status, options?: ErrorOptions): ApiError {
  const retryAfter = readRetryAfter(answer.retryAfter, status.retryAfterSeconds)
  return new ApiError(
    {
      kind: kindOf(answer, status, retryAfter),
      code: answer.code,
      request: answer.request,
      causes: status.causes,
      ...(status.reason === undefined ? {} : { reason: status.reason }),
      ...(retryAfter === undefined ? {} : { retryAfter }),
      ...(status.message === undefined ? {} : { serverMessage: status.message }),
    },
    options,
  )
}

function kindOf(answer: FailedAnswer, status: Status, retryAfter: Millis | undefined): ApiErrorKind {
  const has = (reason: string): boolean => status.causes.some((cause) => cause.reason === reason)
  switch (answer.code) {
    case 401:
      return 'Unauthorized'
    case 403:
      return 'Forbidden'
    case 404:
      return 'NotFound'
    case 409:
      if (status.reason === 'AlreadyExists') return 'AlreadyExists'
      return has('FieldManagerConflict') ? 'FieldManagerConflict' : 'Conflict'
    case 410:
      return 'Expired'
    case 413:
      return 'TooLarge'
    case 422:
      // A change of the uid is refused as a change of an immutable field: somebody else has the name now.
      if (status.causes.some(({ field, reason }) => field === 'metadata.uid' && reason === 'FieldValueInvalid')) return 'Recreated'
      return answer.jsonPatch === true && status.causes.length === 0 && !status.named ? 'PatchFailed' : 'Invalid'
    case 429:
      if (!has('DisruptionBudget')) return 'Throttled'
      return retryAfter === undefined ? 'DisruptionBudget' : 'DisruptionBudgetPending'
    case 504:
      return has('ResourceVersionTooLarge') ? 'VersionTooLarge' : 'Timeout'
    default:
      if (answer.code >= 500) return tooLarge(status) ? 'TooLarge' : 'Server'
      return 'BadRequest'
  }
}

/**
 * The one match on text: etcd's refusal of a large object comes as a bare 500 without reason or cause, and reading it
 * as any other 500 would repeat a write that can never succeed.
 */
const tooLarge = ({ reason, causes, message = '' }: Status): boolean =>
  (reason === undefined || reason === '' || reason === 'InternalError') &&
  causes.length === 0 &&
  (/\brequest is too large\b/.test(message) || message.includes('ResourceExhausted'))

/** Whole seconds, in the header or in the details; the header's date form is not sent by API servers and is ignored. */
function readRetryAfter(header: string | undefined, detail: number | undefined): Millis | undefined {
  const seconds = header !== undefined && /^[0-9]{1,9}$/.test(header.trim()) ? Number(header) : detail
  if (seconds === undefined || !(seconds > 0)) return undefined
  return millis(Math.min(LONGEST_RETRY_AFTER, seconds * 1000))
}

function parseStatus(body: string): Status {
  try {
    return readStatus(JSON.parse(body))
  } catch {
    // text/plain (APF, proxies): the text is all there is.
    return { causes: [], named: false, ...(body === '' ? {} : { message: body.slice(0, 2048) }) }
  }
}

function readStatus(value: unknown): Status {
  if (!isObject(value)) return { causes: [], named: false }
  const details = isObject(value['details']) ? value['details'] : {}
  const causes = Array.isArray(details['causes']) ? details['causes'].filter(isObject).map(readCause) : []
  return {
    causes,
    named: typeof details['name'] === 'string' && details['name'] !== '',
    ...(typeof value['reason'] === 'string' && value['reason'] !== '' ? { reason: value['reason'] } : {}),
    ...(typeof value['message'] === 'string' ? { message: value['message'] } : {}),
    ...(typeof details['retryAfterSeconds'] === 'number' ? { retryAfterSeconds: details['retryAfterSeconds'] } : {}),
  }
}

const readCause = (cause: Record<string, unknown>): StatusCause => ({
  ...(typeof cause['reason'] === 'string' ? { reason: cause['reason'] } : {}),
  ...(typeof cause['field'] === 'string' ? { field: cause['field'] } : {}),
  ...(typeof cause['message'] === 'string' ? { message: cause['message'] } : {}),
})
