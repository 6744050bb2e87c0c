import { expect } from 'chai'
import { hours, minutes } from '../../shared/lib/time.ts'
import { announced, findIncident, maintain, nextUpkeep, whyEscalated, type Incident, type Upkeep } from './incidents.ts'
import { abandon, confirm, emptyLedger, reserve, settle, type Ledger, type Outcome } from './ledger.ts'
import { at, cart, deepFreeze, T0 } from './testing/builders.ts'
import { BREAKER, requestFor } from './testing/ledger-model.ts'

const EMPTY = emptyLedger({ namespace: 'shop', name: 'cart' })
const LIMITS = { maxActionsPerHour: 100, maxConcurrent: 9 }
const iso = (t: number): string => new Date(t).toISOString()

function act(ledger: Ledger, target = 'uid-cart-0', dryRun = false): { ledger: Ledger; action: string } {
  const request = requestFor(ledger, 'cart', target, dryRun)
  const answer = reserve(ledger, request, LIMITS, T0)
  if ('refusal' in answer) throw new Error(answer.refusal.reason)
  return { ledger: deepFreeze(answer.ledger), action: request.action }
}
const end = (ledger: Ledger, action: string, outcome: Outcome, ladder = 3, rung = 0): Ledger =>
  deepFreeze(settle(ledger, { action, outcome, rung, ladder, healthySince: at(1000) }, BREAKER, at(2000)))
function acted(outcome: Outcome, ladder = 3, start: Ledger = EMPTY): Ledger {
  const { ledger, action } = act(start)
  return end(ledger, action, outcome, ladder, ledger.incidents.at(-1)?.rung)
}
const only = ({ incidents }: Ledger): Incident => {
  const [incident, ...others] = incidents
  if (incident === undefined || others.length > 0) throw new Error(`${incidents.length} incidents`)
  return incident
}

