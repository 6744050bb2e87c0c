import { expect } from 'chai'
import { instant } from '../../shared/lib/time.ts'
import { historyOfAudit } from '../../shared/testing/oracle/from-audit.ts'
import type { Call, Entry, History } from '../../shared/testing/oracle/history.ts'
import type { Finding } from '../../shared/testing/oracle/checker.ts'
import { UNTOLD } from '../../shared/testing/oracle/missing.ts'
import { ACTIONS, LEDGERS } from '../../shared/testing/oracle/world.ts'
import type { Trial } from './trials.ts'
import { elsewhere, found, gapsIn, isRefuted, neverCameAbout, notForbidden, outlines, summary, table, unusual, usual, verdicts, wrongBreakers, type Told } from './verdict.ts'

const HEALER = 'system:serviceaccount:shop:kubeskippy-healer'
const CONTROLLER = 'system:serviceaccount:kubeskippy-system:kubeskippy-controller-manager'
const call = (more: Partial<Call>): Call => ({
  kind: 'call', at: instant(0), received: instant(0), user: CONTROLLER, impersonated: HEALER, userAgent: 'kubeskippy/1 (healingaction shop/heal-1; correlation-id x)', verb: 'delete', collection: '/pods',
  namespace: 'shop', name: 'web-1', dryRun: false, body: { preconditions: { uid: 'u', resourceVersion: '7' } }, ok: true, answer: 200, changes: [], ...more,
})
const ended = call({ impersonated: undefined, verb: 'patch', collection: ACTIONS, subresource: 'status', name: 'heal-1', changes: [{ collection: ACTIONS, after: { metadata: { namespace: 'shop', name: 'heal-1', uid: 'a', resourceVersion: '9', creationTimestamp: '' }, status: { phase: 'Succeeded', outcome: 'Effective' } } as never }] })
const cutOff = call({ ok: false, answer: 504 })
const historyOf = (...entries: readonly Entry[]): History => ({ ...historyOfAudit('', { until: instant(1) }), entries })
const outline = (...entries: Entry[]): string | undefined => outlines(historyOf(...entries, ended)).get('shop')

describe('what became of a place', () => {
  it('counts what was written', () => expect(outline(call({}))).to.equal('delete /pods: Succeeded Effective'))
  it('counts a write whose client was cut off', () => expect(outline(cutOff)).to.equal('delete /pods: Succeeded Effective'))
  it('counts it once where it was tried again', () => expect(outline(cutOff, cutOff, call({}))).to.equal('delete /pods: Succeeded Effective'))
  it('counts a second write', () => expect(outline(call({}), call({}))).to.equal('delete /pods, delete /pods: Succeeded Effective'))
  it('counts a write of which the log lacks the end, once where it was tried again', () => {
    const lost: Entry = { kind: 'open', at: instant(0), call: call({ body: undefined, ok: false, answer: 0 }) }
    expect(outline(lost)).to.equal('delete /pods: Succeeded Effective')
    expect(outline(lost, call({}))).to.equal('delete /pods: Succeeded Effective')
    expect(outline(lost, call({ name: 'web-2' }))).to.equal('delete /pods, delete /pods: Succeeded Effective')
    expect(outline({ kind: 'open', at: instant(0), call: call({ dryRun: true }) })).to.equal(': Succeeded Effective')
  })
  it('knows an end that no answer tells of, from what was seen', () => {
    const seen = (resourceVersion: string, phase: string): Entry => ({ kind: 'outside', at: instant(0), change: { collection: ACTIONS, after: { metadata: { namespace: 'shop', name: 'heal-1', uid: 'a', resourceVersion, creationTimestamp: '' }, status: { phase } } as never } })
    expect(outlines(historyOf(ended, seen('10', 'Failed'))).get('shop')).to.equal(': Failed')
    expect(outlines(historyOf(ended, seen('8', 'Verifying'))).get('shop')).to.equal(': Succeeded Effective')
    expect(outlines(historyOf(seen('8', 'Verifying'))).get('shop')).to.equal(': Verifying')
  })
  it('counts neither dry runs nor refusals', () => expect(outline(call({ dryRun: true }), call({ ok: false, answer: 409 }))).to.equal(': Succeeded Effective'))
})

