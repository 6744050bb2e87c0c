import { expect } from 'chai'
import { CONTROLLER_USER } from '../../api/v1alpha1/names.ts'
import { instant } from '../../lib/time.ts'
import { judge } from './checker.ts'
import { historyOfAudit } from './from-audit.ts'
import type { Note } from './history.ts'
import { INVARIANTS } from './invariants/index.ts'

let ids = 0
const PRECONDITIONS = { uid: 'u', resourceVersion: '7' }
const line = (at: string, more: Record<string, unknown> = {}): string => JSON.stringify({
  auditID: `id-${(ids += 1)}`, stage: 'ResponseComplete', verb: 'create', requestURI: '/api/v1/namespaces/shop/pods/cart-1/eviction?fieldManager=kubeskippy',
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

  it('leaves out what is no resource, and that a watch has ended', () => {
    expect(read(line('2030-01-01T00:00:01Z', { objectRef: undefined }), line('2030-01-01T00:00:01Z', { verb: 'watch' }))).to.be.empty
  })

  describe('that is not whole says so', () => {
    const openOf = (...lines: readonly string[]): readonly string[] => judge(historyOfAudit(lines.join('\n'), { until: instant(Date.parse('2030-01-01T00:01:00Z')) }), []).undecided.map(({ where, why }) => `${where}: ${why}`)
    const whole = line('2030-01-01T00:00:01Z')
    for (const [what, broken] of [['a line that is none', '{"kind":"Ev'], ['JSON that is no event', '{}'], ['an event without a time', line('never')]] as const) {
      it(`of ${what}`, () => expect(openOf(whole, broken, whole)).to.deep.equal(['the log: line 2 of the audit log is no event']))
    }
    it('of an end within a line', () => expect(openOf(whole, whole.slice(0, 50))).to.deep.equal(['the log: line 2 of the audit log is no event, it ends within it']))
    it('of nothing', () => expect(openOf('', '')).to.deep.equal(['the log: there is nothing in the audit log']))

    const begun = (more: object = {}): string => line('2030-01-01T00:00:01Z', { auditID: 'same', stage: 'RequestReceived', requestObject: undefined, responseStatus: undefined, impersonatedUser: undefined, ...more })
    it('of a write that has no end', () => expect(openOf(begun())).to.deep.equal(['create pods/eviction shop/cart-1, without an end: nothing tells how it ended: it may have landed']))
    it('of one that ended in a panic', () => expect(openOf(begun(), begun({ stage: 'Panic' }))).to.have.length(1))
    it('and not of one that has one', () => expect(openOf(begun(), line('2030-01-01T00:00:02Z', { auditID: 'same' }))).to.be.empty)
    it('nor of a read', () => expect(openOf(begun({ verb: 'get', objectRef: { resource: 'pods', namespace: 'shop', name: 'cart-1' } }))).to.be.empty)
    it('nor of a dry run, which stores nothing', () => expect(openOf(begun({ requestURI: '/api/v1/namespaces/shop/pods/cart-1/eviction?dryRun=All' }))).to.be.empty)
    it('nor of one whose object was seen since', () => {
      const of = { objectRef: { apiGroup: 'kubeskippy.io', resource: 'healingactions', namespace: 'shop', name: 'a', subresource: 'status' }, verb: 'patch' }
      const seen = (name: string): Note => ({ kind: 'outside', at: instant(Date.parse('2030-01-01T00:00:30Z')), change: { collection: 'kubeskippy.io/healingactions', after: { apiVersion: '', kind: '', metadata: { namespace: 'shop', name, uid: 'u', resourceVersion: '9', creationTimestamp: '' } } } })
      const left = (note: Note): number => judge(historyOfAudit(begun(of), { until: instant(Date.parse('2030-01-01T00:01:00Z')), notes: [note] }), []).undecided.length
      expect([left(seen('a')), left(seen('b'))]).to.deep.equal([0, 1])
    })
    it('nor of one that a later answer tells about', () => {
      const of = (more: object) => ({ objectRef: { apiGroup: 'kubeskippy.io', resource: 'healingactions', namespace: 'shop', name: 'a', subresource: 'status' }, verb: 'patch', ...more })
      expect(openOf(begun(of({})))).to.have.length(1)
      expect(openOf(begun(of({})), line('2030-01-01T00:00:03Z', of({ responseStatus: { code: 200 } })))).to.be.empty
      expect(openOf(begun(of({})), line('2030-01-01T00:00:03Z', of({ responseStatus: { code: 409 } })))).to.have.length(1)
    })
  })

  it('is one that the checkers read', () => {
    const told = historyOfAudit(line('2030-01-01T00:00:01Z', { requestObject: { deleteOptions: {} } }), { until: instant(Date.parse('2030-01-01T00:00:02Z')) })
    expect(judge(told, INVARIANTS).broken.filter(({ invariant }) => invariant === 'I5')).to.have.length(2)
  })
})
