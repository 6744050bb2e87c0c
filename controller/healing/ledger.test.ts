import { expect } from 'chai'
import * as fc from 'fast-check'
import { healingLedger } from '../../shared/api/v1alpha1/healing-ledger.schema.ts'
import { hours, minutes } from '../../shared/lib/time.ts'
import { isProblem, parseTimeWindow, type TimeWindow } from '../../shared/lib/time-window.ts'
import { compileSchema } from '../../shared/schema/validate.ts'
import { SLACK } from './budget.ts'
import { abandon, confirm, confirmApproved, emptyLedger, reserve, settle, type Admission, type Ledger, type Outcome, type Request } from './ledger.ts'
import { at, cart, deepFreeze, T0 } from './testing/builders.ts'
import { BREAKER, live, requestFor, step } from './testing/ledger-model.ts'

const LIMITS = { maxActionsPerHour: 5, maxConcurrent: 1 }
const EMPTY = deepFreeze(emptyLedger({ namespace: 'shop', name: 'cart' }))
const iso = (t: number): string => new Date(t).toISOString()

function admitted(answer: Admission): Ledger {
  if ('refusal' in answer) throw new Error(answer.refusal.reason)
  return deepFreeze(answer.ledger)
}
const reasonOf = (answer: Admission): string => ('refusal' in answer ? answer.refusal.reason : 'admitted')

const FIRST = requestFor(EMPTY, 'cart', 'uid-cart-0')
const HELD = admitted(reserve(EMPTY, FIRST, LIMITS, T0))
const done = (ledger: Ledger, action: string, outcome: Outcome, ladder = 3, rung = 0): Ledger => deepFreeze(settle(ledger, { action, outcome, rung, ladder, healthySince: at(1000) }, BREAKER, at(2000)))