describe('what was done without a fault', () => {
  const LADDER = 'ladder: create /pods/eviction, delete /pods, patch apps/deployments: Failed Ineffective, Failed Ineffective, Failed Ineffective'

  it('is as it should be', () => expect(unusual(['evict: create /pods/eviction: Succeeded Effective', 'scale: patch apps/deployments/scale, patch apps/deployments/scale: Failed Reverted', 'dryrun: : Succeeded', LADDER], ['evict', 'scale', 'dryrun', 'ladder'])).to.deep.equal([]))
  for (const [title, line] of [
    ['did not heal', 'evict: create /pods/eviction: Failed Ineffective'],
    ['wrote nothing', 'evict: : Succeeded Effective'],
    ['was done twice', 'evict: create /pods/eviction: Succeeded Effective, Succeeded Effective'],
    ['left nothing behind', 'evict: nothing'],
    ['wrote in a dry run', 'dryrun: create /pods/eviction: Succeeded Effective'],
    ['helped, though nothing should', LADDER.replace(/Failed Ineffective$/, 'Succeeded Effective')],
  ] as const) {
    it(`is told when it ${title}`, () => expect(unusual([line], [line.replace(/:.*/, '')])).to.deep.equal([`without a fault, ${line}`]))
  }
  it('is told when it was not tried', () => {
    expect(unusual([], ['evict'])).to.deep.equal(['without a fault, evict: not tried'])
    expect(unusual(usual(historyOf(), new Map([['evict', 'shop']])), ['evict'])).to.deep.equal(['without a fault, evict: nothing'])
  })
})

