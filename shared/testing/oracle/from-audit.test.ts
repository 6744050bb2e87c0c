import { expect } from 'chai'
import { CONTROLLER_USER } from '../../api/v1alpha1/names.ts'
import { instant } from '../../lib/time.ts'
import { judge } from './checker.ts'
import { historyOfAudit } from './from-audit.ts'
import { INVARIANTS } from './invariants/index.ts'

const PRECONDITIONS = { uid: 'u', resourceVersion: '7' }
const line = (at: string, more: Record<string, unknown> = {}): string => JSON.stringify({
  stage: 'ResponseComplete', verb: 'create', requestURI: '/api/v1/namespaces/shop/pods/cart-1/eviction?fieldManager=kubeskippy',
  user: { username: CONTROLLER_USER }, userAgent: 'kubeskippy/1 (healingaction shop/a; correlation-id 1)', impersonatedUser: { username: 'system:serviceaccount:shop:kubeskippy-healer' },
  objectRef: { resource: 'pods', subresource: 'eviction', namespace: 'shop', name: 'cart-1' }, requestObject: { deleteOptions: { preconditions: PRECONDITIONS } },
  responseStatus: { code: 201 }, requestReceivedTimestamp: at, stageTimestamp: at, ...more,
})
const read = (...lines: readonly string[]) => historyOfAudit(lines.join('\n'), { until: instant(0) }).entries

describe('the history of an audit log', () => {
  it('has who did what, as whom, with what and how it ended, in order of time', () => {
    const [first, second] = read(line('2030-01-01T00:00:02.000000Z', { responseStatus: { code: 429 } }), line('2030-01-01T00:00:01.000000Z'))
    expect(first).to.deep.include({
      kind: 'call', verb: 'create', collection: '/pods', subresource: 'eviction', namespace: 'shop', name: 'cart-1', user: CONTROLLER_USER, fieldManager: 'kubeskippy',
      impersonated: 'system:serviceaccount:shop:kubeskippy-healer', ok: true, answer: 201, dryRun: false, body: { deleteOptions: { preconditions: PRECONDITIONS } },
    })
    expect(second).to.include({ ok: false, answer: 429 })
  })

  it('tells processes of one account apart by their tokens', () => {
    const extra = { 'authentication.kubernetes.io/credential-id': ['JTI=2f'] }
    const [first, second] = read(line('2030-01-01T00:00:01Z', { user: { username: CONTROLLER_USER, extra } }), line('2030-01-01T00:00:02Z'))
    expect([first, second].map((entry) => entry?.kind === 'call' && entry.process)).to.deep.equal(['JTI=2f', undefined])
  })

  it('has objects of our own kinds as the answer showed them, and that they go', () => {
    const stored = { metadata: { name: 'a', namespace: 'shop', uid: 'u', resourceVersion: '8' }, status: { phase: 'Pending' } }
    const ref = { apiGroup: 'kubeskippy.io', resource: 'healingactions', namespace: 'shop', name: 'a' }
    const [made, gone] = read(line('2030-01-01T00:00:01Z', { objectRef: ref, responseObject: stored }), line('2030-01-01T00:00:02Z', { verb: 'delete', objectRef: ref, responseObject: { kind: 'Status' }, responseStatus: { code: 200 } }))
    expect(made?.kind === 'call' && made.changes).to.deep.equal([{ collection: 'kubeskippy.io/healingactions', after: stored }])
    expect(gone?.kind === 'call' && gone.changes[0]).to.have.nested.property('before.metadata.name', 'a')
  })

  it('knows a patch that stored nothing by its version', () => {
    const patch = (version: string) => line('2030-01-01T00:00:01Z', { verb: 'patch', objectRef: { apiGroup: 'apps', resource: 'deployments', namespace: 'shop', name: 'cart' }, requestObject: { metadata: PRECONDITIONS }, responseObject: { metadata: { name: 'cart', uid: 'u', resourceVersion: version } } })
    expect(read(patch('7'), patch('8')).map((entry) => entry.kind === 'call' && entry.changed)).to.deep.equal([false, true])
  })

  it('leaves out what is no resource, what has no answer, and a last line that is still being written', () => {
    expect(read(line('2030-01-01T00:00:01Z', { objectRef: undefined }), line('2030-01-01T00:00:01Z', { stage: 'RequestReceived' }), line('2030-01-01T00:00:01Z').slice(0, 50))).to.be.empty
  })

  it('is one that the checkers read', () => {
    const told = historyOfAudit(line('2030-01-01T00:00:01Z', { requestObject: { deleteOptions: {} } }), { until: instant(Date.parse('2030-01-01T00:00:02Z')) })
    expect(judge(told, INVARIANTS).broken.filter(({ invariant }) => invariant === 'I5')).to.have.length(2)
  })
})
