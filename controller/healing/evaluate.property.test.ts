import { expect } from 'chai'
import * as fc from 'fast-check'
import { healingAction } from '../../shared/api/v1alpha1/healing-action.schema.ts'
import { healingLedger } from '../../shared/api/v1alpha1/healing-ledger.schema.ts'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { compileSchema } from '../../shared/schema/validate.ts'
import { counts } from './budget.ts'
import { evaluate, type Evaluation, type PlannedAction } from './evaluate.ts'
import { reserve } from './ledger.ts'
import { refusalOf } from './guards.ts'
import { select } from './select.ts'
import { policyStatus } from './status.ts'
import { compiled, knobs, view } from './testing/arbitraries.ts'
import { deepFreeze } from './testing/builders.ts'

const validAction = compileSchema(healingAction.spec)
const validLedger = compileSchema(healingLedger.spec)
const validStatus = compileSchema(healingPolicy.status)

const planned = ({ decision }: Evaluation): readonly PlannedAction[] => (decision.kind === 'Act' ? decision.actions : [])

describe('evaluate, whatever it sees', () => {
  it('never throws or mutates, says the same twice, and makes only valid objects', () => {
    fc.assert(
      fc.property(view, knobs, (seen, given) => {
        const of = compiled(given)
        const frozen = deepFreeze(seen)
        const evaluation = evaluate(of, frozen)
        expect(evaluate(of, structuredClone(frozen))).to.deep.equal(evaluation)
        for (const { spec } of planned(evaluation)) expect(validAction(spec)).to.deep.equal([])
        expect(validLedger(evaluation.ledger)).to.deep.equal([])
        expect(validStatus(policyStatus({ policy: of, evaluation, ledger: evaluation.ledger, violations: [], now: seen.now, previous: undefined }))).to.deep.equal([])
        expect(evaluation.healthy).to.be.within(0, evaluation.matched)
        if (evaluation.recheckAt !== undefined) expect(evaluation.recheckAt).to.be.greaterThan(seen.now)
      }),
    )
  })
  it('never plans past a limit, and each plan is admitted by the ledger that it was made from', () => {
    fc.assert(
      fc.property(view, knobs, (seen, given) => {
        const of = compiled(given)
        const evaluation = evaluate(of, seen)
        const actions = planned(evaluation)
        const names = new Set(actions.map((a) => a.name))
        expect(names.size).to.equal(actions.length)
        let { ledger: held } = evaluation
        for (const { request } of actions) {
          const answer = reserve(held, request, of.limits, seen.now)
          if ('refusal' in answer) throw new Error(answer.refusal.reason)
          held = answer.ledger
        }
        expect(validLedger(held)).to.deep.equal([])
        const added = actions.filter((a) => !a.spec.dryRun && !evaluation.ledger.entries.some((e) => e.action === a.name)).length
        if (added === 0) return
        expect(held.entries.filter((e) => e.state === 'Reserved').length).to.be.at.most(given.maxConcurrent)
        expect(held.entries.filter((e) => counts(e, seen.now)).length).to.be.at.most(given.maxActionsPerHour)
      }),
    )
  })
  it('acts only on selected pods that every guard lets through', () => {
    fc.assert(
      fc.property(view, knobs, (seen, given) => {
        const of = compiled(given)
        const selected = select(of, seen).pods
        for (const { spec } of planned(evaluate(of, seen))) {
          const target = selected.find((p) => p.object.ref.uid === spec.targetResource.uid)
          expect(target !== undefined && refusalOf(of, target, seen)).to.equal(undefined)
          expect(spec.dryRun).to.equal(given.mode === 'dryrun')
        }
      }),
    )
  })
  it('plans nothing in mode monitor, suspended, or with the kill switch', () => {
    fc.assert(
      fc.property(view, knobs, (seen, given) => {
        for (const [tight, world] of [
          [{ ...given, mode: 'monitor' as const }, seen],
          [{ ...given, suspend: true }, seen],
          [given, { ...seen, killSwitch: true }],
        ] as const) {
          expect(planned(evaluate(compiled(tight), world))).to.deep.equal([])
        }
      }),
    )
  })
  it('tightening a limit never adds an action', () => {
    fc.assert(
      fc.property(view, knobs, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 5 }), (seen, given, hourly, concurrent) => {
        const tight = { ...given, maxActionsPerHour: Math.min(hourly, given.maxActionsPerHour), maxConcurrent: Math.min(concurrent, given.maxConcurrent) }
        const loose = planned(evaluate(compiled(given), seen)).map((a) => a.name)
        for (const { name } of planned(evaluate(compiled(tight), seen))) expect(loose).to.include(name)
      }),
    )
  })
  it('protecting more never adds to the number of actions, and none of them is on what is protected', () => {
    fc.assert(
      fc.property(view, knobs, fc.subarray(['cart-0', 'cart-1', 'cart-2', 'cart-3']), (seen, given, more) => {
        const tight = { ...given, protected: [...new Set([...given.protected, ...more])] }
        const loose = planned(evaluate(compiled(given), seen))
        const actions = planned(evaluate(compiled(tight), seen))
        expect(actions.length).to.be.at.most(loose.length)
        for (const { spec } of actions) expect(tight.protected).not.to.include(spec.targetResource.name)
      }),
    )
  })
})
