import { expect } from 'chai'
import { systemClock } from '../../shared/adapters/system-clock.ts'
import * as fc from 'fast-check'
import { DEFAULT_INSTALLATION } from '../../shared/rules/rule.ts'
import { anyPolicy } from '../../shared/testing/arbitraries/resources.ts'
import { mutate, validate } from './handlers.ts'
import { readReview } from './review.ts'
import { reviewOf } from './test-review.ts'

describe('reading a review', () => {
  it('takes what an API server sends', () => {
    const read = readReview(reviewOf({ metadata: { name: 'a' } }, { name: 'a' }))
    expect(read.kind === 'review' && read.request).to.deep.include({ uid: 'u-1', operation: 'CREATE', namespace: 'shop', name: 'a', subResource: '', dryRun: false })
  })

  it('takes what it may leave out or null, and the longest name', () => {
    const name = 'x'.repeat(253)
    const read = readReview(reviewOf({}, { name, namespace: null, subResource: undefined, dryRun: true, resource: { version: 'v1', resource: 'pods' } }))
    expect(read.kind === 'review' && read.request).to.deep.include({ name, namespace: '', subResource: '', dryRun: true, resource: { group: '', version: 'v1', resource: 'pods' } })
  })

  it('takes of who asks what is text, and nobody gets a right by the rest', () => {
    const userInfo = { username: 7, uid: null, groups: ['devs', 1, null, ['system:masters']], extra: { scopes: ['a', {}], other: 'text' } }
    const read = readReview(reviewOf({}, { userInfo }))
    expect(read.kind === 'review' && read.request.requester).to.deep.equal({ username: '', uid: '', groups: ['devs'], extra: { scopes: ['a'], other: [] } })
  })

  const malformed: [string, unknown][] = [
    ['nothing', undefined], ['null', null], ['a list', []], ['a string', 'x'], ['an empty object', {}],
    ['another kind', { ...reviewOf({}), kind: 'Pod' }],
    ['another version', { ...reviewOf({}), apiVersion: 'admission.k8s.io/v1beta1' }],
    ['no request', { ...reviewOf({}), request: undefined }],
    ['a request that is a list', { ...reviewOf({}), request: [] }],
    ['no uid', reviewOf({}, { uid: undefined })],
    ['an empty uid', reviewOf({}, { uid: '' })],
    ['a uid of the wrong type', reviewOf({}, { uid: 7 })],
    ['a uid just too long', reviewOf({}, { uid: 'u'.repeat(129) })],
  ]
  for (const [title, body] of malformed) it(`${title} is malformed`, () => expect(readReview(body).kind).to.equal('malformed'))
  it('the longest uid is fine', () => expect(readReview(reviewOf({}, { uid: 'u'.repeat(128) })).kind).to.equal('review'))

  const incomplete: [string, Record<string, unknown>][] = [
    ['no object', { object: undefined }], ['a null object', { object: null }], ['an object that is a list', { object: [] }],
    ['an update without an old object', { operation: 'UPDATE' }],
    ['an update without an object', { operation: 'UPDATE', object: null, oldObject: {} }],
    ['an unknown operation', { operation: 'PATCH' }], ['no operation', { operation: undefined }],
    ['no resource', { resource: undefined }], ['a resource of wrong types', { resource: { group: 1, version: 'v1', resource: 'x' } }],
    ['a namespace of the wrong type', { namespace: {} }], ['a name that is too long', { name: 'x'.repeat(254) }],
  ]
  for (const [title, members] of incomplete) {
    it(`${title} can be answered by a refusal`, () => expect(readReview(reviewOf({}, members))).to.deep.include({ kind: 'incomplete', uid: 'u-1' }))
  }
  it('a deletion needs no object', () => expect(readReview(reviewOf(undefined, { operation: 'DELETE', oldObject: {} })).kind).to.equal('review'))

  it('whatever the JSON: a problem or an answer that carries the uid, never an exception', () => {
    const loose = fc.record(
      { apiVersion: fc.constant('admission.k8s.io/v1'), kind: fc.constant('AdmissionReview'), request: fc.oneof(fc.jsonValue(), fc.record({ uid: fc.oneof(fc.constant('u-1'), fc.jsonValue()), operation: fc.oneof(fc.constantFrom('CREATE', 'UPDATE'), fc.jsonValue()), resource: fc.oneof(fc.constant({ group: 'kubeskippy.io', version: 'v1alpha1', resource: 'healingpolicies' }), fc.jsonValue()), namespace: fc.oneof(fc.constant('shop'), fc.jsonValue()), object: fc.oneof(anyPolicy, fc.jsonValue()), oldObject: fc.oneof(anyPolicy, fc.jsonValue()) }, { requiredKeys: [] })) },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(loose, fc.jsonValue()), (body) => {
        const read = readReview(body)
        if (read.kind !== 'review') {
          expect(read.problem).to.be.a('string').and.not.equal('')
          return
        }
        for (const handle of [validate(DEFAULT_INSTALLATION), mutate(DEFAULT_INSTALLATION, systemClock)]) {
          const { response } = handle(read.request).review
          expect(response.uid).to.equal(read.request.uid)
          expect(response.allowed).to.be.a('boolean')
          if (!response.allowed) expect(response.status?.message).to.be.a('string').and.not.equal('')
          // Dry run or not, asked again or not: the same answer.
          expect(handle({ ...read.request, dryRun: !read.request.dryRun }).review).to.deep.equal(handle(read.request).review)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
