import { expect } from 'chai'
import * as fc from 'fast-check'
import { formatDuration } from '../../shared/lib/duration.ts'
import { after, hours, millis, minutes, type Instant } from '../../shared/lib/time.ts'
import { LANDING, SLACK } from './budget.ts'
import { emptyBudget, landed, releaseSlot, takeSlot, type SharedAct, type SharedBudget } from './shared-budget.ts'
import { at, T0 } from './testing/builders.ts'

const POLICY = { namespace: 'shop', name: 'cart' }
const act = (action: string, reservedAt: number | string): SharedAct => ({ action, policy: POLICY, reservedAt: typeof reservedAt === 'string' ? reservedAt : new Date(at(reservedAt)).toISOString() })
const cluster = (...acts: SharedAct[]): SharedBudget => ({ ...emptyBudget({ scope: 'Cluster' }), acts })

/** `taken`, or why not and when again. */
function take(budget: SharedBudget, action: string, limit: number, now: number): string {
  const answer = takeSlot(budget, { action, policy: POLICY }, limit, at(now))
  if ('ledger' in answer) return 'taken'
  const { reason, message, recheckAt } = answer.refusal
  return `${reason} ${message} ${recheckAt === undefined ? 'open' : formatDuration(millis(recheckAt - T0))}`
}

/** When what was done at the begin no longer counts. */
const HOUR = hours(1) + SLACK

describe('a budget that policies share', () => {
  const cases: readonly [title: string, budget: SharedBudget, action: string, limit: number, now: number, answer: string][] = [
    ['has room when nothing was done', cluster(), 'a', 1, 0, 'taken'],
    ['has room below its limit', cluster(act('a', 0)), 'b', 2, 0, 'taken'],
    ['has none at its limit, and says when', cluster(act('a', 0), act('b', minutes(5))), 'c', 2, minutes(10), 'BudgetExhausted 2 of 2 actions of the whole cluster in this hour are used up 1h5s'],
    ['has none just before the oldest hour is over', cluster(act('a', 0), act('b', minutes(5))), 'c', 2, HOUR - 1, 'BudgetExhausted 2 of 2 actions of the whole cluster in this hour are used up 1h5s'],
    ['has room when the oldest hour is over', cluster(act('a', 0), act('b', minutes(5))), 'c', 2, HOUR, 'taken'],
    ['keeps the slot of an act that has one, though it is full', cluster(act('a', 0)), 'a', 1, minutes(59), 'taken'],
    ['asks again for an act whose hour is over', cluster(act('a', 0), act('b', minutes(30))), 'a', 1, HOUR, 'BudgetExhausted 1 of 1 actions of the whole cluster in this hour are used up 1h30m5s'],
    ['waits for several to leave after the limit was lowered', cluster(act('a', 0), act('b', minutes(5)), act('c', minutes(6))), 'd', 1, minutes(10), 'BudgetExhausted 3 of 1 actions of the whole cluster in this hour are used up 1h6m5s'],
    ['counts what cannot be read', cluster(act('a', 'yesterday')), 'b', 1, hours(1000), 'BudgetExhausted 1 of 1 actions of the whole cluster in this hour are used up open'],
    ['names the namespace that it is of', { ...emptyBudget({ scope: 'Namespace', namespace: 'shop' }), acts: [act('a', 0)] }, 'b', 1, 0, 'BudgetExhausted 1 of 1 actions of namespace shop in this hour are used up 1h5s'],
  ]
  for (const [title, budget, action, limit, now, answer] of cases) it(title, () => expect(take(budget, action, limit, now)).to.equal(answer))

  it('counts an act from its last reservation', () => {
    const answer = takeSlot(cluster(act('a', 0)), { action: 'a', policy: POLICY }, 1, at(minutes(40)))
    expect('ledger' in answer && answer.ledger.acts).to.deep.equal([act('a', minutes(40))])
    const back = takeSlot(cluster(act('a', minutes(40))), { action: 'a', policy: POLICY }, 1, at(0))
    expect('ledger' in back && back.ledger.acts).to.deep.equal([act('a', minutes(40) + 1)])
  })
  it('gives back what nothing came of, and only that', () => {
    const full = cluster(act('a', 0), act('b', 0))
    expect(releaseSlot(full, 'a')).to.deep.equal(cluster(act('b', 0)))
    expect(releaseSlot(full, 'c')).to.equal(full)
    expect(releaseSlot(full, 'a', act('a', 0))).to.deep.equal(cluster(act('b', 0)))
    expect(releaseSlot(full, 'a', act('a', 1)), 'taken anew since').to.equal(full)
  })

  it('counts what landed long after its reservation from then on, and does not write for less', () => {
    const full = cluster(act('a', 0), act('b', 0))
    expect(landed(full, 'a', at(LANDING))).to.equal(full)
    expect(landed(full, 'a', at(LANDING + 1))).to.deep.equal(cluster(act('a', LANDING + 1), act('b', 0)))
    expect(landed(full, 'c', at(minutes(1)))).to.equal(full)
    const unreadable = cluster(act('a', 'yesterday'))
    expect(landed(unreadable, 'a', at(minutes(1)))).to.equal(unreadable)
  })

  /** What controllers and their crashes do: reserve, reserve anew and write, look again, give back what was never written. */
  const which = fc.nat({ max: 20 })
  const move = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('take' as const), which }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('release' as const), which }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), span: fc.oneof(fc.integer({ min: 0, max: minutes(30) }), fc.constantFrom(hours(1) - 1, hours(1))) }) },
  )
  it('stays within its schema at the highest limit, where two busy hours meet', () => {
    const acts = (count: number, when: number): SharedAct[] => Array.from({ length: count }, (_, i) => act(`a${when}-${i}`, when))
    const answer = takeSlot(cluster(...acts(200, minutes(-61)), ...acts(199, 0)), { action: 'last', policy: POLICY }, 200, at(1))
    if ('refusal' in answer) throw new Error(answer.refusal.message)
    expect(answer.ledger.acts).to.have.length(256)
    expect(answer.ledger.acts.filter(({ reservedAt }) => reservedAt >= new Date(at(0)).toISOString())).to.have.length(200)
  })
  it('lets never more than its limit be written in any sliding hour', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 150, size: 'max' }), fc.integer({ min: 1, max: 5 }), (moves, limit) => {
        let budget = cluster()
        let now: Instant = T0
        const fate = new Map<string, 'reserved' | 'written'>()
        const writes: number[] = []
        for (const step of moves) {
          if (step.kind === 'wait') {
            now = after(now, millis(step.span))
            continue
          }
          const action = `a-${step.which}`
          if (step.kind === 'release') {
            if (fate.get(action) !== 'written') budget = releaseSlot(budget, action)
            if (fate.get(action) === 'reserved') fate.delete(action)
            continue
          }
          const answer = takeSlot(budget, { action, policy: POLICY }, limit, now)
          if ('refusal' in answer) continue
          budget = answer.ledger
          if (fate.get(action) === 'reserved') writes.push(now)
          fate.set(action, fate.has(action) ? 'written' : 'reserved')
        }
        for (const from of writes) expect(writes.filter((t) => t >= from && t < from + hours(1)).length).to.be.at.most(limit)
      }),
    )
  })
})
