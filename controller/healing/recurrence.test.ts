import { expect } from 'chai'
import * as fc from 'fast-check'
import { healingLedger } from '../../shared/api/v1alpha1/healing-ledger.schema.ts'
import { formatInstant, hours, minutes, type Instant } from '../../shared/lib/time.ts'
import { compileSchema } from '../../shared/schema/validate.ts'
import { evaluate } from './evaluate.ts'
import { escalateLoop, findIncident, maintain, MAX_INCIDENTS } from './incidents.ts'
import { emptyLedger, reserve, settle, type Ledger, type Outcome } from './ledger.ts'
import { isAnotherRemedy, isLoop, MAX_CAUSES, recurrence, remedied } from './recurrence.ts'
import { at, broken, cart, crashing, deepFreeze, policy, remembered, rules, T0 } from './testing/builders.ts'
import { BREAKER } from './testing/ledger-model.ts'

const EMPTY = emptyLedger({ namespace: 'shop', name: 'cart' })
const valid = compileSchema(healingLedger.spec)
const log = (ledger: Ledger, ...times: readonly Instant[]): Ledger => times.reduce((l, t) => deepFreeze(remedied(l, 'crashing', cart.ref, formatInstant(t), t)), ledger)
const count = (ledger: Ledger, now: Instant): number => recurrence(ledger, 'crashing', cart.ref, now)

describe('the log of remedies', () => {
  const three = log(EMPTY, at(0), at(hours(1)), at(hours(2)))

  it('counts by trigger and workload, whatever became of the workload meanwhile', () => {
    expect(count(three, at(hours(3)))).to.equal(3)
    expect(recurrence(three, 'crashing', { ...cart.ref, uid: 'made anew' } as typeof cart.ref, at(hours(3)))).to.equal(3)
    expect(recurrence(three, 'other', cart.ref, at(hours(3)))).to.equal(0)
    expect(recurrence(three, 'crashing', { ...cart.ref, name: 'stock' }, at(hours(3)))).to.equal(0)
    expect(recurrence(three, 'crashing', { ...cart.ref, namespace: 'bank' }, at(hours(3)))).to.equal(0)
  })
  for (const [title, now, expected] of [
    ['counts the oldest until just before a day has passed', at(hours(24) - 1), 3],
    ['forgets it at a day', at(hours(24)), 2],
    ['slides: the next one an hour later', at(hours(25)), 1],
  ] as const) {
    it(title, () => expect(count(three, now)).to.equal(expected))
  }
  it('is a loop at three, not at two', () => {
    expect(isLoop(log(EMPTY, at(0), at(1)), 'crashing', cart.ref, at(2))).to.equal(false)
    expect(isLoop(log(EMPTY, at(0), at(1), at(2)), 'crashing', cart.ref, at(3))).to.equal(true)
  })
  it('counts a time that cannot be read', () => {
    const odd: Ledger = { ...three, remedies: three.remedies?.map((r) => ({ ...r, at: ['then', ...r.at.slice(1)] })) ?? [] }
    expect(count(odd, at(hours(1000)))).to.equal(1)
  })
  it('keeps what counts, in the bounds of its schema, whatever happens', () => {
    const move = fc.record({ workload: fc.nat({ max: 90 }), wait: fc.integer({ min: 0, max: hours(6) }) })
    fc.assert(
      fc.property(fc.array(move, { maxLength: 200, size: 'max' }), (moves) => {
        let ledger = EMPTY
        let now = T0
        for (const { workload, wait } of moves) {
          now = at(now - T0 + wait)
          ledger = remedied(ledger, 'crashing', { ...cart.ref, name: `w-${workload}` }, formatInstant(now), now)
          expect(recurrence(ledger, 'crashing', { ...cart.ref, name: `w-${workload}` }, now)).to.be.within(1, 3)
        }
        expect(valid(ledger)).to.deep.equal([])
        expect((ledger.remedies ?? []).length).to.be.at.most(MAX_CAUSES)
      }),
    )
  })
  it('forgets those with the fewest remedies first, when there are too many workloads', () => {
    let ledger = log(EMPTY, at(0), at(1))
    for (let n = 0; n < 200; n++) ledger = remedied(ledger, 'crashing', { ...cart.ref, name: `w-${n}` }, formatInstant(at(10 + n)), at(10 + n))
    expect(count(ledger, at(minutes(1)))).to.equal(2)
    expect(recurrence(ledger, 'crashing', { ...cart.ref, name: 'w-199' }, at(minutes(1)))).to.equal(1)
    expect(recurrence(ledger, 'crashing', { ...cart.ref, name: 'w-0' }, at(minutes(1)))).to.equal(0)
  })

  const openedAt = formatInstant(at(minutes(-1)))
  const once = log(EMPTY, at(0))
  for (const [title, ledger, incident, createdAt, expected] of [
    ['the first remedy of a cause', EMPTY, undefined, at(-1000), true],
    ['the first remedy of a new incident', once, undefined, at(-1000), true],
    ['the first remedy of an incident that began after the last one', once, formatInstant(at(1)), at(-1000), true],
    ['an object that was there before the last remedy of the incident: the same trouble', once, openedAt, at(-1000), false],
    ['an object made in the second of the last remedy: its replacement', once, openedAt, at(0), true],
    ['an object that came after the last remedy: it has come back', once, openedAt, at(1000), true],
  ] as const) {
    it(`${expected ? 'counts' : 'does not count'} ${title}`, () => {
      expect(isAnotherRemedy(ledger, 'crashing', cart.ref, { openedAt: incident, createdAt })).to.equal(expected)
    })
  }
})