describe('an incident after an act', () => {
  const cases: readonly [Outcome, number, Partial<Incident>][] = [
    ['Effective', 3, { state: 'Open', rung: 0, quietSince: iso(at(1000)) }],
    ['Ineffective', 3, { state: 'Open', rung: 1 }],
    ['Failed', 3, { state: 'Open', rung: 1 }],
    ['Ineffective', 1, { state: 'Escalated', rung: 0 }],
    ['Failed', 1, { state: 'Escalated', rung: 0 }],
    ['Ineffective', 0, { state: 'Open', rung: 1 }],
    ['Inconclusive', 3, { state: 'Open', rung: 0, ordinal: 1, id: only(act(EMPTY).ledger).id }],
    ['Cancelled', 3, { state: 'Ended', rung: 0, endedAt: iso(at(2000)) }],
  ]
  for (const [outcome, ladder, expected] of cases) {
    it(`that was ${outcome} with ${ladder} rungs is ${expected.state} on rung ${expected.rung}`, () => expect(only(acted(outcome, ladder))).to.include(expected))
  }
  it('climbs once though two acts of one rung fail', () => {
    const one = act(EMPTY)
    const two = act(one.ledger, 'uid-cart-1')
    const failed = end(end(two.ledger, one.action, 'Ineffective'), two.action, 'Ineffective')
    expect(only(failed)).to.include({ rung: 1, state: 'Open' })
  })
  it('is not moved by a late outcome once it is escalated', () => {
    const one = act(EMPTY)
    const two = act(one.ledger, 'uid-cart-1')
    const escalated = end(two.ledger, one.action, 'Ineffective', 1)
    expect(only(end(escalated, two.action, 'Effective', 1))).to.deep.equal(only(escalated))
  })
  it('keeps its rung when a later act is cancelled, under a number of its own', () => {
    const once = acted('Ineffective')
    const { ledger, action } = act(once)
    const cancelled = end(ledger, action, 'Cancelled', 3, 1)
    expect(only(cancelled)).to.include({ state: 'Open', rung: 1, ordinal: 1 })
    expect(requestFor(cancelled, 'cart', 'uid-cart-0').action).not.to.equal(action)
  })
  it('keeps its rung when a later act is cancelled after the hour of the first', () => {
    const { ledger, action } = act({ ...acted('Ineffective'), entries: [] })
    expect(only(end(ledger, action, 'Cancelled', 3, 1))).to.include({ state: 'Open', rung: 1 })
  })
  it('remembers that it was acted on when its acts are forgotten: a cancelled one later is not its end', () => {
    const unknown = acted('Inconclusive')
    const { ledger, action } = act({ ...unknown, entries: [] })
    expect(only(end(ledger, action, 'Cancelled'))).to.include({ state: 'Open', rung: 0, inconclusive: 1 })
    for (const outcome of ['Effective', 'Ineffective', 'Inconclusive', 'Failed'] as const) expect(only(acted(outcome)), outcome).to.include({ acted: true })
  })
  it('is over when its acts were cancelled every time, whatever is forgotten', () => {
    const first = act(EMPTY)
    const second = act(first.ledger, 'uid-cart-1')
    const one = end(second.ledger, first.action, 'Cancelled')
    expect(only(one)).to.include({ state: 'Open' }).and.not.to.have.property('acted')
    expect(only(end({ ...one, entries: one.entries.filter((e) => e.action === second.action) }, second.action, 'Cancelled'))).to.include({ state: 'Ended' })
  })
  it('counts as inconclusive when its action is gone after a write may have been sent', () => {
    const { ledger, action } = act(EMPTY)
    const confirmed = confirm(ledger, action, at(1))
    const left = abandon('ledger' in confirmed ? confirmed.ledger : ledger, action, BREAKER, at(2))
    expect(left.entries).to.have.length(1)
    expect(left.entries[0]).to.include({ state: 'Settled', outcome: 'Inconclusive', tried: true })
    expect(only(left)).to.include({ state: 'Open', rung: 0 })
  })
  it('goes on when one of two acts in flight was never made', () => {
    const one = act(EMPTY)
    const two = act(one.ledger, 'uid-cart-1')
    const left = abandon(two.ledger, two.action, BREAKER, at(1))
    expect(only(left)).to.include({ state: 'Open' })
    expect(only(end(left, one.action, 'Ineffective'))).to.include({ state: 'Open', rung: 1 })
  })
  it('may be tried again on the same object after nothing was learnt', () => {
    const unknown = acted('Inconclusive')
    const again = requestFor(unknown, 'cart', 'uid-cart-0')
    expect(reserve(unknown, again, LIMITS, at(3000))).to.have.property('ledger')
  })
  it('begins with another number after it was cancelled, at once', () => {
    const again = act(acted('Cancelled'))
    expect(only(again.ledger)).to.include({ ordinal: 1, state: 'Open' })
  })
})

const upkeep = (overrides: Partial<Upkeep> = {}): Upkeep => ({
  now: at(1000),
  stabilizationWindow: minutes(2),
  dryRun: false,
  cooldown: () => minutes(5),
  former: () => false,
  ladder: () => 3,
  troubled: () => false,
  ...overrides,
})

describe('an incident of which nobody can tell whether acting helped', () => {
  const twice = (second: Outcome): Ledger => acted(second, 3, acted('Inconclusive'))
  it('is tried once more, then escalates', () => {
    expect(only(acted('Inconclusive'))).to.include({ state: 'Open', inconclusive: 1 })
    expect(only(twice('Inconclusive'))).to.include({ state: 'Escalated', escalatedFor: 'Inconclusive', rung: 0 })
  })
  for (const outcome of ['Effective', 'Ineffective', 'Failed'] as const) {
    it(`counts anew after ${outcome}`, () => {
      const known = twice(outcome)
      expect(only(known)).not.to.have.property('inconclusive')
      const next = act(known, 'uid-cart-1')
      expect(only(end(next.ledger, next.action, 'Inconclusive', 3, only(known).rung))).to.include({ state: 'Open', inconclusive: 1 })
    })
  }
  it('is not counted where the policy is gone: nobody could have judged', () => {
    const gone = acted('Inconclusive', 0, acted('Inconclusive', 0))
    expect(only(gone)).to.include({ state: 'Open' })
  })
})