describe('a request for approval', () => {
  const asked: Request = { ...FIRST, approval: true }
  const WAITING = admitted(reserve(EMPTY, asked, LIMITS, T0))
  const other = (ledger: Ledger, name = 'stock', target = 'uid-stock-0'): Request => requestFor(ledger, name, target)

  it('opens the incident and takes no slot', () => {
    expect(WAITING.entries.map((e) => e.state)).to.deep.equal(['Waiting'])
    expect(WAITING.incidents.map((i) => i.state)).to.deep.equal(['Open'])
    expect(reasonOf(reserve(WAITING, other(WAITING), { maxActionsPerHour: 1, maxConcurrent: 1 }, at(1)))).to.equal('admitted')
  })
  it('is made once, whatever the limits are by then', () => expect(reserve(WAITING, asked, LIMITS, at(hours(2)))).to.deep.equal({ ledger: WAITING }))
  it('keeps others off its object', () => expect(reasonOf(reserve(WAITING, other(WAITING, 'stock', 'uid-cart-0'), LIMITS, at(1)))).to.equal('IncidentInProgress'))
  it('is made for as many objects of one workload as may be in flight', () => {
    const next: Request = { ...other(WAITING, 'cart', 'uid-cart-1'), approval: true }
    expect(reasonOf(reserve(WAITING, next, LIMITS, at(1)))).to.equal('ConcurrencyLimit')
    expect(reasonOf(reserve(WAITING, next, { ...LIMITS, maxConcurrent: 2 }, at(1)))).to.equal('admitted')
  })
  it('takes its slot when it is approved, and its hour begins then', () => {
    const taken = admitted(confirmApproved(WAITING, asked, LIMITS, at(minutes(50))))
    expect(taken.entries).to.deep.equal([{ action: FIRST.action, incident: FIRST.incident.id, target: 'uid-cart-0', reservedAt: iso(at(minutes(50))), state: 'Reserved', tried: true }])
    expect(admitted(confirmApproved(taken, asked, { maxActionsPerHour: 1, maxConcurrent: 1 }, at(minutes(51)))).entries).to.have.length(1)
  })
  it('stays the remedy that it was asked for as', () => {
    const remedy = admitted(reserve(EMPTY, { ...asked, remedy: true }, LIMITS, T0))
    const healed = done(admitted(confirmApproved(remedy, asked, LIMITS, at(1))), asked.action, 'Effective')
    expect(healed.remedies?.map(({ at: times }) => times)).to.deep.equal([[iso(at(2000))]])
  })
  it('waits while a storm eases and something else is in flight', () => {
    const busy = admitted(reserve(WAITING, other(WAITING), LIMITS, at(1)))
    const easing: Ledger = { ...busy, storm: { since: iso(T0), easingSince: iso(T0) } }
    expect(reasonOf(confirmApproved(easing, asked, { ...LIMITS, maxConcurrent: 3 }, at(2)))).to.equal('StormGate')
    expect(reasonOf(confirmApproved({ ...WAITING, storm: { since: iso(T0), easingSince: iso(T0) } }, asked, { ...LIMITS, maxConcurrent: 3 }, at(2)))).to.equal('admitted')
  })
  it('waits while an act on a pod of its workload is in flight', () => {
    const whole: Request = { ...asked, action: 'whole', target: cart.ref.uid }
    const both = admitted(reserve(admitted(reserve(EMPTY, whole, LIMITS, T0)), { ...FIRST, action: 'part' }, { ...LIMITS, maxConcurrent: 3 }, at(1)))
    expect(reasonOf(confirmApproved(both, whole, { ...LIMITS, maxConcurrent: 3 }, at(2)))).to.equal('ConcurrencyLimit')
  })
  it('waits for the limits of then', () => {
    const busy = admitted(reserve(WAITING, other(WAITING), LIMITS, at(1)))
    expect(reasonOf(confirmApproved(busy, asked, LIMITS, at(2)))).to.equal('ConcurrencyLimit')
    const full = done(busy, other(WAITING).action, 'Effective')
    expect(reasonOf(confirmApproved(full, asked, { maxActionsPerHour: 1, maxConcurrent: 1 }, at(3)))).to.equal('RateLimited')
    expect(reasonOf(confirmApproved({ ...WAITING, breaker: { ...WAITING.breaker, state: 'Open', openUntil: iso(at(9)) } }, asked, LIMITS, at(8)))).to.equal('BreakerOpen')
  })
  for (const [title, change, reason] of [
    ['ended', { state: 'Ended' as const }, 'TargetRecovered'],
    ['was escalated', { state: 'Escalated' as const }, 'Escalated'],
    ['went to the next rung', { rung: 1 }, 'IncidentInProgress'],
  ] as const) {
    it(`is refused when its incident ${title}`, () => expect(reasonOf(confirmApproved({ ...WAITING, incidents: WAITING.incidents.map((i) => ({ ...i, ...change })) }, asked, LIMITS, at(1)))).to.equal(reason))
  }
  it('that was cancelled leaves nothing behind', () => expect(done(WAITING, asked.action, 'Cancelled')).to.deep.include({ entries: [], outcomes: EMPTY.outcomes }).and.to.have.nested.property('incidents[0].state', 'Ended'))
  it('that was never written down leaves nothing behind', () => expect(abandon(WAITING, asked.action, BREAKER, at(1)).entries).to.deep.equal([]))
  it('that was rejected leaves the incident to people', () => {
    const left = done(WAITING, asked.action, 'Rejected')
    expect(left.entries).to.deep.equal([])
    expect(left.incidents[0]).to.include({ state: 'Escalated', escalatedFor: 'Rejected' })
    expect(reasonOf(reserve(left, { ...other(left, 'cart', 'uid-cart-1'), approval: true }, LIMITS, at(hours(9))))).to.equal('Escalated')
  })
  it('that nobody decided on is made again after the cooldown, and not before', () => {
    const left = deepFreeze(settle(WAITING, { action: asked.action, outcome: 'Expired', rung: 0, ladder: 1, cooldown: minutes(5) }, BREAKER, at(0)))
    expect(left.entries).to.deep.equal([])
    const again: Request = { ...other(left, 'cart', 'uid-cart-0'), approval: true }
    expect(again.action).not.to.equal(asked.action)
    expect(reserve(left, again, LIMITS, at(minutes(5) - 1))).to.deep.nested.include({ 'refusal.reason': 'ApprovalExpired', 'refusal.recheckAt': at(minutes(5)) })
    expect(admitted(reserve(left, again, LIMITS, at(minutes(5)))).incidents[0]).not.to.have.property('askAgainAt')
  })
  it('is not made again at once although there is no cooldown', () => {
    const left = deepFreeze(settle(WAITING, { action: asked.action, outcome: 'Expired', rung: 0, ladder: 1, cooldown: minutes(0) }, BREAKER, at(0)))
    const again: Request = { ...other(left, 'cart', 'uid-cart-0'), approval: true }
    expect(reasonOf(reserve(left, again, LIMITS, at(minutes(1) - 1)))).to.equal('ApprovalExpired')
    expect(reasonOf(reserve(left, again, LIMITS, at(minutes(1))))).to.equal('admitted')
  })
})

