import { expect } from 'chai'
import { buildHealingAction } from '../../shared/testing/builders/objects.ts'
import { DEFAULT_INSTALLATION } from '../../shared/rules/rule.ts'
import { instant } from '../../shared/lib/time.ts'
import { mutate, validate } from './handlers.ts'
import { readReview, type AdmissionRequest } from './review.ts'
import { reviewOf } from './test-review.ts'

const NOW = instant(Date.UTC(2030, 0, 1))
const waiting = buildHealingAction({ spec: { approvalRequired: true } })
const withApproval = (approval: unknown): unknown => ({ ...waiting, spec: { ...waiting.spec, approval } })

function request(approval: unknown, members: Readonly<Record<string, unknown>> = {}): AdmissionRequest {
  const resource = { group: 'kubeskippy.io', version: 'v1alpha1', resource: 'healingactions' }
  const read = readReview(reviewOf(withApproval(approval), { resource, operation: 'UPDATE', oldObject: waiting, name: 'cart-restart-aaaaaaaaaaaaaaaa', ...members }))
  if (read.kind !== 'review') throw new Error(read.problem)
  return read.request
}

describe('a decision at the door', () => {
  const stamped = (approval: unknown, members?: Readonly<Record<string, unknown>>): unknown => {
    const { review } = mutate(DEFAULT_INSTALLATION, { now: () => NOW })(request(approval, members))
    return review.response.patch === undefined ? [] : JSON.parse(Buffer.from(review.response.patch, 'base64').toString())
  }
  const at = { op: 'add', path: '/spec/approval/decidedAt', value: '2030-01-01T00:00:00.000Z' }

  it('gets who and when', () => expect(stamped({ decision: 'Approved' })).to.deep.equal([{ op: 'add', path: '/spec/approval/decidedBy', value: 'alice' }, at]))
  it('keeps a name that stands in it, for others to refuse, but no time', () =>
    expect(stamped({ decision: 'Approved', decidedBy: 'boss', decidedAt: '1999-01-01T00:00:00Z' })).to.deep.equal([at]))
  it('gets nobody where nobody is known', () => expect(stamped({ decision: 'Approved' }, { userInfo: {} })).to.deep.equal([at]))
  for (const [title, approval, members] of [
    ['that was made before', { decision: 'Approved', decidedBy: 'bob' }, { oldObject: withApproval({ decision: 'Approved', decidedBy: 'bob' }) }],
    ['that is none', undefined, {}],
    ['in a status', { decision: 'Approved' }, { subResource: 'status' }],
    ['of another group', { decision: 'Approved' }, { resource: { group: 'example.com', version: 'v1alpha1', resource: 'healingactions' } }],
    ['of something else of ours', { decision: 'Approved' }, { resource: { group: 'kubeskippy.io', version: 'v1alpha1', resource: 'healingledgers' } }],
    ['of a new action', { decision: 'Approved' }, { operation: 'CREATE', oldObject: null }],
  ] as const) {
    it(`${title} is not touched`, () => {
      expect(stamped(approval, members)).to.deep.equal([])
      expect(validate(DEFAULT_INSTALLATION)(request(approval, members)).review.response.allowed).to.equal(true)
    })
  }

  const verified = (approval: unknown, members?: Readonly<Record<string, unknown>>) => validate(DEFAULT_INSTALLATION)(request(approval, members))
  it('in the own name passes', () => expect(verified({ decision: 'Approved', decidedBy: 'alice' }).verdict).to.equal('allowed'))
  for (const [title, approval, members] of [
    ['in another name', { decision: 'Approved', decidedBy: 'boss\u001b[31m' }, {}],
    ['in no name', { decision: 'Approved' }, {}],
    ['of nobody', { decision: 'Approved', decidedBy: '' }, { userInfo: { username: '' } }],
  ] as const) {
    it(`${title} is refused`, () => {
      const { verdict, review } = verified(approval, members)
      expect(verdict).to.equal('denied')
      expect(review.response.status).to.include({ code: 403, reason: 'Forbidden' })
      expect(review.response.status?.message).to.match(/^\[KS702\] /).and.not.include('\u001b')
    })
  }
})