describe('a cause that comes back', () => {
  /** A policy, its pods and its ledger, from one trouble to the next. */
  const of = policy(rules({ maxActionsPerHour: 100, maxConcurrent: 1 }))
  const look = (ledger: Ledger, now: Instant, pod = `cart-${now}`, createdAt = at(now - T0 - minutes(3))) => {
    const found = crashing(pod, { createdAt })
    return evaluate(of, deepFreeze(broken([found], { now, ledger, findings: [remembered(found, at(now - T0 - minutes(2)))] })))
  }
  /** Decided, done, and over. */
  const round = (ledger: Ledger, now: Instant, outcome: Outcome = 'Effective') => {
    const { decision, ledger: kept } = look(ledger, now)
    if (decision.kind !== 'Act') throw new Error(`not acted: ${JSON.stringify(decision)}`)
    const [action] = decision.actions
    const admission = reserve(kept, action.request, of.limits, now)
    if ('refusal' in admission) throw new Error(admission.refusal.reason)
    const settled = settle(admission.ledger, { action: action.name, outcome, rung: 0, ladder: 1, healthySince: now }, BREAKER, now)
    const over = maintain(settled, { now: at(now - T0 + hours(1)), stabilizationWindow: minutes(2), dryRun: false, cooldown: () => minutes(0), former: () => false, ladder: () => 1, troubled: () => false })
    return { spec: action.spec, ledger: deepFreeze({ ...over, entries: [] }) }
  }

  it('is healed three times, says how often it was, and escalates in place of a fourth time', () => {
    let ledger = EMPTY
    for (const n of [0, 1, 2]) {
      const done = round(ledger, at(hours(2 * n)))
      expect(done.spec.incident.recurrence).to.equal(n)
      ledger = done.ledger
    }
    const fourth = look(ledger, at(hours(6)))
    expect(fourth.decision).to.have.nested.property('refusals[0].refusal.reason', 'Escalated')
    expect(fourth.decision).to.have.nested.property('refusals[0].refusal.message').that.includes('healed 3 times within 24 hours')
    expect(findIncident(fourth.ledger, 'crashing', cart.ref)).to.include({ state: 'Escalated', escalatedFor: 'Recurring', recurrence: 3 })
    expect(fourth.ledger.nextOrdinal).to.equal(ledger.nextOrdinal + 1)
    expect(valid(fourth.ledger)).to.deep.equal([])
    // And stays so, without another incident.
    expect(look(fourth.ledger, at(hours(7))).ledger.incidents).to.deep.equal(fourth.ledger.incidents)
  })

  const thrice = [0, 1, 2].reduce((ledger, n) => round(ledger, at(hours(2 * n))).ledger, EMPTY)
  for (const [title, now, kind] of [
    ['escalates just before the first remedy is a day old', at(hours(24) - 1), 'Blocked'],
    ['is healed again when the first remedy is a day old', at(hours(24)), 'Act'],
  ] as const) {
    it(title, () => expect(look(thrice, now).decision.kind).to.equal(kind))
  }

  it('ends as any escalation, and escalates again while three remedies are in the day', () => {
    const escalated = look(thrice, at(hours(6))).ledger
    const over = (now: Instant, ledger: Ledger): Ledger =>
      maintain(ledger, { now, stabilizationWindow: minutes(2), dryRun: false, cooldown: () => minutes(0), former: () => false, ladder: () => 1, troubled: () => false })
    const ended = over(at(hours(8)), over(at(hours(7)), escalated))
    expect(ended.incidents[0]?.state).to.equal('Ended')
    const again = look(ended, at(hours(9)))
    expect(again.decision.kind).to.equal('Blocked')
    expect(findIncident(again.ledger, 'crashing', cart.ref)).to.include({ state: 'Escalated', escalatedFor: 'Recurring' })
    expect(findIncident(again.ledger, 'crashing', cart.ref)?.id).not.to.equal(escalated.incidents[0]?.id)
  })

  it('is refused without an incident where the ledger has no room for one more', () => {
    const others = Array.from({ length: MAX_INCIDENTS }, (_, i) => ({ id: `inc-${i}`, trigger: 'crashing', subject: { ...cart.ref, name: `other-${i}` }, ordinal: i, openedAt: formatInstant(T0), state: 'Escalated' as const, rung: 0 }))
    expect(escalateLoop({ ...EMPTY, nextOrdinal: 99, incidents: others }, 'crashing', cart.ref, T0).incidents).to.have.length(MAX_INCIDENTS)
    expect(escalateLoop({ ...EMPTY, nextOrdinal: 99, incidents: others.slice(1) }, 'crashing', cart.ref, T0).incidents).to.have.length(MAX_INCIDENTS)
  })

  it('counts only what helped', () => {
    let ledger = EMPTY
    for (const [n, outcome] of (['Effective', 'Cancelled', 'Effective', 'Cancelled'] as const).entries()) ledger = round(ledger, at(hours(n)), outcome).ledger
    expect(count(ledger, at(hours(5)))).to.equal(2)
    expect(look(ledger, at(hours(6))).decision.kind).to.equal('Act')
  })

  it('is one remedy where ten pods of one Deployment are healed once each', () => {
    let ledger = EMPTY
    const pods = Array.from({ length: 10 }, (_, i) => crashing(`cart-${i}`, { createdAt: at(-3_600_000) }))
    for (let n = 0; n < 10; n++) {
      const now = at(minutes(n))
      const left = pods.slice(n)
      const evaluation = evaluate(of, deepFreeze(broken(left, { now, ledger, findings: left.map((p) => remembered(p, at(-3_600_000))) })))
      if (evaluation.decision.kind !== 'Act') throw new Error(JSON.stringify(evaluation.decision))
      const [action] = evaluation.decision.actions
      const admission = reserve(evaluation.ledger, action.request, of.limits, now)
      if ('refusal' in admission) throw new Error(admission.refusal.reason)
      ledger = settle(admission.ledger, { action: action.name, outcome: 'Effective', rung: 0, ladder: 1 }, BREAKER, now)
    }
    expect(count(ledger, at(minutes(10)))).to.equal(1)
  })

  it('says nothing of dry runs', () => {
    const found = crashing('cart-9', { createdAt: at(hours(5)) })
    const view = broken([found], { now: at(hours(6)), ledger: thrice, findings: [remembered(found, at(hours(5)))] })
    const { decision } = evaluate(policy({ mode: 'dryrun' }), view)
    expect(decision).to.have.nested.property('actions[0].spec.incident.recurrence', 3)
  })

  it('leaves the other workloads of the policy alone', () => {
    const other = remedied(EMPTY, 'crashing', { ...cart.ref, name: 'stock' }, formatInstant(T0), T0)
    const full = { ...other, remedies: (other.remedies ?? []).map((r) => ({ ...r, at: [formatInstant(T0), formatInstant(at(1)), formatInstant(at(2))] })) }
    expect(look(full, at(hours(1))).decision.kind).to.equal('Act')
  })
})