describe('a reservation', () => {
  it('writes the entry, the incident and the next ordinal in one step', () => {
    expect(HELD).to.deep.equal({
      ...EMPTY,
      nextOrdinal: 1,
      entries: [{ action: FIRST.action, incident: FIRST.incident.id, target: 'uid-cart-0', reservedAt: iso(T0), state: 'Reserved' }],
      incidents: [{ ...FIRST.incident, openedAt: iso(T0), state: 'Open', lastAction: FIRST.action }],
    })
  })
  it('is taken over by its name, whatever the limits are by then', () => {
    expect(reserve(HELD, FIRST, { maxActionsPerHour: 1, maxConcurrent: 1 }, at(hours(2)))).to.deep.equal({ ledger: HELD })
  })
  it('whose write may have been sent is not taken over: its action was there', () => {
    expect(reasonOf(reserve(admitted(confirm(HELD, FIRST.action, at(1))), FIRST, LIMITS, at(2)))).to.equal('AlreadyTried')
  })
  it('of an act that was tried is refused', () => expect(reasonOf(reserve(done(HELD, FIRST.action, 'Ineffective'), FIRST, LIMITS, at(3000)))).to.equal('AlreadyTried'))

  const second = (ledger: Ledger, name = 'stock', target = 'uid-stock-0'): Request => requestFor(ledger, name, target)
  const open = { ...HELD, breaker: { ...HELD.breaker, state: 'Open' as const, openUntil: iso(at(5000)) } }
  const cases: readonly [string, Ledger, Request, Partial<typeof LIMITS>, number, string][] = [
    ['of another workload waits for the one in flight', HELD, second(HELD), {}, 1, 'ConcurrencyLimit'],
    ['of another workload may be the second of two in flight', HELD, second(HELD), { maxConcurrent: 2 }, 1, 'admitted'],
    ['of another pod of the incident may be the second of two in flight', HELD, requestFor(HELD, 'cart', 'uid-cart-1'), { maxConcurrent: 2 }, 1, 'admitted'],
    ['of the same object by another incident is one write too many', HELD, second(HELD, 'stock', 'uid-cart-0'), { maxConcurrent: 2 }, 1, 'IncidentInProgress'],
    ['is refused at the hourly limit', HELD, second(HELD), { maxConcurrent: 2, maxActionsPerHour: 1 }, 1, 'RateLimited'],
    ['is refused just before the breaker ends', open, second(open), { maxConcurrent: 2 }, 4999, 'BreakerOpen'],
    ['is the probe when the breaker ends', open, second(open), { maxConcurrent: 2 }, 5000, 'admitted'],
    ['of a stale ordinal is refused', HELD, requestFor(EMPTY, 'stock', 'uid-stock-0'), { maxConcurrent: 2 }, 1, 'IncidentInProgress'],
    ['for a new incident while one is open is refused', HELD, { ...FIRST, action: 'x', incident: { ...FIRST.incident, id: 'inc-other', ordinal: 1 } }, { maxConcurrent: 2 }, 1, 'IncidentInProgress'],
    ['of a rung that was left meanwhile is refused', done(HELD, FIRST.action, 'Ineffective'), { ...FIRST, action: 'other', target: 'uid-cart-1' }, {}, 3000, 'IncidentInProgress'],
    ['of a dry run in the middle of a real incident is refused', HELD, { ...requestFor(HELD, 'cart', 'uid-cart-1'), dryRun: true }, {}, 1, 'IncidentInProgress'],
    ['of an escalated incident is refused', done(HELD, FIRST.action, 'Ineffective', 1), requestFor(done(HELD, FIRST.action, 'Ineffective', 1), 'cart', 'uid-cart-1'), {}, 3000, 'Escalated'],
  ]
  for (const [title, ledger, request, limits, now, reason] of cases) it(title, () => expect(reasonOf(reserve(deepFreeze(ledger), request, { ...LIMITS, ...limits }, at(now)))).to.equal(reason))

  it('says when a breaker ends and when a slot is free', () => {
    expect(reserve(open, second(open), { ...LIMITS, maxConcurrent: 2 }, at(4999))).to.deep.nested.include({ 'refusal.recheckAt': at(5000) })
    const used = done(HELD, FIRST.action, 'Effective')
    expect(reserve(used, second(used), { ...LIMITS, maxActionsPerHour: 1 }, at(3000))).to.deep.nested.include({ 'refusal.recheckAt': at(hours(1) + SLACK) })
  })
  it('counts from when its write was known to have landed, or from its end', () => {
    const tried = admitted(confirm(HELD, FIRST.action, at(10)))
    const counted = (ledger: Ledger, landedBy?: number): unknown =>
      settle(ledger, { action: FIRST.action, outcome: 'Effective', rung: 0, ladder: 3, ...(landedBy === undefined ? {} : { landedBy: at(landedBy) }) }, BREAKER, at(minutes(5))).entries[0]?.reservedAt
    expect(counted(tried, minutes(1))).to.equal(iso(at(minutes(1))))
    expect(counted(tried, 5), 'never before its reservation').to.equal(iso(at(10)))
    expect(counted(tried), 'nobody knows when').to.equal(iso(at(minutes(5))))
    expect(counted(HELD, minutes(1)), 'nothing was written').to.equal(iso(T0))
  })
  it('through a half-open breaker is one only', () => {
    const probing = admitted(reserve(open, second(open), { ...LIMITS, maxConcurrent: 3 }, at(5000)))
    expect(probing.breaker).to.include({ state: 'HalfOpen', probe: second(open).action })
    expect(probing.entries.at(-1)).to.include({ probe: true })
    expect(reasonOf(reserve(probing, second(probing, 'bank', 'uid-bank-0'), { ...LIMITS, maxConcurrent: 3 }, at(5001)))).to.equal('BreakerOpen')
  })
  it('forgets entries that no longer count', () => {
    const old = done(HELD, FIRST.action, 'Effective')
    expect(admitted(reserve(old, second(old), LIMITS, at(hours(2)))).entries.map((e) => e.target)).to.deep.equal(['uid-stock-0'])
  })
})

