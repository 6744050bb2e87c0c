import { expect } from 'chai'
import * as fc from 'fast-check'
import { healingAction } from '../../shared/api/v1alpha1/healing-action.schema.ts'
import { healingLedger } from '../../shared/api/v1alpha1/healing-ledger.schema.ts'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import type { HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import { compileSchema } from '../../shared/schema/validate.ts'
import { evaluate, type Evaluation, type PlannedAction } from './evaluate.ts'
import { policyStatus } from './status.ts'
import { compiled, knobs, TRIGGERS, view, type Knobs } from './testing/arbitraries.ts'
import { deepFreeze } from './testing/builders.ts'

const validAction = compileSchema(healingAction.spec)
const validLedger = compileSchema(healingLedger.spec)
const validStatus = compileSchema(healingPolicy.status)

const planned = ({ decision }: Evaluation): readonly PlannedAction[] => (decision.kind === 'Act' ? decision.actions : [])
/** A dry run heals nothing, and what one has shown is shown anew for other rules. */
const real = (evaluation: Evaluation): readonly PlannedAction[] => planned(evaluation).filter(({ spec }) => !spec.dryRun)
const matching = (triggerMatch: HealingPolicySpec['triggerMatch'], given: Knobs, triggers = TRIGGERS) => compiled(given, { triggerMatch, triggers })
const wide = (given: Knobs): Knobs => ({ ...given, maxActionsPerHour: 200, maxConcurrent: 100 })

describe('triggerMatch: All, whatever it sees', () => {
  it('of one trigger is the same as Any', () => {
    fc.assert(
      fc.property(view, knobs, fc.constantFrom(...TRIGGERS), (seen, given, trigger) => {
        const [all, any] = [matching('All', given, [trigger]), matching('Any', given, [trigger])]
        expect(all.causes).to.equal(all.triggers)
        const [ofAll, ofAny] = [evaluate(all, seen), evaluate(any, seen)]
        expect(ofAll).to.deep.equal(ofAny)
        const status = (policy: typeof all, evaluation: Evaluation) => policyStatus({ policy, evaluation, ledger: evaluation.ledger, violations: [], now: seen.now, previous: undefined })
        expect(status(all, ofAll)).to.deep.equal(status(any, ofAny))
      }),
    )
  })
  it('makes only valid objects, and says the same twice', () => {
    fc.assert(
      fc.property(view, knobs, (seen, given) => {
        const all = matching('All', given)
        const evaluation = evaluate(all, deepFreeze(seen))
        expect(evaluate(all, structuredClone(seen))).to.deep.equal(evaluation)
        for (const { spec } of planned(evaluation)) expect(validAction(spec)).to.deep.equal([])
        expect(validLedger(evaluation.ledger)).to.deep.equal([])
        const status = policyStatus({ policy: all, evaluation, ledger: evaluation.ledger, violations: [], now: seen.now, previous: undefined })
        expect(validStatus(status)).to.deep.equal([])
        expect(status.triggers?.map(({ name }) => name)).to.deep.equal(['All', 'crashing', 'unready'])
      }),
    )
  })
  it('in place of Any never adds to the number of actions', () => {
    fc.assert(
      fc.property(view, knobs, (seen, given) => {
        expect(real(evaluate(matching('All', given), seen)).length).to.be.at.most(real(evaluate(matching('Any', given), seen)).length)
      }),
    )
  })
  it('acts only where Any would, were there no limits, and where every trigger fires', () => {
    fc.assert(
      fc.property(view, knobs, (seen, given) => {
        const any = evaluate(matching('Any', wide(given)), seen)
        const loose = real(any).map(({ spec }) => spec.targetResource.uid)
        for (const { spec } of real(evaluate(matching('All', wide(given)), seen))) {
          const { uid } = spec.targetResource
          expect(loose).to.include(uid)
          const firing = any.detection.findings.filter(({ object, state }) => object.ref.uid === uid && state === 'Firing').map(({ trigger }) => trigger.name)
          expect(firing.toSorted()).to.deep.equal(['crashing', 'unready'])
        }
      }),
    )
  })
  it('acts now and then, so that all of this says something', () => {
    const seen = fc.sample(fc.tuple(view, knobs), { numRuns: 300, seed: 1 }).map(([snapshot, given]) => real(evaluate(matching('All', given), snapshot)).length)
    expect(seen.filter((n) => n > 0).length).to.be.greaterThan(3)
  })
})
