import { expect } from 'chai'
import { assert, property, string } from 'fast-check'
import { toApiError, watchError } from './classify.ts'
import { isAmbiguous, type ApiErrorKind } from './errors.ts'

interface Case {
  readonly what: string
  readonly code: number
  readonly reason?: string
  readonly details?: object
  readonly message?: string
  readonly jsonPatch?: boolean
  readonly retryAfter?: string
  readonly kind: ApiErrorKind
}

const budget = { causes: [{ reason: 'DisruptionBudget', message: '' }] }
const uid = { causes: [{ reason: 'FieldValueInvalid', field: 'metadata.uid' }], name: 'a' }
const CASES: readonly Case[] = [
  { what: '400', code: 400, reason: 'BadRequest', kind: 'BadRequest' },
  { what: '401', code: 401, reason: 'Unauthorized', kind: 'Unauthorized' },
  { what: '403', code: 403, reason: 'Forbidden', kind: 'Forbidden' },
  { what: '404', code: 404, reason: 'NotFound', kind: 'NotFound' },
  { what: '405', code: 405, reason: 'MethodNotAllowed', kind: 'BadRequest' },
  { what: '409 with reason Conflict', code: 409, reason: 'Conflict', details: { name: 'a', kind: 'Pod' }, kind: 'Conflict' },
  { what: '409 with reason AlreadyExists', code: 409, reason: 'AlreadyExists', kind: 'AlreadyExists' },
  { what: '409 with a field manager as cause', code: 409, reason: 'Conflict', details: { causes: [{ reason: 'FieldManagerConflict' }] }, kind: 'FieldManagerConflict' },
  { what: '410', code: 410, reason: 'Expired', kind: 'Expired' },
  { what: '410 of the older form', code: 410, reason: 'Gone', kind: 'Expired' },
  { what: '413', code: 413, reason: 'RequestEntityTooLarge', kind: 'TooLarge' },
  { what: '415', code: 415, reason: 'UnsupportedMediaType', kind: 'BadRequest' },
  { what: '422 with causes', code: 422, reason: 'Invalid', details: { name: 'a', causes: [{ field: 'spec.replicas', reason: 'FieldValueInvalid' }] }, kind: 'Invalid' },
  { what: '422 about the uid', code: 422, reason: 'Invalid', details: uid, kind: 'Recreated' },
  { what: '422 about the uid on a JSON patch', code: 422, reason: 'Invalid', details: uid, jsonPatch: true, kind: 'Recreated' },
  { what: '422 with empty details on a JSON patch', code: 422, reason: 'Invalid', details: {}, jsonPatch: true, kind: 'PatchFailed' },
  { what: '422 without details on a JSON patch', code: 422, reason: 'Invalid', jsonPatch: true, kind: 'PatchFailed' },
  { what: '422 with empty details on a merge patch', code: 422, reason: 'Invalid', details: {}, kind: 'Invalid' },
  { what: '422 that names the object on a JSON patch', code: 422, reason: 'Invalid', details: { name: 'a' }, jsonPatch: true, kind: 'Invalid' },
  { what: '429 of a budget', code: 429, reason: 'TooManyRequests', details: budget, kind: 'DisruptionBudget' },
  { what: '429 of a budget with a Retry-After', code: 429, reason: 'TooManyRequests', details: budget, retryAfter: '10', kind: 'DisruptionBudgetPending' },
  { what: '429 of a budget with seconds in the details', code: 429, reason: 'TooManyRequests', details: { ...budget, retryAfterSeconds: 10 }, kind: 'DisruptionBudgetPending' },
  { what: '429 otherwise', code: 429, reason: 'TooManyRequests', retryAfter: '1', kind: 'Throttled' },
  { what: '500 without reason', code: 500, message: 'This pod has more than one PodDisruptionBudget', kind: 'Server' },
  { what: '500 of a request that is too large', code: 500, message: 'etcdserver: request is too large', kind: 'TooLarge' },
  { what: '500 of etcd for still larger ones', code: 500, message: 'rpc error: code = ResourceExhausted desc = trying to send message larger than max', kind: 'TooLarge' },
  { what: '503', code: 503, reason: 'ServiceUnavailable', kind: 'Server' },
  { what: '504 of a version of the future', code: 504, reason: 'Timeout', details: { causes: [{ reason: 'ResourceVersionTooLarge' }] }, kind: 'VersionTooLarge' },
  { what: '504 otherwise', code: 504, reason: 'Timeout', kind: 'Timeout' },
]

const error = ({ code, reason, details, message, jsonPatch, retryAfter }: Omit<Case, 'kind' | 'what'>) =>
  toApiError({
    code,
    body: JSON.stringify({ kind: 'Status', status: 'Failure', reason, details, message, code }),
    request: 'PATCH pods shop/a',
    ...(jsonPatch === undefined ? {} : { jsonPatch }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  })

describe('kinds of API errors', () => {
  for (const { kind, what, ...answer } of CASES) it(`${what} is ${kind}`, () => expect(error(answer).kind).to.equal(kind))

  it('a 429 as plain text is Throttled, and its Retry-After is kept', () => {
    const throttled = toApiError({ code: 429, body: 'Too many requests, please try again later.', retryAfter: '1', request: 'GET pods' })
    expect([throttled.kind, throttled.retryAfter]).to.deep.equal(['Throttled', 1000])
  })

  const retries: readonly (readonly [string | undefined, number | undefined])[] = [
    ['1', 1000],
    [' 10 ', 10_000],
    ['0', undefined],
    ['-1', undefined],
    ['Fri, 21 Nov 2031 00:00:00 GMT', undefined],
    ['99999999', 600_000],
    [undefined, undefined],
  ]
  for (const [retryAfter, expected] of retries) {
    it(`a Retry-After of ${JSON.stringify(retryAfter)} is ${expected ?? 'none'}`, () => {
      expect(error({ code: 429, ...(retryAfter === undefined ? {} : { retryAfter }) }).retryAfter).to.equal(expected)
    })
  }

  it('an ERROR event is the error that it carries, and a malformed one is Server', () => {
    const expired = watchError({ kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }, 'WATCH pods')
    expect([expired.kind, expired.code]).to.deep.equal(['Expired', 410])
    for (const object of [undefined, null, 'x', [], {}, { code: '410' }]) expect(watchError(object, 'WATCH pods').kind).to.equal('Server')
  })

  it('never put a word of the server into the message', () => {
    const leaking = error({ code: 422, reason: 'Invalid', message: 'PASSWORD=hunter2', details: { causes: [{ message: 'PASSWORD=hunter2', field: 'spec' }] } })
    expect(leaking.message).to.equal('PATCH pods shop/a: Invalid (422 Invalid)')
    expect(leaking.serverMessage).to.contain('hunter2')
  })

  it('never throw, whatever the body', () => {
    assert(property(string(), (body) => toApiError({ code: 500, body, request: 'GET pods' }).kind === 'Server'))
    for (const body of ['null', '[]', '{"details":{"causes":[1,null,{"field":7}]}}', '{"details":null}']) {
      expect(toApiError({ code: 409, body, request: 'GET pods' }).kind).to.equal('Conflict')
    }
  })

  it('say which of them leave open whether a write has landed', () => {
    const open = CASES.filter((answer) => isAmbiguous(error(answer))).map(({ what }) => what)
    expect(open).to.deep.equal(['500 without reason', '503', '504 otherwise'])
  })
})