describe('a dry run in the ledger', () => {
  const request = { ...FIRST, dryRun: true }
  const opened = admitted(reserve(EMPTY, request, LIMITS, T0))
  it('notes its incident and touches no limit', () => {
    expect(opened).to.deep.include({ entries: [], breaker: EMPTY.breaker, outcomes: EMPTY.outcomes })
    expect(opened.incidents[0]).to.include({ dryRun: true, lastAction: FIRST.action })
  })
  it('is done once for an incident', () => expect(reasonOf(reserve(opened, { ...request, action: 'other' }, LIMITS, at(1)))).to.equal('DryRunDone'))
  it('is not held back by a full hour or an open breaker', () => {
    const full: Ledger = { ...EMPTY, breaker: { ...EMPTY.breaker, state: 'Open' } }
    expect(reasonOf(reserve(full, request, { maxActionsPerHour: 0, maxConcurrent: 0 }, T0))).to.equal('admitted')
  })
  it('settles nothing', () => expect(done(opened, FIRST.action, 'Cancelled')).to.equal(opened))
})

describe('the check just before a write', () => {
  it('moves the hour to the write', () => expect(admitted(confirm(HELD, FIRST.action, at(minutes(9)))).entries[0]?.reservedAt).to.equal(iso(at(minutes(9)))))
  describe('when the breaker is not closed any more', () => {
    const opened: Ledger = { ...HELD, breaker: { ...HELD.breaker, state: 'Open', openUntil: iso(at(5000)) } }
    it('does not let begin what was reserved before', () => {
      expect(reasonOf(confirm(opened, FIRST.action, at(1)))).to.equal('BreakerOpen')
      expect(reasonOf(confirm({ ...HELD, breaker: { ...HELD.breaker, state: 'HalfOpen', probe: 'another' } }, FIRST.action, at(1)))).to.equal('BreakerOpen')
    })
    it('lets the probe begin', () => expect(reasonOf(confirm({ ...HELD, breaker: { ...HELD.breaker, state: 'HalfOpen', probe: FIRST.action } }, FIRST.action, at(1)))).to.equal('admitted'))
    it('lets no later try of one be written either, however long it has been tried', () => {
      const tried: Ledger = { ...opened, entries: opened.entries.map((e) => ({ ...e, tried: true })) }
      for (const now of [1, 4999, 5000]) expect(reasonOf(confirm(tried, FIRST.action, at(now)))).to.equal('BreakerOpen')
      expect(reasonOf(confirm({ ...tried, breaker: HELD.breaker }, FIRST.action, at(1)))).to.equal('admitted')
    })
  })
  describe('when the limit of the hour was lowered meanwhile', () => {
    const [one, two] = ['stock', 'mail'].map((name) => requestFor(HELD, name, `uid-${name}-0`))
    const both = [one, two].reduce((ledger, other) => (other === undefined ? ledger : admitted(reserve(ledger, { ...other, incident: { ...other.incident, ordinal: ledger.nextOrdinal } }, { ...LIMITS, maxConcurrent: 3 }, at(1)))), HELD)
    const asked = (maxActionsPerHour: number, now: number): string => reasonOf(confirm(both, FIRST.action, at(now), { maxActionsPerHour }))

    it('lets nothing through that others have taken the room of', () => {
      expect([3, 2, 1].map((limit) => asked(limit, 2))).to.deep.equal(['admitted', 'RateLimited', 'RateLimited'])
    })
    it('nor what they have taken of a budget that was lowered, or has begun', () => {
      const budget = (actions: number, during?: TimeWindow) => ({ maxActionsPerHour: 60, budgets: [{ actions, per: hours(4), during }] })
      expect([3, 2, 1].map((actions) => reasonOf(confirm(both, FIRST.action, at(2), budget(actions))))).to.deep.equal(['admitted', 'BudgetExhausted', 'BudgetExhausted'])
      const window = (schedule: string): TimeWindow => {
        const parsed = parseTimeWindow({ schedule, duration: '1h', timeZone: 'UTC' })
        if (isProblem(parsed)) throw new Error(parsed.what)
        return parsed
      }
      expect([window('0 12 1 1 *'), window('0 12 2 2 *')].map((during) => reasonOf(confirm(both, FIRST.action, at(2), budget(1, during))))).to.deep.equal(['BudgetExhausted', 'admitted'])
    })
    it('lets it through where it is the only one', () => expect(reasonOf(confirm(HELD, FIRST.action, at(2), { maxActionsPerHour: 1 }))).to.equal('admitted'))
    it('does not ask once some of it is done', () => expect(reasonOf(confirm(both, FIRST.action, at(2)))).to.equal('admitted'))
  })
  it('never moves it back', () => expect(admitted(confirm(HELD, FIRST.action, at(-1000))).entries[0]?.reservedAt).to.equal(iso(T0)))
  for (const [title, ledger] of [
    ['an unknown action', EMPTY],
    ['a settled one', done(HELD, FIRST.action, 'Cancelled')],
    ['an abandoned one', abandon(HELD, FIRST.action, BREAKER, at(1))],
  ] as const) {
    it(`refuses ${title}`, () => expect(reasonOf(confirm(ledger, FIRST.action, at(2)))).to.equal('NotReserved'))
  }
})