describe('upkeep', () => {
  const open = acted('Ineffective')
  const quiet = acted('Effective')
  const stable = 1000 + minutes(2)
  const cooling = maintain(quiet, upkeep({ now: at(stable) }))

  it('begins to count when nothing is wrong any more', () => expect(only(maintain(open, upkeep()))).to.include({ quietSince: iso(at(1000)) }))
  it('stops counting when it is troubled again', () => expect(only(maintain(quiet, upkeep({ troubled: () => true })))).not.to.have.property('quietSince'))
  it('goes on just before the stabilization window is over', () => expect(maintain(quiet, upkeep({ now: at(stable - 1) }))).to.equal(quiet))
  it('ends at the stabilization window, and cools down from then', () => {
    expect(only(cooling)).to.include({ state: 'Ended', endedAt: iso(at(stable)), cooldownUntil: iso(at(stable + minutes(5))) })
  })
  it('leaves an incident alone while an act of it is in flight', () => {
    const { ledger } = act(EMPTY)
    expect(maintain(ledger, upkeep({ now: at(hours(9)), dryRun: true, cooldown: () => undefined }))).to.equal(ledger)
  })
  it('changes nothing about a troubled one', () => expect(maintain(open, upkeep({ troubled: () => true }))).to.equal(open))
  it('keeps one that cools down until just before its end, then forgets it', () => {
    expect(maintain(cooling, upkeep({ now: at(stable + minutes(5) - 1) }))).to.equal(cooling)
    expect(maintain(cooling, upkeep({ now: at(stable + minutes(5)) })).incidents).to.deep.equal([])
  })
  it('keeps one whose cooldown cannot be read', () => {
    const odd: Ledger = { ...cooling, incidents: [{ ...only(cooling), cooldownUntil: 'soon' }] }
    expect(maintain(odd, upkeep({ now: at(hours(1000)) }))).to.equal(odd)
    expect(reserve(odd, requestFor(odd, 'cart', 'uid-cart-0'), LIMITS, at(hours(1000)))).to.have.nested.property('refusal.reason', 'CooldownActive')
  })
  it('keeps the cooldown through a removed trigger and another mode', () => {
    expect(maintain(cooling, upkeep({ now: at(stable + 1), cooldown: () => undefined, dryRun: true }))).to.equal(cooling)
  })
  it('ends one whose trigger is gone, without cooldown', () => expect(only(maintain(open, upkeep({ cooldown: () => undefined })))).to.include({ state: 'Ended' }).and.not.have.property('cooldownUntil'))
  it('keeps a real one through a look in dry run: switching there and back forgets no escalation', () => {
    for (const real of [open, acted('Ineffective', 1)]) {
      expect(maintain(real, upkeep({ dryRun: true, troubled: () => true }))).to.equal(real)
      const looked = reserve(real, requestFor(real, 'cart', 'uid-cart-9', true), LIMITS, at(3000))
      expect(looked).to.have.property('refusal')
    }
  })
  it('ends a dry run when the mode becomes automatic', () => {
    const { ledger } = act(EMPTY, 'uid-cart-0', true)
    expect(only(maintain(ledger, upkeep({ troubled: () => true }))).state).to.equal('Ended')
    expect(maintain(ledger, upkeep({ dryRun: true, troubled: () => true }))).to.equal(ledger)
  })
  it('escalates a troubled one whose ladder has become too short', () => {
    expect(only(maintain(open, upkeep({ troubled: () => true, ladder: () => 1 })))).to.include({ state: 'Escalated', rung: 0 })
    expect(maintain(open, upkeep({ troubled: () => true, ladder: () => 2 }))).to.equal(open)
    expect(maintain(open, upkeep({ troubled: () => true, ladder: () => 0 }))).to.equal(open)
  })
  it('an escalated one ends as any other', () => {
    const escalated = acted('Ineffective', 1)
    const counting = maintain(escalated, upkeep())
    expect(only(maintain(counting, upkeep({ now: at(stable) })))).to.include({ state: 'Ended', cooldownUntil: iso(at(stable + minutes(5))) })
  })
})