describe('what trials came to', () => {
  const trial = (more: Partial<Trial> = {}): Trial => ({ what: '409 at act', action: 'delete', namespace: 'shop', fired: true, comparable: true, ...more })
  const finding = (action?: string): Finding => ({ invariant: 'I1', index: 0, at: instant(0), where: 'delete pods shop/web-1', why: 'it was written before', ...(action === undefined ? {} : { action }) })
  const written = historyOf(call({}), ended)
  const none = { broken: [], undecided: [] }
  const baseline = new Map([['delete', 'shop']])

  it('is nothing where all is as without the fault', () => {
    const rows = verdicts(written, none, [trial()], baseline)
    expect([found(rows, 'violations'), found(rows, 'undecided'), neverCameAbout(rows)]).to.deep.equal([[], [], []])
  })
  it('leaves open what the log lacks the end of, but where its server died', () => {
    const open = { broken: [], undecided: [{ ...finding('shop/heal-1'), why: UNTOLD }] }
    expect(found(verdicts(written, open, [trial()], baseline), 'undecided')).to.have.length(1)
    expect(found(verdicts(written, open, [trial({ untold: true })], baseline), 'undecided')).to.be.empty
    expect(found(verdicts(written, { broken: [], undecided: [finding('shop/heal-1')] }, [trial({ untold: true })], baseline), 'undecided')).to.have.length(1)
  })
  it('tells what was broken, and what is left open, where it was', () => {
    const rows = verdicts(written, { broken: [finding('shop/heal-1')], undecided: [finding('shop/heal-1')] }, [trial()], baseline)
    for (const which of ['violations', 'undecided'] as const) expect(found(rows, which)).to.deep.equal(['409 at act, delete: I1 1970-01-01T00:00:00.000Z delete pods shop/web-1 of shop/heal-1: it was written before'])
  })
  it('tells what is of no trial, or of no action', () => {
    expect(elsewhere([finding('shop/heal-1')], [trial()])).to.deep.equal([])
    expect(elsewhere([finding('base/heal-1'), finding()], [trial()])).to.have.length(2)
  })
  it('tells which fault never came about: that is not undecided', () => {
    const rows = verdicts(written, none, [trial(), trial({ fired: false })], baseline)
    expect(neverCameAbout(rows)).to.deep.equal(['409 at act, delete'])
    expect(found(rows, 'undecided')).to.deep.equal([])
    expect(table(rows).split('\n').slice(2)).to.deep.equal(['| 409 | 2 | 0 | 0 | 1 |', '| all | 2 | 0 | 0 | 1 |'])
  })
  it('tells what is missing from the history', () => {
    expect(gapsIn(written)).to.deep.equal([])
    expect(gapsIn(historyOf({ kind: 'gap', at: instant(0), why: 'line 7 of the audit log is no event' }))).to.deep.equal(['missing from the history since 1970-01-01T00:00:00.000Z: line 7 of the audit log is no event'])
  })

  describe('where a policy forbids it at the last moment', () => {
    const what = 'the policy changes between the dry run and the write'
    const place = (ends: readonly string[]) => [{ action: 'delete', namespace: 'shop', ends }]
    const cancelled = call({ impersonated: undefined, verb: 'patch', collection: ACTIONS, subresource: 'status', name: 'heal-1', changes: [{ collection: ACTIONS, after: { metadata: { namespace: 'shop', name: 'heal-1' }, status: { phase: 'Cancelled' } } as never }] })

    it('is nothing when nothing was written', () => expect(notForbidden(historyOf(cancelled), place(['Cancelled PolicyChanged']), ['delete'])).to.deep.equal([]))
    it('tells what was written', () => expect(notForbidden(historyOf(call({}), cancelled), place(['Cancelled PolicyChanged']), ['delete'])).to.deep.equal([`${what}, delete: delete /pods was written`]))
    it('tells another end', () => {
      expect(notForbidden(historyOf(cancelled), place(['Succeeded undefined']), ['delete'])).to.deep.equal([`${what}, delete: it ended as Succeeded undefined, not as Cancelled PolicyChanged`])
      expect(notForbidden(historyOf(cancelled), [{ action: 'graceful', namespace: 'shop', ends: [] }], [])).to.deep.equal([`${what}, graceful: it ended as nothing, not as Failed PolicyChanged`])
    })
    it('tells what was not tried', () => expect(notForbidden(historyOf(), [], ['delete'])).to.deep.equal([`${what}, delete: not tried`]))
  })

  describe('of a breaker', () => {
    const was = (namespace: string, ...states: readonly string[]): Call[] => states.map((state) => call({ verb: 'update', collection: LEDGERS, changes: [{ collection: LEDGERS, after: { metadata: { name: 'l' }, spec: { policy: { namespace, name: 'heal' }, breaker: { state } } } as never }] }))
    const beside = new Map([['ladder', 'beside']])
    const ladder = trial({ what: '409 at opens', action: 'ladder' })
    const opensTwice = ['Closed', 'Closed', 'Open', 'HalfOpen', 'HalfOpen', 'Open']

    it('is nothing when it opens, is tried, and opens again', () => expect(wrongBreakers(historyOf(...was('beside', ...opensTwice), ...was('shop', ...opensTwice)), [ladder, trial({ namespace: 'other' })], beside)).to.deep.equal([]))
    it('tells another course, and one that nobody has seen', () => {
      expect(wrongBreakers(historyOf(...was('shop', 'Closed', 'Open')), [ladder], beside)).to.deep.equal([
        'without a fault, ladder: its breaker was never written, not Closed Open HalfOpen Open',
        '409 at opens, ladder: its breaker was Closed Open, not Closed Open HalfOpen Open',
      ])
    })
  })

  it('is refuted by a violation, and by what was not tried, and by nothing that is undecided', () => {
    const told: Told = { tried: 3, violations: [], undecided: ['open'], neverCameAbout: [] }
    expect(isRefuted(told)).to.equal(false)
    expect(isRefuted({ ...told, violations: ['broken'] })).to.equal(true)
    expect(isRefuted({ ...told, neverCameAbout: ['not tried'] })).to.equal(true)
    expect(summary({ ...told, neverCameAbout: ['not tried'] })).to.equal('3 faults tried, 0 violations, 1 undecided, 1 never came about')
  })
})