describe('a settlement', () => {
  const outcomes: readonly [Outcome, keyof Ledger['outcomes'] | undefined, number][] = [
    ['Effective', 'effective', 0],
    ['Ineffective', 'ineffective', 1],
    ['Inconclusive', 'inconclusive', 0],
    ['Failed', 'failed', 0],
    ['Cancelled', undefined, 0],
  ]
  for (const [outcome, counter, failures] of outcomes) {
    it(`${outcome} is counted once, however often it is told`, () => {
      const once = done(HELD, FIRST.action, outcome)
      expect(once.outcomes).to.deep.equal(counter === undefined ? EMPTY.outcomes : { ...EMPTY.outcomes, [counter]: 1 })
      expect(once.breaker.failures).to.equal(failures)
      for (const again of ['Effective', 'Ineffective'] as const) expect(done(once, FIRST.action, again)).to.equal(once)
    })
  }
  it('of an unknown action changes nothing', () => expect(done(HELD, 'unknown', 'Effective')).to.equal(HELD))
  it('of an abandoned act changes nothing', () => {
    const left = abandon(HELD, FIRST.action, BREAKER, at(1))
    expect(done(left, FIRST.action, 'Ineffective')).to.equal(left)
    expect(abandon(left, FIRST.action, BREAKER, at(2))).to.equal(left)
  })
  it('an abandoned probe lets another one through', () => {
    const probing: Ledger = { ...HELD, breaker: { ...HELD.breaker, state: 'HalfOpen', probe: FIRST.action } }
    expect(abandon(probing, FIRST.action, BREAKER, at(1)).breaker).not.to.have.property('probe')
  })
})

const valid = compileSchema(healingLedger.spec)