describe('the cooldown', () => {
  const cooling = maintain(acted('Effective'), upkeep({ now: at(hours(1)) }))
  const later = (now: number): unknown => reserve(cooling, requestFor(cooling, 'cart', 'uid-new'), LIMITS, at(now))
  it('refuses until just before its end, with the time', () => {
    expect(later(hours(1) + minutes(5) - 1)).to.deep.nested.include({ 'refusal.reason': 'CooldownActive', 'refusal.recheckAt': at(hours(1) + minutes(5)) })
  })
  it('admits at its end', () => expect(later(hours(1) + minutes(5))).to.have.property('ledger'))
  it('of nothing admits at once', () => {
    const none = maintain(acted('Effective'), upkeep({ now: at(hours(1)), cooldown: () => minutes(0) }))
    expect(reserve(none, requestFor(none, 'cart', 'uid-new'), LIMITS, at(hours(1)))).to.have.property('ledger')
  })
  it('is for one workload only', () => expect(reserve(cooling, requestFor(cooling, 'stock', 'uid-new'), LIMITS, at(hours(1)))).to.have.property('ledger'))
})

describe('the time of the next upkeep', () => {
  const quiet = acted('Effective')
  it('is the end of the window, or of the cooldown', () => {
    expect(nextUpkeep(quiet, minutes(2))).to.equal(at(1000 + minutes(2)))
    expect(nextUpkeep(maintain(quiet, upkeep({ now: at(hours(1)) })), minutes(2))).to.equal(at(hours(1) + minutes(5)))
  })
  it('is unknown while it is troubled, and when there is nothing', () => {
    expect(nextUpkeep(acted('Ineffective'), minutes(2))).to.equal(undefined)
    expect(nextUpkeep(EMPTY, minutes(2))).to.equal(undefined)
  })
  it('does not count what waits for an act in flight', () => {
    const one = act(EMPTY)
    const two = act(one.ledger, 'uid-cart-1')
    expect(nextUpkeep(end(two.ledger, one.action, 'Effective'), minutes(2))).to.equal(undefined)
  })
})

describe('finding an incident', () => {
  const base = only(acted('Ineffective'))
  const with2 = (first: Partial<Incident>, second: Partial<Incident>): Ledger => ({ ...EMPTY, incidents: [{ ...base, ...first }, { ...base, id: 'inc-2', ordinal: 5, ...second }] })
  it('prefers the one that is not ended', () => expect(findIncident(with2({}, { state: 'Ended' }), 'crashing', cart.ref)?.id).to.equal(base.id))
  it('takes the last of those that ended', () => expect(findIncident(with2({ state: 'Ended' }, { state: 'Ended' }), 'crashing', cart.ref)?.id).to.equal('inc-2'))
  it('knows a recreated workload by its name', () => expect(findIncident(with2({}, { state: 'Ended' }), 'crashing', { ...cart.ref, uid: 'uid-recreated' })?.id).to.equal(base.id))
  it('is about one trigger', () => expect(findIncident(with2({}, {}), 'other', cart.ref)).to.equal(undefined))
  it('marks one as announced', () => expect(announced(with2({}, {}), 'inc-2').incidents.map((i) => i.announced)).to.deep.equal([undefined, true]))

  it('says in which namespace it was where that is not the policy\'s own', () => {
    const incident = { id: 'inc', trigger: 'crashing', subject: { ...cart.ref, namespace: 'other' }, ordinal: 0, openedAt: '2030-01-01T00:00:00Z', state: 'Escalated' as const, rung: 0 }
    const policyOf = { namespace: 'shop', name: 'cart' }
    expect(whyEscalated({ policy: policyOf, entries: [] }, incident)).to.equal('no action helped Deployment/cart in other')
    expect(whyEscalated({ policy: policyOf, entries: [] }, { ...incident, subject: cart.ref })).to.equal('no action helped Deployment/cart')
  })
})
