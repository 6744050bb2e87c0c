import { expect } from 'chai'
import { formatInstant, minutes } from '../../shared/lib/time.ts'
import { emptyBudget, isIdle, releaseClaim, releaseSlot, takeSlot, type SharedBudget } from './shared-budget.ts'
import { claimOf, MAX_CLAIMS, takeClaim, type Claimant, type SubjectClaim } from './subject-claims.ts'
import { at, cart, deployment, pod, T0 } from './testing/builders.ts'

const [stock] = deployment('stock')
const CART: SubjectClaim['policy'] = { namespace: 'shop', name: 'cart' }
const OTHER: SubjectClaim['policy'] = { namespace: 'shop', name: 'other' }
const held = (overrides: Partial<SubjectClaim> = {}): SubjectClaim => ({ action: 'cart-restart-a', policy: CART, subject: cart.ref, until: formatInstant(at(minutes(20))), ...overrides })
const mine: Claimant = { action: 'cart-restart-a', policy: CART }
const theirs: Claimant = { action: 'other-scale-b', policy: OTHER }

/** `taken`, or why not and when again, in minutes. */
function take(claims: readonly SubjectClaim[], who: Claimant, subject: SubjectClaim['subject'], now: number): string {
  const answer = takeClaim(claims, who, { subject, until: at(now + minutes(20)) }, at(now))
  if ('claims' in answer) return 'taken'
  const { reason, message, recheckAt } = answer.refusal
  return `${reason} ${message} ${recheckAt === undefined ? 'open' : (recheckAt - T0) / 60_000}`
}

const NAMED = 'ClaimedElsewhere cart-restart-a of policy shop/cart acts on Deployment/cart'

describe('a claim on a workload', () => {
  const cases: readonly [title: string, claims: readonly SubjectClaim[], who: Claimant, subject: SubjectClaim['subject'], now: number, answer: string][] = [
    ['is taken when nobody has one', [], theirs, cart.ref, 0, 'taken'],
    ['of another policy is refused, with its action and the time when it ends at the latest', [held()], theirs, cart.ref, 0, `${NAMED} 20`],
    ['of another policy is refused just before it ends', [held()], theirs, cart.ref, minutes(20) - 1, `${NAMED} 20`],
    ['of another policy is over when it ends', [held()], theirs, cart.ref, minutes(20), 'taken'],
    ['of another workload does not matter', [held()], theirs, stock.ref, 0, 'taken'],
    ['of an object that was made anew under the name does not matter', [held()], theirs, { ...cart.ref, uid: 'uid-anew' }, 0, 'taken'],
    ['is about the name where no uid is known', [held({ subject: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'cart' } })], theirs, cart.ref, 0, `${NAMED} 20`],
    ['is kept by its act, over a crash too', [held()], mine, cart.ref, minutes(5), 'taken'],
    ['of the same policy does not hold back its other act', [held()], { ...mine, action: 'cart-restart-c' }, cart.ref, 0, 'taken'],
    ['of a policy of the same name elsewhere is that of another one, and names nothing of that namespace', [held({ policy: { namespace: 'bank', name: 'cart' } })], { ...mine, action: 'x' }, cart.ref, 0, 'ClaimedElsewhere a policy of another namespace acts on Deployment/cart 20'],
    ['that was lost to another policy after its end is refused to its act', [held({ ...theirs, until: formatInstant(at(minutes(60))) })], mine, cart.ref, minutes(30), 'ClaimedElsewhere other-scale-b of policy shop/other acts on Deployment/cart 60'],
    ['whose end cannot be read is never over', [held({ until: 'soon' })], theirs, cart.ref, minutes(9999), `${NAMED} open`],
  ]
  for (const [title, claims, who, subject, now, answer] of cases) it(title, () => expect(take(claims, who, subject, now)).to.equal(answer))

  it('is one for an act, with the end that it asked for last', () => {
    const answer = takeClaim([held()], mine, { subject: cart.ref, until: at(minutes(33)) }, at(1))
    expect('claims' in answer && answer.claims).to.deep.equal([held({ until: formatInstant(at(minutes(33))) })])
  })
  it('stays a little after its end, should the clock go back, and no longer', () => {
    const after = (now: number) => {
      const answer = takeClaim([held()], theirs, { subject: stock.ref, until: at(now) }, at(now))
      return 'claims' in answer ? answer.claims.map(({ action }) => action) : []
    }
    expect(after(minutes(22) - 1)).to.deep.equal(['cart-restart-a', 'other-scale-b'])
    expect(after(minutes(22))).to.deep.equal(['other-scale-b'])
  })
  it('is refused beyond the bound of the schema, and not at it', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => held({ action: `a-${i}`, subject: { ...cart.ref, uid: `uid-${i}` } }))
    expect(take(many(MAX_CLAIMS - 1), theirs, stock.ref, 0)).to.equal('taken')
    expect(take(many(MAX_CLAIMS), theirs, stock.ref, 0)).to.equal(`LedgerFull ${MAX_CLAIMS} actions of the namespace are in flight open`)
    expect(take([...many(MAX_CLAIMS - 1), held()], mine, cart.ref, 0)).to.equal('taken')
  })
  it('lasts as long as its write may be tried, verified and taken back', () => {
    const limits = { healthCheckTimeout: minutes(5), stabilizationWindow: minutes(2) }
    expect(claimOf({ incident: { id: 'inc', ordinal: 0, rung: 0, subject: cart.ref } }, limits, at(minutes(10)))).to.deep.equal({ subject: cart.ref, until: at(minutes(22)) })
  })
})