describe('any life of a ledger', () => {
  const limits = fc.record({ maxActionsPerHour: fc.integer({ min: 1, max: 200 }), maxConcurrent: fc.integer({ min: 1, max: 5 }) })
  it('keeps to its schema, gives no number and no name twice, and has no more in flight than it may', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150, size: 'max' }), limits, (steps, given) => {
        const names = new Set<string>()
        for (const { before, ledger, request, refused, now } of live(steps, given)) {
          deepFreeze(ledger)
          expect(valid(ledger)).to.deep.equal([])
          expect(ledger.nextOrdinal).to.be.at.least(before.nextOrdinal)
          expect(new Set(ledger.incidents.map((i) => i.id)).size).to.equal(ledger.incidents.length)
          expect(new Set(ledger.incidents.map((i) => i.ordinal)).size).to.equal(ledger.incidents.length)
          expect(Math.max(-1, ...ledger.incidents.map((i) => i.ordinal))).to.be.lessThan(ledger.nextOrdinal)
          const flying = ledger.entries.filter((e) => e.state === 'Reserved')
          expect(flying.length).to.be.at.most(given.maxConcurrent)
          // What is in flight always has its incident.
          for (const { incident } of flying) expect(ledger.incidents.some((i) => i.id === incident && i.state !== 'Ended')).to.equal(true)
          if (request === undefined || request.dryRun || refused !== undefined || ledger === before) continue
          expect(names.has(request.action), `${request.action} at ${now}`).to.equal(false)
          names.add(request.action)
        }
      }),
    )
  })
})

describe('a full ledger', () => {
  const long = (n: number, length: number): string => `${'w'.repeat(length - 4)}-${String(n).padStart(3, '0')}`
  /** Names as long as policies, actions and workloads have them. */
  function fill(count: number, limits: typeof LIMITS, settled: boolean, length = 63): { ledger: Ledger; refused: Set<string> } {
    let ledger: Ledger = emptyLedger({ namespace: 'n'.repeat(63), name: 'p'.repeat(63) })
    const refused = new Set<string>()
    for (let n = 0; n < count; n++) {
      const plain = requestFor(ledger, long(n, length), '01234567-0123-0123-0123-012345678901')
      const target = `01234567-0123-0123-0123-012345678${String(n).padStart(3, '0')}`
      const request = { ...plain, target, action: `${'p'.repeat(63)}-${'a'.repeat(58)}-${String(n).padStart(4, '0')}-${'h'.repeat(16)}` }
      const answer = reserve(ledger, request, limits, at(n))
      if ('refusal' in answer) refused.add(answer.refusal.reason)
      else ledger = settled ? settle(answer.ledger, { action: request.action, outcome: 'Ineffective', rung: 0, ladder: 9 }, { ...BREAKER, failureThreshold: 1000 }, at(n)) : answer.ledger
      ledger = { ...ledger, breaker: EMPTY.breaker }
    }
    return { ledger, refused }
  }
  it('refuses the 65th incident, and none before', () => {
    const { ledger, refused } = fill(64, { maxActionsPerHour: 200, maxConcurrent: 1 }, true, 30)
    expect([ledger.incidents.length, [...refused]]).to.deep.equal([64, []])
    expect([...fill(65, { maxActionsPerHour: 200, maxConcurrent: 1 }, true, 30).refused]).to.deep.equal(['LedgerFull'])
  })
  it('stays valid and under 64 kB with the longest names, incidents that cool down included', () => {
    for (const settled of [true, false]) {
      const { ledger } = fill(200, { maxActionsPerHour: 200, maxConcurrent: 100 }, settled)
      const dressed = { ...ledger, incidents: ledger.incidents.map((i) => ({ ...i, quietSince: iso(T0), endedAt: iso(T0), cooldownUntil: iso(T0), announced: true })) }
      const ended = dressed.entries.reduce<Ledger>((l, e) => settle(l, { action: e.action, outcome: 'Inconclusive', rung: 0, ladder: 9 }, BREAKER, T0), dressed)
      expect(valid(ended)).to.deep.equal([])
      expect(JSON.stringify(ended).length).to.be.lessThan(64_000)
    }
  })
  it('refuses rather than outgrow its bytes', () => {
    let ledger: Ledger = EMPTY
    const answers: string[] = []
    for (let n = 0; n < 200; n++) {
      const { incident } = requestFor(ledger, 'cart', `uid-${n}`)
      const answer = reserve(ledger, { action: `${'a'.repeat(240)}-${n}`, target: `uid-${n}`, dryRun: false, incident }, { maxActionsPerHour: 200, maxConcurrent: 200 }, at(n))
      answers.push(reasonOf(answer))
      ledger = 'ledger' in answer ? answer.ledger : ledger
    }
    expect(answers.at(-1)).to.equal('LedgerFull')
    expect(JSON.stringify(ledger).length).to.be.lessThan(52_001)
  })
})
