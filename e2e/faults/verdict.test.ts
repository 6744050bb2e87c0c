import { expect } from 'chai'
import { instant } from '../../shared/lib/time.ts'
import { historyOfAudit } from '../../shared/testing/oracle/from-audit.ts'
import type { Call, Entry } from '../../shared/testing/oracle/history.ts'
import { ACTIONS } from '../../shared/testing/oracle/world.ts'
import { outlines } from './verdict.ts'

const HEALER = 'system:serviceaccount:shop:kubeskippy-healer'
const CONTROLLER = 'system:serviceaccount:kubeskippy-system:kubeskippy-controller-manager'
const call = (more: Partial<Call>): Call => ({
  kind: 'call', at: instant(0), received: instant(0), user: CONTROLLER, impersonated: HEALER, userAgent: 'kubeskippy/1 (healingaction shop/heal-1; correlation-id x)', verb: 'delete', collection: '/pods',
  namespace: 'shop', name: 'web-1', dryRun: false, body: { preconditions: { uid: 'u', resourceVersion: '7' } }, ok: true, answer: 200, changes: [], ...more,
})
const ended = call({ impersonated: undefined, verb: 'patch', collection: ACTIONS, subresource: 'status', name: 'heal-1', changes: [{ collection: ACTIONS, after: { metadata: { namespace: 'shop', name: 'heal-1', uid: 'a', resourceVersion: '9', creationTimestamp: '' }, status: { phase: 'Succeeded', outcome: 'Effective' } } as never }] })
const cutOff = call({ ok: false, answer: 504 })
const outline = (...entries: Entry[]): string | undefined => outlines({ ...historyOfAudit('', { until: instant(1) }), entries: [...entries, ended] }).get('shop')

describe('what became of a place', () => {
  it('counts what was written', () => expect(outline(call({}))).to.equal('delete /pods: Succeeded Effective'))
  it('counts a write whose client was cut off', () => expect(outline(cutOff)).to.equal('delete /pods: Succeeded Effective'))
  it('counts it once where it was tried again', () => expect(outline(cutOff, cutOff, call({}))).to.equal('delete /pods: Succeeded Effective'))
  it('counts a second write', () => expect(outline(call({}), call({}))).to.equal('delete /pods, delete /pods: Succeeded Effective'))
  it('counts neither dry runs nor refusals', () => expect(outline(call({ dryRun: true }), call({ ok: false, answer: 409 }))).to.equal(': Succeeded Effective'))
})