describe('the ledger of a namespace', () => {
  const EMPTY: SharedBudget = emptyBudget({ scope: 'Namespace', namespace: 'shop' })
  const claim = (subject = cart.ref) => ({ subject, until: at(minutes(20)) })
  const taken = (budget: SharedBudget, who: Claimant, limit: number, subject = cart.ref): SharedBudget | string => {
    const answer = takeSlot(budget, { ...who, claim: claim(subject) }, limit, at(0))
    return 'ledger' in answer ? answer.ledger : answer.refusal.reason
  }
  const one = taken(EMPTY, mine, 2)
  const ONE = typeof one === 'string' ? expect.fail(one) : one

  it('takes slot and claim in one swap, and neither when one of them is refused', () => {
    expect([ONE.acts.map(({ action }) => action), ONE.claims]).to.deep.equal([['cart-restart-a'], [held()]])
    expect(taken(ONE, theirs, 2)).to.equal('ClaimedElsewhere')
    expect(taken(ONE, theirs, 1, stock.ref)).to.equal('BudgetExhausted')
    expect(taken(ONE, theirs, 1)).to.equal('ClaimedElsewhere')
  })
  it('takes no slot twice for one act', () => {
    const again = taken(ONE, mine, 1)
    expect(again).to.deep.equal({ ...ONE, acts: ONE.acts.map((act) => ({ ...act, reservedAt: formatInstant(at(1)) })) })
  })
  it('gives the claim back and keeps the slot when the act has ended, and both when nothing was made of it', () => {
    expect(releaseClaim(ONE, mine.action)).to.deep.equal({ ...EMPTY, acts: ONE.acts })
    expect(releaseSlot(ONE, mine.action)).to.deep.equal(EMPTY)
    expect(releaseClaim(ONE, theirs.action)).to.equal(ONE)
    expect(releaseClaim(EMPTY, mine.action)).to.equal(EMPTY)
  })
  it('is not idle while a claim holds, and is when it is over', () => {
    const claims = { ...EMPTY, claims: [held()] }
    expect([isIdle(claims, at(minutes(22) - 1)), isIdle(claims, at(minutes(22)))]).to.deep.equal([false, true])
  })
  it('holds back nothing that has another top owner', () => {
    const standalone = pod('lonely', { owner: undefined }).ref
    expect(taken(ONE, theirs, 2, standalone)).to.have.property('claims').with.lengthOf(2)
  })
})

